//! From a look at a record to a plan: what changed, what the playbook answers, and what the mirror is to hold.

use jiff::{SignedDuration, Timestamp};

use super::{Compared, Found, MirrorUpdate, SeenBy, Sighting, compare};
use crate::hooks::words;
use crate::identity::IdentityKey;
use crate::lane::Lane;
use crate::plan::{Plan, PlanContext, PlanEffects, PlanMemory, Planned};
use crate::playbook::{Response, Trigger};

/// How far the account's clock may be ahead of the gateway's. A version further in the future is one that was read in the wrong time zone.
const FURTHEST_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The plan for a look. The mirror in `memory` is brought up to date, so that the next look of the same batch is compared with this one.
pub fn plan(sighting: &Sighting, context: &PlanContext<'_>, memory: &mut PlanMemory) -> Planned {
    let mut decisions = Vec::new();
    let sighting = settled(sighting.clone(), context, &mut decisions);
    let record = sighting.record;
    let watched_since = memory.watched.get(&record.kind).copied();
    let Compared { found, update } =
        compare(memory.records.get(&record), &sighting, watched_since, context.accepted_at);
    decisions.push(told(found, &sighting, update.as_ref()));
    let mut plan = Plan {
        steps: Vec::new(),
        keys: vec![IdentityKey::of_record(record)],
        recalls: Vec::new(),
        lane: Lane::Event,
        decisions,
    };
    if let Some(update) = &update {
        memory.records.insert(record, update.record.clone());
        answer(update, context, &mut plan);
    }
    let effects = PlanEffects { mirror: update.into_iter().collect(), found: Some(found), ..PlanEffects::default() };
    Planned { plan, effects }
}

/// The look with ids put into names, and without a version that cannot be.
fn settled(mut sighting: Sighting, context: &PlanContext<'_>, decisions: &mut Vec<String>) -> Sighting {
    let nameless = words::resolve(&mut sighting.fields, context.catalog);
    if !nameless.is_empty() {
        decisions.push(format!("left out {}: the account's names do not have that id yet", nameless.join(", ")));
    }
    if sighting.version.is_some_and(|version| is_ahead(version, context.accepted_at)) {
        sighting.version = None;
        decisions.push("its updated_at lies in the future: set [notifications] time_zone to the account's".to_owned());
    }
    sighting
}

fn is_ahead(version: Timestamp, now: Timestamp) -> bool {
    version.duration_since(now) > FURTHEST_AHEAD
}

/// What the playbook says to each change, as one plan.
fn answer(update: &MirrorUpdate, context: &PlanContext<'_>, plan: &mut Plan) {
    for change in &update.changes {
        let trigger = Trigger::Change(change, &update.record);
        let Response { steps, keys, decisions } = context.rules.rules.playbook.respond(trigger, context);
        plan.steps.extend(steps);
        plan.decisions.extend(decisions);
        let new = keys.into_iter().filter(|key| !plan.keys.contains(key)).collect::<Vec<_>>();
        plan.keys.extend(new);
    }
}

/// Names of fields only: values may be personal.
fn told(found: Found, sighting: &Sighting, update: Option<&MirrorUpdate>) -> String {
    let record = sighting.record;
    let fields: Vec<&str> =
        update.map(|update| update.changes.iter().map(|change| change.field.as_str()).collect()).unwrap_or_default();
    let fields = fields.join(", ");
    let by = match sighting.by {
        SeenBy::Webhook => "the notification",
        SeenBy::Poll => "a look at the CRM",
    };
    match found {
        Found::Stale => format!("{by} shows an older state of {record} than is known"),
        Found::Same if fields.is_empty() => format!("{by} shows {record} as it is known"),
        Found::Same => format!("{by} shows {record} as it is known, and names an event"),
        Found::Unsure => {
            format!("{by} shows another state of {record} within the same second; the next look at the CRM decides")
        }
        Found::First if fields.is_empty() => {
            format!("{by} is the first of {record}; it is remembered, nothing changed")
        }
        Found::First | Found::Changed => format!("{by} shows a change of {record}: {fields}"),
    }
}
