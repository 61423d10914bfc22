//! The whole story of a submission.

use jiff::SignedDuration;
use leadgate_core::job::JobState;
use leadgate_core::record::RecordKind;
use leadgate_core::steps::ParkReason;
use leadgate_store::model::{Attempt, Progress};
use serde_json::{Value, json};

use crate::memory_store::job_of;
use crate::test_gateway::{JsonBody, TestGateway, lead, parked, person, post};

async fn kept(gateway: &TestGateway, body: Value) -> String {
    gateway.send(post("/v1/leads").header("prefer", "respond-async").json(body)).await;
    gateway.store.arrival(1).await.to_string()
}

fn attempt(call: &str, status: u16, class: &str, cost_milli: u32) -> Attempt {
    let message = (class != "ok").then(|| "busy".to_owned());
    let at = "2026-03-01T12:00:01Z".parse().unwrap();
    Attempt {
        call: call.to_owned(),
        at,
        took_ms: 40,
        status: Some(status),
        class: class.to_owned(),
        cost_milli,
        message,
    }
}

#[tokio::test]
async fn received() {
    let gateway = TestGateway::new();
    let id = kept(&gateway, lead()).await;
    let answer = gateway.get(&format!("/v1/submissions/{id}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "id": id, "route": "lead", "status": "received", "accepted_at": "2026-03-01T12:00:00Z", "ended_at": null,
            "repeats": 0, "lane": null, "outcome": null, "decisions": [], "steps": [], "attempts": [], "cost": 0.0,
            "next_due": null, "parking": null,
        })
    );
}

#[tokio::test]
async fn at_work_with_steps_decisions_attempts_and_cost() {
    let gateway = TestGateway::new();
    let body = json!({ "email": "ada@example.com", "company": "Engines", "note": "hello", "lane": "event" });
    let id = kept(&gateway, body).await;
    gateway.store.change(id.parse().unwrap(), |story| {
        let mut job = job_of(&story.raw);
        job.state = with_decision(&job.state, "company 12 found by name");
        job.state.current = 1;
        job.due_at = Some(story.accepted_at + SignedDuration::from_secs(30));
        job.attempts = vec![attempt("ensure_company", 200, "ok", 1000), attempt("find_person", 503, "transient", 10)];
        (story.job, story.progress, story.repeats) = (Some(job), Progress::Working, 2);
    });
    let body = gateway.get(&format!("/v1/submissions/{id}")).await.json();
    assert_eq!(
        (body["status"].clone(), body["lane"].clone(), body["repeats"].clone()),
        (json!("working"), json!("event"), json!(2))
    );
    assert_eq!(body["decisions"], json!(["company 12 found by name"]));
    assert_eq!(
        body["steps"],
        json!([
            { "name": "ensure_company", "state": "done" },
            { "name": "ensure_person", "state": "working" },
            { "name": "add_note", "state": "waiting" },
        ])
    );
    assert_eq!(body["cost"], json!(1.01));
    assert_eq!(body["next_due"], "2026-03-01T12:00:30Z");
    assert_eq!(
        body["attempts"][1],
        json!({
            "call": "find_person", "at": "2026-03-01T12:00:01Z", "took_ms": 40, "status": 503, "class": "transient",
            "cost": 0.01, "message": "busy",
        })
    );
}

/// The first step as if it had decided something.
fn with_decision(state: &JobState, line: &str) -> JobState {
    let mut value = serde_json::to_value(state).unwrap();
    value["steps"][0]["ensure_company"]["story"] = json!([line]);
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn finished() {
    let gateway = TestGateway::new();
    let id = kept(&gateway, lead()).await;
    gateway.store.end(id.parse().unwrap(), person(RecordKind::Lead, false));
    let body = gateway.get(&format!("/v1/submissions/{id}")).await.json();
    assert_eq!((body["status"].clone(), body["ended_at"].clone()), (json!("done"), json!("2026-03-01T12:00:00Z")));
    assert_eq!(
        body["outcome"],
        json!({ "person": { "kind": "lead", "id": 501 }, "existing": false, "company": null, "deal": null, "note": null })
    );
    assert_eq!(body["steps"], json!([{ "name": "ensure_person", "state": "done" }]));
}

#[tokio::test]
async fn parked_with_its_reason() {
    let gateway = TestGateway::new();
    let id = kept(&gateway, lead()).await;
    gateway.store.end(id.parse().unwrap(), parked(ParkReason::UnknownName, &["Ann"]));
    let body = gateway.get(&format!("/v1/submissions/{id}")).await.json();
    assert_eq!(body["status"], "parked");
    assert_eq!(body["steps"][0]["state"], "parked");
    let expected = json!({ "reason": "unknown_name", "message": "what happened and what to do", "valid": ["Ann"] });
    assert_eq!(body["parking"], expected);
}

#[tokio::test]
async fn never_the_body_that_was_sent() {
    let gateway = TestGateway::new();
    let id = kept(&gateway, json!({ "email": "ada@example.com", "note": "planted text" })).await;
    gateway.store.end(id.parse().unwrap(), person(RecordKind::Lead, false));
    let answer = gateway.get(&format!("/v1/submissions/{id}")).await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(!text.contains("ada@example.com") && !text.contains("planted text"), "{text}");
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let gateway = TestGateway::new();
    for id in ["0195f000-0000-7000-8000-000000000000", "7", "abc", "%ff", "%00", "..%2f..%2fetc"] {
        let answer = gateway.get(&format!("/v1/submissions/{id}")).await;
        assert_eq!(answer.status, 404, "{id}");
        assert_eq!(answer.json()["type"], "urn:leadgate:problem:no-such-submission", "{id}");
    }
}
