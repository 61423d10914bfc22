//! Replies go back as they came; where there is none, the caller is told what may have happened.

use freshsales_sandbox::{Fault, FaultKind};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::json;

use super::{contact, header};

#[tokio::test]
async fn status_body_and_quota_are_those_of_the_account() {
    let gateway = TestGateway::builder().plan(freshsales_sandbox::Plan::Growth).open().await;
    let refused = gateway.through("POST", "/api/contacts", &json!({ "contact": {} }), &[]).await;
    let missing = gateway.read_through("/api/contacts/71999999999", &[]).await;
    assert!((400..500).contains(&refused.status) && refused.body["errors"]["message"].is_array(), "{refused:?}");
    assert_eq!((missing.status, &missing.body["errors"]["message"][0]), (404, &json!("Not found")));
    assert_eq!((header(&missing, "x-ratelimit-limit"), header(&missing, "x-ratelimit-remaining")), ("1000", "998"));
    assert!(header(&missing, "content-type").starts_with("application/json"));
}

#[rstest]
#[case::done(true, 1)]
#[case::not_done(false, 0)]
#[tokio::test]
async fn a_write_without_an_answer_is_not_repeated_and_its_outcome_is_open(
    #[case] done: bool,
    #[case] contacts: usize,
) {
    let gateway = TestGateway::open().await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::Hang { then_commit: done }).times(1)]);
    let answer = gateway.through("POST", "/api/contacts", &contact("a@example.com"), &[]).await;
    assert_eq!((answer.status, answer.body["reason"].as_str()), (504, Some("timed_out")), "{answer:?}");
    assert!(answer.body["detail"].as_str().unwrap().contains("the outcome is unknown"));
    assert_eq!((gateway.account().request_count(), gateway.account().contacts().len()), (1, contacts));
}

#[rstest]
#[case::cut(FaultKind::CutBeforeCommit, 502)]
#[case::silent(FaultKind::Hang { then_commit: false }, 504)]
#[tokio::test]
async fn a_read_without_an_answer_is_told(#[case] fault: FaultKind, #[case] status: u16) {
    let gateway = TestGateway::open().await;
    gateway.account().set_faults(vec![Fault::new(fault).times(1)]);
    let answer = gateway.read_through("/api/selector/owners", &[]).await;
    assert_eq!((answer.status, header(&answer, "content-type")), (status, "application/problem+json"));
    assert!(!answer.body["detail"].as_str().unwrap().contains("unknown"), "{answer:?}");
    assert_eq!(gateway.engine().standing().hour_ours, 1, "what was sent is paid for");
}

#[tokio::test]
async fn a_request_that_its_caller_does_not_wait_for_is_counted_all_the_same() {
    let gateway = TestGateway::open().await;
    let request = contact("a@example.com");
    tokio::select! {
        biased;
        answer = gateway.through("POST", "/api/contacts", &request, &[]) => assert_eq!(answer.status, 201),
        () = super::asked(&gateway, 1) => {}
    }
    assert_eq!((gateway.account().contacts().len(), gateway.engine().standing().hour_ours), (1, 1));
}
