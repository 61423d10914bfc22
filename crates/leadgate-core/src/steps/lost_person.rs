//! Recognising that the person whom an earlier step found or remembered is gone: deleted, or merged into another record since.
//!
//! The job then finds or makes the person again, and the step goes on against the record that the person has now.

use super::{Findings, Step, StepTarget};
use crate::crm::{CrmCall, CrmFailure};
use crate::record::{RecordKind, RecordRef};

/// Whether a refusal says that the record of the plan's person is gone. A record that the submission names itself is not looked for elsewhere.
pub(crate) fn is_lost(step: &Step, call: &CrmCall, failure: &CrmFailure, findings: &Findings) -> bool {
    let person = findings.person.filter(|person| acts_on(step, *person));
    person.is_some() && concerned(call, failure) == person
}

fn acts_on(step: &Step, person: RecordRef) -> bool {
    match step {
        Step::AddNote(step) => step.target == StepTarget::Person,
        Step::AddEntry(step) => step.target == StepTarget::Person,
        Step::SetFields(step) => step.target == StepTarget::Person,
        Step::EnsureDeal(_) | Step::FindDeal(_) | Step::AddToList(_) => true,
        // A lead that is gone may have become a contact, which the step finds out itself.
        Step::Convert(_) => person.kind == RecordKind::Contact,
        Step::EnsureCompany(_) | Step::EnsurePerson(_) | Step::MoveDeal(_) | Step::MoveFound(_) | Step::Send(_) => {
            false
        }
        // Who is gone already need not be removed.
        Step::RemovePerson(_) | Step::ForgetPerson(_) => false,
    }
}

/// The record that a refusal may be about.
fn concerned(call: &CrmCall, failure: &CrmFailure) -> Option<RecordRef> {
    match (call, failure) {
        // Accounts say of a record that is gone that it does not exist, or that the target is invalid.
        (CrmCall::AddNote { record, .. }, CrmFailure::NotFound | CrmFailure::Invalid { .. }) => Some(*record),
        (CrmCall::AddTask(task), CrmFailure::NotFound | CrmFailure::Invalid { .. }) => Some(task.record),
        (CrmCall::AddActivity(activity), CrmFailure::NotFound | CrmFailure::Invalid { .. }) => Some(activity.record),
        (
            CrmCall::ListNotes(record)
            | CrmCall::ListTasks(record)
            | CrmCall::ListActivities(record)
            | CrmCall::ListDeals(record)
            | CrmCall::ReadPerson(record)
            | CrmCall::UpdatePerson { record, .. },
            CrmFailure::NotFound,
        ) => Some(*record),
        (CrmCall::CreateDeal(deal), CrmFailure::NotFound) => Some(deal.person),
        (CrmCall::AddToList { contact, .. }, CrmFailure::NotFound) => {
            Some(RecordRef { kind: RecordKind::Contact, id: *contact })
        }
        _ => None,
    }
}

impl Step {
    /// Forgets what was seen of the record that the person was. What may have been written to it is not forgotten: where records were merged, it
    /// is with the record that was kept.
    pub(crate) fn forget_record(&mut self) {
        match self {
            Step::SetFields(step) => step.forget_record(),
            Step::Convert(step) => step.forget_record(),
            Step::EnsureDeal(step) => step.forget_record(),
            Step::FindDeal(step) => step.forget_record(),
            _ => {}
        }
    }
}
