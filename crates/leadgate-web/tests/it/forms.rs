//! Posts of web forms: who may, in which encodings, and where the browser goes.

use axum::body::Body;
use http::{Method, Request};
use leadgate_core::forms::FormPost;
use leadgate_core::submission::Route;
use leadgate_store::model::Progress;
use rstest::rstest;
use serde_json::{Value, json};

use crate::test_gateway::{Answer, JsonBody, TestGateway};

pub(crate) const DEMO: &str = r#"
[forms.demo]
key = "pk_demo_1234"
origins = ["https://www.example.com", "https://*.example.net"]
fields = { email = "email", name = "full_name", message = "note" }
require = ["email"]
hidden = { source = "Website", tags = ["demo"] }
honeypot = "website2"
min_seconds = 3
limits = { per_address = "3/1m", per_email_domain = "4/1h" }
"#;

const PAGES: &str =
    "redirect = \"https://www.example.com/thanks\"\nerror_redirect = \"https://www.example.com/sorry?from=demo\"\n";
const ORIGIN: &str = "https://www.example.com";
pub(crate) const ADA: &str = "form_key=pk_demo_1234&email=ada%40example.org&name=Ada+King&message=Hello";

fn with_pages() -> TestGateway {
    TestGateway::with_rules(&DEMO.replace("limits", &format!("{PAGES}limits")))
}

/// A post as a browser makes it for a page.
pub(crate) fn from_page() -> http::request::Builder {
    Request::post("/forms/demo")
        .header("origin", ORIGIN)
        .header("referer", "https://www.example.com/demo?utm_source=ad")
}

pub(crate) fn urlencoded(builder: http::request::Builder, body: &str) -> Request<Body> {
    builder.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body.to_owned())).unwrap()
}

fn navigating(body: &str) -> Request<Body> {
    urlencoded(from_page().header("accept", "text/html,application/xhtml+xml,*/*;q=0.8"), body)
}

fn multipart(parts: &[(&str, &str)]) -> Request<Body> {
    let parts: Vec<String> = parts
        .iter()
        .map(|(head, text)| format!("--xBx\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n"))
        .collect();
    let body = format!("{}--xBx--\r\n", parts.concat());
    from_page().header("content-type", "multipart/form-data; boundary=xBx").body(Body::from(body)).unwrap()
}

fn kind(answer: &Answer) -> (u16, String) {
    let kind = answer.json()["type"].as_str().unwrap_or_default().replace("urn:leadgate:problem:", "");
    (answer.status.as_u16(), kind)
}

#[rstest]
#[case::urlencoded(urlencoded(from_page(), ADA))]
#[case::key_in_the_address(urlencoded(Request::post("/forms/demo?key=pk_demo_1234").header("origin", ORIGIN), "email=ada%40example.org"))]
#[case::json(from_page().json(json!({ "form_key": "pk_demo_1234", "email": "ada@example.org", "message": ["a", 1, true, null] })))]
#[case::multipart(multipart(&[("name=\"form_key\"", "pk_demo_1234"), ("name=\"email\"", "ada@example.org"), ("name=\"cv\"; filename=\"\"", "")]))]
#[case::subdomain(urlencoded(Request::post("/forms/demo").header("origin", "https://shop.example.net"), ADA))]
#[case::referer_alone(urlencoded(Request::post("/forms/demo").header("referer", "https://www.example.com/demo"), ADA))]
#[case::person_with_a_script(urlencoded(from_page(), &format!("{ADA}&website2=&_t=4000.5")))]
#[tokio::test]
async fn a_page_may_post(#[case] request: Request<Body>) {
    let gateway = TestGateway::with_rules(DEMO);
    let answer = gateway.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.json(), gateway.store.kept()), (202, json!({ "success": true }), 1));
}

#[tokio::test]
async fn what_is_stored_is_the_post_without_what_is_for_the_door() {
    let gateway = TestGateway::with_rules(DEMO);
    gateway.send(urlencoded(from_page(), &format!("{ADA}&_t=9000&website2=&extra=kept"))).await;
    let raw = gateway.store.raw(gateway.store.arrival(1).await);
    let post: FormPost = serde_json::from_slice(&raw.body).unwrap();
    let names: Vec<&str> = post.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((raw.route, raw.label.as_deref()), (Route::Form, Some("demo")));
    assert_eq!(names, ["email", "name", "message", "extra"]);
    assert_eq!(post.page.as_deref(), Some("https://www.example.com/demo?utm_source=ad"));
    assert_eq!(post.origin.as_deref(), Some(ORIGIN));
}

#[rstest]
#[case::no_key(urlencoded(from_page(), "email=a%40x.io"), (403, "form-key-wrong"))]
#[case::other_key(urlencoded(from_page(), "form_key=pk_other_1234&email=a%40x.io"), (403, "form-key-wrong"))]
#[case::other_origin(urlencoded(Request::post("/forms/demo").header("origin", "https://evil.test"), ADA), (403, "origin-refused"))]
#[case::null_origin(urlencoded(Request::post("/forms/demo").header("origin", "null").header("referer", "https://www.example.com/"), ADA), (403, "origin-refused"))]
#[case::no_origin(urlencoded(Request::post("/forms/demo"), ADA), (403, "origin-refused"))]
#[case::other_referer(urlencoded(Request::post("/forms/demo").header("referer", "https://evil.test/https://www.example.com"), ADA), (403, "origin-refused"))]
#[case::no_form(urlencoded(Request::post("/forms/nope").header("origin", ORIGIN), ADA), (404, "no-such-form"))]
#[case::bad_name(urlencoded(Request::post("/forms/%ff").header("origin", ORIGIN), ADA), (404, "no-such-form"))]
#[case::plain(from_page().header("content-type", "text/plain").body(Body::from(ADA)).unwrap(), (415, "not-a-form"))]
#[case::untyped(from_page().body(Body::from(ADA)).unwrap(), (415, "not-a-form"))]
#[case::latin1(urlencoded(from_page(), &format!("{ADA}&city=M%FCnchen")), (400, "form-unreadable"))]
#[case::no_json(from_page().text("[1]"), (400, "form-unreadable"))]
#[case::compressed(urlencoded(from_page().header("content-encoding", "gzip"), ADA), (415, "compressed"))]
#[case::no_boundary(from_page().header("content-type", "multipart/form-data").body(Body::from("x")).unwrap(), (400, "form-unreadable"))]
#[case::cut_multipart(from_page().header("content-type", "multipart/form-data; boundary=b").body(Body::from("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx")).unwrap(), (400, "form-unreadable"))]
#[case::many_fields(urlencoded(from_page(), &"a=1&".repeat(201)), (400, "form-unreadable"))]
#[case::long_name(urlencoded(from_page(), &format!("{}=1&{ADA}", "n".repeat(201))), (400, "form-unreadable"))]
#[case::large(urlencoded(from_page(), &format!("{ADA}{}", "x".repeat(70_000))), (413, "body-too-large"))]
#[case::nested(from_page().json(json!({ "form_key": "pk_demo_1234", "email": { "$ne": null } })), (422, "invalid-fields"))]
#[case::file(multipart(&[("name=\"form_key\"", "pk_demo_1234"), ("name=\"cv\"; filename=\"cv.pdf\"", "%PDF")]), (422, "invalid-fields"))]
#[case::no_email(urlencoded(from_page(), "form_key=pk_demo_1234&email="), (422, "invalid-fields"))]
#[case::injection(urlencoded(from_page(), "form_key=pk_demo_1234&email=a%40x.io%0D%0ABcc%3A+b%40x.io"), (422, "invalid-fields"))]
#[tokio::test]
async fn what_is_wrong_is_refused_and_keeps_nothing(#[case] request: Request<Body>, #[case] expected: (u16, &str)) {
    let gateway = TestGateway::with_rules(DEMO);
    let answer = gateway.send(request).await;
    assert_eq!(kind(&answer), (expected.0, expected.1.to_owned()), "{answer:?}");
    assert_eq!((answer.header("content-type"), gateway.store.kept()), ("application/problem+json", 0));
}

#[tokio::test]
async fn a_mistake_names_the_pages_field_in_plain_words() {
    let gateway = TestGateway::with_rules(
        &DEMO.replace("email = \"email\"", "mail = \"email\"").replace("[\"email\"]", "[\"mail\"]"),
    );
    let answer = gateway.send(urlencoded(from_page(), "form_key=pk_demo_1234&mail=nobody")).await;
    let expected =
        json!([{ "field": "mail", "message": "is not an e-mail address; send one address such as name@example.com" }]);
    assert_eq!(answer.json()["errors"], expected);
    assert!(!String::from_utf8_lossy(&answer.body).contains("nobody"));
}

#[tokio::test]
async fn a_browser_is_sent_to_the_operators_page_and_to_no_other() {
    let gateway = with_pages();
    let body = format!("{ADA}&redirect=https%3A%2F%2Fevil.test&next=https%3A%2F%2Fevil.test%0D%0AX-Evil%3A+1");
    let answer = gateway.send(navigating(&body)).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "https://www.example.com/thanks"));
    assert!(answer.body.is_empty() && !answer.headers.contains_key("x-evil"));
}

#[rstest]
#[case::field("form_key=pk_demo_1234&email=x", "invalid-fields&field=email")]
#[case::key("form_key=other&email=a%40x.io", "form-key-wrong")]
#[tokio::test]
async fn a_browser_whose_post_is_wrong_is_sent_to_the_page_for_that(#[case] body: &str, #[case] error: &str) {
    let gateway = with_pages();
    let answer = gateway.send(navigating(body)).await;
    let page = format!("https://www.example.com/sorry?from=demo&error={error}");
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, page.as_str()));
    assert_eq!((answer.body.len(), gateway.store.kept()), (0, 0));
}

#[tokio::test]
async fn a_foreign_page_is_sent_nowhere() {
    let request = Request::post("/forms/demo").header("origin", "https://evil.test").header("accept", "text/html");
    let answer = with_pages().send(urlencoded(request, ADA)).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (403, ""));
}

#[tokio::test]
async fn a_script_is_told_in_json_even_where_there_are_pages() {
    let answer = with_pages().send(urlencoded(from_page().header("accept", "*/*"), ADA)).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (202, json!({ "success": true })));
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
}

#[rstest]
#[case::admitted("demo", ORIGIN, 204)]
#[case::subdomain("demo", "https://shop.example.net", 204)]
#[case::foreign("demo", "https://evil.test", 403)]
#[case::nobody("demo", "null", 403)]
#[case::no_form("nope", ORIGIN, 404)]
#[tokio::test]
async fn scripts_of_admitted_pages_alone_may_ask(#[case] form: &str, #[case] origin: &str, #[case] status: u16) {
    let gateway = TestGateway::with_rules(DEMO);
    let request = Request::builder().method(Method::OPTIONS).uri(format!("/forms/{form}")).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    let answer = gateway.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), status);
    let allowed = if status == 204 { (origin, "POST") } else { ("", "") };
    let said = (answer.header("access-control-allow-origin"), answer.header("access-control-allow-methods"));
    assert_eq!(said, allowed);
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn foreign_pages_may_not_read_the_answer() {
    let gateway = TestGateway::with_rules(DEMO);
    let foreign = Request::post("/forms/demo").header("origin", "https://evil.test");
    let answer = gateway.send(urlencoded(foreign, ADA)).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let mistaken = gateway.send(urlencoded(from_page(), "form_key=x")).await;
    assert_eq!((mistaken.header("access-control-allow-origin"), mistaken.header("vary")), (ORIGIN, "Origin, Accept"));
}

#[tokio::test]
async fn a_form_is_only_posted_to() {
    let answer = TestGateway::new().get("/forms/demo").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
}

#[rstest]
#[case::honeypot("&website2=http%3A%2F%2Fspam.test")]
#[case::too_fast("&_t=120")]
#[tokio::test]
async fn a_robot_is_told_the_same_and_nothing_is_kept(#[case] more: &str) {
    let gateway = with_pages();
    let (person, robot) =
        (gateway.send(navigating(ADA)).await, gateway.send(navigating(&format!("{ADA}{more}"))).await);
    assert_eq!((person.status, person.header("location")), (robot.status, robot.header("location")));
    assert_eq!(gateway.store.kept(), 1);
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&person), names(&robot));
}

#[tokio::test]
async fn a_double_click_is_one_submission() {
    let gateway = TestGateway::with_rules(DEMO);
    let first = gateway.send(urlencoded(from_page(), &format!("{ADA}&_t=5000"))).await;
    let second = gateway.send(urlencoded(from_page(), &format!("{ADA}&_t=5180"))).await;
    assert_eq!((first.json(), second.json(), gateway.store.kept()), (json!({ "success": true }), first.json(), 1));
}

#[tokio::test]
async fn an_answer_never_tells_what_the_crm_has() {
    let gateway = TestGateway::with_rules(DEMO);
    let new = gateway.send(urlencoded(from_page(), ADA)).await;
    gateway.store.change(gateway.store.arrival(1).await, |story| story.progress = Progress::Done);
    let known = gateway.send(urlencoded(from_page(), ADA)).await;
    assert_eq!((known.status, &known.body), (new.status, &new.body));
    assert!(!known.headers.contains_key("location"));
}

#[tokio::test]
async fn a_store_that_fails_is_said_and_sent_to_the_page_for_it() {
    let gateway = with_pages();
    gateway.store.trouble(crate::memory_store::Trouble::DiskFull);
    let script = gateway.send(urlencoded(from_page(), ADA)).await;
    assert_eq!(kind(&script), (507, "no-room".to_owned()));
    let browser = gateway.send(navigating(ADA)).await;
    assert_eq!(browser.header("location"), "https://www.example.com/sorry?from=demo&error=no-room");
}

#[tokio::test]
async fn markup_is_data() {
    let gateway = TestGateway::with_rules(DEMO);
    let script = "<script>alert(1)</script>";
    let answer =
        gateway.send(from_page().json(json!({ "form_key": "pk_demo_1234", "email": script, script: [[]] }))).await;
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_ne!(answer.header("content-type"), "text/html");
    let field = answer.json()["errors"][0]["field"].clone();
    assert_eq!(field, Value::from(script));
}
