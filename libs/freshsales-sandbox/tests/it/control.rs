//! The control API: what an operator sees and steers over HTTP.

use freshsales_sandbox::{Kind, Plan, SandboxConfig};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, Got, config};

async fn control(app: &App, method: Method, path: &str, body: Value) -> Got {
    let request = app.http.request(method, format!("{}/__sandbox{path}", app.sandbox.root_url()));
    App::send(if body.is_null() { request } else { request.json(&body) }).await
}

#[tokio::test]
async fn the_summary_and_the_records_need_no_key_and_cost_no_quota() {
    let app = App::with(SandboxConfig { plan: Plan::Free, ..config() }).await;
    app.account.seed_lead(&json!({"last_name": "Haddad"}));
    let summary = control(&app, Method::GET, "", Value::Null).await.ok(200);
    assert_eq!(summary["records"]["leads"], json!({"live": 1, "deleted": 0}));
    assert_eq!((&summary["requests"], &summary["quota"]["hour"]["used"]), (&json!(0), &json!(0)));
    let records = control(&app, Method::GET, "/records/leads", Value::Null).await.ok(200);
    assert_eq!(records["leads"][0]["last_name"], "Haddad");
    assert!(records["leads"][0]["owner_id"].is_i64());
}

#[tokio::test]
async fn requests_are_listed_newest_first_with_their_callers() {
    let app = App::start().await;
    app.get("/selector/owners").await.ok(200);
    App::send(app.request(Method::GET, "/api/contacts?x=1").header("x-sandbox-caller", "importer")).await;
    let seen = control(&app, Method::GET, "/requests?limit=1", Value::Null).await.ok(200);
    assert_eq!((&seen["total"], seen["requests"].as_array().unwrap().len()), (&json!(2), 1));
    let newest = &seen["requests"][0];
    assert_eq!(
        (&newest["caller"], &newest["status"], &newest["query"]),
        (&json!("importer"), &json!(403), &json!("x=1"))
    );
    control(&app, Method::DELETE, "/requests", Value::Null).await.ok(200);
    assert_eq!(app.account.request_count(), 0);
}

#[tokio::test]
async fn another_tool_can_drain_the_quota() {
    let app = App::with(SandboxConfig { plan: Plan::Pro, ..config() }).await;
    let drained = control(&app, Method::POST, "/quota/drain", json!({"requests": 500})).await.ok(200);
    assert_eq!(drained, json!({"accepted": 400, "refused": 100}));
    assert_eq!(app.get("/selector/owners").await.status, 429);
    let plan = json!({"plan": {"custom": {"hour": 5000, "minute": 5000}}});
    assert_eq!(control(&app, Method::PUT, "/quota", plan).await.ok(200)["quota"]["minute"]["limit"], 5000);
    assert_eq!(app.get("/selector/owners").await.status, 200);
}

#[tokio::test]
async fn faults_are_set_listed_and_cleared() {
    let app = App::start().await;
    let fault = json!({"faults": [{"kind": "quota_429", "reset_after_seconds": 5, "methods": ["GET"],
        "path_prefix": "/selector", "remaining": 2}]});
    control(&app, Method::PUT, "/faults", fault).await.ok(200);
    assert_eq!(app.get("/selector/owners").await.header("x-ratelimit-reset"), Some("150626123035"));
    let listed = control(&app, Method::GET, "/faults", Value::Null).await.ok(200);
    assert_eq!((&listed["faults"][0]["kind"], &listed["faults"][0]["remaining"]), (&json!("quota_429"), &json!(1)));
    control(&app, Method::DELETE, "/faults", Value::Null).await.ok(200);
    assert_eq!(app.get("/selector/owners").await.status, 200);
    assert_eq!(control(&app, Method::PUT, "/faults", json!({"faults": [{"kind": "nonsense"}]})).await.status, 400);
}

#[tokio::test]
async fn clock_index_lag_and_switches_are_steered() {
    let app = App::start().await;
    let advanced = control(&app, Method::POST, "/clock/advance", json!({"seconds": 90.5})).await.ok(200);
    assert_eq!((&advanced["now"], &advanced["stepped"]), (&json!("2026-06-15T12:32:00.5Z"), &json!(true)));
    control(&app, Method::PUT, "/index-lag", json!({"seconds": 0})).await.ok(200);
    app.account.seed_contact(&json!({"last_name": "Okafor"}));
    assert_eq!(app.get("/search?q=okafor").await.ok(200).as_array().unwrap().len(), 1);
    control(&app, Method::PUT, "/switches", json!({"mobile_unique": true})).await.ok(200);
    assert!(app.account.switches().mobile_unique && app.account.switches().contact_email_unique);
    assert_eq!(control(&app, Method::PUT, "/switches", json!({"nonsense": true})).await.status, 400);
}

#[tokio::test]
async fn stages_and_custom_fields_are_changed() {
    let app = App::start().await;
    let added = control(&app, Method::POST, "/stages/add", json!({"name": "Trial Active"})).await.ok(200);
    let path = format!("/stages/{}", added["id"]);
    control(&app, Method::PUT, &path, json!({"name": "Trial"})).await.ok(200);
    assert_eq!(app.account.stage_id("Trial"), added["id"].as_i64());
    control(&app, Method::DELETE, &path, Value::Null).await.ok(200);
    assert_eq!(control(&app, Method::DELETE, &path, Value::Null).await.status, 400);
    let field = json!({"kind": "contact", "name": "cf_plan", "label": "Plan", "field_type": "text"});
    control(&app, Method::POST, "/custom-fields", field).await.ok(200);
    let contact = json!({"last_name": "A", "custom_field": {"cf_plan": "pro"}});
    assert_eq!(app.post("/contacts", &contact).await.ok(201)["contact"]["custom_field"]["cf_plan"], "pro");
}

#[tokio::test]
async fn a_reset_account_is_fresh() {
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "Okafor"}));
    app.account.advance(std::time::Duration::from_secs(60));
    let summary = control(&app, Method::POST, "/reset", Value::Null).await.ok(200);
    assert_eq!((&summary["records"]["contacts"]["live"], &summary["now"]), (&json!(0), &json!(crate::client::START)));
    assert_eq!(control(&app, Method::GET, "/nowhere", Value::Null).await.status, 404);
}

#[tokio::test]
async fn every_reply_is_dated_by_the_accounts_clock() {
    let app = App::start().await;
    app.account.advance(std::time::Duration::from_secs(90));
    let got = App::send(app.request(Method::GET, "/api/selector/owners")).await;
    assert_eq!(got.header("date"), Some("Mon, 15 Jun 2026 12:32:00 GMT"));
}

#[rstest]
#[case::bare(&[("host", "127.0.0.1:8401")], 200)]
#[case::local(&[("host", "localhost")], 200)]
#[case::account(&[("host", "acme.localhost:8401")], 200)]
#[case::its_real_name(&[("host", "acme.myfreshworks.com")], 200)]
#[case::rebound(&[("host", "evil.example")], 403)]
#[case::rebound_with_the_account_s_name(&[("host", "acme.evil.example")], 403)]
#[case::looks_local(&[("host", "127.0.0.1.evil.example")], 403)]
#[case::another_site_s_form(&[("origin", "https://evil.example")], 403)]
#[case::no_site_s_form(&[("origin", "null")], 403)]
#[case::another_site_s_picture(&[("sec-fetch-site", "cross-site")], 403)]
#[case::through_a_proxy(&[("x-forwarded-for", "203.0.113.9")], 403)]
#[case::no_such_account(&[("host", "nobody.localhost")], 404)]
#[tokio::test]
async fn pages_of_other_sites_cannot_steer_the_account(#[case] headers: &[(&str, &str)], #[case] status: u16) {
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "Halvorsen"}));
    let request = app.http.post(format!("{}/__sandbox/reset", app.sandbox.root_url()));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let got = App::send(request).await;
    assert_eq!((got.status, app.account.count(Kind::Contact)), (status, usize::from(status != 200)), "{}", got.text);
}

#[tokio::test]
async fn a_wrong_name_in_the_path_does_not_steer_the_first_account() {
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "Halvorsen"}));
    let got = App::send(app.http.post(format!("{}/@nobody/__sandbox/reset", app.sandbox.root_url()))).await;
    assert_eq!(
        (got.ok(404)["error"].as_str(), app.account.count(Kind::Contact)),
        (Some("there is no account of this name"), 1)
    );
}
