//! Events: alone and together, in Leadgate's own shape and as analytics libraries send them.

use std::io::Write as _;

use axum::body::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use jiff::SignedDuration;
use leadgate_core::intake::{LARGEST_BATCH, MOST_EVENTS};
use leadgate_core::submission::Route;
use rstest::rstest;
use serde_json::{Value, json};

use crate::memory_store::{End, Trouble};
use crate::test_gateway::{JsonBody, OTHER_KEY, TestGateway, post};

fn track(number: usize) -> Value {
    json!({ "type": "track", "event": "Trial Started", "userId": "7", "messageId": format!("m{number}") })
}

fn batch(events: &[Value]) -> Value {
    json!({ "batch": events, "sentAt": "2026-03-01T12:00:00Z", "writeKey": "k" })
}

async fn stored(gateway: &TestGateway, number: usize) -> (String, Value) {
    let raw = gateway.store.raw(gateway.store.arrival(number).await);
    assert_eq!(raw.route, Route::Event);
    (raw.label.unwrap(), serde_json::from_slice(&raw.body).unwrap())
}

#[tokio::test]
async fn one_event_is_202_with_its_status_url() {
    let gateway = TestGateway::new();
    let answer = gateway.post("/v1/events", json!({ "event": "Trial Started", "email": "ada@example.com" })).await;
    let id = gateway.store.arrival(1).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["id"], id.to_string());
    assert_eq!(answer.header("location"), format!("/v1/submissions/{id}"));
    assert_eq!(stored(&gateway, 1).await.0, "v1");
}

#[tokio::test]
async fn several_events_are_202_with_an_id_for_each() {
    let gateway = TestGateway::new();
    for body in [json!([{ "event": "A" }, { "event": "B" }]), json!({ "events": [{ "event": "C" }] })] {
        assert_eq!(gateway.post("/v1/events", body).await.status, 202);
    }
    let answer = gateway.post("/v1/events", json!([{ "event": "A" }, { "event": "D" }])).await;
    let ids = [gateway.store.arrival(1).await, gateway.store.arrival(4).await];
    let told: Vec<_> = answer.json()["events"].as_array().unwrap().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(told, ids.map(|id| json!(id.to_string())), "a repeat is told by its first id");
    assert_eq!(gateway.store.kept(), 4);
}

#[tokio::test]
async fn whoever_asks_for_it_waits_for_the_end_of_one_event() {
    let gateway = TestGateway::ending(End::Done(Default::default()));
    let answer = gateway.send(post("/v1/events").header("prefer", "wait=5").json(json!({ "event": "A" }))).await;
    assert_eq!((answer.status.as_u16(), answer.json()["status"].clone()), (200, json!("done")));
    assert_eq!(answer.header("preference-applied"), "wait=5");
    assert_eq!(gateway.post("/v1/events", json!({ "event": "B" })).await.status, 202);
}

#[tokio::test]
async fn nothing_of_own_events_is_kept_if_one_is_wrong() {
    let gateway = TestGateway::new();
    let body = json!([{ "event": "A" }, { "evnet": "B" }, { "event": "C", "email": "nonsense" }, 7]);
    let answer = gateway.post("/v1/events", body).await;
    assert_eq!(answer.status, 422);
    let fields: Vec<_> =
        answer.json()["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["events[1].evnet", "events[2].email", "events[3]"].map(Value::from));
    assert_eq!(gateway.store.kept(), 0);
}

#[rstest]
#[case::not_json("{", 400)]
#[case::typo(r#"{"evnet": "A"}"#, 400)]
#[case::no_name(r#"{"event": ""}"#, 422)]
#[case::empty("[]", 422)]
#[tokio::test]
async fn one_wrong_event_is_told_as_on_other_routes(#[case] body: &str, #[case] status: u16) {
    let gateway = TestGateway::new();
    let answer = gateway.send(post("/v1/events").text(body)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, "application/problem+json"));
}

#[rstest]
#[case("track", json!({ "event": "A", "userId": "7" }))]
#[case("identify", json!({ "userId": 7, "traits": { "email": "ada@example.com" } }))]
#[case("group", json!({ "userId": "7", "groupId": "g", "traits": { "name": "Acme" } }))]
#[case("page", json!({ "anonymousId": "d", "name": "Pricing" }))]
#[case("screen", json!({ "anonymousId": "d", "name": "Home" }))]
#[case("alias", json!({ "previousId": "d", "userId": "7" }))]
#[tokio::test]
async fn every_call_of_a_library_is_taken(#[case] call: &str, #[case] body: Value) {
    let gateway = TestGateway::new();
    let answer = gateway.post(&format!("/v1/{call}"), body.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "success": true })));
    assert_eq!(stored(&gateway, 1).await, (call.to_owned(), body));
}

#[tokio::test]
async fn a_batch_is_kept_in_order_each_event_by_itself() {
    let gateway = TestGateway::new();
    let identify = json!({ "type": "identify", "userId": "7", "messageId": "m1", "sentAt": null });
    let answer = gateway.post("/v1/batch", batch(&[identify, track(2)])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "success": true })));
    let ((first, _), (second, body)) = (stored(&gateway, 1).await, stored(&gateway, 2).await);
    assert_eq!((first.as_str(), second.as_str(), gateway.store.kept()), ("identify", "track", 2));
    assert_eq!((&body["sentAt"], body.get("writeKey")), (&json!("2026-03-01T12:00:00Z"), None));
    assert_eq!(gateway.post("/v1/batch", batch(&[])).await.status, 200);
}

#[tokio::test]
async fn what_a_library_sends_again_is_kept_once() {
    let gateway = TestGateway::new();
    gateway.post("/v1/batch", batch(&[track(1), track(2), track(1)])).await;
    let mut again = batch(&[track(2), track(3)]);
    again["sentAt"] = json!("2026-03-01T12:00:30Z");
    gateway.clock.step(SignedDuration::from_hours(1));
    assert_eq!(gateway.post("/v1/batch", again).await.status, 200);
    gateway.post("/v1/track", track(3)).await;
    assert_eq!(gateway.store.kept(), 3);
    let other = Request::post("/v1/track").header("x-leadgate-key", OTHER_KEY).json(track(1));
    gateway.send(other).await;
    assert_eq!(gateway.store.kept(), 4, "another app's ids are its own");
}

#[tokio::test]
async fn without_an_id_the_same_content_is_a_repeat_for_a_while() {
    let gateway = TestGateway::new();
    let event = json!({ "type": "track", "event": "A", "userId": "7" });
    for (step, kept) in [(0, 1), (60, 1), (120, 2)] {
        gateway.clock.step(SignedDuration::from_secs(step));
        let mut body = batch(std::slice::from_ref(&event));
        body["sentAt"] = json!(format!("2026-03-01T12:00:{step:03}"));
        gateway.post("/v1/batch", body).await;
        assert_eq!(gateway.store.kept(), kept);
    }
}

#[tokio::test]
async fn the_header_names_one_event_but_not_several() {
    let gateway = TestGateway::new();
    let send = |body: Value| gateway.send(post("/v1/events").header("idempotency-key", "k").json(body));
    assert_eq!(send(json!({ "event": "A" })).await.status, 202);
    assert_eq!(send(json!({ "event": "A" })).await.status, 202);
    assert_eq!(send(json!({ "event": "B" })).await.status, 422);
    assert_eq!(send(json!([{ "event": "A" }, { "event": "B" }])).await.status, 400);
    assert_eq!(gateway.store.kept(), 1);
}

#[tokio::test]
async fn of_a_librarys_batch_what_can_be_read_is_kept() {
    let gateway = TestGateway::new();
    let large = json!({ "type": "track", "event": "A", "properties": { "a": "x".repeat(33_000) } });
    let answer = gateway.post("/v1/batch", batch(&[json!({ "type": "track" }), track(1), json!(7), large])).await;
    assert_eq!((answer.status.as_u16(), gateway.store.kept()), (200, 1));
    assert_eq!(gateway.post("/v1/batch", batch(&[json!({ "type": "track" })])).await.status, 422);
    assert_eq!(gateway.post("/v1/batch", json!({})).await.status, 400);
    assert_eq!(gateway.store.kept(), 1);
}

#[tokio::test]
async fn a_batch_has_limits() {
    let gateway = TestGateway::new();
    let many: Vec<Value> = (0..MOST_EVENTS).map(|n| json!({ "type": "page", "messageId": n.to_string() })).collect();
    assert_eq!(gateway.post("/v1/batch", batch(&many)).await.status, 200);
    assert_eq!(gateway.store.kept(), MOST_EVENTS);
    assert_eq!(gateway.post("/v1/batch", batch(&[many, vec![track(1)]].concat())).await.status, 422);
    let padded = format!("{{\"batch\":[]{}}}", " ".repeat(LARGEST_BATCH));
    assert_eq!(gateway.send(post("/v1/batch").text(&padded)).await.status, 413);
    assert_eq!(gateway.store.kept(), MOST_EVENTS);
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn packed(encoding: &str, body: Vec<u8>) -> Request<Body> {
    let request = post("/v1/batch").header("content-type", "application/json").header("content-encoding", encoding);
    request.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_packed_batch_is_unpacked() {
    let gateway = TestGateway::new();
    for (number, encoding) in ["gzip", "GZIP", "x-gzip"].iter().enumerate() {
        let body = gzip(batch(&[track(number)]).to_string().as_bytes());
        assert_eq!(gateway.send(packed(encoding, body)).await.status, 200);
    }
    assert_eq!(gateway.store.kept(), 3);
}

#[rstest]
#[case::a_bomb("gzip", gzip(&vec![b' '; 4_000_000]), 413)]
#[case::a_bomb_in_members("gzip", gzip(&[b' '; 100_000]).repeat(10), 413)]
#[case::cut_short("gzip", { let mut body = gzip(b"{\"batch\":[]}"); body.truncate(20); body }, 400)]
#[case::not_packed("gzip", b"{\"batch\":[]}".to_vec(), 400)]
#[case::twice("gzip", gzip(&gzip(b"{\"batch\":[]}")), 400)]
#[case::twice_said("gzip, gzip", gzip(&gzip(b"{\"batch\":[]}")), 415)]
#[case::another("br", b"x".to_vec(), 415)]
#[case::empty("gzip", Vec::new(), 400)]
#[tokio::test]
async fn a_packed_body_that_is_not_right_is_refused(
    #[case] encoding: &str,
    #[case] body: Vec<u8>,
    #[case] status: u16,
) {
    let gateway = TestGateway::new();
    assert_eq!(gateway.send(packed(encoding, body)).await.status, status);
    assert_eq!(gateway.store.kept(), 0);
}

#[tokio::test]
async fn a_store_that_fails_is_a_5xx_so_that_a_library_tries_again() {
    for (trouble, status) in [(Trouble::DiskFull, 507), (Trouble::Unavailable, 503)] {
        let gateway = TestGateway::new();
        gateway.store.trouble(trouble);
        assert_eq!(gateway.post("/v1/batch", batch(&[track(1)])).await.status, status);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn whatever_is_sent_is_answered_and_never_with_a_5xx(body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let gateway = TestGateway::new();
        for (path, encoding) in [("/v1/events", "identity"), ("/v1/batch", "gzip"), ("/v1/track", "identity")] {
            let request = post(path).header("content-type", "application/json").header("content-encoding", encoding);
            let answer = runtime.block_on(gateway.send(request.body(Body::from(body.clone())).unwrap()));
            assert!(answer.status.as_u16() < 500, "{answer:?}");
        }
    }
}
