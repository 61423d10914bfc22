//! Move a deal to a stage that a person wrote by name.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Next, ParkReason, Parking, StepAnswer, StepContext, Verdict};
use crate::catalog::{Resolved, Section};
use crate::crm::{CrmCall, CrmFailure, CrmReply};

/// What a stage's name means on the account.
pub(super) enum StageFound {
    /// The account's stages must be read first.
    ReadFirst,
    /// This one.
    Stage {
        /// Its id.
        stage: i64,
        /// Its pipeline's id.
        pipeline: Option<i64>,
    },
    /// None, even after reading them again.
    Unknown(Parking),
    /// The key's user may not read them.
    Unreadable,
}

/// Finds a stage by name. One that the catalog does not have may have been made since it was read: it is read again before saying no, but not more
/// than once a minute, however many typos come.
pub(super) fn find_stage(wanted: &str, refreshed_from: Option<Timestamp>, context: &StepContext<'_>) -> StageFound {
    let since = refreshed_from.unwrap_or_else(|| context.believed_since());
    match context.catalog.resolve(Section::Stages, wanted, since) {
        Resolved::NeedsReading => StageFound::ReadFirst,
        Resolved::Found(stage) => {
            StageFound::Stage { stage: stage.id, pipeline: stage.parent.as_ref().map(|parent| parent.id) }
        }
        Resolved::Unknown { valid } => {
            let lately = context.now.saturating_sub(SignedDuration::from_secs(60)).unwrap_or(Timestamp::MIN);
            if refreshed_from.is_none() && !context.catalog.is_fresh(Section::Stages, lately) {
                return StageFound::ReadFirst;
            }
            let message = format!("the account has no deal stage \"{wanted}\"; it has: {}", valid.join(", "));
            StageFound::Unknown(Parking { valid, ..Parking::new(ParkReason::UnknownName, message) })
        }
        Resolved::Unreadable => StageFound::Unreadable,
    }
}

/// A deal to move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageStep {
    /// The deal's id.
    pub deal: i64,
    /// The stage as the app wrote it.
    pub stage: String,
    /// Set when the account said that the id is stale: only a catalog read after this moment is believed.
    #[serde(default)]
    refreshed_from: Option<Timestamp>,
    #[serde(default)]
    shown: Option<Value>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl StageStep {
    /// The step for a move.
    pub fn new(deal: i64, stage: String) -> StageStep {
        StageStep { deal, stage, refreshed_from: None, shown: None, story: Vec::new() }
    }

    /// The deal as the CRM showed it after the move.
    pub fn shown(&self) -> Option<&Value> {
        self.shown.as_ref()
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        if self.shown.is_some() {
            return Next::Done;
        }
        match self.target(context) {
            Ok(call) => Next::Call(call),
            Err(parking) => Next::Park(parking),
        }
    }

    fn target(&self, context: &StepContext<'_>) -> Result<CrmCall, Parking> {
        match find_stage(&self.stage, self.refreshed_from, context) {
            StageFound::ReadFirst => Ok(CrmCall::ReadCatalog(Section::Stages)),
            StageFound::Stage { stage, pipeline } => Ok(CrmCall::MoveDeal { deal: self.deal, stage, pipeline }),
            StageFound::Unknown(parking) => Err(parking),
            StageFound::Unreadable => self.by_number(),
        }
    }

    /// The key may not read stages; a number can still be passed on.
    fn by_number(&self) -> Result<CrmCall, Parking> {
        match self.stage.trim().parse() {
            Ok(stage) => Ok(CrmCall::MoveDeal { deal: self.deal, stage, pipeline: None }),
            Err(_) => Err(Parking::new(
                ParkReason::Forbidden,
                "the key's user may not read the account's stages, so a stage can only be given by its id",
            )),
        }
    }

    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.refreshed_from = Some(now);
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (CrmCall::MoveDeal { stage, .. }, Ok(CrmReply::Deal { id, shown })) => {
                self.story.push(format!("deal {id} moved to stage {stage}"));
                self.shown = Some(shown);
            }
            (CrmCall::MoveDeal { .. }, Err(CrmFailure::StaleId { sentences })) => {
                return self.stale(sentences, context);
            }
            (CrmCall::MoveDeal { .. }, Err(failure)) => {
                return Verdict::Park(Parking::because(&failure, &format!("moving deal {}", self.deal)));
            }
            _ => {}
        }
        Verdict::Proceed
    }

    /// The account no longer has the stage under that id: read the stages again, once.
    fn stale(&mut self, sentences: Vec<String>, context: &StepContext<'_>) -> Verdict {
        if self.refreshed_from.is_none() {
            self.story.push("the account no longer knows the stage's id: reading its stages again".to_owned());
            self.refreshed_from = Some(context.now);
            return Verdict::Proceed;
        }
        let valid = match context.catalog.resolve(Section::Stages, "", Timestamp::MIN) {
            Resolved::Unknown { valid } => valid,
            _ => Vec::new(),
        };
        let message = format!(
            "the account refuses stage \"{}\" ({}); it has: {}",
            self.stage,
            sentences.join("; "),
            valid.join(", ")
        );
        Verdict::Park(Parking { valid, ..Parking::new(ParkReason::UnknownName, message) })
    }
}
