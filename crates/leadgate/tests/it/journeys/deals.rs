//! Deals move by the names that people use.

use leadgate_testkit::TestGateway;
use serde_json::json;

async fn with_deal() -> (TestGateway, i64) {
    let gateway = TestGateway::open().await;
    let deal = gateway.account().seed_deal(&json!({ "name": "Engine", "amount": 10 }));
    (gateway, deal)
}

async fn moved(gateway: &TestGateway, path: String, body: serde_json::Value) -> leadgate_testkit::Answer {
    gateway.pumped(gateway.put_waiting(&path, &body)).await
}

#[tokio::test]
async fn the_guides_stage_id_moves_the_deal_and_shows_it() {
    let (gateway, deal) = with_deal().await;
    let stage = gateway.account().stage_id("Demo").unwrap();
    let answer = moved(&gateway, format!("/deals/{deal}/stage"), json!({ "stageId": stage })).await;
    assert_eq!((&answer.body["success"], &answer.body["deal"]["deal_stage_id"]), (&json!(true), &json!(stage)));
}

#[tokio::test]
async fn a_stage_made_a_moment_ago_is_found_by_name() {
    let (gateway, deal) = with_deal().await;
    moved(&gateway, format!("/v1/deals/{deal}/stage"), json!({ "stage": "Demo" })).await;
    gateway.account().advance(std::time::Duration::from_secs(120));
    let stage = gateway.account().add_stage("Trial Active");
    moved(&gateway, format!("/v1/deals/{deal}/stage"), json!({ "stage": "trial active" })).await;
    assert_eq!(gateway.account().deals()[0]["deal_stage_id"], json!(stage));
}

#[tokio::test]
async fn a_stage_that_does_not_exist_is_answered_with_those_that_do() {
    let (gateway, deal) = with_deal().await;
    let answer = moved(&gateway, format!("/deals/{deal}/stage"), json!({ "stageId": "Signed" })).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body["valid"].as_array().unwrap().contains(&json!("Negotiation")), "{}", answer.body);
}

#[tokio::test]
async fn a_stage_that_was_remade_under_another_id_is_read_again_once() {
    let (gateway, deal) = with_deal().await;
    let old = gateway.account().add_stage("Trial Active");
    moved(&gateway, format!("/v1/deals/{deal}/stage"), json!({ "stage": "Trial Active" })).await;
    moved(&gateway, format!("/v1/deals/{deal}/stage"), json!({ "stage": "Demo" })).await;
    gateway.account().advance(std::time::Duration::from_secs(1));
    gateway.account().remove_stage(old);
    let new = gateway.account().add_stage("Trial Active");
    moved(&gateway, format!("/v1/deals/{deal}/stage"), json!({ "stage": "Trial Active" })).await;
    assert_eq!(gateway.account().deals()[0]["deal_stage_id"], json!(new));
}

#[tokio::test]
async fn a_lead_brings_its_deal() {
    let gateway = TestGateway::open().await;
    let lead = json!({ "email": "ada@example.com", "deal": { "name": "Engine", "amount": "12.50", "stage": "Demo" } });
    let answer = gateway.land("/v1/leads", &lead).await;
    let deal = &gateway.account().deals()[0];
    assert_eq!((&answer.body["outcome"]["deal"], &deal["name"]), (&deal["id"], &json!("Engine")));
}
