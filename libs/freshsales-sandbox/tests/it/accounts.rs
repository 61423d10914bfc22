//! Many accounts in one process: each by its host name or path prefix, with its own key, plan, clock and records.

use freshsales_sandbox::{AccountSpec, Language, Plan, Profile, SandboxConfig};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, config};

async fn two() -> App {
    let app = App::start().await;
    let spec: AccountSpec = "name=globex,key=k2,plan=pro,profile=suite".parse().unwrap();
    app.sandbox.add_account(spec.config().unwrap()).unwrap();
    app
}

async fn status(app: &App, host: &str, path: &str, key: &str) -> u16 {
    let request = app.http.get(format!("{}{path}", app.sandbox.root_url())).header("host", host);
    let request = request.header("authorization", format!("Token token={key}")).header("accept", "application/json");
    App::send(request).await.status
}

#[rstest]
#[case::by_host("globex.myfreshworks.com", "/crm/sales/api/selector/owners", "k2", 200)]
#[case::by_local_name("globex.localhost:8401", "/crm/sales/api/selector/owners", "k2", 200)]
#[case::by_prefix("127.0.0.1", "/@globex/crm/sales/api/selector/owners", "k2", 200)]
#[case::any_letter_case("127.0.0.1", "/@Globex/crm/sales/api/selector/owners", "k2", 200)]
#[case::with_the_other_key("globex.myfreshworks.com", "/crm/sales/api/selector/owners", "sandbox-key", 401)]
#[case::first_by_default("127.0.0.1", "/crm/sales/api/selector/owners", "sandbox-key", 200)]
#[case::first_by_prefix("127.0.0.1", "/@acme/crm/sales/api/selector/owners", "sandbox-key", 200)]
#[case::other_profile("globex.freshsales.io", "/api/leads/filters", "k2", 404)]
#[case::unknown_host("nobody.myfreshworks.com", "/crm/sales/api/selector/owners", "k2", 404)]
#[case::unknown_prefix("127.0.0.1", "/@nobody/crm/sales/api/selector/owners", "k2", 404)]
#[tokio::test]
async fn a_request_reaches_its_account(#[case] host: &str, #[case] path: &str, #[case] key: &str, #[case] wanted: u16) {
    assert_eq!(status(&two().await, host, path, key).await, wanted);
}

#[tokio::test]
async fn accounts_share_nothing() {
    let app = two().await;
    let other = app.sandbox.account_named("globex").unwrap();
    other.seed_contact(&json!({"last_name": "Okafor"}));
    other.advance(std::time::Duration::from_secs(3600));
    assert_eq!((app.account.contacts().len(), other.contacts().len()), (0, 1));
    assert_eq!((app.account.quota().hour_limit, other.quota().hour_limit), (None, Some(2000)));
    assert_eq!(status(&app, "globex.localhost", "/crm/sales/api/selector/owners", "k2").await, 200);
    assert_eq!((app.account.request_count(), other.request_count()), (0, 1));
}

#[tokio::test]
async fn links_lead_back_to_the_same_account() {
    let app = two().await;
    let url = app.sandbox.url_of("globex", freshsales_sandbox::Generation::Suite);
    let rows = json!({"contacts": [{"emails": "a@example.com", "data": {"last_name": "A"}}]});
    let request = |request: reqwest::RequestBuilder| {
        request.header("authorization", "Token token=k2").header("accept", "application/json")
    };
    let reply = App::send(request(app.http.post(format!("{url}/contacts/bulk_upsert"))).json(&rows)).await.ok(200);
    let job = reply["job_status_url"].as_str().unwrap();
    assert_eq!(App::send(request(app.http.get(job))).await.status, 200, "{job}");
}

#[tokio::test]
async fn the_control_api_adds_lists_steers_and_removes_accounts() {
    let app = App::start().await;
    let control = |method: Method, path: &str, body: Value| {
        let request = app.http.request(method, format!("{}{path}", app.sandbox.root_url()));
        App::send(if body.is_null() { request } else { request.json(&body) })
    };
    let spec =
        json!({"name": "globex", "plan": "growth", "profile": "classic", "clock": {"stepped": "2026-01-01T00:00:00Z"}});
    assert_eq!(control(Method::POST, "/__sandbox/accounts", spec.clone()).await.ok(201)["path_prefix"], "/@globex");
    assert_eq!(control(Method::POST, "/__sandbox/accounts", spec).await.status, 400);
    let listed = control(Method::GET, "/__sandbox/accounts", Value::Null).await.ok(200);
    assert_eq!(listed["accounts"][1]["name"], "globex");
    let summary = control(Method::GET, "/@globex/__sandbox", Value::Null).await.ok(200);
    assert_eq!((&summary["now"], &summary["quota"]["plan"]), (&json!("2026-01-01T00:00:00Z"), &json!("growth")));
    control(Method::DELETE, "/__sandbox/accounts/globex", Value::Null).await.ok(200);
    assert!(app.sandbox.account_named("globex").is_none());
    assert_eq!(control(Method::DELETE, "/__sandbox/accounts/acme", Value::Null).await.status, 400);
}

#[rstest]
#[case("/@globex", "/")]
#[case("/@globex/", "/")]
#[case("/@Globex/-/contacts?page=2", "/-/contacts?page=2")]
#[tokio::test]
async fn a_browser_at_a_path_prefix_is_led_to_the_account_s_own_address(#[case] asked: &str, #[case] led_to: &str) {
    let app = two().await;
    let browse = async |url: &str, host: &str| {
        let request = app.http.get(url).header("accept", "text/html");
        App::send(if host.is_empty() { request } else { request.header("host", host) }).await
    };
    let root = app.sandbox.root_url();
    let got = browse(&format!("{root}{asked}"), "").await;
    let port = app.sandbox.addr().port();
    assert_eq!(
        (got.status, got.header("location")),
        (303, Some(format!("http://globex.localhost:{port}{led_to}").as_str()))
    );
    let page = browse(&format!("{root}/"), &format!("globex.localhost:{port}")).await;
    assert!(page.status == 200 && page.text.contains("globex sandbox"), "{}", page.text);
    let elsewhere = browse(&format!("{root}{asked}"), "crm.example:80").await;
    assert!(
        elsewhere.status == 404 && elsewhere.text.contains("host name that begins with globex"),
        "{}",
        elsewhere.text
    );
}

#[rstest]
#[case("key=k")]
#[case("name=a b")]
#[case("name=a,plan=golden")]
#[case("name=a,clock=never")]
#[case("name=a,colour=red")]
#[case("name=a,switch.colour=red")]
#[case("name=a,switch.mobile_unique=perhaps")]
#[case("name=a,language=la")]
#[case("name")]
fn a_flag_that_describes_no_account_is_refused(#[case] text: &str) {
    assert!(text.parse::<AccountSpec>().is_err());
}

#[test]
fn a_flag_describes_an_account() {
    let spec: AccountSpec =
        "name=acme, plan=pro, profile=suite, clock=x60, index-lag=0.5, zone=+05:30".parse().unwrap();
    assert!(!spec.config().unwrap().switches.mobile_unique);
    let SandboxConfig { subdomain, plan, profile, index_lag, .. } = spec.config().unwrap();
    assert_eq!((subdomain.as_str(), plan, profile), ("acme", Plan::Pro, Profile::Suite));
    assert_eq!(index_lag, std::time::Duration::from_millis(500));
    assert!(AccountSpec::named("x").config().is_ok());
    drop(config());
}

#[test]
fn language_and_switches_are_part_of_an_account() {
    let flag: AccountSpec = "name=a,language=nl,switch.mobile_unique=true,switch.per-page-maximum=50".parse().unwrap();
    let listed = json!({"name": "a", "language": "nl", "switches": {"mobile_unique": true, "per_page_maximum": 50}});
    for spec in [flag, serde_json::from_value(listed).unwrap()] {
        let SandboxConfig { language, switches, .. } = spec.config().unwrap();
        assert_eq!((language, switches.mobile_unique, switches.per_page_maximum), (Language::Dutch, true, 50));
    }
    let wrong: AccountSpec = serde_json::from_value(json!({"name": "a", "switches": {"colour": 1}})).unwrap();
    assert_eq!(wrong.config().unwrap_err(), "there is no switch colour");
}
