//! The integration guide's shapes: its callers change one URL and add a key header.

use leadgate_core::job::Outcome;
use leadgate_core::record::RecordKind;
use leadgate_core::steps::ParkReason;
use rstest::rstest;
use serde_json::{Value, json};

use crate::memory_store::End;
use crate::test_gateway::{TestGateway, guide_lead, parked, person};

#[rstest]
#[case(RecordKind::Lead, false, json!({ "success": true, "existing": false, "leadId": 501 }))]
#[case(RecordKind::Contact, false, json!({ "success": true, "existing": false, "leadId": 501, "contactId": 501 }))]
#[case(RecordKind::Contact, true, json!({ "success": true, "existing": true, "contactId": 501 }))]
#[case(RecordKind::Lead, true, json!({ "success": true, "existing": true, "leadId": 501 }))]
#[tokio::test]
async fn a_lead(#[case] kind: RecordKind, #[case] existing: bool, #[case] expected: Value) {
    let answer = TestGateway::ending(person(kind, existing)).post("/leads", guide_lead()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_note() {
    let gateway = TestGateway::ending(End::Done(Outcome { note: Some(77), ..Outcome::default() }));
    let note = json!({ "notable_type": "Contact", "notable_id": 501, "description": "called" });
    let answer = gateway.post("/notes", note).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "success": true, "noteId": 77 })));
}

#[tokio::test]
async fn a_stage_move_shows_the_deal_as_the_crm_did() {
    let shown = json!({ "id": 9, "name": "Big", "deal_stage_id": 4 });
    let end = Outcome { deal: Some(9), shown: Some(shown.clone()), ..Outcome::default() };
    let gateway = TestGateway::ending(End::Done(end));
    let answer = gateway.put("/deals/9/stage", json!({ "stageId": 4 })).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "success": true, "deal": shown })));
    let id = gateway.store.arrival(1).await;
    assert_eq!(gateway.store.raw(id).target, Some(9));
}

#[rstest]
#[case("/leads", json!({ "email": "a@example.com" }), "email and firstName are required")]
#[case("/leads", json!({ "email": "", "firstName": "A" }), "email and firstName are required")]
#[case("/notes", json!({ "notable_id": 1 }), "notable_type, notable_id, and description are required")]
#[tokio::test]
async fn missing_fields_in_the_guides_sentences(#[case] path: &str, #[case] body: Value, #[case] sentence: &str) {
    let gateway = TestGateway::new();
    let answer = gateway.post(path, body).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (400, json!({ "error": sentence })));
    assert_eq!(gateway.store.kept(), 0);
}

#[tokio::test]
async fn a_missing_stage_in_the_guides_sentence() {
    let answer = TestGateway::new().put("/deals/9/stage", json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (400, json!({ "error": "stageId is required" })));
}

#[rstest]
#[case(ParkReason::NotFound, 404)]
#[case(ParkReason::UnknownName, 422)]
#[case(ParkReason::Invalid, 422)]
#[case(ParkReason::TakenUnseen, 409)]
#[case(ParkReason::Forbidden, 502)]
#[case(ParkReason::Exhausted, 502)]
#[case(ParkReason::Unreadable, 500)]
#[tokio::test]
async fn a_parked_submission_says_why_and_that_it_is_kept(#[case] reason: ParkReason, #[case] status: u16) {
    let gateway = TestGateway::ending(parked(reason, &[]));
    let answer = gateway.put("/deals/9/stage", json!({ "stageId": "Wonn" })).await;
    let id = gateway.store.arrival(1).await.to_string();
    assert_eq!(answer.status, status);
    let body = answer.json();
    assert_eq!(body["error"], "what happened and what to do");
    assert_eq!(body["submission"], id);
    assert_eq!(body["statusUrl"], format!("/v1/submissions/{id}"));
    assert!(body["hint"].as_str().unwrap().contains("kept"));
}

#[tokio::test]
async fn an_unknown_stage_names_the_valid_ones() {
    let gateway = TestGateway::ending(parked(ParkReason::UnknownName, &["New", "Won"]));
    let answer = gateway.put("/deals/9/stage", json!({ "stageId": "Wonn" })).await;
    assert_eq!(answer.json()["valid"], json!(["New", "Won"]));
}
