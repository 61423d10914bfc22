//! Leads of people whom the copy of the account has, while the account may have moved on since it was read.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use leadgate_core::copied::{Copied, CopiedRecord};
use leadgate_core::identity::{Email, IdentityKey};
use leadgate_core::job::Outcome;
use leadgate_core::record::{RecordKind, is_blank_value};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::exactly_once::{Gateway, fate};
use crate::model_crm::ModelCrm;

const ADA: &str = "ada@example.com";

/// What happened to the record after the copy was read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Since {
    Nothing,
    Deleted,
    AddressMoved,
    AddressChanged,
}

/// An account with Ada in it, the copy of it, and then what happened since.
fn scene(separate_leads: bool, unique: Option<bool>, since: Since) -> (ModelCrm, Gateway, i64) {
    let mut crm = ModelCrm::new(separate_leads, unique);
    let kind = if separate_leads { RecordKind::Lead } else { RecordKind::Contact };
    let id = crm.seed(kind, json!({ "email": ADA, "first_name": "Augusta" }));
    let record = CopiedRecord { snapshot: crm.shown(id).unwrap(), read_at: Some(crm.now), is_shared: false };
    let key = IdentityKey::of_email(&Email::parse(ADA).unwrap());
    let copied = Copied { records: BTreeMap::from([(key, record)]), believed_for: SignedDuration::from_hours(24) };
    match since {
        Since::Nothing => {}
        Since::Deleted => crm.people.clear(),
        Since::AddressMoved | Since::AddressChanged => {
            crm.people.get_mut(&id).unwrap().1.insert("email".to_owned(), "old@example.com".into());
        }
    }
    if since == Since::AddressMoved {
        crm.seed(kind, json!({ "email": ADA, "first_name": "Ada", "job_title": "Countess of Lovelace" }));
    }
    let mut gateway = Gateway::default();
    gateway.copied = Some(copied);
    (crm, gateway, id)
}

fn lead() -> Value {
    json!({ "email": ADA, "first_name": "Ada", "job_title": "Countess" })
}

fn people_with_the_address(crm: &ModelCrm) -> Vec<i64> {
    crm.people.iter().filter(|(_, (_, fields, _))| fields["email"] == ADA).map(|(id, _)| *id).collect()
}

/// One person has the address, the lead is theirs, and nobody else got anything of it.
fn is_exact(crm: &ModelCrm, outcome: &Outcome, (first, since): (i64, Since)) {
    let having = people_with_the_address(crm);
    assert_eq!(having, [outcome.person.unwrap().id], "{:?}", crm.calls);
    assert_eq!(having == [first], since == Since::Nothing, "{:?}", crm.calls);
    let title = |id: i64| crm.people.get(&id).and_then(|(_, fields, _)| fields.get("job_title").cloned());
    let expected = if since == Since::AddressMoved { "Countess of Lovelace" } else { "Countess" };
    assert_eq!(title(having[0]), Some(expected.into()), "{:?}", crm.calls);
    if since != Since::Nothing {
        assert!(title(first).is_none_or(|title| is_blank_value(&title)), "{:?}", crm.calls);
    }
}

fn since() -> impl Strategy<Value = Since> {
    prop_oneof![Just(Since::Nothing), Just(Since::Deleted), Just(Since::AddressMoved), Just(Since::AddressChanged)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_lead_lands_once_at_the_right_person_whatever_happened_since(
        separate_leads: bool,
        unique in prop_oneof![Just(None), Just(Some(true)), Just(Some(false))],
        since in since(),
        fates in prop::collection::vec(fate(), 0..12),
    ) {
        let (mut crm, mut gateway, first) = scene(separate_leads, unique, since);
        let outcome = gateway.run(&mut crm, &lead(), &fates).unwrap();
        is_exact(&crm, &outcome, (first, since));
    }
}

#[rstest]
#[case::something_to_add(Since::Nothing, &["find_person", "update_person"])]
#[case::gone(Since::Deleted, &["find_person", "upsert_person"])]
#[case::moved(Since::AddressMoved, &["find_person"])]
fn what_it_costs(#[case] since: Since, #[case] calls: &[&str]) {
    let (mut crm, mut gateway, _) = scene(false, Some(true), since);
    gateway.run(&mut crm, &json!({ "email": "warm@example.com" }), &[]).unwrap();
    crm.calls.clear();
    gateway.run(&mut crm, &lead(), &[]).unwrap();
    assert_eq!(crm.calls, calls);
    crm.calls.clear();
}

#[test]
fn somebody_of_whom_nothing_is_new_costs_nothing_and_is_not_remembered_longer() {
    let (mut crm, mut gateway, id) = scene(false, Some(true), Since::Nothing);
    gateway.run(&mut crm, &json!({ "email": "warm@example.com" }), &[]).unwrap();
    crm.calls.clear();
    let outcome = gateway.run(&mut crm, &json!({ "email": ADA }), &[]).unwrap();
    assert_eq!((outcome.person.unwrap().id, outcome.existing, crm.calls.len()), (id, Some(true), 0));
    gateway.copied = None;
    gateway.run(&mut crm, &json!({ "email": ADA }), &[]).unwrap();
    assert!(crm.calls.contains(&"find_person"), "{:?}", crm.calls);
}

#[test]
fn a_note_for_somebody_whose_address_moved_is_put_where_the_address_is() {
    let (mut crm, mut gateway, first) = scene(false, Some(true), Since::AddressMoved);
    gateway.run(&mut crm, &json!({ "email": "warm@example.com" }), &[]).unwrap();
    let outcome = gateway.run(&mut crm, &json!({ "email": ADA, "note": "Called." }), &[]).unwrap();
    assert!(outcome.person.unwrap().id != first && outcome.note.is_some(), "{:?}", crm.calls);
}

#[rstest]
#[case::tags_are_joined_by_what_the_account_has(json!({ "email": ADA, "tags": ["demo"] }), 0)]
#[case::it_was_read_long_ago(json!({ "email": ADA, "job_title": "Countess" }), 25)]
fn what_the_copy_cannot_tell_is_looked_up_and_nobody_is_created_as_a_test(#[case] lead: Value, #[case] hours: i64) {
    let (mut crm, mut gateway, _) = scene(false, Some(true), Since::Nothing);
    crm.now += SignedDuration::from_hours(hours);
    gateway.run(&mut crm, &json!({ "email": "warm@example.com" }), &[]).unwrap();
    crm.calls.clear();
    gateway.run(&mut crm, &lead, &[]).unwrap();
    assert_eq!(crm.calls, ["find_person", "update_person"]);
}
