//! Who is on which marketing list. It stands on the contact, so a contact that is deleted and restored is on its lists again.

use serde_json::{Value, json};

use super::{Draft, read_id};
use crate::model::{Kind, Record, State};

const ATTRIBUTE: &str = "contact_list_ids";

/// `contact_list_ids` of a contact's body replaces its lists.
pub(super) fn read(draft: &mut Draft<'_>) {
    let ids: Option<Vec<i64>> = match draft.body.get(ATTRIBUTE) {
        None => return,
        Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(read_id).collect(),
        Some(one) => read_id(one).map(|id| vec![id]),
    };
    let lists = &draft.state.commerce().lists;
    match ids.filter(|ids| ids.iter().all(|&id| lists.get(id).is_some())) {
        Some(ids) => store(&mut draft.record, ids),
        None => draft.wrong("Invalid list provided."),
    }
}

fn lists_of(contact: &Record) -> Vec<i64> {
    contact.get(ATTRIBUTE).as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
}

fn store(contact: &mut Record, mut lists: Vec<i64>) {
    lists.sort_unstable();
    lists.dedup();
    contact.set(ATTRIBUTE, if lists.is_empty() { Value::Null } else { json!(lists) });
}

/// Whether a contact is on a list.
pub(crate) fn is_on(contact: &Record, list: i64) -> bool {
    contact.get(ATTRIBUTE).as_array().is_some_and(|lists| lists.iter().any(|id| id.as_i64() == Some(list)))
}

/// Ids of the contacts on a list.
pub(crate) fn members(state: &State, list: i64) -> Vec<i64> {
    state.table(Kind::Contact).live().filter(|contact| is_on(contact, list)).map(|contact| contact.id).collect()
}

/// Takes a contact off a list and puts it on another.
pub(crate) fn change(state: &mut State, contact: i64, off: Option<i64>, on: Option<i64>) {
    state.derive(Kind::Contact, contact, |contact| {
        let mut lists = lists_of(contact);
        lists.retain(|&id| Some(id) != off);
        lists.extend(on);
        store(contact, lists);
    });
}

/// Carries out the changes of whole lists whose time has come, on those who are on the list by then.
pub(crate) fn carry_out_due(state: &mut State) {
    let now = state.now();
    if !state.commerce().lists.has_due(now) {
        return;
    }
    state.changes.touch();
    for due in state.commerce_mut().lists.take_due(now) {
        for contact in members(state, due.from) {
            change(state, contact, Some(due.from), due.to);
        }
    }
}
