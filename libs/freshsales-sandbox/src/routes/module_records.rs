//! The records of custom modules (Suite): path and envelope are the module's own name.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{filtered_search, path_id};
use crate::Generation;
use crate::model::commerce::CustomModule;
use crate::model::{Kind, Record, State};
use crate::switches::DeletedRecord;
use crate::wire::{Answer, Call, Manner, Refusal, Render, Reply};
use crate::write::{self, read_id};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    if call.generation != Generation::Suite {
        return None;
    }
    match (&call.method, path) {
        (&Method::POST, ["filtered_search", entity]) => {
            let module = state.commerce().modules.named(entity)?;
            Some(filtered_search::of_module(state, call, module))
        }
        (_, ["custom_module", entity, rest @ ..]) => match state.commerce().modules.named(entity).cloned() {
            Some(module) => of_module(state, call, &module, rest),
            None => Some(Err(Refusal::NotFound)),
        },
        _ => None,
    }
}

fn of_module(state: &mut State, call: &Call, module: &CustomModule, path: &[&str]) -> Option<Answer> {
    let (id, rest) = match (&call.method, path) {
        (&Method::POST, []) => return Some(create(state, call, module)),
        (&Method::GET, []) => return Some(Err(Refusal::Forbidden)),
        (&Method::POST, ["bulk_destroy"]) => return Some(bulk_destroy(state, call, module)),
        (_, [id, rest @ ..]) => (*id, rest),
        _ => return None,
    };
    let action = match (&call.method, rest) {
        (&Method::GET, []) => view,
        (&Method::PUT, []) => update,
        (&Method::DELETE, []) => delete,
        (&Method::POST, ["clone"]) => clone,
        (&Method::DELETE, ["forget"]) => forget,
        _ => return None,
    };
    Some(path_id(id).and_then(|id| action(state, call, module, id)))
}

/// The attributes of a body, under the module's name or bare. The module itself comes from the path.
fn attributes(call: &Call, module: &CustomModule) -> Result<Map<String, Value>, Refusal> {
    let mut body = call.object()?;
    let mut attributes = match body.remove(&module.entity_name) {
        Some(Value::Object(inner)) => inner,
        _ => body,
    };
    attributes.insert("module_id".to_owned(), json!(module.id));
    Ok(attributes)
}

fn shown(state: &State, call: &Call, module: &CustomModule, record: &Record) -> Reply {
    let row = Render::new(state, call.generation, &[]).record(record);
    Reply::json(json!({ &module.entity_name: row }))
}

/// A live record of this module; another module's is unknown here.
fn live(state: &State, module: &CustomModule, id: i64) -> Result<Arc<Record>, Refusal> {
    any(state, module, id).filter(|record| !record.deleted).ok_or(Refusal::NotFound)
}

/// A record of this module, deleted or not.
fn any(state: &State, module: &CustomModule, id: i64) -> Option<Arc<Record>> {
    let record = state.table(Kind::ModuleRecord).any(id)?;
    (record.id_in("module_id") == Some(module.id)).then(|| Arc::clone(record))
}

fn create(state: &mut State, call: &Call, module: &CustomModule) -> Answer {
    let record = write::create(state, Kind::ModuleRecord, call.generation, &attributes(call, module)?)?;
    Ok(shown(state, call, module, &record))
}

fn view(state: &mut State, call: &Call, module: &CustomModule, id: i64) -> Answer {
    let record = match state.switches.deleted_record {
        DeletedRecord::NotFound => live(state, module, id)?,
        DeletedRecord::Shown => any(state, module, id).ok_or(Refusal::NotFound)?,
    };
    Ok(shown(state, call, module, &record))
}

fn update(state: &mut State, call: &Call, module: &CustomModule, id: i64) -> Answer {
    let before = live(state, module, id)?;
    let record = write::update(state, &before, call.generation, &attributes(call, module)?)?;
    Ok(shown(state, call, module, &record))
}

fn clone(state: &mut State, call: &Call, module: &CustomModule, id: i64) -> Answer {
    let original = live(state, module, id)?;
    let record = write::clone_record(state, &original, call.generation, &attributes(call, module)?)?;
    Ok(shown(state, call, module, &record))
}

fn confirmed(state: &State, english: &str) -> Answer {
    Ok(Reply::json(Value::Object(Manner::of(state).confirmation(english))))
}

fn delete(state: &mut State, _: &Call, module: &CustomModule, id: i64) -> Answer {
    live(state, module, id)?;
    state.delete(Kind::ModuleRecord, id);
    confirmed(state, &format!("{} deleted.", module.singular_name))
}

fn bulk_destroy(state: &mut State, call: &Call, module: &CustomModule) -> Answer {
    let body = call.object()?;
    let ids = body.get("selected_ids").and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let ids = ids.ok_or_else(|| Refusal::invalid("Selected ids can't be blank"))?;
    let ids: Vec<i64> = ids.iter().filter_map(read_id).filter(|&id| live(state, module, id).is_ok()).collect();
    for &id in &ids {
        state.delete(Kind::ModuleRecord, id);
    }
    confirmed(state, &format!("{} {} deleted.", ids.len(), module.plural_name))
}

/// A deleted record can be forgotten too.
fn forget(state: &mut State, _: &Call, module: &CustomModule, id: i64) -> Answer {
    any(state, module, id).ok_or(Refusal::NotFound)?;
    state.forget(Kind::ModuleRecord, id);
    Ok(Reply::json(Value::Bool(true)))
}
