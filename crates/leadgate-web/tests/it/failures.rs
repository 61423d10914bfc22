//! Failures of ours: the right status, nothing about the cause, and headers on every answer.

use axum::body::Body;
use http::Method;
use rstest::rstest;

use crate::memory_store::Trouble;
use crate::test_gateway::{JsonBody, TestGateway, guide_lead, lead, post, with_key};

#[rstest]
#[case(Trouble::DiskFull, 507)]
#[case(Trouble::Unavailable, 503)]
#[case(Trouble::Corrupt, 500)]
#[case(Trouble::Panic, 500)]
#[tokio::test]
async fn a_failure_says_nothing_about_its_cause(#[case] trouble: Trouble, #[case] status: u16) {
    let gateway = TestGateway::new();
    gateway.store.trouble(trouble);
    for (path, body) in [("/leads", guide_lead()), ("/v1/leads", lead())] {
        let answer = gateway.post(path, body).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after").is_empty(), status != 503);
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret-cause"));
        let message = answer.json()[if path == "/leads" { "error" } else { "detail" }].clone();
        assert!(!message.as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn after_a_panic_the_next_request_is_served() {
    let gateway = TestGateway::new();
    gateway.store.trouble(Trouble::Panic);
    assert_eq!(gateway.post("/leads", guide_lead()).await.status, 500);
    assert_eq!(gateway.get("/health").await.status, 200);
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_security_headers() {
    let gateway = TestGateway::new();
    gateway.store.trouble(Trouble::Panic);
    for path in ["/health", "/ready", "/nowhere", "/leads", "/v1/submissions/x", "/metrics"] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }
}

#[rstest]
#[case("abc-123_x.y:z", true)]
#[case("", false)]
#[case("two words", false)]
#[case("a\tb", false)]
#[case("ada@example.com", false)]
#[case("{\"a\":1}", false)]
#[tokio::test]
async fn a_sane_request_id_is_kept(#[case] given: &str, #[case] kept: bool) {
    let request = with_key(Method::GET, "/health").header("x-request-id", given);
    let answer = TestGateway::new().send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("x-request-id") == given, kept);
}

#[tokio::test]
async fn a_request_id_is_bounded() {
    let request = post("/leads").header("x-request-id", "a".repeat(129));
    let answer = TestGateway::new().send(request.text("{}")).await;
    assert_eq!(answer.header("x-request-id").len(), 36);
}
