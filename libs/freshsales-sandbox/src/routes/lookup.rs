//! Lookup: exact and immediate, doubly nested per entity, an entry per asked entity even when empty.

use http::Method;
use serde_json::{Map, Value, json};

use crate::Generation;
use crate::model::columns::column;
use crate::model::table::{Key, custom_key, keys_of};
use crate::model::{Kind, Record, State};
use crate::switches::{LookupFreshness, LookupMissingField};
use crate::wire::{Answer, Call, Refusal, Render, Reply};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["lookup"]) => Some(lookup(state, call)),
        _ => None,
    }
}

fn lookup(state: &State, call: &Call) -> Answer {
    let query = call.query("q").map(str::trim).filter(|query| !query.is_empty());
    let Some(query) = query else { return Err(Refusal::invalid("Query can't be blank")) };
    let field = call.query("f").unwrap_or("email");
    let mut body = Map::new();
    for kind in entities(call)? {
        if !has_field(state, kind, field) {
            if state.switches.lookup_missing_field == LookupMissingField::Refuse {
                return Err(Refusal::invalid(format!("{field} is not a field of {}", kind.label())));
            }
            body.insert(kind.plural().to_owned(), json!({kind.plural(): []}));
            continue;
        }
        let render = Render { with_accounts: true, ..Render::new(state, call.generation, &[]) };
        let rows = find(state, kind, field, query);
        let rows: Vec<Value> = rows.into_iter().map(|record| Value::Object(render.record(record))).collect();
        body.insert(kind.plural().to_owned(), json!({kind.plural(): rows}));
    }
    Ok(Reply::json(Value::Object(body)))
}

/// The entities in the order they were asked; all that exist where none is named.
fn entities(call: &Call) -> Result<Vec<Kind>, Refusal> {
    let exists = |kind: Kind| kind != Kind::Lead || call.generation == Generation::Classic;
    let names = call.query("entities").unwrap_or_default();
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        let all = [Kind::Contact, Kind::Lead, Kind::SalesAccount];
        return Ok(all.into_iter().filter(|&kind| exists(kind)).collect());
    }
    let known = |name: &&str| {
        let kind = Kind::parse(name).filter(|kind| Kind::SEARCHABLE.contains(kind) && exists(*kind));
        kind.ok_or_else(|| Refusal::invalid(format!("{name} is not an entity")))
    };
    names.iter().map(known).collect()
}

/// Which index or column a field name means for a kind.
fn has_field(state: &State, kind: Kind, field: &str) -> bool {
    match field {
        "email" | "emails" => matches!(kind, Kind::Contact | Kind::Lead),
        "name" => true,
        custom if custom.starts_with("cf_") => state.custom_fields_of(kind).any(|known| known.name == custom),
        other => column(kind, other).is_some(),
    }
}

fn find<'a>(state: &'a State, kind: Kind, field: &str, query: &str) -> Vec<&'a Record> {
    let table = state.table(kind);
    let key = match field {
        "email" | "emails" => Some(Key::Email),
        "name" => Some(Key::Name),
        "mobile_number" => Some(Key::Mobile),
        "external_id" => Some(Key::ExternalId),
        custom if custom.starts_with("cf_") => Some(Key::Custom(custom.to_owned())),
        _ => None,
    };
    if state.switches.lookup_freshness == LookupFreshness::Lagging {
        return find_lagging(state, kind, field, key.as_ref(), query);
    }
    if let Some(key) = key {
        return table.find(key, query).iter().filter_map(|&id| table.get(id)).map(AsRef::as_ref).collect();
    }
    let equals = |record: &&Record| custom_key(record.get(field)).is_some_and(|text| text.eq_ignore_ascii_case(query));
    table.live().map(AsRef::as_ref).filter(equals).collect()
}

/// As searches see the records.
fn find_lagging<'a>(state: &'a State, kind: Kind, field: &str, key: Option<&Key>, query: &str) -> Vec<&'a Record> {
    let documents = state.index.documents(kind).map(AsRef::as_ref).filter(|record: &&Record| !record.deleted);
    let equals = |record: &&Record| match key {
        Some(key) => keys_of(record).iter().any(|(own, text)| own == key && text.eq_ignore_ascii_case(query)),
        None => custom_key(record.get(field)).is_some_and(|text| text.eq_ignore_ascii_case(query)),
    };
    documents.filter(equals).collect()
}
