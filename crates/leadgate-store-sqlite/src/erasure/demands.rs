//! Demands: kept, moved from phase to phase, ended with a receipt.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::steps::Parking;
use leadgate_core::submission::Route;
use leadgate_store::StoreError;
use leadgate_store::erasure::{CrmForget, ForgetId, ForgetState, NewForget, Phase, Place, Sweep};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;
use uuid::Uuid;

use super::{Erasing, Going, step};
use crate::columns::{Id, LaneRank, Micros, from_json, from_optional_json, state_from_json, to_json};
use crate::error::{corrupt, store_error};
use crate::queue::{self, DONE, PARKED, StateColumns};
use crate::writer::Announcements;

/// A demand with its JSON written.
pub(super) struct PreparedForget {
    demand: NewForget,
    state: Option<StateColumns>,
}

impl PreparedForget {
    pub(super) fn new(demand: NewForget) -> Result<PreparedForget, StoreError> {
        let state = demand.crm.as_ref().map(|crm| StateColumns::new(&JobState::to_forget(crm.step.clone())));
        Ok(PreparedForget { state: state.transpose()?, demand })
    }

    /// Keeps the demand and its job. What was kept before is the demand's; what comes later is not.
    pub(super) fn keep(&self, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
        let mut sweep = Sweep::new(self.demand.marks.clone());
        sweep.until = last_numbers(connection).map_err(|error| store_error(&error))?;
        let sweep = to_json("sweep", &sweep)?;
        let keep = || {
            let job = self.keep_job(connection, now)?;
            let sql = "INSERT INTO forgets (id, begun_at, phase, sweep, job) VALUES (?1, ?2, 0, ?3, ?4)";
            connection.prepare_cached(sql)?.execute(params![key(self.demand.id), Micros(now), sweep, job])
        };
        keep().map(drop).map_err(|error| store_error(&error))
    }

    /// The job sleeps until the gateway has forgotten the person, and holds their identities meanwhile.
    fn keep_job(&self, connection: &Connection, now: Timestamp) -> rusqlite::Result<Option<i64>> {
        let Some((crm, state)) = self.demand.crm.as_ref().zip(self.state.as_ref()) else { return Ok(None) };
        let (lane, never) = (LaneRank(Lane::Interactive), Micros(Timestamp::MAX));
        let sql = "INSERT INTO inbox (id, route, body, lane, dedupe_kind, dedupe, accepted_at, dedupe_until, planning)
                   VALUES (?1, ?2, X'', ?3, 1, ?4, ?5, ?5, 1) RETURNING seq";
        let values = params![Id(crm.submission), Route::Forget.name(), lane, key(self.demand.id), Micros(now)];
        let seq: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
        let sql = "INSERT INTO jobs (id, lane, progress, queue, due_at, wake_at, packable, state, step, failures)
                   VALUES (?1, ?2, 0, 0, ?3, ?3, ?4, ?5, ?6, 0)";
        let values = params![seq, lane, never, state.packable, state.json, state.step];
        connection.prepare_cached(sql)?.execute(values)?;
        for key in &crm.keys {
            queue::hold(connection, seq, key)?;
        }
        queue::place(connection, seq, now)?;
        Ok(Some(seq))
    }
}

fn key(id: ForgetId) -> impl ToSql {
    id.0.as_bytes().to_vec()
}

fn last_numbers(connection: &Connection) -> rusqlite::Result<BTreeMap<Place, i64>> {
    let tables = [(Place::Submissions, "inbox"), (Place::Deliveries, "deliveries"), (Place::Changes, "changes")];
    let last =
        |table| connection.query_row(&format!("SELECT coalesce(max(seq), 0) FROM {table}"), [], |row| row.get(0));
    tables.into_iter().map(|(place, table)| Ok((place, last(table)?))).collect()
}

/// A row of `forgets` with its job.
struct Demand {
    id: ForgetId,
    begun_at: Micros,
    phase: Phase,
    sweep: String,
    receipt: Option<String>,
    job: Option<JobRow>,
}

struct JobRow {
    seq: i64,
    submission: Id,
    progress: i64,
    state: String,
    parking: Option<String>,
}

const DEMANDS: &str =
    "SELECT forgets.id, begun_at, phase, sweep, receipt, job, inbox.id, jobs.progress, jobs.state, jobs.parking
    FROM forgets LEFT JOIN inbox ON inbox.seq = forgets.job LEFT JOIN jobs ON jobs.id = forgets.job";

fn demand(row: &Row<'_>) -> rusqlite::Result<Demand> {
    let phase: u8 = row.get(2)?;
    let job = match row.get::<_, Option<i64>>(5)? {
        None => None,
        Some(seq) => {
            let (submission, progress) = (row.get(6)?, row.get(7)?);
            Some(JobRow { seq, submission, progress, state: row.get(8)?, parking: row.get(9)? })
        }
    };
    Ok(Demand {
        id: ForgetId(Uuid::from_bytes(row.get(0)?)),
        begun_at: row.get(1)?,
        phase: Phase::ALL.get(usize::from(phase)).copied().unwrap_or(Phase::Done),
        sweep: row.get(3)?,
        receipt: row.get(4)?,
        job,
    })
}

fn find(connection: &Connection, id: ForgetId) -> Result<Option<Demand>, StoreError> {
    let sql = format!("{DEMANDS} WHERE forgets.id = ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(|error| store_error(&error))?;
    statement.query_row([key(id)], demand).optional().map_err(|error| store_error(&error))
}

impl Demand {
    fn crm(&self) -> Result<CrmForget, StoreError> {
        let Some(job) = &self.job else { return Ok(CrmForget::LeftAlone) };
        Ok(match job.progress {
            DONE => CrmForget::Done(state_from_json(&job.state)?.forgetting().map_or(0, |step| step.forgotten())),
            PARKED => {
                let parking: Option<Parking> = from_optional_json("parking", job.parking.as_deref())?;
                CrmForget::Parked(parking.map(|parking| parking.message).unwrap_or_default())
            }
            _ => CrmForget::Open,
        })
    }

    fn state(self) -> Result<ForgetState, StoreError> {
        Ok(ForgetState {
            id: self.id,
            begun_at: self.begun_at.0,
            phase: self.phase,
            sweep: from_json("sweep", &self.sweep)?,
            submission: self.job.as_ref().map(|job| job.submission.0),
            crm: self.crm()?,
            receipt: from_optional_json("receipt", self.receipt.as_deref())?,
        })
    }
}

/// How a demand stands.
pub(super) fn state(connection: &Connection, id: ForgetId) -> Result<Option<ForgetState>, StoreError> {
    find(connection, id)?.map(Demand::state).transpose()
}

/// The demands that are not done, the oldest first.
pub(super) fn open(connection: &Connection) -> rusqlite::Result<Vec<ForgetId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM forgets WHERE phase < 3 ORDER BY id")?;
    statement.query_map([], |row| Ok(ForgetId(Uuid::from_bytes(row.get(0)?))))?.collect()
}

/// Takes a demand's next step.
pub(super) fn go_on(
    connection: &Connection,
    (id, most): (ForgetId, u32),
    now: Timestamp,
    announcements: &mut Announcements,
) -> Result<Option<ForgetState>, StoreError> {
    let Some(demand) = find(connection, id)? else { return Ok(None) };
    let mut sweep: Sweep = from_json("sweep", &demand.sweep)?;
    let mut phase = demand.phase;
    if matches!(phase, Phase::Erasing | Phase::Closing) {
        let erasing = Some(Erasing { now, announcements });
        step(&mut Going { connection, most, erasing }, &mut sweep).map_err(|error| store_error(&error))?;
    }
    match (phase, &demand.job) {
        (Phase::Erasing, None) if sweep.place().is_none() => phase = Phase::Closing,
        (Phase::Erasing, Some(job)) if sweep.place().is_none() => {
            wake(connection, job, &sweep, now)?;
            announcements.work = true;
            phase = Phase::Asking;
        }
        (Phase::Asking, job) if job.as_ref().is_none_or(|job| job.progress == DONE) => {
            sweep.again(last_numbers(connection).map_err(|error| store_error(&error))?);
            phase = Phase::Closing;
        }
        _ => {}
    }
    put(connection, id, phase, &sweep)?;
    state(connection, id)
}

fn put(connection: &Connection, id: ForgetId, phase: Phase, sweep: &Sweep) -> Result<(), StoreError> {
    let sweep = to_json("sweep", sweep)?;
    let number = Phase::ALL.iter().take_while(|other| **other != phase).count() as i64;
    let put = || {
        let sql = "UPDATE forgets SET phase = ?2, sweep = ?3 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![key(id), number, sweep])
    };
    put().map(drop).map_err(|error| store_error(&error))
}

/// Lets the job begin, once the calls have ended that were under way for jobs that were cancelled.
fn wake(connection: &Connection, job: &JobRow, sweep: &Sweep, now: Timestamp) -> Result<(), StoreError> {
    let mut state = state_from_json(&job.state)?;
    let not_before = sweep.calls_end.unwrap_or(now).max(now);
    let step = state.forgetting().ok_or_else(|| corrupt("job state", "a demand's job without its step"))?;
    step.begin(not_before);
    let columns = StateColumns::new(&state)?;
    let wake = || {
        let sql = "UPDATE jobs SET state = ?2, due_at = ?3 WHERE id = ?1 AND progress = 0";
        connection.prepare_cached(sql)?.execute(params![job.seq, columns.json, Micros(not_before)])?;
        queue::place(connection, job.seq, now)
    };
    wake().map_err(|error| store_error(&error))
}

/// Adds what was erased elsewhere.
pub(super) fn add_counts(
    connection: &Connection,
    id: ForgetId,
    counts: &BTreeMap<Place, u64>,
) -> Result<(), StoreError> {
    let Some(demand) = find(connection, id)?.filter(|demand| demand.phase != Phase::Done) else { return Ok(()) };
    let mut sweep: Sweep = from_json("sweep", &demand.sweep)?;
    for (place, count) in counts {
        *sweep.counts.entry(*place).or_default() += count;
    }
    put(connection, id, demand.phase, &sweep)
}

/// Puts the receipt in the place of the sweep. Of the job, what the CRM said is not kept either.
pub(super) fn finish(
    connection: &Connection,
    (id, receipt): (ForgetId, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(state) = state(connection, id)? else { return Ok(false) };
    if state.phase != Phase::Closing || state.sweep.place().is_some() {
        return Ok(false);
    }
    let nobody = leadgate_core::erasure::Person::default();
    let empty = to_json("sweep", &Sweep::new(leadgate_core::erasure::Marks::new(&nobody, [0; 16])))?;
    let finish = || {
        let messages = "UPDATE attempts SET message = NULL WHERE job = (SELECT job FROM forgets WHERE id = ?1)";
        connection.prepare_cached(messages)?.execute([key(id)])?;
        let sql = "UPDATE forgets SET phase = 3, sweep = ?2, receipt = ?3, ended_at = ?4 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![key(id), empty, receipt, Micros(now)])
    };
    finish().map(|_| true).map_err(|error| store_error(&error))
}

/// Writes a receipt's JSON.
pub(super) fn receipt_text(receipt: &Value) -> Result<String, StoreError> {
    to_json("receipt", receipt)
}
