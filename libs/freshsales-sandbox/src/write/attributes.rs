//! Attributes that the column tables describe: reading, coercing and checking one value at a time.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{Draft, read_id};
use crate::model::columns::{Column, Shape, column, columns};
use crate::model::{Kind, List, State, fields};
use crate::switches::CustomFieldUpdate;
use crate::wire::{Money, parse_date, parse_moment};
use crate::{CustomFieldType, Profile};

/// Longest single-line text. Source: over-long values are refused in the wild; the number is assumed.
const TEXT_LIMIT: usize = 255;

/// Reads every writable attribute the body has; unknown and read-only ones are ignored.
pub(super) fn read(draft: &mut Draft<'_>) {
    let body = draft.body;
    for column in columns(draft.record.kind).iter().filter(|column| column.writable) {
        let Some(value) = body.get(column.name) else { continue };
        match coerce(draft.state, draft.record.kind, column, value) {
            Ok(value) => draft.record.set(column.name, value),
            Err(sentence) => draft.wrong_about(column.name, sentence),
        }
    }
    read_source_name(draft);
    read_custom_fields(draft);
}

fn coerce(state: &State, kind: Kind, column: &Column, value: &Value) -> Result<Value, String> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if scalar_text(value).is_some_and(|text| !text.is_empty() && !fields::allows(kind, column.name, &text)) {
        return Err(format!("Invalid {} provided.", fields::label(kind, column.name).to_lowercase()));
    }
    let invalid = || format!("Invalid value for {}.", column.name);
    match column.shape {
        Shape::Text => limited_text(value, || fields::label(kind, column.name)).ok_or_else(invalid)?,
        Shape::LongText => Ok(json!(scalar_text(value).ok_or_else(invalid)?)),
        Shape::Mobile => mobile(value).ok_or_else(invalid),
        Shape::Integer => read_id(value).map(|number| json!(number)).ok_or_else(invalid),
        Shape::Number => number(value).ok_or_else(invalid),
        Shape::Flag => flag(value).ok_or_else(invalid),
        Shape::Decimal => Money::parse(value).map(Money::to_number).ok_or_else(invalid),
        Shape::Money => Money::parse(value).map(|money| json!(money.to_string())).ok_or_else(invalid),
        Shape::Date => date(state, value).ok_or_else(invalid),
        Shape::Moment => moment(state, value).ok_or_else(invalid),
        Shape::Texts => texts(value).ok_or_else(invalid),
        Shape::Choice(list) => choice(state, list, value),
        Shape::Opaque | Shape::Computed => Ok(value.clone()),
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Nothing for a value that is not text; a refusal for text that is too long.
fn limited_text<'a>(value: &Value, label: impl Fn() -> Cow<'a, str>) -> Option<Result<Value, String>> {
    let text = scalar_text(value)?;
    Some(if text.chars().count() > TEXT_LIMIT {
        Err(format!("{} is too long (maximum is {TEXT_LIMIT} characters)", label()))
    } else {
        Ok(Value::String(text))
    })
}

/// A number as typed, with at least one digit and no letters; an empty string clears it.
fn mobile(value: &Value) -> Option<Value> {
    let text = scalar_text(value)?;
    if text.trim().is_empty() {
        return Some(Value::Null);
    }
    let plausible = text.chars().any(|letter| letter.is_ascii_digit())
        && text.chars().all(|letter| letter.is_ascii_digit() || " +-.()/#*,x".contains(letter));
    plausible.then_some(Value::String(text))
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str(text.trim()).ok().filter(Value::is_number),
        _ => None,
    }
}

fn flag(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::Number(number) => Some(json!(number.as_i64()? != 0)),
        Value::String(text) => Some(json!(matches!(text.as_str(), "true" | "1"))),
        _ => None,
    }
}

fn date(state: &State, value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    if text.is_empty() {
        return Some(Value::Null);
    }
    parse_date(text, &state.config.zone).map(|date| json!(date.to_string()))
}

fn moment(state: &State, value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    if text.is_empty() {
        return Some(Value::Null);
    }
    parse_moment(text, &state.config.zone).map(|moment| json!(moment.to_string()))
}

fn texts(value: &Value) -> Option<Value> {
    match value {
        Value::Array(items) => items.iter().map(|item| scalar_text(item).map(Value::String)).collect(),
        Value::String(text) => Some(json!(text.split(',').map(str::trim).collect::<Vec<_>>())),
        _ => None,
    }
}

fn choice(state: &State, list: List, value: &Value) -> Result<Value, String> {
    if value.as_str() == Some("") {
        return Ok(Value::Null);
    }
    let known = read_id(value).filter(|&id| state.catalog.entry(list, id).is_some());
    known.map(|id| json!(id)).ok_or_else(|| format!("Invalid {} provided.", list.noun()))
}

/// The guide's `lead_source_name`; an unknown name leaves the source empty.
fn read_source_name(draft: &mut Draft<'_>) {
    let applies =
        draft.state.config.profile == Profile::Tutorial && column(draft.record.kind, "lead_source_id").is_some();
    let name = draft.body.get("lead_source_name").and_then(Value::as_str).filter(|_| applies);
    let source = name.and_then(|name| draft.state.catalog.by_name(List::LeadSources, name)).map(|entry| entry.id);
    if let Some(id) = source {
        draft.record.set("lead_source_id", json!(id));
    }
}

fn read_custom_fields(draft: &mut Draft<'_>) {
    let body = draft.body;
    let Some(Value::Object(sent)) = body.get("custom_field") else { return };
    let mut stored = match (draft.state.switches.custom_field_update, draft.is_new()) {
        (CustomFieldUpdate::Replace, false) => Map::new(),
        _ => std::mem::take(&mut draft.record.custom).into(),
    };
    for (name, value) in sent {
        match custom_value(draft, name, value) {
            Ok(Value::Null) => drop(stored.shift_remove(name)),
            Ok(value) => drop(stored.insert(name.clone(), value)),
            Err(sentence) => draft.wrong_about(name, sentence),
        }
    }
    draft.record.custom = stored.into();
}

fn custom_value(draft: &Draft<'_>, name: &str, value: &Value) -> Result<Value, String> {
    let kind = draft.record.kind;
    let Some(field) = draft.state.fields_of(&draft.record).find(|field| field.name == name) else {
        let refused = draft.state.switches.unknown_custom_field_refused;
        return if refused { Err(format!("{name} is not a field of {}", kind.label())) } else { Ok(value.clone()) };
    };
    let invalid = || format!("Invalid value for {name}.");
    if value.is_null() || value.as_str() == Some("") {
        return Ok(Value::Null);
    }
    match field.field_type {
        CustomFieldType::Text => limited_text(value, || Cow::Borrowed(field.label.as_str())).ok_or_else(invalid)?,
        CustomFieldType::Textarea => scalar_text(value).map(Value::String).ok_or_else(invalid),
        CustomFieldType::Number => number(value).ok_or_else(invalid),
        CustomFieldType::Lookup => read_id(value).map(|id| json!(id)).ok_or_else(invalid),
        CustomFieldType::Checkbox => flag(value).ok_or_else(invalid),
        CustomFieldType::Date => date(draft.state, value).ok_or_else(invalid),
        CustomFieldType::Dropdown | CustomFieldType::Radio => chosen(&field.choices, value, &[]).ok_or_else(invalid),
        CustomFieldType::MultiSelectDropdown => chosen(&field.choices, value, &[';']).ok_or_else(invalid),
    }
}

fn chosen(choices: &[String], value: &Value, separators: &[char]) -> Option<Value> {
    let text = scalar_text(value)?;
    let known = text.split(separators).all(|part| choices.iter().any(|choice| choice == part));
    (known || choices.is_empty()).then_some(Value::String(text))
}

/// Keeps lifecycle stage and contact status in step: a stage alone picks its first status, a status must fit its stage.
pub(super) fn read_lifecycle(draft: &mut Draft<'_>) {
    let sent = |name: &str| draft.body.get(name).is_some_and(|value| !value.is_null());
    let (stage_sent, status_sent) = (sent("lifecycle_stage_id"), sent("contact_status_id"));
    let catalog = &draft.state.catalog;
    let status = draft.record.id_in("contact_status_id").and_then(|id| catalog.entry(List::ContactStatuses, id));
    let stage_of_status = status.and_then(|status| status.extra_id("lifecycle_stage_id"));
    let stage = match draft.record.id_in("lifecycle_stage_id") {
        Some(stage) => Some(stage),
        None => stage_of_status.or_else(|| catalog.list(List::LifecycleStages).first().map(|stage| stage.id)),
    };
    let Some(stage) = stage else { return };
    if status_sent && stage_of_status.is_some_and(|of_status| of_status != stage) {
        draft.wrong_about("contact_status_id", "Invalid contact status provided.");
    } else if (stage_sent && !status_sent && stage_of_status != Some(stage)) || status.is_none() {
        let first = catalog.statuses_of(stage).next().map(|status| status.id);
        draft.record.set("contact_status_id", json!(first));
    }
    draft.record.set("lifecycle_stage_id", json!(stage));
}

/// Whether a standard field of this kind is mandatory in the account, by what an admin has set up.
pub(crate) fn is_required(state: &State, kind: Kind, name: &str) -> bool {
    let switched = kind == Kind::Contact && state.switches.required_contact_fields.iter().any(|other| other == name);
    switched || state.rules.requires(kind, name)
}

/// Attributes an admin made mandatory. A create must send them; after an update the record must have them.
pub(super) fn check_required(draft: &mut Draft<'_>) {
    let kind = draft.record.kind;
    let switched = draft.state.switches.required_contact_fields.iter().filter(|_| kind == Kind::Contact);
    let mut names: Vec<String> = switched.cloned().collect();
    names.extend(draft.state.rules.required.get(&kind).into_iter().flatten().cloned());
    names.dedup();
    for name in names {
        if !is_filled(draft, &name) {
            let sentence = missing(kind, &name);
            draft.wrong_about(&name, sentence);
        }
    }
}

fn is_filled(draft: &Draft<'_>, name: &str) -> bool {
    let record = &draft.record;
    let links = |stored: bool, keys: &[&str]| {
        let sent = |key: &&str| draft.body.get(*key).is_some_and(|value| !value.is_null() && *value != json!([]));
        stored || keys.iter().any(sent)
    };
    match name {
        "email" | "emails" => !record.emails.is_empty(),
        "sales_accounts" | "sales_account_id" => {
            links(!record.accounts.is_empty(), &["sales_accounts", "sales_account_id", "sales_account"])
        }
        "contacts" => links(!record.contacts.is_empty(), &["contacts_added_list"]),
        custom if custom.starts_with("cf_") => record.custom.contains_key(custom),
        attribute => {
            let stored = match record.get(attribute) {
                Value::String(text) => !text.trim().is_empty(),
                value => !value.is_null(),
            };
            stored && (!draft.is_new() || draft.is_copy || draft.body.contains_key(attribute))
        }
    }
}

/// A contact needs something that a person can recognise it by.
pub(super) fn check_identified(draft: &mut Draft<'_>) {
    let identified = ["first_name", "last_name", "mobile_number", "work_number", "external_id"]
        .iter()
        .any(|name| draft.record.text(name).is_some_and(|text| !text.trim().is_empty()));
    if !identified && draft.record.emails.is_empty() && draft.sentences.is_empty() {
        draft.wrong("Contact needs a name, an email or a phone number");
    }
}

fn missing(kind: Kind, name: &str) -> String {
    match name {
        "mobile_number" => "Need to fill this Mobile to submit the form.".to_owned(),
        "email" | "emails" => "Need to fill this Emails to submit the form.".to_owned(),
        other => format!("{} can't be empty", fields::label(kind, other)),
    }
}

/// A sales account needs a name.
pub(super) fn check_name(draft: &mut Draft<'_>) {
    if draft.record.kind != Kind::Deal && draft.record.text("name").is_none_or(|name| name.trim().is_empty()) {
        draft.wrong_about("name", "Name can't be empty");
    }
}
