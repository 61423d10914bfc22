//! Setting the rows of an import aside and taking them up again.

use jiff::Timestamp;
use sqlx::PgConnection;

use crate::error::not_there_yet;

/// `progress` of a job that waits for its import to go on.
pub(crate) const ASIDE: i16 = 3;

/// Which of these jobs are rows of an import that does not go on.
pub(crate) async fn paused_among(
    _connection: &mut PgConnection,
    _account: i64,
    _jobs: &[i64],
) -> Result<Vec<i64>, sqlx::Error> {
    Ok(Vec::new())
}

/// Takes a job that is not leased out of every queue until its import goes on. Returns whether another one is ready now.
pub(crate) async fn set_aside(
    _connection: &mut PgConnection,
    _account: i64,
    _job: i64,
    _now: Timestamp,
) -> Result<bool, sqlx::Error> {
    Err(not_there_yet())
}
