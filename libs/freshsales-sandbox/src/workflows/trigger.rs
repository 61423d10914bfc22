//! Which rules a write fires.

use std::sync::Arc;

use super::condition::Write;
use super::rule::{Trigger, Workflow};
use crate::model::changes::RecordChange;
use crate::model::{Record, State};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Created,
    Updated,
}

impl Trigger {
    fn covers(self, event: Event) -> bool {
        matches!(
            (self, event),
            (Self::CreatedOrUpdated, _) | (Self::Created, Event::Created) | (Self::Updated, Event::Updated)
        )
    }
}

/// Queues a delivery for every rule that this write fires. Called for every write that a person, a program or a rule
/// of the account makes, but not for what the account derives from other records.
pub(crate) fn record_written(state: &mut State, before: Option<&Arc<Record>>, after: &Arc<Record>) {
    if !state.workflows.rules().any(|(_, rule)| rule.enabled && rule.kind == after.kind) {
        return;
    }
    let Some(event) = event(state, before, after) else { return };
    let write = Write { state, before: before.map(AsRef::as_ref), after };
    let fires = |(id, rule): &(u64, &Workflow)| {
        rule.enabled
            && rule.kind == after.kind
            && rule.trigger.covers(event)
            && !(rule.once && state.workflows.has_fired(*id, after.id))
            && rule.conditions.holds(&write)
    };
    let fired: Vec<u64> = state.workflows.rules().filter(fires).map(|(id, _)| id).collect();
    let now = state.now();
    for id in fired {
        state.workflows.fire(id, after, now);
        if state.workflows.has_fired(id, after.id) {
            state.changes.note(now, || RecordChange::Fired(id, after.id));
        }
    }
}

/// Deleting and restoring are neither; an update that changes nothing is one only where the switch says so.
fn event(state: &State, before: Option<&Arc<Record>>, after: &Record) -> Option<Event> {
    match before {
        _ if after.deleted => None,
        None => Some(Event::Created),
        Some(before) if before.deleted => None,
        Some(before) if before.says_the_same(after) && !state.switches.webhook_on_unchanged_update => None,
        Some(_) => Some(Event::Updated),
    }
}
