//! CPQ (Suite): products with their prices, and documents with their products. Every create is answered 200 (seen on recorded replies).

use http::Method;
use serde_json::{Map, Value, json};

use super::{path_id, records};
use crate::Generation;
use crate::model::columns::CREATED;
use crate::model::{Kind, List, Record, State};
use crate::switches::DeletedRecord;
use crate::wire::{Answer, Call, Manner, Refusal, Render, Reply, single_reply};
use crate::write::{self, read_id};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    let ["cpq", collection, rest @ ..] = path else { return None };
    let kind = [Kind::Product, Kind::CpqDocument].into_iter().find(|kind| kind.plural() == *collection)?;
    if call.generation != Generation::Suite {
        return None;
    }
    match (&call.method, rest) {
        (&Method::POST, []) => Some(create(state, call, kind)),
        (method, [action]) if action.starts_with(kind.plural()) => bulk(state, call, kind, method, action),
        (_, [id, rest @ ..]) => one(state, call, kind, id, rest),
        _ => None,
    }
}

fn one(state: &mut State, call: &Call, kind: Kind, id: &str, rest: &[&str]) -> Option<Answer> {
    let is_document = kind == Kind::CpqDocument;
    let action = match (&call.method, rest) {
        (&Method::GET, []) => view,
        (&Method::PUT, []) => update,
        (&Method::DELETE, []) => delete,
        (&Method::PUT, ["restore"]) => restore,
        (&Method::DELETE, ["forget"]) if is_document => forget,
        (&Method::GET, ["related_products"]) if is_document => related_products,
        _ => return None,
    };
    Some(path_id(id).and_then(|id| action(state, call, kind, id)))
}

fn create(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let record = write::create(state, kind, call.generation, &call.attributes(kind)?)?;
    let mut includes = call.includes();
    includes.extend(["products", CREATED]);
    let render = Render { roll_ups_pending: true, ..Render::new(state, call.generation, &includes) };
    Ok(single_reply(&render, &record, false))
}

fn shown(state: &State, call: &Call, record: &Record) -> Reply {
    let mut includes = call.includes();
    includes.retain(|include| *include != CREATED);
    single_reply(&Render::new(state, call.generation, &includes), record, false)
}

fn view(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = match state.switches.deleted_record {
        DeletedRecord::NotFound => records::live(state, kind, id)?,
        DeletedRecord::Shown => state.table(kind).any(id).cloned().ok_or(Refusal::NotFound)?,
    };
    Ok(shown(state, call, &record))
}

fn update(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let before = records::live(state, kind, id)?;
    let record = write::update(state, &before, call.generation, &call.attributes(kind)?)?;
    Ok(shown(state, call, &record))
}

/// Products and documents confirm in different words (seen on recorded replies).
fn delete(state: &mut State, _: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    state.delete(kind, id);
    Ok(Reply::json(match kind {
        Kind::CpqDocument => json!({"msg": {"id": id, "code": "success"}}),
        _ => json!({"success": "200"}),
    }))
}

/// A record that is not in the recycle bin stays as it is.
fn restore(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = restored(state, kind, id).ok_or(Refusal::NotFound)?;
    Ok(shown(state, call, &record))
}

fn restored(state: &mut State, kind: Kind, id: i64) -> Option<std::sync::Arc<Record>> {
    let record = state.table(kind).any(id)?.clone();
    if !record.deleted {
        return Some(record);
    }
    let mut record = Record::clone(&record);
    record.deleted = false;
    record.updated_at = state.now();
    Some(state.commit(record))
}

fn forget(state: &mut State, _: &Call, kind: Kind, id: i64) -> Answer {
    if state.forget(kind, id) { Ok(Reply::json(Value::Bool(true))) } else { Err(Refusal::NotFound) }
}

/// The products of a document as whole records; those that were deleted since are left out.
fn related_products(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let document = records::live(state, kind, id)?;
    let render = Render::new(state, call.generation, &["product_pricings"]);
    let lines = document.get("products").as_array().into_iter().flatten();
    let products = lines.filter_map(|line| state.record(Kind::Product, line["product_id"].as_i64()?));
    let rows = products.map(|product| {
        let mut row = render.record(product);
        row.insert("lookup_information".to_owned(), json!({}));
        Value::Object(row)
    });
    Ok(Reply::json(json!({"products": rows.collect::<Vec<_>>()})))
}

fn bulk(state: &mut State, call: &Call, kind: Kind, method: &Method, action: &str) -> Option<Answer> {
    let action = match (method, action.strip_prefix(kind.plural())?) {
        (&Method::POST, "_bulk_assign") => bulk_assign,
        (&Method::POST, "_bulk_delete") => bulk_delete,
        (&Method::POST, "_bulk_restore") => bulk_restore,
        (&Method::PUT, "_bulk_update") => bulk_update,
        _ => return None,
    };
    Some(call.object().and_then(|body| action(state, call, kind, &body)))
}

/// The ids under a key; unknown ones do not count.
fn ids(state: &State, kind: Kind, body: &Map<String, Value>, key: &str, deleted: bool) -> Result<Vec<i64>, Refusal> {
    let ids = body.get(key).and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let label = if key == "ids" { "Ids" } else { "Selected ids" };
    let ids = ids.ok_or_else(|| Refusal::invalid(format!("{label} can't be blank")))?;
    let there = |id: &i64| state.table(kind).any(*id).is_some_and(|record| record.deleted == deleted);
    Ok(ids.iter().filter_map(read_id).filter(there).collect())
}

/// The wording of these replies is not recorded.
fn done(state: &State, kind: Kind, count: usize, what: &str) -> Reply {
    let noun = if kind == Kind::Product { "product" } else { "document" };
    let plural = if count == 1 { "" } else { "s" };
    Reply::json(Value::Object(Manner::of(state).confirmation(&format!("{count} {noun}{plural} {what}."))))
}

fn bulk_assign(state: &mut State, _: &Call, kind: Kind, body: &Map<String, Value>) -> Answer {
    let owner = body.get("owner_id").and_then(read_id);
    let owner = owner.filter(|&id| state.catalog.entry(List::Users, id).is_some());
    let owner = owner.ok_or_else(|| Refusal::invalid("Invalid owner provided."))?;
    let ids = ids(state, kind, body, "selected_ids", false)?;
    for &id in &ids {
        state.edit(kind, id, |record| record.set("owner_id", json!(owner)));
    }
    Ok(done(state, kind, ids.len(), "updated"))
}

fn bulk_delete(state: &mut State, _: &Call, kind: Kind, body: &Map<String, Value>) -> Answer {
    let ids = ids(state, kind, body, "selected_ids", false)?;
    for &id in &ids {
        state.delete(kind, id);
    }
    Ok(done(state, kind, ids.len(), "deleted"))
}

fn bulk_restore(state: &mut State, _: &Call, kind: Kind, body: &Map<String, Value>) -> Answer {
    let ids = ids(state, kind, body, "selected_ids", true)?;
    for &id in &ids {
        restored(state, kind, id);
    }
    Ok(done(state, kind, ids.len(), "restored"))
}

/// The same attributes for all. A value that is refused is refused at the first record, so nothing is half done.
fn bulk_update(state: &mut State, call: &Call, kind: Kind, body: &Map<String, Value>) -> Answer {
    let Some(Value::Object(attributes)) = body.get(kind.singular()) else {
        return Err(Refusal::invalid("Attributes can't be blank"));
    };
    let ids = ids(state, kind, body, "ids", false)?;
    for &id in &ids {
        let before = records::live(state, kind, id)?;
        write::update(state, &before, call.generation, attributes)?;
    }
    Ok(done(state, kind, ids.len(), "updated"))
}
