//! Leads of people and companies that a sync has copied: whom the copy has costs no look-up, and whatever happened since, the lead lands once, at the
//! right person.

use std::time::Duration;

use freshsales_sandbox::{Generation, Kind};
use jiff::SignedDuration;
use leadgate_engine::MatchByCopy;
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::{Value, json};

use super::Mirror;

/// A gateway that knows the account's names, beside a copy that it asks.
async fn mirror(generation: Generation) -> Mirror {
    let folder = tempfile::tempdir().unwrap();
    let matching = MatchByCopy { copy: folder.path().join("copy.db"), believed_for: SignedDuration::from_mins(5) };
    let builder = TestGateway::builder().generation(generation).engine(|engine| engine.matching = Some(matching));
    let mut mirror = Mirror::open(builder).await;
    mirror.settings.copy = folder.path().join("copy.db");
    mirror.folder = folder;
    mirror.gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    mirror
}

/// Somebody who is in the account, and in the copy of it.
async fn copied(mirror: &Mirror, person: &Value) -> i64 {
    let id = mirror.account().seed_contact(person);
    mirror.wait(SignedDuration::from_hours(1));
    mirror.run().await;
    mirror.account().clear_requests();
    id
}

fn ada() -> Value {
    json!({ "email": "ada@example.com", "last_name": "King" })
}

/// Lands a lead and returns who it was, what it was asked for, and the story.
async fn land(mirror: &Mirror, lead: &Value) -> (i64, Vec<String>, String) {
    let landed = mirror.gateway.land("/v1/leads", lead).await;
    let story = mirror.gateway.get(&format!("/v1/submissions/{}", landed.submission())).await.body;
    let calls =
        story["attempts"].as_array().unwrap().iter().map(|attempt| attempt["call"].as_str().unwrap().to_owned());
    let person = landed.body["outcome"]["person"]["id"].as_i64().unwrap();
    (person, calls.collect(), story["decisions"].to_string())
}

fn contact(mirror: &Mirror, id: i64) -> Value {
    mirror.account().contacts().into_iter().find(|contact| contact["id"] == id).unwrap()
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn somebody_in_the_copy_is_looked_up_before_anything_is_written(#[case] generation: Generation) {
    let mirror = mirror(generation).await;
    let id = copied(&mirror, &ada()).await;
    let (person, calls, story) =
        land(&mirror, &json!({ "email": "Ada@example.com", "address": { "city": "London" } })).await;
    assert_eq!((person, calls.join(" ").as_str()), (id, "find_person update_person"), "{story}");
    assert_eq!(contact(&mirror, id)["city"], "London");
    let (other, calls, _) = land(&mirror, &json!({ "email": "new@example.com", "last_name": "New" })).await;
    assert!(other != id && !calls.is_empty(), "nobody in the copy says nothing: {calls:?}");
}

#[tokio::test]
async fn somebody_of_whom_nothing_is_new_costs_nothing() {
    let mirror = mirror(Generation::Suite).await;
    let id = copied(&mirror, &ada()).await;
    let (person, calls, story) = land(&mirror, &ada()).await;
    assert_eq!((person, calls.len()), (id, 0), "{story}");
    assert!(story.contains("read at") && story.contains("nothing to add"), "{story}");
}

#[tokio::test]
async fn a_company_in_the_copy_costs_nothing() {
    let mirror = mirror(Generation::Suite).await;
    let company = mirror.account().seed(Kind::SalesAccount, &json!({ "name": "Acme" }));
    copied(&mirror, &ada()).await;
    let lead = json!({ "email": "new@example.com", "company": { "name": "ACME" } });
    let landed = mirror.gateway.land("/v1/leads", &lead).await;
    assert_eq!((&landed.body["outcome"]["company"], mirror.account().request_count()), (&json!(company), 1));
    let new = contact(&mirror, landed.body["outcome"]["person"]["id"].as_i64().unwrap());
    assert_eq!(new["sales_accounts"][0]["id"].as_i64().or(new["sales_account_id"].as_i64()), Some(company), "{new}");
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn somebody_who_was_deleted_since_is_made_once(#[case] generation: Generation) {
    let mirror = mirror(generation).await;
    let id = copied(&mirror, &ada()).await;
    mirror.account().delete(Kind::Contact, id);
    let (person, _, story) =
        land(&mirror, &json!({ "email": "ada@example.com", "address": { "city": "London" } })).await;
    let people = [mirror.account().contacts(), mirror.account().leads()].concat();
    let ada: Vec<&Value> = people.iter().filter(|person| person["email"] == "ada@example.com").collect();
    assert_eq!((ada.len(), &ada[0]["id"], &ada[0]["city"]), (1, &json!(person), &json!("London")), "{story}");
    assert_ne!(person, id, "{story}");
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn an_address_that_moved_since_is_found_where_it_is(#[case] generation: Generation) {
    let mirror = mirror(generation).await;
    let id = copied(&mirror, &ada()).await;
    mirror.gateway.change("contacts", id, &json!({ "contact": { "email": "old@example.com" } })).await;
    let other = mirror.account().seed_contact(&ada());
    mirror.account().clear_requests();
    let (person, calls, story) =
        land(&mirror, &json!({ "email": "ada@example.com", "address": { "city": "London" } })).await;
    assert_eq!(person, other, "{story}");
    assert_eq!(contact(&mirror, other)["city"], "London");
    assert!(contact(&mirror, id)["city"].is_null(), "what was filled in at the wrong person stays: {calls:?}");
}

#[tokio::test]
async fn a_copy_that_was_read_long_ago_only_says_whom_to_look_up() {
    let mirror = mirror(Generation::Suite).await;
    let id = copied(&mirror, &ada()).await;
    mirror.account().advance(Duration::from_secs(3_600));
    let (person, calls, _) =
        land(&mirror, &json!({ "email": "ada@example.com", "address": { "city": "London" } })).await;
    assert_eq!((person, calls.join(" ").as_str()), (id, "find_person update_person"));
}
