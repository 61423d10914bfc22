//! Demands: kept, moved from phase to phase, ended with a receipt.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_core::erasure::{Marks, Person};
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::steps::Parking;
use leadgate_core::submission::{Route, SubmissionId};
use leadgate_store::StoreError;
use leadgate_store::erasure::{CrmForget, ForgetId, ForgetState, NewForget, Phase, Place, Sweep};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{Erasing, Going, step};
use crate::columns::{
    from_json, from_optional_json, id_bytes, micros, moment, rank, state_from_json, submission_id, to_json, uuid,
};
use crate::error::{Failure, corrupt};
use crate::queue::{self, DONE, KeyColumns, OUT, PARKED, StateColumns, WORKING};
use crate::session::Session;
use crate::transaction::Work;

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
    pub(super) async fn keep(&self, work: &mut Work, now: Timestamp) -> Result<(), Failure> {
        let account = work.account;
        let mut sweep = Sweep::new(self.demand.marks.clone());
        sweep.until = last_numbers(work.connection(), account).await?;
        let sweep = to_json("sweep", &sweep)?;
        let job = self.keep_job(work, now).await?;
        let sql = "INSERT INTO forgets (account, id, begun_at, phase, sweep, job) VALUES ($1, $2, $3, 0, $4, $5)";
        let insert = sqlx::query(sql).bind(account).bind(key(&self.demand.id)).bind(micros(now)).bind(sweep).bind(job);
        insert.execute(work.connection()).await?;
        work.announcements.forgets = true;
        Ok(())
    }

    /// The job sleeps until the gateway has forgotten the person, and holds their identities meanwhile.
    async fn keep_job(&self, work: &mut Work, now: Timestamp) -> Result<Option<i64>, sqlx::Error> {
        let Some((crm, state)) = self.demand.crm.as_ref().zip(self.state.as_ref()) else { return Ok(None) };
        let account = work.account;
        let seq = insert_submission(work, &crm.submission, (&self.demand.id, now)).await?;
        let never = micros(Timestamp::MAX);
        let sql =
            "INSERT INTO jobs (account, id, lane, progress, queue, due_at, wake_at, packable, state, step, failures)
                   VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, 0)";
        let job = sqlx::query(sql).bind(account).bind(seq).bind(rank(Lane::Interactive)).bind(WORKING).bind(OUT);
        let job = job.bind(never).bind(state.packable).bind(&state.json).bind(state.step);
        job.execute(work.connection()).await?;
        let mut keys = KeyColumns::default();
        crm.keys.iter().for_each(|key| keys.hold(seq, key));
        keys.insert(work.connection(), account).await?;
        queue::place(work.connection(), account, &[seq], now).await?;
        Ok(Some(seq))
    }
}

/// The row of the inbox that the demand's job is kept under. Nothing is recognised as its repeat.
async fn insert_submission(
    work: &mut Work,
    submission: &SubmissionId,
    (id, now): (&ForgetId, Timestamp),
) -> Result<i64, sqlx::Error> {
    let sql = "INSERT INTO inbox
                   (account, id, route, body, lane, dedupe_kind, dedupe, accepted_at, dedupe_until, planning)
               VALUES ($1, $2, $3, ''::bytea, $4, 1, $5, $6, $6, 1) RETURNING seq";
    let insert = sqlx::query_scalar(sql).bind(work.account).bind(id_bytes(submission)).bind(Route::Forget.name());
    let insert = insert.bind(rank(Lane::Interactive)).bind(key(id)).bind(micros(now));
    insert.fetch_one(work.connection()).await
}

fn key(id: &ForgetId) -> &[u8] {
    id.0.as_bytes()
}

async fn last_numbers(connection: &mut Session, account: i64) -> Result<BTreeMap<Place, i64>, sqlx::Error> {
    let sql = "SELECT coalesce((SELECT max(seq) FROM inbox WHERE account = $1), 0),
                      coalesce((SELECT max(seq) FROM deliveries WHERE account = $1), 0),
                      coalesce((SELECT max(seq) FROM changes WHERE account = $1), 0)";
    let row = sqlx::query(sql).bind(account).fetch_one(connection).await?;
    let places = [Place::Submissions, Place::Deliveries, Place::Changes];
    places.into_iter().enumerate().map(|(column, place)| Ok((place, row.try_get(column)?))).collect()
}

/// A row of `forgets` with its job.
struct Demand {
    id: ForgetId,
    begun_at: Timestamp,
    phase: Phase,
    sweep: String,
    receipt: Option<String>,
    job: Option<JobRow>,
}

struct JobRow {
    seq: i64,
    submission: SubmissionId,
    progress: i16,
    state: String,
    parking: Option<String>,
}

const DEMAND: &str =
    "SELECT forgets.id, begun_at, phase, sweep, receipt, job, inbox.id, jobs.progress, jobs.state, jobs.parking
    FROM forgets LEFT JOIN inbox ON inbox.account = $1 AND inbox.seq = forgets.job
    LEFT JOIN jobs ON jobs.account = $1 AND jobs.id = forgets.job
    WHERE forgets.account = $1 AND forgets.id = $2";

fn demand(row: &PgRow) -> Result<Demand, sqlx::Error> {
    let phase: i16 = row.try_get(2)?;
    let job = match row.try_get::<Option<i64>, _>(5)? {
        None => None,
        Some(seq) => {
            let (submission, progress) = (submission_id(row, 6)?, row.try_get(7)?);
            Some(JobRow { seq, submission, progress, state: row.try_get(8)?, parking: row.try_get(9)? })
        }
    };
    Ok(Demand {
        id: ForgetId(uuid(row, 0)?),
        begun_at: moment(row, 1)?,
        phase: usize::try_from(phase).ok().and_then(|phase| Phase::ALL.get(phase)).copied().unwrap_or(Phase::Done),
        sweep: row.try_get(3)?,
        receipt: row.try_get(4)?,
        job,
    })
}

async fn find(connection: &mut Session, account: i64, id: &ForgetId) -> Result<Option<Demand>, sqlx::Error> {
    let found = sqlx::query(DEMAND).bind(account).bind(key(id)).fetch_optional(connection).await?;
    found.as_ref().map(demand).transpose()
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
            begun_at: self.begun_at,
            phase: self.phase,
            sweep: from_json("sweep", &self.sweep)?,
            submission: self.job.as_ref().map(|job| job.submission),
            crm: self.crm()?,
            receipt: from_optional_json("receipt", self.receipt.as_deref())?,
        })
    }
}

/// How a demand stands.
pub(super) async fn state(
    connection: &mut Session,
    account: i64,
    id: &ForgetId,
) -> Result<Option<ForgetState>, Failure> {
    let found = find(connection, account, id).await?;
    Ok(found.map(Demand::state).transpose()?)
}

/// The demands that are not done, the oldest first.
pub(super) async fn open(connection: &mut Session, account: i64) -> Result<Vec<ForgetId>, sqlx::Error> {
    let sql = "SELECT id FROM forgets WHERE account = $1 AND phase < 3 ORDER BY id";
    let rows = sqlx::query(sql).bind(account).fetch_all(connection).await?;
    rows.iter().map(|row| uuid(row, 0).map(ForgetId)).collect()
}

/// Takes a demand's next step. Its caller holds the lock of the jobs.
pub(super) async fn go_on(
    work: &mut Work,
    (id, most): (&ForgetId, u32),
    now: Timestamp,
) -> Result<Option<ForgetState>, Failure> {
    let account = work.account;
    let Some(demand) = find(work.connection(), account, id).await? else { return Ok(None) };
    let mut sweep: Sweep = from_json("sweep", &demand.sweep)?;
    let mut phase = demand.phase;
    if matches!(phase, Phase::Erasing | Phase::Closing) {
        erase_some(work, (&mut sweep, most), now).await?;
    }
    match (phase, &demand.job) {
        (Phase::Erasing, None) if sweep.place().is_none() => phase = Phase::Closing,
        (Phase::Erasing, Some(job)) if sweep.place().is_none() => {
            wake(work, job, &sweep, now).await?;
            phase = Phase::Asking;
        }
        (Phase::Asking, job) if job.as_ref().is_none_or(|job| job.progress == DONE) => {
            sweep.again(last_numbers(work.connection(), account).await?);
            phase = Phase::Closing;
        }
        _ => {}
    }
    put(work, id, phase, &sweep).await?;
    state(work.connection(), account, id).await
}

async fn erase_some(work: &mut Work, (sweep, most): (&mut Sweep, u32), now: Timestamp) -> Result<(), Failure> {
    if sweep.place() == Some(Place::Deliveries) {
        work.lock_deliveries().await?;
    }
    let account = work.account;
    let (connection, announcements) = work.parts();
    step(&mut Going { connection, account, most, erasing: Some(Erasing { now, announcements }) }, sweep).await
}

async fn put(work: &mut Work, id: &ForgetId, phase: Phase, sweep: &Sweep) -> Result<(), Failure> {
    let sweep = to_json("sweep", sweep)?;
    let number = Phase::ALL.iter().take_while(|other| **other != phase).count() as i16;
    let put = sqlx::query("UPDATE forgets SET phase = $3, sweep = $4 WHERE account = $1 AND id = $2");
    let put = put.bind(work.account).bind(key(id)).bind(number).bind(sweep);
    put.execute(work.connection()).await?;
    Ok(())
}

/// Lets the job begin, once the calls have ended that were under way for jobs that were cancelled.
async fn wake(work: &mut Work, job: &JobRow, sweep: &Sweep, now: Timestamp) -> Result<(), Failure> {
    let mut state = state_from_json(&job.state)?;
    let not_before = sweep.calls_end.unwrap_or(now).max(now);
    let step = state.forgetting().ok_or_else(|| corrupt("job state", "a demand's job without its step"))?;
    step.begin(not_before);
    let columns = StateColumns::new(&state)?;
    let account = work.account;
    let sql = "UPDATE jobs SET state = $3, due_at = $4 WHERE account = $1 AND id = $2 AND progress = 0";
    let wake = sqlx::query(sql).bind(account).bind(job.seq).bind(columns.json).bind(micros(not_before));
    wake.execute(work.connection()).await?;
    queue::place(work.connection(), account, &[job.seq], now).await?;
    work.announcements.work = true;
    Ok(())
}

/// Adds what was erased elsewhere.
pub(super) async fn add_counts(work: &mut Work, id: &ForgetId, counts: &BTreeMap<Place, u64>) -> Result<(), Failure> {
    let account = work.account;
    let found = find(work.connection(), account, id).await?;
    let Some(demand) = found.filter(|demand| demand.phase != Phase::Done) else { return Ok(()) };
    let mut sweep: Sweep = from_json("sweep", &demand.sweep)?;
    for (place, count) in counts {
        *sweep.counts.entry(*place).or_default() += count;
    }
    put(work, id, demand.phase, &sweep).await
}

/// Puts the receipt in the place of the sweep. Of the job, what the CRM said is not kept either.
pub(super) async fn finish(work: &mut Work, (id, receipt): (&ForgetId, &str), now: Timestamp) -> Result<bool, Failure> {
    let account = work.account;
    let Some(state) = state(work.connection(), account, id).await? else { return Ok(false) };
    if state.phase != Phase::Closing || state.sweep.place().is_some() {
        return Ok(false);
    }
    let empty = to_json("sweep", &Sweep::new(Marks::new(&Person::default(), [0; 16])))?;
    let messages = "UPDATE attempts SET message = NULL
                    WHERE account = $1 AND job = (SELECT job FROM forgets WHERE account = $1 AND id = $2)";
    sqlx::query(messages).bind(account).bind(key(id)).execute(work.connection()).await?;
    let sql = "UPDATE forgets SET phase = 3, sweep = $3, receipt = $4, ended_at = $5 WHERE account = $1 AND id = $2";
    let finish = sqlx::query(sql).bind(account).bind(key(id)).bind(empty).bind(receipt).bind(micros(now));
    finish.execute(work.connection()).await?;
    Ok(true)
}
