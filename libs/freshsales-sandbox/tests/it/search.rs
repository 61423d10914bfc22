//! What searches see, and when; what look-ups see at once.

use std::time::Duration;

use freshsales_sandbox::{Kind, LookupMissingField, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, id};

fn by_email(address: &str) -> Value {
    json!({"filter_rule": [{"attribute": "contact_email.email", "operator": "is_in", "value": [address]}]})
}

async fn search_count(app: &App, query: &str) -> usize {
    app.get(&format!("/search?q={query}")).await.ok(200).as_array().unwrap().len()
}

#[tokio::test]
async fn a_write_reaches_searches_after_the_lag_and_look_ups_at_once() {
    let app = App::start().await;
    app.post("/contacts", &json!({"contact": {"last_name": "Okafor", "email": "Paul@Example.com"}})).await.ok(201);
    let lookup = app.get("/lookup?q=paul@example.com&f=email&entities=contact").await.ok(200);
    assert_eq!(lookup["contacts"]["contacts"][0]["email"], "Paul@Example.com");
    let rules = by_email("PAUL@example.com");
    let filtered = || app.post("/filtered_search/contact", &rules);
    assert_eq!((search_count(&app, "okafor").await, filtered().await.ok(200)["meta"]["total"].clone()), (0, json!(0)));

    app.account.advance(Duration::from_millis(2999));
    assert_eq!(search_count(&app, "okafor").await, 0);
    app.account.advance(Duration::from_millis(1));
    assert_eq!((search_count(&app, "okafor").await, filtered().await.ok(200)["meta"]["total"].clone()), (1, json!(1)));
}

#[tokio::test]
async fn searches_see_the_old_version_until_the_lag_has_passed() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "Before", "email": "a@example.com"}));
    app.account.advance(Duration::from_secs(3));
    app.put(&format!("/contacts/{contact}"), &json!({"contact": {"last_name": "After"}})).await.ok(200);
    assert_eq!((search_count(&app, "before").await, search_count(&app, "after").await), (1, 0));
    app.account.advance(Duration::from_secs(3));
    assert_eq!((search_count(&app, "before").await, search_count(&app, "after").await), (0, 1));
    app.delete(&format!("/contacts/{contact}")).await.ok(200);
    assert_eq!(search_count(&app, "after").await, 1);
    app.account.advance(Duration::from_secs(3));
    assert_eq!(search_count(&app, "after").await, 0);
}

#[tokio::test]
async fn a_lag_of_zero_is_no_lag() {
    let app = App::start().await;
    app.account.set_index_lag(Duration::ZERO);
    let contact = app.account.seed_contact(&json!({"first_name": "Ingrid", "last_name": "Halvorsen"}));
    let hits = app.get("/search?q=ingrid%20halv&include=contact").await.ok(200);
    assert_eq!(
        (hits[0]["id"].as_str(), hits[0]["type"].as_str()),
        (Some(contact.to_string().as_str()), Some("contact"))
    );
    assert_eq!(search_count(&app, "ingrid%20other").await, 0);
}

async fn three_deals() -> (App, Vec<i64>) {
    let app = App::start().await;
    app.account.set_index_lag(Duration::ZERO);
    let mut ids = Vec::new();
    for (name, amount, tag) in [("Alpha", 100, "x"), ("Beta", 200, "y"), ("Gamma", 300, "y")] {
        ids.push(app.account.seed_deal(&json!({"name": name, "amount": amount, "tags": [tag]})));
        app.account.advance(Duration::from_secs(60));
    }
    (app, ids)
}

#[rstest]
#[case(json!([]), &[0, 1, 2])]
#[case(json!([{"attribute": "name", "operator": "is", "value": "beta"}]), &[1])]
#[case(json!([{"attribute": "name", "operator": "is_not", "value": "beta"}]), &[0, 2])]
#[case(json!([{"attribute": "name", "operator": "contains", "value": "a"}]), &[0, 1, 2])]
#[case(json!([{"attribute": "deal_name.name", "operator": "starts_with", "value": "ga"}]), &[2])]
#[case(json!([{"attribute": "amount", "operator": "greater_than", "value": 150}]), &[1, 2])]
#[case(json!([{"attribute": "amount", "operator": "between", "value": [100, 200]}]), &[0, 1])]
#[case(json!([{"attribute": "updated_at", "operator": "is_after", "value": "2026-06-15T12:31:00Z"}]), &[1, 2])]
#[case(json!([{"attribute": "created_at", "operator": "is_before", "value": "2026-06-15T12:31:00Z"}]), &[0])]
#[case(json!([{"attribute": "tags", "operator": "is_in", "value": ["y"]}, {"attribute": "amount", "operator": "less_than", "value": "250"}]), &[1])]
#[case(json!([{"attribute": "expected_close", "operator": "is_empty"}]), &[0, 1, 2])]
#[case(json!([{"attribute": "cf_licence_type", "operator": "is_not_empty"}]), &[])]
#[case(json!([{"attribute": "deleted", "operator": "is", "value": 1}]), &[])]
#[tokio::test]
async fn filtered_search_ands_its_rules(#[case] rules: Value, #[case] expected: &[usize]) {
    let (app, ids) = three_deals().await;
    let got = app.post("/filtered_search/deal", &json!({"filter_rule": rules})).await.ok(200);
    let found: Vec<_> = got["deals"].as_array().unwrap().iter().map(|deal| deal["id"].as_i64().unwrap()).collect();
    assert_eq!(found, expected.iter().map(|&at| ids[at]).collect::<Vec<_>>());
    assert_eq!(got["meta"], json!({"total": expected.len()}));
}

#[rstest]
#[case(json!({"filter_rule": [{"attribute": "nonsense", "operator": "is", "value": 1}]}))]
#[case(json!({"filter_rule": [{"attribute": "name", "operator": "resembles", "value": 1}]}))]
#[case(json!({}))]
#[tokio::test]
async fn filtered_search_refuses_what_it_does_not_know(#[case] body: Value) {
    let app = App::start().await;
    assert_eq!(app.post("/filtered_search/deal", &body).await.ok(400)["errors"]["code"], 400);
}

#[tokio::test]
async fn filtered_rows_are_partial_unless_detail_is_asked_and_pages_and_sorting_hold() {
    let (app, ids) = three_deals().await;
    let mut body = json!({"filter_rule": [], "sort": "amount", "sort_type": "desc", "per_page": 2, "page": 2});
    let partial = app.post("/filtered_search/deal", &body).await.ok(200);
    assert_eq!((partial["deals"][0]["id"].as_i64(), partial["meta"]["total"].as_i64()), (Some(ids[0]), Some(3)));
    assert_eq!(partial["deals"][0]["partial"], true);
    assert!(partial["deals"][0].get("custom_field").is_none());
    body["detail"] = json!(true);
    let full = app.post("/filtered_search/deal?include=owner", &body).await.ok(200);
    assert!(full["deals"][0]["custom_field"].is_object() && full["deals"][0]["owner_id"].is_i64());
    assert_eq!(full.as_object().unwrap().keys().collect::<Vec<_>>(), ["users", "deals", "meta"]);
}

#[tokio::test]
async fn deleted_rows_are_found_in_the_recycle_bin_only() {
    let (app, ids) = three_deals().await;
    app.delete(&format!("/deals/{}", ids[1])).await.ok(200);
    let bin = json!({"filter_rule": [{"attribute": "deleted", "operator": "is", "value": 1}]});
    let got = app.post("/filtered_search/deal", &bin).await.ok(200);
    assert_eq!((got["deals"][0]["id"].as_i64(), got["meta"]["total"].as_i64()), (Some(ids[1]), Some(1)));
    assert_eq!(app.post("/filtered_search/deal", &json!({"filter_rule": []})).await.ok(200)["meta"]["total"], 2);
}

#[tokio::test]
async fn a_lead_is_found_by_its_address() {
    let app = App::start().await;
    let lead = app.account.seed_lead(&json!({"last_name": "Haddad", "email": "amir@example.com"}));
    app.account.advance(Duration::from_secs(3));
    let rules =
        json!({"filter_rule": [{"attribute": "lead_email.email", "operator": "is_in", "value": "amir@example.com"}]});
    assert_eq!(app.classic_post("/filtered_search/lead", &rules).await.ok(200)["leads"][0]["id"], lead);
    assert_eq!(app.post("/filtered_search/lead", &rules).await.status, 404);
}

#[rstest]
#[case("email", "ingrid@example.com")]
#[case("emails", "second@example.com")]
#[case("mobile_number", "%2B47900")]
#[case("name", "ingrid%20halvorsen")]
#[case("external_id", "crm-1")]
#[case("cf_license_key", "LIC-1")]
#[case("job_title", "COO")]
#[tokio::test]
async fn lookup_is_exact(#[case] field: &str, #[case] value: &str) {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"first_name": "Ingrid", "last_name": "Halvorsen",
        "emails": ["ingrid@example.com", "second@example.com"], "mobile_number": "+47900", "external_id": "crm-1",
        "job_title": "COO", "custom_field": {"cf_license_key": "LIC-1"}}));
    let got = app.get(&format!("/lookup?q={value}&f={field}&entities=contact")).await.ok(200);
    assert_eq!(got["contacts"]["contacts"][0]["id"], contact);
    let prefix = app.get(&format!("/lookup?q={}&f={field}&entities=contact", &value[..value.len() - 1])).await.ok(200);
    assert_eq!(prefix, json!({"contacts": {"contacts": []}}));
}

#[tokio::test]
async fn lookup_answers_for_every_entity_asked() {
    let app = App::start().await;
    let empty = app.classic_get("/lookup?q=nobody@example.com&f=email&entities=lead,contact").await.ok(200);
    assert_eq!(empty, json!({"leads": {"leads": []}, "contacts": {"contacts": []}}));
    let missing = "/lookup?q=x&f=email&entities=contact,sales_account";
    assert_eq!(app.get(missing).await.ok(400)["errors"]["code"], 400);
    let lenient = Switches { lookup_missing_field: LookupMissingField::Empty, ..Switches::default() };
    app.account.set_switches(lenient);
    assert_eq!(app.get(missing).await.ok(200)["sales_accounts"], json!({"sales_accounts": []}));
}

#[tokio::test]
async fn one_clock_serves_every_part() {
    let app = App::start().await;
    let first = id(&app.classic_post("/leads", &json!({"lead": {"last_name": "A"}})).await.ok(200), "lead");
    app.account.advance(Duration::from_secs(3600));
    let lead = app.classic_get(&format!("/leads/{first}")).await.ok(200);
    assert_eq!(lead["lead"]["created_at"], "2026-06-15T12:30:30Z");
    assert_eq!(app.account.now().to_string(), "2026-06-15T13:30:30Z");
    assert_eq!(app.account.count(Kind::Lead), 1);
}
