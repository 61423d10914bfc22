//! Events as they are taken: which shapes, which are refused, and how a request comes apart.

use leadgate_core::intake::{
    self, Arrived, EventCall, EventKind, LARGEST_EVENT, MOST_EVENTS, ReadingRules, Submission, read_event_loosely,
    split_events,
};
use leadgate_core::submission::{RawSubmission, Route};
use rstest::rstest;
use serde_json::{Value, json};

const CALLS: [EventCall; 8] = [
    EventCall::Own,
    EventCall::Batch,
    EventCall::One(EventKind::Track),
    EventCall::One(EventKind::Identify),
    EventCall::One(EventKind::Group),
    EventCall::One(EventKind::Page),
    EventCall::One(EventKind::Screen),
    EventCall::One(EventKind::Alias),
];

/// What is wrong with the request or its first event.
fn problem(call: EventCall, body: &str) -> String {
    let arrived = split_events(call, body.as_bytes());
    arrived.map_or_else(|error| error.to_string(), |arrived| arrived.items[0].as_ref().unwrap_err().to_string())
}

#[test]
fn a_line_of_a_log_is_read_as_an_event_and_the_rest_of_it_left_alone() {
    let line = json!({
        "name": "Trial Started", "userId": "7", "email": "Ada@example.com", "timestamp": "2026-03-03T10:00:00Z",
        "messageId": "m1", "properties": { "plan": "pro" }, "traits": null, "level": "info",
    });
    let event = read_event_loosely(line.to_string().as_bytes()).unwrap();
    assert_eq!((event.name.as_str(), event.user_id.as_deref()), ("Trial Started", Some("7")));
    assert_eq!((event.message_id.as_deref(), event.email.unwrap().as_str()), (Some("m1"), "ada@example.com"));
    assert_eq!(
        (event.at.unwrap().to_string(), &event.properties["plan"]),
        ("2026-03-03T10:00:00Z".into(), &json!("pro"))
    );
    let nobody = read_event_loosely(br#"{"event": "A", "email": "nobody"}"#).unwrap_err();
    assert!(nobody.to_string().starts_with("email is not an e-mail address"), "{nobody}");
}

fn track() -> EventCall {
    EventCall::One(EventKind::Track)
}

#[rstest]
#[case::typo(EventCall::Own, r#"{"evnet": "A"}"#, "evnet unknown field")]
#[case::no_name(EventCall::Own, "{}", "event is required")]
#[case::blank_name(EventCall::Own, r#"{"event": " "}"#, "event is required")]
#[case::not_a_moment(EventCall::Own, r#"{"event": "A", "at": "soon"}"#, "at is not a moment")]
#[case::not_an_address(EventCall::Own, r#"{"event": "A", "email": "ada"}"#, "email is not an e-mail address")]
#[case::properties(EventCall::Own, r#"{"event": "A", "properties": [1]}"#, "properties invalid type")]
#[case::nothing(EventCall::Own, "[]", "events is empty")]
#[case::not_json(EventCall::Own, "event=A", "body is not valid JSON")]
#[case::beside_the_list(EventCall::Own, r#"{"events": [{"event": "A"}], "more": 1}"#, "more unknown field")]
#[case::no_list(EventCall::Own, r#"{"events": {"event": "A"}}"#, "events invalid type")]
#[case::after_the_list(EventCall::Own, r#"[{"event": "A"}] x"#, "body")]
#[case::no_event(track(), r#"{"userId": "7"}"#, "event is required")]
#[case::an_object_as_name(track(), r#"{"event": {}}"#, "event is not a text")]
#[case::long_name(track(), &json!({"event": "x".repeat(256)}).to_string(), "event is longer than 255")]
#[case::control(track(), r#"{"event": "a\u0000b"}"#, "event holds control characters")]
#[case::traits(EventCall::One(EventKind::Identify), r#"{"traits": "x"}"#, "traits invalid type")]
#[case::no_group(EventCall::One(EventKind::Group), r#"{"userId": "7"}"#, "groupId is required")]
#[case::no_previous(EventCall::One(EventKind::Alias), r#"{"userId": "7"}"#, "previousId and userId are required")]
#[case::list(track(), r#"[{"event": "A"}]"#, "body is a list")]
#[case::no_batch(EventCall::Batch, "{}", "missing field")]
#[case::no_type(EventCall::Batch, r#"{"batch": [{"event": "A"}]}"#, "type is none of track")]
#[case::unknown_type(EventCall::Batch, r#"{"batch": [{"type": "delete"}]}"#, "type is none of track")]
#[case::own_type(EventCall::Batch, r#"{"batch": [{"type": "v1", "event": "A"}]}"#, "type is none of track")]
#[case::no_object(EventCall::Batch, r#"{"batch": [7]}"#, "body is not an object")]
#[case::large(track(), &json!({"event": "A", "properties": {"a": "x".repeat(LARGEST_EVENT)}}).to_string(), "is larger than")]
#[case::deep(track(), &format!(r#"{{"event": "A", "properties": {{"a": {}1{}}}}}"#, "[".repeat(500), "]".repeat(500)), "body is not valid JSON")]
fn mistakes_are_named(#[case] call: EventCall, #[case] body: &str, #[case] expected: &str) {
    let message = problem(call, body);
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn too_many_events_are_refused() {
    let events = vec![json!({"type": "track", "event": "A"}); MOST_EVENTS + 1];
    assert!(problem(EventCall::Batch, &json!({ "batch": events }).to_string()).contains("more than 2500 events"));
}

#[rstest]
#[case::one(r#"{"event": "A", "id": "m1"}"#, &["m1"], true)]
#[case::list(r#" [{"event": "A", "id": "m1"}, {"event": "B", "id": "m2"}]"#, &["m1", "m2"], false)]
#[case::wrapped(r#"{"events": [{"event": "A", "id": "m1"}]}"#, &["m1"], false)]
fn own_events_come_alone_or_together(#[case] body: &str, #[case] ids: &[&str], #[case] alone: bool) {
    let arrived = split_events(EventCall::Own, body.as_bytes()).unwrap();
    let found: Vec<_> = arrived.items.iter().map(|item| item.as_ref().unwrap().id.as_deref().unwrap()).collect();
    assert_eq!((found.as_slice(), arrived.alone), (ids, alone));
}

#[test]
fn an_event_of_a_batch_is_stored_with_its_type_and_the_time_of_sending() {
    let body = r#"{"batch": [
        { "type": "track", "event": "A", "messageId": "m1" },
        {"type": "page", "sentAt": "2026-03-03T09:00:00Z"}
    ], "sentAt": "2026-03-03T10:00:00Z", "writeKey": "k"}"#;
    let Arrived { items, alone } = split_events(EventCall::Batch, body.as_bytes()).unwrap();
    let items: Vec<_> = items.into_iter().map(Result::unwrap).collect();
    assert!(!alone && items[0].sent.starts_with("{ \"type\""));
    let stored: Vec<Value> = items.iter().map(|item| serde_json::from_slice(&item.body).unwrap()).collect();
    assert_eq!((items[0].label, items[1].label), ("track", "page"));
    assert_eq!(stored[0]["sentAt"], "2026-03-03T10:00:00Z");
    assert_eq!(stored[1]["sentAt"], "2026-03-03T09:00:00Z");
    assert_eq!(items[0].id.as_deref(), Some("m1"));
}

#[test]
fn one_bad_event_leaves_the_others() {
    let body = json!({"batch": [{"type": "track"}, {"type": "track", "event": "A", "integrations": {}, "new": 1}]});
    let body = body.to_string();
    let items = split_events(EventCall::Batch, body.as_bytes()).unwrap().items;
    assert_eq!(items.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
}

#[rstest]
#[case(r#"{"name": "Pricing"}"#, "Pricing")]
#[case(r#"{"properties": {"name": "Pricing"}}"#, "Pricing")]
#[case(r#"{"properties": {"name": 7}}"#, "page")]
#[case("{}", "page")]
fn a_page_has_the_name_it_was_given(#[case] body: &str, #[case] name: &str) {
    let raw = RawSubmission { label: Some("page".to_owned()), ..RawSubmission::new(Route::Event, None, body.into()) };
    let Ok(Submission::Event(event)) = intake::read(&raw, &ReadingRules::default()) else { panic!("not read") };
    assert_eq!((event.kind, event.name.as_str()), (EventKind::Page, name));
}

#[test]
fn a_label_of_another_version_is_no_event() {
    let raw = RawSubmission { label: Some("v9".to_owned()), ..RawSubmission::new(Route::Event, None, b"{}".into()) };
    assert!(intake::read(&raw, &ReadingRules::default()).is_err());
}

/// JSON that is near to what is understood.
fn near() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let name = prop::sample::select(vec![
        "event",
        "events",
        "batch",
        "type",
        "userId",
        "user_id",
        "messageId",
        "id",
        "timestamp",
        "sentAt",
        "traits",
        "properties",
        "context",
        "email",
        "phone",
        "groupId",
        "previousId",
        "name",
        "at",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "track",
            "identify",
            "alias",
            "a@x.io",
            "2026-03-03T10:00:00Z",
            "9999-12-31T23:59:59Z"
        ])
        .prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())),
        ]
    });
    prop_oneof![4 => value.prop_map(|value| value.to_string()), 1 => "\\PC{0,200}".boxed()]
}

proptest::proptest! {
    /// What is taken at the door can be read when it is planned, and planning it breaks nothing.
    #[test]
    fn no_body_breaks_the_reader(body in near()) {
        use leadgate_core::plan::{self, PlanContext, PlanMemory};
        let (catalog, rules) = (leadgate_core::catalog::Catalog::default(), ReadingRules::default());
        let mut memory = PlanMemory::default();
        for call in CALLS {
            let Ok(arrived) = split_events(call, body.as_bytes()) else { continue };
            for item in arrived.items.into_iter().flatten() {
                let raw = RawSubmission { label: Some(item.label.to_owned()), ..RawSubmission::new(Route::Event, None, item.body) };
                let submission = intake::read(&raw, &rules).unwrap();
                let id = leadgate_core::submission::SubmissionId(uuid::Uuid::nil());
                let context = PlanContext::new(id, jiff::Timestamp::UNIX_EPOCH, &catalog, &rules);
                plan::derive(&submission, &context, &mut memory);
            }
        }
    }
}
