//! Deleting, restoring, forgetting, copying, and what hangs on the records.

use std::time::Duration;

use freshsales_sandbox::{AccountRules, Kind, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, id};

const DAY: u64 = 86_400;

async fn binned(app: &App, plural: &str) -> usize {
    let filters = app.get(&format!("/{plural}/filters")).await.ok(200);
    let bin = filters["filters"].as_array().unwrap().iter().find(|view| view["name"] == "Recycle Bin").unwrap().clone();
    let rows = app.get(&format!("/{plural}/view/{}", bin["id"])).await.ok(200);
    rows[plural].as_array().unwrap().len()
}

#[rstest]
#[case(Kind::Contact, json!({"last_name": "A"}))]
#[case(Kind::SalesAccount, json!({"name": "A"}))]
#[case(Kind::Deal, json!({"name": "A", "amount": 1}))]
#[tokio::test]
async fn the_recycle_bin_keeps_a_record_for_ninety_days(#[case] kind: Kind, #[case] body: Value) {
    let app = App::start().await;
    let record = app.account.seed(kind, &body);
    app.delete(&format!("/{}/{record}", kind.plural())).await.ok(200);
    app.account.advance(Duration::from_secs(90 * DAY - 1));
    assert_eq!(binned(&app, kind.plural()).await, 1);
    app.account.advance(Duration::from_secs(1));
    assert_eq!(binned(&app, kind.plural()).await, 0);
    assert!(!app.account.undelete(kind, record));
}

#[rstest]
#[case(true, Value::Null)]
#[case(false, json!(5))]
#[tokio::test]
async fn a_restored_record_is_back_with_its_notes_and_maybe_its_custom_fields(
    #[case] empties: bool,
    #[case] seats: Value,
) {
    let app = App::start().await;
    app.account.set_switches(Switches { restore_empties_custom_fields: empties, ..Switches::default() });
    let contact =
        app.account.seed_contact(&json!({"last_name": "A", "email": "a@example.com", "custom_field": {"cf_seats": 5}}));
    app.account.seed(Kind::Note, &json!({"description": "x", "targetable_type": "Contact", "targetable_id": contact}));
    let path = format!("/contacts/{contact}");
    app.delete(&path).await.ok(200);
    assert_eq!(app.get(&path).await.status, 404);
    let url = format!("{}/__sandbox/restore", app.sandbox.root_url());
    App::send(app.http.post(&url).json(&json!({"kind": "contact", "id": contact}))).await.ok(200);
    assert_eq!(App::send(app.http.post(url).json(&json!({"kind": "contact", "id": contact}))).await.status, 400);
    let shown = app.get(&path).await.ok(200);
    assert_eq!(
        (&shown["contact"]["is_deleted"], &shown["contact"]["custom_field"]["cf_seats"]),
        (&json!(false), &seats)
    );
    assert_eq!(app.get(&format!("{path}/notes")).await.ok(200)["notes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_account_loses_its_deals_and_children_for_good() {
    let app = App::start().await;
    let parent = app.account.seed(Kind::SalesAccount, &json!({"name": "Parent"}));
    app.account.seed(Kind::SalesAccount, &json!({"name": "Child", "parent_sales_account_id": parent}));
    app.account.seed_deal(&json!({"name": "D", "amount": 1, "sales_account_id": parent}));
    app.account.seed_contact(&json!({"last_name": "A", "sales_accounts": [{"id": parent}]}));
    app.delete(&format!("/sales_accounts/{parent}")).await.ok(200);
    assert!(app.account.undelete(Kind::SalesAccount, parent));
    assert_eq!(app.account.deals()[0]["sales_account_id"], Value::Null);
    let accounts = app.account.sales_accounts();
    let child = accounts.iter().find(|account| account["name"] == "Child").unwrap();
    assert_eq!(child["parent_sales_account_id"], Value::Null);
    assert_eq!(app.account.contacts()[0]["sales_accounts"][0]["id"], parent);
}

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn a_forgotten_record_is_nowhere_any_more(#[case] deleted_before: bool) {
    let app = App::start().await;
    app.account.set_index_lag(Duration::ZERO);
    let contact = app.account.seed_contact(&json!({"last_name": "Okafor", "email": "a@example.com"}));
    app.account.seed_deal(&json!({"name": "D", "amount": 1, "contacts_added_list": [contact]}));
    if deleted_before {
        app.account.delete(Kind::Contact, contact);
    }
    app.delete(&format!("/contacts/{contact}/forget")).await.ok(200);
    assert_eq!(app.delete(&format!("/contacts/{contact}/forget")).await.status, 404);
    assert_eq!((app.account.deals()[0]["contact_ids"].clone(), binned(&app, "contacts").await), (json!([]), 0));
    assert_eq!(app.get("/search?q=okafor").await.ok(200), json!([]));
    app.post("/contacts", &json!({"email": "a@example.com"})).await.ok(201);
}

#[tokio::test]
async fn a_copy_has_what_may_be_shared_and_nothing_that_happened_to_the_original() {
    let app = App::start().await;
    app.account.set_rules(AccountRules::default().require(Kind::Contact, "city")).unwrap();
    let original = app.account.seed_contact(&json!({"last_name": "A", "email": "a@example.com", "city": "Oslo",
        "external_id": "x-1", "tags": ["VIP"], "custom_field": {"cf_seats": 5}}));
    app.account.seed(Kind::Note, &json!({"description": "x", "targetable_type": "Contact", "targetable_id": original}));
    app.post("/notes", &json!({"description": "Call", "targetable_type": "Contact", "targetable_id": original}))
        .await
        .ok(200);
    app.account.advance(Duration::from_secs(60));
    let overrides = json!({"contact": {"last_name": "B", "custom_field": {"cf_region": "Nordics"}}});
    let copy = app.post(&format!("/contacts/{original}/clone"), &overrides).await.ok(200)["contact"].clone();
    assert_eq!((&copy["last_name"], &copy["city"], &copy["tags"]), (&json!("B"), &json!("Oslo"), &json!(["VIP"])));
    assert_eq!((&copy["custom_field"]["cf_seats"], &copy["custom_field"]["cf_region"]), (&json!(5), &json!("Nordics")));
    assert_eq!(
        (&copy["email"], &copy["external_id"], &copy["recent_note"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(copy["created_at"], "2026-06-15T12:31:30Z");
}

#[tokio::test]
async fn a_copied_account_needs_another_name_and_a_copied_lead_is_open_again() {
    let app = App::start().await;
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Acme", "city": "Oslo"}));
    let path = format!("/sales_accounts/{account}/clone");
    assert_eq!(app.post(&path, &json!({"sales_account": {}})).await.message(), "Account is not unique");
    let copy = app.post(&path, &json!({"sales_account": {"name": "Acme 2"}})).await.ok(200);
    assert_eq!(copy["sales_account"]["city"], "Oslo");
    let lead = app.account.seed_lead(&json!({"last_name": "Haddad", "email": "a@example.com"}));
    app.classic_post(&format!("/leads/{lead}/convert"), &json!({})).await.ok(200);
    let copy = app.classic_post(&format!("/leads/{lead}/clone"), &json!({"lead": {}})).await.ok(200);
    assert_eq!(copy["lead"]["email"], "a@example.com");
    app.classic_post(&format!("/leads/{}/convert", id(&copy, "lead")), &json!({})).await.ok(200);
}

#[tokio::test]
async fn what_hangs_on_a_record_is_listed_page_by_page() {
    let app = App::start().await;
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    let contact = app.account.seed_contact(&json!({"last_name": "A", "sales_accounts": [{"id": account}]}));
    for at in 0..3 {
        app.account.seed_deal(&json!({"name": format!("D{at}"), "amount": at, "sales_account_id": account, "contacts_added_list": [contact]}));
    }
    let deal = app.account.deals()[0]["id"].clone();
    for path in [format!("/sales_accounts/{account}/deals"), format!("/contacts/{contact}/deals")] {
        let page = app.get(&format!("{path}?per_page=2&page=2&include=deal_stage")).await.ok(200);
        assert_eq!((&page["deals"][0]["name"], &page["meta"]), (&json!("D2"), &json!({"total_pages": 2, "total": 3})));
        assert_eq!(page["deal_stages"][0]["name"], "New");
    }
    for path in [format!("/sales_accounts/{account}/contacts"), format!("/deals/{deal}/contacts")] {
        assert_eq!(app.get(&path).await.ok(200)["contacts"][0]["id"], contact);
    }
    assert_eq!(app.get("/contacts/1/deals").await.status, 404);
}
