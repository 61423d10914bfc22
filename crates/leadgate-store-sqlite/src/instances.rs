//! Who lives, and what becomes of what the dead held.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::instances::Beats;
use leadgate_store::StoreError;
use leadgate_store::instances::{Estate, InstanceStore};
use rusqlite::{Connection, Row, params};

use crate::writer::{Announcements, Scope};
use crate::{SqliteStore, claims, deliveries, duties};

#[async_trait]
impl InstanceStore for SqliteStore {
    async fn beat(&self, worker: &str) -> Result<Vec<Beats>, StoreError> {
        let worker = worker.to_owned();
        self.write(Scope::OneStatement, move |connection, _| beat(connection, &worker)).await
    }

    async fn bury(&self, dead: Beats, now: Timestamp) -> Result<Option<Estate>, StoreError> {
        self.write(Scope::Savepoint, move |connection, announcements| bury(connection, (&dead, now), announcements))
            .await
    }

    async fn leave(&self, worker: &str) -> Result<(), StoreError> {
        let worker = worker.to_owned();
        self.write(Scope::OneStatement, move |connection, _| {
            connection.prepare_cached("DELETE FROM instances WHERE worker = ?1")?.execute([worker]).map(|_| ())
        })
        .await
    }
}

fn beat(connection: &Connection, worker: &str) -> rusqlite::Result<Vec<Beats>> {
    let count = "INSERT INTO instances (worker, beats) VALUES (?1, 1)
                 ON CONFLICT (worker) DO UPDATE SET beats = instances.beats + 1";
    connection.prepare_cached(count)?.execute([worker])?;
    let mut others = connection.prepare_cached("SELECT worker, beats FROM instances WHERE worker <> ?1")?;
    let beats = |row: &Row<'_>| Ok(Beats { worker: row.get(0)?, count: row.get(1)? });
    others.query_map([worker], beats)?.collect()
}

fn bury(
    connection: &Connection,
    (dead, now): (&Beats, Timestamp),
    announcements: &mut Announcements,
) -> rusqlite::Result<Option<Estate>> {
    let delete = "DELETE FROM instances WHERE worker = ?1 AND beats = ?2";
    if connection.prepare_cached(delete)?.execute(params![dead.worker, dead.count])? == 0 {
        return Ok(None);
    }
    let jobs = claims::abandon_leases(connection, Some(&dead.worker), now)?;
    let deliveries = deliveries::abandon(connection, Some(&dead.worker), now)?;
    let duties = duties::give_up(connection, &dead.worker)?;
    announcements.work |= jobs > 0 || duties > 0;
    announcements.deliveries |= deliveries > 0;
    Ok(Some(Estate { jobs, deliveries }))
}
