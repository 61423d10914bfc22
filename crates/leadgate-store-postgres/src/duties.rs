//! What one worker at a time does for all.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::duties::{DutyStore, PLANNING};

use crate::PostgresStore;
use crate::columns::{micros, text};
use crate::transaction::{Lock, Work, in_transaction};

#[async_trait]
impl DutyStore for PostgresStore {
    async fn hold_duty(&self, duty: &str, worker: &str, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO duties (account, duty, worker, held_until) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (account, duty) DO UPDATE SET worker = excluded.worker, held_until = excluded.held_until
                   WHERE duties.worker = excluded.worker OR duties.held_until <= $5";
        in_transaction!(self, Lock::None, |work| {
            let hold = sqlx::query(sql).bind(work.account).bind(text(duty)).bind(text(worker)).bind(micros(until));
            let held = hold.bind(micros(now)).execute(work.connection()).await;
            held.map(|held| held.rows_affected() > 0)
        })
    }

    async fn give_up_duties(&self, worker: &str) -> Result<(), StoreError> {
        in_transaction!(self, Lock::None, |work| give_up(work, worker).await)
    }

    async fn begin_planned(&self, schedule: &str, moment: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO schedules (account, schedule, begun) VALUES ($1, $2, $3)
                   ON CONFLICT (account, schedule) DO UPDATE SET begun = excluded.begun
                   WHERE schedules.begun < excluded.begun";
        in_transaction!(self, Lock::None, |work| {
            let begin = sqlx::query(sql).bind(work.account).bind(text(schedule)).bind(micros(moment));
            begin.execute(work.connection()).await.map(|begun| begun.rows_affected() > 0)
        })
    }
}

/// Gives up all duties of a worker.
pub(crate) async fn give_up(work: &mut Work, worker: &str) -> Result<(), sqlx::Error> {
    let delete = sqlx::query("DELETE FROM duties WHERE account = $1 AND worker = $2");
    let given_up = delete.bind(work.account).bind(text(worker)).execute(work.connection()).await?;
    work.announcements.work |= given_up.rows_affected() > 0;
    Ok(())
}

/// Whether plans of this worker are to be kept: nobody has taken the duty over, and nobody does before they are kept. So who takes it over then
/// sees them, and whose turn it is after them.
pub(crate) async fn may_plan(work: &mut Work, worker: &str) -> Result<bool, sqlx::Error> {
    let sql = "SELECT 1 FROM duties WHERE account = $1 AND duty = $2 AND worker = $3 FOR SHARE";
    let held = sqlx::query(sql).bind(work.account).bind(PLANNING).bind(text(worker));
    Ok(held.fetch_optional(work.connection()).await?.is_some())
}
