//! People who are counted rather than looked at, and how they are taken back.

use leadgate_core::intake::Removal;
use leadgate_core::job::JobState;
use leadgate_core::record::{RecordKind, WrittenPerson};
use leadgate_core::submission::{RawSubmission, Route};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::exactly_once::{Gateway, fate};
use crate::model_crm::ModelCrm;
use crate::planning::plan_of;

/// A row of an import whose people nobody asks the ids of.
fn row() -> Value {
    json!({ "email": "ada@example.com", "first_name": "Ada", "wants_id": false })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn who_is_counted_is_made_once_whatever_happens(fates in prop::collection::vec(fate(), 0..24)) {
        let mut crm = ModelCrm::new(false, Some(true));
        let outcome = Gateway::in_a_crowd().run(&mut crm, &row(), &fates).unwrap();
        prop_assert_eq!(crm.people.len(), 1, "{:?}", crm.calls);
        prop_assert_eq!((outcome.existing, outcome.person.is_some() ^ outcome.written.is_some()), (Some(false), true));
    }
}

#[test]
fn who_is_counted_is_searched_for_written_and_counted() {
    let mut crm = ModelCrm::new(false, Some(true));
    let outcome = Gateway::in_a_crowd().run(&mut crm, &row(), &[]).unwrap();
    assert_eq!(
        crm.calls.iter().filter(|call| call.contains("people")).collect::<Vec<_>>(),
        [&"find_people", &"upsert_people", &"confirm_people"]
    );
    let written = outcome.written.unwrap();
    assert_eq!((written.email.as_str(), &written.fields["first_name"]), ("ada@example.com", &json!("Ada")));
}

#[rstest]
#[case::ids_are_wanted(Some(true), json!({ "email": "ada@example.com" }))]
#[case::addresses_may_repeat(Some(false), row())]
#[case::it_is_not_known_whether_they_may(None, row())]
#[case::something_is_written_at_the_person(Some(true), json!({ "email": "ada@example.com", "wants_id": false, "note": "Hello" }))]
fn nobody_is_counted_where(#[case] unique: Option<bool>, #[case] lead: Value) {
    let mut crm = ModelCrm::new(false, unique);
    let outcome = Gateway::in_a_crowd().run(&mut crm, &lead, &[]).unwrap();
    assert!(outcome.person.is_some() && !crm.calls.contains(&"confirm_people"), "{:?}", crm.calls);
}

/// The search before it counted somebody whom it did not show.
#[test]
fn nobody_is_counted_where_the_key_may_not_see_everybody() {
    let mut crm = ModelCrm::new(false, Some(true));
    crm.hides = true;
    let outcome = Gateway::in_a_crowd().run(&mut crm, &row(), &[]).unwrap();
    assert!(outcome.person.is_some() && !crm.calls.contains(&"confirm_people"), "{:?}", crm.calls);
}

/// What the gateway knew of a record that is gone is not believed of who was made in its place.
#[test]
fn what_was_known_of_a_record_that_is_gone_is_forgotten() {
    let mut crm = ModelCrm::new(false, Some(true));
    let mut gateway = Gateway::in_a_crowd();
    gateway.run(&mut crm, &json!({ "email": "ada@example.com", "job_title": "Countess" }), &[]).unwrap();
    crm.people.clear();
    assert!(gateway.run(&mut crm, &row(), &[]).unwrap().written.is_some());
    gateway.run(&mut crm, &json!({ "email": "ada@example.com", "job_title": "Countess" }), &[]).unwrap();
    assert_eq!(crm.people.values().map(|ada| ada.1["job_title"].clone()).collect::<Vec<_>>(), ["Countess"]);
}

/// Of two counts at least one other person is missing.
#[test]
fn who_is_not_among_the_counted_is_looked_at() {
    let mut crm = ModelCrm::new(false, Some(true));
    crm.miscounts = true;
    let outcome = Gateway::in_a_crowd().run(&mut crm, &row(), &[]).unwrap();
    let of_people = crm.calls.iter().filter(|call| call.contains("people")).copied().collect::<Vec<_>>();
    assert_eq!(of_people, ["find_people", "upsert_people", "confirm_people", "confirm_people", "find_people"]);
    assert_eq!((outcome.existing, outcome.written, crm.people.len()), (Some(false), None, 1));
    assert!(outcome.person.is_some());
}

fn removal_of(written: WrittenPerson) -> JobState {
    let raw = RawSubmission::new(Route::Removal, None, Removal::Written(written).to_body());
    JobState::new(&plan_of(&raw))
}

fn change(crm: &mut ModelCrm, name: &str, value: &str) {
    crm.people.values_mut().for_each(|ada| drop(ada.1.insert(name.to_owned(), value.into())));
}

fn nothing(_: &mut ModelCrm) {}

fn named_otherwise(crm: &mut ModelCrm) {
    change(crm, "first_name", "Augusta");
}

fn under_another_address(crm: &mut ModelCrm) {
    change(crm, "email", "a@x.io");
}

fn another_with_the_address(crm: &mut ModelCrm) {
    crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com" }));
}

fn made_long_before(crm: &mut ModelCrm) {
    crm.people.values_mut().for_each(|ada| ada.2 = "1960-01-01T00:00:00Z".parse().unwrap());
}

#[rstest]
#[case::nothing(nothing, true)]
#[case::named_otherwise(named_otherwise, false)]
#[case::under_another_address(under_another_address, false)]
#[case::another_with_the_address(another_with_the_address, false)]
#[case::made_long_before(made_long_before, false)]
fn only_whom_the_import_made_is_removed(#[case] since: fn(&mut ModelCrm), #[case] removed: bool) {
    let mut crm = ModelCrm::new(false, Some(true));
    let written = Gateway::in_a_crowd().run(&mut crm, &row(), &[]).unwrap().written.unwrap();
    since(&mut crm);
    let before = crm.people.len();
    let (outcome, story) = Gateway::in_a_crowd().drive(&mut crm, removal_of(written), &[]).unwrap();
    assert_eq!((outcome.removed, before - crm.people.len()), (Some(removed), usize::from(removed)), "{story}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_removal_removes_one_person_whatever_happens(fates in prop::collection::vec(fate(), 0..16)) {
        let mut crm = ModelCrm::new(false, Some(true));
        let written = Gateway::in_a_crowd().run(&mut crm, &row(), &[]).unwrap().written.unwrap();
        crm.seed(RecordKind::Contact, json!({ "email": "olga@example.com" }));
        Gateway::in_a_crowd().drive(&mut crm, removal_of(written), &fates).unwrap();
        prop_assert_eq!(crm.people.len(), 1, "{:?}", crm.calls);
    }
}
