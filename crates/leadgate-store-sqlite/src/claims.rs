//! Leasing due jobs, and giving up the leases of a worker that died.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leadgate_core::identity::IdentityKey;
use leadgate_core::lane::Lane;
use leadgate_core::pack::Packing;
use leadgate_core::record::{KnownRecord, RecordRef};
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::{ClaimRequest, ClaimedJob, JobId, Lease};
use rusqlite::{Connection, Row, params};

use crate::columns::{Id, LaneRank, Micros, from_json, state_from_json};
use crate::error::corrupt;
use crate::queue::{READY, SLEEPING};

/// The most sleeping jobs of a lane that one claim wakes: as many as share a call. More are left to the next claim, so that a quota window that ends
/// for many thousands of jobs at once does not hold up the writer.
const MOST_TO_WAKE: u32 = 2_500;

/// A leased job as its columns hold it; the JSON is read on the caller's side.
pub(crate) struct ClaimedRow {
    lease: Lease,
    submission: SubmissionId,
    accepted_at: Timestamp,
    lane: Lane,
    state: String,
    keys: Vec<IdentityKey>,
    known: Vec<KnownRow>,
    known_notes: BTreeSet<i64>,
    abandoned_since: Option<Timestamp>,
}

struct KnownRow {
    key: String,
    kind: String,
    id: i64,
    filled: String,
}

impl ClaimedRow {
    /// Reads the JSON.
    pub(crate) fn decode(self) -> Result<ClaimedJob, (Lease, StoreError)> {
        let lease = self.lease;
        self.decode_all().map_err(|error| (lease, error))
    }

    fn decode_all(self) -> Result<ClaimedJob, StoreError> {
        let known = self.known.into_iter().map(KnownRow::decode).collect::<Result<BTreeMap<_, _>, _>>()?;
        Ok(ClaimedJob {
            lease: self.lease,
            submission: self.submission,
            accepted_at: self.accepted_at,
            lane: self.lane,
            state: state_from_json(&self.state)?,
            keys: self.keys,
            known,
            known_notes: self.known_notes,
            abandoned_since: self.abandoned_since,
        })
    }
}

impl KnownRow {
    fn decode(self) -> Result<(IdentityKey, KnownRecord), StoreError> {
        let kind = serde_json::from_value(self.kind.into()).map_err(|error| corrupt("kind of record", error))?;
        let filled = from_json("list of filled fields", &self.filled)?;
        let known = KnownRecord { record: RecordRef { kind, id: self.id }, filled };
        Ok((IdentityKey::from_stored(self.key), known))
    }
}

/// Leases due jobs, lane by lane.
pub(crate) fn claim_due(
    connection: &Connection,
    request: &ClaimRequest,
    after_row: fn(),
) -> rusqlite::Result<Vec<ClaimedRow>> {
    let mut claimed = Vec::new();
    for lane in Lane::ALL {
        let rank = usize::from(lane.rank());
        let limits = [request.per_lane[rank], request.packable_per_lane[rank], request.wide_per_lane[rank]];
        if limits == [0; 3] && request.new_per_lane[rank] == 0 {
            continue;
        }
        wake(connection, lane, request.now)?;
        let mut jobs = Vec::new();
        for (packing, limit) in [Packing::Alone, Packing::Pages, Packing::Wide].into_iter().zip(limits) {
            jobs.extend(ready_jobs(connection, (lane, packing), limit, request.now)?);
        }
        jobs.extend(new_jobs(connection, lane, request.new_per_lane[rank], &jobs)?);
        jobs.sort_unstable();
        for job in jobs {
            lease(connection, job, request)?;
            claimed.push(read_claimed(connection, job, request.known_since)?);
            after_row();
        }
    }
    Ok(claimed)
}

/// Makes those ready who slept until now: jobs that became due and jobs whose lease ended.
fn wake(connection: &Connection, lane: Lane, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE jobs SET queue = ?1 WHERE id IN (
                   SELECT id FROM jobs WHERE queue = 2 AND lane = ?2 AND wake_at <= ?3 ORDER BY wake_at LIMIT ?4)";
    connection.prepare_cached(sql)?.execute(params![READY, LaneRank(lane), Micros(now), MOST_TO_WAKE])?;
    Ok(())
}

fn ready_jobs(
    connection: &Connection,
    (lane, packing): (Lane, Packing),
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Vec<i64>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let sql =
        "SELECT id FROM jobs WHERE queue = 1 AND lane = ?1 AND packable = ?2 AND due_at <= ?3 ORDER BY id LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let jobs = statement.query_map(params![LaneRank(lane), packing.number(), Micros(now), limit], |row| row.get(0))?;
    jobs.collect()
}

/// Ready jobs that were never leased, beside those that are leased anyway.
fn new_jobs(connection: &Connection, lane: Lane, limit: u32, others: &[i64]) -> rusqlite::Result<Vec<i64>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let sql = "SELECT id FROM jobs WHERE queue = 1 AND lane = ?1 AND lease_number = 0 ORDER BY id LIMIT ?2";
    let most = limit.saturating_add(u32::try_from(others.len()).unwrap_or(u32::MAX));
    let mut statement = connection.prepare_cached(sql)?;
    let jobs = statement.query_map(params![LaneRank(lane), most], |row| row.get(0))?;
    let fresh = jobs.filter(|job| job.as_ref().map_or(true, |job| !others.contains(job)));
    fresh.take(limit as usize).collect()
}

/// Leases a job. Where an earlier lease ended without a word, the earliest such moment is kept until a turn is recorded.
fn lease(connection: &Connection, job: i64, request: &ClaimRequest) -> rusqlite::Result<()> {
    let sql = "UPDATE jobs SET
                   abandoned_since = coalesce(abandoned_since, iif(lease_worker IS NULL, NULL, leased_at)),
                   lease_number = lease_number + 1, lease_worker = ?2, leased_at = ?3, wake_at = ?4, queue = ?5
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        job,
        request.worker,
        Micros(request.now),
        Micros(request.lease_until),
        SLEEPING
    ])?;
    Ok(())
}

fn read_claimed(connection: &Connection, job: i64, known_since: Timestamp) -> rusqlite::Result<ClaimedRow> {
    let sql = "SELECT jobs.lease_number, inbox.id, inbox.accepted_at, jobs.lane, jobs.state, jobs.abandoned_since
               FROM jobs JOIN inbox ON inbox.seq = jobs.id WHERE jobs.id = ?1";
    let mut claimed = connection.prepare_cached(sql)?.query_row([job], |row| {
        Ok(ClaimedRow {
            lease: Lease { job: JobId(job), number: row.get(0)? },
            submission: row.get::<_, Id>(1)?.0,
            accepted_at: row.get::<_, Micros>(2)?.0,
            lane: row.get::<_, LaneRank>(3)?.0,
            state: row.get(4)?,
            keys: Vec::new(),
            known: Vec::new(),
            known_notes: BTreeSet::new(),
            abandoned_since: row.get::<_, Option<Micros>>(5)?.map(|moment| moment.0),
        })
    })?;
    read_keys(connection, &mut claimed, known_since)?;
    claimed.known_notes = read_known_notes(connection, job)?;
    Ok(claimed)
}

fn read_keys(connection: &Connection, claimed: &mut ClaimedRow, known_since: Timestamp) -> rusqlite::Result<()> {
    let sql = "SELECT job_keys.key, job_keys.role, known.record_kind, known.record_id, known.filled
               FROM job_keys LEFT JOIN known ON known.key = job_keys.key AND known.learned_at >= ?2
               WHERE job_keys.job = ?1 ORDER BY job_keys.seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![claimed.lease.job.0, Micros(known_since)])?;
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if let Some(kind) = row.get(2)? {
            claimed.known.push(KnownRow { key: key.clone(), kind, id: row.get(3)?, filled: row.get(4)? });
        }
        if row.get::<_, i64>(1)? == 0 {
            claimed.keys.push(IdentityKey::from_stored(key));
        }
    }
    Ok(())
}

fn read_known_notes(connection: &Connection, job: i64) -> rusqlite::Result<BTreeSet<i64>> {
    let sql = "SELECT notes.note_id FROM job_keys JOIN notes ON notes.record = job_keys.key
               WHERE job_keys.job = ?1 AND job_keys.role = 0";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([job], |row| row.get(0))?.collect()
}

/// Gives up the leases of a worker, or of all: their jobs are due at once and remember when the lost lease was taken.
pub(crate) fn abandon_leases(connection: &Connection, worker: Option<&str>, now: Timestamp) -> rusqlite::Result<u64> {
    let sql = "UPDATE jobs SET abandoned_since = coalesce(abandoned_since, leased_at), lease_worker = NULL,
                   due_at = ?2, wake_at = ?2, queue = ?3
               WHERE lease_worker IS NOT NULL AND lease_worker = coalesce(?1, lease_worker)";
    let count = connection.prepare_cached(sql)?.execute(params![worker, Micros(now), READY])?;
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}

/// The same for the leases of a worker that it has not in hand.
pub(crate) fn abandon_others(
    connection: &Connection,
    (worker, in_hand): (&str, &[Lease]),
    now: Timestamp,
) -> rusqlite::Result<u64> {
    let sql = "SELECT id, lease_number FROM jobs WHERE lease_worker = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok(Lease { job: JobId(row.get(0)?), number: row.get(1)? });
    let leased = statement.query_map([worker], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let sql = "UPDATE jobs SET abandoned_since = coalesce(abandoned_since, leased_at), lease_worker = NULL,
                   due_at = ?2, wake_at = ?2, queue = ?3
               WHERE id = ?1";
    let mut abandon = connection.prepare_cached(sql)?;
    let mut count = 0;
    for lease in leased.iter().filter(|lease| !in_hand.contains(lease)) {
        count += abandon.execute(params![lease.job.0, Micros(now), READY])?;
    }
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}
