//! A journal as each part of an account changes: what it brings back is, line by line, what a snapshot would have saved.

use std::path::Path;
use std::time::Duration;

use freshsales_sandbox::{
    AccountRules, AssignmentRule, Content, Fault, FaultKind, Kind, Language, SandboxConfig, SnapshotOptions,
    StageOutcome, Webhook, WebhookFault, WebhookFaultKind, Workflow,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, config, id};
use crate::receiver::Receiver;

/// The account as a snapshot would save it: a line for each setting and each record, in one order. What tells when this process
/// read its clock, and in which order searches settle what comes at one time, is no part of it.
fn lines(app: &App) -> Vec<String> {
    let mut out = Vec::new();
    app.account.save(&mut out, SnapshotOptions::default()).unwrap();
    let mut lines = Vec::new();
    for line in String::from_utf8(out).unwrap().lines() {
        let mut value: Value = serde_json::from_str(line).unwrap();
        let Some(account) = value.get_mut("account").and_then(Value::as_object_mut) else {
            lines.push(line.to_owned());
            continue;
        };
        account["clock"]["since"].take();
        account["index"]["sequence"].take();
        lines.extend(account.iter().map(|(part, value)| format!("{part}: {value}")));
    }
    lines.sort();
    lines
}

/// An account that would have been killed now, begun again from its journal.
async fn assert_kept(app: &App, journal: &Path) {
    let copy = App::start().await;
    copy.account.restore(&*std::fs::read(journal).unwrap()).unwrap();
    let (kept, saved) = (lines(&copy), lines(app));
    let lost: Vec<&String> = saved.iter().filter(|line| !kept.contains(line)).collect();
    let other: Vec<&String> = kept.iter().filter(|line| !saved.contains(line)).collect();
    assert!(lost.is_empty() && other.is_empty(), "lost {lost:#?}\ngot {other:#?}");
}

async fn kept() -> (App, tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.jsonl");
    let app = App::with(SandboxConfig { index_lag: Duration::from_secs(3), ..config() }).await;
    app.account.keep_in(&file).unwrap();
    (app, folder, file)
}

fn workflow(url: &str) -> Workflow {
    Workflow::new("new", Kind::Contact, Webhook::post(url, Content::simple(&["last_name"])))
}

#[rstest]
#[case::rules(|app: &App| app.account.set_rules(AccountRules { lost_deal_needs_reason: true, ..AccountRules::default() }).unwrap())]
#[case::language(|app: &App| app.account.set_language(Language::Dutch))]
#[case::lifecycle_stage(|app: &App| assert!(app.account.add_lifecycle_stage("Partner") > 0))]
#[case::status(|app: &App| assert!(app.account.add_contact_status("Signed", 79_000_014_001, StageOutcome::Won) > 0))]
#[case::rotting_days(|app: &App| assert!(app.account.set_rotting_days(79_000_003_001, 7)))]
#[case::currency(|app: &App| assert!(app.account.add_currency("EUR", "1.25").is_some()))]
#[case::workflow(|app: &App| drop(app.account.add_workflow(workflow("http://localhost:1/"))))]
#[case::webhook_faults(|app: &App| app.account.set_webhook_faults(vec![WebhookFault::new(WebhookFaultKind::Drop)]))]
#[case::plan(|app: &App| app.account.set_plan(freshsales_sandbox::Plan::Pro))]
#[case::stage(|app: &App| assert!(app.account.add_stage("Trial") > 0))]
#[case::deleted(|app: &App| {
    let id = app.account.seed_contact(&json!({"last_name": "A"}));
    app.account.delete(Kind::Contact, id);
})]
#[case::seeded(|app: &App| app.account.seed_records(20, 1))]
#[tokio::test]
async fn what_a_library_call_sets_is_kept(#[case] act: fn(&App)) {
    let (app, _folder, journal) = kept().await;
    act(&app);
    assert_kept(&app, &journal).await;
}

#[tokio::test]
async fn a_record_that_waits_for_its_owner_gets_one_after_a_kill_too() {
    let (app, _folder, journal) = kept().await;
    let owner = app.account.selector_id("owners", "Nadia Rahman").unwrap();
    let rule: AssignmentRule = serde_json::from_value(json!({"kind": "contact", "owners": [owner]})).unwrap();
    app.account.set_rules(AccountRules::default().assign(rule)).unwrap();
    app.account.seed_contact(&json!({"last_name": "A"}));
    assert_eq!(app.account.events_pending(), 1);
    assert_kept(&app, &journal).await;
    app.account.advance(Duration::from_secs(60));
    assert_kept(&app, &journal).await;
}

#[tokio::test]
async fn histories_files_lists_modules_and_late_writes_are_kept() {
    let (app, _folder, journal) = kept().await;
    let contact = id(&app.post("/contacts", &json!({"last_name": "A"})).await.ok(201), "contact");
    app.put(&format!("/contacts/{contact}"), &json!({"city": "Oslo"})).await.ok(200);
    let target = [("targetable_type", "Contact"), ("targetable_id", &contact.to_string())];
    crate::documents::upload(&app, &target).await.ok(200);
    let list = id(&app.post("/lists", &json!({"name": "June"})).await.ok(200), "list");
    app.put(&format!("/lists/{list}/add_contacts"), &json!({"ids": [contact]})).await.ok(200);
    app.put(&format!("/lists/{list}/remove_contacts"), &json!({"all": true})).await.ok(200);
    let module =
        json!({"entity_name": "cm_project", "singular_name": "Project", "plural_name": "Projects", "icon": "icon-1"});
    app.post("/settings/module_customizations", &json!({ "module_customization": module })).await.ok(200);
    let late = FaultKind::CutThenCommit { delay_milliseconds: 20_000 };
    app.account.set_faults(vec![Fault::new(late).on("POST", "/contacts").times(1)]);
    let request = app.request(reqwest::Method::POST, "/crm/sales/api/contacts");
    assert!(request.json(&json!({"last_name": "Late"})).send().await.is_err());
    assert_kept(&app, &journal).await;
    app.account.advance(Duration::from_secs(60));
    assert_eq!(app.account.count(Kind::Contact), 2);
    assert_kept(&app, &journal).await;
}

#[tokio::test]
async fn what_a_job_wrote_has_the_time_of_the_job_after_a_kill_too() {
    let (app, _folder, journal) = kept().await;
    let row = json!({"emails": "a@example.com", "data": {"last_name": "A"}});
    app.post("/contacts/bulk_upsert", &json!({"contacts": [row]})).await.ok(200);
    assert_kept(&app, &journal).await;
    app.account.advance(Duration::from_secs(3600));
    assert_kept(&app, &journal).await;
}

#[tokio::test]
async fn deliveries_and_what_fires_once_are_kept() {
    let (app, _folder, journal) = kept().await;
    let receiver = Receiver::start().await;
    app.account.add_workflow(Workflow { once: true, ..workflow(&receiver.url) }).unwrap();
    app.post("/contacts", &json!({"last_name": "A"})).await.ok(201);
    app.account.webhooks_settled().await;
    assert_eq!(app.account.deliveries().len(), 1);
    assert_kept(&app, &journal).await;
    app.account.clear_deliveries();
    assert_kept(&app, &journal).await;
    app.post("/contacts", &json!({"last_name": "B"})).await.ok(201);
    app.account.webhooks_settled().await;
    assert_kept(&app, &journal).await;
}

/// However long an account has been used, one more write costs its journal what the first did.
#[tokio::test]
async fn a_write_costs_the_journal_the_same_after_many_others() {
    let (app, _folder, journal) = kept().await;
    let receiver = Receiver::start().await;
    app.account.add_workflow(Workflow { once: true, ..workflow(&receiver.url) }).unwrap();
    let write = async |n: usize| {
        let before = std::fs::metadata(&journal).unwrap().len();
        let row = json!({"emails": "broken", "data": {"last_name": format!("{n:04}"), "lead_source_id": 1}});
        app.post("/contacts/bulk_upsert", &json!({"contacts": [row]})).await.ok(200);
        app.account.advance(Duration::from_secs(60));
        app.post("/contacts", &json!({"last_name": format!("{n:04}")})).await.ok(201);
        app.account.webhooks_settled().await;
        std::fs::metadata(&journal).unwrap().len() - before
    };
    let first = write(0).await;
    for n in 1..40 {
        write(n).await;
    }
    let last = write(40).await;
    assert!(last < first + first / 10, "the first write took {first} bytes, a later one {last}");
}
