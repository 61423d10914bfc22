//! Stages, pipelines, contacts and companies of deals.

use std::time::Duration;

use freshsales_sandbox::{Kind, StageOutcome};
use serde_json::{Value, json};

use crate::client::{App, id};

async fn deal(app: &App, body: Value) -> Value {
    app.put(&format!("/deals/{}", app.account.deals()[0]["id"]), &body).await.ok(200)["deal"].clone()
}

async fn with_deal() -> App {
    let app = App::start().await;
    app.account.seed_deal(&json!({"name": "Pilot", "amount": 100}));
    app
}

#[tokio::test]
async fn closing_and_reopening_keep_dates_and_probability_in_step() {
    let app = with_deal().await;
    app.account.advance(Duration::from_secs(86_400));
    let stage = |name: &str| json!({"deal_stage_id": app.account.stage_id(name)});
    let lost = deal(&app, stage("Lost")).await;
    assert_eq!((&lost["closed_date"], &lost["probability"]), (&json!("2026-06-16"), &json!(0)));
    assert_eq!((&lost["stage_updated_time"], &lost["age"]), (&json!("2026-06-16T12:30:30Z"), &json!(1)));
    let open = deal(&app, stage("Demo")).await;
    assert_eq!((&open["closed_date"], &open["probability"]), (&Value::Null, &json!(100)));
    let unsure = deal(&app, json!({"probability": 30})).await;
    assert_eq!(
        (&unsure["expected_deal_value"], &unsure["stage_updated_time"]),
        (&json!("30.0"), &open["stage_updated_time"])
    );
}

#[tokio::test]
async fn a_stage_must_belong_to_the_pipeline_that_is_sent() {
    let app = with_deal().await;
    let pipeline = app.account.add_pipeline("Renewals");
    let due = app.account.add_stage_to(pipeline, "Due", StageOutcome::Open);
    let path = format!("/deals/{}", app.account.deals()[0]["id"]);
    let demo = app.account.stage_id("Demo");
    assert_eq!(app.put(&path, &json!({"deal_pipeline_id": pipeline, "deal_stage_id": demo})).await.status, 400);
    let moved = deal(&app, json!({"deal_stage_id": due})).await;
    assert_eq!(moved["deal_pipeline_id"], pipeline);
    let empty = app.account.add_pipeline("Empty");
    assert_eq!(app.put(&path, &json!({"deal_pipeline_id": empty})).await.status, 400);
}

#[tokio::test]
async fn a_deal_in_a_removed_stage_can_still_be_edited() {
    let app = with_deal().await;
    let stage = app.account.deals()[0]["deal_stage_id"].as_i64().unwrap();
    assert!(app.account.remove_stage(stage) && !app.account.remove_stage(stage));
    let edited = deal(&app, json!({"name": "Other"})).await;
    assert_eq!((&edited["name"], &edited["deal_stage_id"]), (&json!("Other"), &json!(stage)));
    let added = app.account.add_stage("Trial Active");
    assert!(app.account.rename_stage(added, "Trial") && !app.account.rename_stage(1, "X"));
    assert_eq!(deal(&app, json!({"deal_stage_id": added.to_string()})).await["deal_stage_id"], added);
}

#[tokio::test]
async fn contacts_are_linked_and_unlinked() {
    let app = with_deal().await;
    let [one, two] = ["A", "B"].map(|name| app.account.seed_contact(&json!({"last_name": name})));
    deal(&app, json!({"contacts_added_list": [one, two.to_string(), one]})).await;
    assert_eq!(app.account.deals()[0]["contact_ids"], json!([one, two]));
    deal(&app, json!({"contacts_removed_list": [one]})).await;
    assert_eq!(app.account.deals()[0]["contact_ids"], json!([two]));
    let contact = app.get(&format!("/contacts/{two}?include=deals")).await.ok(200);
    assert_eq!(
        (&contact["contact"]["deal_ids"][0], &contact["deals"][0]["name"]),
        (&app.account.deals()[0]["id"], &json!("Pilot"))
    );
}

#[tokio::test]
async fn a_company_is_found_or_made_by_name() {
    let app = App::start().await;
    let body = |name: &str| json!({"deal": {"name": "D", "amount": 1, "sales_account": {"name": name}}});
    for name in ["Acme", "ACME"] {
        let created = app.post("/deals?include=sales_account", &body(name)).await.ok(201);
        assert_eq!(created["sales_accounts"][0]["name"], "Acme");
    }
    assert_eq!((app.account.sales_accounts().len(), app.account.deals().len()), (1, 2));
    let refused = json!({"deal": {"name": "D", "sales_account": {"name": "Other"}}});
    assert_eq!(app.post("/deals", &refused).await.message(), "Deal value can't be empty");
    assert_eq!(app.account.sales_accounts().len(), 1);
    let account = app.account.sales_accounts()[0]["id"].clone();
    let seen = app.get(&format!("/sales_accounts/{account}?include=deals,contacts,owner")).await.ok(200);
    assert_eq!((seen["deals"].as_array().unwrap().len(), &seen["contacts"]), (2, &json!([])));
}

#[tokio::test]
async fn a_created_deal_comes_with_its_owner_in_users() {
    let app = App::start().await;
    let created = app.post("/deals", &json!({"name": "D", "amount": 1})).await.ok(201);
    assert_eq!(created["users"][0]["display_name"], "Mara Lindqvist");
    assert!(created["deal"].get("owner_id").is_none());
    let clone = app.post(&format!("/deals/{}/clone", id(&created, "deal")), &json!({})).await.ok(200);
    assert_ne!(id(&clone, "deal"), id(&created, "deal"));
}

#[tokio::test]
async fn a_note_s_text_reaches_its_record_without_counting_as_an_update() {
    let app = with_deal().await;
    let deal = app.account.deals()[0]["id"].clone();
    app.account.advance(Duration::from_secs(60));
    let note = json!({"description": "Call back", "targetable_type": "Deal", "targetable_id": deal});
    app.post("/notes", &note).await.ok(200);
    let shown = app.account.deals()[0].clone();
    assert_eq!((&shown["recent_note"], &shown["updated_at"]), (&json!("Call back"), &json!("2026-06-15T12:30:30Z")));
    let notes = app.get(&format!("/deals/{deal}/notes")).await.ok(200);
    assert_eq!((&notes["notes"][0]["description"], &notes["meta"]["total"]), (&json!("Call back"), &json!(1)));
    let activities = app.get(&format!("/deals/{deal}/activities.json?include=user")).await.ok(200);
    assert_eq!(activities["activities"][0]["action_type"], "CREATE_NOTE");
    assert_eq!(app.account.count(Kind::Note), 1);
}
