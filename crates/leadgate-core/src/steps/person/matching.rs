//! Which of several records is the person, and what may be written to a record that exists.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::identity::{Email, Phone};
use crate::record::{Fields, KnownRecord, RecordKind, Snapshot, field};

/// Fields that point at other records. They are written when a person is made or when overwriting is asked for, and filled when a whole record
/// happens to be at hand; they are no reason to spend a request.
const RELATIONS: [&str; 5] =
    [field::SOURCE_ID, field::CAMPAIGN_ID, field::OWNER_ID, field::TERRITORY_ID, field::LIFECYCLE_STAGE_ID];

/// The record that is the person: a contact before a lead, the primary e-mail before a second one, the oldest before younger ones.
pub(super) fn choose(found: Vec<Snapshot>, email: Option<&Email>) -> Option<Snapshot> {
    let has_email = |snapshot: &Snapshot| email.is_some_and(|wanted| primary_is(snapshot, wanted));
    found.into_iter().min_by_key(|snapshot| {
        (snapshot.record.kind != RecordKind::Contact, !has_email(snapshot), snapshot.created_at, snapshot.record.id)
    })
}

pub(in crate::steps) fn primary_is(snapshot: &Snapshot, wanted: &Email) -> bool {
    let email = snapshot.fields.get(field::EMAIL).and_then(Value::as_str);
    email.is_some_and(|text| text.trim().eq_ignore_ascii_case(wanted.as_str()))
}

/// Whether a lookup's reply leaves out something that is needed to tell what may be written.
pub(super) fn must_read_whole(candidate: &Snapshot, fields: &Fields, overwrite: bool) -> bool {
    let needed = |name: &String| !RELATIONS.contains(&name.as_str()) && candidate.unread.contains(name);
    overwrite || fields.keys().any(needed)
}

/// What to write to an existing record: blanks only, unless told to overwrite. E-mail and life-cycle stage are never replaced.
pub(in crate::steps) fn patch(candidate: &Snapshot, fields: &Fields, overwrite: bool) -> Fields {
    let mut patch = Fields::new();
    for (name, value) in fields {
        let current = candidate.fields.get(name);
        let written = match name.as_str() {
            field::LIFECYCLE_STAGE_ID => None,
            field::TAGS => merged_tags(current, value),
            field::CUSTOM => merged_custom(current, value, overwrite),
            field::EMAIL => candidate.is_blank(name).then(|| value.clone()),
            _ if candidate.unread.contains(name) => None,
            _ if candidate.is_blank(name) => Some(value.clone()),
            _ => (overwrite && !same_value(name, current, value)).then(|| value.clone()),
        };
        patch.extend(written.map(|value| (name.clone(), value)));
    }
    patch
}

/// The tags with the new ones added, if any is new. The CRM replaces the whole list.
fn merged_tags(current: Option<&Value>, wished: &Value) -> Option<Value> {
    let mut tags: Vec<Value> = current.and_then(Value::as_array).cloned().unwrap_or_default();
    let before = tags.len();
    for tag in wished.as_array()? {
        if !tags.iter().any(|held| same_text(held, tag)) {
            tags.push(tag.clone());
        }
    }
    (tags.len() > before).then_some(Value::Array(tags))
}

/// The whole object with the new keys added, if any is new. Some accounts replace the whole object, so it is always sent whole.
fn merged_custom(current: Option<&Value>, wished: &Value, overwrite: bool) -> Option<Value> {
    let mut custom: Map<String, Value> = current.and_then(Value::as_object).cloned().unwrap_or_default();
    let mut changed = false;
    for (name, value) in wished.as_object()? {
        let blank = custom.get(name).is_none_or(crate::record::is_blank_value);
        if blank || (overwrite && custom.get(name) != Some(value)) {
            custom.insert(name.clone(), value.clone());
            changed = true;
        }
    }
    changed.then_some(Value::Object(custom))
}

/// Whether the record's mobile number is this phone, in any spelling.
pub(super) fn has_phone(snapshot: &Snapshot, phone: Option<&Phone>) -> bool {
    let wished = phone.map(|phone| Value::from(phone.to_write()));
    wished.is_some_and(|wished| same_value(field::MOBILE, snapshot.fields.get(field::MOBILE), &wished))
}

pub(super) fn same_value(name: &str, current: Option<&Value>, wished: &Value) -> bool {
    let Some(current) = current else { return false };
    if name == field::MOBILE
        && let (Some(held), Some(wished)) = (current.as_str(), wished.as_str())
    {
        return held == wished || Phone::parse(held, None).e164().is_some_and(|number| number == wished);
    }
    same_text(current, wished)
}

fn same_text(left: &Value, right: &Value) -> bool {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => left.trim() == right.trim(),
        _ => left == right,
    }
}

/// The names of filled fields, custom fields and tags one by one.
pub(super) fn filled(fields: &Fields) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (name, value) in fields.iter().filter(|(_, value)| !crate::record::is_blank_value(value)) {
        names.insert(name.clone());
        names.extend(parts(name, value));
    }
    names
}

/// Whether fields hold something that a remembered record did not have.
pub(super) fn adds_to(known: &KnownRecord, fields: &Fields) -> bool {
    fields.iter().any(|(name, value)| match name.as_str() {
        field::TAGS | field::CUSTOM => parts(name, value).any(|part| !known.filled.contains(&part)),
        name => !RELATIONS.contains(&name) && !known.filled.contains(name),
    })
}

fn parts<'a>(name: &'a str, value: &'a Value) -> Box<dyn Iterator<Item = String> + 'a> {
    match (name, value) {
        (field::TAGS, Value::Array(tags)) => {
            Box::new(tags.iter().filter_map(Value::as_str).map(move |tag| format!("{name}.{tag}")))
        }
        (field::CUSTOM, Value::Object(custom)) => {
            let filled = custom.iter().filter(|(_, value)| !crate::record::is_blank_value(value));
            Box::new(filled.map(move |(key, _)| format!("{name}.{key}")))
        }
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::record::RecordRef;

    fn snapshot(kind: RecordKind, id: i64, fields: Value) -> Snapshot {
        let fields = serde_json::from_value(fields).unwrap();
        Snapshot { record: RecordRef { kind, id }, created_at: None, updated_at: None, fields, unread: BTreeSet::new() }
    }

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    #[rstest]
    #[case::fills_blanks(json!({"city": ""}), json!({"city": "Oslo"}), false, json!({"city": "Oslo"}))]
    #[case::keeps_values(json!({"city": "Bergen"}), json!({"city": "Oslo"}), false, json!({}))]
    #[case::overwrites_if_asked(json!({"city": "Bergen"}), json!({"city": "Oslo"}), true, json!({"city": "Oslo"}))]
    #[case::never_writes_the_same(json!({"city": "Oslo"}), json!({"city": "Oslo "}), true, json!({}))]
    #[case::never_moves_back_to_lead(json!({}), json!({"lifecycle_stage_id": 1}), true, json!({}))]
    #[case::never_replaces_an_email(json!({"email": "a@x.io"}), json!({"email": "b@x.io"}), true, json!({}))]
    #[case::adds_tags(json!({"tags": ["a"]}), json!({"tags": ["a", "b"]}), false, json!({"tags": ["a", "b"]}))]
    #[case::keeps_custom(json!({"custom_field": {"cf_a": 1, "cf_b": null}}), json!({"custom_field": {"cf_a": 2, "cf_b": 3}}), false,
        json!({"custom_field": {"cf_a": 1, "cf_b": 3}}))]
    fn a_patch(#[case] held: Value, #[case] wished: Value, #[case] overwrite: bool, #[case] expected: Value) {
        let held = snapshot(RecordKind::Contact, 1, held);
        assert_eq!(patch(&held, &fields(wished), overwrite), fields(expected));
    }

    #[test]
    fn a_contact_comes_before_a_lead_and_the_primary_address_before_a_second_one() {
        let email = Email::parse("ada@example.com").unwrap();
        let lead = snapshot(RecordKind::Lead, 1, json!({"email": "ada@example.com"}));
        let second = snapshot(RecordKind::Contact, 2, json!({"email": "other@example.com"}));
        let primary = snapshot(RecordKind::Contact, 3, json!({"email": "Ada@Example.com"}));
        let chosen = choose(vec![lead, second, primary.clone()], Some(&email));
        assert_eq!(chosen, Some(primary));
    }

    #[test]
    fn a_repeat_with_nothing_new_adds_nothing() {
        let held = fields(json!({"city": "Oslo", "tags": ["a"], "custom_field": {"cf_a": 1}}));
        let known = KnownRecord { record: RecordRef { kind: RecordKind::Lead, id: 1 }, filled: filled(&held) };
        assert!(!adds_to(&known, &held));
        assert!(adds_to(&known, &fields(json!({"tags": ["b"]}))) && adds_to(&known, &fields(json!({"state": "NO"}))));
    }
}
