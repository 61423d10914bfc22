//! What a CRM that is down costs, and what becomes of the work when the gateway itself fails in the middle of a call.

use std::sync::Arc;
use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Generation, Plan};
use leadgate_testkit::{CrmThatPanics, TestGateway};
use rstest::rstest;
use serde_json::json;

const LEADS: usize = 300;

/// A gateway with many leads that wait, one call for each of them, and a CRM that fails every request.
async fn in_an_outage(kind: FaultKind) -> TestGateway {
    let gateway = TestGateway::builder().engine(|engine| engine.pack_from = usize::MAX).open().await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    gateway.account().set_faults(vec![Fault::new(kind)]);
    for number in 0..LEADS {
        gateway.post("/v1/leads", &json!({ "email": format!("lead{number}@example.com") })).await;
    }
    gateway.account().clear_requests();
    gateway
}

async fn work_for(gateway: &TestGateway, seconds: usize) {
    for _ in 0..seconds {
        gateway.engine().run_once().await.unwrap();
        gateway.account().advance(Duration::from_secs(1));
    }
}

#[rstest]
#[case::unreachable(FaultKind::CutBeforeCommit)]
#[case::page_of_a_proxy(FaultKind::ServerErrorHtml { status: 503 })]
#[tokio::test]
async fn an_outage_costs_a_few_requests_however_many_wait_and_loses_nothing(#[case] kind: FaultKind) {
    let gateway = in_an_outage(kind).await;
    work_for(&gateway, 600).await;
    let (asked, standing) = (gateway.account().request_count(), gateway.engine().standing());
    assert!((15..=45).contains(&asked), "{asked} requests in ten minutes of outage");
    assert_eq!((standing.stopped.unwrap().class.as_str(), standing.room), ("outage", [0; 4]));
    gateway.account().clear_faults();
    gateway.settle().await;
    assert_eq!((gateway.engine().standing().stopped, gateway.account().contacts().len()), (None, LEADS + 1));
}

#[tokio::test]
async fn the_end_of_an_outage_is_noticed_within_a_minute() {
    let gateway = in_an_outage(FaultKind::CutBeforeCommit).await;
    work_for(&gateway, 3_600).await;
    gateway.account().clear_faults();
    work_for(&gateway, 62).await;
    assert_eq!(gateway.engine().standing().stopped, None);
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn a_call_that_panics_is_retried_and_its_permit_is_not_lost(#[case] generation: Generation) {
    let panicking = |crm| Arc::new(CrmThatPanics::new(crm, 5)) as Arc<_>;
    let gateway = TestGateway::builder().generation(generation).plan(Plan::Growth).crm(panicking).open().await;
    gateway.post("/v1/leads", &json!({ "email": "ada@example.com", "note": "Wants a demo" })).await;
    gateway.settle().await;
    let account = gateway.account();
    let people = account.contacts().len() + account.leads().len();
    assert_eq!((people, account.notes().len()), (1, 1), "{:#?}", account.requests());
    // The hour rolls on: requests that count as under way would be counted into every hour to come.
    account.advance(Duration::from_secs(3_600));
    assert_eq!(gateway.engine().standing().hour_ours, 0);
}

/// Whoever looked for it meanwhile would find the same work again and again.
#[tokio::test]
async fn work_that_waits_for_the_next_hour_is_looked_for_then() {
    let quota = TestGateway::builder().plan(Plan::Custom { hour: 20, minute: 400 });
    let gateway = quota.engine(|engine| engine.pack_from = usize::MAX).open().await;
    for number in 0..30 {
        gateway.post("/v1/leads", &json!({ "email": format!("lead{number}@example.com") })).await;
    }
    while !gateway.engine().run_once().await.unwrap().is_idle() {}
    let due = gateway.engine().next_due().await.unwrap().unwrap();
    let wait = due.duration_since(gateway.account().now()).as_secs();
    assert!((3_590..=3_601).contains(&wait), "{wait}");
}
