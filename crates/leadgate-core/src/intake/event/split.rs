//! From the body of a request to the events in it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{EventKind, OWN};
use crate::intake::{IntakeError, Problem, from_json, from_json_or_list};

/// The largest event, in bytes: what the tracking specification allows.
pub const LARGEST_EVENT: usize = 32 * 1024;
/// The largest body with events in it, in bytes, unpacked: a little more than the 500 kB that the specification allows.
pub const LARGEST_BATCH: usize = 512 * 1024;
/// The most events in one request: what the specification allows.
pub const MOST_EVENTS: usize = 2_500;

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventCall {
    /// `/v1/events`: Leadgate's own shape, one event or several.
    Own,
    /// One call of the tracking specification, such as `/v1/track`.
    One(EventKind),
    /// `/v1/batch`: several of them.
    Batch,
}

/// One event of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventItem<'a> {
    /// The label it is stored and read under.
    pub label: &'static str,
    /// The reporter's own id for it.
    pub id: Option<String>,
    /// The event byte for byte as it was sent: by this a repeat without an id is recognised.
    pub sent: &'a str,
    /// The body to store: the same, with the request's `sentAt` if the event has none.
    pub body: Vec<u8>,
}

/// What a request brought.
#[derive(Debug)]
pub struct Arrived<'a> {
    /// Its events in order, or what is wrong with each.
    pub items: Vec<Result<EventItem<'a>, IntakeError>>,
    /// It was one event by itself, not a list.
    pub alone: bool,
}

/// Takes a body apart and reads each event in it.
///
/// # Errors
/// [`IntakeError`] where no events can be told apart.
pub fn split(call: EventCall, body: &[u8]) -> Result<Arrived<'_>, IntakeError> {
    match call {
        EventCall::Own => own(body),
        EventCall::One(kind) => Ok(Arrived { items: vec![item(raw(body)?, kind.name(), None)], alone: true }),
        EventCall::Batch => batch(body),
    }
}

fn raw(body: &[u8]) -> Result<&str, IntakeError> {
    from_json::<&RawValue>(body).map(RawValue::get)
}

/// Which of the two shapes an object has.
#[derive(Deserialize)]
struct HasEvents<'a> {
    #[serde(borrow)]
    events: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnBatch<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

fn own(body: &[u8]) -> Result<Arrived<'_>, IntakeError> {
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    let events = if is_list {
        from_json_or_list::<Vec<&RawValue>>(body)?
    } else if from_json::<HasEvents<'_>>(body)?.events.is_some() {
        from_json::<OwnBatch<'_>>(body)?.events
    } else {
        return Ok(Arrived { items: vec![item(raw(body)?, OWN, None)], alone: true });
    };
    if events.is_empty() {
        return Err(IntakeError::Invalid(vec![Problem::new("events", "is empty; send at least one event")]));
    }
    bounded("events", &events)?;
    Ok(Arrived { items: events.into_iter().map(|event| item(event.get(), OWN, None)).collect(), alone: false })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrackingBatch<'a> {
    #[serde(borrow)]
    batch: Vec<&'a RawValue>,
    #[serde(borrow)]
    sent_at: Option<&'a RawValue>,
}

/// What an event of a batch says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    /// `null` is one too: a second `sentAt` beside it could not be read.
    #[serde(borrow, default, deserialize_with = "even_null")]
    sent_at: Option<&'a RawValue>,
}

fn even_null<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

fn batch(body: &[u8]) -> Result<Arrived<'_>, IntakeError> {
    let TrackingBatch { batch, sent_at } = from_json(body)?;
    bounded("batch", &batch)?;
    Ok(Arrived { items: batch.into_iter().map(|event| call_in_batch(event.get(), sent_at)).collect(), alone: false })
}

fn call_in_batch<'a>(sent: &'a str, sent_at: Option<&RawValue>) -> Result<EventItem<'a>, IntakeError> {
    let call: Call<'_> = from_json(sent.as_bytes())?;
    let kind = call.kind.as_deref().and_then(EventKind::from_name);
    // An unknown label gives the message that lists the kinds.
    item(sent, kind.map_or("unknown", EventKind::name), sent_at.filter(|_| call.sent_at.is_none()))
}

fn bounded(field: &str, events: &[&RawValue]) -> Result<(), IntakeError> {
    if events.len() <= MOST_EVENTS {
        return Ok(());
    }
    let message = format!("holds more than {MOST_EVENTS} events; send them in several requests");
    Err(IntakeError::Invalid(vec![Problem::new(field, message)]))
}

fn item<'a>(sent: &'a str, label: &'static str, sent_at: Option<&RawValue>) -> Result<EventItem<'a>, IntakeError> {
    if sent.len() > LARGEST_EVENT {
        let message = format!("is larger than the {LARGEST_EVENT} bytes an event can have");
        return Err(IntakeError::Invalid(vec![Problem::new("", message)]));
    }
    let body = match (sent_at, sent.strip_prefix('{')) {
        (Some(sent_at), Some(rest)) => format!("{{\"sentAt\":{},{rest}", sent_at.get()).into_bytes(),
        _ => sent.as_bytes().to_vec(),
    };
    let id = super::event(&body, label)?.message_id;
    Ok(EventItem { label, id, sent, body })
}
