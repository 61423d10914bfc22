//! Whether the process is there, ready, and what it counted.

use std::sync::Arc;

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
