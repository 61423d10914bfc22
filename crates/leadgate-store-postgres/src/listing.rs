//! Submissions since a moment, page by page.

use jiff::{SignedDuration, Timestamp};
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{SubmissionEntry, SubmissionFilter};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::columns::{id_bytes, micros, moment, raw_submission, state_from_json, submission_id};
use crate::error::Failure;
use crate::session::Session;

/// By how much a clock may have been set back between two submissions without one being passed over.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_hours(1);

/// The last that came before a moment. Submissions are numbered in order of arrival, so what came later is read by number from there on.
pub(crate) const LAST_BEFORE: &str = "SELECT seq FROM inbox WHERE account = $1 AND accepted_at < $2
    ORDER BY accepted_at DESC, seq DESC LIMIT 1";

/// Before the first that came after a submission which was removed. Ids sort by time of arrival, but of requests at the same time the later id may be
/// in first; so some that come next by id are looked at, and the first of them by number counts.
pub(crate) const WOULD_STAND: &str = "SELECT coalesce(
    (SELECT min(seq) - 1 FROM (SELECT seq FROM inbox WHERE account = $1 AND id > $2 ORDER BY id LIMIT 1000) AS next),
    (SELECT max(seq) FROM inbox WHERE account = $1), 0)";

/// No routes: all of them.
pub(crate) const PAGE: &str =
    "SELECT inbox.id, inbox.accepted_at, jobs.state, inbox.route, inbox.target, inbox.body, inbox.label
     FROM inbox LEFT JOIN jobs ON jobs.account = $1 AND jobs.id = inbox.seq
     WHERE inbox.account = $1 AND inbox.seq > $2 AND inbox.accepted_at >= $3
       AND (cardinality($4::text[]) = 0 OR inbox.route = ANY ($4::text[]))
     ORDER BY inbox.seq LIMIT $5";

/// In order of arrival.
pub(crate) async fn submissions(
    connection: &mut Session,
    account: i64,
    filter: &SubmissionFilter,
) -> Result<Vec<SubmissionEntry>, Failure> {
    let after = match filter.after {
        Some(after) => place_of(connection, account, after).await?,
        None => start_of(connection, account, filter.since).await?,
    };
    let routes: Vec<&str> = filter.routes.iter().map(|route| route.name()).collect();
    let query = sqlx::query(PAGE).bind(account).bind(after).bind(micros(filter.since)).bind(routes);
    let rows = query.bind(i64::from(filter.limit)).fetch_all(connection).await?;
    rows.iter().map(entry).collect()
}

/// Before the first that may be of that moment.
async fn start_of(connection: &mut Session, account: i64, since: Timestamp) -> Result<i64, sqlx::Error> {
    let earlier = since.saturating_sub(CLOCK_SET_BACK).unwrap_or(Timestamp::MIN);
    let query = sqlx::query_scalar(LAST_BEFORE).bind(account).bind(micros(earlier));
    Ok(query.fetch_optional(connection).await?.unwrap_or(0))
}

/// Where in the order of arrival a page begins. After a submission that is no longer there, that is where it would stand.
async fn place_of(connection: &mut Session, account: i64, id: SubmissionId) -> Result<i64, sqlx::Error> {
    let sql = "SELECT seq FROM inbox WHERE account = $1 AND id = $2";
    let found = sqlx::query_scalar(sql).bind(account).bind(id_bytes(&id)).fetch_optional(&mut *connection).await?;
    match found {
        Some(seq) => Ok(seq),
        None => sqlx::query_scalar(WOULD_STAND).bind(account).bind(id_bytes(&id)).fetch_one(connection).await,
    }
}

fn entry(row: &PgRow) -> Result<SubmissionEntry, Failure> {
    let state: Option<&str> = row.try_get(2)?;
    Ok(SubmissionEntry {
        id: submission_id(row, 0)?,
        accepted_at: moment(row, 1)?,
        raw: raw_submission(row, 3)?,
        state: state.map(state_from_json).transpose()?,
    })
}
