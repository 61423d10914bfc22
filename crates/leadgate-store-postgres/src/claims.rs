//! Leasing due jobs, and giving up the leases of a worker that died.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use leadgate_core::identity::IdentityKey;
use leadgate_core::lane::Lane;
use leadgate_core::pack::Packing;
use leadgate_core::record::{KnownRecord, RecordRef};
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::{ClaimRequest, ClaimedJob, JobId, Lease};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::columns::{from_json, lane, micros, moment, optional_moment, rank, state_from_json, submission_id};
use crate::error::corrupt;
use crate::queue::{READY, SLEEPING};
use crate::transaction::Work;

/// The most sleeping jobs of a lane that one claim wakes: as many as share a call. More are left to the next claim, so that a quota window that ends
/// for many thousands of jobs at once does not hold up the other writers of the account.
const MOST_TO_WAKE: i64 = 2_500;

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

    fn read(row: &PgRow) -> Result<ClaimedRow, sqlx::Error> {
        Ok(ClaimedRow {
            lease: Lease { job: JobId(row.try_get(0)?), number: row.try_get(1)? },
            submission: submission_id(row, 2)?,
            accepted_at: moment(row, 3)?,
            lane: lane(row, 4)?,
            state: row.try_get(5)?,
            keys: Vec::new(),
            known: Vec::new(),
            known_notes: BTreeSet::new(),
            abandoned_since: optional_moment(row, 6)?,
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
pub(crate) async fn claim_due(work: &mut Work, request: &ClaimRequest) -> Result<Vec<ClaimedRow>, sqlx::Error> {
    let lanes: Vec<i16> = Lane::ALL.into_iter().filter(|lane| is_asked(request, *lane)).map(rank).collect();
    wake(work, &lanes, request.now).await?;
    let mut jobs = ready_jobs(work, request).await?;
    if request.new_per_lane != [0; 4] {
        jobs.extend(new_jobs(work, request, &jobs).await?);
    }
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed = lease(work, &jobs, request).await?;
    claimed.sort_by_key(|row| (row.lane.rank(), row.lease.job));
    let places: HashMap<i64, usize> = claimed.iter().enumerate().map(|(place, row)| (row.lease.job.0, place)).collect();
    read_keys(work, &mut claimed, &places, (&jobs, request.known_since)).await?;
    read_known_notes(work, &mut claimed, &places, &jobs).await?;
    Ok(claimed)
}

fn is_asked(request: &ClaimRequest, lane: Lane) -> bool {
    let rank = usize::from(lane.rank());
    let limits = [request.per_lane, request.packable_per_lane, request.wide_per_lane, request.new_per_lane];
    limits.iter().any(|per_lane| per_lane[rank] > 0)
}

pub(crate) const WAKE: &str = "UPDATE jobs SET queue = $4 WHERE account = $1 AND id IN (
    SELECT due.id FROM unnest($2::smallint[]) AS asked (lane) CROSS JOIN LATERAL (
        SELECT id FROM jobs WHERE account = $1 AND queue = 2 AND lane = asked.lane AND wake_at <= $3
        ORDER BY wake_at LIMIT $5) AS due)";

/// Makes those ready who slept until now: jobs that became due and jobs whose lease ended.
async fn wake(work: &mut Work, lanes: &[i16], now: Timestamp) -> Result<(), sqlx::Error> {
    let query = sqlx::query(WAKE).bind(work.account).bind(lanes).bind(micros(now)).bind(READY).bind(MOST_TO_WAKE);
    query.execute(work.connection()).await.map(|_| ())
}

pub(crate) const READY_JOBS: &str = "SELECT due.id
    FROM unnest($2::smallint[], $3::smallint[], $4::bigint[]) AS asked (lane, packable, most)
    CROSS JOIN LATERAL (
        SELECT id FROM jobs
        WHERE account = $1 AND queue = 1 AND lane = asked.lane AND packable = asked.packable AND due_at <= $5
        ORDER BY id LIMIT asked.most) AS due";

async fn ready_jobs(work: &mut Work, request: &ClaimRequest) -> Result<Vec<i64>, sqlx::Error> {
    let (mut lanes, mut packings, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    for lane in Lane::ALL {
        let place = usize::from(lane.rank());
        let most = [request.per_lane[place], request.packable_per_lane[place], request.wide_per_lane[place]];
        for (packing, most) in [Packing::Alone, Packing::Pages, Packing::Wide].into_iter().zip(most) {
            if most > 0 {
                lanes.push(rank(lane));
                packings.push(i16::from(packing.number()));
                limits.push(i64::from(most));
            }
        }
    }
    let query = sqlx::query_scalar(READY_JOBS).bind(work.account).bind(lanes).bind(packings).bind(limits);
    query.bind(micros(request.now)).fetch_all(work.connection()).await
}

pub(crate) const NEW_JOBS: &str = "SELECT new.id FROM unnest($2::smallint[], $3::bigint[]) AS asked (lane, most)
    CROSS JOIN LATERAL (
        SELECT id FROM jobs
        WHERE account = $1 AND queue = 1 AND lane = asked.lane AND lease_number = 0 AND id <> ALL ($4::bigint[])
        ORDER BY id LIMIT asked.most) AS new";

/// Ready jobs that were never leased, beside those that are leased anyway.
async fn new_jobs(work: &mut Work, request: &ClaimRequest, others: &[i64]) -> Result<Vec<i64>, sqlx::Error> {
    let lanes: Vec<i16> = Lane::ALL.into_iter().map(rank).collect();
    let limits: Vec<i64> =
        Lane::ALL.into_iter().map(|lane| i64::from(request.new_per_lane[usize::from(lane.rank())])).collect();
    let query = sqlx::query_scalar(NEW_JOBS).bind(work.account).bind(lanes).bind(limits).bind(others);
    query.fetch_all(work.connection()).await
}

pub(crate) const LEASE: &str = "UPDATE jobs SET
        abandoned_since = coalesce(abandoned_since, CASE WHEN lease_worker IS NOT NULL THEN leased_at END),
        lease_number = lease_number + 1, lease_worker = $3, leased_at = $4, wake_at = $5, queue = $6
    FROM inbox WHERE jobs.account = $1 AND jobs.id = ANY ($2) AND inbox.account = $1 AND inbox.seq = jobs.id
    RETURNING jobs.id, jobs.lease_number, inbox.id, inbox.accepted_at, jobs.lane, jobs.state,
        jobs.abandoned_since";

/// Leases jobs. Where an earlier lease ended without a word, the earliest such moment is kept until a turn is recorded.
async fn lease(work: &mut Work, jobs: &[i64], request: &ClaimRequest) -> Result<Vec<ClaimedRow>, sqlx::Error> {
    let rows = sqlx::query(LEASE)
        .bind(work.account)
        .bind(jobs)
        .bind(&request.worker)
        .bind(micros(request.now))
        .bind(micros(request.lease_until))
        .bind(SLEEPING)
        .fetch_all(work.connection())
        .await?;
    rows.iter().map(ClaimedRow::read).collect()
}

/// The limit has each identity looked up by itself, however little is known of how many there are.
pub(crate) const KEYS_OF: &str =
    "SELECT job_keys.job, job_keys.key, job_keys.role, known.record_kind, known.record_id, known.filled
     FROM job_keys LEFT JOIN LATERAL (
         SELECT record_kind, record_id, filled FROM known
         WHERE account = $1 AND known.key = job_keys.key AND learned_at >= $3 LIMIT 1) AS known ON true
     WHERE job_keys.account = $1 AND job_keys.job = ANY ($2) ORDER BY job_keys.seq";

async fn read_keys(
    work: &mut Work,
    claimed: &mut [ClaimedRow],
    places: &HashMap<i64, usize>,
    (jobs, known_since): (&[i64], Timestamp),
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(KEYS_OF).bind(work.account).bind(jobs).bind(micros(known_since));
    for row in query.fetch_all(work.connection()).await? {
        let Some(place) = places.get(&row.try_get(0)?) else { continue };
        let claimed = &mut claimed[*place];
        let key: String = row.try_get(1)?;
        if let Some(kind) = row.try_get(3)? {
            claimed.known.push(KnownRow { key: key.clone(), kind, id: row.try_get(4)?, filled: row.try_get(5)? });
        }
        if row.try_get::<i16, _>(2)? == 0 {
            claimed.keys.push(IdentityKey::from_stored(key));
        }
    }
    Ok(())
}

async fn read_known_notes(
    work: &mut Work,
    claimed: &mut [ClaimedRow],
    places: &HashMap<i64, usize>,
    jobs: &[i64],
) -> Result<(), sqlx::Error> {
    let sql = "SELECT job_keys.job, notes.note_id FROM job_keys
               JOIN notes ON notes.account = $1 AND notes.record = job_keys.key
               WHERE job_keys.account = $1 AND job_keys.job = ANY ($2) AND job_keys.role = 0";
    for row in sqlx::query(sql).bind(work.account).bind(jobs).fetch_all(work.connection()).await? {
        if let Some(place) = places.get(&row.try_get(0)?) {
            claimed[*place].known_notes.insert(row.try_get(1)?);
        }
    }
    Ok(())
}

/// Gives up the leases of a worker, or of all: their jobs are due at once and remember when the lost lease was taken.
pub(crate) async fn abandon_leases(work: &mut Work, worker: Option<&str>, now: Timestamp) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE jobs SET abandoned_since = coalesce(abandoned_since, leased_at), lease_worker = NULL,
                   due_at = $3, wake_at = $3, queue = $4
               WHERE account = $1 AND lease_worker IS NOT NULL AND ($2::text IS NULL OR lease_worker = $2)";
    let query = sqlx::query(sql).bind(work.account).bind(worker).bind(micros(now)).bind(READY);
    let count = query.execute(work.connection()).await?.rows_affected();
    work.announcements.work |= count > 0;
    Ok(count)
}

/// The same for the leases of a worker that it has not in hand.
pub(crate) async fn abandon_others(
    work: &mut Work,
    (worker, in_hand): (&str, &[Lease]),
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE jobs SET abandoned_since = coalesce(abandoned_since, leased_at), lease_worker = NULL,
                   due_at = $3, wake_at = $3, queue = $4
               WHERE account = $1 AND lease_worker = $2
                 AND NOT EXISTS (SELECT 1 FROM unnest($5::bigint[], $6::bigint[]) AS held (job, number)
                                 WHERE held.job = jobs.id AND held.number = jobs.lease_number)";
    let jobs: Vec<i64> = in_hand.iter().map(|lease| lease.job.0).collect();
    let numbers: Vec<i64> = in_hand.iter().map(|lease| lease.number).collect();
    let query = sqlx::query(sql).bind(work.account).bind(worker).bind(micros(now)).bind(READY).bind(jobs).bind(numbers);
    let count = query.execute(work.connection()).await?.rows_affected();
    work.announcements.work |= count > 0;
    Ok(count)
}
