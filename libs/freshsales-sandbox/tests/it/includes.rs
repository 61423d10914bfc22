//! Every include of the four main kinds: the key it adds to the record and the array it adds beside it, on GET and on views.

use freshsales_sandbox::Kind;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::App;

/// A record of each kind that points at everything.
async fn record(app: &App, kind: Kind) -> i64 {
    let pick = |list: &str, name: &str| app.account.selector_id(list, name);
    let common = json!({"territory_id": pick("territories", "Nordics"), "lead_source_id": pick("lead_sources", "Web"),
        "campaign_id": pick("campaigns", "Spring launch")});
    let account = json!({"name": "Acme", "territory_id": common["territory_id"],
        "industry_type_id": pick("industry_types", "Banking"), "business_type_id": pick("business_types", "Partner")});
    let with = |extra: Value| {
        let mut body = common.clone();
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let account = app.account.seed(Kind::SalesAccount, &account);
    app.account.seed(Kind::SalesAccount, &json!({"name": "Child", "parent_sales_account_id": account}));
    let contact = app.account.seed_contact(&with(json!({"last_name": "A", "sales_accounts": [{"id": account}]})));
    let product = app.account.seed(Kind::Product, &json!({"name": "Seat"}));
    let deal = app.account.seed_deal(&with(json!({"name": "D", "amount": 1, "sales_account_id": account,
        "contacts_added_list": [contact], "deal_type_id": pick("deal_types", "New Business"),
        "deal_reason_id": pick("deal_reasons", "Price is too high"), "deal_product_id": pick("deal_products", "Basic"),
        "deal_payment_status_id": pick("deal_payment_statuses", "Online"), "products": [{"id": product}]})));
    let lead =
        app.account.seed_lead(&with(json!({"last_name": "L", "lead_reason_id": pick("lead_reasons", "Junk Lead")})));
    let id = match kind {
        Kind::Contact => contact,
        Kind::SalesAccount => account,
        Kind::Deal => deal,
        _ => lead,
    };
    let about = json!({"description": "x", "title": "T", "due_date": "2026-06-19", "targetable_type": kind.class(), "targetable_id": id});
    app.account.seed(Kind::Note, &about);
    app.account.seed(Kind::Task, &about);
    id
}

#[rstest]
#[case(Kind::Contact, "owner", "owner_id", "users")]
#[case(Kind::Contact, "creater", "creater_id", "users")]
#[case(Kind::Contact, "updater", "updater_id", "users")]
#[case(Kind::Contact, "source", "lead_source_id", "lead_source")]
#[case(Kind::Contact, "campaign", "campaign_id", "campaigns")]
#[case(Kind::Contact, "contact_status", "contact_status_id", "contact_status")]
#[case(Kind::Contact, "lifecycle_stage", "lifecycle_stage_id", "lifecycle_stages")]
#[case(Kind::Contact, "territory", "territory_id", "territories")]
#[case(Kind::Contact, "sales_account", "sales_account_id", "sales_accounts")]
#[case(Kind::Contact, "deals", "deal_ids", "deals")]
#[case(Kind::Contact, "tasks", "task_ids", "tasks")]
#[case(Kind::Contact, "notes", "note_ids", "notes")]
#[case(Kind::Lead, "owner", "owner_id", "users")]
#[case(Kind::Lead, "source", "lead_source_id", "lead_source")]
#[case(Kind::Lead, "campaign", "campaign_id", "campaigns")]
#[case(Kind::Lead, "lead_stage", "lead_stage_id", "lead_stages")]
#[case(Kind::Lead, "lead_reason", "lead_reason_id", "lead_reasons")]
#[case(Kind::Lead, "territory", "territory_id", "territories")]
#[case(Kind::Lead, "tasks", "task_ids", "tasks")]
#[case(Kind::Lead, "notes", "note_ids", "notes")]
#[case(Kind::SalesAccount, "owner", "owner_id", "users")]
#[case(Kind::SalesAccount, "creater", "creater_id", "users")]
#[case(Kind::SalesAccount, "territory", "territory_id", "territories")]
#[case(Kind::SalesAccount, "industry_type", "industry_type_id", "industry_types")]
#[case(Kind::SalesAccount, "business_type", "business_type_id", "business_types")]
#[case(Kind::SalesAccount, "contacts", "contact_ids", "contacts")]
#[case(Kind::SalesAccount, "deals", "deal_ids", "deals")]
#[case(Kind::SalesAccount, "tasks", "task_ids", "tasks")]
#[case(Kind::SalesAccount, "child_sales_accounts", "child_sales_account_ids", "child_sales_accounts")]
#[case(Kind::Deal, "owner", "owner_id", "users")]
#[case(Kind::Deal, "source", "lead_source_id", "lead_source")]
#[case(Kind::Deal, "campaign", "campaign_id", "campaigns")]
#[case(Kind::Deal, "contacts", "contact_ids", "contacts")]
#[case(Kind::Deal, "sales_account", "sales_account_id", "sales_accounts")]
#[case(Kind::Deal, "deal_stage", "deal_stage_id", "deal_stages")]
#[case(Kind::Deal, "deal_type", "deal_type_id", "deal_types")]
#[case(Kind::Deal, "deal_reason", "deal_reason_id", "deal_reasons")]
#[case(Kind::Deal, "deal_payment_status", "deal_payment_status_id", "deal_payment_statuses")]
#[case(Kind::Deal, "deal_product", "deal_product_id", "deal_products")]
#[case(Kind::Deal, "currency", "currency_id", "currencies")]
#[tokio::test]
async fn an_include_adds_its_key_and_its_array(
    #[case] kind: Kind,
    #[case] include: &str,
    #[case] key: &str,
    #[case] array: &str,
) {
    let app = App::start().await;
    let id = record(&app, kind).await;
    let get = async |path: &str| {
        let path = format!("/{}{path}", kind.plural());
        if kind == Kind::Lead { app.classic_get(&path).await.ok(200) } else { app.get(&path).await.ok(200) }
    };
    let single = get(&format!("/{id}?include={include}")).await;
    let filters = get("/filters").await;
    let names = ["All Contacts", "All Leads", "All Accounts", "Open Deals"];
    let view =
        filters["filters"].as_array().unwrap().iter().find(|view| names.iter().any(|name| view["name"] == *name));
    let page = get(&format!("/view/{}?include={include}", view.unwrap()["id"])).await;
    for (reply, shown) in [(&single, &single[kind.singular()]), (&page, &page[kind.plural()][0])] {
        let ids = shown[key].as_array().cloned().unwrap_or_else(|| vec![shown[key].clone()]);
        let loaded = &reply[array][0];
        assert!(ids.contains(&loaded["id"]) && loaded["id"].is_i64(), "{key}: {ids:?}, {array}: {loaded}");
    }
}

#[tokio::test]
async fn companies_of_a_contact_and_products_of_a_deal_are_inside_it() {
    let app = App::start().await;
    let contact = record(&app, Kind::Contact).await;
    let shown = app.get(&format!("/contacts/{contact}?include=sales_accounts")).await.ok(200);
    assert_eq!((&shown["contact"]["sales_accounts"][0]["name"], shown.get("sales_accounts")), (&json!("Acme"), None));
    let deal = app.account.deals()[0]["id"].clone();
    let shown = app.get(&format!("/deals/{deal}?include=products")).await.ok(200);
    assert!(shown["deal"]["products"][0]["id"].is_i64());
}
