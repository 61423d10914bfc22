//! Input that means harm or knows no better: a clear 4xx, and nothing is kept.

use axum::body::{Body, Bytes};
use http::{Method, Request};
use rstest::rstest;
use serde_json::json;

use crate::test_gateway::{Answer, JsonBody, TestGateway, guide_lead, post, with_key};

/// The answer in the guide's words and the status in those of `/v1`; neither keeps anything.
async fn refused(request: impl Fn(&str) -> Request<Body>) -> (Answer, u16) {
    let gateway = TestGateway::new();
    let (guide, v1) = (gateway.send(request("/leads")).await, gateway.send(request("/v1/leads")).await);
    assert_eq!(gateway.store.kept(), 0);
    assert!(!guide.json()["error"].as_str().unwrap().is_empty());
    assert_eq!(v1.header("content-type"), "application/problem+json");
    assert_eq!(v1.json()["status"], v1.status.as_u16());
    (guide, v1.status.as_u16())
}

fn both(status: u16, (guide, v1): (Answer, u16)) {
    assert_eq!((guide.status.as_u16(), v1), (status, status), "{guide:?}");
}

fn chunked(bytes: usize) -> Body {
    let chunks = (0..bytes / 1000).map(|_| Ok::<_, std::convert::Infallible>(Bytes::from(vec![b' '; 1000])));
    Body::from_stream(futures_of(chunks))
}

fn futures_of<I: Iterator + Unpin>(items: I) -> impl futures::Stream<Item = I::Item> {
    futures::stream::iter(items)
}

#[tokio::test]
async fn a_megabyte_announced() {
    both(413, refused(|path| post(path).header("content-length", 1_000_000).text(&" ".repeat(1_000_000))).await);
}

#[tokio::test]
async fn a_megabyte_in_chunks() {
    let request = |path: &str| post(path).header("content-type", "application/json").body(chunked(1_000_000)).unwrap();
    both(413, refused(request).await);
}

#[tokio::test]
async fn a_body_just_within_the_limit_is_read() {
    let padding = " ".repeat(64 * 1024 - 2);
    both(400, refused(|path| post(path).text(&format!("{{{padding}x"))).await);
}

#[rstest]
#[case("[".repeat(30_000))]
#[case("{\"a\":".repeat(10_000))]
#[case(format!("{{\"email\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000)))]
#[tokio::test]
async fn deep_json(#[case] body: String) {
    both(400, refused(|path| post(path).text(&body)).await);
}

#[rstest]
#[case(json!({ "email": 7, "firstName": "A", "first_name": "A" }))]
#[case(json!({ "email": ["a@example.com"], "firstName": "A" }))]
#[case(json!({ "email": { "$ne": null }, "firstName": "A" }))]
#[case(json!("a@example.com"))]
#[case(json!(["a@example.com", "A"]))]
#[case(json!(null))]
#[case(json!(1e300))]
#[tokio::test]
async fn wrong_types(#[case] body: serde_json::Value) {
    both(400, refused(|path| post(path).json(body.clone())).await);
}

#[rstest]
#[case("{\"email\":\"a@example.com\",\"firstName\":\"A\\u0000\"}")]
#[case("{\"email\":\"a\\u0000@example.com\",\"firstName\":\"A\"}")]
#[case("{\"email\":\"a@example.com\\r\\nX-Evil: 1\",\"firstName\":\"A\"}")]
#[case("{\"email\":\"a@example.com\",\"firstName\":\"A\\r\\nX-Evil: 1\"}")]
#[case("{\"email\":\"a@example.com\",\"firstName\":\"A\u{0}\"}")]
#[case("\u{feff}{\"email\":\"a@example.com\",\"firstName\":\"A\"}")]
#[case("{\"email\":\"a@example.com\",\"firstName\":\"A\"} {}")]
#[tokio::test]
async fn control_characters_and_trailing_text(#[case] body: &str) {
    let gateway = TestGateway::new();
    let answer = gateway.send(post("/leads").text(body)).await;
    assert_eq!((answer.status.as_u16(), gateway.store.kept()), (400, 0), "{answer:?}");
    assert!(!answer.headers.contains_key("x-evil"));
}

#[tokio::test]
async fn a_refusal_does_not_repeat_the_values() {
    let body = json!({ "email": "planted value", "firstName": "A\u{7}planted value" });
    let answer = TestGateway::new().post("/leads", body).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("planted"));
}

#[tokio::test]
async fn bad_utf8() {
    let request = |path: &str| {
        let body = Body::from(&b"{\"email\":\"a\xff@example.com\",\"firstName\":\"A\"}"[..]);
        post(path).header("content-type", "application/json").body(body).unwrap()
    };
    both(400, refused(request).await);
}

#[rstest]
#[case("text/plain")]
#[case("application/x-www-form-urlencoded")]
#[case("multipart/form-data; boundary=x")]
#[case("application/jsonp")]
#[case("text/html+json")]
#[case("application/json; charset=utf-16")]
#[case("application/json; x=1; charset=\"latin1\"")]
#[case("")]
#[tokio::test]
async fn a_wrong_content_type(#[case] kind: &str) {
    let request =
        |path: &str| post(path).header("content-type", kind).body(Body::from(guide_lead().to_string())).unwrap();
    both(415, refused(request).await);
}

#[tokio::test]
async fn no_content_type_or_a_compressed_body() {
    both(415, refused(|path| post(path).body(Body::from(guide_lead().to_string())).unwrap()).await);
    both(415, refused(|path| post(path).header("content-encoding", "gzip").json(guide_lead())).await);
}

#[rstest]
#[case("application/json")]
#[case("Application/JSON; Charset=UTF-8")]
#[case("application/json;charset=\"utf-8\"")]
#[case("application/ld+json")]
#[tokio::test]
async fn a_right_content_type(#[case] kind: &str) {
    let gateway = TestGateway::with(|settings| settings.patience = std::time::Duration::ZERO);
    let request = post("/leads").header("content-type", kind).body(Body::from(guide_lead().to_string())).unwrap();
    assert_eq!(gateway.send(request).await.status, 202);
}

#[rstest]
#[case(Method::GET, "/leads", "POST")]
#[case(Method::DELETE, "/v1/leads", "POST")]
#[case(Method::POST, "/deals/1/stage", "PUT")]
#[case(Method::POST, "/health", "GET, HEAD")]
#[case(Method::PUT, "/v1/submissions/x", "GET, HEAD")]
#[tokio::test]
async fn a_wrong_method_names_the_right_one(#[case] method: Method, #[case] path: &str, #[case] allowed: &str) {
    let answer = TestGateway::new().send(with_key(method, path).body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, allowed));
    answer.json();
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    for path in ["/", "/v2/leads", "/leads/", "/leads/1", "//leads", "/v1/submissions/", "/.env", "/%00"] {
        let answer = TestGateway::new().get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["type"].clone()),
            (404, json!("urn:leadgate:problem:no-such-path")),
            "{path}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come() {
    let never = |path: &str| {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::convert::Infallible>>());
        post(path).header("content-type", "application/json").body(body).unwrap()
    };
    let (guide, v1) = refused(never).await;
    assert_eq!(guide.header("connection"), "close");
    both(408, (guide, v1));
}

#[tokio::test]
async fn a_body_cut_short() {
    let broken = |path: &str| {
        let frames = [Ok(Bytes::from_static(b"{\"email\":")), Err(std::io::Error::other("gone"))];
        post(path)
            .header("content-type", "application/json")
            .body(Body::from_stream(futures_of(frames.into_iter())))
            .unwrap()
    };
    both(400, refused(broken).await);
}
