//! Guards: what keeps a deal from being moved. Pure, so that every case is a row of a table.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::catalog::NamedId;
use crate::crm::DealStanding;

/// A stage that changed within this time of the deal's making was set by making it.
const MAKING_TAKES: SignedDuration = SignedDuration::from_secs(2);

/// What a move is kept from. Nothing is allowed unless it is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MoveGuards {
    /// A deal may go back to an earlier stage of its pipeline.
    pub backwards: bool,
    /// A closed deal may be moved.
    pub closed: bool,
    /// A deal that somebody moved within so many seconds is left alone.
    pub touched_within: Option<i64>,
}

/// A move to be judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempted<'a> {
    /// How the deal stands.
    pub(super) standing: &'a DealStanding,
    /// The stage it is in, if the account's stages tell.
    pub(super) from: Option<&'a NamedId>,
    /// The stage it is to be in.
    pub(super) to: &'a NamedId,
    /// When what it is moved for happened.
    pub(super) at: Timestamp,
    /// The event that the gateway itself set the deal's present stage for.
    pub(super) moved_for: Option<Timestamp>,
    /// The present moment.
    pub(super) now: Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Move it.
    Move,
    /// It is there.
    There,
    /// A guard holds it back, with its reason.
    Held(String),
}

impl MoveGuards {
    pub(super) fn judge(&self, attempted: &Attempted<'_>) -> Judgement {
        if attempted.standing.stage == Some(attempted.to.id) {
            return Judgement::There;
        }
        let held = self.is_closed(attempted).or_else(|| self.goes_back(attempted)).or_else(|| by_time(attempted));
        held.or_else(|| self.was_touched(attempted)).map_or(Judgement::Move, Judgement::Held)
    }

    fn is_closed(&self, attempted: &Attempted<'_>) -> Option<String> {
        let from = attempted.from.filter(|from| !self.closed && from.stage.is_some_and(|place| place.closed))?;
        Some(format!("guard closed: the deal is closed in \"{}\"", from.name))
    }

    fn goes_back(&self, attempted: &Attempted<'_>) -> Option<String> {
        let (from, to) = (attempted.from?, attempted.to);
        let same_pipeline = from.parent.as_ref().map(|parent| parent.id) == to.parent.as_ref().map(|parent| parent.id);
        let back = from.stage?.position > to.stage?.position;
        (!self.backwards && same_pipeline && back)
            .then(|| format!("guard backwards: the deal is in \"{}\" already, which comes after", from.name))
    }

    fn was_touched(&self, attempted: &Attempted<'_>) -> Option<String> {
        let within = SignedDuration::from_secs(self.touched_within?);
        let since = moved_at(attempted.standing).filter(|_| attempted.moved_for.is_none())?;
        (attempted.now.duration_since(since) < within)
            .then(|| format!("guard touched_within: somebody moved the deal at {since:.0}"))
    }
}

/// What happened before the deal got where it is says nothing about where it should be.
fn by_time(attempted: &Attempted<'_>) -> Option<String> {
    let latest = attempted.moved_for.or_else(|| moved_at(attempted.standing))?;
    (attempted.at < latest).then(|| {
        format!("guard by time: this happened at {:.0}, and the deal was moved for what came later", attempted.at)
    })
}

/// When the deal was moved last; none if it never was.
fn moved_at(standing: &DealStanding) -> Option<Timestamp> {
    let since = standing.stage_since?;
    let made = standing.created_at.is_some_and(|at| since.duration_since(at) <= MAKING_TAKES);
    (!made).then_some(since)
}
