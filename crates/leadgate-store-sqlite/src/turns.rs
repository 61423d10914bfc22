//! Recording what came of turns: the new state, the attempt, what was learned, and what is next. Also: releasing a parked job.

use jiff::Timestamp;
use leadgate_core::identity::IdentityKey;
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::{Attempt, JobId, Lease, Progress, ReleaseOutcome, Then, TurnOutcome, TurnRecord};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::columns::{Id, Micros, state_from_json, to_json};
use crate::deliveries::PreparedDelivery;
use crate::error::store_error;
use crate::imports::waiting;
use crate::intake;
use crate::queue::{self, DONE, KeyFate, OUT, PARKED, StateColumns, WORKING};
use crate::views::progress_of_job;
use crate::writer::Announcements;

/// A turn with its JSON written.
pub(crate) struct PreparedTurn {
    lease: Lease,
    state: StateColumns,
    attempt: Option<Attempt>,
    learned: Vec<LearnedRow>,
    unlearned: Vec<IdentityKey>,
    notes: Vec<(IdentityKey, i64)>,
    deliveries: Vec<PreparedDelivery>,
    add_key: Option<IdentityKey>,
    then: PreparedThen,
}

struct LearnedRow {
    key: IdentityKey,
    kind: &'static str,
    id: i64,
    filled: String,
}

enum PreparedThen {
    DueAt(Timestamp),
    Finished(String),
    Parked(String),
}

impl PreparedTurn {
    pub(crate) fn new(turn: TurnRecord) -> Result<PreparedTurn, StoreError> {
        let (mut learned, mut unlearned) = (Vec::new(), Vec::new());
        let mut notes = Vec::new();
        let mut deliveries = Vec::new();
        for effect in turn.effects {
            for (key, known) in effect.learned {
                let filled = to_json("list of filled fields", &known.filled)?;
                learned.push(LearnedRow { key, kind: known.record.kind.name(), id: known.record.id, filled });
            }
            unlearned.extend(effect.unlearned);
            notes.extend(effect.note.map(|(record, id)| (IdentityKey::of_record(record), id)));
            deliveries.extend(effect.delivery.map(|delivery| PreparedDelivery::new(delivery, false)));
        }
        let then = match turn.then {
            Then::DueAt(due) => PreparedThen::DueAt(due),
            Then::Finished(outcome) => PreparedThen::Finished(to_json("outcome", &outcome)?),
            Then::Parked(parking) => PreparedThen::Parked(to_json("parking", &parking)?),
        };
        let state = StateColumns::new(&turn.state)?;
        Ok(PreparedTurn {
            lease: turn.lease,
            state,
            attempt: turn.attempt,
            learned,
            unlearned,
            notes,
            deliveries,
            add_key: turn.add_key,
            then,
        })
    }
}

/// Records turns.
pub(crate) fn finish_turns(
    connection: &Connection,
    (turns, after_row): (&[PreparedTurn], fn()),
    now: Timestamp,
    announcements: &mut Announcements,
) -> rusqlite::Result<Vec<TurnOutcome>> {
    let finish = |turn| finish_turn(connection, turn, now, announcements).inspect(|_| after_row());
    turns.iter().map(finish).collect()
}

fn finish_turn(
    connection: &Connection,
    turn: &PreparedTurn,
    now: Timestamp,
    announcements: &mut Announcements,
) -> rusqlite::Result<TurnOutcome> {
    let Some(submission) = leased_submission(connection, turn.lease)? else {
        return Ok(TurnOutcome::LeaseLost);
    };
    keep_effects(connection, turn, now)?;
    announcements.deliveries |= !turn.deliveries.is_empty();
    if let Some(key) = &turn.add_key {
        queue::hold_further(connection, turn.lease.job.0, key)?;
    }
    announcements.work |= move_on(connection, turn, now)?;
    if !matches!(turn.then, PreparedThen::DueAt(_)) {
        announcements.ended.push(submission);
    }
    Ok(TurnOutcome::Recorded)
}

/// The job's submission, if the lease still holds.
fn leased_submission(connection: &Connection, lease: Lease) -> rusqlite::Result<Option<SubmissionId>> {
    let sql = "SELECT inbox.id FROM jobs JOIN inbox ON inbox.seq = jobs.id
               WHERE jobs.id = ?1 AND jobs.lease_number = ?2 AND jobs.lease_worker IS NOT NULL";
    connection.prepare_cached(sql)?.query_row([lease.job.0, lease.number], |row| Ok(row.get::<_, Id>(0)?.0)).optional()
}

fn keep_effects(connection: &Connection, turn: &PreparedTurn, now: Timestamp) -> rusqlite::Result<()> {
    if let Some(attempt) = &turn.attempt {
        insert_attempt(connection, turn.lease.job, attempt)?;
    }
    for learned in &turn.learned {
        learn(connection, learned, now)?;
    }
    for key in &turn.unlearned {
        connection.prepare_cached("DELETE FROM known WHERE key = ?1")?.execute([key.as_str()])?;
    }
    for (record, note) in &turn.notes {
        let sql = "INSERT OR IGNORE INTO notes (record, note_id) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute(params![record.as_str(), note])?;
    }
    for delivery in &turn.deliveries {
        delivery.keep(connection, now)?;
    }
    Ok(())
}

fn insert_attempt(connection: &Connection, job: JobId, attempt: &Attempt) -> rusqlite::Result<()> {
    let sql = "INSERT INTO attempts (job, call, at, took_ms, status, class, cost_milli, message)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        job.0,
        attempt.call,
        Micros(attempt.at),
        i64::try_from(attempt.took_ms).unwrap_or(i64::MAX),
        attempt.status,
        attempt.class,
        attempt.cost_milli,
        attempt.message
    ])?;
    Ok(())
}

/// Remembers an identity. The same record adds to what is known to be filled; another record takes its place.
fn learn(connection: &Connection, learned: &LearnedRow, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO known (key, record_kind, record_id, filled, learned_at) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (key) DO UPDATE SET
                   filled = CASE WHEN record_kind = excluded.record_kind AND record_id = excluded.record_id
                       THEN (SELECT json_group_array(value) FROM (
                                 SELECT value FROM json_each(known.filled)
                                 UNION SELECT value FROM json_each(excluded.filled)))
                       ELSE excluded.filled END,
                   record_kind = excluded.record_kind, record_id = excluded.record_id,
                   learned_at = excluded.learned_at";
    connection.prepare_cached(sql)?.execute(params![
        learned.key.as_str(),
        learned.kind,
        learned.id,
        learned.filled,
        Micros(now)
    ])?;
    Ok(())
}

/// Ends the lease and puts the job where it belongs now. Returns whether there is work to do at once.
fn move_on(connection: &Connection, turn: &PreparedTurn, now: Timestamp) -> rusqlite::Result<bool> {
    let job = turn.lease.job.0;
    match &turn.then {
        PreparedThen::DueAt(due) => {
            let sql = "UPDATE jobs SET state = ?2, step = ?3, failures = ?4, due_at = ?5, packable = ?6,
                           lease_worker = NULL, leased_at = NULL, abandoned_since = NULL
                       WHERE id = ?1";
            let state = &turn.state;
            let columns = params![job, state.json, state.step, state.failures, Micros(*due), state.packable];
            connection.prepare_cached(sql)?.execute(columns)?;
            if let Some(any_ready) = waiting::set_aside_if_paused(connection, (job, state), now)? {
                return Ok(any_ready);
            }
            queue::place(connection, job, now)?;
            queue::is_ready(connection, job)
        }
        PreparedThen::Finished(outcome) => {
            end(connection, turn, Ending { progress: DONE, outcome: Some(outcome), parking: None }, now)?;
            queue::leave(connection, job, KeyFate::Forget, now)
        }
        PreparedThen::Parked(parking) => {
            end(connection, turn, Ending { progress: PARKED, outcome: None, parking: Some(parking) }, now)?;
            queue::leave(connection, job, KeyFate::GiveUp, now)
        }
    }
}

struct Ending<'a> {
    progress: i64,
    outcome: Option<&'a str>,
    parking: Option<&'a str>,
}

fn end(connection: &Connection, turn: &PreparedTurn, ending: Ending<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE jobs SET state = ?2, step = ?3, failures = ?4, progress = ?5, outcome = ?6, parking = ?7,
                   ended_at = ?8, queue = ?9, lease_worker = NULL, leased_at = NULL, abandoned_since = NULL
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        turn.lease.job.0,
        turn.state.json,
        turn.state.step,
        turn.state.failures,
        ending.progress,
        ending.outcome,
        ending.parking,
        Micros(now),
        OUT
    ])?;
    Ok(())
}

/// Parks a leased job whose stored state cannot be read, so that it does not come up for ever; the state is left as it is.
pub(crate) fn park_unreadable(
    connection: &Connection,
    (lease, parking): (Lease, &str),
    now: Timestamp,
    announcements: &mut Announcements,
) -> rusqlite::Result<()> {
    let Some(submission) = leased_submission(connection, lease)? else { return Ok(()) };
    let sql =
        "UPDATE jobs SET progress = ?2, parking = ?3, ended_at = ?4, queue = ?5, lease_worker = NULL, leased_at = NULL
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![lease.job.0, PARKED, parking, Micros(now), OUT])?;
    announcements.work |= queue::leave(connection, lease.job.0, KeyFate::GiveUp, now)?;
    announcements.ended.push(submission);
    Ok(())
}

/// Makes a parked job due again.
pub(crate) fn release(
    connection: &Connection,
    job: JobId,
    now: Timestamp,
    announcements: &mut Announcements,
) -> Result<ReleaseOutcome, StoreError> {
    let found = find_to_release(connection, job).map_err(|error| store_error(&error))?;
    let Some((progress, state)) = found else { return Ok(ReleaseOutcome::NoSuchJob) };
    let progress = progress_of_job(progress)?;
    if progress != Progress::Parked {
        return Ok(ReleaseOutcome::NotParked(progress));
    }
    if intake::plan_anew(connection, job.0).map_err(|error| store_error(&error))? {
        announcements.work = true;
        return Ok(ReleaseOutcome::Released);
    }
    let mut state = state_from_json(&state)?;
    state.release(now);
    let state = StateColumns::new(&state)?;
    put_back(connection, job, &state, now).map_err(|error| store_error(&error))?;
    announcements.work = true;
    Ok(ReleaseOutcome::Released)
}

/// Jobs released in one transaction, at most: short enough that what is accepted meanwhile does not wait noticeably.
const MOST_RELEASED: u32 = 256;

/// What one transaction of a release of all did.
pub(crate) struct ReleasedSome {
    /// How many it released.
    pub(crate) count: u64,
    /// The last it looked at; `None` if there are no more.
    pub(crate) last: Option<JobId>,
}

/// Releases the next parked jobs behind one. Those that cannot be read stay parked.
pub(crate) fn release_some(
    connection: &Connection,
    after: JobId,
    now: Timestamp,
    announcements: &mut Announcements,
) -> Result<ReleasedSome, StoreError> {
    let jobs = parked_after(connection, after).map_err(|error| store_error(&error))?;
    let mut count = 0;
    for job in &jobs {
        match release(connection, *job, now, announcements) {
            Ok(outcome) => count += u64::from(outcome == ReleaseOutcome::Released),
            // Found before anything of the job was changed.
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::warn!(job.id = job.0, %error, "a parked job cannot be read; it stays parked");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(ReleasedSome { count, last: jobs.last().copied() })
}

fn parked_after(connection: &Connection, after: JobId) -> rusqlite::Result<Vec<JobId>> {
    let sql = "SELECT id FROM jobs WHERE progress = 2 AND id > ?1 ORDER BY id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([after.0, i64::from(MOST_RELEASED)], |row| row.get(0).map(JobId))?.collect()
}

fn find_to_release(connection: &Connection, job: JobId) -> rusqlite::Result<Option<(i64, String)>> {
    connection
        .prepare_cached("SELECT progress, state FROM jobs WHERE id = ?1")?
        .query_row([job.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn put_back(connection: &Connection, job: JobId, state: &StateColumns, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE jobs SET state = ?2, step = ?3, failures = ?4, progress = ?5, due_at = ?6, packable = ?7,
                   parking = NULL, ended_at = NULL
               WHERE id = ?1";
    let columns = params![job.0, state.json, state.step, state.failures, WORKING, Micros(now), state.packable];
    connection.prepare_cached(sql)?.execute(columns)?;
    queue::rejoin(connection, job.0)?;
    if waiting::set_aside_if_paused(connection, (job.0, state), now)?.is_none() {
        queue::place(connection, job.0, now)?;
    }
    Ok(())
}
