//! Lead conversion and the views around it.

use freshsales_sandbox::{AccountRules, ConversionRules, ConvertReply, FieldMapping, Kind, Switches};
use rstest::rstest;
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
    app.account.set_switches(Switches { convert_reply: ConvertReply::ContactOnly, ..Switches::default() });
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

/// A lead that names a company and a deal.
fn full_lead(app: &App) -> i64 {
    app.account
        .seed_lead(&json!({"last_name": "Haddad", "email": "amir@example.com", "company": {"name": "Desert Rose"},
        "deal": {"name": "Starter", "amount": "1200"}, "custom_field": {"cf_region": "Nordics"}}))
}

#[rstest]
#[case(Kind::Contact, "job_title", "Job title can't be empty")]
#[case(Kind::SalesAccount, "website", "Website can't be empty")]
#[case(Kind::Deal, "deal_type_id", "Type can't be empty")]
#[tokio::test]
async fn the_mandatory_fields_of_all_three_are_checked_before_anything_is_made(
    #[case] kind: Kind,
    #[case] name: &str,
    #[case] sentence: &str,
) {
    let app = App::start().await;
    let lead = full_lead(&app);
    app.account.set_rules(AccountRules::default().require(kind, name)).unwrap();
    assert_eq!(convert(&app, lead, json!({})).await.message(), sentence);
    let made = [Kind::Contact, Kind::SalesAccount, Kind::Deal].map(|kind| app.account.count(kind));
    assert_eq!((made, leads_in(&app, "All Leads").await), ([0, 0, 0], 1));
}

#[tokio::test]
async fn links_that_the_conversion_makes_fill_mandatory_links() {
    let app = App::start().await;
    let rules = AccountRules::default().require(Kind::Contact, "sales_accounts").require(Kind::Deal, "contacts");
    app.account.set_rules(rules.require(Kind::Deal, "sales_account_id")).unwrap();
    let lead = full_lead(&app);
    convert(&app, lead, json!({})).await.ok(200);
    let deal = app.account.deals()[0].clone();
    assert_eq!(
        (&deal["sales_account_id"], &deal["contact_ids"][0]),
        (&app.account.sales_accounts()[0]["id"], &app.account.contacts()[0]["id"])
    );
}

#[tokio::test]
async fn old_accounts_ask_for_a_company_and_mapped_fields_are_copied() {
    let app = App::start().await;
    let to = |to: Kind, field: &str| FieldMapping { from: "cf_region".into(), to, field: field.into() };
    let mappings = vec![to(Kind::Contact, "state"), to(Kind::SalesAccount, "city"), to(Kind::Deal, "name")];
    let conversion = ConversionRules { company_required: true, mappings };
    app.account.set_rules(AccountRules { conversion, ..AccountRules::default() }).unwrap();
    let bare = app.account.seed_lead(&json!({"last_name": "Bare"}));
    assert_eq!(convert(&app, bare, json!({})).await.message(), "Company name can't be empty");
    convert(&app, full_lead(&app), json!({})).await.ok(200);
    let [contact, account, deal] = [app.account.contacts(), app.account.sales_accounts(), app.account.deals()];
    assert_eq!(
        (&contact[0]["state"], &contact[0]["custom_field"]["cf_region"]),
        (&json!("Nordics"), &json!("Nordics"))
    );
    assert_eq!((&account[0]["city"], &deal[0]["name"]), (&json!("Nordics"), &json!("Nordics")));
}

#[tokio::test]
async fn without_unique_names_an_existing_account_is_not_matched() {
    let app = App::start().await;
    app.account.seed(Kind::SalesAccount, &json!({"name": "Desert Rose"}));
    app.account.set_switches(Switches { account_name_unique: false, ..Switches::default() });
    convert(&app, full_lead(&app), json!({})).await.ok(200);
    assert_eq!(app.account.sales_accounts().len(), 2);
}
