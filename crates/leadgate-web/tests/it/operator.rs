//! What operators do.

use http::StatusCode;
use leadgate_core::steps::ParkReason;
use serde_json::json;

use crate::memory_store::Trouble;
use crate::test_gateway::{TestGateway, parked, post};

#[tokio::test]
async fn every_parked_job_is_released_at_once() {
    let gateway = TestGateway::ending(parked(ParkReason::NotFound, &[]));
    for number in 0..3 {
        gateway.post("/v1/leads", json!({"email": format!("lead{number}@example.com")})).await;
    }
    let release = async || gateway.send(post("/v1/jobs/release").body(axum::body::Body::empty()).unwrap()).await;
    let released = release().await;
    assert_eq!((released.status, released.json()), (StatusCode::OK, json!({"released": 3})));
    assert_eq!(release().await.json(), json!({"released": 0}));
}

#[tokio::test]
async fn the_release_of_all_needs_a_key_and_a_store() {
    let gateway = TestGateway::new();
    let without_key = http::Request::post("/v1/jobs/release").body(axum::body::Body::empty()).unwrap();
    assert_eq!(gateway.send(without_key).await.status, StatusCode::UNAUTHORIZED);
    gateway.store.trouble(Trouble::Unavailable);
    let released = gateway.send(post("/v1/jobs/release").body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(released.status, StatusCode::SERVICE_UNAVAILABLE);
}
