//! Submissions since a moment, page by page.

use leadgate_store::model::{SubmissionEntry, SubmissionFilter};
use sqlx::PgConnection;

use crate::error::{Failure, not_there_yet};

/// In order of arrival.
pub(crate) async fn submissions(
    _connection: &mut PgConnection,
    _account: i64,
    _filter: &SubmissionFilter,
) -> Result<Vec<SubmissionEntry>, Failure> {
    Err(not_there_yet().into())
}
