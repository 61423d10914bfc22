//! Releasing parked jobs.

use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::model::{JobId, Progress, ReleaseOutcome};
use sqlx::Row as _;

use crate::columns::{micros, state_from_json};
use crate::error::Failure;
use crate::queue::{self, StateColumns, WORKING};
use crate::transaction::Work;
use crate::turns::place_or_set_aside;
use crate::views::progress_of_job;

/// Jobs released in one transaction, at most: short enough that the other writers of the account do not wait noticeably.
const MOST_RELEASED: i64 = 256;

/// What one transaction of a release of all did.
pub(crate) struct ReleasedSome {
    /// How many it released.
    pub(crate) count: u64,
    /// The last it looked at; `None` if there are no more.
    pub(crate) last: Option<JobId>,
}

/// Makes a parked job due again.
pub(crate) async fn release(work: &mut Work, job: JobId, now: Timestamp) -> Result<ReleaseOutcome, Failure> {
    let sql = "SELECT progress FROM jobs WHERE account = $1 AND id = $2";
    let found = sqlx::query_scalar(sql).bind(work.account).bind(job.0).fetch_optional(work.connection()).await?;
    let Some(progress) = found else { return Ok(ReleaseOutcome::NoSuchJob) };
    let progress = progress_of_job(progress)?;
    if progress != Progress::Parked {
        return Ok(ReleaseOutcome::NotParked(progress));
    }
    match release_parked(work, &[job.0], now).await?.pop() {
        Some((_, unreadable)) => Err(unreadable.into()),
        None => Ok(ReleaseOutcome::Released),
    }
}

/// Releases the next parked jobs behind one. Those that cannot be read stay parked.
pub(crate) async fn release_some(work: &mut Work, after: JobId, now: Timestamp) -> Result<ReleasedSome, Failure> {
    let sql = "SELECT id FROM jobs WHERE account = $1 AND progress = 2 AND id > $2 ORDER BY id LIMIT $3";
    let query = sqlx::query_scalar(sql).bind(work.account).bind(after.0).bind(MOST_RELEASED);
    let jobs: Vec<i64> = query.fetch_all(work.connection()).await?;
    let unreadable = release_parked(work, &jobs, now).await?;
    for (job, error) in &unreadable {
        tracing::warn!(account = work.account, job.id = job, %error, "a parked job cannot be read; it stays parked");
    }
    Ok(ReleasedSome { count: (jobs.len() - unreadable.len()) as u64, last: jobs.last().copied().map(JobId) })
}

/// Releases parked jobs. Returns those that cannot be read, with the reason; they are left as they are.
async fn release_parked(work: &mut Work, jobs: &[i64], now: Timestamp) -> Result<Vec<(i64, StoreError)>, sqlx::Error> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let anew = plan_anew(work, jobs).await?;
    let sql = "SELECT id, state FROM jobs WHERE account = $1 AND id = ANY ($2) ORDER BY id";
    let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
    for row in sqlx::query(sql).bind(work.account).bind(jobs).fetch_all(work.connection()).await? {
        let job: i64 = row.try_get(0)?;
        match released_state(row.try_get(1)?, now) {
            Ok(state) => readable.push((job, state)),
            Err(error) => unreadable.push((job, error)),
        }
    }
    put_back(work, &readable, now).await?;
    work.announcements.work |= anew > 0 || !readable.is_empty();
    Ok(unreadable)
}

/// Has submissions that could not be planned planned anew, and takes their jobs away. Returns how many there were.
async fn plan_anew(work: &mut Work, jobs: &[i64]) -> Result<u64, sqlx::Error> {
    let sql = "WITH anew AS (
                   UPDATE inbox SET planning = 0 WHERE account = $1 AND seq = ANY ($2) AND planning = 2 RETURNING seq
               )
               DELETE FROM jobs USING anew WHERE jobs.account = $1 AND jobs.id = anew.seq";
    let done = sqlx::query(sql).bind(work.account).bind(jobs).execute(work.connection()).await?;
    Ok(done.rows_affected())
}

fn released_state(stored: &str, now: Timestamp) -> Result<StateColumns, StoreError> {
    let mut state = state_from_json(stored)?;
    state.release(now);
    StateColumns::new(&state)
}

async fn put_back(work: &mut Work, jobs: &[(i64, StateColumns)], now: Timestamp) -> Result<(), sqlx::Error> {
    if jobs.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE jobs SET state = new.state, step = new.step, failures = new.failures, progress = $2, due_at = $3,
                   packable = new.packable, parking = NULL, ended_at = NULL
               FROM unnest($4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::smallint[])
                   AS new (id, state, step, failures, packable)
               WHERE jobs.account = $1 AND jobs.id = new.id";
    let ids: Vec<i64> = jobs.iter().map(|(job, _)| *job).collect();
    sqlx::query(sql)
        .bind(work.account)
        .bind(WORKING)
        .bind(micros(now))
        .bind(&ids)
        .bind(jobs.iter().map(|(_, state)| state.json.as_str()).collect::<Vec<_>>())
        .bind(jobs.iter().map(|(_, state)| state.step).collect::<Vec<_>>())
        .bind(jobs.iter().map(|(_, state)| state.failures).collect::<Vec<_>>())
        .bind(jobs.iter().map(|(_, state)| state.packable).collect::<Vec<_>>())
        .execute(work.connection())
        .await?;
    let account = work.account;
    queue::rejoin(work.connection(), account, &ids).await?;
    let jobs = jobs.iter().map(|(job, state)| (*job, state.may_have_written)).collect();
    place_or_set_aside(work, jobs, now).await.map(|_| ())
}
