//! Notifications of the CRM at the door.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use http::request::Builder;
use leadgate_core::rules::Rules;
use leadgate_core::submission::Route;
use rstest::rstest;
use serde_json::json;

use crate::test_gateway::{JsonBody, TestGateway};

const SECRET: &str = "a-secret-of-some-length";
const OLD_SECRET: &str = "the-secret-before-that-one";

fn gateway() -> TestGateway {
    let rules = format!(
        "[notifications]\nsecrets = [\"{SECRET}\", \"{OLD_SECRET}\"]\n\
         [notifications.mappings.erp]\nkind = \"deal\"\nid = \"/row/no\"\nfields.stage = \"/row/phase\""
    );
    let rules = Arc::new(Rules::parse(&rules, &|_| None).unwrap());
    TestGateway::with(|settings| settings.reading.rules = rules)
}

fn hook(path: &str) -> Builder {
    Request::post(path).header("x-leadgate-secret", SECRET)
}

#[rstest]
#[case("x-leadgate-secret", SECRET, 200)]
#[case("x-freshsales-webhook-secret", OLD_SECRET, 200)]
#[case("authorization", SECRET, 200)]
#[case("authorization", "Token a-secret-of-some-length", 200)]
#[case("authorization", "Bearer a-secret-of-some-length", 200)]
#[case("authorization", "Token token=\"a-secret-of-some-length\"", 200)]
#[case("authorization", "Basic YWRtaW46YS1zZWNyZXQtb2Ytc29tZS1sZW5ndGg=", 200)]
#[case("authorization", "Basic YS1zZWNyZXQtb2Ytc29tZS1sZW5ndGg=", 401)]
#[case("authorization", "Token a-secret-of-some-lengt", 401)]
#[case("x-leadgate-secret", "", 401)]
#[case("x-leadgate-key", "lg_test_key", 401)]
#[case("cookie", SECRET, 401)]
#[tokio::test]
async fn a_secret_is_taken_wherever_the_crm_can_put_it(#[case] header: &str, #[case] value: &str, #[case] status: u16) {
    let gateway = gateway();
    let request = Request::post("/freshsales/webhook").header(header, value).json(json!({"deal_id": 7}));
    let answer = gateway.send(request).await;
    assert_eq!(answer.status, status);
    assert_eq!(gateway.store.kept(), usize::from(status == 200));
}

#[rstest]
#[case("secret=a-secret-of-some-length", 200)]
#[case("a=1&token=a%2Dsecret-of-some-length", 200)]
#[case("secret=another", 401)]
#[case("other=a-secret-of-some-length", 401)]
#[tokio::test]
async fn a_secret_can_stand_in_the_address(#[case] query: &str, #[case] status: u16) {
    let request = Request::post(format!("/freshsales/webhook?{query}")).json(json!({"deal_id": 7}));
    assert_eq!(gateway().send(request).await.status, status);
}

#[tokio::test]
async fn without_secrets_nothing_is_taken() {
    let gateway = TestGateway::new();
    let answer = gateway.send(hook("/freshsales/webhook").json(json!({"deal_id": 7}))).await;
    assert_eq!(answer.status, 401);
    assert!(answer.json()["error"].as_str().unwrap().contains("[notifications] secrets"));
}

#[tokio::test]
async fn it_is_kept_as_it_came_and_answered_at_once_even_twice() {
    let gateway = gateway();
    let body = r#"{"event": "deal_updated",  "object_type":"deal","object":{"id":7}}"#;
    for _ in 0..2 {
        let answer = gateway.send(hook("/freshsales/webhook").text(body)).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "received"})));
    }
    let raw = gateway.store.raw(gateway.store.arrival(2).await);
    assert_eq!((raw.route, raw.label.as_deref()), (Route::Notification, Some("json")));
    assert_eq!(raw.body, body.as_bytes());
}

#[rstest]
#[case("application/json", "{\"deal_id\":7}", "json")]
#[case("application/xml", "<deal><deal_id>7</deal_id></deal>", "xml")]
#[case("text/xml; charset=utf-8", "<deal><id>7</id></deal>", "xml")]
#[case("application/x-www-form-urlencoded", "deal_id=7", "form")]
#[case("text/plain", "{\"deal_id\":7}", "json")]
#[case("application/x-www-form-urlencoded", "{\"deal_id\":7}", "json")]
#[case("", "<deal><id>7</id></deal>", "xml")]
#[tokio::test]
async fn the_encoding_is_known(#[case] declared: &str, #[case] body: &str, #[case] label: &str) {
    let gateway = gateway();
    let request = hook("/freshsales/webhook").header("content-type", declared).body(Body::from(body.to_owned()));
    assert_eq!(gateway.send(request.unwrap()).await.status, 200);
    let latest = gateway.get("/v1/notifications/latest").await.json();
    assert_eq!(
        (&latest["encoding"], &latest["understood"]["record"]),
        (&json!(label), &json!({"kind": "deal", "id": 7}))
    );
}

#[rstest]
#[case("", 400)]
#[case("{}", 400)]
#[case("[1]", 400)]
#[case("{\"deal_id\":", 400)]
#[case("null", 400)]
#[tokio::test]
async fn what_says_nothing_is_refused(#[case] body: &str, #[case] status: u16) {
    let gateway = gateway();
    let answer = gateway.send(hook("/freshsales/webhook").text(body)).await;
    assert_eq!((answer.status.as_u16(), gateway.store.kept()), (status, 0));
    assert!(answer.json()["error"].is_string());
}

#[rstest]
#[case::gzip("gzip", 415)]
#[case::brotli("br", 415)]
#[case::plain("identity", 200)]
#[tokio::test]
async fn a_compressed_body_is_refused_and_not_kept(#[case] encoding: &str, #[case] status: u16) {
    let gateway = gateway();
    let request = hook("/freshsales/webhook").header("content-encoding", encoding).json(json!({"deal_id": 7}));
    let answer = gateway.send(request).await;
    assert_eq!((answer.status.as_u16(), gateway.store.kept()), (status, usize::from(status == 200)));
    assert!(status == 200 || answer.json()["error"].as_str().unwrap().contains("send it without Content-Encoding"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let body = json!({"deal_id": 7, "deal_name": "x".repeat(70_000)});
    assert_eq!(gateway().send(hook("/freshsales/webhook").json(body)).await.status, 413);
}

#[tokio::test]
async fn a_mapping_is_chosen_by_the_address() {
    let gateway = gateway();
    let body = json!({"row": {"no": "7", "phase": "Won"}});
    assert_eq!(gateway.send(hook("/freshsales/webhook/crm").json(body.clone())).await.status, 404);
    assert_eq!(gateway.send(hook("/freshsales/webhook/erp").json(body)).await.status, 200);
    let latest = gateway.get("/v1/notifications/latest").await.json();
    assert_eq!(latest["understood"]["fields"], json!({"stage": "Won"}));
}

#[tokio::test]
async fn what_is_not_understood_is_kept_and_says_why() {
    let gateway = gateway();
    assert_eq!(gateway.get("/v1/notifications/latest").await.status, 404);
    assert_eq!(gateway.send(hook("/freshsales/webhook").json(json!({"task_id": 7}))).await.status, 200);
    let latest = gateway.get("/v1/notifications/latest").await.json();
    assert!(latest["problem"].as_str().unwrap().contains("tick the id"), "{latest}");
}
