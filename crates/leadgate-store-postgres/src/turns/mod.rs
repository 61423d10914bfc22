//! Recording what came of turns: the new state, the attempt, what was learned, and what is next.
//!
//! Cast: [`prepared`] is a turn with its JSON written, [`effects`] keeps what finished steps leave behind. However many turns there are, each kind
//! of row takes one statement.

pub(crate) mod effects;
mod prepared;

use std::collections::HashMap;

use jiff::Timestamp;
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{Lease, TurnOutcome};
use sqlx::Row as _;

use crate::columns::{micros, submission_id, text};
use crate::imports::waiting;
use crate::queue::{self, KeyFate, OUT, PARKED};
use crate::session::Session;
use crate::settings;
use crate::transaction::Work;

use prepared::PreparedThen;
pub(crate) use prepared::PreparedTurn;

/// Records turns, and the budget, if the one that was seen is still kept.
pub(crate) async fn finish_turns(
    work: &mut Work,
    (turns, budget): (&[&PreparedTurn], Option<(Option<i64>, &str)>),
    now: Timestamp,
) -> Result<Vec<TurnOutcome>, sqlx::Error> {
    let account = work.account;
    let leases: Vec<Lease> = turns.iter().map(|turn| turn.lease).collect();
    let mut leased = leased_submissions(work.connection(), account, &leases).await?;
    let (mut outcomes, mut recorded) = (Vec::with_capacity(turns.len()), Vec::with_capacity(turns.len()));
    for &turn in turns {
        // A turn ends its lease, so another one under the same lease comes too late.
        match leased.remove(&(turn.lease.job.0, turn.lease.number)) {
            Some(submission) => {
                recorded.push((turn, submission));
                outcomes.push(TurnOutcome::Recorded);
            }
            None => outcomes.push(TurnOutcome::LeaseLost),
        }
    }
    if !recorded.is_empty() {
        let turns: Vec<&PreparedTurn> = recorded.iter().map(|(turn, _)| *turn).collect();
        effects::keep(work, &turns, now).await?;
        move_on(work, &recorded, now).await?;
    }
    if let Some(budget) = budget {
        // Last, so that whoever draws a permit meanwhile does not wait for all of it.
        settings::put_budget(work.connection(), account, budget).await?;
    }
    Ok(outcomes)
}

pub(crate) const LEASED: &str = "SELECT jobs.id, jobs.lease_number, inbox.id
    FROM unnest($2::bigint[], $3::bigint[]) AS lease (job, number)
    JOIN jobs ON jobs.account = $1 AND jobs.id = lease.job AND jobs.lease_number = lease.number
    JOIN inbox ON inbox.account = $1 AND inbox.seq = jobs.id
    WHERE jobs.lease_worker IS NOT NULL";

/// The submissions of the jobs whose leases still hold, by job and number of the lease.
async fn leased_submissions(
    connection: &mut Session,
    account: i64,
    leases: &[Lease],
) -> Result<HashMap<(i64, i64), SubmissionId>, sqlx::Error> {
    let jobs: Vec<i64> = leases.iter().map(|lease| lease.job.0).collect();
    let numbers: Vec<i64> = leases.iter().map(|lease| lease.number).collect();
    let rows = sqlx::query(LEASED).bind(account).bind(jobs).bind(numbers).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), submission_id(row, 2)?))).collect()
}

/// Ends the leases and puts the jobs where they belong now.
async fn move_on(
    work: &mut Work,
    recorded: &[(&PreparedTurn, SubmissionId)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let (mut due, mut finished, mut parked) = (Vec::new(), Vec::new(), Vec::new());
    for (turn, submission) in recorded {
        match &turn.then {
            PreparedThen::DueAt(_) => due.push(*turn),
            PreparedThen::Finished(_) => finished.push(turn.lease.job.0),
            PreparedThen::Parked(_) => parked.push(turn.lease.job.0),
        }
        if !matches!(turn.then, PreparedThen::DueAt(_)) {
            work.announcements.ended.push(*submission);
        }
    }
    let turns: Vec<&PreparedTurn> = recorded.iter().map(|(turn, _)| *turn).collect();
    write_states(work, &turns, now).await?;
    let account = work.account;
    let mut any_ready = queue::leave(work.connection(), account, (&finished, KeyFate::Forget), now).await?;
    any_ready |= queue::leave(work.connection(), account, (&parked, KeyFate::GiveUp), now).await?;
    let due = due.iter().map(|turn| (turn.lease.job.0, turn.state.may_have_written)).collect();
    any_ready |= place_or_set_aside(work, due, now).await?;
    work.announcements.work |= any_ready;
    Ok(())
}

/// Gives jobs at work their places, or sets them aside where their import does not go on; with each comes whether something may have been written for it.
/// Returns whether a job is ready now.
pub(crate) async fn place_or_set_aside(
    work: &mut Work,
    jobs: Vec<(i64, bool)>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if jobs.is_empty() {
        return Ok(false);
    }
    let account = work.account;
    let paused = waiting::paused_among(work.connection(), account, &jobs).await?;
    let jobs: Vec<i64> = jobs.into_iter().map(|(job, _)| job).filter(|job| !paused.contains(job)).collect();
    let any_ready = waiting::set_aside(work.connection(), account, &paused, now).await?;
    Ok(any_ready | queue::place(work.connection(), account, &jobs, now).await?)
}

pub(crate) const WRITE_STATES: &str =
    "UPDATE jobs SET state = new.state, step = new.step, failures = new.failures, progress = new.progress,
        due_at = coalesce(new.due_at, jobs.due_at), packable = coalesce(new.packable, jobs.packable),
        outcome = coalesce(new.outcome, jobs.outcome), parking = coalesce(new.parking, jobs.parking),
        ended_at = CASE WHEN new.progress = 0 THEN jobs.ended_at ELSE $2 END,
        queue = CASE WHEN new.progress = 0 THEN jobs.queue ELSE $3 END,
        lease_worker = NULL, leased_at = NULL, abandoned_since = NULL
    FROM unnest($4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::smallint[], $9::bigint[],
            $10::smallint[], $11::text[], $12::text[])
        AS new (id, state, step, failures, progress, due_at, packable, outcome, parking)
    WHERE jobs.account = $1 AND jobs.id = new.id";

/// Writes where the jobs stand, and ends their leases.
async fn write_states(work: &mut Work, turns: &[&PreparedTurn], now: Timestamp) -> Result<(), sqlx::Error> {
    // A job that ends keeps the time and the packing of its last turn, which nobody asks for.
    sqlx::query(WRITE_STATES)
        .bind(work.account)
        .bind(micros(now))
        .bind(OUT)
        .bind(column(turns, |turn| turn.lease.job.0))
        .bind(column(turns, |turn| turn.state.json.as_str()))
        .bind(column(turns, |turn| turn.state.step))
        .bind(column(turns, |turn| turn.state.failures))
        .bind(column(turns, |turn| turn.then.progress()))
        .bind(column(turns, |turn| turn.then.due_at().map(micros)))
        .bind(column(turns, |turn| turn.then.due_at().map(|_| turn.state.packable)))
        .bind(column(turns, |turn| turn.then.outcome()))
        .bind(column(turns, |turn| turn.then.parking()))
        .execute(work.connection())
        .await
        .map(|_| ())
}

fn column<'a, T>(turns: &[&'a PreparedTurn], value: impl Fn(&'a PreparedTurn) -> T) -> Vec<T> {
    turns.iter().map(|turn| value(turn)).collect()
}

/// Parks a leased job whose stored state cannot be read, so that it does not come up for ever; the state is left as it is.
pub(crate) async fn park_unreadable(
    work: &mut Work,
    (lease, parking): (Lease, &str),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let account = work.account;
    let leased = leased_submissions(work.connection(), account, &[lease]).await?;
    let Some(submission) = leased.into_values().next() else { return Ok(()) };
    let sql = "UPDATE jobs SET progress = $3, parking = $4, ended_at = $5, queue = $6, lease_worker = NULL,
                   leased_at = NULL
               WHERE account = $1 AND id = $2";
    let query = sqlx::query(sql).bind(account).bind(lease.job.0).bind(PARKED).bind(text(parking)).bind(micros(now));
    query.bind(OUT).execute(work.connection()).await?;
    let any_ready = queue::leave(work.connection(), account, (&[lease.job.0], KeyFate::GiveUp), now).await?;
    work.announcements.work |= any_ready;
    work.announcements.ended.push(submission);
    Ok(())
}
