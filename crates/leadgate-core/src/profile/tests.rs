//! Whom an event is about, when it happened, and what is remembered of it: as tables.

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::intake::{self, ReadingRules, Submission};
use crate::submission::{RawSubmission, Route};

/// Events in order of arrival, each with its label; the last one as it is acted on.
fn after(calls: &[(&str, Value)]) -> Completed {
    let mut profiles = BTreeMap::new();
    let mut completed = None;
    for (label, body) in calls {
        completed = Some(complete(&event(label, body), at("12:00:00"), &mut profiles));
    }
    completed.unwrap()
}

fn event(label: &str, body: &Value) -> Event {
    let raw = RawSubmission {
        label: Some(label.to_owned()),
        ..RawSubmission::new(Route::Event, None, body.to_string().into_bytes())
    };
    let Submission::Event(event) = intake::read(&raw, &ReadingRules::default()).unwrap() else { panic!("no event") };
    *event
}

fn at(time: &str) -> Timestamp {
    format!("2026-03-03T{time}Z").parse().unwrap()
}

fn identify(ids: Value, traits: Value) -> (&'static str, Value) {
    ("identify", with(ids, "traits", traits))
}

fn track(ids: Value) -> (&'static str, Value) {
    ("track", with(ids, "event", json!("Trial Started")))
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[rstest]
#[case::identified(&[identify(json!({"userId": "7"}), json!({"email": "Ada@x.io"})), track(json!({"userId": "7"}))], Some("ada@x.io"))]
#[case::by_number(&[identify(json!({"userId": 7}), json!({"email": "ada@x.io"})), track(json!({"userId": "7"}))], Some("ada@x.io"))]
#[case::somebody_else(&[identify(json!({"userId": "7"}), json!({"email": "ada@x.io"})), track(json!({"userId": "8"}))], None)]
#[case::nobody(&[track(json!({}))], None)]
#[case::device(&[identify(json!({"anonymousId": "d"}), json!({"email": "ada@x.io"})), track(json!({"anonymousId": "d"}))], Some("ada@x.io"))]
#[case::device_then_user(&[
    identify(json!({"anonymousId": "d"}), json!({"email": "ada@x.io"})),
    track(json!({"anonymousId": "d", "userId": "7"})),
    track(json!({"userId": "7"})),
], Some("ada@x.io"))]
#[case::user_then_device(&[
    identify(json!({"userId": "7", "anonymousId": "d"}), json!({"email": "ada@x.io"})),
    track(json!({"anonymousId": "d"})),
], Some("ada@x.io"))]
#[case::a_device_that_changed_hands(&[
    identify(json!({"userId": "7", "anonymousId": "d"}), json!({"email": "ada@x.io"})),
    track(json!({"userId": "8", "anonymousId": "d"})),
], None)]
#[case::and_is_its_new_users(&[
    identify(json!({"userId": "7", "anonymousId": "d"}), json!({"email": "ada@x.io"})),
    identify(json!({"userId": "8", "anonymousId": "d"}), json!({"email": "bob@x.io"})),
    track(json!({"anonymousId": "d"})),
], Some("bob@x.io"))]
#[case::alias_of_a_device(&[
    identify(json!({"anonymousId": "d"}), json!({"email": "ada@x.io"})),
    ("alias", json!({"previousId": "d", "userId": "7"})),
    track(json!({"userId": "7"})),
], Some("ada@x.io"))]
#[case::alias_of_a_user(&[
    identify(json!({"userId": "old"}), json!({"email": "ada@x.io"})),
    ("alias", json!({"previousId": "old", "userId": "new"})),
    track(json!({"userId": "new"})),
], Some("ada@x.io"))]
#[case::the_later_address(&[
    identify(json!({"userId": "7"}), json!({"email": "ada@x.io"})),
    identify(json!({"userId": "7"}), json!({"email": "ada@y.io"})),
    track(json!({"userId": "7"})),
], Some("ada@y.io"))]
#[case::the_id_is_an_address(&[track(json!({"userId": "ada@x.io"}))], Some("ada@x.io"))]
#[case::the_context_says_it(&[track(json!({"context": {"traits": {"email": "ada@x.io"}}}))], Some("ada@x.io"))]
#[case::the_properties_say_it(&[track(json!({"properties": {"email": "ada@x.io"}}))], Some("ada@x.io"))]
#[case::an_invited_person_is_somebody_else(&[
    identify(json!({"userId": "7"}), json!({"email": "ada@x.io"})),
    track(json!({"userId": "7", "properties": {"email": "bob@x.io"}})),
], Some("ada@x.io"))]
#[case::and_is_not_remembered(&[
    track(json!({"userId": "7", "properties": {"email": "bob@x.io"}})),
    track(json!({"userId": "7"})),
], None)]
#[case::a_companys_address_is_not_a_persons(&[
    ("group", json!({"userId": "7", "groupId": "g", "traits": {"email": "info@acme.io"}})),
    track(json!({"userId": "7"})),
], None)]
#[case::own_shape(&[
    ("v1", json!({"event": "Signed Up", "user_id": "7", "email": "ada@x.io"})),
    ("v1", json!({"event": "Trial Started", "user_id": "7"})),
], Some("ada@x.io"))]
fn whom_an_event_is_about(#[case] calls: &[(&str, Value)], #[case] email: Option<&str>) {
    assert_eq!(after(calls).event.email.as_ref().map(Email::as_str), email);
}

#[test]
fn traits_add_up_and_null_takes_one_away() {
    let ids = || json!({"userId": "7"});
    let calls = [
        identify(ids(), json!({"plan": "Basic", "phone": "+49 30 1", "gone": 1})),
        identify(ids(), json!({"plan": "Pro", "gone": null})),
        track(ids()),
    ];
    let event = after(&calls).event;
    assert_eq!(Value::Object(event.traits), json!({"plan": "Pro", "phone": "+49 30 1"}));
    assert_eq!(event.phone.as_deref(), Some("+49 30 1"));
}

#[test]
fn the_company_is_known_to_later_events() {
    let calls = [
        (
            "group",
            json!({"userId": "7", "groupId": "g", "traits": {"name": "Acme"}, "context": {"traits": {"email": "ada@x.io"}}}),
        ),
        track(json!({"userId": "7"})),
    ];
    let event = after(&calls).event;
    assert_eq!((event.group_id.as_deref(), &event.traits["company"]), (Some("g"), &json!({"id": "g", "name": "Acme"})));
    assert_eq!(event.email.unwrap().as_str(), "ada@x.io");
}

#[test]
fn only_what_changed_is_kept_and_no_key_holds_an_id() {
    let identified = identify(json!({"userId": "ada@x.io", "anonymousId": "d"}), json!({"plan": "Pro"}));
    let first = after(std::slice::from_ref(&identified));
    assert_eq!(first.changed.len(), 3);
    assert!(first.changed.keys().all(|key| !key.contains("ada")), "{:?}", first.changed.keys());
    assert!(after(&[identified.clone(), identified]).changed.is_empty());
    assert!(after(&[track(json!({"userId": "7"}))]).changed.is_empty());
}

#[rstest]
#[case::on_the_same_day("2026-03-03T23:59:59Z", 0)]
#[case::on_the_next("2026-03-04T00:00:00Z", 3)]
#[case::planned_late("2026-03-01T12:00:00Z", 0)]
fn a_profile_is_kept_anew_on_each_day_that_it_is_of_use(#[case] later: &str, #[case] changed: usize) {
    let mut profiles = BTreeMap::new();
    let (label, body) = identify(json!({"userId": "7", "anonymousId": "d"}), json!({"email": "ada@x.io"}));
    complete(&event(label, &body), at("12:00:00"), &mut profiles);
    let (label, body) = track(json!({"userId": "7", "anonymousId": "d"}));
    let again = complete(&event(label, &body), later.parse().unwrap(), &mut profiles);
    assert_eq!(again.changed.len(), changed, "{:?}", again.changed);
}

#[test]
fn a_profile_does_not_grow_without_end() {
    let ids = || json!({"userId": "7"});
    let calls: Vec<_> =
        (0..20).map(|n| identify(ids(), json!({ format!("t{n}"): "x".repeat(2_000), "email": "ada@x.io" }))).collect();
    let changed = after(&calls).changed;
    let profile = &changed[&keys::key("user", "7")];
    assert!(profile.to_string().len() < LARGEST_TRAITS + 200);
    assert!(profile["traits"].get("t19").is_some() && profile["traits"].get("t0").is_none());
}

#[rstest]
#[case::as_it_is(json!({"timestamp": "2026-03-03T10:00:00Z"}), "10:00:00", false)]
#[case::none(json!({}), "12:00:00", false)]
#[case::unreadable(json!({"timestamp": "yesterday"}), "12:00:00", false)]
#[case::without_offset(json!({"timestamp": "2026-03-03T10:00:00.5"}), "10:00:00.5", false)]
#[case::offset(json!({"timestamp": "2026-03-03T11:00:00+01:00"}), "10:00:00", false)]
#[case::milliseconds(json!({"timestamp": 1_772_532_000_000_i64}), "10:00:00", false)]
#[case::ten_minutes_ahead(json!({"timestamp": "2026-03-03T12:09:00Z", "sentAt": "2026-03-03T12:10:00Z"}), "11:59:00", true)]
#[case::behind(json!({"timestamp": "2026-03-03T08:00:00Z", "sentAt": "2026-03-03T08:00:30Z"}), "11:59:30", true)]
#[case::original(json!({"timestamp": "2026-03-03T01:00:00Z", "originalTimestamp": "2026-03-03T11:00:00Z", "sentAt": "2026-03-03T12:00:00Z"}), "11:00:00", false)]
#[case::an_import_of_old_events(json!({"timestamp": "2026-03-01T12:00:00Z", "sentAt": "2026-03-03T12:00:01Z"}), "-48:00:01", false)]
fn when_it_happened(#[case] times: Value, #[case] expected: &str, #[case] told: bool) {
    let completed = after(&[track(times)]);
    let expected =
        if expected == "-48:00:01" { at("12:00:00") - SignedDuration::from_secs(48 * 3600 + 1) } else { at(expected) };
    assert_eq!(completed.event.at, Some(expected));
    assert_eq!(
        completed.decisions.iter().any(|decision| decision.contains("clock")),
        told,
        "{:?}",
        completed.decisions
    );
}

#[test]
fn a_profile_that_cannot_be_read_is_taught_anew() {
    let mut profiles = BTreeMap::from([(keys::key("user", "7"), json!({"email": 5}))]);
    let (label, body) = identify(json!({"userId": "7"}), json!({"email": "ada@x.io"}));
    let completed = complete(&event(label, &body), at("12:00:00"), &mut profiles);
    assert_eq!(completed.changed[&keys::key("user", "7")]["email"], "ada@x.io");
}
