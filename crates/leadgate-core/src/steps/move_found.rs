//! Move a deal that the plan found, unless a guard holds it back. How the deal stands is read just before, once the job holds the deal: what an
//! earlier step saw of it is older than that. Only a deal that this very plan made a moment ago needs no look.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::guards::{Attempted, Judgement, MoveGuards};
use super::stage::{StageFound, find_stage};
use super::{
    DealFound, Findings, Next, ParkReason, Parking, StepAnswer, StepContext, StepEffect, StepTarget, Verdict, trace,
};
use crate::catalog::{NamedId, Section};
use crate::crm::{CrmCall, CrmFailure, CrmReply, DealStanding};
use crate::record::{Fields, RecordRef, Snapshot, field};

/// How long a deal is taken to stand as it was made by an earlier step or seen by this one. A quota that is used up holds a move up for longer.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// A deal to move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoveFoundStep {
    /// Which deal.
    pub target: StepTarget,
    /// The stage, by name.
    pub stage: String,
    /// What it is kept from.
    pub guards: MoveGuards,
    /// When what it is moved for happened.
    pub at: Timestamp,
    /// The job has had a turn to take hold of the deal, so that what is known of it is at hand.
    #[serde(default)]
    took_hold: bool,
    #[serde(default)]
    unknown: bool,
    /// A move was sent whose answer did not arrive.
    #[serde(default)]
    tried: bool,
    /// What this step itself saw of the deal.
    #[serde(default)]
    standing: Option<DealStanding>,
    /// When it was seen.
    #[serde(default)]
    standing_at: Option<Timestamp>,
    #[serde(default)]
    refreshed_from: Option<Timestamp>,
    #[serde(default)]
    gone: bool,
    #[serde(default)]
    done: Option<RecordRef>,
    #[serde(default)]
    trace: Option<i64>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl MoveFoundStep {
    /// The step for a move.
    pub fn new(target: StepTarget, stage: String, guards: MoveGuards, at: Timestamp) -> MoveFoundStep {
        MoveFoundStep {
            target,
            stage,
            guards,
            at,
            took_hold: false,
            unknown: false,
            tried: false,
            standing: None,
            standing_at: None,
            refreshed_from: None,
            gone: false,
            done: None,
            trace: None,
            story: Vec::new(),
        }
    }

    /// Whether a turn must pass first in which the job takes hold of the deal: guards look at what the gateway itself did to it.
    pub(crate) fn takes_hold(&mut self, findings: &Findings) -> bool {
        let first = !self.took_hold && self.target.record(findings).is_some();
        self.took_hold |= first;
        first
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let deal = self.target.record(context.findings).filter(|_| self.done.is_none() && !self.gone);
        let Some(deal) = deal else { return Next::Done };
        let Some(standing) = self.standing(deal, context) else { return Next::Call(CrmCall::ReadDeal(deal.id)) };
        let to = match self.destination(&standing, context) {
            Ok(Ok(to)) => to,
            Ok(Err(call)) => return Next::Call(call),
            Err(parking) => return Next::Park(parking),
        };
        match self.judge(&standing, to, context) {
            Judgement::Move => {
                let pipeline = to.parent.as_ref().map(|parent| parent.id);
                Next::Call(CrmCall::MoveDeal { deal: deal.id, stage: to.id, pipeline })
            }
            Judgement::There | Judgement::Held(_) => Next::Done,
        }
    }

    /// How the deal stands, if this step read it or an earlier one made it.
    fn standing(&self, deal: RecordRef, context: &StepContext<'_>) -> Option<DealStanding> {
        if self.unknown {
            return None;
        }
        let lately = |seen_at: Timestamp| context.now.duration_since(seen_at) <= BELIEVED_FOR;
        let made_lately = |found: &DealFound| found.created && found.id == deal.id && lately(found.seen_at);
        let seen_lately = self.standing.filter(|_| self.standing_at.is_some_and(lately));
        seen_lately.or_else(|| context.findings.deal.filter(made_lately).map(|found| found.standing))
    }

    /// The stage to move to, or the call that must be made before it can be told. Of several of one name, the one of the deal's own pipeline.
    fn destination<'a>(
        &self,
        standing: &DealStanding,
        context: &StepContext<'a>,
    ) -> Result<Result<&'a NamedId, CrmCall>, Parking> {
        let read = CrmCall::ReadCatalog(Section::Stages);
        let found = match find_stage(&self.stage, self.refreshed_from, context) {
            StageFound::ReadFirst => return Ok(Err(read)),
            StageFound::Stage { stage, .. } => stage,
            StageFound::Unknown(parking) => return Err(parking),
            StageFound::Unreadable => return Err(unreadable()),
        };
        let names = context.catalog.names(Section::Stages, Timestamp::MIN).unwrap_or_default();
        let same_name = |stage: &&NamedId| stage.name.trim().eq_ignore_ascii_case(self.stage.trim());
        let at_home = |stage: &&NamedId| stage.parent.as_ref().map(|parent| parent.id) == standing.pipeline;
        let stage =
            names.iter().filter(same_name).find(at_home).or_else(|| names.iter().find(|stage| stage.id == found));
        match stage {
            // Kept by an older version, which did not keep the order of the stages.
            Some(stage) if stage.stage.is_none() && self.refreshed_from.is_none() && !is_young(context) => {
                Ok(Err(read))
            }
            Some(stage) => Ok(Ok(stage)),
            None => Ok(Err(read)),
        }
    }

    fn judge(&self, standing: &DealStanding, to: &NamedId, context: &StepContext<'_>) -> Judgement {
        let names = context.catalog.names(Section::Stages, Timestamp::MIN).unwrap_or_default();
        let moved_for = standing.stage_since.and_then(|since| trace::moved_for(context.known_notes, since));
        let from = names.iter().find(|stage| Some(stage.id) == standing.stage);
        self.guards.judge(&Attempted { standing, from, to, at: self.at, moved_for, now: context.now })
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (CrmCall::ReadDeal(_), Ok(CrmReply::Record(snapshot))) => {
                (self.standing, self.standing_at) = (Some(standing_of(&snapshot)), Some(context.now));
                self.unknown = false;
            }
            (CrmCall::MoveDeal { deal, .. }, Ok(CrmReply::Deal { shown, .. })) => {
                self.story.push(format!("deal {deal} moved to \"{}\"", self.stage));
                let since = shown.get(field::STAGE_SINCE).and_then(|at| at.as_str()?.parse().ok());
                self.ended(since, context);
            }
            (_, Err(CrmFailure::NotFound)) => self.gone = true,
            (_, Err(CrmFailure::StaleId { .. })) if self.refreshed_from.is_none() => {
                self.refreshed_from = Some(context.now);
            }
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "moving the deal")),
            _ => {}
        }
        Verdict::Proceed
    }

    fn ended(&mut self, since: Option<Timestamp>, context: &StepContext<'_>) {
        self.done = self.target.record(context.findings);
        self.trace = since.map(|since| trace::of_move(since, self.at));
    }

    /// Whether the move may have been sent already: the deal was seen, however long ago.
    pub(crate) fn may_have_moved(&self) -> bool {
        self.standing.is_some()
    }

    pub(super) fn mark_unknown(&mut self) {
        self.unknown = true;
        self.tried = true;
        self.standing = None;
    }

    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.refreshed_from = Some(now);
        self.standing = None;
        self.gone = false;
    }

    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        if self.done.is_some() {
            return;
        }
        let Some(deal) = self.target.record(context.findings) else {
            return self.story.push("move skipped: there is no deal to move".to_owned());
        };
        if self.gone {
            return self.story.push(format!("move skipped: {deal} no longer exists"));
        }
        let Some(standing) = self.standing(deal, context) else { return };
        let Ok(Ok(to)) = self.destination(&standing, context) else { return };
        match self.judge(&standing, to, context) {
            Judgement::There if self.tried => {
                self.story.push(format!("{deal} was moved to \"{}\" although the answer was lost", to.name));
                self.ended(standing.stage_since, context);
            }
            Judgement::There => self.story.push(format!("{deal} is in \"{}\" already", to.name)),
            Judgement::Held(reason) => self.story.push(format!("move to \"{}\" skipped by {reason}", to.name)),
            Judgement::Move => {}
        }
    }

    pub(super) fn report(&self) -> StepEffect {
        StepEffect { note: self.done.zip(self.trace), ..StepEffect::default() }
    }
}

/// Whether the stages were read in this very minute: reading them again would show the same.
fn is_young(context: &StepContext<'_>) -> bool {
    let lately = context.now.saturating_sub(SignedDuration::from_secs(60)).unwrap_or(Timestamp::MIN);
    context.catalog.is_fresh(Section::Stages, lately)
}

fn unreadable() -> Parking {
    let message = "the key's user may not read the account's stages, so a deal can neither be moved nor guarded; \
                   give the user the right to see deals, then release this job";
    Parking::new(ParkReason::Forbidden, message)
}

pub(super) fn standing_of(snapshot: &Snapshot) -> DealStanding {
    let fields: &Fields = &snapshot.fields;
    let id = |name: &str| fields.get(name).and_then(serde_json::Value::as_i64);
    DealStanding {
        stage: id(field::STAGE_ID),
        pipeline: id(field::PIPELINE_ID),
        created_at: snapshot.created_at,
        stage_since: fields.get(field::STAGE_SINCE).and_then(|at| at.as_str()?.parse().ok()),
    }
}
