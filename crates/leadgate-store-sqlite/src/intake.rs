//! The inbox: keeping submissions, telling repeats apart, and turning planned ones into jobs.

use jiff::Timestamp;
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::plan::Plan;
use leadgate_core::record::RecordRef;
use leadgate_core::steps::Parking;
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::{AcceptOutcome, Dedupe, Digest, InboxEntry, NewJob, NewSubmission, PlannedSubmission};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::columns::{Id, LaneRank, Micros, raw_submission, to_json};
use crate::dedupe::{self, Sought};
use crate::error::store_error;
use crate::mirror::{self, PreparedUpdate};
use crate::profiles::{self, PreparedProfile};
use crate::queue::{self, OUT, PARKED, StateColumns};
use crate::writer::Announcements;
use crate::{duties, settings};

/// A submission and its dedupe columns, ready to be stored.
pub(crate) struct PreparedSubmission {
    submission: NewSubmission,
    kind: i64,
    digest: Digest,
    body_digest: Option<Digest>,
    until: Micros,
    now: Micros,
}

impl PreparedSubmission {
    pub(crate) fn new(submission: NewSubmission, now: Timestamp) -> PreparedSubmission {
        let (kind, digest, body_digest, within) = match submission.dedupe {
            Dedupe::Key { key, body, within } => (0, key, Some(body), within),
            Dedupe::Content { content, within } => (1, content, None, within),
        };
        let until = Micros(now.saturating_add(within).unwrap_or(Timestamp::MAX));
        PreparedSubmission { submission, kind, digest, body_digest, until, now: Micros(now) }
    }

    pub(crate) fn id(&self) -> SubmissionId {
        self.submission.id
    }
}

/// Keeps a submission unless it is a repeat. Changes one row in either case.
pub(crate) fn accept(
    connection: &Connection,
    prepared: &PreparedSubmission,
    announcements: &mut Announcements,
) -> Result<AcceptOutcome, StoreError> {
    let outcome = accept_row(connection, prepared).map_err(|error| store_error(&error))?;
    announcements.work |= outcome == AcceptOutcome::Accepted;
    Ok(outcome)
}

fn accept_row(connection: &Connection, prepared: &PreparedSubmission) -> rusqlite::Result<AcceptOutcome> {
    let sought = Sought { kind: prepared.kind, digest: &prepared.digest, now: prepared.now };
    let Some((seq, earlier, body_digest)) = dedupe::find(connection, sought)? else {
        insert(connection, prepared)?;
        return Ok(AcceptOutcome::Accepted);
    };
    if body_digest != prepared.body_digest {
        return Ok(AcceptOutcome::KeyReused(earlier));
    }
    connection.prepare_cached("UPDATE inbox SET repeats = repeats + 1 WHERE seq = ?1")?.execute([seq])?;
    Ok(AcceptOutcome::Repeat(earlier))
}

fn insert(connection: &Connection, prepared: &PreparedSubmission) -> rusqlite::Result<()> {
    let sql = "INSERT INTO inbox
                   (id, route, target, body, dedupe_kind, dedupe, body_digest, accepted_at, dedupe_until, lane, label)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let raw = &prepared.submission.raw;
    connection.prepare_cached(sql)?.execute(params![
        Id(prepared.submission.id),
        raw.route.name(),
        raw.target,
        raw.body,
        prepared.kind,
        prepared.digest,
        prepared.body_digest,
        prepared.now,
        prepared.until,
        LaneRank(prepared.submission.lane),
        raw.label,
    ])?;
    Ok(())
}

/// Submissions without a plan, lane by lane.
pub(crate) fn unplanned(connection: &Connection, per_lane: [u32; 4]) -> rusqlite::Result<Vec<InboxEntry>> {
    let mut entries = Vec::new();
    for lane in Lane::ALL {
        let limit = per_lane[usize::from(lane.rank())];
        if limit > 0 {
            entries.extend(unplanned_in(connection, lane, limit)?);
        }
    }
    Ok(entries)
}

fn unplanned_in(connection: &Connection, lane: Lane, limit: u32) -> rusqlite::Result<Vec<InboxEntry>> {
    let sql = "SELECT id, accepted_at, route, target, body, label FROM inbox WHERE planning = 0 AND lane = ?1
               ORDER BY seq LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let entries = statement.query_map(params![LaneRank(lane), limit], |row| {
        Ok(InboxEntry {
            id: row.get::<_, Id>(0)?.0,
            accepted_at: row.get::<_, Micros>(1)?.0,
            raw: raw_submission(row, 2)?,
        })
    })?;
    entries.collect()
}

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

/// Keeps plans, unless the worker who made them is no planner any more.
pub(crate) fn record_plans_of(
    connection: &Connection,
    (plans, planner, after_row): (&[PreparedPlan], Option<&str>, fn()),
    now: Timestamp,
    announcements: &mut Announcements,
) -> Result<Vec<SubmissionId>, StoreError> {
    let may_plan = planner.map_or(Ok(true), |worker| duties::may_plan(connection, worker));
    if may_plan.map_err(|error| store_error(&error))? {
        return record_plans(connection, (plans, after_row), now, announcements);
    }
    Ok(Vec::new())
}

/// Keeps plans as jobs, or parks their submissions.
fn record_plans(
    connection: &Connection,
    (plans, after_row): (&[PreparedPlan], fn()),
    now: Timestamp,
    announcements: &mut Announcements,
) -> Result<Vec<SubmissionId>, StoreError> {
    let mut waiting = Vec::with_capacity(plans.len());
    // Each state of routing builds on the one before, in the order in which plans were made.
    let mut routing = None;
    for plan in plans {
        let seq = unplanned_row(connection, plan.submission).map_err(|error| store_error(&error))?;
        routing = seq.and(plan.routing.as_deref()).or(routing);
        waiting.extend(seq.map(|seq| (seq, plan)));
    }
    // Whoever came first is to stand first in the queues of its identities, in whatever order the plans were handed over.
    waiting.sort_by_key(|(seq, _)| *seq);
    waiting.dedup_by_key(|(seq, _)| *seq);
    // Plans of one record build on each other: after one that does not fit, none of the later ones does, whatever its revision says.
    let mut outdated: Vec<RecordRef> = Vec::new();
    let mut kept = Vec::with_capacity(waiting.len());
    for (seq, plan) in waiting {
        let builds_on_outdated = plan.mirror.iter().any(|update| outdated.contains(&update.record()));
        let recorded = !builds_on_outdated
            && record_plan(connection, seq, plan, now, announcements).map_err(|error| store_error(&error))?;
        if recorded {
            kept.push(plan.submission);
        } else {
            outdated.extend(plan.mirror.iter().map(PreparedUpdate::record));
            announcements.work = true;
        }
        after_row();
    }
    if let Some(state) = routing {
        settings::put_routing(connection, state).map_err(|error| store_error(&error))?;
    }
    Ok(kept)
}

fn unplanned_row(connection: &Connection, submission: SubmissionId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT seq FROM inbox WHERE id = ?1 AND planning = 0")?
        .query_row([Id(submission)], |row| row.get(0))
        .optional()
}

/// Whether it was recorded.
fn record_plan(
    connection: &Connection,
    seq: i64,
    plan: &PreparedPlan,
    now: Timestamp,
    announcements: &mut Announcements,
) -> rusqlite::Result<bool> {
    // Planned from a record that is not so any more: it is planned again from what it is now.
    if !mirror::fits(connection, &plan.mirror)? {
        return Ok(false);
    }
    mirror::write(connection, seq, &plan.mirror)?;
    match &plan.job {
        Ok((job, state)) => {
            connection.prepare_cached("UPDATE inbox SET planning = 1 WHERE seq = ?1")?.execute([seq])?;
            insert_job(connection, seq, (job, state), now)?;
            announcements.work = true;
        }
        Err(unplannable) => {
            connection.prepare_cached("UPDATE inbox SET planning = 2 WHERE seq = ?1")?.execute([seq])?;
            insert_parked(connection, seq, unplannable, now)?;
            announcements.ended.push(plan.submission);
        }
    }
    plan.profiles.iter().try_for_each(|profile| profiles::keep(connection, profile, now))?;
    Ok(true)
}

fn insert_parked(connection: &Connection, seq: i64, unplannable: &Unplannable, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO jobs
                   (id, lane, progress, queue, due_at, wake_at, packable, state, step, failures, parking, ended_at)
               SELECT seq, lane, ?2, ?3, ?4, ?4, ?8, ?5, ?6, ?7, ?9, ?4 FROM inbox WHERE seq = ?1";
    let state = &unplannable.state;
    connection.prepare_cached(sql)?.execute(params![
        seq,
        PARKED,
        OUT,
        Micros(now),
        state.json,
        state.step,
        state.failures,
        state.packable,
        unplannable.parking
    ])?;
    Ok(())
}

/// Has a submission that could not be planned planned anew. Returns whether it is one.
pub(crate) fn plan_anew(connection: &Connection, seq: i64) -> rusqlite::Result<bool> {
    let sql = "UPDATE inbox SET planning = 0 WHERE seq = ?1 AND planning = 2";
    if connection.prepare_cached(sql)?.execute([seq])? == 0 {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM jobs WHERE id = ?1")?.execute([seq])?;
    Ok(true)
}

fn insert_job(
    connection: &Connection,
    seq: i64,
    (job, state): (&NewJob, &StateColumns),
    now: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO jobs (id, lane, progress, queue, due_at, wake_at, packable, state, step, failures)
               VALUES (?1, ?2, 0, 0, ?3, ?3, ?7, ?4, ?5, ?6)";
    connection.prepare_cached(sql)?.execute(params![
        seq,
        LaneRank(job.lane),
        Micros(now),
        state.json,
        state.step,
        state.failures,
        state.packable
    ])?;
    for key in &job.keys {
        queue::hold(connection, seq, key)?;
    }
    for key in &job.recalls {
        queue::recall(connection, seq, key)?;
    }
    queue::place(connection, seq, now)
}
