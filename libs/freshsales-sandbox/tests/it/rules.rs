//! What an admin sets up: mandatory and unique fields, assignment, lifecycle stages, and the rules of deals.

use std::time::Duration;

use freshsales_sandbox::{
    Account, AccountRules, AssignmentRule, CustomField, CustomFieldType, Kind, SandboxConfig, StageOutcome,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, Got, config, id};

pub(crate) async fn with_rules(rules: AccountRules) -> App {
    App::with(SandboxConfig { rules, ..config() }).await
}

async fn control(app: &App, method: Method, path: &str, body: Value) -> Got {
    App::send(app.http.request(method, format!("{}/__sandbox{path}", app.sandbox.root_url())).json(&body)).await
}

fn body_of(kind: Kind) -> Value {
    match kind {
        Kind::Deal => json!({"name": "D", "amount": 1}),
        Kind::SalesAccount => json!({"name": "Acme"}),
        _ => json!({"last_name": "Okafor"}),
    }
}

/// Makes a record on the path of its generation.
async fn create(app: &App, kind: Kind, extra: Value) -> Got {
    let mut body = body_of(kind);
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let path = format!("/{}", kind.plural());
    if kind == Kind::Lead { app.classic_post(&path, &body).await } else { app.post(&path, &body).await }
}

#[rstest]
#[case(Kind::Contact, "job_title", json!({"job_title": "CTO"}), "Job title can't be empty")]
#[case(Kind::Contact, "sales_accounts", json!({"sales_account": {"name": "Acme"}}), "Accounts can't be empty")]
#[case(Kind::Contact, "cf_seats", json!({"custom_field": {"cf_seats": 5}}), "Seats can't be empty")]
#[case(Kind::Lead, "emails", json!({"email": "a@example.com"}), "Need to fill this Emails to submit the form.")]
#[case(Kind::Lead, "cf_region", json!({"custom_field": {"cf_region": "Nordics"}}), "Region can't be empty")]
#[case(Kind::SalesAccount, "website", json!({"website": "https://a.example"}), "Website can't be empty")]
#[case(Kind::Deal, "expected_close", json!({"expected_close": "2026-07-31"}), "Expected close date can't be empty")]
#[tokio::test]
async fn a_mandatory_field_is_asked_for_from_the_moment_it_is_set(
    #[case] kind: Kind,
    #[case] name: &str,
    #[case] filled: Value,
    #[case] sentence: &str,
) {
    let app = App::start().await;
    create(&app, kind, json!({"website": "https://first.example"})).await;
    let mark = json!({"kind": kind, "name": name});
    control(&app, Method::POST, "/fields/required", mark.clone()).await.ok(200);
    app.account.set_switches(freshsales_sandbox::Switches { account_name_unique: false, ..app.account.switches() });
    assert_eq!(create(&app, kind, json!({})).await.message(), sentence);
    assert!((200..=201).contains(&create(&app, kind, filled).await.status));
    let off = json!({"kind": kind, "name": name, "on": false});
    control(&app, Method::POST, "/fields/required", off).await.ok(200);
    assert!((200..=201).contains(&create(&app, kind, json!({})).await.status));
}

#[tokio::test]
async fn a_mandatory_field_shows_in_the_metadata_and_cannot_be_emptied_later() {
    let app = with_rules(AccountRules::default().require(Kind::Deal, "deal_type_id")).await;
    let fields = app.get("/settings/deals/fields").await.ok(200);
    let field = fields["fields"].as_array().unwrap().iter().find(|field| field["name"] == "deal_type_id").unwrap();
    assert_eq!(field["required"], true);
    let deal_type = app.account.selector_id("deal_types", "New Business");
    let deal = app.account.seed_deal(&json!({"name": "D", "amount": 1, "deal_type_id": deal_type}));
    let path = format!("/deals/{deal}");
    app.put(&path, &json!({"name": "Other"})).await.ok(200);
    assert_eq!(app.put(&path, &json!({"deal_type_id": null})).await.status, 400);
    assert_eq!(app.account.deals()[0]["deal_type_id"], json!(deal_type));
}

#[rstest]
#[case(Kind::SalesAccount, "website", json!({"name": "Other", "website": "https://a.example"}))]
#[case(Kind::SalesAccount, "number_of_employees", json!({"name": "Other", "number_of_employees": 11}))]
#[case(Kind::Deal, "name", json!({}))]
#[case(Kind::Lead, "emails", json!({"email": "A@example.com"}))]
#[case(Kind::Contact, "cf_seats", json!({"custom_field": {"cf_seats": 7}}))]
#[tokio::test]
async fn a_unique_field_refuses_the_second_value(#[case] kind: Kind, #[case] name: &str, #[case] values: Value) {
    let app = with_rules(AccountRules::default().make_unique(kind, name)).await;
    let first = create(&app, kind, values.clone()).await;
    assert!((200..=201).contains(&first.status), "{}", first.text);
    let mut again = values;
    if kind == Kind::SalesAccount {
        again["name"] = json!("Another name");
    }
    let refused = create(&app, kind, again).await;
    assert_eq!((refused.status, &refused.json()["errors"]["error_code"]), (400, &json!(3002)));
    app.account.delete(kind, id(&first.json(), kind.singular()));
    assert!((200..=201).contains(&create(&app, kind, json!({"name": "Third", "email": "A@example.com"})).await.status));
}

#[rstest]
#[case(json!({"unique": {"contact": ["tags"]}}), "only text and numbers")]
#[case(json!({"unique": {"contact": ["owner_id"]}}), "only text and numbers")]
#[case(json!({"unique": {"contact": ["city", "country", "job_title"]}}), "at most 2")]
#[case(json!({"required": {"deal": ["nonsense"]}}), "not a field")]
#[case(json!({"assignment": [{"kind": "contact", "owners": [1]}]}), "no user 1")]
#[case(json!({"nonsense": 1}), "no rule nonsense")]
#[tokio::test]
async fn what_an_admin_could_not_set_up_is_refused(#[case] rules: Value, #[case] reason: &str) {
    let app = App::start().await;
    let refused = control(&app, Method::PUT, "/rules", rules).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains(reason), "{}", refused.text);
    assert_eq!(app.account.rules(), AccountRules::default());
}

fn owner_of(account: &Account, kind: Kind) -> Vec<i64> {
    account.records(kind).iter().map(|record| record["owner_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn assignment_runs_after_the_reply_and_goes_round() {
    let app = App::start().await;
    let [mara, tomas, nadia] = ["Mara Lindqvist", "Tomas Ferreira", "Nadia Rahman"]
        .map(|name| app.account.selector_id("owners", name).unwrap());
    let rule = AssignmentRule::new(Kind::Contact, &[tomas, nadia]).when("country", "Norway");
    app.account.set_rules(AccountRules::default().assign(rule)).unwrap();
    for country in ["Norway", "norway", "Ghana"] {
        let created = app.post("/contacts?include=owner", &json!({"last_name": "A", "country": country})).await.ok(201);
        assert_eq!(created["contact"]["owner_id"], mara);
    }
    let named = json!({"last_name": "A", "country": "Norway", "owner_id": mara});
    app.post("/contacts", &named).await.ok(201);
    assert_eq!((owner_of(&app.account, Kind::Contact), app.account.events_pending()), (vec![mara; 4], 2));
    app.account.advance(Duration::from_secs(1));
    assert_eq!(owner_of(&app.account, Kind::Contact), [tomas, nadia, mara, mara]);
    let first = app.account.contacts()[0].clone();
    assert_eq!(
        (&first["last_assigned_at"], &first["created_at"]),
        (&json!("2026-06-15T12:30:31Z"), &json!(crate::client::START))
    );
}

#[tokio::test]
async fn upserts_and_bulk_rows_are_assigned_too_but_updates_are_not() {
    let app = App::start().await;
    let tomas = app.account.selector_id("owners", "Tomas Ferreira").unwrap();
    app.account.set_rules(AccountRules::default().assign(AssignmentRule::new(Kind::Contact, &[tomas]))).unwrap();
    let upsert = json!({"unique_identifier": {"emails": "a@example.com"}, "contact": {"last_name": "A"}});
    app.post("/contacts/upsert", &upsert).await.ok(200);
    let rows = json!({"contacts": [{"emails": "b@example.com", "data": {"last_name": "B"}}]});
    app.post("/contacts/bulk_upsert", &rows).await.ok(200);
    app.account.advance(Duration::from_secs(5));
    assert_eq!(owner_of(&app.account, Kind::Contact), [tomas, tomas]);
    app.post("/contacts/upsert", &upsert).await.ok(200);
    assert_eq!(app.account.events_pending(), 0);
}

#[rstest]
#[case(CustomFieldType::Textarea, json!("x".repeat(300)), 201)]
#[case(CustomFieldType::Text, json!("x".repeat(300)), 400)]
#[case(CustomFieldType::Radio, json!("Red"), 201)]
#[case(CustomFieldType::Radio, json!("Blue"), 400)]
#[case(CustomFieldType::MultiSelectDropdown, json!("Red;Green"), 201)]
#[case(CustomFieldType::MultiSelectDropdown, json!("Red;Blue"), 400)]
#[case(CustomFieldType::Lookup, json!("72000000001"), 201)]
#[case(CustomFieldType::Lookup, json!("Acme"), 400)]
#[case(CustomFieldType::Date, json!("tomorrow"), 400)]
#[case(CustomFieldType::Checkbox, json!({"a": 1}), 400)]
#[tokio::test]
async fn a_custom_value_must_fit_its_type(#[case] kind: CustomFieldType, #[case] value: Value, #[case] status: u16) {
    let app = App::start().await;
    app.account.add_custom_field(CustomField::new(Kind::Contact, "cf_any", kind).with_choices(&["Red", "Green"]));
    let body = json!({"last_name": "A", "custom_field": {"cf_any": value}});
    assert_eq!(app.post("/contacts", &body).await.status, status);
}

#[rstest]
#[case("/contacts", json!({"last_name": "A", "subscription_status": 9}))]
#[case("/contacts", json!({"last_name": "A", "subscription_types": "2;44"}))]
#[case("/deals", json!({"name": "D", "amount": 1, "forecast_category": 7}))]
#[case("/deals", json!({"name": "D", "amount": 1, "probability": 101}))]
#[case("/deals", json!({"name": "D", "amount": 1, "expected_close": "soon"}))]
#[case("/sales_accounts", json!({"name": "N".repeat(256)}))]
#[tokio::test]
async fn a_standard_value_must_fit_the_metadata(#[case] path: &str, #[case] body: Value) {
    let app = App::start().await;
    assert_eq!(app.post(path, &body).await.status, 400);
}

#[tokio::test]
async fn lifecycle_stages_and_statuses_of_the_account_s_own_are_used_like_the_others() {
    let app = App::start().await;
    let stage =
        control(&app, Method::POST, "/lifecycle-stages/add", json!({"name": "Partner"})).await.ok(200)["id"].clone();
    let status = json!({"name": "Signed", "lifecycle_stage_id": stage, "outcome": "won"});
    let signed = control(&app, Method::POST, "/contact-statuses/add", status).await.ok(200)["id"].clone();
    let ended = app.account.add_contact_status("Ended", stage.as_i64().unwrap(), StageOutcome::Lost);
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    let path = format!("/contacts/{contact}?include=contact_status,lifecycle_stage");
    let moved = app.put(&path, &json!({"lifecycle_stage_id": stage})).await.ok(200);
    assert_eq!(moved["contact"]["contact_status_id"], signed);
    let moved = app.put(&path, &json!({"contact_status_id": ended})).await.ok(200);
    assert_eq!(moved["contact_status"][0]["forecast_type"], "Closed Lost");
    let stages = app.get("/selector/lifecycle_stages").await.ok(200);
    let shown = stages["lifecycle_stages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&shown["type"], &shown["default"], &shown["contact_status_ids"]),
        (&json!("Custom"), &json!(false), &json!([signed, ended]))
    );
}

#[tokio::test]
async fn losing_a_deal_can_need_a_reason_and_reopening_takes_it_back() {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "D", "amount": 1}));
    control(&app, Method::PUT, "/rules", json!({"lost_deal_needs_reason": true})).await.ok(200);
    let path = format!("/deals/{deal}?include=deal_reason");
    let [lost, demo] = ["Lost", "Demo"].map(|name| app.account.stage_id(name));
    assert_eq!(app.put(&path, &json!({"deal_stage_id": lost})).await.message(), "Lost reason can't be empty");
    let reason = app.account.selector_id("deal_reasons", "Price is too high");
    app.put(&path, &json!({"deal_stage_id": lost, "deal_reason_id": reason})).await.ok(200);
    let reopened = app.put(&path, &json!({"deal_stage_id": demo})).await.ok(200)["deal"].clone();
    assert_eq!((&reopened["deal_reason_id"], &reopened["closed_date"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn an_open_deal_rots_in_its_stage_and_a_closed_one_does_not() {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "D", "amount": 1}));
    let path = format!("/deals/{deal}");
    let rotten = async || app.get(&path).await.ok(200)["deal"]["rotten_days"].clone();
    app.account.advance(Duration::from_secs(33 * 86_400));
    assert_eq!(rotten().await, 3);
    let pipeline = app.account.selector_id("deal_pipelines", "Default Pipeline").unwrap();
    control(&app, Method::PUT, &format!("/pipelines/{pipeline}"), json!({"rotting_days": 10})).await.ok(200);
    assert_eq!(rotten().await, 23);
    assert_eq!(app.get("/selector/deal_pipelines").await.ok(200)["deal_pipelines"][0]["rotting_days"], 10);
    app.put(&path, &json!({"deal_stage_id": app.account.stage_id("Won")})).await.ok(200);
    app.account.advance(Duration::from_secs(33 * 86_400));
    assert_eq!(rotten().await, Value::Null);
}

#[tokio::test]
async fn an_amount_in_another_currency_is_also_shown_in_the_base_currency() {
    let app = App::start().await;
    let euro = json!({"code": "EUR", "exchange_rate": "1.25"});
    let euro = control(&app, Method::POST, "/currencies/add", euro).await.ok(200)["id"].clone();
    assert_eq!(app.account.add_currency("XXX", "-1"), None);
    let created = app.post("/deals", &json!({"name": "D", "amount": "80.5", "currency_id": euro})).await.ok(201);
    assert_eq!(
        (&created["deal"]["amount"], &created["deal"]["base_currency_amount"]),
        (&json!("80.5"), &json!("100.625"))
    );
}
