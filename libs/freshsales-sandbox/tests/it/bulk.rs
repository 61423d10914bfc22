//! Bulk calls and the jobs behind them.

use std::time::Duration;

use freshsales_sandbox::{Kind, Switches};
use serde_json::{Value, json};

use crate::client::App;

fn rows(count: usize) -> Value {
    let row = |at| json!({"emails": format!("p{at}@example.com"), "data": {"last_name": format!("P{at}")}});
    json!({"contacts": (0..count).map(row).collect::<Vec<_>>()})
}

/// Submits and returns the path of the job.
async fn submit(app: &App, body: &Value) -> String {
    let accepted = app.post("/contacts/bulk_upsert", body).await.ok(200);
    let url = accepted["job_status_url"].as_str().unwrap();
    assert!(url.starts_with(&app.sandbox.url(freshsales_sandbox::Generation::Suite)), "{url}");
    url[url.find("/job_statuses").unwrap()..].to_owned()
}

#[tokio::test]
async fn a_job_runs_on_the_account_s_clock_and_reports_each_refused_row() {
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "Taken", "email": "taken@example.com"}));
    let other = app.account.seed_contact(&json!({"last_name": "Other", "email": "p0@example.com"}));
    let mut body = rows(2);
    let clash = json!({"id": other.to_string(), "data": {"emails": "taken@example.com", "email": "taken@example.com"}});
    body["contacts"].as_array_mut().unwrap().push(clash);
    let job = submit(&app, &body).await;
    assert_eq!(app.get(&job).await.ok(200)["status"], "QUEUED");
    app.account.advance(Duration::from_millis(500));
    let running = app.get(&job).await.ok(200);
    assert_eq!((&running["status"], &running["progress"]), (&json!("IN_PROGRESS"), &json!(50)));
    assert_eq!((app.account.contacts().len(), &running["data"]), (2, &Value::Null));

    app.account.advance(Duration::from_millis(500));
    let done = app.get(&job).await.ok(200);
    assert_eq!((&done["status"], &done["progress"]), (&json!("SUCCESS"), &json!(100)));
    let report: Value = serde_json::from_str(done["data"].as_str().unwrap()).unwrap();
    assert_eq!(report["record_status"], json!({"succeeded": 2, "failed": 1}));
    assert_eq!(report["detailed_failure_report"][0]["errors"][0], "Contact is not unique");
    assert_eq!(app.account.contacts().len(), 3);
    let imported = app.get("/contacts/filters").await.json()["filters"][5].clone();
    assert_eq!(imported["name"], "Recently Imported");
    let rows = app.get(&format!("/contacts/view/{}", imported["id"])).await.ok(200);
    assert_eq!((&rows["contacts"][0]["last_name"], &rows["meta"]["total"]), (&json!("P1"), &json!(1)));
}

#[tokio::test]
async fn a_job_of_which_every_row_failed_fails() {
    let app = App::start().await;
    let job = submit(&app, &json!({"contacts": [{"id": "1", "data": {"city": "Oslo"}}]})).await;
    app.account.advance(Duration::from_secs(1));
    assert_eq!(app.get(&job).await.ok(200)["status"], "FAILED");
    app.account.set_switches(Switches { job_of_failures_fails: false, ..Switches::default() });
    assert_eq!(app.get(&job).await.ok(200)["status"], "SUCCESS");
    assert_eq!(app.get("/job_statuses/1").await.status, 404);
}

#[tokio::test]
async fn a_call_takes_a_hundred_rows_and_a_cap_of_jobs_answers_405() {
    let app = App::start().await;
    assert_eq!(app.post("/contacts/bulk_upsert", &rows(101)).await.status, 400);
    assert_eq!(app.post("/contacts/bulk_upsert", &json!({"contacts": []})).await.status, 400);
    app.account.set_switches(Switches { running_jobs_maximum: Some(1), ..Switches::default() });
    submit(&app, &rows(100)).await;
    assert_eq!(app.post("/contacts/bulk_upsert", &rows(1)).await.status, 405);
    app.account.advance(Duration::from_secs(1));
    submit(&app, &rows(1)).await;
    assert_eq!(app.account.contacts().len(), 100);
}

#[tokio::test]
async fn accounts_and_deals_are_upserted_by_name() {
    let app = App::start().await;
    for (path, body) in [
        ("/sales_accounts/bulk_upsert", json!({"sales_accounts": [{"name": "Acme", "data": {"city": "Oslo"}}]})),
        ("/deals/bulk_upsert", json!({"deals": [{"name": "Pilot", "data": {"amount": 6000}}]})),
    ] {
        app.post(path, &body).await.ok(200);
        app.post(path, &body).await.ok(200);
    }
    app.account.advance(Duration::from_secs(1));
    assert_eq!((app.account.sales_accounts().len(), app.account.deals().len()), (1, 1));
    assert_eq!(app.account.deals()[0]["amount"], "6000.0");
}

#[tokio::test]
async fn bulk_assign_and_destroy_take_effect_at_once() {
    let app = App::start().await;
    let [one, two] = ["A", "B"].map(|name| app.account.seed_contact(&json!({"last_name": name})));
    let owner = app.account.selector_id("owners", "Tomas Ferreira").unwrap();
    let body = json!({"selected_ids": [one, two.to_string()], "owner_id": owner});
    assert!(app.post("/contacts/bulk_assign_owner", &body).await.ok(200)["message"].is_string());
    assert!(app.account.contacts().iter().all(|contact| contact["owner_id"] == owner));
    app.post("/contacts/bulk_destroy", &json!({"selected_ids": [one]})).await.ok(200);
    assert_eq!(app.account.contacts().len(), 1);
    assert_eq!(app.post("/contacts/bulk_destroy", &json!({})).await.status, 400);
}

#[tokio::test]
async fn leads_are_handed_over_and_deleted_together_on_classic_paths() {
    let app = App::start().await;
    let ids = ["A", "B"].map(|name| app.account.seed_lead(&json!({"last_name": name})));
    let nadia = app.account.selector_id("owners", "Nadia Rahman").unwrap();
    let body = json!({"selected_ids": ids, "owner_id": nadia});
    app.classic_post("/leads/bulk_assign_owner", &body).await.ok(200);
    assert!(app.account.leads().iter().all(|lead| lead["owner_id"] == nadia));
    assert_eq!(app.post("/leads/bulk_destroy", &body).await.status, 404);
    app.classic_post("/leads/bulk_destroy", &body).await.ok(200);
    assert_eq!(app.account.leads().len(), 0);
    assert_eq!(app.classic_post("/leads/bulk_upsert", &json!({"leads": []})).await.status, 404);
}

#[tokio::test]
async fn accounts_are_deleted_with_or_without_what_hangs_on_them() {
    let app = App::start().await;
    for cascade in [false, true] {
        let account = app.account.seed(Kind::SalesAccount, &json!({"name": format!("Acme {cascade}")}));
        app.account.seed_contact(&json!({"last_name": "A", "sales_accounts": [{"id": account}]}));
        app.account.seed_deal(&json!({"name": "D", "amount": 1, "sales_account_id": account}));
        let body = json!({"selected_ids": [account], "delete_associated_contacts_deals": cascade});
        app.post("/sales_accounts/bulk_destroy", &body).await.ok(200);
    }
    let left = [Kind::SalesAccount, Kind::Contact, Kind::Deal].map(|kind| app.account.count(kind));
    assert_eq!(left, [0, 1, 1]);
}
