//! Every open question about the API has a switch, every value of it acts, and the table in the documentation lists them all.

use std::time::Duration;

use freshsales_sandbox::{Kind, Plan, SandboxConfig, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, config};

/// An account whose configuration has this switch.
async fn with(name: &str, value: &str) -> App {
    let mut switches = Switches::default();
    switches.set(name, value).unwrap();
    App::with(SandboxConfig { switches, ..config() }).await
}

#[rstest]
#[case("by_generation", 201, 200)]
#[case("ok", 200, 200)]
#[case("created", 201, 201)]
#[tokio::test]
async fn create_status(#[case] value: &str, #[case] suite: u16, #[case] classic: u16) {
    let app = with("create_status", value).await;
    let body = json!({"last_name": "A"});
    assert_eq!(
        (app.post("/contacts", &body).await.status, app.classic_post("/leads", &body).await.status),
        (suite, classic)
    );
}

#[rstest]
#[case("empty", "")]
#[case("json", r#"{"errors":{"code":429,"message":["Too many requests"]}}"#)]
#[tokio::test]
async fn quota_body(#[case] value: &str, #[case] body: &str) {
    let app = with("quota_body", value).await;
    app.account.set_plan(Plan::Custom { hour: 0, minute: 0 });
    let refused = app.get("/selector/owners").await;
    assert_eq!((refused.status, refused.text.as_str()), (429, body));
    assert!(refused.header("x-ratelimit-reset").is_some());
}

fn lead(app: &App) -> i64 {
    let lead = json!({"last_name": "Haddad", "company": {"name": "Desert Rose"}, "deal": {"name": "S", "amount": 1}});
    app.account.seed_lead(&lead)
}

#[rstest]
#[case("contact_only", &["contact"], false)]
#[case("side_loads", &["contact", "sales_accounts", "deals"], false)]
#[case("nested", &["contact"], true)]
#[tokio::test]
async fn convert_reply(#[case] value: &str, #[case] keys: &[&str], #[case] nested: bool) {
    let app = with("convert_reply", value).await;
    let converted = app.classic_post(&format!("/leads/{}/convert", lead(&app)), &json!({})).await.ok(200);
    assert_eq!(converted.as_object().unwrap().keys().collect::<Vec<_>>(), keys);
    assert_eq!(converted["contact"]["sales_accounts"][0]["name"] == "Desert Rose", nested);
}

#[rstest]
#[case("not_found", 404)]
#[case("refuse", 400)]
#[tokio::test]
async fn convert_again(#[case] value: &str, #[case] status: u16) {
    let app = with("convert_again", value).await;
    let path = format!("/leads/{}/convert", lead(&app));
    app.classic_post(&path, &json!({})).await.ok(200);
    assert_eq!(app.classic_post(&path, &json!({})).await.status, status);
    assert_eq!(app.account.count(Kind::Deal), 1);
}

#[rstest]
#[case("not_found", 404, json!(null))]
#[case("shown", 200, json!(true))]
#[tokio::test]
async fn deleted_record(#[case] value: &str, #[case] status: u16, #[case] is_deleted: Value) {
    let app = with("deleted_record", value).await;
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    app.account.delete(Kind::Contact, contact);
    assert_eq!(app.get(&format!("/contacts/{contact}")).await.ok(status)["contact"]["is_deleted"], is_deleted);
}

#[rstest]
#[case("clamp", 100)]
#[case("honour", 103)]
#[case("ignore", 25)]
#[tokio::test]
async fn page_above_maximum(#[case] value: &str, #[case] rows: usize) {
    let app = with("page_above_maximum", value).await;
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    for _ in 0..103 {
        app.account.seed_contact(&json!({"last_name": "A", "sales_accounts": [{"id": account}]}));
    }
    let page = app.get(&format!("/sales_accounts/{account}/contacts?per_page=1000")).await.ok(200);
    assert_eq!(page["contacts"].as_array().unwrap().len(), rows);
}

#[rstest]
#[case("immediate", 1)]
#[case("lagging", 0)]
#[tokio::test]
async fn lookup_freshness(#[case] value: &str, #[case] at_once: usize) {
    let app = with("lookup_freshness", value).await;
    app.account.seed_contact(&json!({"last_name": "A", "email": "a@example.com", "job_title": "CTO"}));
    let found = async |field: &str, text: &str| {
        let found = app.get(&format!("/lookup?q={text}&f={field}&entities=contact")).await.ok(200);
        found["contacts"]["contacts"].as_array().unwrap().len()
    };
    assert_eq!((found("email", "A@example.com").await, found("job_title", "cto").await), (at_once, at_once));
    app.account.advance(Duration::from_secs(3));
    assert_eq!((found("email", "A@example.com").await, found("job_title", "cto").await), (1, 1));
}

#[rstest]
#[case("0", 0)]
#[case("7000", 7)]
#[tokio::test]
async fn index_lag_milliseconds(#[case] value: &str, #[case] seconds: u64) {
    let app = with("index_lag_milliseconds", value).await;
    app.account.seed_contact(&json!({"last_name": "Okafor"}));
    let hits = async || app.get("/search?q=okafor").await.ok(200).as_array().unwrap().len();
    app.account.advance(Duration::from_secs(seconds).saturating_sub(Duration::from_millis(1)));
    assert_eq!(hits().await, usize::from(seconds == 0));
    app.account.advance(Duration::from_millis(1));
    assert_eq!(hits().await, 1);
    app.account.set_index_lag(Duration::from_secs(2));
    assert_eq!(app.account.switches().index_lag_milliseconds, Some(2000));
}

/// The status of a job of one row that is refused, and its report.
async fn failed_job(app: &App) -> (String, Value) {
    app.account.seed_contact(&json!({"email": "taken@example.com"}));
    let contact = app.account.seed_contact(&json!({"email": "a@example.com"}));
    let rows = json!({"contacts": [{"id": contact, "data": {"mobile_number": "abc"}}]});
    let job = app.post("/contacts/bulk_upsert", &rows).await.ok(200);
    app.account.advance(Duration::from_secs(1));
    let path = job["job_status_url"].as_str().unwrap().split("/api").nth(1).unwrap().to_owned();
    let status = app.get(&path).await.ok(200);
    let report: Value = serde_json::from_str(status["data"].as_str().unwrap()).unwrap();
    (status["status"].as_str().unwrap().to_owned(), report["detailed_failure_report"][0].clone())
}

const SENTENCE: &str = "Invalid value for mobile_number.";

#[rstest]
#[case("errors", "errors", json!([SENTENCE]))]
#[case("message", "message", json!(SENTENCE))]
#[case("field_map", "errors", json!({"mobile_number": [SENTENCE]}))]
#[case("envelope", "error", json!({"code": 400, "message": [SENTENCE]}))]
#[tokio::test]
async fn job_failure_item(#[case] value: &str, #[case] key: &str, #[case] said: Value) {
    let (_, item) = failed_job(&with("job_failure_item", value).await).await;
    assert_eq!((&item[key], item["id"].is_i64()), (&said, true));
}

#[rstest]
#[case("job_failed_status", "FAILED", "FAILED")]
#[case("job_failed_status", "ERROR", "ERROR")]
#[case("job_of_failures_fails", "false", "SUCCESS")]
#[case("job_of_failures_fails", "true", "FAILED")]
#[tokio::test]
async fn job_failed_status(#[case] name: &str, #[case] value: &str, #[case] status: &str) {
    assert_eq!(failed_job(&with(name, value).await).await.0, status);
}

#[rstest]
#[case("list", json!({"code": 400, "message": [SENTENCE, "Invalid source provided."]}))]
#[case("plain_text", json!({"code": 400, "message": format!("{SENTENCE} Invalid source provided.")}))]
#[case("field_map", json!({"mobile_number": [SENTENCE], "lead_source_id": ["Invalid source provided."]}))]
#[tokio::test]
async fn error_shape(#[case] value: &str, #[case] errors: Value) {
    let app = with("error_shape", value).await;
    let refused = app.post("/contacts", &json!({"last_name": "A", "mobile_number": "abc", "lead_source_id": 1})).await;
    assert_eq!(refused.ok(400)["errors"], errors);
    app.account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    assert_eq!(app.post("/sales_accounts", &json!({"name": "Acme"})).await.ok(400)["errors"]["error_code"], 3002);
}

#[rstest]
#[case("usual", json!(["Not found"]), json!("1 contacts deleted."))]
#[case("other", json!(["Refused, see the reference."]), json!("OK"))]
#[case("missing", json!(null), json!(null))]
#[tokio::test]
async fn unrecorded_texts(#[case] value: &str, #[case] not_found: Value, #[case] deleted: Value) {
    let app = with("unrecorded_texts", value).await;
    assert_eq!(app.get("/contacts/71999999999").await.ok(404)["errors"]["message"], not_found);
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    let done = app.post("/contacts/bulk_destroy", &json!({"selected_ids": [contact]})).await.ok(200);
    assert_eq!(done.get("message").cloned().unwrap_or_default(), deleted);
    assert_eq!(app.get("/tasks").await.status, 400);
}

#[rstest]
#[case("1", 1)]
#[case("3", 0)]
#[tokio::test]
async fn search_minimum_characters(#[case] value: &str, #[case] hits: usize) {
    let app = with("search_minimum_characters", value).await;
    app.account.set_index_lag(Duration::ZERO);
    app.account.seed_contact(&json!({"last_name": "Okafor"}));
    assert_eq!(app.get("/search?q=ok").await.ok(200).as_array().unwrap().len(), hits);
    assert_eq!(app.get("/search?q=oka").await.ok(200).as_array().unwrap().len(), 1);
}

#[rstest]
#[case("null", 200)]
#[case("1", 400)]
#[tokio::test]
async fn search_values_maximum(#[case] value: &str, #[case] status: u16) {
    let app = with("search_values_maximum", value).await;
    let rule = json!({"attribute": "contact_email.email", "operator": "is_in", "value": ["a@x.io", "b@x.io"]});
    assert_eq!(app.post("/filtered_search/contact", &json!({"filter_rule": [rule]})).await.status, status);
}

#[rstest]
#[case("true", 400)]
#[case("false", 201)]
#[tokio::test]
async fn unknown_custom_field_refused(#[case] value: &str, #[case] status: u16) {
    let app = with("unknown_custom_field_refused", value).await;
    assert_eq!(app.post("/contacts", &json!({"last_name": "A", "custom_field": {"cf_new": 1}})).await.status, status);
}

#[rstest]
#[case("2", 2)]
#[case("100", 3)]
#[tokio::test]
async fn per_page_maximum(#[case] value: &str, #[case] rows: usize) {
    let app = with("per_page_maximum", value).await;
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    for _ in 0..3 {
        app.account.seed_contact(&json!({"last_name": "A", "sales_accounts": [{"id": account}]}));
    }
    let page = app.get(&format!("/sales_accounts/{account}/contacts")).await.ok(200);
    assert_eq!(page["contacts"].as_array().unwrap().len(), rows);
}

#[rstest]
#[case("refuse", 400)]
#[case("empty", 200)]
#[tokio::test]
async fn lookup_missing_field(#[case] value: &str, #[case] status: u16) {
    let app = with("lookup_missing_field", value).await;
    assert_eq!(app.get("/lookup?q=a&f=email&entities=contact,sales_account").await.status, status);
}

#[rstest]
#[case("deleted_record", "gone")]
#[case("mobile_unique", "maybe")]
#[case("nonsense", "true")]
#[case("per_page_maximum", "-1")]
fn a_switch_refuses_what_it_does_not_take(#[case] name: &str, #[case] value: &str) {
    let mut switches = Switches::default();
    assert!(switches.set(name, value).is_err());
    assert_eq!(switches, Switches::default());
}

#[test]
fn the_table_lists_every_switch_with_its_default() {
    let path = format!("{}/../../docs/sandbox-switches.md", env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(path).unwrap();
    for (name, value) in json!(Switches::default()).as_object().unwrap() {
        let default = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let row = table.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        assert!(row.is_some_and(|row| row.contains(&format!("**`{default}`**"))), "{name}: {default}");
    }
}
