//! Automatic assignment: runs after the reply to a write, so the reply shows the key's user and a later read the new owner.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::AssignmentRule;
use crate::model::agenda::Event;
use crate::model::{Kind, List, Record, State};

/// Notes down that the rules look at a new record, if one of them fits and the write named no owner.
pub(super) fn plan(state: &mut State, record: &Record, names_owner: bool) {
    let rule = state.rules.assignment.iter().find(|rule| fits(rule, record));
    let Some(after) = rule.map(|rule| rule.after_milliseconds).filter(|_| !names_owner) else { return };
    let after = SignedDuration::from_millis(i64::try_from(after).unwrap_or(i64::MAX));
    let due = state.now().checked_add(after).unwrap_or(jiff::Timestamp::MAX);
    state.agenda.put(due, Event::Assign(record.kind, record.id));
}

/// Hands a record to the user whose turn it is, by the first rule that fits.
pub(crate) fn run(state: &mut State, kind: Kind, id: i64) {
    let Some(record) = state.record(kind, id).cloned() else { return };
    let Some(at) = state.rules.assignment.iter().position(|rule| fits(rule, &record)) else { return };
    let rule = &mut state.rules.assignment[at];
    let owners = rule.owners.iter().copied().filter(|&id| state.catalog.entry(List::Users, id).is_some());
    let owners: Vec<i64> = owners.collect();
    let Some(&owner) = owners.get(rule.assigned % owners.len().max(1)) else { return };
    rule.assigned += 1;
    let now = state.now();
    state.edit(kind, id, |record| {
        record.set("owner_id", json!(owner));
        record.assigned_at = now;
    });
}

fn fits(rule: &AssignmentRule, record: &Record) -> bool {
    let mut conditions = rule.conditions.iter();
    let kind_fits = rule.kind == record.kind;
    kind_fits
        && conditions.all(|(name, expected)| {
            let value = record.custom.get(name).unwrap_or_else(|| record.get(name));
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => record.primary_email().filter(|_| name == "email").unwrap_or_default().to_owned(),
                other => other.to_string(),
            };
            text.eq_ignore_ascii_case(expected)
        })
}
