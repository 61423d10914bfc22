//! What is read: stories, lists, counts, and when to look again.

use jiff::Timestamp;
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, SubmissionId};
use leadgate_store::StoreError;
use leadgate_store::model::{Attempt, JobFilter, JobId, JobStory, JobSummary, Progress, QueueStats, SubmissionStory};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row as _};

use crate::columns::{
    from_optional_json, id_bytes, lane, moment, optional_moment, raw_submission, state_from_json, submission_id,
    unsigned, unsigned_small, wrong,
};
use crate::error::{Failure, corrupt};
use crate::imports::waiting::ASIDE;
use crate::queue::{DONE, PARKED, WORKING};
use crate::session::Session;

/// How many jobs a list holds that does not say.
const USUAL_LIST: u32 = 100;

/// The progress under which a job is kept.
pub(crate) fn progress_of_job(stored: i16) -> Result<Progress, StoreError> {
    match stored {
        WORKING | ASIDE => Ok(Progress::Working),
        DONE => Ok(Progress::Done),
        PARKED => Ok(Progress::Parked),
        other => Err(corrupt("progress of a job", other)),
    }
}

struct InboxRow {
    seq: i64,
    raw: RawSubmission,
    accepted_at: Timestamp,
    repeats: u32,
}

struct JobRow {
    lane: Lane,
    progress: i16,
    state: String,
    due_at: Timestamp,
    outcome: Option<String>,
    ended_at: Option<Timestamp>,
    parking: Option<String>,
}

/// The whole story of a submission.
pub(crate) async fn story(
    connection: &mut Session,
    account: i64,
    id: SubmissionId,
) -> Result<Option<SubmissionStory>, Failure> {
    let Some(inbox) = inbox_row(connection, account, id).await? else { return Ok(None) };
    let job = job_row(connection, account, inbox.seq).await?;
    let progress = match &job {
        Some(job) => progress_of_job(job.progress)?,
        None => Progress::Received,
    };
    let parking = job.as_ref().and_then(|job| job.parking.as_deref());
    let parking = from_optional_json("parking", parking)?;
    let job = match job {
        Some(job) => {
            let attempts = attempts(connection, account, inbox.seq).await?;
            Some(job_story(JobId(inbox.seq), job, attempts)?)
        }
        None => None,
    };
    let (accepted_at, repeats) = (inbox.accepted_at, inbox.repeats);
    Ok(Some(SubmissionStory { id, raw: inbox.raw, accepted_at, progress, repeats, job, parking }))
}

async fn inbox_row(connection: &mut Session, account: i64, id: SubmissionId) -> Result<Option<InboxRow>, sqlx::Error> {
    let sql = "SELECT seq, accepted_at, repeats, route, target, body, label FROM inbox WHERE account = $1 AND id = $2";
    let found = sqlx::query(sql).bind(account).bind(id_bytes(&id)).fetch_optional(connection).await?;
    let read = |row: PgRow| {
        Ok(InboxRow {
            seq: row.try_get(0)?,
            accepted_at: moment(&row, 1)?,
            repeats: unsigned_small(&row, 2)?,
            raw: raw_submission(&row, 3)?,
        })
    };
    found.map(read).transpose()
}

async fn job_row(connection: &mut Session, account: i64, job: i64) -> Result<Option<JobRow>, sqlx::Error> {
    let sql =
        "SELECT lane, progress, state, due_at, outcome, ended_at, parking FROM jobs WHERE account = $1 AND id = $2";
    let found = sqlx::query(sql).bind(account).bind(job).fetch_optional(connection).await?;
    let read = |row: PgRow| {
        Ok(JobRow {
            lane: lane(&row, 0)?,
            progress: row.try_get(1)?,
            state: row.try_get(2)?,
            due_at: moment(&row, 3)?,
            outcome: row.try_get(4)?,
            ended_at: optional_moment(&row, 5)?,
            parking: row.try_get(6)?,
        })
    };
    found.map(read).transpose()
}

fn job_story(id: JobId, job: JobRow, attempts: Vec<Attempt>) -> Result<JobStory, StoreError> {
    Ok(JobStory {
        id,
        lane: job.lane,
        state: state_from_json(&job.state)?,
        due_at: (job.progress == WORKING).then_some(job.due_at),
        outcome: from_optional_json("outcome", job.outcome.as_deref())?,
        ended_at: job.ended_at,
        attempts,
    })
}

async fn attempts(connection: &mut Session, account: i64, job: i64) -> Result<Vec<Attempt>, sqlx::Error> {
    let sql = "SELECT call, at, took_ms, status, class, cost_milli, message FROM attempts
               WHERE account = $1 AND job = $2 ORDER BY id";
    let rows = sqlx::query(sql).bind(account).bind(job).fetch_all(connection).await?;
    rows.iter().map(attempt).collect()
}

fn attempt(row: &PgRow) -> Result<Attempt, sqlx::Error> {
    let status: Option<i64> = row.try_get(3)?;
    Ok(Attempt {
        call: row.try_get(0)?,
        at: moment(row, 1)?,
        took_ms: unsigned(row, 2)?,
        status: status.map(u16::try_from).transpose().map_err(|error| wrong(3, error))?,
        class: row.try_get(4)?,
        cost_milli: unsigned_small(row, 5)?,
        message: row.try_get(6)?,
    })
}

/// Jobs, the youngest first.
pub(crate) async fn jobs(
    connection: &mut Session,
    account: i64,
    filter: &JobFilter,
) -> Result<Vec<JobSummary>, Failure> {
    let Some(condition) = condition(filter) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT jobs.id, inbox.id, jobs.progress, jobs.lane, jobs.step, jobs.failures, jobs.due_at, inbox.accepted_at,
                jobs.parking
         FROM jobs JOIN inbox ON inbox.account = $1 AND inbox.seq = jobs.id
         WHERE jobs.account = $1 AND {condition} ORDER BY jobs.id DESC LIMIT $2"
    );
    let limit = if filter.limit == 0 { USUAL_LIST } else { filter.limit };
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(account).bind(i64::from(limit));
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(summary).collect()
}

/// The filter as SQL, made of numbers only; `None` if no job can pass it.
fn condition(filter: &JobFilter) -> Option<String> {
    let progress = match filter.progress {
        None => "true".to_owned(),
        Some(Progress::Received) => return None,
        Some(Progress::Working) => format!("jobs.progress = {WORKING}"),
        Some(Progress::Done) => format!("jobs.progress = {DONE}"),
        Some(Progress::Parked) => format!("jobs.progress = {PARKED}"),
    };
    Some(filter.job.map_or(progress.clone(), |job| format!("{progress} AND jobs.id = {}", job.0)))
}

fn summary(row: &PgRow) -> Result<JobSummary, Failure> {
    let progress: i16 = row.try_get(2)?;
    let parking: Option<&str> = row.try_get(8)?;
    Ok(JobSummary {
        id: JobId(row.try_get(0)?),
        submission: submission_id(row, 1)?,
        progress: progress_of_job(progress)?,
        lane: lane(row, 3)?,
        step: row.try_get(4)?,
        failures: unsigned_small(row, 5)?,
        due_at: if progress == WORKING { Some(moment(row, 6)?) } else { None },
        accepted_at: moment(row, 7)?,
        parking: from_optional_json("parking", parking)?,
    })
}

/// The lanes as a table, so that what each lane's index gives is asked for once.
const LANES: &str = "(VALUES (0::smallint), (1::smallint), (2::smallint), (3::smallint)) AS lanes (lane)";

/// When in each lane the next job is due or the next lease ends. A job behind another is not waited for: the one before it is.
pub(crate) async fn next_due_by_lane(
    connection: &mut Session,
    account: i64,
) -> Result<[Option<Timestamp>; 4], sqlx::Error> {
    let mut next_by_lane = [None; 4];
    for row in sqlx::query(AssertSqlSafe(next_due_sql())).bind(account).fetch_all(connection).await? {
        next_by_lane[usize::from(lane(&row, 0)?.rank())] = optional_moment(&row, 1)?;
    }
    Ok(next_by_lane)
}

/// Ready ones are due already; which of them is asked does not matter.
pub(crate) fn next_due_sql() -> String {
    format!(
        "SELECT lanes.lane, least(
             (SELECT due_at FROM jobs WHERE account = $1 AND queue = 1 AND lane = lanes.lane ORDER BY packable, id LIMIT 1),
             (SELECT wake_at FROM jobs WHERE account = $1 AND queue = 2 AND lane = lanes.lane ORDER BY wake_at LIMIT 1))
         FROM {LANES}"
    )
}

/// How much waits.
pub(crate) async fn stats(connection: &mut Session, account: i64) -> Result<QueueStats, sqlx::Error> {
    let mut stats = QueueStats::default();
    let sql = "SELECT lane, count(*) FROM jobs WHERE account = $1 AND progress = 0 GROUP BY lane";
    for row in sqlx::query(sql).bind(account).fetch_all(&mut *connection).await? {
        stats.open_by_lane[usize::from(lane(&row, 0)?.rank())] = unsigned(&row, 1)?;
    }
    let sql = "SELECT (SELECT count(*) FROM inbox WHERE account = $1 AND planning = 0),
                      (SELECT count(*) FROM jobs WHERE account = $1 AND progress = 2)";
    let row = sqlx::query(sql).bind(account).fetch_one(&mut *connection).await?;
    (stats.unplanned, stats.parked) = (unsigned(&row, 0)?, unsigned(&row, 1)?);
    stats.oldest_open = oldest_open(connection, account).await?;
    Ok(stats)
}

/// Rows are numbered in order of arrival, so the oldest is the first in one of the lanes: of the unplanned, or of the jobs at work.
async fn oldest_open(connection: &mut Session, account: i64) -> Result<Option<Timestamp>, sqlx::Error> {
    let sql = format!(
        "SELECT accepted_at FROM inbox WHERE account = $1 AND seq = least(
             (SELECT min(first.seq) FROM {LANES} CROSS JOIN LATERAL (
                  SELECT seq FROM inbox WHERE account = $1 AND planning = 0 AND lane = lanes.lane
                  ORDER BY seq LIMIT 1) AS first),
             (SELECT min(first.id) FROM {LANES} CROSS JOIN LATERAL (
                  SELECT id FROM jobs WHERE account = $1 AND progress = 0 AND lane = lanes.lane
                  ORDER BY id LIMIT 1) AS first))"
    );
    let found = sqlx::query(AssertSqlSafe(sql)).bind(account).fetch_optional(connection).await?;
    found.map(|row| moment(&row, 0)).transpose()
}

const _: () = assert!(Lane::ALL.len() == 4, "`LANES` names each lane");
