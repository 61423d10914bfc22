//! Who may come in.

use axum::body::Body;
use http::{Method, Request};
use leadgate_core::record::RecordKind;
use leadgate_web::Access;
use leadgate_web::routes::{ROUTES, RouteAccess};
use rstest::rstest;

use crate::test_gateway::{JsonBody, KEY, TestGateway, guide_lead, person, rules};

/// A form that anything may be posted to, so that its key alone keeps it shut.
const SEVEN: &str = "[forms.seven]\nkey = \"pk_seven_7777\"\norigins = [\"*\"]\nfields = { email = \"email\" }\n";

fn bare(method: &str, path: &str) -> http::request::Builder {
    let path = path.replace("{id}", "7").replace("{nonce}", "7").replace("{form}", "seven");
    Request::builder().method(method).uri(path.replace("{account}", "default").replace("{*path}", "contacts/7"))
}

/// What a route answers without its key: apps are asked for theirs, pages for that of their form.
fn refusal(access: RouteAccess) -> Option<u16> {
    match access {
        RouteAccess::Key(_) | RouteAccess::WriteKey | RouteAccess::CrmKey => Some(401),
        RouteAccess::Form => Some(403),
        RouteAccess::Webhook => Some(401),
        RouteAccess::Anyone => None,
    }
}

#[tokio::test]
async fn every_route_but_three_asks_for_a_key() {
    let gateway = TestGateway::with_rules(SEVEN);
    for route in ROUTES {
        let answer = gateway.send(bare(route.method, route.path).json(guide_lead())).await;
        let open = matches!(route.path, "/health" | "/ready" | "/loopback/{nonce}");
        let status = answer.status.as_u16();
        let refused = matches!(status, 401 | 403).then_some(status);
        assert_eq!(refused, refusal(route.access), "{} {}", route.method, route.path);
        assert_eq!(route.access == RouteAccess::Anyone, open, "{}", route.path);
        assert_eq!(answer.header("www-authenticate"), schemes(route.access));
    }
    assert_eq!(gateway.store.kept(), 0);
}

fn schemes(access: RouteAccess) -> &'static str {
    match access {
        RouteAccess::Anyone | RouteAccess::Form => "",
        RouteAccess::Key(_) | RouteAccess::Webhook => "Bearer",
        RouteAccess::CrmKey => "Bearer, Token",
        RouteAccess::WriteKey => "Bearer, Basic realm=\"leadgate\"",
    }
}

#[tokio::test]
async fn only_the_routes_of_events_take_the_key_as_a_user_name() {
    let gateway = TestGateway::with(|settings| settings.patience = std::time::Duration::ZERO);
    for route in ROUTES.iter().filter(|route| !matches!(route.access, RouteAccess::Form | RouteAccess::Webhook)) {
        let request = bare(route.method, route.path).header("authorization", basic(&format!("{KEY}:")));
        let answer = gateway.send(request.json(guide_lead())).await;
        assert_eq!(
            answer.status == 401,
            matches!(route.access, RouteAccess::Key(_) | RouteAccess::CrmKey),
            "{}",
            route.path
        );
    }
}

#[rstest]
#[case::write_key(basic("lg_test_key:"), true)]
#[case::lower_case(basic("lg_test_key:").replace("Basic", "basic"), true)]
#[case::bearer("Bearer lg_test_key".to_owned(), true)]
#[case::another(basic("lg_wrong:"), false)]
#[case::with_a_password(basic("lg_test_key:x"), false)]
#[case::as_the_password(basic(":lg_test_key"), false)]
#[case::without_a_colon(basic("lg_test_key"), false)]
#[case::nobody(basic(":"), false)]
#[case::not_encoded("Basic lg_test_key:".to_owned(), false)]
#[case::nothing("Basic ".to_owned(), false)]
#[tokio::test]
async fn a_write_key_is_taken_only_as_it_is(#[case] value: String, #[case] taken: bool) {
    let gateway = TestGateway::new();
    let request = bare("POST", "/v1/track").header("authorization", value);
    let answer = gateway.send(request.text(r#"{"event": "A", "writeKey": "lg_test_key"}"#)).await;
    assert_eq!(answer.status == 200, taken, "{answer:?}");
    assert_eq!(gateway.store.kept(), usize::from(taken));
}

fn basic(pair: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[tokio::test]
async fn every_route_lets_a_key_in() {
    let gateway = TestGateway::with(|settings| {
        settings.patience = std::time::Duration::ZERO;
        settings.reading.rules = rules(SEVEN);
    });
    for route in ROUTES.iter().filter(|route| route.access != RouteAccess::Webhook) {
        let request = bare(route.method, &format!("{}?key=pk_seven_7777", route.path)).header("x-leadgate-key", KEY);
        let answer = gateway.send(request.json(guide_lead())).await;
        assert!(!matches!(answer.status.as_u16(), 401 | 403), "{}", route.path);
        assert_ne!(answer.status, 405, "{}", route.path);
    }
}

#[test]
fn no_path_is_in_the_table_twice() {
    let paths: std::collections::BTreeSet<_> = ROUTES.iter().map(|route| route.path).collect();
    assert_eq!(paths.len(), ROUTES.len());
}

#[rstest]
#[case("authorization", "Bearer lg_test_key", true)]
#[case("authorization", "bearer lg_test_key", true)]
#[case("authorization", "Bearer   lg_test_key ", true)]
#[case("x-leadgate-key", "lg_test_key", true)]
#[case("authorization", "Bearer lg_test_ke", false)]
#[case("authorization", "Bearer ", false)]
#[case("authorization", "Bearer", false)]
#[case("authorization", "lg_test_key", false)]
#[case("authorization", "Token token=lg_test_key", false)]
#[case("authorization", "Basic lg_test_key", false)]
#[case("x-leadgate-key", "", false)]
#[case("x-leadgate-key", "Bearer lg_test_key", false)]
#[tokio::test]
async fn a_key_is_taken_only_as_it_is(#[case] header: &str, #[case] value: &str, #[case] taken: bool) {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    let answer = gateway.send(bare("POST", "/leads").header(header, value).json(guide_lead())).await;
    assert_eq!(answer.status == 200, taken, "{answer:?}");
    assert_eq!(gateway.store.kept(), usize::from(taken));
}

#[tokio::test]
async fn a_proxy_may_use_the_authorization_header_for_itself() {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    let request = bare("POST", "/leads").header("authorization", "Bearer of-the-proxy").header("x-leadgate-key", KEY);
    assert_eq!(gateway.send(request.json(guide_lead())).await.status, 200);
}

#[tokio::test]
async fn a_refusal_says_how_to_send_the_key_in_the_words_of_the_route() {
    let gateway = TestGateway::new();
    let guide = gateway.send(bare("POST", "/leads").json(guide_lead())).await;
    assert!(guide.json()["error"].as_str().unwrap().contains("Authorization: Bearer <key>"), "{guide:?}");
    let v1 = gateway.send(bare("POST", "/v1/leads").header("x-leadgate-key", "wrong").json(guide_lead())).await;
    assert_eq!(v1.header("content-type"), "application/problem+json");
    assert_eq!(v1.json()["type"], "urn:leadgate:problem:key-unknown");
    assert!(v1.json()["detail"].as_str().unwrap().contains("X-Leadgate-Key"), "{v1:?}");
}

#[tokio::test]
async fn without_any_key_nobody_comes_in_unless_access_is_open_by_name() {
    for (access, status) in [(Access::Keys(Vec::new()), 401), (Access::OpenToAnyone, 200)] {
        let gateway = TestGateway::with(|settings| settings.access = access);
        gateway.store.end_all(person(RecordKind::Lead, false));
        let answer = gateway.send(bare("POST", "/leads").json(guide_lead())).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn no_cross_origin_access_is_granted() {
    let gateway = TestGateway::new();
    let request = Request::builder().method(Method::OPTIONS).uri("/leads").header("origin", "https://example.com");
    let answer = gateway.send(request.body(Body::empty()).unwrap()).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}
