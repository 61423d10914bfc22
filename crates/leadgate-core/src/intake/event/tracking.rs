//! The calls of the tracking specification: `track`, `identify`, `group`, `page`, `screen`, `alias`.
//!
//! Those who send them are libraries, and what is refused is lost, for they do not ask again. So unknown fields are taken, an id may be a
//! number, and a time or an address that cannot be read is passed over. What would leave nothing to act on is refused.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Event, EventKind};
use crate::identity::Email;
use crate::intake::text::Checked;
use crate::intake::{IntakeError, from_json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallBody {
    event: Option<Value>,
    name: Option<Value>,
    category: Option<Value>,
    message_id: Option<Value>,
    user_id: Option<Value>,
    anonymous_id: Option<Value>,
    previous_id: Option<Value>,
    group_id: Option<Value>,
    timestamp: Option<Value>,
    original_timestamp: Option<Value>,
    sent_at: Option<Value>,
    properties: Option<Map<String, Value>>,
    traits: Option<Map<String, Value>>,
    context: Option<Map<String, Value>>,
}

pub(super) fn event(body: &[u8], kind: EventKind) -> Result<Event, IntakeError> {
    let body: CallBody = from_json(body)?;
    let mut checked = Checked::default();
    let mut event = Event {
        kind,
        message_id: text(&mut checked, "messageId", body.message_id),
        at: body.original_timestamp.as_ref().and_then(moment).or_else(|| body.timestamp.as_ref().and_then(moment)),
        sent_at: body.sent_at.as_ref().and_then(moment),
        user_id: text(&mut checked, "userId", body.user_id),
        anonymous_id: text(&mut checked, "anonymousId", body.anonymous_id),
        previous_id: text(&mut checked, "previousId", body.previous_id),
        group_id: text(&mut checked, "groupId", body.group_id),
        properties: body.properties.unwrap_or_default(),
        traits: body.traits.unwrap_or_default(),
        context: body.context.unwrap_or_default(),
        ..Event::default()
    };
    if let Some(category) = text(&mut checked, "category", body.category) {
        event.properties.entry("category").or_insert(category.into());
    }
    event.name = match kind {
        EventKind::Track => text(&mut checked, "event", body.event),
        EventKind::Page | EventKind::Screen => text(&mut checked, "name", body.name.or_else(|| named(&event))),
        EventKind::Identify | EventKind::Group | EventKind::Alias => None,
    }
    .unwrap_or_else(|| unnamed(&mut checked, kind));
    require_ids(&mut checked, &event);
    find_person(&mut event);
    checked.finish(event)
}

/// The page's name where the library put it among the properties.
fn named(event: &Event) -> Option<Value> {
    event.properties.get("name").filter(|name| name.is_string()).cloned()
}

fn unnamed(checked: &mut Checked, kind: EventKind) -> String {
    if kind == EventKind::Track {
        checked.problem("event", "is required: what happened, such as Trial Started");
    }
    kind.name().to_owned()
}

fn require_ids(checked: &mut Checked, event: &Event) {
    if event.kind == EventKind::Group && event.group_id.is_none() {
        checked.problem("groupId", "is required: the app's id of the company");
    }
    if event.kind == EventKind::Alias && (event.previous_id.is_none() || event.user_id.is_none()) {
        checked.problem("previousId", "and userId are required: the id before and the id from now on");
    }
}

/// A text, or a number that an app uses as an id.
fn text(checked: &mut Checked, field: &str, value: Option<Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => checked.line(field, Some(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => {
            checked.problem(field, "is not a text");
            None
        }
    }
}

/// A moment as libraries write it: with an offset, without one (UTC), or in milliseconds.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.trim().parse().ok().or_else(|| format!("{}Z", text.trim()).parse().ok()),
        Value::Number(number) => Timestamp::from_millisecond(number.as_i64()?).ok(),
        _ => None,
    }
}

/// Finds address and phone number among the person's traits. A company may have an address too, which is not the person's, so for a group
/// only what the context says of the person counts.
fn find_person(event: &mut Event) {
    if event.kind != EventKind::Group {
        let said = std::mem::take(&mut event.traits);
        event.traits = match event.context.remove("traits") {
            Some(Value::Object(traits)) => traits,
            _ => Map::new(),
        };
        event.traits.extend(said);
    }
    let context = event.context.get("traits").and_then(Value::as_object);
    let person = if event.kind == EventKind::Group { context } else { Some(&event.traits) };
    let email = person.and_then(email_in).or_else(|| Email::parse(event.user_id.as_deref()?).ok());
    let phone = person.and_then(phone_in);
    (event.email, event.phone) = (email, phone);
}

/// The address in such a map, if it is one.
pub(crate) fn email_in(map: &Map<String, Value>) -> Option<Email> {
    Email::parse(map.get("email")?.as_str()?).ok()
}

/// The phone number in such a map, as typed.
pub(crate) fn phone_in(map: &Map<String, Value>) -> Option<String> {
    Checked::default().line("phone", Some(map.get("phone")?.as_str()?.to_owned())).filter(|phone| phone.len() < 64)
}
