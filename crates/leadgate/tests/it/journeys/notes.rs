//! Notes land once, on the record they name.

use freshsales_sandbox::{Fault, FaultKind, Kind};
use leadgate_testkit::TestGateway;
use serde_json::json;

#[tokio::test]
async fn the_guides_note_is_added() {
    let gateway = TestGateway::open().await;
    let contact = gateway.account().seed_contact(&json!({ "email": "ada@example.com", "last_name": "K" }));
    let body = json!({ "notable_type": "Contact", "notable_id": contact, "description": "From Google Ads" });
    let answer = gateway.land("/notes", &body).await;
    let notes = gateway.account().notes_of(Kind::Contact, contact);
    assert_eq!(answer.body, json!({ "success": true, "noteId": notes[0]["id"] }));
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_read_back_not_repeated() {
    let gateway = TestGateway::open().await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::CommitThenCut).on("POST", "/notes").times(1)]);
    let lead = json!({ "email": "ada@example.com", "note": "Wants a demo" });
    gateway.land("/v1/leads", &lead).await;
    assert_eq!(gateway.account().notes().len(), 1);
}

#[tokio::test]
async fn two_notes_of_the_same_words_are_two_notes() {
    let gateway = TestGateway::open().await;
    let contact = gateway.account().seed_contact(&json!({ "email": "ada@example.com", "last_name": "K" }));
    gateway.account().set_faults(vec![Fault::new(FaultKind::CommitThenCut).on("POST", "/notes").times(1)]);
    let body = json!({ "target": { "type": "contact", "id": contact }, "text": "Called, no answer" });
    for key in ["monday", "tuesday"] {
        gateway.post_with("/v1/notes", &body, &[("idempotency-key", key), ("prefer", "respond-async")]).await;
    }
    gateway.settle().await;
    assert_eq!(gateway.account().notes().len(), 2);
}

#[tokio::test]
async fn a_note_on_nothing_is_refused_and_kept() {
    let gateway = TestGateway::open().await;
    let body = json!({ "notable_type": "Contact", "notable_id": 40_299_999_999_i64, "description": "x" });
    let answer = gateway.land("/notes", &body).await;
    assert_eq!(answer.status, 422, "{:?}", answer.body);
    assert_eq!(gateway.get(&format!("/v1/submissions/{}", answer.submission())).await.body["status"], "parked");
}

#[tokio::test]
async fn on_suite_a_note_on_the_lead_that_the_guide_was_given_lands_on_the_contact() {
    let gateway = TestGateway::open().await;
    let lead = gateway.land("/leads", &json!({ "email": "ada@example.com", "firstName": "Ada" })).await.body;
    let body = json!({ "notable_type": "Lead", "notable_id": lead["leadId"], "description": "From Google Ads" });
    assert_eq!(gateway.land("/notes", &body).await.status, 200);
    assert_eq!(gateway.account().notes_of(Kind::Contact, lead["leadId"].as_i64().unwrap()).len(), 1);
}

#[tokio::test]
async fn a_note_for_a_person_who_was_deleted_since_brings_the_person_back() {
    let gateway = TestGateway::open().await;
    let first = gateway.land("/v1/leads", &json!({ "email": "ada@example.com" })).await.body;
    gateway.account().delete(Kind::Contact, first["outcome"]["person"]["id"].as_i64().unwrap());
    gateway.land("/v1/leads", &json!({ "email": "ada@example.com", "note": "Came back" })).await;
    assert_eq!((gateway.account().contacts().len(), gateway.account().notes().len()), (1, 1));
}
