//! Releasing parked jobs.

use jiff::Timestamp;
use leadgate_store::model::{JobId, ReleaseOutcome};

use crate::error::{Failure, not_there_yet};
use crate::transaction::Work;

/// What one transaction of a release of all did.
pub(crate) struct ReleasedSome {
    /// How many it released.
    pub(crate) count: u64,
    /// The last it looked at; `None` if there are no more.
    pub(crate) last: Option<JobId>,
}

/// Makes a parked job due again.
pub(crate) async fn release(_work: &mut Work, _job: JobId, _now: Timestamp) -> Result<ReleaseOutcome, Failure> {
    Err(not_there_yet().into())
}

/// Releases the next parked jobs behind one. Those that cannot be read stay parked.
pub(crate) async fn release_some(_work: &mut Work, _after: JobId, _now: Timestamp) -> Result<ReleasedSome, Failure> {
    Err(not_there_yet().into())
}
