//! What is counted.

use leadgate_core::record::RecordKind;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;

use crate::test_gateway::{JsonBody, TestGateway, guide_lead, person, post};

#[tokio::test]
async fn accepts_answers_and_requests() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    leadgate_web::metrics::describe();
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    let other = json!({ "email": "bob@example.com", "firstName": "Bob" });
    for body in [guide_lead(), guide_lead(), other, json!({})] {
        gateway.send(post("/leads").header("idempotency-key", "k").json(body)).await;
    }
    gateway.get("/no/such/path").await;
    let text = recorder.handle().render();
    for line in [
        "leadgate_accepts_total{route=\"guide-lead\",outcome=\"accepted\"} 1",
        "leadgate_accepts_total{route=\"guide-lead\",outcome=\"repeat\"} 1",
        "leadgate_accepts_total{route=\"guide-lead\",outcome=\"key_reused\"} 1",
        "leadgate_accepts_total{route=\"guide-lead\",outcome=\"refused\"} 1",
        "leadgate_http_requests_total{route=\"/leads\",status=\"200\"} 2",
        "leadgate_http_requests_total{route=\"/leads\",status=\"422\"} 1",
        "leadgate_http_requests_total{route=\"unmatched\",status=\"404\"} 1",
        "leadgate_answer_seconds_count{route=\"guide-lead\",status=\"200\"} 2",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("/no/such/path"));
}
