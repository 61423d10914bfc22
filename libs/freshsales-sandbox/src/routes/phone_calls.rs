//! Calls: logging one that was had, with a person known or new. The reply is a wide document of all that is related.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::records;
use crate::model::{Kind, List, Record, State};
use crate::wire::{Answer, Call, Refusal, Render, Reply, long_user, short_target};
use crate::write::{self, read_id};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["phone_calls"]) => Some(log(state, call)),
        _ => None,
    }
}

fn log(state: &mut State, call: &Call) -> Answer {
    let body = call.attributes(Kind::PhoneCall)?;
    // Before the target, which may be made.
    match body.get("call_direction") {
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => {}
        _ => return Err(Refusal::invalid("Call direction can't be empty")),
    }
    let target = target(state, call, &body)?;
    let logged = logged(state, call, &body, &target)?;
    Ok(Reply::json(document(state, call, &logged, (target.kind, target.id))))
}

/// The record that the call is about; one without an id is made.
fn target(state: &mut State, call: &Call, body: &Map<String, Value>) -> Result<Arc<Record>, Refusal> {
    let invalid = || Refusal::invalid("Invalid targetable provided.");
    let (kind, person) = write::person_of_call(body).ok_or_else(invalid)?;
    if !Kind::SEARCHABLE.contains(&kind) {
        return Err(invalid());
    }
    match person.get("id") {
        Some(id) => records::live(state, kind, read_id(id).ok_or_else(invalid)?).map_err(|_| invalid()),
        None => write::create(state, kind, call.generation, &person),
    }
}

/// Stores the call and, where one was sent, its note.
fn logged(state: &mut State, call: &Call, body: &Map<String, Value>, target: &Record) -> Result<Arc<Record>, Refusal> {
    let mut attributes = body.clone();
    attributes.insert("targetable_type".to_owned(), json!(target.kind.class()));
    attributes.insert("targetable_id".to_owned(), json!(target.id));
    let text = body.get("note").map(|note| note.get("description").unwrap_or(note).clone());
    let text = text.filter(|text| text.as_str().is_some_and(|text| !text.trim().is_empty()));
    let logged = write::create(state, Kind::PhoneCall, call.generation, &attributes)?;
    let note = match text {
        Some(text) => {
            let note = json!({"description": text, "targetable_type": target.kind.class(), "targetable_id": target.id});
            let note = write::create(state, Kind::Note, call.generation, note.as_object().unwrap_or(&Map::new()))?;
            super::notes::remember_recent(state, &note);
            Some(note.id)
        }
        None => None,
    };
    state.derive(Kind::PhoneCall, logged.id, |record| record.set("note_id", json!(note)));
    records::live(state, Kind::PhoneCall, logged.id)
}

fn document(state: &State, call: &Call, logged: &Record, (kind, id): (Kind, i64)) -> Value {
    let render = Render::new(state, call.generation, &[]);
    let target = json!({"id": id, "type": kind.singular()});
    let mut body = Map::new();
    body.insert(Kind::PhoneCall.plural().to_owned(), json!([render.record(logged)]));
    let note = logged.id_in("note_id").and_then(|id| state.record(Kind::Note, id));
    body.insert(Kind::Note.plural().to_owned(), Value::from_iter(note.map(|note| note_of_call(&render, note, logged))));
    body.insert(List::Users.key().to_owned(), json!([long_user(&render, state.catalog.api_user())]));
    if let Some(record) = state.record(kind, id) {
        add_target(state, record, &mut body);
    }
    body.insert("targetables".to_owned(), json!([{"targetable": target}]));
    Value::Object(body)
}

/// The target and, for a deal, the picklist entries it points at.
fn add_target(state: &State, target: &Record, body: &mut Map<String, Value>) {
    let shown = match target.kind {
        Kind::Contact | Kind::Lead => json!({
            "partial": true,
            "id": target.id,
            "display_name": target.display_name(),
            "first_name": target.get("first_name"),
            "last_name": target.get("last_name"),
            "email": target.primary_email(),
            "has_access": true,
        }),
        _ => short_target(target),
    };
    body.insert(target.kind.plural().to_owned(), json!([shown]));
    let choices = [
        ("deal_stage_id", List::DealStages),
        ("deal_pipeline_id", List::DealPipelines),
        ("currency_id", List::Currencies),
        ("lead_source_id", List::LeadSources),
        ("deal_payment_status_id", List::DealPaymentStatuses),
    ];
    for (name, list) in choices.into_iter().filter(|_| target.kind == Kind::Deal) {
        if let Some(entry) = target.id_in(name).and_then(|id| state.catalog.entry(list, id)) {
            body.insert(list.key().to_owned(), json!([state.catalog.shown(list, entry)]));
        }
    }
}

/// A note as it stands beside its call: it names where it came from.
fn note_of_call(render: &Render<'_>, note: &Record, logged: &Record) -> Value {
    let whole = render.record(note);
    let mut shown = Map::new();
    for name in ["id", "description", "created_at", "updated_at", "creater_id", "has_access"] {
        shown.insert(name.to_owned(), whole.get(name).cloned().unwrap_or_default());
    }
    shown.insert("source_type".to_owned(), json!(Kind::PhoneCall.class()));
    shown.insert("source_id".to_owned(), json!(logged.id));
    shown.insert("targetables".to_owned(), whole.get("targetables").cloned().unwrap_or_default());
    let target = note.targets.first().map(|(kind, id)| json!({"id": id, "type": kind.singular()}));
    shown.insert("targetable".to_owned(), json!(target));
    Value::Object(shown)
}
