//! Removing what is old and has ended.

use leadgate_store::retention::{OldRows, RemovedRows};

use crate::error::{Failure, not_there_yet};
use crate::transaction::Work;

/// Removes what may be removed, so much at most. Changes go first: a submission stays while one names it.
pub(crate) async fn remove_old(_work: &mut Work, _old: &OldRows) -> Result<RemovedRows, Failure> {
    Err(not_there_yet().into())
}
