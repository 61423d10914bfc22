//! The inbox: keeping submissions, telling repeats apart, and reading those that wait for their plans.

use jiff::Timestamp;
use leadgate_core::lane::Lane;
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{AcceptOutcome, Dedupe, Digest, InboxEntry, NewSubmission};
use sqlx::PgConnection;

use crate::columns::{micros, moment, rank, raw_submission, submission_id};
use crate::error::not_there_yet;
use crate::transaction::Work;

/// A submission and its dedupe columns, ready to be stored.
#[derive(Clone, Debug)]
pub(crate) struct PreparedSubmission {
    pub(crate) submission: NewSubmission,
    pub(crate) kind: i16,
    pub(crate) digest: Digest,
    pub(crate) body_digest: Option<Digest>,
    pub(crate) until: i64,
    pub(crate) now: i64,
}

impl PreparedSubmission {
    pub(crate) fn new(submission: NewSubmission, now: Timestamp) -> PreparedSubmission {
        let (kind, digest, body_digest, within) = match submission.dedupe {
            Dedupe::Key { key, body, within } => (0, key, Some(body), within),
            Dedupe::Content { content, within } => (1, content, None, within),
        };
        let until = micros(now.saturating_add(within).unwrap_or(Timestamp::MAX));
        PreparedSubmission { submission, kind, digest, body_digest, until, now: micros(now) }
    }

    pub(crate) fn id(&self) -> SubmissionId {
        self.submission.id
    }
}

/// Keeps submissions in order, each unless it is a repeat, as part of a transaction that does more. One outcome for each, in order.
pub(crate) async fn accept(
    _work: &mut Work,
    _submissions: &[PreparedSubmission],
) -> Result<Vec<AcceptOutcome>, sqlx::Error> {
    Err(not_there_yet())
}

/// Submissions without a plan, lane by lane.
pub(crate) async fn unplanned(
    connection: &mut PgConnection,
    account: i64,
    per_lane: [u32; 4],
) -> Result<Vec<InboxEntry>, sqlx::Error> {
    let mut entries = Vec::new();
    for lane in Lane::ALL {
        let limit = per_lane[usize::from(lane.rank())];
        if limit > 0 {
            entries.extend(unplanned_in(&mut *connection, account, lane, limit).await?);
        }
    }
    Ok(entries)
}

async fn unplanned_in(
    connection: &mut PgConnection,
    account: i64,
    lane: Lane,
    limit: u32,
) -> Result<Vec<InboxEntry>, sqlx::Error> {
    let sql = "SELECT id, accepted_at, route, target, body, label FROM inbox
               WHERE account = $1 AND planning = 0 AND lane = $2 ORDER BY seq LIMIT $3";
    let rows = sqlx::query(sql).bind(account).bind(rank(lane)).bind(i64::from(limit)).fetch_all(connection).await?;
    let entry =
        |row| Ok(InboxEntry { id: submission_id(row, 0)?, accepted_at: moment(row, 1)?, raw: raw_submission(row, 2)? });
    rows.iter().map(entry).collect()
}
