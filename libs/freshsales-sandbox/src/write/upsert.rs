//! Upsert: update the record that the identifier names, or create it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{create, read_id, update};
use crate::Generation;
use crate::model::table::{Key, custom_key};
use crate::model::{Kind, Record, State};
use crate::wire::Refusal;

/// The one key of a `unique_identifier` and its value; a blank value is refused.
pub(crate) fn identifier(value: Option<&Value>) -> Result<(String, Value), Refusal> {
    let blank = || Refusal::invalid("Unique identifier can't be blank");
    let object = value.and_then(Value::as_object).ok_or_else(blank)?;
    let (name, value) = object.iter().next().ok_or_else(blank)?;
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Err(blank());
    }
    Ok((name.clone(), value.clone()))
}

/// The live record an identifier names; of several the oldest.
fn find(state: &State, kind: Kind, name: &str, value: &Value) -> Result<Option<Arc<Record>>, Refusal> {
    let table = state.table(kind);
    if name == "id" {
        let record = read_id(value).and_then(|id| table.get(id)).cloned();
        return record.map(Some).ok_or(Refusal::NotFound);
    }
    let key = match name {
        "email" | "emails" => Key::Email,
        "mobile_number" => Key::Mobile,
        "external_id" => Key::ExternalId,
        "name" => Key::Name,
        custom if custom.starts_with("cf_") => Key::Custom(custom.to_owned()),
        other => return Err(Refusal::invalid(format!("{other} is not a unique field"))),
    };
    let text = address_in(value).or_else(|| custom_key(value)).unwrap_or_default();
    let primary_first = table.find(key, &text).into_iter().filter_map(|id| table.get(id));
    let is_primary = |record: &&Arc<Record>| record.primary_email().is_some_and(|e| e.eq_ignore_ascii_case(&text));
    Ok(primary_first.clone().find(is_primary).or_else(|| primary_first.clone().next()).cloned())
}

/// The address of an identifier that was sent as a list or an object.
fn address_in(value: &Value) -> Option<String> {
    let value = value.as_array().and_then(|items| items.first()).unwrap_or(value);
    value.get("value").unwrap_or(value).as_str().map(|text| text.trim().to_owned())
}

/// Creates or updates by an identifier; an identifier that the attributes lack is copied into them.
pub(crate) fn upsert(
    state: &mut State,
    kind: Kind,
    generation: Generation,
    identifier: &(String, Value),
    mut attributes: Map<String, Value>,
) -> Result<Arc<Record>, Refusal> {
    let (name, value) = identifier;
    if let Some(existing) = find(state, kind, name, value)? {
        if state.switches.upsert_resets_owner && !attributes.contains_key("owner_id") {
            attributes.insert("owner_id".to_owned(), json!(state.catalog.api_user()));
        }
        return update(state, &existing, generation, &attributes);
    }
    if name.starts_with("cf_") {
        let custom = attributes.entry("custom_field").or_insert_with(|| json!({}));
        if let Value::Object(custom) = custom {
            custom.entry(name.clone()).or_insert_with(|| value.clone());
        }
    } else if !(matches!(name.as_str(), "email" | "emails") && attributes.contains_key("email")) {
        attributes.entry(name.clone()).or_insert_with(|| value.clone());
    }
    create(state, kind, generation, &attributes)
}
