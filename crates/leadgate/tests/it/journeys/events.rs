//! Events: from the door to what is decided and remembered. What rules make of them is the playbook's.

use std::collections::BTreeMap;

use leadgate_testkit::TestGateway;
use serde_json::{Value, json};

/// Sends a batch as an analytics library does, and has it worked off.
async fn send(gateway: &TestGateway, events: Value) {
    let body = json!({ "batch": events, "sentAt": "2026-06-15T14:00:00Z", "writeKey": "k" });
    assert_eq!(gateway.post("/v1/batch", &body).await.body, json!({ "success": true }));
    gateway.settle().await;
}

/// What the story of one event says, by `Prefer: wait`.
async fn story(gateway: &TestGateway, event: Value) -> Value {
    gateway.land("/v1/events", &event).await.body
}

async fn unplanned(gateway: &TestGateway) -> usize {
    gateway.store().unplanned([100; 4]).await.unwrap().len()
}

#[tokio::test]
async fn a_batch_is_planned_once_and_in_order() {
    let gateway = TestGateway::open().await;
    let identify =
        json!({ "type": "identify", "userId": "7", "messageId": "m1", "traits": { "email": "ada@example.com" } });
    let track = json!({ "type": "track", "userId": "7", "messageId": "m2", "event": "Trial Started" });
    for _ in 0..2 {
        send(&gateway, json!([identify, track])).await;
    }
    let jobs = gateway.store().jobs(Default::default()).await.unwrap();
    assert_eq!((jobs.len(), unplanned(&gateway).await), (2, 0));
    let first = gateway.get(&format!("/v1/submissions/{}", jobs[1].submission)).await.body;
    assert_eq!((first["status"].as_str(), first["repeats"].as_i64()), (Some("done"), Some(1)), "{first}");
}

#[tokio::test]
async fn a_person_who_was_identified_is_known_to_later_events() {
    let gateway = TestGateway::open().await;
    let nobody = story(&gateway, json!({ "event": "Trial Started", "user_id": "7" })).await;
    assert!(nobody.to_string().contains("no e-mail address is known"), "{nobody}");
    send(&gateway, json!([{ "type": "identify", "userId": "7", "traits": { "email": "ada@example.com" } }])).await;
    let known = story(&gateway, json!({ "event": "Trial Ended", "user_id": "7" })).await;
    assert!(known.to_string().contains("was known from earlier events"), "{known}");
}

#[tokio::test]
async fn within_one_batch_a_later_event_knows_what_an_earlier_one_said() {
    let gateway = TestGateway::open().await;
    let batch = json!([
        { "type": "identify", "userId": "7", "anonymousId": "d", "traits": { "email": "ada@example.com", "plan": "Free" } },
        { "type": "identify", "userId": "7", "traits": { "plan": "Pro" } },
    ]);
    send(&gateway, batch).await;
    let keys = profile_keys("7", "d");
    let profiles: BTreeMap<_, _> = gateway.store().profiles(keys.clone()).await.unwrap();
    assert_eq!(profiles[&keys[0]]["traits"]["plan"], "Pro");
    assert_eq!(profiles[&keys[1]]["email"], "ada@example.com");
}

fn profile_keys(user: &str, device: &str) -> Vec<String> {
    let (user_id, anonymous_id) = (Some(user.to_owned()), Some(device.to_owned()));
    let event = leadgate_core::intake::Event { user_id, anonymous_id, ..Default::default() };
    leadgate_core::profile::keys_of(&event)
}
