//! The account's time, and what goes by it.

use std::time::Duration;

use freshsales_sandbox::{Clock, Fault, FaultKind, Kind, SandboxConfig};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, START, config};

async fn put(app: &App, path: &str, body: Value) -> crate::client::Got {
    App::send(app.http.request(Method::PUT, format!("{}/__sandbox{path}", app.sandbox.root_url())).json(&body)).await
}

#[tokio::test]
async fn an_accelerated_clock_runs_ahead_of_the_machine_s() {
    let app = App::with(SandboxConfig { clock: Clock::Accelerated(1_000_000.0), ..config() }).await;
    let before = app.account.now();
    // One request takes some microseconds, which are minutes of the account.
    app.get("/selector/owners").await.ok(200);
    let passed = app.account.now().duration_since(before);
    assert!(passed.as_secs() > 10, "{passed:?}");
}

#[tokio::test]
async fn the_control_api_stops_speeds_up_and_moves_the_clock_but_never_back() {
    let app = App::start().await;
    let fast = put(&app, "/clock", json!({"mode": {"accelerated": 1000.0}})).await.ok(200);
    assert_eq!((&fast["stepped"], &fast["factor"]), (&json!(false), &json!(1000.0)));
    let later = json!({"mode": "stepped", "now": "2026-06-20T00:00:00Z"});
    put(&app, "/clock", later).await.ok(200);
    let stands = app.account.now();
    assert!(stands.to_string().starts_with("2026-06-20T00:0"), "{stands}");
    assert_eq!(app.account.now(), stands);
    assert_eq!(put(&app, "/clock", json!({"now": START})).await.status, 400);
    assert_eq!(put(&app, "/clock", json!({"mode": {"accelerated": -1}})).await.status, 400);
    assert_eq!(put(&app, "/clock", json!({"mode": "real"})).await.ok(200)["factor"], 1.0);
}

#[tokio::test]
async fn jobs_take_as_long_as_they_are_told() {
    let app = App::start().await;
    put(&app, "/job-duration", json!({"seconds": 60})).await.ok(200);
    let rows = json!({"contacts": [{"emails": "a@example.com", "data": {"last_name": "A"}}]});
    app.post("/contacts/bulk_upsert", &rows).await.ok(200);
    app.account.advance(Duration::from_secs(59));
    assert_eq!(app.account.count(Kind::Contact), 0);
    app.account.advance(Duration::from_secs(1));
    assert_eq!(app.account.count(Kind::Contact), 1);
}

#[rstest]
#[case::before(0, 200)]
#[case::from_then_on(60, 500)]
#[case::still(119, 500)]
#[case::after(120, 200)]
#[tokio::test]
async fn a_fault_can_be_scheduled(#[case] seconds: u64, #[case] status: u16) {
    let app = App::start().await;
    let start = app.account.now();
    let at = |seconds| start.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
    app.account.set_faults(vec![Fault::new(FaultKind::FailBeforeCommit).between(at(60), at(120))]);
    app.account.advance(Duration::from_secs(seconds));
    assert_eq!(app.get("/selector/owners").await.status, status);
}

#[tokio::test]
async fn faults_are_scripted_over_http_by_pattern_and_time() {
    let app = App::start().await;
    let note =
        json!({"kind": "fail_before_commit", "methods": ["POST"], "path": "/contacts/{id}/clone", "remaining": 1});
    put(&app, "/faults", json!({"faults": [note]})).await.ok(200);
    let late =
        json!({"kind": "server_error_html", "status": 503, "path": "/selector/**", "from": "2026-06-15T13:00:00Z"});
    let url = format!("{}/__sandbox/faults", app.sandbox.root_url());
    App::send(app.http.post(url).json(&json!({"faults": [late]}))).await.ok(200);
    assert_eq!(app.account.faults().len(), 2);
    let contact = app.account.seed_contact(&json!({"last_name": "Okafor"}));
    let clone = format!("/contacts/{contact}/clone");
    assert_eq!(app.post(&clone, &json!({})).await.status, 500);
    assert_ne!(app.post(&clone, &json!({})).await.status, 500);
    assert_eq!(app.get("/selector/owners").await.status, 200);
    app.account.advance(Duration::from_secs(1800));
    assert_eq!(app.get("/selector/owners").await.status, 503);
}
