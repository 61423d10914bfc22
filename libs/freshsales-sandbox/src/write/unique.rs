//! The uniqueness rules. Only live records count; a duplicate is refused, nothing is merged.
//! Source: official support articles on unique fields; wording seen in the wild.

use super::Draft;
use crate::model::table::Key;
use crate::model::{Kind, Record};
use crate::wire::Refusal;

pub(super) fn check(draft: &Draft<'_>) -> Result<(), Refusal> {
    let record = &draft.record;
    let switches = &draft.state.switches;
    let taken = match record.kind {
        Kind::Contact => (switches.contact_email_unique && email_taken(draft)) || custom_taken(draft),
        Kind::SalesAccount => (switches.account_name_unique && name_taken(draft)) || custom_taken(draft),
        Kind::Lead | Kind::Deal => custom_taken(draft),
        Kind::Note | Kind::Task => false,
    };
    if taken {
        return Err(Refusal::NotUnique(format!("{} is not unique", record.kind.label())));
    }
    if record.kind == Kind::Contact && switches.mobile_unique && mobile_taken(draft) {
        return Err(Refusal::invalid("The mobile number already exists."));
    }
    Ok(())
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
    let kind = draft.record.kind;
    let mut unique = draft.state.custom_fields_of(kind).filter(|field| field.unique);
    unique.any(|field| {
        let Some(value) = draft.record.custom.get(&field.name) else { return false };
        let key = Key::Custom(field.name.clone());
        crate::model::table::custom_key(value).is_some_and(|text| others(draft, key, &text).next().is_some())
    })
}
