//! What conditions and texts see of a trigger.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Trigger;
use crate::intake::{Event, EventKind};
use crate::mirror::{Change, Mirrored};
use crate::record::field;

/// The names of what is seen of an event.
pub(super) const OF_EVENT: &[&str] = &["event", "properties", "traits", "context", "person", "now"];
/// The names of what is seen of a change.
pub(super) const OF_CHANGE: &[&str] = &["change", "record", "person", "now"];

/// What is seen of a trigger.
pub(super) fn view(trigger: Trigger<'_>, at: Timestamp, now: Timestamp) -> Map<String, Value> {
    let mut view = match trigger {
        Trigger::Event(event) => of_event(event, at),
        Trigger::Change(change, record) => of_change(change, record),
    };
    view.insert("now".to_owned(), moment(now));
    view
}

/// To the second, so that texts compare as their moments do.
fn moment(at: Timestamp) -> Value {
    format!("{at:.0}").into()
}

fn of_event(event: &Event, at: Timestamp) -> Map<String, Value> {
    let told = json!({
        "name": event.name,
        "kind": kind(event.kind),
        "at": moment(at),
        "id": event.message_id,
        "user_id": event.user_id,
        "anonymous_id": event.anonymous_id,
        "group_id": event.group_id,
    });
    let maps = [("properties", &event.properties), ("traits", &event.traits), ("context", &event.context)];
    let maps = maps.map(|(name, map)| (name.to_owned(), Value::Object(map.clone())));
    [("event".to_owned(), told), ("person".to_owned(), person(event))].into_iter().chain(maps).collect()
}

fn kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Track => "track",
        EventKind::Identify => "identify",
        EventKind::Group => "group",
        EventKind::Page => "page",
        EventKind::Screen => "screen",
        EventKind::Alias => "alias",
    }
}

/// The person as far as the event tells: only what has a value, so that `has(person.email)` means what it says.
fn person(event: &Event) -> Value {
    let of_trait = |names: &[&str]| names.iter().find_map(|name| event.traits.get(*name)).cloned();
    let text = |text: &Option<String>| text.clone().map(Value::String);
    let told = [
        ("email", event.email.as_ref().map(|email| email.as_str().into())),
        ("phone", text(&event.phone)),
        ("user_id", text(&event.user_id)),
        ("anonymous_id", text(&event.anonymous_id)),
        ("first_name", of_trait(&["first_name", "firstName"])),
        ("last_name", of_trait(&["last_name", "lastName"])),
        ("name", of_trait(&["name"])),
    ];
    Value::Object(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

fn of_change(change: &Change, record: &Mirrored) -> Map<String, Value> {
    let told = json!({
        "kind": change.record.kind.name(),
        "id": change.record.id,
        "field": change.field,
        "from": change.from,
        "to": change.to,
        "at": moment(change.at),
        "by": change.by,
    });
    let mut shown: Map<String, Value> =
        record.fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    shown.insert("id".to_owned(), record.record.id.into());
    shown.insert("kind".to_owned(), record.record.kind.name().into());
    let of_person = [field::EMAIL, field::FIRST_NAME, field::LAST_NAME, "name"];
    let person = of_person.iter().filter_map(|name| Some(((*name).to_owned(), record.fields.get(*name)?.clone())));
    let person = Value::Object(person.collect());
    Map::from_iter([
        ("change".to_owned(), told),
        ("record".to_owned(), Value::Object(shown)),
        ("person".to_owned(), person),
    ])
}
