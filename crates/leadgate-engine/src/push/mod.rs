//! Pushing: claim jobs, pack their calls, make them, record what came of them.
//!
//! Cast: [`claim`] leases what is due and affordable and settles what needs no call, with what [`by_copy`] finds in the copy of the account; [`work`] makes one call for its pack and records the
//! turns; [`Leased`] is a job in between, [`in_hand`] remembers which there are.

mod by_copy;
mod claim;
mod in_hand;
mod work;

use std::sync::Arc;

use jiff::Timestamp;
use leadgate_core::catalog::Catalog;
use leadgate_core::copied::Copied;
use leadgate_core::crm::CrmCall;
use leadgate_core::identity::IdentityKey;
use leadgate_core::job::{Turn, TurnContext};
use leadgate_core::lane::Lane;
use leadgate_core::pack::Sharing;
use leadgate_core::steps::StepEffect;
use leadgate_store::model::{Attempt, ClaimedJob, Then, TurnRecord};

use crate::metrics;
use crate::permit::HeldPermit;

pub(crate) use in_hand::Hand;
use in_hand::InHand;

/// A call that was paid for, and the jobs it is made for.
pub(crate) struct PaidPack {
    pub(crate) permit: HeldPermit,
    pub(crate) lane: Lane,
    pub(crate) call: CrmCall,
    pub(crate) members: Vec<Leased>,
}

/// What claiming gave.
pub(crate) struct Claimed {
    /// Calls to make.
    pub(crate) packs: Vec<PaidPack>,
    /// Jobs that were leased.
    pub(crate) leased: usize,
    /// Jobs that ended without a call.
    pub(crate) ended: usize,
}

/// A leased job and what its turn has produced so far.
pub(crate) struct Leased {
    job: ClaimedJob,
    in_hand: InHand,
    effects: Vec<StepEffect>,
    /// The call of this turn, as the job itself would make it alone.
    call: Option<CrmCall>,
    /// Whom its calls are made to be shared with.
    sharing: Sharing,
    /// What the copy of the account has of its identities.
    copied: Option<Copied>,
}

impl Leased {
    fn new(job: ClaimedJob, in_hand: InHand, sharing: Sharing) -> Leased {
        Leased { job, in_hand, effects: Vec::new(), call: None, sharing, copied: None }
    }

    /// What the job needs next.
    fn advance(&mut self, catalog: &Catalog, now: Timestamp) -> Turn {
        let job = &mut self.job;
        let sharing = self.sharing;
        let (known, copied) = (&job.known, self.copied.as_ref());
        let context = TurnContext { now, catalog, known, copied, known_notes: &job.known_notes, sharing };
        job.state.advance(&context, &mut self.effects)
    }

    /// The record that the next call writes to without a key, if the job does not hold it yet: notes on one record are added one at a time, whoever
    /// they come from, or reading back could not tell whose a note is; a deal is moved by one job at a time.
    fn missing_key(&self) -> Option<IdentityKey> {
        let key = IdentityKey::of_record(self.job.state.held_record()?);
        (!self.job.keys.contains(&key)).then_some(key)
    }

    /// Ends the turn.
    fn record(self, attempt: Option<Attempt>, add_key: Option<IdentityKey>, then: Then, now: Timestamp) -> EndedTurn {
        self.count_end(&then, now);
        let Leased { job, in_hand, effects, .. } = self;
        let lane = job.lane;
        let record = TurnRecord { lease: job.lease, state: job.state, attempt, effects, add_key, then };
        EndedTurn { lane, in_hand, record }
    }

    fn count_end(&self, then: &Then, now: Timestamp) {
        let end = match then {
            Then::DueAt(_) => return,
            Then::Finished(_) => "done",
            Then::Parked(parking) => {
                tracing::warn!(
                    job.id = self.job.lease.job.0,
                    submission.id = %self.job.submission,
                    parking.reason = parking.reason.name(),
                    "job {} was parked ({}); see it with: leadgate jobs show {}",
                    self.job.lease.job,
                    parking.reason.name(),
                    self.job.lease.job,
                );
                parking.reason.name()
            }
        };
        let step = self.job.state.steps.last().map_or("none", |step| step.name());
        metrics::ended(step, end);
        metrics::landed(self.job.lane, self.job.accepted_at, now);
    }
}

/// A turn to record, and the lane that its job leaves if it ended.
pub(crate) struct EndedTurn {
    lane: Lane,
    in_hand: InHand,
    record: TurnRecord,
}

/// What a turn that needs no call means for the job; a call becomes "due at once".
fn then_of(turn: Turn, now: Timestamp) -> Then {
    match turn {
        Turn::Call(_) => Then::DueAt(now),
        Turn::Wait(until) => Then::DueAt(until),
        Turn::Finished(outcome) => Then::Finished(*outcome),
        Turn::Park(parking) => Then::Parked(parking),
    }
}

/// The catalog as one pass sees it.
type SharedCatalog = Arc<Catalog>;
