//! The real binary: one-shot runs, kills, publishing, exports and what the commands say.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Generation, Kind, Plan, Sandbox, SandboxConfig};
use leadgate_core::sync::Stream;
use leadgate_warehouse::{Copy, Run};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::oracle;
use crate::process::{Ended, Running, leadgate, request, run};

pub(super) const KILLS: usize = 20;

/// An account in this process, and a folder to run the binary in.
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    folder: tempfile::TempDir,
    pub(super) url: String,
}

impl Scene {
    pub(super) async fn open(change: impl FnOnce(&mut SandboxConfig)) -> Scene {
        let mut config = SandboxConfig { index_lag: Duration::ZERO, ..SandboxConfig::default() };
        change(&mut config);
        let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let url = sandbox.url(Generation::Suite);
        Scene { sandbox, folder: tempfile::tempdir().unwrap(), url }
    }

    fn variables(&self) -> [(&str, &str); 6] {
        [
            ("FRESHSALES_API_KEY", "sandbox-key"),
            ("FRESHSALES_SUBDOMAIN", &self.url),
            ("LEADGATE__BUDGET__PER_HOUR", "0"),
            ("LEADGATE__BUDGET__PER_MINUTE", "0"),
            ("LEADGATE__LOG__LEVEL", "error"),
            ("LEADGATE__RETRY__BASE", "20ms"),
        ]
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[])
    }

    /// Runs the binary with variables of its own.
    pub(super) fn run_with(&self, arguments: &[&str], own: &[(&str, &str)]) -> Ended {
        let variables = [&self.variables()[..], own].concat();
        tokio::task::block_in_place(|| run(self.folder.path(), arguments, &variables))
    }

    /// Begins a sync and kills it without warning.
    pub(super) async fn sync_for(&self, life: Duration) {
        let mut command = leadgate(self.data(), &["sync"], &self.variables());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(life).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub(super) fn data(&self) -> &Path {
        self.folder.path()
    }
}

/// Somebody who edits one contact after the other while they are read. Some edits fail, as the faults have it.
async fn edit_all(crm: String, people: Vec<i64>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    for person in people.iter().cycle() {
        let request = http.put(format!("{crm}/contacts/{person}")).header("authorization", "Token token=sandbox-key");
        drop(request.json(&json!({"job_title": format!("Title {person}")})).send().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_a_sync_that_is_killed_goes_on_where_it_was() {
    let scene = Scene::open(|config| config.plan = Plan::Custom { hour: 1_000_000, minute: 1_000_000 }).await;
    let account = scene.sandbox.account();
    account.seed_records(3_000, 3);
    account.set_faults(vec![
        Fault::new(FaultKind::CutBeforeCommit).with_probability(0.05),
        // Few, for each makes the gateway leave more of the next hour to those who must have used up this one.
        Fault::new(FaultKind::Quota429 { reset_after_seconds: Some(1) }).with_probability(0.02).times(3),
    ]);
    let people = account.contacts().iter().map(|person| person["id"].as_i64().unwrap()).collect();
    let editing = tokio::spawn(edit_all(scene.url.clone(), people));
    let mut random = SmallRng::seed_from_u64(20_260_615);
    for _ in 0..KILLS {
        scene.sync_for(Duration::from_millis(random.random_range(50..400))).await;
    }
    editing.abort();
    let ended = scene.run(&["sync", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    oracle::everything_is_equal(&scene.data().join("leadgate-data/copy.db"), &scene.sandbox.account());
    let runs: Vec<Value> = serde_json::from_str(&scene.run(&["sync", "runs", "--json"]).out).unwrap();
    assert_eq!(runs[0]["outcome"], "complete");
    assert!(runs[1..].iter().any(|run| run["outcome"] == "interrupted"), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_copied_is_published() {
    let scene = Scene::open(|_| ()).await;
    let account = scene.sandbox.account();
    account.seed(Kind::Contact, &json!({"last_name": "Lovelace", "email": "ada@example.com"}));
    let first = scene.run(&["sync", "--streams", "contacts", "--to", "out/"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(scene.file("out/contacts.csv").contains("ada@example.com"));
    account.seed(Kind::Contact, &json!({"last_name": "Hopper", "email": "grace@example.com"}));
    assert_eq!(scene.run(&["sync", "--streams", "contacts", "--to", "out/"]).code, 0);
    assert!(scene.file("out/contacts.csv").contains("grace@example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_read_beside_a_gateway() {
    let scene = Scene::open(|_| ()).await;
    scene.sandbox.account().seed(Kind::Contact, &json!({"last_name": "Lovelace", "email": "ada@example.com"}));
    let variables = [&scene.variables()[..], &[("LEADGATE_APP_KEY", "an-app-key-of-a-test")]].concat();
    let serve = ["serve", "--port", "0", "--host", "127.0.0.1"];
    let gateway = tokio::task::block_in_place(|| Running::start(scene.data(), &serve, &variables));
    let synced = scene.run(&["sync", "--streams", "contacts", "--to", "out/"]);
    assert_eq!(synced.code, 0, "{synced:?}");
    // Whom the sync has copied the gateway need not look up where nothing is new.
    let (url, lead) = (format!("{}/v1/leads", gateway.text("url")), json!({"email": "ada@example.com"}));
    let post = || request("POST", &url, Some("an-app-key-of-a-test"), Some(lead));
    let (_, landed) = std::thread::scope(|scope| tokio::task::block_in_place(|| scope.spawn(post).join().unwrap()));
    let story = format!("{}/v1/submissions/{}", gateway.text("url"), landed["id"].as_str().unwrap_or_default());
    let read = || request("GET", &story, Some("an-app-key-of-a-test"), None).1;
    let story = std::thread::scope(|scope| tokio::task::block_in_place(|| scope.spawn(read).join().unwrap()));
    assert!(story["decisions"].to_string().contains("in the copy of the account"), "{landed} {story}");
    let exported = scene.run(&["export", "contacts", "--to", "all.csv"]);
    assert_eq!((exported.code, scene.file("all.csv").contains("ada@example.com")), (0, true), "{exported:?}");
}

/// A run that was interrupted is gone on with at once, and its replies take longer than the gateway waits for work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_ends_at_rest_lets_its_sync_end() {
    let scene = Scene::open(|_| ()).await;
    assert_eq!(scene.run(&["sync", "--streams", "users"]).code, 0);
    let copy = scene.data().join("leadgate-data/copy.db");
    let interrupted = Run { id: Copy::open(&copy).unwrap().runs(1).unwrap()[0].id + 1, outcome: None, ..some_run() };
    Copy::open(&copy).unwrap().put_run(&interrupted).unwrap();
    let slowly = FaultKind::SlowBody { chunk_bytes: 2_000, pause_milliseconds: 50 };
    scene.sandbox.account().set_faults(vec![Fault::new(slowly)]);
    let schedule = ("LEADGATE__SYNC__SCHEDULE", "0 3 * * * UTC");
    let variables = [&scene.variables()[..], &[("LEADGATE_APP_KEY", "an-app-key-of-a-test"), schedule]].concat();
    let serve = ["serve", "--port", "0", "--host", "127.0.0.1", "--until-idle=1s"];
    let ended = tokio::task::block_in_place(|| run(scene.data(), &serve, &variables));
    assert_eq!(ended.code, 0, "{ended:?}");
    let runs = Copy::open(&copy).unwrap().runs(2).unwrap();
    assert_eq!(runs[0].outcome.as_deref(), Some("complete"), "{runs:?}");
}

fn some_run() -> Run {
    let began = "2026-06-15T14:00:00Z".parse().unwrap();
    let (ended, outcome, details) = (None, None, json!({}));
    Run { id: 1, began, ended, outcome, requests: 0, streams: BTreeMap::new(), details }
}

/// A contact without a name is looked for in the copy, which is a convenience: the rows themselves came from the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_goes_on_where_the_copy_cannot_be_read() {
    let scene = Scene::open(|_| ()).await;
    let account = scene.sandbox.account();
    let nameless = account.seed_contact(&json!({"mobile_number": "+4930123456"}));
    account.seed(Kind::Deal, &json!({"name": "Open one", "amount": 5, "contacts_added_list": [nameless]}));
    std::fs::create_dir_all(scene.data().join("leadgate-data")).unwrap();
    std::fs::write(scene.data().join("leadgate-data/copy.db"), "this is no database, ".repeat(1_000)).unwrap();
    let exported = scene.run(&["export", "deals", "--open", "--to", "open.csv"]);
    assert_eq!((exported.code, scene.file("open.csv").contains("Open one")), (0, true), "{exported:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_won_lately_go_to_a_file() {
    let scene = Scene::open(|_| ()).await;
    let account = scene.sandbox.account();
    let won = account.stage_id("Won").unwrap();
    let ada = account.seed_contact(&json!({"first_name": "Ada", "last_name": "King", "email": "ada@example.com"}));
    let big = json!({"name": "Big, \"one\"", "amount": 1200, "deal_stage_id": won, "contacts_added_list": [ada]});
    account.seed(Kind::Deal, &big);
    account.seed(Kind::Deal, &json!({"name": "Open one", "amount": 5}));
    let ended = scene.run(&["export", "deals", "--won", "--since", "30d", "--to", "won.csv"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let (header, rows) =
        scene.file("won.csv").split_once('\n').map(|(header, rows)| (header.to_owned(), rows.to_owned())).unwrap();
    assert!(header.starts_with("id,name,amount,currency_code,owner_name,closed_date,deal_stage_name"), "{header}");
    assert!(rows.contains("\"Big, \"\"one\"\"\",1200") && !rows.contains("Open one"), "{rows}");
    assert!(
        header.contains(",contact_names,contact_emails,lead_source_name,")
            && rows.contains(",Ada King,ada@example.com,"),
        "{rows}"
    );
    let chosen = scene.run(&["export", "deals", "--open", "--columns", "name", "--to", "-"]);
    assert_eq!(
        chosen.out.lines().map(|line| line.split(',').next_back().unwrap()).collect::<Vec<_>>(),
        ["name", "Open one"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_says_the_cost_and_changes_nothing() {
    let scene = Scene::open(|_| ()).await;
    scene.sandbox.account().seed_records(1_000, 3);
    let plan: Value = serde_json::from_str(&scene.run(&["sync", "--plan", "--json"]).out).unwrap();
    let streams = plan["forecast"]["streams"].as_array().unwrap();
    let of = |stream: Stream| streams.iter().find(|cost| cost["stream"] == stream.name()).unwrap();
    assert_eq!((&of(Stream::Contacts)["rows"], &of(Stream::Contacts)["whole"]), (&json!(1_000), &json!(true)));
    assert!(of(Stream::Contacts)["requests"].as_u64().unwrap() <= 13, "{plan}");
    let runs = scene.run(&["sync", "runs", "--json"]);
    assert_eq!((runs.code, runs.out.trim()), (0, "[]"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_codes_tell_how_it_ended() {
    let hidden = Scene::open(|config| config.switches.hidden_one_in = 3).await;
    hidden.sandbox.account().seed_records(60, 3);
    assert_eq!(hidden.run(&["sync", "--streams", "contacts"]).code, 7);
    let lying = Scene::open(|config| config.switches.total_off_by = -5).await;
    lying.sandbox.account().seed_records(60, 3);
    let ended = lying.run(&["sync", "--streams", "contacts"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let to = lying.run(&["sync", "--to", "nowhere"]);
    assert_eq!(to.code, 3, "{to:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_published_is_said_before_anything_is_read() {
    let scene = Scene::open(|_| ()).await;
    let one_file = scene.run(&["sync", "--to", "all.csv"]);
    assert!(one_file.code == 3 && one_file.err.contains("14 streams are to go there"), "{one_file:?}");
    for address in ["postgres://u:p/w#x@db.internal:5432/crm", "postgres://u:12/w@db.internal/crm"] {
        let variables = [&scene.variables()[..], &[("DATABASE_URL", address)]].concat();
        let refused = tokio::task::block_in_place(|| run(scene.data(), &["sync"], &variables));
        assert!(refused.code == 3 && refused.err.contains("DATABASE_URL"), "{refused:?}");
        assert!(!refused.err.contains("internal"), "{refused:?}");
    }
    assert_eq!(scene.sandbox.account().request_count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_does_not_replace_a_table_of_a_sync() {
    let scene = Scene::open(|_| ()).await;
    assert_eq!(scene.run(&["sync", "--streams", "users,deals", "--to", "m.db"]).code, 0);
    let export = scene.run(&["export", "deals", "--won", "--to", "m.db"]);
    assert!(export.code == 1 && export.err.contains("is kept equal to the account"), "{export:?}");
}
