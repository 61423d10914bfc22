//! Writing records: accepted forms, uniqueness, upsert, custom fields, delete and what the switches change.

use freshsales_sandbox::{
    CreateStatus, CustomField, CustomFieldType, CustomFieldUpdate, DeletedRecord, Kind, SandboxConfig, Switches,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, config, id};

#[rstest]
#[case(json!({"contact": {"emails": "a@example.com"}}))]
#[case(json!({"emails": "a@example.com"}))]
#[case(json!({"contact": {"email": "a@example.com"}}))]
#[case(json!({"contact": {"emails": ["a@example.com"]}}))]
#[case(json!({"emails": [{"value": "a@example.com", "is_primary": true}]}))]
#[case(json!({"emails": [{"value": "b@example.com"}, {"value": "a@example.com", "is_primary": true}]}))]
#[tokio::test]
async fn an_address_is_accepted_in_every_form(#[case] body: Value) {
    let app = App::start().await;
    let created = app.post("/contacts", &body).await.ok(201);
    assert_eq!(created["contact"]["email"], "a@example.com");
    assert!(created["contact"]["emails"][0]["id"].is_i64());
}

#[rstest]
#[case("/contacts", json!({"contact": {"email": ""}}))]
#[case("/contacts", json!({"contact": {"email": "no address"}}))]
#[case("/contacts", json!({"contact": {}}))]
#[case("/contacts", json!({"contact": {"last_name": "X", "mobile_number": "abc"}}))]
#[case("/contacts", json!({"contact": {"last_name": "X", "owner_id": "Mara"}}))]
#[case("/contacts", json!({"contact": {"last_name": "X", "lead_source_id": 1}}))]
#[case("/contacts", json!({"contact": {"last_name": "X", "custom_field": {"cf_unknown": 1}}}))]
#[case("/contacts", json!({"contact": {"last_name": "X", "custom_field": {"cf_region": "Mars"}}}))]
#[case("/contacts", json!({"contact": {"last_name": "X".repeat(256)}}))]
#[case("/deals", json!({"deal": {"name": "No amount"}}))]
#[case("/deals", json!({"deal": {"name": "X", "amount": "much"}}))]
#[case("/deals", json!({"deal": {"name": "X", "amount": 1, "deal_stage_id": 1}}))]
#[case("/deals", json!({"deal": {"name": "X", "amount": 1, "contacts_added_list": [1]}}))]
#[case("/sales_accounts", json!({"sales_account": {"city": "Oslo"}}))]
#[case("/notes", json!({"note": {"description": "x", "targetable_type": "Contact", "targetable_id": 1}}))]
#[case("/contacts/upsert", json!({"unique_identifier": {"emails": ""}, "contact": {"last_name": "X"}}))]
#[case("/contacts/upsert", json!({"contact": {"last_name": "X"}}))]
#[tokio::test]
async fn what_is_wrong_is_refused_and_leaves_nothing_behind(#[case] path: &str, #[case] body: Value) {
    let app = App::start().await;
    let refused = app.post(path, &body).await.ok(400);
    assert!(refused["errors"]["message"][0].as_str().is_some_and(|sentence| !sentence.is_empty()));
    assert!(Kind::ALL.into_iter().all(|kind| app.account.count(kind) == 0));
}

#[tokio::test]
async fn ids_as_text_are_read_and_read_only_attributes_ignored() {
    let app = App::start().await;
    let owner = app.account.selector_id("owners", "Tomas Ferreira").unwrap();
    let body = json!({"id": 7, "last_name": "X", "owner_id": owner.to_string(), "mobile_number": "", "lead_score": 99,
        "created_at": "2001-01-01", "display_name": "Y", "is_deleted": true, "nonsense": {"a": 1}});
    let contact = app.post("/contacts?include=owner", &body).await.ok(201)["contact"].clone();
    assert_eq!((&contact["owner_id"], &contact["lead_score"]), (&json!(owner), &json!(0)));
    assert_eq!((&contact["display_name"], &contact["is_deleted"]), (&json!("X"), &json!(false)));
    assert_ne!(contact["id"], 7);
    assert_eq!(contact["created_at"], "2026-06-15T12:30:30Z");
}

#[tokio::test]
async fn a_primary_address_is_unique_whatever_its_case_until_the_switch_says_otherwise() {
    let app = App::start().await;
    let emails = json!({"last_name": "A", "emails": ["a@example.com", "second@example.com"]});
    app.post("/contacts", &emails).await.ok(201);
    let again = app.post("/contacts", &json!({"last_name": "B", "email": "A@Example.com"})).await;
    assert_eq!(again.ok(400)["errors"]["error_code"], 3002);
    assert_eq!(again.message(), "Contact is not unique");
    app.post("/contacts", &json!({"last_name": "C", "email": "second@example.com"})).await.ok(201);
    app.classic_post("/leads", &json!({"last_name": "Lead", "email": "a@example.com"})).await.ok(200);
    app.account.set_switches(Switches { contact_email_unique: false, ..Switches::default() });
    app.post("/contacts", &json!({"last_name": "B", "email": "A@Example.com"})).await.ok(201);
}

#[tokio::test]
async fn names_of_accounts_mobile_numbers_and_custom_fields_can_be_unique() {
    let app = App::start().await;
    app.post("/sales_accounts", &json!({"name": "Acme"})).await.ok(201);
    assert_eq!(app.post("/sales_accounts", &json!({"name": "ACME"})).await.message(), "Account is not unique");
    let mobile = json!({"last_name": "A", "mobile_number": "+4790000011"});
    app.post("/contacts", &mobile).await.ok(201);
    app.post("/contacts", &mobile).await.ok(201);
    app.account.set_switches(Switches { mobile_unique: true, ..Switches::default() });
    assert_eq!(app.post("/contacts", &mobile).await.message(), "The mobile number already exists.");
    app.account.add_custom_field(CustomField::new(Kind::Deal, "cf_order", CustomFieldType::Text).unique());
    let deal = json!({"name": "D", "amount": 1, "custom_field": {"cf_order": "42"}});
    app.post("/deals", &deal).await.ok(201);
    assert_eq!(app.post("/deals", &deal).await.message(), "Deal is not unique");
}

#[tokio::test]
async fn an_upsert_creates_then_updates_the_same_record() {
    let app = App::start().await;
    let upsert = |city: &str| json!({"unique_identifier": {"emails": "a@example.com"}, "contact": {"last_name": "A", "city": city}});
    let created = id(&app.post("/contacts/upsert", &upsert("Oslo")).await.ok(200), "contact");
    let updated = app.post("/contacts/upsert?include=sales_accounts", &upsert("Bergen")).await.ok(200);
    assert_eq!((id(&updated, "contact"), &updated["contact"]["city"]), (created, &json!("Bergen")));
    assert_eq!(updated["contact"]["email"], "a@example.com");
    assert_eq!(app.account.contacts().len(), 1);
}

#[rstest]
#[case("/contacts", "contact", json!({"external_id": "x-1"}), json!({"last_name": "A"}))]
#[case("/contacts", "contact", json!({"mobile_number": "+47900"}), json!({"last_name": "A"}))]
#[case("/contacts", "contact", json!({"cf_license_key": "L-1"}), json!({"last_name": "A"}))]
#[case("/sales_accounts", "sales_account", json!({"name": "Acme"}), json!({"city": "Oslo"}))]
#[case("/deals", "deal", json!({"name": "Pilot"}), json!({"amount": 5}))]
#[tokio::test]
async fn an_upsert_finds_by_its_identifier(
    #[case] path: &str,
    #[case] key: &str,
    #[case] identifier: Value,
    #[case] attributes: Value,
) {
    let app = App::start().await;
    let body = json!({"unique_identifier": identifier, key: attributes});
    let first = id(&app.post(&format!("{path}/upsert"), &body).await.ok(200), key);
    assert_eq!(id(&app.post(&format!("{path}/upsert"), &body).await.ok(200), key), first);
    let missing = json!({"unique_identifier": {"id": "79999999999"}, key: attributes});
    assert_eq!(app.post(&format!("{path}/upsert"), &missing).await.status, 404);
}

#[tokio::test]
async fn an_upsert_by_address_prefers_the_record_whose_primary_it_is() {
    let app = App::start().await;
    app.account.seed_contact(&json!({"last_name": "Secondary", "emails": ["x@example.com", "shared@example.com"]}));
    let primary = app.account.seed_contact(&json!({"last_name": "Primary", "email": "shared@example.com"}));
    let body = json!({"unique_identifier": {"emails": "shared@example.com"}, "contact": {"city": "Oslo"}});
    assert_eq!(id(&app.post("/contacts/upsert", &body).await.ok(200), "contact"), primary);
}

#[rstest]
#[case(false, "Tomas Ferreira")]
#[case(true, "Mara Lindqvist")]
#[tokio::test]
async fn whether_an_upsert_resets_the_owner_is_a_switch(#[case] resets: bool, #[case] owner_after: &str) {
    let app = App::start().await;
    app.account.set_switches(Switches { upsert_resets_owner: resets, ..Switches::default() });
    let owner = app.account.selector_id("owners", "Tomas Ferreira").unwrap();
    app.account.seed_contact(&json!({"email": "a@example.com", "owner_id": owner}));
    let body = json!({"unique_identifier": {"emails": "a@example.com"}, "contact": {"city": "Oslo"}});
    let reply = app.post("/contacts/upsert?include=owner", &body).await.ok(200);
    assert_eq!(reply["users"][0]["display_name"], owner_after);
}

#[rstest]
#[case(CustomFieldUpdate::Replace, Value::Null)]
#[case(CustomFieldUpdate::Merge, json!("Nordics"))]
#[tokio::test]
async fn whether_an_update_replaces_custom_fields_is_a_switch(
    #[case] update: CustomFieldUpdate,
    #[case] region: Value,
) {
    let app = App::start().await;
    app.account.set_switches(Switches { custom_field_update: update, ..Switches::default() });
    let custom = json!({"cf_region": "Nordics", "cf_seats": 5});
    let contact = app.account.seed_contact(&json!({"last_name": "A", "tags": ["x", "y"], "custom_field": custom}));
    let body = json!({"contact": {"tags": ["z"], "custom_field": {"cf_seats": "70"}}});
    let updated = app.put(&format!("/contacts/{contact}"), &body).await.ok(200)["contact"].clone();
    assert_eq!(updated["custom_field"]["cf_region"], region);
    assert_eq!((&updated["custom_field"]["cf_seats"], &updated["tags"]), (&json!(70), &json!(["z"])));
    let untouched = app.put(&format!("/contacts/{contact}"), &json!({"city": "Oslo"})).await.ok(200);
    assert_eq!(untouched["contact"]["custom_field"]["cf_seats"], 70);
}

#[tokio::test]
async fn a_status_must_fit_its_lifecycle_stage() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    let path = format!("/contacts/{contact}?include=contact_status,lifecycle_stage");
    let fresh = app.get(&path).await.ok(200);
    assert_eq!(
        (&fresh["contact_status"][0]["name"], &fresh["lifecycle_stages"][0]["name"]),
        (&json!("New"), &json!("Lead"))
    );
    let churned = app.account.selector_id("contact_statuses", "Churned").unwrap();
    let refused = app.put(&path, &json!({"contact_status_id": churned})).await;
    assert_eq!((refused.status, refused.message().as_str()), (400, "Invalid contact status provided."));
    let customer = app.account.selector_id("lifecycle_stages", "Customer").unwrap();
    let moved = app.put(&path, &json!({"lifecycle_stage_id": customer})).await.ok(200);
    assert_eq!(moved["contact_status"][0]["name"], "Won");
}

#[tokio::test]
async fn mandatory_fields_of_the_admin_are_enforced() {
    let app = App::start().await;
    let required = ["lead_source_id", "lifecycle_stage_id", "mobile_number"].map(str::to_owned).to_vec();
    app.account.set_switches(Switches { required_contact_fields: required, ..Switches::default() });
    let refused = app.post("/contacts", &json!({"last_name": "A"})).await.ok(400);
    let expected = json!([
        "Source can't be empty",
        "Lifecycle stage can't be empty",
        "Need to fill this Mobile to submit the form."
    ]);
    assert_eq!(refused["errors"]["message"], expected);
}

#[tokio::test]
async fn a_deleted_record_is_in_the_recycle_bin_and_nowhere_else() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "A", "email": "a@example.com"}));
    let path = format!("/contacts/{contact}");
    assert_eq!(app.delete(&path).await.text, "true");
    assert_eq!((app.get(&path).await.status, app.delete(&path).await.status), (404, 404));
    assert_eq!(
        app.get("/lookup?q=a@example.com&f=email&entities=contact").await.json()["contacts"]["contacts"],
        json!([])
    );
    app.account.set_switches(Switches { deleted_record: DeletedRecord::Shown, ..Switches::default() });
    assert_eq!(app.get(&path).await.ok(200)["contact"]["is_deleted"], true);
    app.account.seed_contact(&json!({"last_name": "B", "email": "a@example.com"}));
    assert_eq!(app.delete(&format!("{path}/forget")).await.text, "true");
    assert_eq!(app.get(&path).await.status, 404);
}

#[tokio::test]
async fn deleting_an_account_takes_contacts_and_deals_along_on_request() {
    let app = App::start().await;
    for (query, left) in [("", 1), ("?delete_associated_contacts_deals=true", 0)] {
        let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
        let contact = app.account.seed_contact(&json!({"last_name": "A", "sales_account_id": account}));
        app.account.seed_deal(&json!({"name": "D", "amount": 1, "sales_account_id": account}));
        app.delete(&format!("/sales_accounts/{account}{query}")).await.ok(200);
        assert_eq!((app.account.contacts().len(), app.account.deals().len()), (left, left));
        app.account.delete(Kind::Contact, contact);
        app.account.reset();
    }
}

#[tokio::test]
async fn a_contact_s_companies_are_replaced_as_a_set_with_one_primary() {
    let app = App::start().await;
    let [one, two] = ["One", "Two"].map(|name| app.account.seed(Kind::SalesAccount, &json!({"name": name})));
    let contact = app.account.seed_contact(&json!({"last_name": "A", "sales_accounts": [{"id": one}, {"id": two}]}));
    let shown = app.get(&format!("/contacts/{contact}")).await.ok(200)["contact"]["sales_accounts"].clone();
    assert_eq!((&shown[0]["is_primary"], &shown[1]["is_primary"]), (&json!(true), &json!(false)));
    let only_two = json!({"sales_accounts": [{"id": two.to_string(), "is_primary": true}]});
    let path = format!("/contacts/{contact}?include=sales_accounts");
    let shown = app.put(&path, &only_two).await.ok(200)["contact"]["sales_accounts"].clone();
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["name"]), (1, &json!("Two")));
}

#[tokio::test]
async fn roll_ups_follow_the_deals() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    let won = app.account.stage_id("Won").unwrap();
    for (amount, stage) in [("100.10", None), ("0.2", None), ("5000", Some(won))] {
        let deal = json!({"name": "D", "amount": amount, "contacts_added_list": [contact], "deal_stage_id": stage});
        app.account.seed_deal(&deal);
    }
    let shown = app.get(&format!("/contacts/{contact}")).await.ok(200)["contact"].clone();
    assert_eq!((&shown["open_deals_amount"], &shown["open_deals_count"]), (&json!("100.3"), &json!(2)));
    assert_eq!((&shown["won_deals_amount"], &shown["won_deals_count"]), (&json!("5000.0"), &json!(1)));
}

#[rstest]
#[case(CreateStatus::ByGeneration, 201, 200)]
#[case(CreateStatus::Ok, 200, 200)]
#[case(CreateStatus::Created, 201, 201)]
#[tokio::test]
async fn the_status_of_a_create_is_a_switch(#[case] status: CreateStatus, #[case] suite: u16, #[case] classic: u16) {
    let switches = Switches { create_status: status, ..Switches::default() };
    let app = App::with(SandboxConfig { switches, ..config() }).await;
    assert_eq!(app.post("/contacts", &json!({"last_name": "A"})).await.status, suite);
    assert_eq!(app.classic_post("/contacts", &json!({"last_name": "A"})).await.status, classic);
    let note = json!({"description": "x", "targetable_type": "contact", "targetable_id": 71_000_000_001_i64});
    assert_eq!(app.post("/notes", &note).await.status, 200);
}

#[tokio::test]
async fn a_clone_copies_and_overrides() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "A", "city": "Oslo", "email": "a@example.com"}));
    let copy = app.post(&format!("/contacts/{contact}/clone"), &json!({"contact": {"emails": "b@example.com"}})).await;
    let copy = copy.ok(200)["contact"].clone();
    assert_eq!((&copy["city"], &copy["email"]), (&json!("Oslo"), &json!("b@example.com")));
    assert_ne!(copy["id"], contact);
}

#[tokio::test]
async fn datetimes_carry_the_offset_of_the_account_s_zone() {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(2 * 3600).unwrap());
    let app = App::with(SandboxConfig { zone, ..config() }).await;
    let contact = app.post("/contacts", &json!({"last_name": "A"})).await.ok(201);
    assert_eq!(contact["contact"]["created_at"], "2026-06-15T14:30:30+02:00");
}
