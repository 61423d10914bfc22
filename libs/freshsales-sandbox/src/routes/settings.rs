//! Field metadata and forms of the record kinds.
//!
//! Standard fields come from tables recorded from a trial account; choices that are picklists are filled from the
//! catalog, and the account's custom fields are appended.

use http::Method;
use serde_json::{Map, Value, json};

use crate::CustomField;
use crate::model::catalog::Entry;
use crate::model::{Kind, List, State, fields as standard_fields};
use crate::wire::{Answer, Call, Refusal, Reply};
use crate::write;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["settings", entity, "fields"]) => Some(fields_reply(state, call, entity)),
        (&Method::GET, ["settings", entity, "forms"]) => Some(forms_reply(state, entity)),
        _ => None,
    }
}

fn table(entity: &str) -> Result<standard_fields::Table, Refusal> {
    standard_fields::table(entity).ok_or(Refusal::UnknownRoute)
}

fn fields(state: &State, entity: &str) -> Result<Vec<Value>, Refusal> {
    let (model, rows) = table(entity)?;
    let mut fields: Vec<Value> =
        rows.iter().cloned().enumerate().map(|(at, row)| standard_field(state, model, at + 1, row)).collect();
    let kind = Kind::parse(entity);
    let custom = state.custom_fields.iter().filter(|field| Some(field.kind) == kind).enumerate();
    fields.extend(custom.map(|(at, field)| custom_field(model, at, field)));
    if let Some(kind) = kind {
        let own = |field: &&mut Value| field["base_model"] == *model;
        for field in fields.iter_mut().filter(own) {
            if field["name"].as_str().is_some_and(|name| write::is_required(state, kind, name)) {
                field["required"] = Value::Bool(true);
            }
        }
    }
    Ok(fields)
}

fn standard_field(state: &State, model: &str, id: usize, mut row: Map<String, Value>) -> Value {
    let list = row.shift_remove("list").and_then(|name| List::ALL.into_iter().find(|list| name == list.key()));
    let text_ids = row.shift_remove("text_ids") == Some(Value::Bool(true));
    let base_model = row.shift_remove("base_model").unwrap_or_else(|| json!(model));
    let mut take = |name: &str| row.shift_remove(name).unwrap_or_default();
    let choices = match (list, take("choices")) {
        (Some(list), _) => choices(state, list, text_ids),
        (None, choices) => choices,
    };
    let mut field = json!({
        "id": id,
        "label": take("label"),
        "name": take("name"),
        "type": take("type"),
        "default": true,
        "actionable": true,
        "position": take("position"),
        "choices": choices,
        "base_model": base_model,
        "required": take("required"),
        "quick_add_position": take("quick_add_position"),
        "visible": take("visible"),
    });
    if let Value::Object(field) = &mut field {
        field.extend(row);
    }
    field
}

fn choices(state: &State, list: List, text_ids: bool) -> Value {
    let choice = |entry: &Entry| {
        let id = if text_ids { json!(entry.id.to_string()) } else { json!(entry.id) };
        let mut choice = json!({"id": id, "value": entry.name, "position": entry.position});
        match list {
            List::Users => {
                choice["is_active"] = Value::Bool(true);
                choice["deal_pipeline_id"] = json!(state.catalog.default_pipeline());
            }
            List::ContactStatuses | List::DealStages => choice["forecast_type"] = json!(entry.forecast()),
            _ => {}
        }
        choice
    };
    state.catalog.list(list).iter().map(choice).collect()
}

fn custom_choices(field: &CustomField, position: usize) -> Vec<Value> {
    let first_id = 79_900_000_001 + i64::try_from(position).unwrap_or_default() * 100;
    let numbered = field.choices.iter().zip(1_i64..);
    numbered.map(|(value, at)| json!({"id": first_id + at, "value": value, "position": at})).collect()
}

pub(super) fn custom_field(model: &str, position: usize, field: &CustomField) -> Value {
    json!({
        "id": 901 + position,
        "label": field.label,
        "name": field.name,
        "type": field.field_type.name(),
        "default": false,
        "actionable": true,
        "position": position + 1,
        "choices": custom_choices(field, position),
        "base_model": model,
        "required": field.required,
        "quick_add_position": null,
        "visible": true,
    })
}

fn fields_reply(state: &State, call: &Call, entity: &str) -> Answer {
    let fields = fields(state, entity)?;
    if call.includes().contains(&"field_group") {
        let group = json!({"id": 1, "name": "basic_information", "label": "Basic information", "position": 1});
        return Ok(Reply::json(json!({"field_groups": [group], "fields": fields})));
    }
    Ok(Reply::json(json!({"fields": fields})))
}

/// One default form; its only section holds every field with its uniqueness.
fn forms_reply(state: &State, entity: &str) -> Answer {
    let (model, _) = table(entity)?;
    let form_id = form_id(model);
    let section_id = form_field_id(model, 0);
    let shown = fields(state, entity)?.into_iter().zip(1_u32..);
    let children: Vec<Value> =
        shown.map(|(field, at)| form_field(state, model, form_id, &section_id, (&field, at))).collect();
    Ok(Reply::json(json!({"forms": [form((model, form_id), &section_id, children)]})))
}

/// The id of a kind's one form.
pub(super) fn form_id(model: &str) -> i64 {
    79_800_000_001 + i64::try_from(model.len()).unwrap_or_default()
}

/// How many standard fields the form of a class has; that of a custom module has the name.
pub(super) fn standard_fields(model: &str) -> usize {
    let entity = Kind::parse(model).map(Kind::plural);
    entity.and_then(|entity| table(entity).ok()).map_or(1, |(_, rows)| rows.len())
}

/// A form with one section.
pub(super) fn form((model, form_id): (&str, i64), section_id: &str, children: Vec<Value>) -> Value {
    let section = json!({
        "id": section_id, "form_id": form_id, "name": "basic_information", "label": "Basic information",
        "type": "section", "field_class": model, "default_value": null, "placeholder": null, "hint": null,
        "position": 1, "quick_add_position": null, "required": false, "visible": true, "editable": true,
        "custom": false, "parent_id": null, "link": null, "choices": [],
        "field_options": {"system_field": true}, "fields": children,
    });
    json!({
        "id": form_id, "name": format!("DEFAULT_{}_FORM", model.to_uppercase()), "description": null, "active": true,
        "field_class": model, "form_class": "Form", "grouped_mandatory_fields": [], "fields": [section],
    })
}

/// Fields of forms have textual ids in the shape of a UUID.
pub(super) fn form_field_id(model: &str, position: u32) -> String {
    let letters = model.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{letters:08x}-0000-4000-8000-{position:012}")
}

pub(super) fn form_field(state: &State, model: &str, form_id: i64, parent: &str, (field, at): (&Value, u32)) -> Value {
    let custom = field["default"] == Value::Bool(false);
    let mut choices = field["choices"].as_array().cloned().unwrap_or_default();
    for choice in &mut choices {
        choice["disabled"] = Value::Bool(false);
        choice["inactive"] = Value::Bool(false);
        choice["is_active"] = Value::Bool(true);
    }
    let unique = is_unique(state, model, field["name"].as_str().unwrap_or_default());
    json!({
        "id": form_field_id(model, at), "form_id": form_id, "name": field["name"], "label": field["label"],
        "type": field["type"], "field_class": model, "default_value": null, "placeholder": null, "hint": null,
        "position": at, "quick_add_position": field["quick_add_position"], "required": field["required"],
        "visible": field["visible"], "editable": true, "custom": custom, "parent_id": parent, "link": null,
        "choices": choices,
        // The real form says this in a string.
        "field_options": {"unique": unique.to_string(), "can_uniqueness_be_changed": false},
        "fields": [],
    })
}

fn is_unique(state: &State, model: &str, name: &str) -> bool {
    let switches = &state.switches;
    match (model, name) {
        ("Contact", "emails") => switches.contact_email_unique,
        ("Contact", "mobile_number") => switches.mobile_unique,
        ("SalesAccount", "name") => switches.account_name_unique,
        _ => {
            let mut custom =
                state.custom_fields.iter().filter(|field| field.kind.class() == model && field.name == name);
            let by_rule = Kind::parse(model).is_some_and(|kind| state.rules.has_unique(kind, name));
            by_rule || custom.any(|field| field.unique)
        }
    }
}
