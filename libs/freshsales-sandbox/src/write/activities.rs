//! What is special to appointments, sales activities, calls, files, links and mail: required attributes, the order of
//! their dates, and who attends.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Draft, read_id, targets};
use crate::model::{Kind, List, fields};

pub(super) fn read(draft: &mut Draft<'_>) {
    targets::read_target(draft);
    match draft.record.kind {
        Kind::Appointment => read_appointment(draft),
        Kind::SalesActivity => read_sales_activity(draft),
        Kind::Document => require(draft, &["name"]),
        Kind::DocumentLink => require(draft, &["url"]),
        Kind::EmailConversation => require(draft, &["subject"]),
        _ => {}
    }
    if draft.is_new() {
        stamp(draft);
    }
}

/// What the account itself notes when one of these is made.
fn stamp(draft: &mut Draft<'_>) {
    let now = json!(draft.state.now().to_string());
    match draft.record.kind {
        Kind::PhoneCall => {
            let user = draft.state.catalog.api_user();
            draft.record.set("conversation_time", now);
            draft.record.set("user_id", json!(user));
        }
        Kind::EmailConversation if draft.record.get("conversation_time").is_null() => {
            draft.record.set("conversation_time", now);
        }
        Kind::Document | Kind::DocumentLink => {
            let association = draft.state.next_part_id();
            draft.record.set("content_updated_at", now);
            draft.record.set("association_id", json!(association));
        }
        _ => {}
    }
}

/// Attributes that a record cannot be without, in the order of their sentences.
fn require(draft: &mut Draft<'_>, names: &[&str]) {
    for name in names {
        let blank = match draft.record.get(name) {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        };
        // A value that was refused has its own sentence.
        let refused = draft.body.get(*name).is_some_and(|sent| !sent.is_null() && sent.as_str() != Some(""));
        if blank && !refused {
            draft.wrong_about(name, format!("{} can't be empty", fields::label(draft.record.kind, name)));
        }
    }
}

fn moment(draft: &Draft<'_>, name: &str) -> Option<Timestamp> {
    draft.record.text(name)?.parse().ok()
}

fn check_order(draft: &mut Draft<'_>, start: &str) {
    if moment(draft, start).zip(moment(draft, "end_date")).is_some_and(|(start, end)| end < start) {
        let start = fields::label(draft.record.kind, start).to_lowercase();
        draft.wrong_about("end_date", format!("End date can't be before {start}"));
    }
}

fn read_appointment(draft: &mut Draft<'_>) {
    require(draft, &["title", "from_date", "end_date"]);
    check_order(draft, "from_date");
    if let Some(Value::Array(sent)) = draft.body.get("appointment_attendees_attributes") {
        let mut attendees = draft.record.get("attendees").as_array().cloned().unwrap_or_default();
        for attendee in sent {
            read_attendee(draft, attendee, &mut attendees);
        }
        draft.record.set("attendees", if attendees.is_empty() { Value::Null } else { Value::Array(attendees) });
    }
}

/// Adds an attendee, or removes the one whose `id` comes with `_destroy`.
fn read_attendee(draft: &mut Draft<'_>, sent: &Value, attendees: &mut Vec<Value>) {
    if sent.get("_destroy").is_some_and(is_true) {
        let id = sent.get("id").and_then(read_id);
        return attendees.retain(|attendee| attendee["id"].as_i64() != id);
    }
    let kind = sent.get("attendee_type").and_then(Value::as_str).unwrap_or_default();
    let Some(id) = sent.get("attendee_id").and_then(read_id) else { return draft.wrong(INVALID_ATTENDEE) };
    let known = match kind {
        "FdMultitenant::User" | "User" => draft.state.catalog.entry(List::Users, id).is_some(),
        other => Kind::parse(other) == Some(Kind::Contact) && draft.state.record(Kind::Contact, id).is_some(),
    };
    if !known {
        return draft.wrong(INVALID_ATTENDEE);
    }
    let kind = if kind.ends_with("User") { "FdMultitenant::User" } else { Kind::Contact.class() };
    if !attendees.iter().any(|other| other["attendee_type"] == kind && other["attendee_id"] == id) {
        let attendee = draft.state.next_part_id();
        attendees.push(json!({"id": attendee, "attendee_type": kind, "attendee_id": id}));
    }
}

const INVALID_ATTENDEE: &str = "Invalid attendee provided.";

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || matches!(value.as_str(), Some("true" | "1")) || value.as_i64() == Some(1)
}

fn read_sales_activity(draft: &mut Draft<'_>) {
    require(draft, &["title", "start_date", "end_date", "sales_activity_type_id"]);
    check_order(draft, "start_date");
    let outcome = draft.record.id_in("sales_activity_outcome_id");
    let outcome = outcome.and_then(|id| draft.state.catalog.entry(List::SalesActivityOutcomes, id));
    let of_type = outcome.and_then(|outcome| outcome.extra_id("sales_activity_type_id"));
    if of_type.is_some() && of_type != draft.record.id_in("sales_activity_type_id") {
        draft.wrong(format!("Invalid {} provided.", List::SalesActivityOutcomes.noun()));
    }
    if draft.record.get("status").as_bool() != Some(true) {
        draft.record.set("completed_date", Value::Null);
    } else if draft.record.get("completed_date").is_null() {
        draft.record.set("completed_date", json!(draft.state.now().to_string()));
    }
}

/// The attributes of a call's target as they were sent: by id, or as a person who is not known yet.
pub(crate) fn person_of_call(body: &Map<String, Value>) -> Option<(Kind, Map<String, Value>)> {
    let kind = Kind::parse(body.get("targetable_type")?.as_str()?)?;
    let mut person = body.get("targetable")?.as_object()?.clone();
    person.retain(|_, value| !value.is_null());
    Some((kind, person))
}
