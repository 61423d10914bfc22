//! What operators see and do of deliveries.

use std::sync::Arc;

use axum::body::Body;
use leadgate_core::rules::Rules;
use rstest::rstest;
use serde_json::json;

use crate::test_gateway::{TestGateway, post};

const RULES: &str = "[destinations.sales]\nkind = \"slack\"\nurl = \"https://hooks.example.com/sesame\"";

fn gateway() -> TestGateway {
    TestGateway::with(|settings| settings.reading.rules = Arc::new(Rules::parse(RULES, &|_| None).unwrap()))
}

async fn ask(gateway: &TestGateway, path: &str) -> (u16, serde_json::Value) {
    let answer = gateway.send(post(path).body(Body::empty()).unwrap()).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn a_test_is_a_delivery_like_any_other() {
    let gateway = gateway();
    let (status, sent) = ask(&gateway, "/v1/destinations/sales/test").await;
    assert_eq!((status, &sent["destination"]), (202, &json!("sales")));
    let story = gateway.get(&format!("/v1/deliveries/{}", sent["delivery"].as_str().unwrap())).await.json();
    assert_eq!(
        (&story["test"], &story["status"], &story["attempts_made"]),
        (&json!(true), &json!("waiting"), &json!([]))
    );
    assert_eq!(
        gateway.get("/v1/deliveries?status=waiting&destination=sales").await.json()["deliveries"][0]["id"],
        sent["delivery"]
    );
    assert_eq!(gateway.get("/v1/deliveries?status=parked").await.json(), json!({"deliveries": []}));
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let gateway = gateway();
    assert_eq!(gateway.get("/v1/deliveries/msg_1").await.status, 404);
    assert_eq!(gateway.get("/v1/deliveries?status=lost").await.status, 400);
    assert_eq!(ask(&gateway, "/v1/deliveries/msg_1/retry").await.0, 404);
    let (status, problem) = ask(&gateway, "/v1/destinations/nobody/test").await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:leadgate:problem:no-such-destination")));
    let (status, problem) = ask(&gateway, "/v1/destinations/nobody/enable").await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:leadgate:problem:no-such-destination")));
    assert_eq!(ask(&gateway, "/v1/destinations/sales/enable").await.0, 200);
}

#[rstest]
#[case("/v1/deliveries/%FF/retry")]
#[case("/v1/destinations/%FF/test")]
#[case("/v1/destinations/%FF/enable")]
#[case("/v1/jobs/%FF/release")]
#[tokio::test]
async fn a_name_that_is_no_text_is_answered_as_a_problem(#[case] path: &str) {
    let (status, problem) = ask(&gateway(), path).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:leadgate:problem:no-such-path")));
}

#[tokio::test]
async fn parked_ones_are_retried_in_bulk() {
    let gateway = gateway();
    assert_eq!(ask(&gateway, "/v1/deliveries/retry").await, (200, json!({"retried": 2})));
    assert_eq!(ask(&gateway, "/v1/deliveries/retry?destination=sales").await, (200, json!({"retried": 1})));
}

#[tokio::test]
async fn destinations_are_listed_without_their_secrets() {
    let answer = gateway().get("/v1/destinations").await;
    assert_eq!(answer.json()["destinations"][0]["kind"], "slack");
    assert!(!String::from_utf8_lossy(&answer.body).contains("sesame"));
}
