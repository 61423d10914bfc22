//! What happened to each record, as it happened: the source of activities and timelines.
//!
//! Every committed write is compared with the record before it. What happens to a note, a task, an appointment and the
//! like is part of the history of each record it is about.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::columns::{Shape, columns};
use super::{Kind, Record};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Created,
    Updated,
    /// A task or an activity was marked done.
    Completed,
    Deleted,
    /// The record went to this user.
    OwnerChanged(i64),
    /// The deal went to this stage.
    StageChanged(i64),
}

/// An entry in the history of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) at: Timestamp,
    pub(crate) action: Action,
    /// The record in whose history it is.
    pub(crate) target: (Kind, i64),
    /// What it happened to: the record itself, or something that hangs on it.
    pub(crate) subject: (Kind, i64),
}

/// The histories of all records. Written to a snapshot as one list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Event>", into = "Vec<Event>")]
pub(crate) struct Histories {
    of_record: HashMap<(Kind, i64), Vec<Event>>,
    last_id: i64,
}

impl From<Vec<Event>> for Histories {
    fn from(events: Vec<Event>) -> Self {
        let mut histories = Self { last_id: FIRST_ID, ..Self::default() };
        for event in events {
            histories.last_id = histories.last_id.max(event.id);
            histories.of_record.entry(event.target).or_default().push(event);
        }
        histories
    }
}

impl From<Histories> for Vec<Event> {
    fn from(histories: Histories) -> Self {
        let mut events: Self = histories.of_record.into_values().flatten().collect();
        events.sort_by_key(|event| event.id);
        events
    }
}

const FIRST_ID: i64 = 70_900_000_000;

impl Histories {
    pub(crate) fn new() -> Self {
        Self::from(Vec::new())
    }

    /// Every entry of every history, oldest first.
    pub(crate) fn all(&self) -> Vec<Event> {
        Vec::from(self.clone())
    }

    /// The history of a record, oldest first.
    pub(crate) fn of(&self, kind: Kind, id: i64) -> &[Event] {
        self.of_record.get(&(kind, id)).map_or(&[], Vec::as_slice)
    }

    /// Notes what a write changed.
    pub(crate) fn written(&mut self, before: Option<&Record>, after: &Record, now: Timestamp) {
        for action in actions(before, after) {
            self.push(after, action, now);
        }
    }

    /// Notes that something which hangs on records is gone; a record that is gone takes its history along.
    pub(crate) fn forgotten(&mut self, record: &Record, now: Timestamp) {
        if Kind::SEARCHABLE.contains(&record.kind) {
            self.of_record.remove(&(record.kind, record.id));
        } else if !record.deleted {
            self.push(record, Action::Deleted, now);
        }
    }

    fn push(&mut self, record: &Record, action: Action, at: Timestamp) {
        let subject = (record.kind, record.id);
        let itself = [subject];
        let targets = if Kind::SEARCHABLE.contains(&record.kind) { &itself[..] } else { &record.targets };
        for &target in targets {
            self.last_id += 1;
            let event = Event { id: self.last_id, at, action, target, subject };
            self.of_record.entry(target).or_default().push(event);
        }
    }
}

/// What must have happened to a record that was not written but filled in, and to what hangs on it, where nothing else is noted of
/// that. Kept nowhere: for a million records it would take more memory than they do.
pub(crate) fn supposed<'a>(
    noted: &[Event],
    record: &'a Record,
    hanging: impl Iterator<Item = &'a Record>,
) -> Vec<Event> {
    let target = (record.kind, record.id);
    if noted.iter().any(|event| event.subject == target && event.action == Action::Created) {
        return Vec::new();
    }
    let is_noted = |subject: (Kind, i64), action: Action| {
        let same = |event: &Event| std::mem::discriminant(&event.action) == std::mem::discriminant(&action);
        noted.iter().any(|event| event.subject == subject && (subject != target || same(event)))
    };
    let mut supposed = Vec::new();
    for of in std::iter::once(record).chain(hanging) {
        let subject = (of.kind, of.id);
        let happened = actions(None, of).into_iter().filter(|&action| !is_noted(subject, action));
        let events = happened.zip(of.id * 10..);
        supposed.extend(events.map(|(action, id)| Event { id, at: of.created_at, action, target, subject }));
    }
    supposed
}

/// What a write did, in the order in which it shows.
fn actions(before: Option<&Record>, after: &Record) -> Vec<Action> {
    let Some(before) = before else {
        let mut actions = vec![Action::Created];
        if Kind::SEARCHABLE.contains(&after.kind) {
            actions.extend(after.id_in("owner_id").map(Action::OwnerChanged));
        }
        actions.extend(after.id_in("deal_stage_id").map(Action::StageChanged));
        return actions;
    };
    if after.deleted != before.deleted {
        return Vec::from_iter(after.deleted.then_some(Action::Deleted));
    }
    let mut actions = Vec::new();
    let moved = |name: &str| after.id_in(name).filter(|_| after.get(name) != before.get(name));
    if differs_otherwise(before, after) {
        actions.push(if is_done(after) && !is_done(before) { Action::Completed } else { Action::Updated });
    }
    if Kind::SEARCHABLE.contains(&after.kind) {
        actions.extend(moved("owner_id").map(Action::OwnerChanged));
    }
    actions.extend(moved("deal_stage_id").map(Action::StageChanged));
    actions
}

fn is_done(record: &Record) -> bool {
    let status = record.get("status");
    status.as_i64() == Some(1) || status.as_bool() == Some(true)
}

/// Whether anything that requests write is different, owner and stage excepted: these have entries of their own.
fn differs_otherwise(before: &Record, after: &Record) -> bool {
    let own_entry = |name: &str| {
        let searchable = Kind::SEARCHABLE.contains(&after.kind);
        (searchable && name == "owner_id") || matches!(name, "deal_stage_id" | "deal_pipeline_id" | "probability")
    };
    let written = columns(after.kind).iter().filter(|column| column.writable && column.shape != Shape::Computed);
    let mut attributes = written.filter(|column| !own_entry(column.name));
    attributes.any(|column| before.get(column.name) != after.get(column.name))
        || before.custom != after.custom
        || before.emails != after.emails
        || before.accounts != after.accounts
        || before.contacts != after.contacts
        || before.targets != after.targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_survive_a_snapshot_and_go_on_counting() {
        let mut histories = Histories::new();
        histories.written(None, &Record::new(Kind::Deal, 7, Timestamp::UNIX_EPOCH), Timestamp::UNIX_EPOCH);
        let text = serde_json::to_string(&histories).unwrap();
        let mut read: Histories = serde_json::from_str(&text).unwrap();
        assert_eq!(read.of(Kind::Deal, 7), histories.of(Kind::Deal, 7));
        read.written(None, &Record::new(Kind::Deal, 8, Timestamp::UNIX_EPOCH), Timestamp::UNIX_EPOCH);
        assert_eq!(read.of(Kind::Deal, 8)[0].id, histories.of(Kind::Deal, 7)[0].id + 1);
    }
}
