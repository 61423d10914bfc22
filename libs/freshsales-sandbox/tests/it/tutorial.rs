//! The dialect of a popular integration guide.

use std::time::Duration;

use freshsales_sandbox::{Kind, Profile, SandboxConfig};
use serde_json::json;

use crate::client::{App, config, id};

async fn tutorial() -> App {
    App::with(SandboxConfig { profile: Profile::Tutorial, ..config() }).await
}

#[tokio::test]
async fn search_answers_an_envelope_from_three_letters_on() {
    let app = tutorial().await;
    let contact = app.account.seed_contact(&json!({"last_name": "Okafor", "email": "paul@example.com"}));
    let search = "/search?q=paul@example.com&include=owner";
    assert_eq!(app.classic_get(search).await.ok(200)["contacts"], json!([]));
    app.account.advance(Duration::from_secs(3));
    let found = app.classic_get(search).await.ok(200);
    assert_eq!((&found["contacts"][0]["id"], &found["leads"]), (&json!(contact), &json!([])));
    assert_eq!(app.classic_get("/search?q=pa").await.ok(200)["contacts"], json!([]));
}

#[tokio::test]
async fn contacts_are_listed_by_address_without_a_lag() {
    let app = tutorial().await;
    let contact = app.account.seed_contact(&json!({"last_name": "Okafor", "email": "paul@example.com"}));
    for query in ["q[email]=paul@example.com", "q%5Bemail%5D=PAUL%40example.com"] {
        let found = app.classic_get(&format!("/contacts?{query}")).await.ok(200);
        assert_eq!((&found["contacts"][0]["id"], found["contacts"].as_array().unwrap().len()), (&json!(contact), 1));
    }
    assert_eq!(app.classic_get("/contacts?q[email]=nobody@example.com").await.ok(200)["contacts"], json!([]));
    assert_eq!(app.classic_get("/contacts").await.status, 403);
}

#[tokio::test]
async fn stages_are_under_settings_and_an_unknown_one_is_a_422() {
    let app = tutorial().await;
    let stages = app.classic_get("/settings/deal_stages").await.ok(200);
    assert_eq!(stages["deal_stages"][0]["name"], "New");
    let deal = json!({"deal": {"name": "D", "amount": 1, "deal_stage_id": 1}});
    let refused = app.classic_post("/deals", &deal).await;
    assert_eq!((refused.status, refused.message().as_str()), (422, "Invalid deal stage"));
    let elsewhere = App::start().await;
    assert_eq!(elsewhere.classic_post("/deals", &deal).await.status, 400);
    assert_eq!(elsewhere.classic_get("/settings/deal_stages").await.status, 404);
}

#[tokio::test]
async fn a_source_may_be_named() {
    let app = tutorial().await;
    for (name, source) in [("web", app.account.selector_id("lead_sources", "Web")), ("Nowhere", None)] {
        let lead = json!({"lead": {"last_name": "A", "lead_source_name": name, "company": {"name": "Acme"}}});
        let lead = id(&app.classic_post("/leads", &lead).await.ok(200), "lead");
        let shown = app.classic_get(&format!("/leads/{lead}?include=source")).await.ok(200);
        assert_eq!(
            (&shown["lead"]["lead_source_id"], &shown["lead"]["company"]["name"]),
            (&json!(source), &json!("Acme"))
        );
    }
}

#[tokio::test]
async fn notes_take_the_guide_s_words_in_every_profile() {
    for app in [tutorial().await, App::start().await] {
        let contact = app.account.seed_contact(&json!({"last_name": "A"}));
        let note = json!({"note": {"notable_type": "Contact", "notable_id": contact, "description": "Hello"}});
        let note = app.classic_post("/notes", &note).await.ok(200);
        assert_eq!(note["note"]["targetables"], json!([{"id": contact, "type": "Contact"}]));
        let path = format!("/notes/{}", id(&note, "note"));
        let changed = app.classic_put(&path, &json!({"note": {"description": "Changed"}})).await.ok(200);
        assert_eq!(changed["note"]["description"], "Changed");
        assert_eq!(app.account.notes_of(Kind::Contact, contact).len(), 1);
        assert_eq!(app.classic_delete(&path).await.ok(200), json!({"success": "200"}));
        assert!(app.account.notes_of(Kind::Contact, contact).is_empty());
    }
}
