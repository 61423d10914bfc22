//! Recording what came of turns: the new state, the attempt, what was learned, and what is next.

use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::model::{Lease, TurnOutcome, TurnRecord};

use crate::error::{Failure, not_there_yet};
use crate::transaction::Work;

/// A turn with its JSON written.
pub(crate) struct PreparedTurn {}

impl PreparedTurn {
    pub(crate) fn new(_turn: TurnRecord) -> Result<PreparedTurn, StoreError> {
        Ok(PreparedTurn {})
    }
}

/// Records turns and the budget.
pub(crate) async fn finish_turns(
    _work: &mut Work,
    (_turns, _budget): (&[PreparedTurn], Option<&str>),
    _now: Timestamp,
) -> Result<Vec<TurnOutcome>, Failure> {
    Err(not_there_yet().into())
}

/// Parks a leased job whose stored state cannot be read, so that it does not come up for ever; the state is left as it is.
pub(crate) async fn park_unreadable(
    _work: &mut Work,
    (_lease, _parking): (Lease, &str),
    _now: Timestamp,
) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}
