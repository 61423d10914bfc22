//! Whatever the CRM does, one lead and one note; and what a person must look at waits for a person.

use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Generation, Kind, Switches};
use leadgate_store::model::{JobFilter, Progress, ReleaseOutcome};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::fails_before(FaultKind::FailBeforeCommit)]
#[case::fails_after(FaultKind::CommitThenFail)]
#[case::html(FaultKind::ServerErrorHtml { status: 503 })]
#[case::cut_after(FaultKind::CommitThenCut)]
#[case::cut_before(FaultKind::CutBeforeCommit)]
#[case::hangs(FaultKind::Hang { then_commit: false })]
#[case::hangs_and_commits(FaultKind::Hang { then_commit: true })]
#[case::quota(FaultKind::Quota429 { reset_after_seconds: Some(30) })]
#[case::wrapped_quota(FaultKind::Quota429In400)]
#[case::edge(FaultKind::EdgeThrottle { retry_after: 240 })]
#[tokio::test]
async fn each_fault_three_times_and_still_one_of_each(
    #[case] kind: FaultKind,
    #[values(Generation::Classic, Generation::Suite)] generation: Generation,
) {
    let gateway = TestGateway::of(generation).await;
    gateway.account().set_faults(vec![Fault::new(kind).after(1).times(3)]);
    gateway.post("/v1/leads", &json!({ "email": "ada@example.com", "note": "Wants a demo" })).await;
    gateway.settle().await;
    let people = gateway.account().count(Kind::Lead) + gateway.account().count(Kind::Contact);
    assert_eq!((people, gateway.account().notes().len()), (1, 1));
}

#[tokio::test]
async fn a_lead_the_crm_refuses_is_parked_with_its_sentence_and_lands_when_released() {
    let gateway = TestGateway::open().await;
    let strict = Switches { required_contact_fields: vec!["job_title".into()], ..Switches::default() };
    gateway.account().set_switches(strict);
    gateway.land("/v1/leads", &json!({ "email": "ada@example.com" })).await;
    let parked =
        gateway.store().jobs(JobFilter { progress: Some(Progress::Parked), ..JobFilter::default() }).await.unwrap();
    assert_eq!(parked[0].parking.as_ref().unwrap().reason.name(), "invalid");
    gateway.account().set_switches(Switches::default());
    let released = gateway.store().release(parked[0].id, gateway.account().now()).await.unwrap();
    gateway.settle().await;
    assert_eq!((released, gateway.account().contacts().len()), (ReleaseOutcome::Released, 1));
}

#[tokio::test]
async fn a_429_stops_the_account_until_the_reset_and_then_everything_lands() {
    let gateway = TestGateway::open().await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::Quota429 { reset_after_seconds: Some(600) }).times(1)]);
    for number in 0..5 {
        gateway.post("/v1/leads", &json!({ "email": format!("lead{number}@example.com") })).await;
    }
    gateway.account().clear_requests();
    let before = gateway.account().now();
    gateway.settle().await;
    assert!(gateway.account().now().duration_since(before).as_secs() >= 600);
    // The calls that were under way together with the refused one, and then one for each lead.
    assert!(gateway.account().request_count() <= 10, "{}", gateway.account().request_count());
    assert_eq!(gateway.account().contacts().len(), 6);
}

#[tokio::test]
async fn a_refused_key_stops_the_account_and_loses_nothing() {
    let gateway = TestGateway::open().await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::EdgeThrottle { retry_after: 60 })]);
    gateway.post("/v1/leads", &json!({ "email": "ada@example.com" })).await;
    for _ in 0..50 {
        gateway.engine().run_once().await.unwrap();
        gateway.account().advance(Duration::from_secs(60));
    }
    gateway.account().clear_faults();
    gateway.settle().await;
    assert_eq!(gateway.account().contacts().len(), 1);
}

#[tokio::test]
async fn a_write_that_its_process_did_not_outlive_is_read_back_once_it_has_settled() {
    let gateway = TestGateway::open().await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    let account = gateway.account();
    account.set_faults(vec![Fault::new(FaultKind::Hang { then_commit: true }).times(1)]);
    account.clear_requests();
    gateway.post("/v1/leads", &json!({ "email": "ada@example.com" })).await;
    let seen = async {
        while account.request_count() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        // Dropped in the middle of its call, as by the end of the process.
        pass = gateway.engine().run_once() => panic!("{pass:?}"),
        () = seen => {}
    }
    account.advance(Duration::from_secs(120));
    gateway.engine().run_once().await.unwrap();
    assert_eq!(account.request_count(), 1, "it was read back while it could still be at work");
    gateway.settle().await;
    assert_eq!((account.requests()[1].method.as_str(), account.contacts().len()), ("GET", 2));
}
