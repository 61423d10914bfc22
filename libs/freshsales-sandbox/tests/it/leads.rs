//! Lead conversion and the views around it.

use freshsales_sandbox::{Kind, Switches};
use serde_json::{Value, json};

use crate::client::App;

async fn convert(app: &App, lead: i64, body: Value) -> crate::client::Got {
    app.classic_post(&format!("/leads/{lead}/convert"), &body).await
}

async fn leads_in(app: &App, view: &str) -> usize {
    let filters = app.classic_get("/leads/filters").await.ok(200);
    let id = filters["filters"].as_array().unwrap().iter().find(|other| other["name"] == view).unwrap()["id"].clone();
    app.classic_get(&format!("/leads/view/{id}")).await.ok(200)["leads"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_converted_lead_leaves_the_open_views_and_is_qualified() {
    let app = App::start().await;
    let lead = app.account.seed_lead(&json!({"last_name": "Haddad"}));
    assert_eq!((leads_in(&app, "All Leads").await, leads_in(&app, "Converted Leads").await), (1, 0));
    let converted = convert(&app, lead, json!({})).await.ok(200);
    assert_eq!(converted.as_object().unwrap().keys().collect::<Vec<_>>(), ["contact"]);
    assert_eq!((leads_in(&app, "All Leads").await, leads_in(&app, "Converted Leads").await), (0, 1));
    let shown = app.classic_get(&format!("/leads/{lead}?include=lead_stage")).await.ok(200);
    assert_eq!(shown["lead_stages"][0]["name"], "Qualified");
}

#[tokio::test]
async fn a_conversion_takes_an_existing_contact_and_account() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "Old", "email": "amir@example.com", "city": "Oslo"}));
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Desert Rose"}));
    let lead = app.account.seed_lead(&json!({"last_name": "Haddad", "email": "AMIR@example.com",
        "company": {"name": "desert rose"}, "custom_field": {"cf_seats": 10}}));
    let converted = convert(&app, lead, json!({"lead": {"first_name": "Amir"}})).await.ok(200);
    assert_eq!(
        (&converted["contact"]["id"], &converted["sales_accounts"][0]["id"]),
        (&json!(contact), &json!(account))
    );
    let shown = &app.account.contacts()[0];
    assert_eq!((&shown["display_name"], &shown["city"]), (&json!("Amir Haddad"), &json!("Oslo")));
    assert_eq!((&shown["custom_field"]["cf_seats"], &shown["sales_accounts"][0]["id"]), (&json!(10), &json!(account)));
}

#[tokio::test]
async fn a_deal_needs_a_name_and_a_value_and_what_is_wrong_converts_nothing() {
    let app = App::start().await;
    let lead = app.account.seed_lead(&json!({"email": "amir@example.com", "company": {"name": "Desert Rose"}}));
    assert_eq!(convert(&app, lead, json!({})).await.message(), "Last name can't be empty");
    let wrong = json!({"lead": {"last_name": "Haddad", "deal": {"name": "D", "amount": "much"}}});
    assert_eq!(convert(&app, lead, wrong).await.status, 400);
    assert_eq!((app.account.contacts().len(), app.account.sales_accounts().len()), (0, 0));
    app.account.set_switches(Switches { convert_shows_account_and_deal: false, ..Switches::default() });
    let converted = convert(&app, lead, json!({"last_name": "Haddad", "deal": {"name": "D"}})).await.ok(200);
    assert!(converted.get("sales_accounts").is_none());
    assert_eq!(
        (app.account.contacts().len(), app.account.sales_accounts().len(), app.account.deals().len()),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn the_lead_s_company_and_deal_are_its_own_and_change_in_parts() {
    let app = App::start().await;
    let lead =
        app.account.seed_lead(&json!({"last_name": "Haddad", "company": {"name": "Desert Rose", "city": "Dubai"},
        "deal": {"name": "Starter", "amount": "1200"}}));
    assert!(app.account.sales_accounts().is_empty() && app.account.deals().is_empty());
    let before = app.account.leads()[0].clone();
    let change = json!({"lead": {"company": {"city": "Abu Dhabi"}, "deal": {"amount": 1300.5}}});
    let after = app.classic_put(&format!("/leads/{lead}"), &change).await.ok(200)["lead"].clone();
    assert_eq!((&after["company"]["id"], &after["deal"]["id"]), (&before["company"]["id"], &before["deal"]["id"]));
    assert_eq!((&after["company"]["name"], &after["company"]["city"]), (&json!("Desert Rose"), &json!("Abu Dhabi")));
    assert_eq!((&after["deal"]["name"], &after["deal"]["amount"]), (&json!("Starter"), &json!("1300.5")));
}

#[tokio::test]
async fn two_leads_may_share_an_address_but_one_needs_a_name_or_an_address() {
    let app = App::start().await;
    for name in ["A", "B"] {
        app.classic_post("/leads", &json!({"last_name": name, "email": "a@example.com"})).await.ok(200);
    }
    assert_eq!(app.classic_post("/leads", &json!({"first_name": "X"})).await.message(), "Last name can't be empty");
    assert_eq!(app.account.leads().len(), 2);
}
