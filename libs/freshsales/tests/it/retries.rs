//! What is repeated, when, and what never is.

use std::time::Duration;

use freshsales::retry::{RetryPolicy, RetryingClient};
use freshsales::transport::TransportFailure;
use freshsales::{ErrorClass, Idempotency, contacts};
use rstest::rstest;

use crate::script::{Answer, Script};

const READ: Idempotency = Idempotency::Read;
const KEYED: Idempotency = Idempotency::KeyedWrite;
const WRITE: Idempotency = Idempotency::Write;

fn malformed() -> ErrorClass {
    ErrorClass::Malformed { place: freshsales::DecodeError::new("$", "an object") }
}

fn throttled(seconds: u64) -> ErrorClass {
    ErrorClass::EdgeThrottled { retry_after: Some(Duration::from_secs(seconds)) }
}

#[rstest]
#[case(READ, ErrorClass::Transient, Some(1000))]
#[case(WRITE, ErrorClass::Transient, Some(1000))]
#[case(KEYED, ErrorClass::OutcomeUnknown, Some(1000))]
#[case(WRITE, ErrorClass::OutcomeUnknown, None)]
#[case(KEYED, ErrorClass::BusyTryLater, Some(5000))]
#[case(READ, throttled(60), Some(60_000))]
#[case(READ, throttled(121), None)]
#[case(READ, ErrorClass::QuotaExceeded { reset: None }, None)]
#[case(KEYED, ErrorClass::QuotaExceeded { reset: Some(jiff::Timestamp::UNIX_EPOCH) }, None)]
#[case(KEYED, ErrorClass::Transient, Some(1000))]
#[case(WRITE, ErrorClass::BusyTryLater, Some(5000))]
#[case(WRITE, throttled(60), Some(60_000))]
#[case(READ, ErrorClass::EdgeThrottled { retry_after: None }, Some(30_000))]
#[case(READ, throttled(0), Some(1000))]
#[case(READ, malformed(), None)]
#[case(KEYED, malformed(), Some(1000))]
#[case(WRITE, malformed(), None)]
#[case(KEYED, ErrorClass::Validation { sentences: Default::default(), fields: vec![] }, None)]
#[case(KEYED, ErrorClass::NotUnique { field: None, sentences: Default::default() }, None)]
#[case(KEYED, ErrorClass::StaleId { field: None, sentences: Default::default() }, None)]
#[case(READ, ErrorClass::Forbidden, None)]
#[case(READ, ErrorClass::WrongAccount, None)]
#[case(READ, ErrorClass::Unexpected, None)]
#[case(READ, ErrorClass::ListCutShort { first_missing: 3, pages: 5 }, None)]
#[case(KEYED, ErrorClass::ChangedMeanwhile { attempts: 4, written: false }, None)]
#[case(READ, ErrorClass::Setup { reason: String::new() }, None)]
#[case(READ, ErrorClass::Auth, None)]
#[case(READ, ErrorClass::NotFound, None)]
fn a_class_is_repeated_or_not(#[case] kind: Idempotency, #[case] class: ErrorClass, #[case] wait_ms: Option<u64>) {
    let wait = RetryPolicy::default().wait_before_retry(1, kind, &class, 1.0);
    assert_eq!(wait, wait_ms.map(Duration::from_millis));
}

#[rstest]
#[case(1, 0.0, Some(500))]
#[case(2, 1.0, Some(2000))]
#[case(3, 1.0, Some(4000))]
#[case(9, 1.0, Some(30_000))]
#[case(10, 1.0, None)]
#[case(1, 7.0, Some(1000))]
fn waits_double_up_to_a_limit(#[case] attempt: u32, #[case] jitter: f64, #[case] wait_ms: Option<u64>) {
    let wait = RetryPolicy::default().attempts(10).wait_before_retry(attempt, READ, &ErrorClass::Transient, jitter);
    assert_eq!(wait, wait_ms.map(Duration::from_millis));
}

fn impatient(script: &Script) -> RetryingClient {
    let mut policy = RetryPolicy::default().attempts(3);
    policy.first_wait = Duration::ZERO;
    RetryingClient::new(script.client(), policy)
}

#[tokio::test]
async fn a_read_is_repeated_until_it_works() {
    let answers = [
        Answer::Fail(TransportFailure::TimedOut),
        Answer::Reply(502, "<html>"),
        Answer::Reply(200, r#"{"contact":{"id":1}}"#),
    ];
    let script = Script::of(answers);
    assert_eq!(impatient(&script).send(&contacts::view(1)).await.unwrap().output.record.id, 1);
    assert_eq!(script.urls().len(), 3);
}

#[tokio::test]
async fn the_last_failure_is_told_when_the_attempts_are_used_up() {
    let script = Script::of(std::iter::repeat_n(Answer::Reply(500, ""), 3));
    let error = impatient(&script).send(&contacts::view(1)).await.unwrap_err();
    assert_eq!(error.meta().status, Some(500));
    assert_eq!(script.urls().len(), 3);
}

#[tokio::test]
async fn a_plain_write_with_an_unknown_outcome_is_sent_once() {
    let script = Script::of([Answer::Fail(TransportFailure::Cut)]);
    let error = impatient(&script).send(&contacts::create(contacts::ContactAttributes::new())).await.unwrap_err();
    assert!(error.may_have_happened());
    assert_eq!(script.urls().len(), 1);
}
