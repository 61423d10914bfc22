//! What is remembered between jobs: records, notes, the budget, the catalog, the app keys, the profiles.

use std::collections::BTreeMap;

use leadgate_core::catalog::{AccountFacts, NamedId, Parent, Section, SectionContent, SectionRead};
use leadgate_core::identity::IdentityKey;
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{KnownRecord, RecordKind, RecordRef};
use leadgate_core::routing::RoutingState;
use leadgate_core::steps::StepEffect;

use serde_json::{Value, json};

use super::samples::*;
use crate::Store;
use crate::model::{
    AppKey, BudgetExchange, BudgetToKeep, ClaimedJob, KeptBudget, NewJob, PlannedSubmission, Then, TurnOutcome,
    TurnRecord,
};
use crate::scopes::Scopes;

/// Learns through a job of its own, which it finishes.
async fn learn(store: &dyn Store, number: u64, effects: Vec<StepEffect>, seconds: i64) {
    plan(store, number, job(&[])).await;
    let claimed = claim_one(store, seconds).await;
    let done = turn(&claimed, Then::Finished(Default::default()));
    record(store, TurnRecord { effects, ..done }, seconds).await;
}

/// Claims a new job that has the identity `a` and recalls `c`.
async fn claim_recalling(store: &dyn Store, number: u64, seconds: i64) -> ClaimedJob {
    plan(store, number, NewJob { recalls: vec![key("c")], ..job(&["a"]) }).await;
    claim_one(store, seconds).await
}

/// Of the identities it is ordered by and of those it only recalls; nothing of others.
pub async fn what_was_learned_is_recalled(store: &dyn Store) {
    let company = KnownRecord { record: RecordRef { kind: RecordKind::Company, id: 8 }, filled: Default::default() };
    let person = known(5, &["email", "custom_field.plan"]);
    let effects = vec![learned("a", person.clone()), learned("c", company.clone()), learned("b", known(6, &["email"]))];
    learn(store, 1, effects, 0).await;
    let claimed = claim_recalling(store, 2, 10).await;
    assert_eq!(claimed.known.into_iter().collect::<Vec<_>>(), [(key("a"), person), (key("c"), company)]);
    assert_eq!(claimed.keys, [key("a")], "it is not ordered by what it recalls");
}

/// What was learned at the very moment still counts.
pub async fn what_was_learned_long_ago_is_not_recalled(store: &dyn Store) {
    learn(store, 1, vec![learned("a", known(5, &[]))], 0).await;
    learn(store, 2, vec![learned("c", known(6, &[]))], 1).await;
    let claimed = claim_recalling(store, 3, 1_001).await;
    assert_eq!(claimed.known.into_keys().collect::<Vec<_>>(), [key("c")]);
}

/// And it counts as learned anew.
pub async fn the_same_record_adds_to_what_is_filled(store: &dyn Store) {
    learn(store, 1, vec![learned("a", known(5, &["email", "city"]))], 0).await;
    learn(store, 2, vec![learned("a", known(5, &["email", "mobile_number"]))], 500).await;
    let claimed = claim_recalling(store, 3, 1_200).await;
    assert_eq!(claimed.known[&key("a")], known(5, &["city", "email", "mobile_number"]));
}

/// Nothing of the first is left.
pub async fn another_record_takes_the_place_of_the_first(store: &dyn Store) {
    learn(store, 1, vec![learned("a", known(5, &["email", "city"]))], 0).await;
    learn(store, 2, vec![learned("a", known(6, &["email"]))], 0).await;
    assert_eq!(claim_recalling(store, 3, 1).await.known[&key("a")], known(6, &["email"]));
}

/// Whatever was known of it; of others it stays.
pub async fn of_a_record_that_is_gone_nothing_is_known(store: &dyn Store) {
    learn(store, 1, vec![learned("a", known(5, &["email"])), learned("c", known(6, &[]))], 0).await;
    learn(store, 2, vec![StepEffect { unlearned: vec![key("a")], ..StepEffect::default() }], 0).await;
    assert_eq!(claim_recalling(store, 3, 1).await.known.into_keys().collect::<Vec<_>>(), [key("c")]);
}

/// However long ago; and only those.
pub async fn notes_on_records_among_the_keys_are_known(store: &dyn Store) {
    let contact = |id| RecordRef { kind: RecordKind::Contact, id };
    let noted = |record, note| StepEffect { note: Some((record, note)), ..StepEffect::default() };
    learn(store, 1, vec![noted(contact(5), 50), noted(contact(5), 51), noted(contact(6), 60)], 0).await;
    learn(store, 2, vec![noted(contact(5), 50)], 0).await;
    plan(store, 3, job(&["a", IdentityKey::of_record(contact(5)).as_str()])).await;
    let claimed = claim_one(store, 1_000_000).await;
    assert_eq!(claimed.known_notes.into_iter().collect::<Vec<_>>(), [50, 51]);
}

/// None at first; a call without one leaves it; no turn is needed.
pub async fn the_budget_is_kept_with_the_turns(store: &dyn Store) {
    assert_eq!(store.budget().await.unwrap(), KeptBudget::default());
    let value = serde_json::json!({"hour": {"used": 3}, "seen_at": null});
    store.finish_turns(Vec::new(), Some(BudgetToKeep { seen: None, value: value.clone() }), at(0)).await.unwrap();
    store.finish_turns(Vec::new(), None, at(0)).await.unwrap();
    assert_eq!(store.budget().await.unwrap().value, Some(value));
    plan(store, 1, job(&[])).await;
    let done = turn(&claim_one(store, 0).await, Then::Finished(Default::default()));
    store.finish_turns(vec![done], Some(budget(7)), at(0)).await.unwrap();
    assert_eq!(store.budget().await.unwrap().value, Some(7.into()));
}

/// Whoever saw an older one is shown the one that is kept.
pub async fn a_budget_is_exchanged_for_the_one_that_was_seen(store: &dyn Store) {
    let BudgetExchange::Kept(first) = store.exchange_budget(0, 1.into()).await.unwrap() else {
        panic!("nobody was there")
    };
    let kept = KeptBudget { revision: first, value: Some(1.into()) };
    assert_eq!(store.exchange_budget(0, 2.into()).await.unwrap(), BudgetExchange::Changed(kept.clone()));
    assert_eq!(store.budget().await.unwrap(), kept);
    let BudgetExchange::Kept(second) = store.exchange_budget(first, 3.into()).await.unwrap() else {
        panic!("it was seen")
    };
    assert_eq!(store.budget().await.unwrap(), KeptBudget { revision: second, value: Some(3.into()) });
    assert_ne!(first, second);
}

/// The turn is; the budget stays as it is. One that was made from the budget that is kept takes its place, under a new revision.
pub async fn a_turn_is_recorded_without_a_budget_that_is_outdated(store: &dyn Store) {
    store.finish_turns(Vec::new(), Some(budget(1)), at(0)).await.unwrap();
    let seen = store.budget().await.unwrap().revision;
    store.finish_turns(Vec::new(), Some(BudgetToKeep { seen: Some(seen), value: 2.into() }), at(0)).await.unwrap();
    plan(store, 1, job(&[])).await;
    let done = turn(&claim_one(store, 0).await, Then::Finished(Default::default()));
    let outdated = BudgetToKeep { seen: Some(seen), value: 3.into() };
    assert_eq!(store.finish_turns(vec![done], Some(outdated), at(0)).await.unwrap(), [TurnOutcome::Recorded]);
    let kept = store.budget().await.unwrap();
    assert_eq!(kept.value, Some(2.into()));
    assert_ne!(kept.revision, seen);
}

/// Empty at first; a section that is read again replaces itself and leaves the others.
pub async fn the_catalog_is_kept_by_section(store: &dyn Store) {
    assert_eq!(store.catalog().await.unwrap(), Default::default());
    let parent = Some(Parent { id: 1, name: "Default".to_owned() });
    let named =
        |id, name: &str| NamedId { id, name: name.to_owned(), alias: None, parent: parent.clone(), stage: None };
    let read = |content, seconds| SectionRead { content, read_at: at(seconds) };
    let old = read(SectionContent::Names(vec![named(1, "New")]), 0);
    let stages = read(SectionContent::Names(vec![named(1, "New"), named(2, "Won")]), 5);
    let account = read(SectionContent::Account(account_facts()), 1);
    let owners = read(SectionContent::Unreadable, 2);
    store.put_section(Section::Stages, old).await.unwrap();
    for (section, read) in [(Section::Account, &account), (Section::Owners, &owners), (Section::Stages, &stages)] {
        store.put_section(section, read.clone()).await.unwrap();
    }
    let catalog = store.catalog().await.unwrap();
    assert_eq!(catalog.get(Section::Account), Some(&account));
    assert_eq!(catalog.get(Section::Owners), Some(&owners));
    assert_eq!(catalog.get(Section::Stages), Some(&stages));
    assert_eq!(catalog.get(Section::Sources), None);
}

fn account_facts() -> AccountFacts {
    AccountFacts {
        generation: "Freshsales".to_owned(),
        separate_leads: false,
        contact_email_unique: Some(true),
        lead_stage_id: Some(3),
        bulk_people: Some(100),
        batch_find: None,
        keyed_person_upsert: true,
    }
}

/// None at first; keys of other names are left alone.
pub async fn an_app_key_is_replaced_by_name(store: &dyn Store) {
    assert!(store.app_keys().await.unwrap().is_empty());
    let app_key = |name: &str, byte| AppKey { name: name.to_owned(), digest: [byte; 32], may: Scopes::ALL };
    for key in [app_key("shop", 1), app_key("blog", 2), app_key("shop", 3)] {
        store.put_app_key(key, at(0)).await.unwrap();
    }
    let mut keys = store.app_keys().await.unwrap();
    keys.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(keys, [app_key("blog", 2), app_key("shop", 3)]);
}

/// Nothing more and nothing less.
pub async fn what_an_app_key_may_do_is_kept(store: &dyn Store) {
    for may in ["all", "submit", "read,operate"] {
        let key = AppKey { name: "shop".to_owned(), digest: [1; 32], may: may.parse().unwrap() };
        store.put_app_key(key.clone(), at(0)).await.unwrap();
        assert_eq!(store.app_keys().await.unwrap(), [key]);
    }
}

/// None at first; a plan that changes nothing leaves it; one for a submission that was planned meanwhile changes nothing.
pub async fn whose_turn_it_is_is_kept_with_the_plans(store: &dyn Store) {
    let state = |credit: i64| -> RoutingState {
        serde_json::from_value(serde_json::json!({"groups": {"emea": {"ada": credit, "bob": -credit}}})).unwrap()
    };
    let with = |number, routing| PlannedSubmission {
        effects: PlanEffects { routing, ..PlanEffects::default() },
        ..planned(id(number), Ok(job(&[])))
    };
    assert_eq!(store.routing().await.unwrap(), RoutingState::default());
    for number in 1..=4 {
        accept(store, number, 0).await;
    }
    let plans = vec![with(2, Some(state(1))), with(1, Some(state(2))), with(3, None)];
    store.record_plans(plans, None, at(0)).await.unwrap();
    assert_eq!(store.routing().await.unwrap(), state(2), "the last that was handed over");
    store.record_plans(vec![with(3, Some(state(3))), with(4, None)], None, at(0)).await.unwrap();
    assert_eq!(store.routing().await.unwrap(), state(2));
}

/// A plan that changes profiles.
fn teaching(number: u64, profiles: &[(&str, Value)]) -> PlannedSubmission {
    let profiles = profiles.iter().map(|(name, profile)| ((*name).to_owned(), profile.clone())).collect();
    PlannedSubmission {
        effects: PlanEffects { profiles, ..PlanEffects::default() },
        ..planned(id(number), Ok(job(&[])))
    }
}

async fn profiles(store: &dyn Store, keys: &[&str]) -> BTreeMap<String, Value> {
    store.profiles(keys.iter().map(|key| (*key).to_owned()).collect()).await.unwrap()
}

/// They come back by key; keys that are unknown or asked for twice do no harm.
pub async fn profiles_are_kept_with_their_plans(store: &dyn Store) {
    accept(store, 1, 0).await;
    let (ada, bob) = (json!({ "email": "ada@example.com" }), json!({ "traits": { "plan": "Pro" } }));
    store.record_plans(vec![teaching(1, &[("a", ada.clone()), ("b", bob)])], None, at(1)).await.unwrap();
    assert_eq!(profiles(store, &["a", "z", "a"]).await, BTreeMap::from([("a".to_owned(), ada)]));
    assert!(profiles(store, &[]).await.is_empty());
    assert_eq!(claim(store, 1).await.len(), 1);
}

/// In order of arrival, in whatever order the plans were handed over.
pub async fn a_profile_is_what_the_last_plan_said(store: &dyn Store) {
    accept(store, 1, 0).await;
    accept(store, 2, 0).await;
    let plans = vec![teaching(2, &[("a", json!({ "n": 2 }))]), teaching(1, &[("a", json!({ "n": 1 }))])];
    store.record_plans(plans, None, at(1)).await.unwrap();
    assert_eq!(profiles(store, &["a"]).await["a"], json!({ "n": 2 }));
    accept(store, 3, 2).await;
    store.record_plans(vec![teaching(3, &[("a", json!({ "n": 3 }))])], None, at(3)).await.unwrap();
    assert_eq!(profiles(store, &["a"]).await["a"], json!({ "n": 3 }));
}

/// Because the submission was planned meanwhile, or is unknown.
pub async fn profiles_of_a_plan_that_is_not_recorded_are_not_kept(store: &dyn Store) {
    plan(store, 1, job(&[])).await;
    let late = vec![teaching(1, &[("a", json!({}))]), teaching(9, &[("b", json!({}))])];
    store.record_plans(late, None, at(1)).await.unwrap();
    assert!(profiles(store, &["a", "b"]).await.is_empty());
}
