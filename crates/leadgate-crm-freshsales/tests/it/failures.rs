//! Each way of failing arrives as its class, with what it cost.

use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Generation, Plan, Switches};
use leadgate_core::crm::{CrmCall, CrmFailure};
use leadgate_core::record::{RecordKind, RecordRef};
use rstest::rstest;
use serde_json::{Value, json};

use crate::port::{Port, fields, start_of_time};

fn create(value: Value) -> CrmCall {
    CrmCall::CreatePerson(fields(value))
}

fn ada() -> CrmCall {
    create(json!({ "email": "ada@example.com", "last_name": "K", "mobile_number": "+4930901820" }))
}

#[rstest]
#[case::before_commit(FaultKind::FailBeforeCommit, "outcome_unknown", 0)]
#[case::html(FaultKind::ServerErrorHtml { status: 502 }, "outcome_unknown", 0)]
#[case::cut_before(FaultKind::CutBeforeCommit, "outcome_unknown", 0)]
#[case::cut_after(FaultKind::CommitThenCut, "outcome_unknown", 1)]
#[case::hang(FaultKind::Hang { then_commit: false }, "outcome_unknown", 0)]
#[case::wrapped_429(FaultKind::Quota429In400, "busy", 0)]
#[case::edge(FaultKind::EdgeThrottle { retry_after: 240 }, "throttled", 0)]
#[tokio::test]
async fn a_write_that_fails(#[case] kind: FaultKind, #[case] class: &str, #[case] landed: usize) {
    let port = Port::open(Generation::Suite).await;
    port.account().set_faults(vec![Fault::new(kind)]);
    let failure = port.call(ada()).await.result.unwrap_err();
    assert_eq!((failure.class(), port.account().contacts().len()), (class, landed));
}

#[tokio::test]
async fn a_taken_email_and_a_taken_mobile_are_told_from_other_mistakes() {
    let port = Port::open(Generation::Suite).await;
    port.account().set_switches(Switches { mobile_unique: true, ..Switches::default() });
    port.call(ada()).await.result.unwrap();
    let email = port.call(create(json!({ "email": "ada@example.com", "last_name": "K" }))).await;
    assert!(
        matches!(email.result.unwrap_err(), CrmFailure::NotUnique { field } if field.as_deref().is_none_or(|f| f == "email"))
    );
    let mobile =
        port.call(create(json!({ "email": "b@example.com", "last_name": "K", "mobile_number": "+4930901820" }))).await;
    assert!(
        matches!(mobile.result.unwrap_err(), CrmFailure::NotUnique { field } if field.as_deref().is_none_or(|f| f == "mobile_number"))
    );
}

#[tokio::test]
async fn a_wrong_key_is_an_auth_failure() {
    let port = Port::with_key(Generation::Suite, "wrong-key", Plan::Off).await;
    assert_eq!(port.call(ada()).await.result.unwrap_err().class(), "auth");
}

#[tokio::test]
async fn a_stage_that_is_gone_is_a_stale_id() {
    let port = Port::open(Generation::Suite).await;
    let deal = port.account().seed_deal(&json!({ "name": "D", "amount": 1 }));
    let failure = port.call(CrmCall::MoveDeal { deal, stage: 1, pipeline: None }).await.result.unwrap_err();
    assert_eq!(failure.class(), "stale_id");
}

#[tokio::test]
async fn a_record_that_is_gone_is_not_found() {
    let port = Port::open(Generation::Suite).await;
    let gone = RecordRef { kind: RecordKind::Contact, id: 40_299_999_999 };
    assert_eq!(port.call(CrmCall::ReadPerson(gone)).await.result.unwrap_err(), CrmFailure::NotFound);
}

#[tokio::test]
async fn the_quota_is_read_from_every_reply_and_named_when_it_is_spent() {
    let port = Port::with_key(Generation::Suite, "sandbox-key", Plan::Growth).await;
    let quota = port.call(ada()).await.quota.unwrap();
    assert_eq!((quota.limit, quota.remaining), (1000, 999));
    assert_eq!(quota.reset, Some("2026-06-15T15:00:00Z".parse().unwrap()));
    for _ in 0..3 {
        port.account().drain_quota(400);
        port.account().advance(Duration::from_secs(60));
    }
    let failure = port.call(ada()).await.result.unwrap_err();
    assert!(matches!(failure, CrmFailure::Quota { until: Some(until) } if until > start_of_time()), "{failure:?}");
}
