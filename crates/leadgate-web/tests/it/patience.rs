//! How long callers wait, and what they are told when the end is yet to come.

use std::sync::atomic::Ordering;
use std::time::Duration;

use leadgate_core::record::RecordKind;
use leadgate_store::model::Progress;
use serde_json::json;
use tokio::time::Instant;

use crate::memory_store::Trouble;
use crate::test_gateway::{JsonBody, TestGateway, guide_lead, lead, person, post};

#[tokio::test(start_paused = true)]
async fn the_end_answers_at_once() {
    let gateway = TestGateway::new();
    let started = Instant::now();
    let waiting = gateway.spawn(post("/leads").json(guide_lead()));
    let id = gateway.store.arrival(1).await;
    gateway.store.end(id, person(RecordKind::Lead, false));
    assert_eq!(waiting.await.unwrap().json()["leadId"], 501);
    assert!(started.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn an_end_without_a_signal_is_found_all_the_same() {
    let gateway = TestGateway::new();
    let started = Instant::now();
    let waiting = gateway.spawn(post("/leads").json(guide_lead()));
    let id = gateway.store.arrival(1).await;
    tokio::task::yield_now().await;
    gateway.store.end_silently(id, person(RecordKind::Lead, false));
    assert_eq!(waiting.await.unwrap().status, 200);
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_signal_before_the_end_is_not_taken_for_it() {
    let gateway = TestGateway::new();
    let waiting = gateway.spawn(post("/leads").json(guide_lead()));
    let id = gateway.store.arrival(1).await;
    tokio::task::yield_now().await;
    leadgate_store::Store::signals(&*gateway.store).ended(id);
    assert_eq!(waiting.await.unwrap().status, 202);
}

#[tokio::test(start_paused = true)]
async fn when_patience_is_used_up_the_guides_caller_is_told_where_to_ask() {
    let gateway = TestGateway::new();
    let started = Instant::now();
    let answer = gateway.post("/leads", guide_lead()).await;
    assert_eq!(started.elapsed().as_secs(), 10);
    let id = gateway.store.arrival(1).await.to_string();
    let url = format!("/v1/submissions/{id}");
    assert_eq!(answer.status, 202);
    assert_eq!((answer.header("location"), answer.header("retry-after")), (url.as_str(), "1"));
    assert_eq!(answer.header("preference-applied"), "");
    assert_eq!(answer.json(), json!({ "success": true, "status": "accepted", "submission": id, "statusUrl": url }));
}

#[tokio::test(start_paused = true)]
async fn a_v1_caller_is_told_how_far_it_is() {
    let gateway = TestGateway::new();
    let waiting = gateway.spawn(post("/v1/leads").header("prefer", "wait=3").json(lead()));
    let id = gateway.store.arrival(1).await;
    gateway.store.change(id, |story| story.progress = Progress::Working);
    let started = Instant::now();
    let answer = waiting.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 3);
    assert_eq!(answer.header("preference-applied"), "wait=3");
    let url = format!("/v1/submissions/{id}");
    assert_eq!(answer.json(), json!({ "id": id.to_string(), "status": "working", "status_url": url }));
}

#[tokio::test(start_paused = true)]
async fn a_longer_wait_than_allowed_is_cut() {
    let gateway = TestGateway::with(|settings| settings.longest_patience = Duration::from_secs(20));
    let started = Instant::now();
    let answer = gateway.send(post("/v1/leads").header("prefer", "wait=3600").json(lead())).await;
    assert_eq!((answer.status.as_u16(), started.elapsed().as_secs()), (202, 20));
    assert_eq!(answer.header("preference-applied"), "wait=20");
}

#[tokio::test(start_paused = true)]
async fn respond_async_answers_after_the_commit_and_reads_nothing() {
    let gateway = TestGateway::new();
    let started = Instant::now();
    for _ in 0..2 {
        let answer = gateway.send(post("/v1/leads").header("prefer", "respond-async").json(lead())).await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.header("preference-applied"), "respond-async");
        let id = gateway.store.arrival(1).await.to_string();
        assert_eq!((answer.json()["id"].clone(), answer.json()["status"].clone()), (json!(id), json!("received")));
    }
    assert!(started.elapsed().is_zero());
    assert_eq!((gateway.store.kept(), gateway.store.reads.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_does_not_undo_what_was_kept() {
    let gateway = TestGateway::new();
    gateway.store.trouble(Trouble::NoReading);
    let answer = gateway.post("/leads", guide_lead()).await;
    assert_eq!((answer.status.as_u16(), gateway.store.kept()), (202, 1));
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_answered_when_the_process_is_about_to_stop() {
    let gateway = TestGateway::new();
    let waiting = gateway.spawn(post("/leads").header("prefer", "wait=60").json(guide_lead()));
    gateway.store.arrival(1).await;
    let started = Instant::now();
    gateway.gateway.lifecycle.drain();
    assert_eq!(waiting.await.unwrap().status, 202);
    assert!(started.elapsed() < Duration::from_millis(10));
}
