//! Applies the rules to a trigger.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::build::{Builder, Subject};
use super::rule::Rule;
use super::{Playbook, Response, Trigger, view};
use crate::plan::PlanContext;
use crate::record::RecordKind;

impl Playbook {
    /// The kinds of record whose changes rules answer to.
    pub(crate) fn kinds(&self) -> BTreeSet<RecordKind> {
        RecordKind::ALL.into_iter().filter(|kind| self.rules.iter().any(|rule| rule.on.concerns(*kind))).collect()
    }

    /// What is to be done.
    pub fn respond(&self, trigger: Trigger<'_>, context: &PlanContext<'_>) -> Response {
        let at = moment(trigger, context);
        let seen = view::view(trigger, at, context.now);
        let mut builder = Builder::new(&self.templates, &seen, Subject::of(trigger, context), context, at);
        let mut decisions = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.on.matches(trigger)) {
            match self.holds(rule, &seen) {
                Ok(()) => {
                    decisions.push(format!("rule \"{}\" fired", rule.name));
                    rule.steps.iter().enumerate().for_each(|(position, step)| {
                        decisions.extend(builder.add(&rule.name, position, step));
                    });
                }
                Err(reason) => decisions.push(format!("rule \"{}\" did not fire: {reason}", rule.name)),
            }
        }
        if decisions.is_empty() && !self.rules.is_empty() {
            decisions.push(format!("no rule answers to {}", called(trigger)));
        }
        let (steps, keys) = builder.finish();
        Response { steps, keys, decisions }
    }

    fn holds(&self, rule: &Rule, seen: &serde_json::Map<String, serde_json::Value>) -> Result<(), String> {
        let Some(condition) = &rule.when else { return Ok(()) };
        match condition.holds(seen) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("its condition does not hold: {}", condition.source())),
            Err(reason) => Err(format!("its condition could not be told: {reason}")),
        }
    }
}

/// When it happened. What is said to come later than it arrived happened when it arrived: some clocks are ahead.
fn moment(trigger: Trigger<'_>, context: &PlanContext<'_>) -> Timestamp {
    let said = match trigger {
        Trigger::Event(event) => event.at,
        Trigger::Change(change, _) => Some(change.at),
    };
    said.unwrap_or(context.accepted_at).min(context.accepted_at)
}

fn called(trigger: Trigger<'_>) -> String {
    match trigger {
        Trigger::Event(event) => format!("the event \"{}\"", event.name),
        Trigger::Change(change, _) => format!("a change of {}.{}", change.record.kind.name(), change.field),
    }
}
