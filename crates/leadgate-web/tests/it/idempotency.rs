//! Repeats: told apart by key, or by content within a window.

use axum::body::Body;
use http::Request;
use jiff::SignedDuration;
use leadgate_core::job::Outcome;
use leadgate_core::record::RecordKind;
use rstest::rstest;
use serde_json::{Value, json};

use crate::memory_store::End;
use crate::test_gateway::{JsonBody, OTHER_KEY, TestGateway, guide_lead, lead, person, post};

fn keyed(path: &str, key: &str, body: Value) -> Request<Body> {
    post(path).header("idempotency-key", key).json(body)
}

#[rstest]
#[case("/leads", guide_lead())]
#[case("/v1/leads", lead())]
#[tokio::test]
async fn the_same_key_and_body_get_the_first_answer(#[case] path: &str, #[case] body: Value) {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    let first = gateway.send(keyed(path, "\"abc\"", body.clone())).await;
    gateway.clock.step(SignedDuration::from_hours(23));
    let again = gateway.send(keyed(path, "abc", body)).await;
    assert_eq!(again.status, first.status);
    let without_count = |mut body: Value| {
        body.as_object_mut().unwrap().remove("repeats");
        body
    };
    assert_eq!(without_count(again.json()), without_count(first.json()));
    assert_eq!(gateway.store.kept(), 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_422() {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    gateway.send(keyed("/leads", "abc", guide_lead())).await;
    let first = gateway.store.arrival(1).await.to_string();
    let other = json!({ "email": "bob@example.com", "firstName": "Bob" });
    let answer = gateway.send(keyed("/leads", "abc", other)).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["submission"], first);
    assert!(answer.json()["error"].as_str().unwrap().contains("new key"));
    assert_eq!(gateway.store.kept(), 1);
}

#[tokio::test]
async fn the_same_key_for_another_deal_is_422() {
    let gateway = TestGateway::ending(End::Done(Outcome { deal: Some(1), ..Outcome::default() }));
    let request = |deal| {
        let builder = crate::test_gateway::with_key(http::Method::PUT, deal).header("idempotency-key", "abc");
        builder.json(json!({ "stage": "Won" }))
    };
    assert_eq!(gateway.send(request("/v1/deals/1/stage")).await.status, 200);
    let answer = gateway.send(request("/v1/deals/2/stage")).await;
    assert_eq!(answer.json()["type"], "urn:leadgate:problem:idempotency-key-reused");
}

#[tokio::test(start_paused = true)]
async fn a_repeat_in_flight_waits_like_the_first() {
    let gateway = TestGateway::new();
    let first = gateway.spawn(keyed("/leads", "abc", guide_lead()));
    let id = gateway.store.arrival(1).await;
    let again = gateway.spawn(keyed("/leads", "abc", guide_lead()));
    tokio::task::yield_now().await;
    assert!(!again.is_finished());
    gateway.store.end(id, person(RecordKind::Lead, false));
    let (first, again) = (first.await.unwrap(), again.await.unwrap());
    assert_eq!((first.status.as_u16(), first.json()), (200, again.json()));
    assert_eq!(again.status, 200);
}

#[rstest]
#[case("")]
#[case("\"\"")]
#[case("a b")]
#[case("\"a")]
#[case("\u{e9}")]
#[tokio::test]
async fn a_key_that_is_none_is_400(#[case] key: &str) {
    let gateway = TestGateway::new();
    assert_eq!(gateway.send(keyed("/leads", key, guide_lead())).await.status, 400);
    assert_eq!(gateway.send(keyed("/v1/leads", &"k".repeat(256), lead())).await.status, 400);
    assert_eq!(gateway.store.kept(), 0);
}

#[tokio::test]
async fn without_a_key_equal_bodies_are_one_within_the_window() {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    gateway.post("/leads", guide_lead()).await;
    gateway.clock.step(SignedDuration::from_secs(119));
    gateway.post("/leads", guide_lead()).await;
    assert_eq!(gateway.store.kept(), 1);
    gateway.clock.step(SignedDuration::from_secs(2));
    gateway.post("/leads", guide_lead()).await;
    assert_eq!(gateway.store.kept(), 2);
}

#[tokio::test]
async fn callers_do_not_see_each_others_repeats() {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    gateway.post("/leads", guide_lead()).await;
    let other = Request::builder().method("POST").uri("/leads").header("x-leadgate-key", OTHER_KEY);
    gateway.send(other.json(guide_lead())).await;
    assert_eq!(gateway.store.kept(), 2);
    let (first, second) = (gateway.store.arrival(1).await, gateway.store.arrival(2).await);
    assert_ne!(gateway.store.dedupe(first), gateway.store.dedupe(second));
}

#[tokio::test]
async fn the_body_is_kept_byte_for_byte() {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    let text = " {\"firstName\" : \"Ad\\u00e0\",\n\t\"email\":\"ada@example.com\", \"more\": [1.0, 1e3]} ";
    assert_eq!(gateway.send(post("/leads").text(text)).await.status, 200);
    assert_eq!(gateway.store.raw(gateway.store.arrival(1).await).body, text.as_bytes());
}
