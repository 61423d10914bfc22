//! Leasing due jobs, and giving up the leases of a worker that died.

use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::model::{ClaimRequest, ClaimedJob, Lease};

use crate::error::{Failure, not_there_yet};
use crate::transaction::Work;

/// A leased job as its columns hold it; the JSON is read on the caller's side.
pub(crate) struct ClaimedRow {
    lease: Lease,
}

impl ClaimedRow {
    /// Reads the JSON.
    pub(crate) fn decode(self) -> Result<ClaimedJob, (Lease, StoreError)> {
        Err((self.lease, crate::error::store_error(&not_there_yet())))
    }
}

/// Leases due jobs, lane by lane.
pub(crate) async fn claim_due(_work: &mut Work, _request: &ClaimRequest) -> Result<Vec<ClaimedRow>, Failure> {
    Err(not_there_yet().into())
}

/// Gives up the leases of a worker: its jobs are due at once and remember when the lost lease was taken.
pub(crate) async fn abandon_leases(_work: &mut Work, _worker: &str, _now: Timestamp) -> Result<u64, sqlx::Error> {
    Err(not_there_yet())
}
