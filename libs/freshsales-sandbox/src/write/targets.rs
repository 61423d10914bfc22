//! What is special to notes and tasks: the record they are about, and their required attributes.

use serde_json::{Value, json};

use super::{Draft, read_id};
use crate::model::Kind;

pub(super) fn read(draft: &mut Draft<'_>) {
    read_target(draft);
    match draft.record.kind {
        Kind::Task => read_task(draft),
        _ if draft.record.text("description").is_none_or(|text| text.trim().is_empty()) => {
            draft.wrong("Description can't be empty");
        }
        _ => {}
    }
}

/// `targetable_type`/`targetable_id`, or the `notable_*` pair that a popular guide teaches.
pub(super) fn read_target(draft: &mut Draft<'_>) {
    let body = draft.body;
    let pair = [("targetable_type", "targetable_id"), ("notable_type", "notable_id")]
        .into_iter()
        .find_map(|(kind, id)| Some((body.get(kind)?, body.get(id)?)));
    let Some((kind, id)) = pair else {
        if draft.is_new() && !read_targets(draft) {
            draft.wrong("Targetable can't be empty");
        }
        return;
    };
    match known(draft, kind, id) {
        Some(target) => draft.record.targets = vec![target],
        None => draft.wrong(INVALID),
    }
}

/// `targetables`: several records at once, each with its type and id. Tells whether there was such a list.
fn read_targets(draft: &mut Draft<'_>) -> bool {
    let Some(Value::Array(sent)) = draft.body.get("targetables") else { return false };
    let targets = sent.iter().map(|target| known(draft, target.get("type")?, target.get("id")?));
    match targets.collect::<Option<Vec<_>>>().filter(|targets| !targets.is_empty()) {
        Some(targets) => draft.record.targets = targets,
        None => draft.wrong(INVALID),
    }
    true
}

/// A live record that a type and an id name. The type comes in both spellings: `SalesAccount`, `sales_account`.
fn known(draft: &Draft<'_>, kind: &Value, id: &Value) -> Option<(Kind, i64)> {
    let kind = kind.as_str().and_then(Kind::parse).filter(|kind| Kind::SEARCHABLE.contains(kind))?;
    let id = read_id(id)?;
    draft.state.record(kind, id).map(|record| (kind, record.id))
}

const INVALID: &str = "Invalid targetable provided.";

fn read_task(draft: &mut Draft<'_>) {
    if draft.record.text("title").is_none_or(|title| title.trim().is_empty()) {
        draft.wrong("Title can't be empty");
    }
    if draft.record.get("due_date").is_null() && draft.sentences.is_empty() {
        draft.wrong("Due date can't be empty");
    }
    if draft.record.get("status").as_i64() != Some(1) && !draft.body.contains_key("completed_date") {
        draft.record.set("completed_date", Value::Null);
    }
    if let Some(Value::Array(users)) = draft.body.get("task_users_attributes") {
        let mut ids: Vec<i64> = draft.record.id_in("owner_id").into_iter().collect();
        ids.extend(users.iter().filter_map(|user| user.get("user_id").and_then(read_id)));
        ids.dedup();
        draft.record.set("user_ids", json!(ids));
    } else if draft.record.get("user_ids").is_null() {
        let owner: Vec<i64> = draft.record.id_in("owner_id").into_iter().collect();
        draft.record.set("user_ids", json!(owner));
    }
}
