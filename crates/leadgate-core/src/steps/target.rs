//! Where a step acts: a record that is named, or what an earlier step of the plan found.

use serde::{Deserialize, Serialize};

use super::Findings;
use crate::record::{RecordKind, RecordRef};

/// Where a step acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepTarget {
    /// A record that the submission names.
    Record(RecordRef),
    /// The person that an earlier step found or made.
    Person,
    /// The deal that an earlier step found or made.
    Deal,
    /// The company that an earlier step found or made.
    Company,
}

impl StepTarget {
    /// The record, as far as it is known by now.
    pub fn record(self, findings: &Findings) -> Option<RecordRef> {
        match self {
            StepTarget::Record(record) => Some(record),
            StepTarget::Person => findings.person,
            StepTarget::Deal => findings.deal.map(|deal| RecordRef { kind: RecordKind::Deal, id: deal.id }),
            StepTarget::Company => findings.company.map(|id| RecordRef { kind: RecordKind::Company, id }),
        }
    }

    /// What it is, in words.
    pub(super) fn word(self) -> &'static str {
        match self {
            StepTarget::Record(record) => record.kind.name(),
            StepTarget::Person => "person",
            StepTarget::Deal => "deal",
            StepTarget::Company => "company",
        }
    }
}
