//! Bulk calls on a kind: upsert as a job, destroy and assign at once.

use http::Method;
use serde_json::{Map, Value, json};

use super::{main_kind, records};
use crate::model::{Kind, List, State};
use crate::wire::{Answer, Call, Manner, Refusal, Reply};
use crate::write::{self, read_id};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    let (&Method::POST, [plural, action]) = (&call.method, path) else { return None };
    let kind = main_kind(plural)?;
    match *action {
        "bulk_upsert" if kind != Kind::Lead => Some(upsert(state, call, kind)),
        "bulk_destroy" => Some(destroy(state, call, kind)),
        "bulk_assign_owner" => Some(assign(state, call, kind)),
        _ => None,
    }
}

fn upsert(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let rows = write::bulk::rows(kind, &call.object()?)?;
    let now = state.now();
    if state.switches.running_jobs_maximum.is_some_and(|maximum| state.jobs.running(now) >= maximum) {
        return Err(Refusal::Busy);
    }
    let job = state.submit_job(kind, call.generation, rows);
    let url = format!("http://{}{}/job_statuses/{job}", call.host, call.generation.api_prefix());
    let mut body = Manner::of(state).confirmation("Your request is being processed.");
    body.insert("job_status_url".to_owned(), Value::String(url));
    Ok(Reply::json(Value::Object(body)))
}

/// The ids of a bulk call, of which only live records count.
fn selected(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Vec<i64>, Refusal> {
    let ids = body.get("selected_ids").and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let Some(ids) = ids else { return Err(Refusal::about("selected_ids", "Selected ids can't be blank")) };
    Ok(ids.iter().filter_map(read_id).filter(|&id| state.record(kind, id).is_some()).collect())
}

fn destroy(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let body = call.object()?;
    let ids = selected(state, kind, &body)?;
    for &id in &ids {
        if body.get("delete_associated_contacts_deals") == Some(&Value::Bool(true)) {
            records::delete_associated(state, kind, id);
        }
        state.delete(kind, id);
    }
    Ok(done(state, &format!("{} {} deleted.", ids.len(), kind.plural())))
}

fn assign(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let body = call.object()?;
    let owner = body.get("owner_id").and_then(read_id);
    let Some(owner) = owner.filter(|&id| state.catalog.entry(List::Users, id).is_some()) else {
        return Err(Refusal::about("owner_id", "Invalid owner provided."));
    };
    let ids = selected(state, kind, &body)?;
    let now = state.now();
    for &id in &ids {
        state.edit(kind, id, |record| {
            record.set("owner_id", json!(owner));
            record.assigned_at = now;
        });
    }
    Ok(done(state, &format!("{} {} updated.", ids.len(), kind.plural())))
}

fn done(state: &State, english: &str) -> Reply {
    Reply::json(Value::Object(Manner::of(state).confirmation(english)))
}
