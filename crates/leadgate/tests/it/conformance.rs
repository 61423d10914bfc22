//! `leadgate conformance`: the sandbox against itself, with and without a difference; and what a report never holds.

use std::time::Duration;

use freshsales_sandbox::{
    CreateStatus, CustomField, CustomFieldType, DeletedRecord, Fault, FaultKind, Generation, Kind, Plan, Profile,
    Sandbox, SandboxConfig, Switches,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::process::{Ended, leadgate, run};

const KEY: &str = "planted-key-0123456789";
const REPORT: &str = "leadgate-conformance.json";

struct House {
    sandbox: Sandbox,
    generation: Generation,
    folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl House {
    fn of(generation: Generation, plan: Plan) -> House {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let profile = if generation == Generation::Classic { Profile::Classic } else { Profile::Suite };
        let config = SandboxConfig { key: KEY.to_owned(), profile, plan, ..SandboxConfig::default() };
        let sandbox = runtime.block_on(Sandbox::start(config, ([127, 0, 0, 1], 0).into())).unwrap();
        House { sandbox, generation, folder: tempfile::tempdir().unwrap(), _runtime: runtime }
    }

    fn variables(&self) -> [(&'static str, String); 2] {
        [("FRESHSALES_API_KEY", KEY.to_owned()), ("FRESHSALES_SUBDOMAIN", self.sandbox.url(self.generation))]
    }

    fn conformance(&self, flags: &[&str]) -> Ended {
        let variables = self.variables();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let arguments: Vec<&str> = ["conformance"].iter().chain(flags).copied().collect();
        run(self.folder.path(), &arguments, &variables)
    }

    fn report(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(REPORT)).unwrap()
    }

    /// People, companies and deals as a real account has them.
    fn fill(&self) {
        let account = self.sandbox.account();
        let company =
            account.seed(Kind::SalesAccount, &json!({"name": "Halvorsen Maritime", "phone": "+47 22 00 00 00"}));
        account.add_custom_field(CustomField::new(Kind::Contact, "cf_quirina", CustomFieldType::Text));
        let person = json!({
            "first_name": "Quirina", "last_name": "Halvorsen", "email": "quirina@halvorsen.example",
            "mobile_number": "+47 900 00 000", "custom_field": {"cf_quirina": "Quirina's own"},
            "sales_accounts": [{"id": company, "is_primary": true}],
        });
        account.seed_contact(&person);
        account.seed_contact(&json!({"last_name": "Okafor", "email": "okafor@halvorsen.example"}));
        if self.generation == Generation::Classic {
            account.seed_lead(&json!({"last_name": "Halvorsen", "email": "lead@halvorsen.example"}));
        }
        account.seed_deal(&json!({"name": "Halvorsen fleet", "amount": "1000.50", "sales_account_id": company}));
    }
}

#[rstest]
fn the_sandbox_does_not_differ_from_itself(
    #[values(Generation::Suite, Generation::Classic)] generation: Generation,
    #[values(Plan::Off, Plan::Growth)] plan: Plan,
    #[values(false, true)] filled: bool,
    #[values(false, true)] write: bool,
) {
    let house = House::of(generation, plan);
    if filled {
        house.fill();
    }
    let before: Vec<usize> = Kind::ALL.iter().map(|kind| house.sandbox.account().count(*kind)).collect();
    let ended = house.conformance(if write { &["--write", "--json"] } else { &["--json"] });
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    let differing: Vec<&Value> =
        report["replies"].as_array().unwrap().iter().filter(|reply| reply["differences"] != json!([])).collect();
    assert_eq!((ended.code, differing), (0, vec![]), "{}", ended.err);
    assert!(report["requests"].as_u64().unwrap() > if write { 50 } else { 35 });
    let after: Vec<usize> = Kind::ALL.iter().map(|kind| house.sandbox.account().count(*kind)).collect();
    assert_eq!(after, before);
}

#[test]
fn without_write_nothing_but_reads_is_asked() {
    let house = House::of(Generation::Suite, Plan::Off);
    house.conformance(&[]);
    let account = house.sandbox.account();
    let is_read = |method: &str, path: &str| method == "GET" || path.contains("/filtered_search/");
    assert!(account.requests().iter().all(|request| is_read(&request.method, &request.path)));
}

#[rstest]
#[case::status_of_a_create(
    Generation::Classic,
    Switches { create_status: CreateStatus::Created, ..Switches::default() },
    "POST /leads: answered 201, expected 200"
)]
#[case::deleted_records(
    Generation::Suite,
    Switches { deleted_record: DeletedRecord::Shown, ..Switches::default() },
    "GET /contacts/{id}, which was deleted: answered 200, expected 404"
)]
#[case::a_mandatory_field(
    Generation::Suite,
    Switches { required_contact_fields: vec!["mobile_number".to_owned()], ..Switches::default() },
    "POST /contacts: answered 400, expected 201"
)]
#[case::a_lost_header(
    Generation::Suite,
    Switches { accept_header_is_lost: true, ..Switches::default() },
    "GET /selector/owners without a key: answered 302, expected 401"
)]
fn a_difference_is_found(#[case] generation: Generation, #[case] switches: Switches, #[case] line: &str) {
    let house = House::of(generation, Plan::Off);
    house.sandbox.account().set_switches(switches);
    let ended = house.conformance(&["--write"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.lines().any(|told| told == line), "{}", ended.out);
    let (request, difference) = line.rsplit_once(": ").unwrap();
    let report: Value = serde_json::from_str(&house.report()).unwrap();
    let replies = report["replies"].as_array().unwrap();
    let reply = replies.iter().find(|reply| reply["request"] == request).unwrap();
    assert_eq!(reply["differences"], json!([difference]));
}

#[rstest]
#[case(&["-vv"])]
#[case(&["--write", "-vv"])]
#[case(&["--write", "--json"])]
fn nothing_of_the_account_is_in_the_report(#[case] flags: &[&str]) {
    for generation in [Generation::Suite, Generation::Classic] {
        let house = House::of(generation, Plan::Growth);
        house.fill();
        let ended = house.conformance(flags);
        assert_eq!(ended.code, 0, "{ended:?}");
        let ids = house.sandbox.account().contacts().into_iter().map(|contact| contact["id"].to_string());
        let words = ["Quirina", "quirina", "Halvorsen", "halvorsen", "Okafor", KEY, "cf_", "example.com", "Accra"];
        for secret in ids.chain(words.map(str::to_owned)) {
            for text in [&house.report(), &ended.out, &ended.err] {
                assert!(!text.contains(&secret), "{secret} is in {text}");
            }
        }
    }
}

#[rstest]
fn records_whose_answer_was_lost_are_removed(
    #[values("/contacts", "/sales_accounts", "/deals", "/notes", "/tasks")] path: &str,
) {
    let house = House::of(Generation::Suite, Plan::Off);
    let account = house.sandbox.account();
    account.set_faults(vec![Fault::new(FaultKind::CommitThenCut).on("POST", path)]);
    let ended = house.conformance(&["--write"]);
    assert!(ended.out.contains("answered no reply"), "{ended:?}");
    let main = [Kind::Contact, Kind::SalesAccount, Kind::Deal];
    assert!(main.iter().all(|kind| account.count(*kind) == 0), "{ended:?}");
}

#[test]
fn what_cannot_be_removed_is_told() {
    let house = House::of(Generation::Suite, Plan::Off);
    let account = house.sandbox.account();
    account.set_faults(vec![Fault::new(FaultKind::Forbidden).on("DELETE", "/contacts")]);
    let ended = house.conformance(&["--write"]);
    let id = &account.contacts()[0]["id"];
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains(&format!("the marked contact {id} could not be removed")), "{}", ended.err);
    assert!(!house.report().contains(&id.to_string()));
}

#[cfg(unix)]
#[test]
fn ctrl_c_removes_what_was_made() {
    let house = House::of(Generation::Suite, Plan::Off);
    let account = house.sandbox.account();
    account.set_faults(vec![Fault::new(FaultKind::Hang { then_commit: true }).on("POST", "/deals")]);
    let variables = house.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut command = leadgate(house.folder.path(), &["conformance", "--write"], &variables);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let began = std::time::Instant::now();
    while account.count(Kind::Deal) == 0 && began.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
    }
    assert_eq!((account.count(Kind::Contact), account.count(Kind::Deal)), (1, 1));
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(Kind::ALL.iter().all(|kind| account.count(*kind) == 0));
}

#[test]
fn an_account_that_lets_nobody_in_is_left_to_the_doctor() {
    let house = House::of(Generation::Suite, Plan::Off);
    let url = house.sandbox.url(Generation::Suite);
    let variables = [("FRESHSALES_API_KEY", "mistyped"), ("FRESHSALES_SUBDOMAIN", url.as_str())];
    let ended = run(house.folder.path(), &["conformance"], &variables);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("`leadgate doctor` says why") && !house.folder.path().join(REPORT).exists());
}
