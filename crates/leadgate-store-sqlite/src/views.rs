//! What is read: stories, lists, counts, and when to look again.

use jiff::Timestamp;
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, SubmissionId};
use leadgate_store::StoreError;
use leadgate_store::model::{Attempt, JobFilter, JobId, JobStory, JobSummary, Progress, QueueStats, SubmissionStory};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::columns::{Id, LaneRank, Micros, from_optional_json, raw_submission, state_from_json};
use crate::error::{corrupt, store_error};
use crate::imports::waiting::ASIDE;
use crate::queue::{DONE, PARKED, WORKING};

/// How many jobs a list holds that does not say.
const USUAL_LIST: u32 = 100;

/// The progress under which a job is kept.
pub(crate) fn progress_of_job(stored: i64) -> Result<Progress, StoreError> {
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
    accepted_at: Micros,
    repeats: u32,
}

struct JobRow {
    lane: LaneRank,
    progress: i64,
    state: String,
    due_at: Micros,
    outcome: Option<String>,
    ended_at: Option<Micros>,
    parking: Option<String>,
}

/// The whole story of a submission.
pub(crate) fn story(connection: &Connection, id: SubmissionId) -> Result<Option<SubmissionStory>, StoreError> {
    let Some(inbox) = inbox_row(connection, id).map_err(|error| store_error(&error))? else { return Ok(None) };
    let job = job_row(connection, inbox.seq).map_err(|error| store_error(&error))?;
    let progress = match &job {
        Some(job) => progress_of_job(job.progress)?,
        None => Progress::Received,
    };
    let parking = job.as_ref().and_then(|job| job.parking.as_deref());
    let parking = from_optional_json("parking", parking)?;
    let job = job.map(|job| job_story(connection, JobId(inbox.seq), job)).transpose()?;
    let (accepted_at, repeats) = (inbox.accepted_at.0, inbox.repeats);
    Ok(Some(SubmissionStory { id, raw: inbox.raw, accepted_at, progress, repeats, job, parking }))
}

fn inbox_row(connection: &Connection, id: SubmissionId) -> rusqlite::Result<Option<InboxRow>> {
    let sql = "SELECT seq, accepted_at, repeats, route, target, body, label FROM inbox WHERE id = ?1";
    connection
        .prepare_cached(sql)?
        .query_row([Id(id)], |row| {
            Ok(InboxRow {
                seq: row.get(0)?,
                accepted_at: row.get(1)?,
                repeats: row.get(2)?,
                raw: raw_submission(row, 3)?,
            })
        })
        .optional()
}

fn job_row(connection: &Connection, job: i64) -> rusqlite::Result<Option<JobRow>> {
    let sql = "SELECT lane, progress, state, due_at, outcome, ended_at, parking FROM jobs WHERE id = ?1";
    connection
        .prepare_cached(sql)?
        .query_row([job], |row| {
            Ok(JobRow {
                lane: row.get(0)?,
                progress: row.get(1)?,
                state: row.get(2)?,
                due_at: row.get(3)?,
                outcome: row.get(4)?,
                ended_at: row.get(5)?,
                parking: row.get(6)?,
            })
        })
        .optional()
}

fn job_story(connection: &Connection, id: JobId, job: JobRow) -> Result<JobStory, StoreError> {
    Ok(JobStory {
        id,
        lane: job.lane.0,
        state: state_from_json(&job.state)?,
        due_at: (job.progress == WORKING).then_some(job.due_at.0),
        outcome: from_optional_json("outcome", job.outcome.as_deref())?,
        ended_at: job.ended_at.map(|moment| moment.0),
        attempts: attempts(connection, id).map_err(|error| store_error(&error))?,
    })
}

fn attempts(connection: &Connection, job: JobId) -> rusqlite::Result<Vec<Attempt>> {
    let sql = "SELECT call, at, took_ms, status, class, cost_milli, message FROM attempts WHERE job = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let attempts = statement.query_map([job.0], |row| {
        Ok(Attempt {
            call: row.get(0)?,
            at: row.get::<_, Micros>(1)?.0,
            took_ms: unsigned(row, 2)?,
            status: row.get(3)?,
            class: row.get(4)?,
            cost_milli: row.get(5)?,
            message: row.get(6)?,
        })
    })?;
    attempts.collect()
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// Jobs, the youngest first.
pub(crate) fn jobs(connection: &Connection, filter: &JobFilter) -> Result<Vec<JobSummary>, StoreError> {
    let Some(condition) = condition(filter) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT jobs.id, inbox.id, jobs.progress, jobs.lane, jobs.step, jobs.failures, jobs.due_at, inbox.accepted_at,
                jobs.parking
         FROM jobs JOIN inbox ON inbox.seq = jobs.id
         WHERE {condition} ORDER BY jobs.id DESC LIMIT ?1"
    );
    let limit = if filter.limit == 0 { USUAL_LIST } else { filter.limit };
    let rows = summary_rows(connection, &sql, limit).map_err(|error| store_error(&error))?;
    rows.into_iter().map(|(summary, progress, parking)| finish_summary(summary, progress, parking)).collect()
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

type SummaryRow = (JobSummary, i64, Option<String>);

fn summary_rows(connection: &Connection, sql: &str, limit: u32) -> rusqlite::Result<Vec<SummaryRow>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([limit], |row| {
        let progress: i64 = row.get(2)?;
        let summary = JobSummary {
            id: JobId(row.get(0)?),
            submission: row.get::<_, Id>(1)?.0,
            progress: Progress::Working,
            lane: row.get::<_, LaneRank>(3)?.0,
            step: row.get(4)?,
            failures: row.get(5)?,
            due_at: (progress == WORKING).then_some(row.get::<_, Micros>(6)?.0),
            accepted_at: row.get::<_, Micros>(7)?.0,
            parking: None,
        };
        Ok((summary, progress, row.get(8)?))
    })?;
    rows.collect()
}

fn finish_summary(mut summary: JobSummary, progress: i64, parking: Option<String>) -> Result<JobSummary, StoreError> {
    summary.progress = progress_of_job(progress)?;
    summary.parking = from_optional_json("parking", parking.as_deref())?;
    Ok(summary)
}

/// When in each lane the next job is due or the next lease ends. A job behind another is not waited for: the one before it is.
pub(crate) fn next_due_by_lane(connection: &Connection) -> rusqlite::Result<[Option<Timestamp>; 4]> {
    let mut next_by_lane = [None; 4];
    for lane in Lane::ALL {
        let mut next: Option<Micros> = None;
        // Ready ones are due already; which of them is asked does not matter.
        for sql in [
            "SELECT due_at FROM jobs WHERE queue = 1 AND lane = ?1 ORDER BY id LIMIT 1",
            "SELECT wake_at FROM jobs WHERE queue = 2 AND lane = ?1 ORDER BY wake_at LIMIT 1",
        ] {
            let found =
                connection.prepare_cached(sql)?.query_row(params![LaneRank(lane)], |row| row.get(0)).optional()?;
            next = [next, found].into_iter().flatten().min();
        }
        next_by_lane[usize::from(lane.rank())] = next.map(|moment| moment.0);
    }
    Ok(next_by_lane)
}

/// How much waits.
pub(crate) fn stats(connection: &Connection) -> rusqlite::Result<QueueStats> {
    let count =
        |sql: &str| -> rusqlite::Result<u64> { connection.prepare_cached(sql)?.query_row([], |row| unsigned(row, 0)) };
    let mut open_by_lane = [0; 4];
    for (lane, open) in Lane::ALL.into_iter().zip(&mut open_by_lane) {
        let sql = "SELECT count(*) FROM jobs WHERE progress = 0 AND lane = ?1";
        *open = connection.prepare_cached(sql)?.query_row([LaneRank(lane)], |row| unsigned(row, 0))?;
    }
    Ok(QueueStats {
        unplanned: count("SELECT count(*) FROM inbox WHERE planning = 0")?,
        open_by_lane,
        parked: count("SELECT count(*) FROM jobs WHERE progress = 2")?,
        oldest_open: oldest_open(connection)?.map(|moment| moment.0),
    })
}

/// Rows are numbered in order of arrival, so the oldest is the first in one of the lanes: of the unplanned, or of the jobs at work.
fn oldest_open(connection: &Connection) -> rusqlite::Result<Option<Micros>> {
    let mut oldest: Option<i64> = None;
    for lane in Lane::ALL {
        for sql in [
            "SELECT seq FROM inbox WHERE planning = 0 AND lane = ?1 ORDER BY seq LIMIT 1",
            "SELECT id FROM jobs WHERE progress = 0 AND lane = ?1 ORDER BY id LIMIT 1",
        ] {
            let found = connection.prepare_cached(sql)?.query_row([LaneRank(lane)], |row| row.get(0)).optional()?;
            oldest = [oldest, found].into_iter().flatten().min();
        }
    }
    let sql = "SELECT accepted_at FROM inbox WHERE seq = ?1";
    let Some(seq) = oldest else { return Ok(None) };
    connection.prepare_cached(sql)?.query_row([seq], |row| row.get(0)).map(Some)
}
