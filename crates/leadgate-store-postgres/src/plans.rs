//! Turning planned submissions into jobs.

use std::collections::HashMap;

use jiff::Timestamp;
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::plan::Plan;
use leadgate_core::record::RecordRef;
use leadgate_core::steps::Parking;
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::{NewJob, PlannedSubmission};

use crate::columns::{id_bytes, micros, rank, submission_id, to_json};
use crate::mirror::{self, PreparedUpdate};
use crate::profiles::{self, PreparedProfile};
use crate::queue::{self, KeyColumns, OUT, PARKED, StateColumns, WORKING};
use crate::transaction::Work;
use crate::{duties, settings};

/// A plan with its JSON written.
pub(crate) struct PreparedPlan {
    submission: SubmissionId,
    job: Result<(NewJob, StateColumns), Unplannable>,
    routing: Option<String>,
    mirror: Vec<PreparedUpdate>,
    profiles: Vec<PreparedProfile>,
}

/// The parked job of a submission that cannot be planned.
struct Unplannable {
    parking: String,
    state: StateColumns,
}

impl Unplannable {
    fn new(parking: &Parking) -> Result<Unplannable, StoreError> {
        let empty = Plan {
            steps: Vec::new(),
            keys: Vec::new(),
            recalls: Vec::new(),
            lane: Lane::Interactive,
            decisions: Vec::new(),
        };
        let state = StateColumns::new(&JobState::new(&empty))?;
        Ok(Unplannable { parking: to_json("parking", parking)?, state })
    }
}

impl PreparedPlan {
    pub(crate) fn new(planned: PlannedSubmission) -> Result<PreparedPlan, StoreError> {
        let job = match planned.job {
            Ok(job) => {
                let state = StateColumns::new(&job.state)?;
                Ok((job, state))
            }
            Err(parking) => Err(Unplannable::new(&parking)?),
        };
        let mirror = planned.effects.mirror.iter().map(PreparedUpdate::new).collect::<Result<_, _>>()?;
        let routing = planned.effects.routing.map(|state| to_json("state of routing", &state)).transpose()?;
        let profiles = PreparedProfile::all(planned.effects.profiles)?;
        Ok(PreparedPlan { submission: planned.submission, job, routing, mirror, profiles })
    }
}

/// A plan and the number of its submission.
type Numbered<'a> = (i64, &'a PreparedPlan);

/// Keeps the plans of a planner, if it still plans.
pub(crate) async fn record_plans_of(
    work: &mut Work,
    (plans, planner): (&[PreparedPlan], Option<&str>),
    now: Timestamp,
) -> Result<Vec<SubmissionId>, sqlx::Error> {
    if let Some(worker) = planner
        && !duties::may_plan(work, worker).await?
    {
        return Ok(Vec::new());
    }
    record_plans(work, plans, now).await
}

/// Keeps plans as jobs, or parks their submissions.
async fn record_plans(
    work: &mut Work,
    plans: &[PreparedPlan],
    now: Timestamp,
) -> Result<Vec<SubmissionId>, sqlx::Error> {
    let unplanned = unplanned_rows(work, plans).await?;
    // Each state of routing builds on the one before, in the order in which plans were made.
    let mut routing = None;
    let mut waiting: Vec<Numbered<'_>> = Vec::with_capacity(plans.len());
    for plan in plans {
        let seq = unplanned.get(&plan.submission).copied();
        routing = seq.and(plan.routing.as_deref()).or(routing);
        waiting.extend(seq.map(|seq| (seq, plan)));
    }
    // Whoever came first is to stand first in the queues of its identities, in whatever order the plans were handed over.
    waiting.sort_by_key(|(seq, _)| *seq);
    waiting.dedup_by_key(|(seq, _)| *seq);
    let kept = write_mirror(work, waiting).await?;
    insert_jobs(work, &kept, now).await?;
    park_unplannable(work, &kept, now).await?;
    let learned: Vec<&PreparedProfile> = kept.iter().flat_map(|(_, plan)| &plan.profiles).collect();
    if !learned.is_empty() {
        let account = work.account;
        profiles::keep_all(work.connection(), account, &learned, now).await?;
    }
    if let Some(state) = routing {
        let account = work.account;
        settings::put_routing(work.connection(), account, state).await?;
    }
    Ok(kept.iter().map(|(_, plan)| plan.submission).collect())
}

/// Written so that only the index of the ids will do. Else, where thousands wait that the statistics do not know of yet, all of them are read each time.
pub(crate) const UNPLANNED_AMONG: &str = "SELECT found.id, found.seq FROM unnest($2::bytea[]) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT id, seq, planning FROM inbox WHERE account = $1 AND inbox.id >= asked.id ORDER BY inbox.id LIMIT 1) AS found
    WHERE found.id = asked.id AND found.planning = 0";

async fn unplanned_rows(work: &mut Work, plans: &[PreparedPlan]) -> Result<HashMap<SubmissionId, i64>, sqlx::Error> {
    let ids: Vec<&[u8]> = plans.iter().map(|plan| id_bytes(&plan.submission)).collect();
    let rows = sqlx::query(UNPLANNED_AMONG).bind(work.account).bind(ids).fetch_all(work.connection()).await?;
    rows.iter().map(|row| Ok((submission_id(row, 0)?, sqlx::Row::try_get(row, 1)?))).collect()
}

/// Writes what plans change in the mirror. Returns the plans that are kept: those from a record that is not so any more are made again from what it
/// is now.
async fn write_mirror<'a>(work: &mut Work, waiting: Vec<Numbered<'a>>) -> Result<Vec<Numbered<'a>>, sqlx::Error> {
    let account = work.account;
    // Plans of one record build on each other: after one that does not fit, none of the later ones does, whatever its revision says.
    let mut outdated: Vec<RecordRef> = Vec::new();
    let mut kept = Vec::with_capacity(waiting.len());
    for (seq, plan) in waiting {
        let builds_on_outdated = plan.mirror.iter().any(|update| outdated.contains(&update.record()));
        let fits = plan.mirror.is_empty()
            || !builds_on_outdated && mirror::fits(work.connection(), account, &plan.mirror).await?;
        if fits {
            if !plan.mirror.is_empty() {
                mirror::write(work.connection(), account, seq, &plan.mirror).await?;
            }
            kept.push((seq, plan));
        } else {
            outdated.extend(plan.mirror.iter().map(PreparedUpdate::record));
            work.announcements.work = true;
        }
    }
    Ok(kept)
}

/// The jobs of plans, as columns.
#[derive(Default)]
struct JobColumns<'a> {
    ids: Vec<i64>,
    lanes: Vec<i16>,
    states: Vec<&'a str>,
    steps: Vec<&'a str>,
    failures: Vec<i64>,
    packable: Vec<i16>,
    parkings: Vec<&'a str>,
}

impl<'a> JobColumns<'a> {
    fn push(&mut self, seq: i64, state: &'a StateColumns) {
        self.ids.push(seq);
        self.states.push(&state.json);
        self.steps.push(state.step);
        self.failures.push(state.failures);
        self.packable.push(state.packable);
    }
}

pub(crate) const INSERT_JOBS: &str =
    "WITH planned AS (UPDATE inbox SET planning = 1 WHERE account = $1 AND seq = ANY ($3))
    INSERT INTO jobs (account, id, lane, progress, queue, due_at, wake_at, packable, state, step, failures)
    SELECT $1, id, lane, $9, $10, $2, $2, packable, state, step, failures
    FROM unnest($3::bigint[], $4::smallint[], $5::text[], $6::text[], $7::bigint[], $8::smallint[])
        AS new (id, lane, state, step, failures, packable)";

async fn insert_jobs(work: &mut Work, kept: &[Numbered<'_>], now: Timestamp) -> Result<(), sqlx::Error> {
    let (mut jobs, mut keys) = (JobColumns::default(), KeyColumns::default());
    for (seq, plan) in kept {
        let Ok((job, state)) = &plan.job else { continue };
        jobs.push(*seq, state);
        jobs.lanes.push(rank(job.lane));
        job.keys.iter().for_each(|key| keys.hold(*seq, key));
        job.recalls.iter().for_each(|key| keys.recall(*seq, key));
    }
    if jobs.ids.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT_JOBS)
        .bind(work.account)
        .bind(micros(now))
        .bind(&jobs.ids)
        .bind(&jobs.lanes)
        .bind(&jobs.states)
        .bind(&jobs.steps)
        .bind(&jobs.failures)
        .bind(&jobs.packable)
        .bind(WORKING)
        .bind(OUT)
        .execute(work.connection())
        .await?;
    let account = work.account;
    keys.insert(work.connection(), account).await?;
    queue::place(work.connection(), account, &jobs.ids, now).await?;
    work.announcements.work = true;
    Ok(())
}

async fn park_unplannable(work: &mut Work, kept: &[Numbered<'_>], now: Timestamp) -> Result<(), sqlx::Error> {
    let mut parked = JobColumns::default();
    for (seq, plan) in kept {
        let Err(unplannable) = &plan.job else { continue };
        parked.push(*seq, &unplannable.state);
        parked.parkings.push(&unplannable.parking);
        work.announcements.ended.push(plan.submission);
    }
    if parked.ids.is_empty() {
        return Ok(());
    }
    let sql = "WITH planned AS (
                   UPDATE inbox SET planning = 2 WHERE account = $1 AND seq = ANY ($3) RETURNING seq, lane
               )
               INSERT INTO jobs (account, id, lane, progress, queue, due_at, wake_at, packable, state, step, failures,
                   parking, ended_at)
               SELECT $1, seq, lane, $9, $10, $2, $2, packable, state, step, failures, parking, $2
               FROM unnest($3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::smallint[], $8::text[])
                   AS new (id, state, step, failures, packable, parking)
               JOIN planned ON planned.seq = new.id";
    sqlx::query(sql)
        .bind(work.account)
        .bind(micros(now))
        .bind(&parked.ids)
        .bind(&parked.states)
        .bind(&parked.steps)
        .bind(&parked.failures)
        .bind(&parked.packable)
        .bind(&parked.parkings)
        .bind(PARKED)
        .bind(OUT)
        .execute(work.connection())
        .await
        .map(|_| ())
}
