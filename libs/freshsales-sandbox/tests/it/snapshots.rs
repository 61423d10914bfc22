//! Snapshots and journals: what is restored answers as what was saved.

use std::io::Write as _;
use std::time::Duration;

use freshsales_sandbox::{
    Fault, FaultKind, Kind, Plan, SandboxConfig, SnapshotError, SnapshotOptions, StageOutcome, Switches,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{App, config};

/// Something that a program does to an account.
#[derive(Clone, Debug)]
enum Act {
    Create(Kind, u8, u8),
    Update(Kind, u8, u8),
    Delete(Kind, u8),
    Bulk(u8),
    Pass(u8),
    AddStage(u8),
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop::sample::select(Kind::ALL.to_vec());
    prop_oneof![
        8 => (kind.clone(), any::<u8>(), any::<u8>()).prop_map(|(kind, of, n)| Act::Create(kind, of, n)),
        4 => (kind.clone(), any::<u8>(), any::<u8>()).prop_map(|(kind, of, n)| Act::Update(kind, of, n)),
        2 => (kind, any::<u8>()).prop_map(|(kind, of)| Act::Delete(kind, of)),
        1 => any::<u8>().prop_map(Act::Bulk),
        2 => any::<u8>().prop_map(Act::Pass),
        1 => any::<u8>().prop_map(Act::AddStage),
    ]
}

fn attributes(kind: Kind, target: Option<i64>, n: u8) -> Value {
    match kind {
        Kind::SalesAccount => json!({"name": format!("Company {n}"), "city": "Turku"}),
        Kind::Deal => json!({"name": format!("Deal {n}"), "amount": n, "contacts_added_list": target}),
        Kind::Note => {
            json!({"description": format!("note {n}"), "targetable_type": "Contact", "targetable_id": target})
        }
        Kind::Task => json!({"title": format!("task {n}"), "due_date": "2026-06-16T09:00:00Z",
            "targetable_type": "Contact", "targetable_id": target}),
        _ => json!({"last_name": format!("Person {n}"), "email": format!("p{n}@example.com"),
            "mobile_number": format!("+35840{n}"), "custom_field": {"cf_seats": n}}),
    }
}

fn pick(app: &App, kind: Kind, of: u8) -> Option<i64> {
    let records = app.account.records(kind);
    (!records.is_empty()).then(|| records[of as usize % records.len()]["id"].as_i64().unwrap())
}

async fn perform(app: &App, act: &Act) {
    match *act {
        Act::Create(kind, of, n) => {
            let body = attributes(kind, pick(app, Kind::Contact, of), n);
            drop(app.classic_post(&format!("/{}", kind.plural()), &body).await);
        }
        Act::Update(kind, of, n) => {
            if let Some(id) = pick(app, kind, of) {
                drop(app.classic_put(&format!("/{}/{id}", kind.plural()), &attributes(kind, None, n)).await);
            }
        }
        Act::Delete(kind, of) => {
            if let Some(id) = pick(app, kind, of) {
                drop(app.classic_delete(&format!("/{}/{id}", kind.plural())).await);
            }
        }
        Act::Bulk(n) => {
            let row = json!({"emails": format!("bulk{n}@example.com"), "data": {"last_name": "Bulk"}});
            drop(app.post("/contacts/bulk_upsert", &json!({"contacts": [row]})).await);
        }
        Act::Pass(seconds) => app.account.advance(Duration::from_millis(u64::from(seconds) * 30)),
        Act::AddStage(n) => drop(app.account.add_stage_to(79_000_003_001, &format!("Stage {n}"), StageOutcome::Open)),
    }
}

/// Every list, view, selector, search and job of an account, as it answers at one moment.
async fn answers(app: &App) -> Vec<String> {
    let mut paths: Vec<String> = vec!["/selector/deal_stages".into(), "/tasks?filter=open".into()];
    paths.extend(["p", "person", "company", "bulk", "example.com"].map(|word| format!("/search?q={word}")));
    paths.extend((1..4).map(|n| format!("/job_statuses/{}", 77_000_000_000_i64 + n)));
    paths.push("/lookup?q=p7@example.com&f=email&entities=contact,lead".into());
    for plural in ["contacts", "leads", "sales_accounts", "deals"] {
        let filters = app.classic_get(&format!("/{plural}/filters")).await;
        let views = filters.json()["filters"].as_array().unwrap().clone();
        paths.push(format!("/{plural}/filters"));
        for view in views {
            paths
                .push(format!("/{plural}/view/{}?per_page=100&include=owner,sales_account,contacts,deals", view["id"]));
        }
    }
    let mut texts = Vec::new();
    for path in paths {
        texts.push(app.classic_get(&path).await.text.replace(&app.sandbox.addr().to_string(), "host"));
    }
    texts.push(format!("{:?} {:?} {:?}", app.account.now(), app.account.quota(), app.account.request_count()));
    texts
}

fn saved(app: &App) -> Vec<u8> {
    let mut out = Vec::new();
    app.account.save(&mut out, SnapshotOptions::default()).unwrap();
    out
}

async fn restored(snapshot: &[u8]) -> App {
    let app = App::start().await;
    app.account.restore(snapshot).unwrap();
    app
}

#[test]
fn after_any_writes_the_restored_account_answers_the_same_bytes_now_and_later() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let acts = prop::collection::vec(act(), 1..40);
    let run = runner.run(&acts, |acts| {
        runtime.block_on(async {
            let original = App::with(SandboxConfig { plan: Plan::Enterprise, ..config() }).await;
            for act in &acts {
                perform(&original, act).await;
            }
            let copy = restored(&saved(&original)).await;
            assert_eq!(answers(&original).await, answers(&copy).await);
            for app in [&original, &copy] {
                app.account.advance(Duration::from_secs(5));
                perform(app, &Act::Create(Kind::Contact, 0, 250)).await;
            }
            assert_eq!(answers(&original).await, answers(&copy).await);
        });
        Ok(())
    });
    run.unwrap();
}

#[test]
fn a_journal_brings_the_account_back_at_any_moment() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let acts = prop::collection::vec(act(), 1..30);
    let run = runner.run(&acts, |acts| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("account.jsonl");
            let original = App::with(config()).await;
            original.account.keep_in(&file).unwrap();
            for act in &acts {
                perform(&original, act).await;
            }
            // Searches settle by themselves and the number of reads is not kept: both are the same a while after.
            let journal = std::fs::read(&file).unwrap();
            let copy = restored(&journal).await;
            for app in [&original, &copy] {
                app.account.clear_requests();
                app.account.advance(Duration::from_secs(5));
            }
            assert_eq!(answers(&original).await, answers(&copy).await);
        });
        Ok(())
    });
    run.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_had_not_finished_writing_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.jsonl");
    let app = App::start().await;
    app.account.keep_in(&file).unwrap();
    app.account.seed_contact(&json!({"last_name": "Okafor"}));
    let whole = std::fs::read(&file).unwrap();
    app.account.seed_contact(&json!({"last_name": "Torn"}));
    let longer = std::fs::read(&file).unwrap();
    for length in [whole.len(), whole.len() + 20, longer.len() - 5] {
        let copy = restored(&longer[..length]).await;
        assert_eq!(copy.account.count(Kind::Contact), 1);
    }
    assert_eq!(restored(&longer).await.account.count(Kind::Contact), 2);
}

#[tokio::test]
async fn settings_faults_and_ids_come_back_and_the_name_and_key_stay() {
    let app = App::with(SandboxConfig { subdomain: "old".into(), key: "old-key".into(), ..config() }).await;
    app.account.set_switches(Switches { mobile_unique: true, ..Switches::default() });
    app.account.set_faults(vec![Fault::new(FaultKind::CommitThenCut).on("POST", "/leads").times(3)]);
    let removed = app.account.seed_contact(&json!({"last_name": "Gone"}));
    app.account.delete(Kind::Contact, removed);
    let copy = restored(&saved(&app)).await;
    assert!(copy.account.switches().mobile_unique);
    assert_eq!(copy.account.faults(), app.account.faults());
    assert_eq!(copy.account.subdomain(), "acme");
    assert_eq!(copy.account.seed_contact(&json!({"last_name": "Next"})), removed + 1);
    assert_eq!(copy.get("/selector/owners").await.status, 200);
}

#[tokio::test]
async fn remembered_requests_are_saved_where_they_are_wanted() {
    let app = App::start().await;
    app.post("/contacts", &json!({"last_name": "Okafor"})).await.ok(201);
    let mut with = Vec::new();
    app.account.save(&mut with, SnapshotOptions::with_requests()).unwrap();
    assert_eq!(restored(&with).await.account.requests()[0].json().unwrap()["last_name"], "Okafor");
    let without = restored(&saved(&app)).await;
    assert_eq!((without.account.requests().len(), without.account.request_count()), (0, 1));
}

#[tokio::test]
async fn a_broken_snapshot_changes_nothing_and_says_what_is_wrong() {
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "Okafor"}));
    let good = saved(&app);
    let restore = |snapshot: &[u8]| app.account.restore(snapshot).unwrap_err();
    assert!(matches!(restore(b"hello\n"), SnapshotError::NotASnapshot));
    assert!(matches!(restore(b""), SnapshotError::NotASnapshot));
    assert!(matches!(restore(&good[..good.len() - 30]), SnapshotError::Malformed { .. } | SnapshotError::Truncated));
    let newer = String::from_utf8(good).unwrap().replacen("\"version\":1", "\"version\":9", 1);
    assert_eq!(
        restore(newer.as_bytes()).to_string(),
        "the snapshot has version 9, and this program knows versions up to 1"
    );
    assert_eq!(app.account.count(Kind::Contact), 1);
}

#[tokio::test]
async fn a_snapshot_goes_over_http_and_back() {
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "Okafor"}));
    let url = format!("{}/__sandbox/snapshot", app.sandbox.root_url());
    let snapshot = app.http.get(&url).send().await.unwrap().text().await.unwrap();
    app.account.reset();
    let summary = App::send(app.http.request(Method::PUT, &url).body(snapshot)).await.ok(200);
    assert_eq!(summary["records"]["contacts"]["live"], 1);
    for nonsense in ["nonsense".to_owned(), "nonsense\n".repeat(2_000_000)] {
        assert_eq!(App::send(app.http.request(Method::PUT, &url).body(nonsense)).await.status, 400);
    }
    assert_eq!(app.account.count(Kind::Contact), 1);
}

#[tokio::test]
async fn a_file_holds_every_account_and_is_replaced_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.jsonl");
    write!(std::fs::File::create(&file).unwrap(), "an older file").unwrap();
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "First"}));
    let second = app.sandbox.add_account(SandboxConfig { subdomain: "globex".into(), ..config() }).unwrap();
    second.seed_lead(&json!({"last_name": "Second"}));
    app.sandbox.save(&file, SnapshotOptions::default()).unwrap();
    let copy = App::start().await;
    copy.sandbox.restore(&file).unwrap();
    assert_eq!(copy.account.contacts()[0]["last_name"], "First");
    assert_eq!(copy.sandbox.account_named("globex").unwrap().leads()[0]["last_name"], "Second");
}
