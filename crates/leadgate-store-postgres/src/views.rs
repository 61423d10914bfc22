//! What is read: stories, lists, counts, and when to look again.

use jiff::Timestamp;
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{JobFilter, JobSummary, QueueStats, SubmissionStory};
use sqlx::PgConnection;

use crate::error::{Failure, not_there_yet};

/// The whole story of a submission.
pub(crate) async fn story(
    _connection: &mut PgConnection,
    _account: i64,
    _id: SubmissionId,
) -> Result<Option<SubmissionStory>, Failure> {
    Err(not_there_yet().into())
}

/// Jobs, the youngest first.
pub(crate) async fn jobs(
    _connection: &mut PgConnection,
    _account: i64,
    _filter: &JobFilter,
) -> Result<Vec<JobSummary>, Failure> {
    Err(not_there_yet().into())
}

/// When the next job is due or the next lease ends. A job behind another is not waited for: the one before it is.
pub(crate) async fn next_due(_connection: &mut PgConnection, _account: i64) -> Result<Option<Timestamp>, sqlx::Error> {
    Err(not_there_yet())
}

/// How much waits.
pub(crate) async fn stats(_connection: &mut PgConnection, _account: i64) -> Result<QueueStats, sqlx::Error> {
    Err(not_there_yet())
}
