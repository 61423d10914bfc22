//! How a job ended: what its steps found and made, as the caller is told and the store keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::JobState;
use crate::record::{RecordRef, WrittenPerson};
use crate::steps::Step;

/// How a finished job ended, as the caller is told and the store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<RecordRef>,
    /// Whether the person was there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<bool>,
    /// Whether anything of the person was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// When the CRM said, in its last answer about the person, that they were last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Whether the person was put into the recycle bin, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<bool>,
    /// The person, where they were made without a look at their record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenPerson>,
    /// The company's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<i64>,
    /// The deal's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal: Option<i64>,
    /// The note's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<i64>,
    /// The person was forgotten, and with them what the job was and what it had come to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
    /// The record as the CRM showed it, where the caller expects that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Value>,
}

impl Outcome {
    fn take_written(&mut self, written: Option<&WrittenPerson>) {
        if let Some(written) = written {
            (self.existing, self.changed) = (Some(false), Some(true));
            self.written = Some(written.clone());
        }
    }
}

impl JobState {
    pub(super) fn outcome(&self) -> Outcome {
        let mut outcome =
            Outcome { person: self.findings.person, company: self.findings.company, ..Outcome::default() };
        outcome.removed = self.findings.person_removed;
        if self.findings.person.is_some() && outcome.removed.is_none() {
            outcome.existing = Some(!self.findings.person_created);
            outcome.changed = Some(self.findings.person_changed);
            outcome.as_of = self.findings.person_as_of;
        }
        for step in &self.steps {
            match step {
                Step::EnsureDeal(step) => outcome.deal = step.deal_id(),
                Step::MoveDeal(step) => {
                    outcome.deal = Some(step.deal);
                    outcome.shown = step.shown().cloned();
                }
                Step::AddNote(step) => outcome.note = step.note_id(),
                Step::FindDeal(step) => outcome.deal = step.deal_id().or(outcome.deal),
                Step::EnsurePerson(step) => outcome.take_written(step.written()),
                Step::EnsureCompany(_) | Step::Send(_) => {}
                Step::MoveFound(_) | Step::SetFields(_) | Step::AddEntry(_) | Step::Convert(_) | Step::AddToList(_) => {
                }
                Step::RemovePerson(_) | Step::ForgetPerson(_) => {}
            }
        }
        outcome
    }
}
