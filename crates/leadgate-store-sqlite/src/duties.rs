//! What one worker at a time does for all.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::duties::{DutyStore, PLANNING};
use rusqlite::{Connection, params};

use crate::SqliteStore;
use crate::columns::Micros;
use crate::writer::Scope;

#[async_trait]
impl DutyStore for SqliteStore {
    async fn hold_duty(&self, duty: &str, worker: &str, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let (duty, worker) = (duty.to_owned(), worker.to_owned());
        self.write(Scope::OneStatement, move |connection, _| {
            let sql = "INSERT INTO duties (duty, worker, held_until) VALUES (?1, ?2, ?3)
                       ON CONFLICT (duty) DO UPDATE SET worker = excluded.worker, held_until = excluded.held_until
                       WHERE duties.worker = excluded.worker OR duties.held_until <= ?4";
            let held = connection.prepare_cached(sql)?.execute(params![duty, worker, Micros(until), Micros(now)])?;
            Ok(held > 0)
        })
        .await
    }

    async fn give_up_duties(&self, worker: &str) -> Result<(), StoreError> {
        let worker = worker.to_owned();
        self.write(Scope::OneStatement, move |connection, announcements| {
            announcements.work |= give_up(connection, &worker)? > 0;
            Ok(())
        })
        .await
    }

    async fn begin_planned(&self, schedule: &str, moment: Timestamp) -> Result<bool, StoreError> {
        let schedule = schedule.to_owned();
        self.write(Scope::OneStatement, move |connection, _| {
            let sql = "INSERT INTO schedules (schedule, begun) VALUES (?1, ?2)
                       ON CONFLICT (schedule) DO UPDATE SET begun = excluded.begun WHERE schedules.begun < excluded.begun";
            Ok(connection.prepare_cached(sql)?.execute(params![schedule, Micros(moment)])? > 0)
        })
        .await
    }
}

/// Gives up all duties of a worker. Returns how many.
pub(crate) fn give_up(connection: &Connection, worker: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached("DELETE FROM duties WHERE worker = ?1")?.execute([worker])
}

/// Whether plans of this worker are to be kept: nobody has taken the duty over.
pub(crate) fn may_plan(connection: &Connection, worker: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM duties WHERE duty = ?1 AND worker = ?2)";
    connection.prepare_cached(sql)?.query_row([PLANNING, worker], |row| row.get(0))
}
