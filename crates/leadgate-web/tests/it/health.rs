//! Whether the process is there, ready, and what it counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use http::Request;
use leadgate_web::router;
use serde_json::json;

use crate::memory_store::Trouble;
use crate::test_gateway::{Answer, TestGateway};

async fn get_bare(gateway: &TestGateway, path: &str) -> Answer {
    gateway.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn health_in_the_guides_words() {
    let answer = get_bare(&TestGateway::new(), "/health").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "status": "ok" })));
}

#[tokio::test(start_paused = true)]
async fn ready_as_long_as_the_store_answers() {
    let gateway = TestGateway::new();
    assert_eq!(get_bare(&gateway, "/ready").await.status, 200);
    for trouble in [Trouble::Unavailable, Trouble::DiskFull, Trouble::Hangs] {
        gateway.store.trouble(trouble);
        let answer = get_bare(&gateway, "/ready").await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (503, "application/problem+json"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret-cause"));
        assert_eq!(get_bare(&gateway, "/health").await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn not_ready_when_nothing_can_be_added_and_ready_again_when_there_is_room() {
    let gateway = TestGateway::new();
    gateway.store.trouble(Trouble::NoRoom);
    assert_eq!(get_bare(&gateway, "/ready").await.status, 503);
    gateway.store.trouble(Trouble::NoReading);
    for _ in 0..3 {
        assert_eq!(get_bare(&gateway, "/ready").await.status, 200);
    }
    assert_eq!(gateway.store.looks_for_room.load(Ordering::Relaxed), 2, "a good look is believed for a while");
    gateway.store.trouble(Trouble::NoRoom);
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    assert_eq!(get_bare(&gateway, "/ready").await.status, 503);
}

#[tokio::test]
async fn a_loop_back_names_the_process_and_repeats_the_nonce() {
    let (gateway, another) = (TestGateway::new(), TestGateway::new());
    let answer = get_bare(&gateway, "/loopback/abc123").await.json();
    assert_eq!(answer["nonce"], "abc123");
    assert_eq!(answer["instance"], get_bare(&gateway, "/loopback/x").await.json()["instance"]);
    assert_ne!(answer["instance"], get_bare(&another, "/loopback/x").await.json()["instance"]);
    assert_eq!(get_bare(&gateway, "/loopback/a.b").await.status, 400);
}

#[tokio::test]
async fn not_ready_when_about_to_stop() {
    let gateway = TestGateway::new();
    gateway.gateway.lifecycle.drain();
    assert_eq!(get_bare(&gateway, "/ready").await.status, 503);
}

#[tokio::test]
async fn metrics_are_what_the_process_renders() {
    let mut gateway = TestGateway::new();
    assert_eq!(gateway.get("/metrics").await.status, 404);
    let render = Arc::new(|| "leadgate_up 1\n".to_owned());
    gateway.router = router(gateway.gateway.clone().with_metrics(render));
    let answer = gateway.get("/metrics").await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"leadgate_up 1\n"[..]));
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
}
