//! One walk through the account: a lead from create to convert, a deal through its stages.

use serde_json::json;

use crate::client::{App, id};

#[tokio::test]
async fn a_lead_becomes_a_contact_with_company_and_deal() {
    let app = App::start().await;
    let lead = json!({"lead": {"first_name": "Amir", "last_name": "Haddad", "email": "amir@example.com",
        "company": {"name": "Desert Rose"}, "deal": {"name": "Starter", "amount": 1200}}});
    let lead = id(&app.classic_post("/leads", &lead).await.ok(200), "lead");
    let note = json!({"note": {"description": "Met at the fair", "targetable_type": "Lead", "targetable_id": lead}});
    app.classic_post("/notes", &note).await.ok(200);
    assert_eq!(app.account.notes_of(freshsales_sandbox::Kind::Lead, lead).len(), 1);

    let converted = app.classic_post(&format!("/leads/{lead}/convert"), &json!({})).await.ok(200);
    assert_eq!(converted["contact"]["email"], "amir@example.com");
    assert_eq!(converted["sales_accounts"][0]["name"], "Desert Rose");
    assert_eq!(converted["deals"][0]["amount"], "1200.0");
    assert_eq!(app.classic_post(&format!("/leads/{lead}/convert"), &json!({})).await.status, 404);
}

#[tokio::test]
async fn a_deal_moves_through_stages_until_its_stage_id_goes_stale() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "Okafor", "email": "paul@example.com"}));
    let deal = json!({"deal": {"name": "Pilot", "amount": "99.50", "contacts_added_list": [contact.to_string()],
        "sales_account": {"name": "Okafor Foods"}}});
    let deal = id(&app.post("/deals", &deal).await.ok(201), "deal");
    let won = app.account.stage_id("Won").unwrap();
    let moved = app.put(&format!("/deals/{deal}"), &json!({"deal": {"deal_stage_id": won}})).await.ok(200);
    assert_eq!(moved["deal"]["closed_date"], "2026-06-15");
    assert_eq!(moved["deal"]["amount"], "99.5");

    let demo = app.account.stage_id("Demo").unwrap();
    app.account.remove_stage(demo);
    let refused = app.put(&format!("/deals/{deal}"), &json!({"deal": {"deal_stage_id": demo}})).await;
    assert_eq!((refused.status, refused.message().as_str()), (400, "Invalid deal stage"));
}
