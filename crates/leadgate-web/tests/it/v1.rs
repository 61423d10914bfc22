//! The `/v1` shapes.

use leadgate_core::job::Outcome;
use leadgate_core::record::RecordKind;
use leadgate_core::steps::ParkReason;
use serde_json::json;

use crate::memory_store::End;
use crate::test_gateway::{JsonBody, TestGateway, lead, parked, person, post};

#[tokio::test]
async fn a_new_person_is_201_and_a_known_one_200() {
    for (existing, status) in [(false, 201), (true, 200)] {
        let gateway = TestGateway::ending(person(RecordKind::Contact, existing));
        let answer = gateway.post("/v1/leads", lead()).await;
        assert_eq!(answer.status, status);
        let body = answer.json();
        assert_eq!(body["id"], gateway.store.arrival(1).await.to_string());
        assert_eq!(body["status"], "done");
        assert_eq!(body["outcome"]["person"], json!({ "kind": "contact", "id": 501 }));
        assert_eq!(body["outcome"]["existing"], existing);
    }
}

#[tokio::test]
async fn a_note_is_201_and_a_stage_move_200() {
    let gateway = TestGateway::ending(End::Done(Outcome { note: Some(77), ..Outcome::default() }));
    let answer = gateway.post("/v1/notes", json!({ "text": "called", "email": "ada@example.com" })).await;
    assert_eq!((answer.status.as_u16(), answer.json()["outcome"]["note"].clone()), (201, json!(77)));
    let gateway = TestGateway::ending(End::Done(Outcome { deal: Some(9), ..Outcome::default() }));
    let answer = gateway.put("/v1/deals/9/stage", json!({ "stage": "Won" })).await;
    assert_eq!((answer.status.as_u16(), answer.json()["outcome"]["deal"].clone()), (200, json!(9)));
}

#[tokio::test]
async fn invalid_fields_are_422_and_all_named() {
    let gateway = TestGateway::new();
    let answer = gateway.post("/v1/leads", json!({ "email": "nonsense", "tags": ["a\u{0}b"] })).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    assert_eq!(body["type"], "urn:leadgate:problem:invalid-fields");
    assert_eq!(body["status"], 422);
    let fields: Vec<_> = body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert!(fields.contains(&json!("email")) && fields.contains(&json!("tags")), "{body}");
    assert_eq!(gateway.store.kept(), 0);
}

#[tokio::test]
async fn a_malformed_body_is_400() {
    let gateway = TestGateway::new();
    for body in ["", "{", "nonsense", r#"{"email": 1}"#, r#"{"emial": "a@example.com"}"#] {
        let answer = gateway.send(post("/v1/leads").text(body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["type"], "urn:leadgate:problem:malformed-body");
        assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 1);
    }
    assert_eq!(gateway.store.kept(), 0);
}

#[tokio::test]
async fn a_parked_submission_is_a_problem_with_the_valid_names() {
    let gateway = TestGateway::ending(parked(ParkReason::UnknownName, &["New", "Won"]));
    let answer = gateway.put("/v1/deals/9/stage", json!({ "stage": "Wonn" })).await;
    let id = gateway.store.arrival(1).await.to_string();
    assert_eq!(answer.status, 422);
    let body = answer.json();
    assert_eq!(body["type"], "urn:leadgate:problem:parked");
    assert_eq!(body["reason"], "unknown_name");
    assert_eq!(body["detail"], "what happened and what to do");
    assert_eq!(body["valid"], json!(["New", "Won"]));
    assert_eq!(body["submission"], id);
    assert_eq!(body["status_url"], format!("/v1/submissions/{id}"));
}

#[tokio::test]
async fn a_deal_without_a_number_is_named_in_the_path() {
    let gateway = TestGateway::new();
    for id in ["", "abc", "-1", "0", "99999999999999999999", "1.5", "%ff", "%0a"] {
        let answer = gateway.put(&format!("/v1/deals/{id}/stage"), json!({ "stage": "Won" })).await;
        assert_eq!(answer.status, 422, "{id}");
        assert_eq!(answer.json()["errors"][0]["field"], "id");
        assert_eq!(gateway.put(&format!("/deals/{id}/stage"), json!({ "stageId": 1 })).await.status, 400, "{id}");
    }
    assert_eq!(gateway.store.kept(), 0);
}
