//! Find a deal of the person, or make one: open ones first, the newest, of one pipeline if so wished. Deals have no key, so after a lost answer
//! the person's deals are read again. A listing may leave out how the deals stand; then they are read one by one, the likeliest first, until one fits.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::move_found::standing_of;
use super::stage::{StageFound, find_stage};
use super::{CLOCK_SKEW, DealFound, Findings, Next, Parking, StepAnswer, StepContext, StepEffect, Verdict, trace};
use crate::catalog::{NamedId, Section};
use crate::crm::{CrmCall, CrmFailure, CrmReply, DealSeen, DealStanding, NewDeal};
use crate::record::{RecordKind, RecordRef, Snapshot};

/// Which deal of the person is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DealWish {
    /// Closed deals count too.
    pub closed_too: bool,
    /// The pipeline, by name; none: any.
    pub pipeline: Option<String>,
    /// Of several, the oldest rather than the newest.
    pub oldest: bool,
    /// What to make if there is none.
    pub create: Option<DealToMake>,
}

/// A deal to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealToMake {
    /// Its name.
    pub name: String,
    /// Its amount, a decimal number.
    pub amount: Option<String>,
    /// Its stage, by name.
    pub stage: Option<String>,
}

/// A deal to find or make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindDealStep {
    /// Which.
    pub wish: DealWish,
    /// When what it is for happened.
    pub at: Timestamp,
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    looked: bool,
    /// The person's deals that have not been looked at, the likeliest first.
    #[serde(default)]
    candidates: Vec<DealSeen>,
    #[serde(default)]
    first_write: Option<Timestamp>,
    #[serde(default)]
    refreshed_from: Option<Timestamp>,
    #[serde(default)]
    found: Option<DealFound>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl FindDealStep {
    /// The step for a deal.
    pub fn new(wish: DealWish, at: Timestamp) -> FindDealStep {
        FindDealStep {
            wish,
            at,
            unknown: false,
            looked: false,
            candidates: Vec::new(),
            first_write: None,
            refreshed_from: None,
            found: None,
            story: Vec::new(),
        }
    }

    /// The deal's id, once it is known.
    pub fn deal_id(&self) -> Option<i64> {
        self.found.map(|found| found.id)
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let Some(person) = context.findings.person.filter(|_| self.found.is_none()) else { return Next::Done };
        if let Some(deal) = self.candidates.first() {
            return Next::Call(CrmCall::ReadDeal(deal.id));
        }
        if person.kind == RecordKind::Lead || (self.looked && !self.unknown && self.wish.create.is_none()) {
            return Next::Done;
        }
        if context.catalog.get(Section::Stages).is_none_or(|read| read.read_at < self.believed_since(context)) {
            return Next::Call(CrmCall::ReadCatalog(Section::Stages));
        }
        let nothing_yet = context.findings.person_is_new && self.first_write.is_none();
        if self.unknown || !(self.looked || nothing_yet) {
            return Next::Call(CrmCall::ListDeals(person));
        }
        match &self.wish.create {
            Some(make) => self.creation(make, person, context).map_or_else(Next::Park, Next::Call),
            None => Next::Done,
        }
    }

    fn believed_since(&self, context: &StepContext<'_>) -> Timestamp {
        self.refreshed_from.unwrap_or_else(|| context.believed_since())
    }

    fn creation(&self, make: &DealToMake, person: RecordRef, context: &StepContext<'_>) -> Result<CrmCall, Parking> {
        let mut deal = NewDeal {
            name: make.name.clone(),
            amount: make.amount.clone(),
            person,
            company: context.findings.company,
            stage: None,
            pipeline: self.pipeline(context),
        };
        let Some(stage) = &make.stage else { return Ok(CrmCall::CreateDeal(deal)) };
        let path = self.wish.pipeline.as_ref().map(|pipeline| format!("{pipeline} / {stage}"));
        match find_stage(path.as_ref().unwrap_or(stage), self.refreshed_from, context) {
            StageFound::ReadFirst => return Ok(CrmCall::ReadCatalog(Section::Stages)),
            StageFound::Stage { stage, pipeline } => (deal.stage, deal.pipeline) = (Some(stage), pipeline),
            StageFound::Unknown(parking) => return Err(parking),
            StageFound::Unreadable => {}
        }
        Ok(CrmCall::CreateDeal(deal))
    }

    /// The wished pipeline's id, if the account has it.
    fn pipeline(&self, context: &StepContext<'_>) -> Option<i64> {
        let wanted = self.wish.pipeline.as_ref()?.trim().to_lowercase();
        let mut parents = stages(context).iter().filter_map(|stage| stage.parent.as_ref());
        parents.find(|parent| parent.name.to_lowercase() == wanted).map(|parent| parent.id)
    }

    pub(super) fn forget_record(&mut self) {
        self.looked = false;
        self.candidates.clear();
    }

    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.forget_record();
        self.refreshed_from = Some(now);
    }

    pub(super) fn mark_unknown(&mut self, since: Timestamp) {
        self.unknown = true;
        self.candidates.clear();
        self.first_write.get_or_insert(since);
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (CrmCall::CreateDeal(deal), Ok(CrmReply::Deal { id, shown })) => {
                self.story.push(format!("deal {id} created"));
                let since = shown.get("stage_updated_time").and_then(|at| at.as_str()?.parse().ok());
                let (stage, pipeline) = (deal.stage, deal.pipeline);
                let standing = DealStanding { stage, pipeline, created_at: since, stage_since: since };
                self.found = Some(DealFound { id, created: true, standing, seen_at: context.now });
            }
            (CrmCall::ListDeals(_), Ok(CrmReply::Deals(deals))) => self.listed(deals, context),
            (CrmCall::ReadDeal(id), Ok(CrmReply::Record(snapshot))) => self.was_read(*id, &snapshot, context),
            (CrmCall::ReadDeal(id), Err(CrmFailure::NotFound)) => self.candidates.retain(|deal| deal.id != *id),
            (CrmCall::CreateDeal(_), Err(CrmFailure::StaleId { .. })) if self.refreshed_from.is_none() => {
                self.refreshed_from = Some(context.now);
            }
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "finding or making the deal")),
            _ => {}
        }
        Verdict::Proceed
    }

    fn listed(&mut self, mut deals: Vec<DealSeen>, context: &StepContext<'_>) {
        self.looked = true;
        self.unknown = false;
        deals.sort_by_key(|deal| (deal.created_at, deal.id));
        // What this very step made is the newest.
        if !self.wish.oldest || self.first_write.is_some() {
            deals.reverse();
        }
        self.candidates = deals;
        self.look_on(context);
    }

    fn was_read(&mut self, id: i64, snapshot: &Snapshot, context: &StepContext<'_>) {
        let Some(at) = self.candidates.iter().position(|deal| deal.id == id) else { return };
        let mut deal = self.candidates.remove(at);
        deal.standing = standing_of(snapshot);
        self.consider(&deal, context);
        self.look_on(context);
    }

    /// Looks at the next deals as far as the listing told how they stand.
    fn look_on(&mut self, context: &StepContext<'_>) {
        while self.found.is_none() && self.candidates.first().is_some_and(|deal| deal.standing.stage.is_some()) {
            let deal = self.candidates.remove(0);
            self.consider(&deal, context);
        }
    }

    /// Takes the deal if it is the one that is meant.
    fn consider(&mut self, deal: &DealSeen, context: &StepContext<'_>) {
        let ours = self.is_ours(deal);
        let pipeline = self.pipeline(context);
        let in_pipeline = self.wish.pipeline.is_none() || (pipeline.is_some() && deal.standing.pipeline == pipeline);
        if !(ours || (in_pipeline && (self.wish.closed_too || !is_closed(deal, context)))) {
            return;
        }
        let how = if ours { "was made although the answer was lost" } else { "is the deal of the person" };
        self.story.push(format!("deal {} {how}", deal.id));
        self.found = Some(DealFound { id: deal.id, created: ours, standing: deal.standing, seen_at: context.now });
        self.candidates.clear();
    }

    /// Whether an earlier attempt of this very step made the deal: same name, and not older than the attempt.
    fn is_ours(&self, deal: &DealSeen) -> bool {
        let Some((make, first_write)) = self.wish.create.as_ref().zip(self.first_write) else { return false };
        let since = first_write.saturating_sub(CLOCK_SKEW).unwrap_or(Timestamp::MIN);
        let made_at = deal.standing.created_at.or(deal.created_at);
        deal.name.trim().eq_ignore_ascii_case(make.name.trim()) && made_at.is_none_or(|at| at >= since)
    }

    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        let reason = match context.findings.person {
            _ if self.found.is_some() => return,
            None => "there is no person in the CRM to look for a deal with",
            Some(person) if person.kind == RecordKind::Lead => "a lead has no deals before it is converted",
            Some(_) if self.wish.closed_too => "the person has no such deal",
            Some(_) => "the person has no such open deal",
        };
        self.story.push(format!("skipped: {reason}"));
    }

    pub(super) fn report(&self, findings: &mut Findings) -> StepEffect {
        findings.deal = self.found;
        let made = self.found.filter(|found| found.created);
        let note = made.and_then(|found| {
            let record = RecordRef { kind: RecordKind::Deal, id: found.id };
            Some((record, trace::of_move(found.standing.stage_since?, self.at)))
        });
        StepEffect { note, ..StepEffect::default() }
    }
}

fn stages<'a>(context: &StepContext<'a>) -> &'a [NamedId] {
    context.catalog.names(Section::Stages, Timestamp::MIN).unwrap_or_default()
}

fn is_closed(deal: &DealSeen, context: &StepContext<'_>) -> bool {
    let stage = stages(context).iter().find(|stage| Some(stage.id) == deal.standing.stage);
    stage.and_then(|stage| stage.stage).is_some_and(|place| place.closed)
}
