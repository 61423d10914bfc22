//! Put the person on a marketing list. Being put on it twice is being on it once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Next, ParkReason, Parking, StepAnswer, StepContext, Verdict};
use crate::catalog::{Resolved, Section};
use crate::crm::{CrmCall, CrmFailure};
use crate::record::RecordKind;

/// A list to put the person on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddToListStep {
    /// The list, by name.
    pub list: String,
    #[serde(default)]
    refreshed_from: Option<Timestamp>,
    #[serde(default)]
    refused: Option<String>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl AddToListStep {
    /// The step for a list.
    pub fn new(list: String) -> AddToListStep {
        AddToListStep { list, refreshed_from: None, refused: None, done: false, story: Vec::new() }
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let person = context.findings.person.filter(|_| !self.done && self.refused.is_none());
        let Some(person) = person else { return Next::Done };
        let Some(account) = context.catalog.account() else {
            return Next::Call(CrmCall::ReadCatalog(Section::Account));
        };
        if account.separate_leads || person.kind != RecordKind::Contact {
            return Next::Done;
        }
        let since = self.refreshed_from.unwrap_or_else(|| context.believed_since());
        match context.catalog.resolve(Section::Lists, &self.list, since) {
            Resolved::NeedsReading => Next::Call(CrmCall::ReadCatalog(Section::Lists)),
            Resolved::Found(list) => Next::Call(CrmCall::AddToList { list: list.id, contact: person.id }),
            Resolved::Unknown { valid } => {
                let message =
                    format!("the account has no marketing list \"{}\"; it has: {}", self.list, valid.join(", "));
                Next::Park(Parking { valid, ..Parking::new(ParkReason::UnknownName, message) })
            }
            Resolved::Unreadable => Next::Done,
        }
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (CrmCall::AddToList { contact, .. }, Ok(_)) => {
                self.story.push(format!("contact {contact} put on the list \"{}\"", self.list));
                self.done = true;
            }
            (_, Err(CrmFailure::NotFound | CrmFailure::StaleId { .. })) if self.refreshed_from.is_none() => {
                self.refreshed_from = Some(context.now);
            }
            (_, Err(CrmFailure::NotFound)) => self.refused = Some("the list or the contact is gone".to_owned()),
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "putting the contact on the list")),
            _ => {}
        }
        Verdict::Proceed
    }

    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.refreshed_from = Some(now);
        self.refused = None;
    }

    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        let leads_apart = context.catalog.account().is_some_and(|account| account.separate_leads);
        let reason = match (context.findings.person, &self.refused) {
            _ if self.done => return,
            (_, Some(reason)) => reason,
            (None, _) => "there is no person in the CRM",
            _ if leads_apart => "accounts of this kind have no marketing lists",
            _ => "the key's user may not read the account's marketing lists",
        };
        self.story.push(format!("list \"{}\" skipped: {reason}", self.list));
    }
}
