//! What leads, contacts, sales accounts and deals have in common: create, view, update, delete, forget, upsert, clone.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::{created, path_id};
use crate::model::{Kind, Record, State};
use crate::switches::DeletedRecord;
use crate::wire::{Answer, Call, Refusal, Render, Reply, single_reply};
use crate::write;

/// The shared routes of one kind.
pub(super) fn route(state: &mut State, call: &Call, path: &[&str], kind: Kind) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, [plural]) if *plural == kind.plural() => Some(create(state, call, kind)),
        (&Method::GET, [plural]) if *plural == kind.plural() => Some(Err(Refusal::Forbidden)),
        (&Method::POST, [plural, "upsert"]) if *plural == kind.plural() => Some(upsert(state, call, kind)),
        (_, [plural, id, rest @ ..]) if *plural == kind.plural() => one(state, call, id, rest, kind),
        _ => None,
    }
}

fn one(state: &mut State, call: &Call, id: &str, rest: &[&str], kind: Kind) -> Option<Answer> {
    let action = match (&call.method, rest) {
        (&Method::GET, []) => view,
        (&Method::PUT, []) => update,
        (&Method::DELETE, []) => delete,
        (&Method::DELETE, ["forget"]) => forget,
        (&Method::POST, ["clone"]) => clone,
        _ => return None,
    };
    Some(path_id(id).and_then(|id| action(state, call, kind, id)))
}

/// The live record, or 404.
pub(super) fn live(state: &State, kind: Kind, id: i64) -> Result<Arc<Record>, Refusal> {
    state.record(kind, id).cloned().ok_or(Refusal::NotFound)
}

fn create(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let body = call.attributes(kind)?;
    let record = write::create(state, kind, call.generation, &body)?;
    let status = created(state, call.generation);
    Ok(written(state, call, &record, false).with_status(status))
}

/// The reply to a write that made a record: roll-ups are not computed yet.
fn written(state: &State, call: &Call, record: &Record, with_meta: bool) -> Reply {
    let includes = call.includes();
    if record.kind == Kind::Deal && !includes.contains(&"owner") {
        return deal_with_owner(state, call, record);
    }
    let render =
        Render { with_accounts: true, roll_ups_pending: true, ..Render::new(state, call.generation, &includes) };
    single_reply(&render, record, with_meta)
}

/// A created deal comes with its owner in `users`, but without `owner_id`.
fn deal_with_owner(state: &State, call: &Call, deal: &Record) -> Reply {
    let mut includes = call.includes();
    includes.insert(0, "owner");
    let mut reply = single_reply(&Render::new(state, call.generation, &includes), deal, false);
    if let crate::wire::ReplyBody::Json(body) = &mut reply.body
        && let Some(Value::Object(deal)) = body.get_mut("deal")
    {
        deal.shift_remove("owner_id");
    }
    reply
}

fn view(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = match state.switches.deleted_record {
        DeletedRecord::NotFound => live(state, kind, id)?,
        DeletedRecord::Shown => state.table(kind).any(id).cloned().ok_or(Refusal::NotFound)?,
    };
    let includes = call.includes();
    let render = Render { with_accounts: true, ..Render::new(state, call.generation, &includes) };
    Ok(single_reply(&render, &record, kind != Kind::Lead))
}

fn update(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let before = live(state, kind, id)?;
    let record = write::update(state, &before, call.generation, &call.attributes(kind)?)?;
    let includes = call.includes();
    Ok(single_reply(&Render::new(state, call.generation, &includes), &record, kind != Kind::Lead))
}

fn upsert(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let body = call.object()?;
    let identifier = write::identifier(body.get("unique_identifier"))?;
    let mut attributes = call.attributes(kind)?;
    attributes.shift_remove("unique_identifier");
    let record = write::upsert(state, kind, call.generation, &identifier, attributes)?;
    let includes = call.includes();
    let render = Render { roll_ups_pending: true, ..Render::new(state, call.generation, &includes) };
    Ok(single_reply(&render, &record, false))
}

fn clone(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let original = live(state, kind, id)?;
    let body = call.attributes(kind)?;
    let record = write::clone_record(state, &original, call.generation, &body)?;
    if kind == Kind::Deal {
        return Ok(deal_with_owner(state, call, &record));
    }
    let includes = call.includes();
    Ok(single_reply(&Render::new(state, call.generation, &includes), &record, false))
}

fn delete(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    live(state, kind, id)?;
    if call.query("delete_associated_contacts_deals") == Some("true") {
        delete_associated(state, kind, id);
    }
    state.delete(kind, id);
    Ok(Reply::json(Value::Bool(true)))
}

/// The contacts and deals of a sales account go with it, where that is asked for.
pub(super) fn delete_associated(state: &mut State, kind: Kind, id: i64) {
    if kind != Kind::SalesAccount {
        return;
    }
    for related in [Kind::Contact, Kind::Deal] {
        for id in state.table(related).linked_to(kind, id).to_vec() {
            state.delete(related, id);
        }
    }
}

fn forget(state: &mut State, _: &Call, kind: Kind, id: i64) -> Answer {
    if state.forget(kind, id) { Ok(Reply::json(Value::Bool(true))) } else { Err(Refusal::NotFound) }
}
