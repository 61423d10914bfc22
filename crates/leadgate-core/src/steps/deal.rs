//! Ensure a deal with a person: deals have no key, so the person's deals are read first unless the person was made a moment ago.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::stage::{StageFound, find_stage};
use super::{CLOCK_SKEW, Next, ParkReason, Parking, StepAnswer, StepContext, Verdict};
use crate::catalog::Section;
use crate::crm::{CrmCall, CrmFailure, CrmReply, DealSeen, NewDeal};
use crate::record::{RecordKind, RecordRef};

/// A deal to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealStep {
    /// Its name.
    pub name: String,
    /// Its amount, a decimal number.
    pub amount: Option<String>,
    /// Its stage, by name.
    pub stage: Option<String>,
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    looked: bool,
    #[serde(default)]
    first_write: Option<Timestamp>,
    #[serde(default)]
    refreshed_from: Option<Timestamp>,
    #[serde(default)]
    done: Option<i64>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl DealStep {
    /// The step for a deal.
    pub fn new(name: String, amount: Option<String>, stage: Option<String>) -> DealStep {
        DealStep {
            name,
            amount,
            stage,
            unknown: false,
            looked: false,
            first_write: None,
            refreshed_from: None,
            done: None,
            story: Vec::new(),
        }
    }

    /// The deal's id, once it is there.
    pub fn deal_id(&self) -> Option<i64> {
        self.done
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let Some(person) = context.findings.person else {
            return Next::Park(Parking::new(ParkReason::NotFound, "there is no person to make the deal with"));
        };
        // A lead carries its deal inside until it is converted.
        if self.done.is_some() || person.kind == RecordKind::Lead {
            return Next::Done;
        }
        let fresh_person = context.findings.person_is_new && self.first_write.is_none();
        if self.unknown || !(self.looked || fresh_person) {
            return Next::Call(CrmCall::ListDeals(person));
        }
        match self.creation(person, context) {
            Ok(call) => Next::Call(call),
            Err(parking) => Next::Park(parking),
        }
    }

    fn creation(&self, person: RecordRef, context: &StepContext<'_>) -> Result<CrmCall, Parking> {
        let mut deal = NewDeal {
            name: self.name.clone(),
            amount: self.amount.clone(),
            person,
            company: context.findings.company,
            stage: None,
            pipeline: None,
        };
        let Some(wanted) = &self.stage else { return Ok(CrmCall::CreateDeal(deal)) };
        match find_stage(wanted, self.refreshed_from, context) {
            StageFound::ReadFirst => return Ok(CrmCall::ReadCatalog(Section::Stages)),
            StageFound::Stage { stage, pipeline } => (deal.stage, deal.pipeline) = (Some(stage), pipeline),
            StageFound::Unknown(parking) => return Err(parking),
            StageFound::Unreadable => {}
        }
        Ok(CrmCall::CreateDeal(deal))
    }

    pub(super) fn forget_record(&mut self) {
        self.looked = false;
    }

    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.looked = false;
        self.refreshed_from = Some(now);
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (CrmCall::CreateDeal(_), Ok(CrmReply::Deal { id, .. })) => {
                self.story.push(format!("deal {id} created"));
                self.done = Some(id);
            }
            (CrmCall::ListDeals(_), Ok(CrmReply::Deals(deals))) => {
                self.looked = true;
                self.unknown = false;
                if let Some(found) = self.same(&deals) {
                    self.story.push(format!("deal {} of that name is with the person already", found.id));
                    self.done = Some(found.id);
                }
            }
            (CrmCall::CreateDeal(_), Err(CrmFailure::StaleId { .. })) if self.refreshed_from.is_none() => {
                self.refreshed_from = Some(context.now);
            }
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "making sure the deal exists")),
            _ => {}
        }
        Verdict::Proceed
    }

    /// A deal of the same name with the same person is the same deal; after a lost answer, the youngest of them.
    fn same<'a>(&self, deals: &'a [DealSeen]) -> Option<&'a DealSeen> {
        let since = self.first_write.and_then(|at| at.saturating_sub(CLOCK_SKEW).ok());
        let named = || deals.iter().filter(|deal| deal.name.trim().eq_ignore_ascii_case(self.name.trim()));
        let young = named().filter(|deal| deal.created_at.zip(since).is_some_and(|(at, since)| at >= since));
        young.max_by_key(|deal| deal.id).or_else(|| named().max_by_key(|deal| deal.id))
    }

    pub(super) fn mark_unknown(&mut self, since: Timestamp) {
        self.unknown = true;
        self.first_write.get_or_insert(since);
    }
}
