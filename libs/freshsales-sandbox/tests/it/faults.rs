//! Each fault, what the caller sees of it and what the account did.

use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Plan, SandboxConfig};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, config};

fn lead() -> Value {
    json!({"lead": {"last_name": "Haddad"}})
}

async fn hit_by(kind: FaultKind) -> App {
    let app = App::start().await;
    app.account.set_faults(vec![Fault::new(kind).times(1)]);
    app
}

fn create(app: &App) -> reqwest::RequestBuilder {
    app.request(Method::POST, "/api/leads").json(&lead())
}

#[rstest]
#[case(FaultKind::FailBeforeCommit, 500, 0)]
#[case(FaultKind::CommitThenFail, 500, 1)]
#[case(FaultKind::ServerErrorHtml { status: 502 }, 502, 0)]
#[case(FaultKind::ServerErrorHtml { status: 503 }, 503, 0)]
#[case(FaultKind::Quota429 { reset_after_seconds: None }, 429, 0)]
#[case(FaultKind::Quota429In400, 400, 0)]
#[case(FaultKind::EdgeThrottle { retry_after: 240 }, 429, 0)]
#[tokio::test]
async fn a_fault_answers_once_and_then_the_account_works(
    #[case] kind: FaultKind,
    #[case] status: u16,
    #[case] leads: usize,
) {
    let app = hit_by(kind).await;
    assert_eq!(App::send(create(&app)).await.status, status);
    assert_eq!(app.account.leads().len(), leads);
    assert_eq!(App::send(create(&app)).await.status, 200);
    let seen = app.account.requests();
    assert!(seen[0].fault.is_some() && seen[1].fault.is_none());
}

#[rstest]
#[case(FaultKind::CommitThenCut, 1)]
#[case(FaultKind::CutBeforeCommit, 0)]
#[tokio::test]
async fn a_cut_sends_no_byte(#[case] kind: FaultKind, #[case] leads: usize) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = hit_by(kind).await;
    let mut socket = tokio::net::TcpStream::connect(app.sandbox.addr()).await.unwrap();
    let body = lead().to_string();
    let request = format!(
        "POST /api/leads HTTP/1.1\r\nhost: acme.freshsales.io\r\nauthorization: Token token=sandbox-key\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    socket.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"");
    assert_eq!(app.account.leads().len(), leads);
    assert_eq!(app.account.requests()[0].status, None);
}

#[rstest]
#[case(true, 1)]
#[case(false, 0)]
#[tokio::test]
async fn a_hanging_request_may_have_had_its_effect(#[case] then_commit: bool, #[case] leads: usize) {
    let app = hit_by(FaultKind::Hang { then_commit }).await;
    let pending = create(&app).timeout(Duration::from_millis(60)).send();
    assert!(pending.await.unwrap_err().is_timeout());
    assert_eq!(app.account.leads().len(), leads);
    app.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_slow_body_is_complete() {
    let app = hit_by(FaultKind::SlowBody { chunk_bytes: 400, pause_milliseconds: 1 }).await;
    assert_eq!(App::send(create(&app)).await.ok(200)["lead"]["last_name"], "Haddad");
}

#[tokio::test]
async fn an_injected_429_resets_at_the_next_whole_second() {
    let app = App::start().await;
    let quota = |reset_after_seconds| vec![Fault::new(FaultKind::Quota429 { reset_after_seconds })];
    app.account.advance(Duration::from_millis(400));
    for (after, reset) in [(None, "150626123031"), (Some(90), "150626123200")] {
        app.account.set_faults(quota(after));
        let got = app.get("/selector/owners").await;
        assert_eq!((got.status, got.header("x-ratelimit-reset")), (429, Some(reset)));
        assert_eq!(got.header("retry-after"), None);
    }
    assert_eq!(app.account.refused_429(), 0);
}

#[tokio::test]
async fn the_edge_throttles_before_it_looks_at_the_key_and_costs_no_quota() {
    let app = App::with(SandboxConfig { plan: Plan::Growth, ..config() }).await;
    app.account.set_faults(vec![Fault::new(FaultKind::EdgeThrottle { retry_after: 240 })]);
    let got = App::send(app.http.get(format!("{}/api/selector/owners", app.sandbox.root_url()))).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("240")));
    assert_eq!(got.header("x-ratelimit-limit"), None);
    assert_eq!(app.account.quota().hour_used, 0);
}

#[tokio::test]
async fn a_busy_bulk_fault_leaves_other_calls_alone() {
    let app = App::start().await;
    app.account.set_faults(vec![Fault::new(FaultKind::BulkBusy405)]);
    assert_eq!(app.get("/selector/owners").await.status, 200);
    let rows = json!({"contacts": [{"emails": "a@example.com", "data": {"last_name": "A"}}]});
    let busy = app.post("/contacts/bulk_upsert", &rows).await;
    assert_eq!((busy.status, busy.text.as_str()), (405, ""));
}

#[tokio::test]
async fn a_fault_hits_only_what_it_matches() {
    let app = App::start().await;
    let fault = Fault::new(FaultKind::FailBeforeCommit).on("POST", "/leads").after(1).times(1);
    app.account.set_faults(vec![fault]);
    assert_eq!(app.get("/contacts/filters").await.status, 200);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(App::send(create(&app)).await.status);
    }
    assert_eq!(statuses, [200, 500, 200]);
    app.account.clear_faults();
    assert!(app.account.faults().is_empty());
}

#[tokio::test]
async fn the_same_seed_hits_the_same_requests() {
    async fn statuses(seed: u64) -> Vec<u16> {
        let app = App::with(SandboxConfig { seed, ..config() }).await;
        app.account.set_faults(vec![Fault::new(FaultKind::FailBeforeCommit).with_probability(0.5)]);
        let mut statuses = Vec::new();
        for _ in 0..24 {
            statuses.push(app.get("/selector/owners").await.status);
        }
        statuses
    }
    let first = statuses(7).await;
    assert_eq!(first, statuses(7).await);
    assert_ne!(first, statuses(8).await);
    assert!(first.contains(&200) && first.contains(&500));
}

#[tokio::test]
async fn a_cut_request_can_have_its_effect_later() {
    let app = hit_by(FaultKind::CutThenCommit { delay_milliseconds: 50 }).await;
    assert!(create(&app).send().await.is_err());
    assert_eq!((app.account.leads().len(), app.account.events_pending()), (0, 1));
    app.account.advance(Duration::from_millis(49));
    assert_eq!(app.account.leads().len(), 0);
    app.account.advance(Duration::from_millis(60));
    assert_eq!((app.account.leads().len(), app.account.events_pending()), (1, 0));
    assert_eq!(app.account.requests()[0].fault.as_deref(), Some("cut_then_commit"));
}

#[tokio::test]
async fn a_late_effect_meets_the_account_as_it_is_then() {
    let app = App::start().await;
    let late = Fault::new(FaultKind::CutThenCommit { delay_milliseconds: 5000 }).on("PUT", "/contacts").times(1);
    app.account.set_faults(vec![late]);
    let contact = app.account.seed_contact(&json!({"last_name": "First"}));
    let path = format!("/crm/sales/api/contacts/{contact}");
    let put = |name: &str| app.request(Method::PUT, &path).json(&json!({"contact": {"last_name": name}}));
    assert!(put("Late").send().await.is_err());
    App::send(put("Meanwhile")).await.ok(200);
    assert_eq!(app.account.contacts()[0]["last_name"], "Meanwhile");
    app.account.advance(Duration::from_secs(60));
    let shown = app.account.contacts()[0].clone();
    assert_eq!((&shown["last_name"], &shown["updated_at"]), (&json!("Late"), &json!("2026-06-15T12:30:35Z")));
}

#[tokio::test]
async fn a_forbidden_request_changes_nothing_and_says_so_like_a_missing_right() {
    let app = App::start().await;
    app.account.set_faults(vec![Fault::new(FaultKind::Forbidden).on("POST", "/contacts")]);
    let contact = json!({"contact": {"last_name": "Halvorsen", "email": "ingrid@example.com"}});
    let got = App::send(app.request(Method::POST, "/crm/sales/api/contacts").json(&contact)).await;
    assert_eq!(got.ok(403)["errors"]["code"], 403);
    assert_eq!(app.account.contacts().len(), 0);
}
