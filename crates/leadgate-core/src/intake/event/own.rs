//! Leadgate's own shape of an event. Strict at the door: an unknown field is an error that names the known ones. What people try rules with may say
//! more, and in the words of analytics libraries.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Event, EventKind};
use crate::identity::Email;
use crate::intake::text::Checked;
use crate::intake::{IntakeError, from_json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventBody {
    id: Option<String>,
    event: Option<String>,
    at: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    user_id: Option<String>,
    anonymous_id: Option<String>,
    group_id: Option<String>,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    traits: Map<String, Value>,
    #[serde(default)]
    context: Map<String, Value>,
}

/// The fields of an event, each with what analytics libraries call it.
const FIELDS: [(&str, Option<&str>); 11] = [
    ("id", Some("messageId")),
    ("event", Some("name")),
    ("at", Some("timestamp")),
    ("email", None),
    ("phone", None),
    ("user_id", Some("userId")),
    ("anonymous_id", Some("anonymousId")),
    ("group_id", Some("groupId")),
    ("properties", None),
    ("traits", None),
    ("context", None),
];

/// Reads an event by the same rules, but leaves alone what is no field of one.
pub(super) fn loose_event(body: &[u8]) -> Result<Event, IntakeError> {
    let mut document: Map<String, Value> = from_json(body)?;
    document.retain(|_, value| !value.is_null());
    let of_event = FIELDS.into_iter().filter_map(|(field, other)| {
        let value = document.remove(field).or_else(|| document.remove(other?))?;
        Some((field.to_owned(), value))
    });
    let of_event: Map<String, Value> = of_event.collect();
    event(Value::Object(of_event).to_string().as_bytes())
}

pub(super) fn event(body: &[u8]) -> Result<Event, IntakeError> {
    let body: EventBody = from_json(body)?;
    let mut checked = Checked::default();
    let name = checked.line("event", body.event).unwrap_or_else(|| {
        checked.problem("event", "is required: what happened, such as Trial Started");
        String::new()
    });
    let event = Event {
        kind: EventKind::Track,
        name,
        message_id: checked.line("id", body.id),
        at: checked.line("at", body.at).and_then(|text| moment(&mut checked, &text)),
        sent_at: None,
        email: checked.line("email", body.email).and_then(|text| checked.keep("email", Email::parse(&text))),
        phone: checked.line("phone", body.phone),
        user_id: checked.line("user_id", body.user_id),
        anonymous_id: checked.line("anonymous_id", body.anonymous_id),
        previous_id: None,
        person_keys: Vec::new(),
        group_id: checked.line("group_id", body.group_id),
        properties: body.properties,
        traits: body.traits,
        context: body.context,
    };
    checked.finish(event)
}

fn moment(checked: &mut Checked, text: &str) -> Option<Timestamp> {
    let parsed: Result<Timestamp, _> =
        text.parse().map_err(|_| "is not a moment; send one such as 2026-03-03T14:00:00Z");
    checked.keep("at", parsed)
}
