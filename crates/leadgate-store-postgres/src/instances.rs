//! Who lives, and what becomes of what the dead held.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::instances::Beats;
use leadgate_store::StoreError;
use leadgate_store::instances::{Estate, InstanceStore};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::columns::text;
use crate::transaction::{Lock, Work, in_transaction};
use crate::{PostgresStore, claims, deliveries, duties};

#[async_trait]
impl InstanceStore for PostgresStore {
    async fn beat(&self, worker: &str) -> Result<Vec<Beats>, StoreError> {
        in_transaction!(self, Lock::None, |work| beat(work, worker).await)
    }

    async fn bury(&self, dead: Beats, now: Timestamp) -> Result<Option<Estate>, StoreError> {
        in_transaction!(self, Lock::Jobs, |work| bury(work, &dead, now).await)
    }

    async fn leave(&self, worker: &str) -> Result<(), StoreError> {
        in_transaction!(self, Lock::None, |work| {
            let leave = sqlx::query("DELETE FROM instances WHERE account = $1 AND worker = $2");
            leave.bind(work.account).bind(text(worker)).execute(work.connection()).await.map(|_| ())
        })
    }
}

async fn beat(work: &mut Work, worker: &str) -> Result<Vec<Beats>, sqlx::Error> {
    let account = work.account;
    // The disk is spared: a beat that a crash takes back was one nevertheless.
    sqlx::raw_sql("SET LOCAL synchronous_commit TO off").execute(work.connection()).await?;
    let count = "INSERT INTO instances (account, worker, beats) VALUES ($1, $2, 1)
                 ON CONFLICT (account, worker) DO UPDATE SET beats = instances.beats + 1";
    sqlx::query(count).bind(account).bind(text(worker)).execute(work.connection()).await?;
    let others = sqlx::query("SELECT worker, beats FROM instances WHERE account = $1 AND worker <> $2");
    let rows = others.bind(account).bind(text(worker)).fetch_all(work.connection()).await?;
    let beats = |row: &PgRow| Ok(Beats { worker: row.try_get(0)?, count: row.try_get(1)? });
    rows.iter().map(beats).collect()
}

async fn bury(work: &mut Work, dead: &Beats, now: Timestamp) -> Result<Option<Estate>, sqlx::Error> {
    // A beat that comes at the same time waits for this row, or is waited for.
    let sql = "DELETE FROM instances WHERE account = $1 AND worker = $2 AND beats = $3";
    let delete = sqlx::query(sql).bind(work.account).bind(text(&dead.worker)).bind(dead.count);
    if delete.execute(work.connection()).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let jobs = claims::abandon_leases(work, Some(&dead.worker), now).await?;
    work.lock_deliveries().await?;
    let deliveries = deliveries::abandon(work, Some(&dead.worker), now).await?;
    duties::give_up(work, &dead.worker).await?;
    Ok(Some(Estate { jobs, deliveries }))
}
