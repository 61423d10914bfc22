//! `leadgate serve` in front of a sandbox account, and the commands that look at it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::process::{Running, leadgate, request, run};

pub(crate) const KEY: &str = "an-app-key-of-some-length";

/// A sandbox account, and the folder in which gateways in front of it are started.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    sandbox: Running,
    account: String,
}

impl House {
    pub(crate) fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Running::start(folder.path(), &["sandbox", "--port", "0", "--profile", "suite"], &[]);
        let account = format!("{}/crm/sales/api", sandbox.text("url"));
        House { folder, sandbox, account }
    }

    fn serve(&self) -> Running {
        self.serve_with(&[])
    }

    pub(crate) fn serve_with(&self, settings: &[(&str, &str)]) -> Running {
        Running::start(self.folder.path(), &["serve", "--port", "0"], &self.variables(settings))
    }

    /// What a gateway in front of the account is started with.
    pub(crate) fn variables<'a>(&'a self, settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let variables = [
            ("FRESHSALES_API_KEY", "sandbox-key"),
            ("FRESHSALES_SUBDOMAIN", self.account.as_str()),
            ("LEADGATE_APP_KEY", KEY),
            ("LEADGATE__SERVER__HOST", "127.0.0.1"),
            ("LEADGATE__LOG__LEVEL", "error"),
        ];
        variables.iter().chain(settings).copied().collect()
    }

    /// How many contacts the account has.
    pub(crate) fn contacts(&self) -> usize {
        self.control("GET", "/records/contacts", None)["contacts"].as_array().unwrap().len()
    }

    /// From now on, and so many times, the reply to a new contact comes as the fault says.
    pub(crate) fn fault(&self, mut fault: Value, remaining: u32) {
        fault["methods"] = json!(["POST"]);
        fault["path_suffix"] = json!("/contacts");
        fault["remaining"] = json!(remaining);
        self.control("PUT", "/faults", Some(json!({"faults": [fault]})));
    }

    /// Waits until the fault has been met so often as was said.
    pub(crate) fn until_met(&self) {
        until(|| self.control("GET", "/faults", None)["faults"][0]["remaining"] == 0);
    }

    pub(crate) fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, body) = request(method, &format!("{}{path}", self.sandbox.text("control")), None, body);
        assert_eq!(status, 200, "{body}");
        body
    }
}

/// Looks until it is so. Each look is a request, which takes its time.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    assert!((0..2_000).any(|_| is_so()), "it never was so");
}

pub(crate) fn add(gateway: &Running, body: Value) -> (u16, Value) {
    request("POST", &format!("{}/v1/leads", gateway.text("url")), Some(KEY), Some(body))
}

#[test]
fn a_lead_lands_and_is_counted() {
    let house = House::new();
    let gateway = house.serve();
    let (status, body) = add(&gateway, json!({"email": "ingrid@example.com"}));
    assert_eq!((status, &body["status"]), (201, &json!("done")), "{body}");
    assert_eq!(request("GET", &format!("{}/ready", gateway.text("url")), None, None).0, 200);
    let (_, metrics) = request("GET", &format!("{}/metrics", gateway.text("url")), Some(KEY), None);
    let metrics = metrics.as_str().unwrap();
    for expected in [
        "leadgate_jobs_ended_total{step=\"ensure_person\",end=\"done\"} 1",
        "leadgate_landing_seconds_bucket",
        "leadgate_queue_jobs{lane=\"interactive\"} 0",
        "leadgate_outage 0",
        "leadgate_outages_total 0",
        "# HELP leadgate_crm_requests_total",
    ] {
        assert!(metrics.contains(expected), "{expected} is not in\n{metrics}");
    }
    assert!(gateway.terminate().success());
}

#[test]
fn jobs_are_seen_and_released_with_and_without_a_running_gateway() {
    let house = House::new();
    let gateway = house.serve();
    let stage = format!("{}/v1/deals/7/stage", gateway.text("url"));
    let (status, body) = request("PUT", &stage, Some(KEY), Some(json!({"stage": "Demo"})));
    assert_eq!((status, &body["reason"]), (404, &json!("not_found")), "{body}");

    let url = gateway.text("url");
    let running = [("LEADGATE_URL", url.as_str()), ("LEADGATE_APP_KEY", KEY)];
    let listed = run(house.folder.path(), &["jobs", "list", "--status", "parked", "--json"], &running);
    assert!(listed.out.contains("\"status\":\"parked\""), "{listed:?}");
    assert!(gateway.terminate().success());

    let nobody = [("PORT", "1")];
    let listed_offline = run(house.folder.path(), &["jobs", "list", "--status", "parked", "--json"], &nobody);
    assert_eq!(listed_offline.out, listed.out);
    let retried = run(house.folder.path(), &["jobs", "retry", "--json"], &nobody);
    assert_eq!(retried.out.trim(), "{\"released\":1}");
    let shown = run(house.folder.path(), &["jobs", "show", "1"], &nobody);
    assert!(shown.out.starts_with("working  stage"), "{}", shown.out);
}

#[test]
fn a_key_that_was_added_opens_the_gateway() {
    let house = House::new();
    let added = run(house.folder.path(), &["keys", "add", "shop", "--json"], &[]);
    let added: Value = serde_json::from_str(&added.out).unwrap();
    let gateway = house.serve();
    let jobs = format!("{}/v1/jobs", gateway.text("url"));
    assert_eq!(request("GET", &jobs, added["key"].as_str(), None).0, 200);
    let busy = run(house.folder.path(), &["keys", "list"], &[]);
    assert_eq!(busy.code, 1);
    assert!(busy.err.contains("while the gateway is stopped"), "{}", busy.err);
}

#[test]
fn open_to_anyone_must_be_asked_for_and_is_warned_about() {
    let house = House::new();
    let account = house.sandbox.text("url");
    let variables = [("FRESHSALES_API_KEY", "sandbox-key"), ("FRESHSALES_SUBDOMAIN", account.as_str())];
    let arguments = ["serve", "--port", "0", "--open-to-anyone"];
    let gateway = Running::start(house.folder.path(), &arguments, &variables);
    assert!(gateway.text("url").starts_with("http://127.0.0.1:"));
    assert_eq!(request("GET", &format!("{}/v1/jobs", gateway.text("url")), None, None).0, 200);
    drop(gateway);
    let mut command = leadgate(house.folder.path(), &arguments, &variables);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut first_line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut first_line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first_line.contains("open to anyone"), "{first_line}");
}

#[rstest]
#[case("GET", "/v1/jobs?status=lost", 400)]
#[case("GET", "/v1/jobs?limit=-1", 400)]
#[case("GET", "/v1/jobs/first", 404)]
#[case("GET", "/v1/jobs/7", 404)]
#[case("POST", "/v1/jobs/7/release", 404)]
#[case("DELETE", "/v1/jobs", 405)]
fn what_an_operator_cannot_have(#[case] method: &str, #[case] path: &str, #[case] status: u16) {
    let folder = tempfile::tempdir().unwrap();
    let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let answer = request(method, &format!("{}{path}", dev.text("url")), Some(&dev.text("app_key")), None);
    assert_eq!(answer.0, status, "{answer:?}");
}

#[test]
fn a_call_that_is_cut_by_the_end_of_the_process_is_read_back_by_the_next() {
    let house = House::new();
    house.fault(json!({"kind": "hang", "then_commit": true}), 1);
    let settings = [
        ("LEADGATE__INTAKE__PATIENCE", "0s"),
        ("LEADGATE__SERVER__SHUTDOWN_DEADLINE", "100ms"),
        ("LEADGATE__RETRY__SETTLE", "0s"),
    ];
    let first = house.serve_with(&settings);
    let (status, body) = add(&first, json!({"email": "ingrid@example.com"}));
    assert_eq!(status, 202, "{body}");
    house.until_met();
    assert!(first.terminate().success());

    let second = house.serve_with(&settings);
    let story = format!("{}{}", second.text("url"), body["status_url"].as_str().unwrap());
    until(|| request("GET", &story, Some(KEY), None).1["status"] == "done");
    assert_eq!(house.contacts(), 1);
}
