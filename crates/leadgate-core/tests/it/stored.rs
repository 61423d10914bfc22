//! What older versions stored, as they wrote it, is read by this one. The files are never written anew: a type that changes gets a further one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section, SectionContent, SectionRead};
use leadgate_core::crm::CrmCall;
use leadgate_core::identity::Email;
use leadgate_core::intake::{Event, Removal};
use leadgate_core::job::{JobState, Turn, TurnContext};
use leadgate_core::mirror::Told;
use leadgate_core::pack::Sharing;
use leadgate_core::profile;
use leadgate_core::record::RecordRef;
use serde_json::{Value, json};

use crate::model_crm::ModelCrm;

fn now() -> Timestamp {
    "2026-03-03T12:00:00Z".parse().unwrap()
}

/// Its note step has `person_again`, and its move step saw the deal at a time that nobody kept.
#[test]
fn a_job_goes_on_where_it_stood() {
    let mut job: JobState = serde_json::from_str(include_str!("../data/stored/job-1.json")).unwrap();
    assert!(job.story().contains(&"note 21 added to deal 7"), "{:?}", job.story());
    let (catalog, known, notes) = (Catalog::default(), BTreeMap::new(), BTreeSet::new());
    let context = TurnContext {
        now: now(),
        catalog: &catalog,
        known: &known,
        copied: None,
        known_notes: &notes,
        sharing: Sharing::Alone,
    };
    let turn = job.advance(&context, &mut Vec::new());
    assert!(matches!(turn, Turn::Call(CrmCall::ReadDeal(7))), "{turn:?}");
}

/// It has no `first_key`, `used_on` or `had_turn`.
#[test]
fn a_profile_completes_events_and_gets_a_line() {
    let event = Event { user_id: Some("7".to_owned()), anonymous_id: Some("d".to_owned()), ..Event::default() };
    let keys = profile::keys_of(&event);
    let stored: Value = serde_json::from_str(include_str!("../data/stored/profile-1.json")).unwrap();
    let mut profiles = BTreeMap::from([(keys[0].clone(), stored)]);
    let completed = profile::complete(&event, now(), &mut profiles);
    assert_eq!(completed.event.email.as_ref().map(Email::as_str), Some("ada@example.com"));
    assert_eq!(completed.event.traits["plan"], "Pro");
    assert_eq!(completed.changed[&keys[0]]["first_key"], json!(keys[1]));
}

/// It has no `events`.
#[test]
fn what_webhooks_told_is_read() {
    let told: Told = serde_json::from_str(include_str!("../data/stored/told-1.json")).unwrap();
    assert_eq!(told, Told { until: Some("2026-03-03T10:00:00Z".parse().unwrap()), awaited: 2, events: Vec::new() });
}

fn next_turn(job: &str, now: &str) -> Turn {
    let mut job: JobState = serde_json::from_str(job).unwrap();
    let (catalog, known, notes) = (counting_account(), BTreeMap::new(), BTreeSet::new());
    let context = TurnContext {
        now: now.parse().unwrap(),
        catalog: &catalog,
        known: &known,
        copied: None,
        known_notes: &notes,
        sharing: Sharing::Crowd,
    };
    job.advance(&context, &mut Vec::new())
}

fn counting_account() -> Catalog {
    let facts = ModelCrm::new(false, Some(true)).facts;
    let mut catalog = Catalog::default();
    let read_at = "1970-01-01T00:00:00Z".parse().unwrap();
    catalog.put(Section::Account, SectionRead { content: SectionContent::Account(facts), read_at });
    catalog
}

/// Its person was written in bulk and waits to be counted.
#[test]
fn a_person_who_was_written_is_counted() {
    let job = include_str!("../data/stored/job-2.json");
    assert!(matches!(next_turn(job, "1970-01-01T00:00:10Z"), Turn::Wait(_)));
    let turn = next_turn(job, "1970-01-01T00:00:21Z");
    assert!(matches!(turn, Turn::Call(CrmCall::ConfirmPeople { .. })), "{turn:?}");
}

/// It does not say by itself that something was written.
#[test]
fn a_person_who_was_written_may_have_been_written() {
    let job: JobState = serde_json::from_str(include_str!("../data/stored/job-2.json")).unwrap();
    assert!(job.may_have_written());
}

/// The answer to the bulk request that wrote its person was lost.
#[test]
fn a_person_who_may_have_been_written_is_searched_for_when_a_search_shows_them() {
    let job = include_str!("../data/stored/job-4.json");
    assert!(matches!(next_turn(job, "1970-01-01T00:00:08Z"), Turn::Wait(_)));
    let turn = next_turn(job, "1970-01-01T00:00:11Z");
    assert!(matches!(turn, Turn::Call(CrmCall::FindPeople { likely: true, .. })), "{turn:?}");
    let job: JobState = serde_json::from_str(job).unwrap();
    assert!(job.may_have_written());
}

/// Both are of before people were removed by address.
#[test]
fn a_removal_of_a_known_record_goes_on() {
    let turn = next_turn(include_str!("../data/stored/job-3.json"), "2026-03-03T12:00:00Z");
    assert!(matches!(turn, Turn::Call(CrmCall::DeletePerson(RecordRef { id: 7, .. }))), "{turn:?}");
    let removal: Removal = serde_json::from_str(include_str!("../data/stored/removal-1.json")).unwrap();
    assert!(matches!(removal, Removal::Record { record: RecordRef { id: 7, .. }, .. }));
}
