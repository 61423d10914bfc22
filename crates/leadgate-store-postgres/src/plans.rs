//! Turning planned submissions into jobs.

use jiff::Timestamp;
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::PlannedSubmission;

use crate::error::{Failure, not_there_yet};
use crate::transaction::Work;

/// A plan with its JSON written.
pub(crate) struct PreparedPlan {}

impl PreparedPlan {
    pub(crate) fn new(_planned: PlannedSubmission) -> Result<PreparedPlan, StoreError> {
        Ok(PreparedPlan {})
    }
}

/// Keeps plans as jobs, or parks their submissions.
pub(crate) async fn record_plans(
    _work: &mut Work,
    _plans: &[PreparedPlan],
    _now: Timestamp,
) -> Result<Vec<SubmissionId>, Failure> {
    Err(not_there_yet().into())
}
