//! Who reaches the account, and what everyone else gets.

use freshsales_sandbox::{Generation, Profile, SandboxConfig};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use crate::client::{App, config};

#[rstest]
#[case("Token token=wrong")]
#[case("Bearer sandbox-key")]
#[case("Token token=\"sandbox-key\"")]
#[case("")]
#[tokio::test]
async fn a_wrong_key_is_a_json_401(#[case] authorization: &str) {
    let app = App::start().await;
    for path in ["/crm/sales/api/contacts/filters", "/api/leads/filters"] {
        let request = app.http.get(format!("{}{path}", app.sandbox.root_url()));
        let got = App::send(request.header("authorization", authorization).header("accept", "application/json")).await;
        assert_eq!(got.ok(401), json!({"login": "failed", "message": null}));
        assert_eq!(got.header("x-ratelimit-limit"), None);
    }
}

#[tokio::test]
async fn suite_sends_callers_that_do_not_ask_for_json_to_its_sign_in_page() {
    let app = App::start().await;
    let url = app.sandbox.url(Generation::Suite);
    let got = App::send(app.http.get(format!("{url}/selector/owners"))).await;
    assert_eq!(got.status, 302);
    let page = App::send(app.http.get(got.header("location").unwrap())).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let classic = App::send(app.http.get(format!("{}/selector/owners", app.sandbox.url(Generation::Classic)))).await;
    assert_eq!(classic.status, 401);
}

#[rstest]
#[case("acme.freshsales.io", 200)]
#[case("acme.myfreshworks.com", 200)]
#[case("ACME.myfreshworks.com:443", 200)]
#[case("localhost:1", 200)]
#[case("[::1]:80", 200)]
#[case("other.freshsales.io", 404)]
#[case("crm.example.com", 404)]
#[tokio::test]
async fn the_first_label_of_the_host_names_the_account(#[case] host: &str, #[case] status: u16) {
    let app = App::start().await;
    for path in ["/crm/sales/api/selector/owners", "/api/selector/owners"] {
        let got = App::send(app.request(Method::GET, path).header("host", host)).await;
        assert_eq!(got.status, status);
        if status == 404 {
            assert_eq!(got.header("content-type"), Some("text/html; charset=utf-8"));
        }
    }
}

#[tokio::test]
async fn classic_accepts_a_password() {
    let app = App::start().await;
    let root = app.sandbox.root_url();
    let sign_in = |password: &str| {
        let user = json!({"user": {"email": "mara.lindqvist@example.com", "password": password}});
        app.http.post(format!("{root}/api/sign_in")).json(&user)
    };
    assert_eq!(App::send(sign_in("sandbox-password")).await.ok(200)["auth_token"], "sandbox-key");
    assert_eq!(App::send(sign_in("wrong")).await.ok(401)["login"], "failed");
    let basic = "Basic bWFyYS5saW5kcXZpc3RAZXhhbXBsZS5jb206c2FuZGJveC1wYXNzd29yZA==";
    let got = App::send(app.http.get(format!("{root}/api/selector/owners")).header("authorization", basic)).await;
    assert_eq!(got.status, 200);
}

#[tokio::test]
async fn each_refusal_has_its_recorded_shape() {
    let app = App::start().await;
    assert_eq!(app.get("/contacts").await.ok(403)["errors"]["code"], 403);
    assert_eq!(app.get("/contacts/71999999999").await.ok(404)["errors"]["message"][0], "Not found");
    let not_a_number = app.get("/contacts/abc").await;
    assert_eq!((not_a_number.status, not_a_number.text.as_str()), (404, ""));
    for path in ["/no/such/route", "/deals/73000000001/tasks", "/leads/filters"] {
        let unknown = app.get(path).await;
        assert_eq!((unknown.status, unknown.header("content-type")), (404, Some("text/html; charset=utf-8")), "{path}");
    }
}

#[rstest]
#[case(Profile::Both, 200, 200)]
#[case(Profile::Classic, 200, 404)]
#[case(Profile::Tutorial, 200, 404)]
#[case(Profile::Suite, 404, 200)]
#[tokio::test]
async fn a_profile_serves_its_generations(#[case] profile: Profile, #[case] classic: u16, #[case] suite: u16) {
    let app = App::with(SandboxConfig { profile, ..config() }).await;
    assert_eq!(app.classic_get("/contacts/filters").await.status, classic);
    assert_eq!(app.classic_get("/leads/filters").await.status, classic);
    assert_eq!(app.get("/contacts/filters").await.status, suite);
    assert_eq!(app.get("/leads/filters").await.status, 404);
}

#[tokio::test]
async fn tracking_needs_no_key() {
    let app = App::start().await;
    for path in ["/track/events", "/crm/sales/track/visitors"] {
        let request = app.http.post(format!("{}{path}", app.sandbox.root_url())).json(&json!({}));
        assert_eq!(App::send(request).await.status, 200);
    }
}

#[tokio::test]
async fn a_suite_account_whose_proxy_drops_the_accept_header_sends_everyone_to_its_sign_in_page() {
    let app = App::start().await;
    app.account.set_switches(freshsales_sandbox::Switches { accept_header_is_lost: true, ..app.account.switches() });
    let request = app.http.get(format!("{}/selector/owners", app.sandbox.url(Generation::Suite)));
    assert_eq!(App::send(request.header("accept", "application/json")).await.status, 302);
}

#[tokio::test]
async fn an_account_can_be_made_unknown() {
    let app = App::start().await;
    app.account.set_switches(freshsales_sandbox::Switches { account_is_unknown: true, ..app.account.switches() });
    let got = App::send(app.request(Method::GET, "/crm/sales/api/selector/owners")).await;
    assert_eq!((got.status, got.header("content-type")), (404, Some("text/html; charset=utf-8")));
}
