//! The uniqueness rules. Only live records count; a duplicate is refused, nothing is merged.
//! Source: official support articles on unique fields; wording seen in the wild.

use serde_json::Value;

use super::Draft;
use crate::model::columns::columns;
use crate::model::table::{Key, custom_key};
use crate::model::{Kind, Record, State};
use crate::wire::Refusal;

pub(super) fn check(draft: &Draft<'_>) -> Result<(), Refusal> {
    let record = &draft.record;
    let switches = &draft.state.switches;
    let taken = match record.kind {
        Kind::Contact => switches.contact_email_unique && email_taken(draft),
        Kind::SalesAccount => switches.account_name_unique && name_taken(draft),
        _ => false,
    };
    if taken || custom_taken(draft) || rule_taken(draft) {
        return Err(Refusal::NotUnique(format!("{} is not unique", record.kind.label())));
    }
    if record.kind == Kind::Contact && switches.mobile_unique && mobile_taken(draft) {
        return Err(Refusal::about("mobile_number", "The mobile number already exists."));
    }
    Ok(())
}

/// Empties what a copy may not share with its original, names excepted.
pub(super) fn clear_copied(state: &State, record: &mut Record) {
    let kind = record.kind;
    if kind == Kind::Contact && (state.switches.contact_email_unique || state.rules.has_unique(kind, "emails")) {
        record.emails.clear();
    }
    if kind == Kind::Contact && state.switches.mobile_unique {
        record.set("mobile_number", Value::Null);
    }
    let custom = state.custom_fields_of(kind).filter(|field| field.unique || state.rules.has_unique(kind, &field.name));
    for field in custom {
        record.custom.shift_remove(&field.name);
    }
    for column in
        columns(kind).iter().filter(|column| column.name != "name" && state.rules.has_unique(kind, column.name))
    {
        record.set(column.name, Value::Null);
    }
}

/// Fields that an admin has marked; custom ones are among them by their `cf_` names.
fn rule_taken(draft: &Draft<'_>) -> bool {
    let kind = draft.record.kind;
    let mut marked = draft.state.rules.unique.get(&kind).into_iter().flatten();
    marked.any(|name| match name.as_str() {
        "email" | "emails" => email_taken(draft),
        "name" => name_taken(draft),
        "mobile_number" => mobile_taken(draft),
        custom if custom.starts_with("cf_") => custom_value_taken(draft, custom),
        other => attribute_taken(draft, other),
    })
}

fn attribute_taken(draft: &Draft<'_>, name: &str) -> bool {
    let text = |record: &Record| custom_key(record.get(name)).map(|text| text.to_lowercase());
    let Some(own) = text(&draft.record) else { return false };
    let mut others = draft.state.table(draft.record.kind).live().filter(|other| other.id != draft.record.id);
    others.any(|other| text(other).as_ref() == Some(&own))
}

fn others<'a>(draft: &'a Draft<'_>, key: Key, value: &str) -> impl Iterator<Item = &'a Record> {
    let table = draft.state.table(draft.record.kind);
    let ids = table.find(key, value).into_iter().filter(|&id| id != draft.record.id);
    ids.filter_map(|id| table.get(id)).map(std::sync::Arc::as_ref)
}

fn email_taken(draft: &Draft<'_>) -> bool {
    let Some(address) = draft.record.primary_email() else { return false };
    others(draft, Key::Email, address)
        .any(|other| other.primary_email().is_some_and(|primary| primary.eq_ignore_ascii_case(address)))
}

fn name_taken(draft: &Draft<'_>) -> bool {
    draft.record.text("name").is_some_and(|name| others(draft, Key::Name, name).next().is_some())
}

fn mobile_taken(draft: &Draft<'_>) -> bool {
    draft.record.text("mobile_number").is_some_and(|number| others(draft, Key::Mobile, number).next().is_some())
}

fn custom_taken(draft: &Draft<'_>) -> bool {
    let mut unique = draft.state.custom_fields_of(draft.record.kind).filter(|field| field.unique);
    unique.any(|field| custom_value_taken(draft, &field.name))
}

fn custom_value_taken(draft: &Draft<'_>, name: &str) -> bool {
    let value = draft.record.custom.get(name).and_then(custom_key);
    value.is_some_and(|text| others(draft, Key::Custom(name.to_owned()), &text).next().is_some())
}
