//! Seeded accounts: believable, consistent, and the same for the same seed.

use std::collections::HashSet;

use freshsales_sandbox::{Kind, Profile, SandboxConfig, SnapshotOptions};
use serde_json::Value;

use crate::client::{App, config};

async fn seeded(records: usize, seed: u64) -> App {
    let app = App::start().await;
    app.account.seed_records(records, seed);
    app
}

fn saved(app: &App) -> Vec<u8> {
    let mut out = Vec::new();
    app.account.save(&mut out, SnapshotOptions::default()).unwrap();
    out
}

#[tokio::test]
async fn the_same_seed_makes_the_same_account() {
    let lines = |app: &App| {
        let text = String::from_utf8(saved(app)).unwrap();
        text.lines().filter(|line| line.starts_with("{\"record\"")).map(str::to_owned).collect::<Vec<_>>()
    };
    let first = lines(&seeded(300, 7).await);
    assert_eq!(first, lines(&seeded(300, 7).await));
    assert_ne!(first, lines(&seeded(300, 8).await));
}

#[tokio::test]
async fn it_has_people_companies_deals_notes_and_tasks_that_fit_together() {
    let app = seeded(600, 1).await;
    let counts = Kind::ALL.map(|kind| app.account.count(kind));
    assert_eq!(counts[..6], [12, 600, 34, 50, 60, 15]);
    let distinct = |records: &[Value], name: &str| {
        records.iter().map(|record| record[name].to_string()).collect::<HashSet<_>>().len()
    };
    let contacts = app.account.contacts();
    assert_eq!(distinct(&contacts, "email"), 600);
    assert_eq!((distinct(&contacts, "country"), distinct(&contacts, "owner_id")), (8, 8));
    assert_eq!(distinct(&app.account.sales_accounts(), "name"), 34);
    let deals = app.account.deals();
    assert!(distinct(&deals, "deal_stage_id") >= 10 && distinct(&deals, "deal_pipeline_id") == 2);
    for record in contacts.iter().chain(&deals) {
        let time = |name: &str| record[name].as_str().unwrap().to_owned();
        assert!("2024-06-15" <= time("created_at").as_str() && time("created_at") <= time("updated_at"), "{record}");
        assert!(time("updated_at") <= app.account.now().to_string());
    }
    assert_eq!(contacts[19]["sales_accounts"][0]["id"], app.account.sales_accounts()[1]["id"]);
}

#[tokio::test]
async fn seeded_records_are_found_changed_and_kept_apart_like_others() {
    let app = seeded(100, 3).await;
    let contact = app.account.contacts()[40].clone();
    let (id, email) = (contact["id"].as_i64().unwrap(), contact["email"].as_str().unwrap());
    let found = app.get(&format!("/search?q={email}&include=contact")).await.ok(200);
    assert_eq!(found[0]["id"], id.to_string());
    let found = app.get(&format!("/lookup?q={email}&f=email&entities=contact")).await.ok(200);
    assert_eq!(found["contacts"]["contacts"][0]["id"], id);
    let double = serde_json::json!({"contact": {"last_name": "X", "email": email}});
    assert_eq!(app.post("/contacts", &double).await.status, 400);
    let renamed = serde_json::json!({"contact": {"last_name": "Quartermain"}});
    app.put(&format!("/contacts/{id}"), &renamed).await.ok(200);
    app.account.advance(std::time::Duration::from_secs(4));
    assert_eq!(app.get("/search?q=quartermain").await.ok(200)[0]["id"], id.to_string());
    let copy = App::start().await;
    copy.account.restore(saved(&app).as_slice()).unwrap();
    assert_eq!(copy.account.contacts(), app.account.contacts());
}

#[tokio::test]
async fn seeding_twice_adds_and_a_suite_account_has_no_leads() {
    let app = App::with(SandboxConfig { profile: Profile::Suite, ..config() }).await;
    app.account.seed_records(40, 1);
    app.account.seed_records(40, 2);
    assert_eq!((app.account.count(Kind::Contact), app.account.count(Kind::Lead)), (80, 0));
    let names: HashSet<String> = app.account.sales_accounts().iter().map(|one| one["name"].to_string()).collect();
    assert_eq!(names.len(), app.account.count(Kind::SalesAccount));
}

#[tokio::test]
async fn seeded_records_have_a_history_which_what_happens_later_follows() {
    let app = seeded(300, 1).await;
    let ids = app.account.contacts().into_iter().filter_map(|contact| contact["id"].as_i64());
    let contact = ids.into_iter().find(|&id| !app.account.notes_of(Kind::Contact, id).is_empty()).unwrap();
    let words = async || {
        let feed = app.get(&format!("/contacts/{contact}/timeline_feeds")).await.ok(200);
        let feeds = feed["timeline_feeds"].as_array().unwrap().clone();
        feeds.iter().rev().map(|feed| feed["action_type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = words().await;
    assert_eq!(before[..2], ["CREATE", "OWNER_CHANGE"]);
    assert!(before.contains(&"NOTE_CREATED".to_owned()), "{before:?}");
    app.put(&format!("/contacts/{contact}"), &serde_json::json!({"job_title": "Admiral"})).await.ok(200);
    assert_eq!(words().await, [&before[..], &["UPDATE".to_owned()]].concat());
}
