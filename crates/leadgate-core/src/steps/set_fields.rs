//! Set fields of a record that the plan found. Writing the same twice is writing it once, so a lost answer is no trouble; the record is read
//! first, because tags and custom fields are written whole.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::person::patch;
use super::{Next, Parking, StepAnswer, StepContext, StepTarget, Verdict};
use crate::crm::{CrmCall, CrmFailure, CrmReply};
use crate::record::{Fields, RecordKind, RecordRef, Snapshot};

/// Fields to set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetFieldsStep {
    /// On which record.
    pub target: StepTarget,
    /// What it is to say. Tags and custom fields are added to those it has; other values take the place of what was there.
    pub fields: Fields,
    #[serde(default)]
    seen: Option<Snapshot>,
    #[serde(default)]
    gone: bool,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl SetFieldsStep {
    /// The step for fields.
    pub fn new(target: StepTarget, fields: Fields) -> SetFieldsStep {
        SetFieldsStep { target, fields, seen: None, gone: false, done: false, story: Vec::new() }
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let record = self.target.record(context.findings).filter(|_| !self.done && !self.gone);
        let Some(record) = record else { return Next::Done };
        let Some(seen) = &self.seen else { return Next::Call(read(record)) };
        let patch = self.patch(seen);
        if patch.is_empty() { Next::Done } else { Next::Call(update(record, patch)) }
    }

    fn patch(&self, seen: &Snapshot) -> Fields {
        // What a reply leaves out is written rather than believed to be right.
        let shown = Snapshot { unread: std::collections::BTreeSet::new(), ..seen.clone() };
        let mut patch = patch(&shown, &self.fields, true);
        patch.retain(|name, value| !same_number(seen.fields.get(name), value));
        patch
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, _context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (
                CrmCall::UpdateDeal { fields, .. }
                | CrmCall::UpdatePerson { fields, .. }
                | CrmCall::UpdateCompany { fields, .. },
                Ok(_),
            ) => {
                let names: Vec<&str> = fields.keys().map(String::as_str).collect();
                self.story.push(format!("{} updated: {}", self.target.word(), names.join(", ")));
                self.done = true;
            }
            (_, Ok(CrmReply::Record(snapshot))) => self.seen = Some(snapshot),
            (_, Err(CrmFailure::NotFound)) => self.gone = true,
            (_, Err(failure)) => {
                return Verdict::Park(Parking::because(
                    &failure,
                    &format!("setting fields of the {}", self.target.word()),
                ));
            }
            _ => {}
        }
        Verdict::Proceed
    }

    pub(super) fn forget_record(&mut self) {
        self.seen = None;
    }

    /// Somebody may have written in between: the record is read anew.
    pub(super) fn look_again(&mut self, _now: Timestamp) {
        self.seen = None;
        self.gone = false;
    }

    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        let word = self.target.word();
        match self.target.record(context.findings) {
            _ if self.done => {}
            None => self.story.push(format!("fields skipped: there is no {word} to set them on")),
            Some(record) if self.gone => self.story.push(format!("fields skipped: {record} no longer exists")),
            Some(record) => self.story.push(format!("{record} says all of it already")),
        }
    }
}

/// `"49"` and `"49.0"` are one amount.
fn same_number(held: Option<&Value>, wished: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::String(text) => text.trim().parse::<rust_decimal::Decimal>().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    };
    held.and_then(number).zip(number(wished)).is_some_and(|(held, wished)| held == wished)
}

fn read(record: RecordRef) -> CrmCall {
    match record.kind {
        RecordKind::Deal => CrmCall::ReadDeal(record.id),
        RecordKind::Company => CrmCall::ReadCompany(record.id),
        RecordKind::Lead | RecordKind::Contact => CrmCall::ReadPerson(record),
    }
}

fn update(record: RecordRef, fields: Fields) -> CrmCall {
    match record.kind {
        RecordKind::Deal => CrmCall::UpdateDeal { deal: record.id, fields },
        RecordKind::Company => CrmCall::UpdateCompany { record, fields },
        RecordKind::Lead | RecordKind::Contact => CrmCall::UpdatePerson { record, fields },
    }
}
