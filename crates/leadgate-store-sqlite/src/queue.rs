//! Which jobs may be leased: due, not leased, and first in the queue of each of their identities.
//!
//! That is decided when something changes, not when jobs are claimed: `jobs.queue` says where a job stands, so a claim reads the ready ones
//! from an index and never passes over the thousands that wait behind one of them.
//!
//! | `queue` | the job | leaves it |
//! |---|---|---|
//! | [`OUT`] | finished or parked | by release |
//! | [`READY`] | may be leased | by a lease |
//! | [`SLEEPING`] | is leased, or due later; `wake_at` says until when | by a turn, or when a claim wakes it |
//! | [`BEHIND`] | waits behind another job of one of its identities | when that one ends |
//!
//! The queue of an identity is its rows in `job_keys` with `held = 1`, by `seq`. A new row always goes to the end, so a job that is first
//! stays first until it ends.

use jiff::Timestamp;
use leadgate_core::identity::IdentityKey;
pub(crate) use leadgate_store::stored::StateColumns;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::columns::Micros;

pub(crate) const OUT: i64 = 0;
pub(crate) const READY: i64 = 1;
pub(crate) const SLEEPING: i64 = 2;
pub(crate) const BEHIND: i64 = 3;

pub(crate) const WORKING: i64 = 0;
pub(crate) const DONE: i64 = 1;
pub(crate) const PARKED: i64 = 2;

/// Puts a job at the end of the queue of an identity, unless it is in it.
pub(crate) fn hold(connection: &Connection, job: i64, key: &IdentityKey) -> rusqlite::Result<()> {
    let sql = "INSERT INTO job_keys (job, key, role, held) SELECT ?1, ?2, 0, 1
               WHERE NOT EXISTS (SELECT 1 FROM job_keys WHERE job = ?1 AND key = ?2 AND role = 0)";
    connection.prepare_cached(sql)?.execute(params![job, key.as_str()])?;
    Ok(())
}

/// Puts a job at work at the end of the queue of a further identity, but ahead of those in it who wait for this very job: else both would
/// wait for ever. (One comes about when a released job, which stands behind this one, holds the identity already.)
pub(crate) fn hold_further(connection: &Connection, job: i64, key: &IdentityKey) -> rusqlite::Result<()> {
    hold(connection, job, key)?;
    // Who comes next in one of the queues of the job waits for it, and so does who comes next to that one.
    let sql = "WITH RECURSIVE waiting (job) AS (
                   VALUES (?1)
                   UNION
                   SELECT (SELECT next.job FROM job_keys AS next
                           WHERE next.key = own.key AND next.held = 1 AND next.seq > own.seq
                           ORDER BY next.seq LIMIT 1) AS follower
                   FROM waiting JOIN job_keys AS own ON own.job = waiting.job AND own.held = 1
                   WHERE follower IS NOT NULL
               )
               SELECT seq FROM job_keys WHERE key = ?2 AND held = 1 AND job <> ?1 AND job IN (SELECT job FROM waiting)
               ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let ahead = statement.query_map(params![job, key.as_str()], |row| row.get(0))?;
    for seq in ahead.collect::<rusqlite::Result<Vec<i64>>>()? {
        let sql = "UPDATE job_keys SET seq = (SELECT max(seq) + 1 FROM job_keys) WHERE seq = ?1";
        connection.prepare_cached(sql)?.execute([seq])?;
    }
    Ok(())
}

/// Notes that a job wants to be told about an identity.
pub(crate) fn recall(connection: &Connection, job: i64, key: &IdentityKey) -> rusqlite::Result<()> {
    let sql = "INSERT INTO job_keys (job, key, role, held) VALUES (?1, ?2, 1, 0)";
    connection.prepare_cached(sql)?.execute(params![job, key.as_str()])?;
    Ok(())
}

/// Gives a job that is at work and not leased its place: behind, asleep or ready.
pub(crate) fn place(connection: &Connection, job: i64, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE jobs SET wake_at = due_at, queue = CASE
                   WHEN EXISTS (
                       SELECT 1 FROM job_keys AS own
                       WHERE own.job = ?1 AND own.held = 1
                         AND own.seq > (SELECT min(first.seq) FROM job_keys AS first
                                        WHERE first.key = own.key AND first.held = 1)
                   ) THEN ?3
                   WHEN due_at > ?2 THEN ?4
                   ELSE ?5 END
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![job, Micros(now), BEHIND, SLEEPING, READY])?;
    Ok(())
}

/// Whether a job may be leased now.
pub(crate) fn is_ready(connection: &Connection, job: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT queue = ?2 FROM jobs WHERE id = ?1";
    connection.prepare_cached(sql)?.query_row([job, READY], |row| row.get(0))
}

/// What becomes of the keys of a job that leaves its queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFate {
    /// It is finished and will not come back.
    Forget,
    /// It is parked and will need them again.
    GiveUp,
}

/// Takes a job out of the queues of its identities and lets those move up who come next. Returns whether one of them is ready now.
pub(crate) fn leave(connection: &Connection, job: i64, fate: KeyFate, now: Timestamp) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached("SELECT key FROM job_keys WHERE job = ?1 AND held = 1")?;
    let keys = statement.query_map([job], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let sql = match fate {
        KeyFate::Forget => "DELETE FROM job_keys WHERE job = ?1",
        KeyFate::GiveUp => "UPDATE job_keys SET held = 0 WHERE job = ?1 AND held = 1",
    };
    connection.prepare_cached(sql)?.execute([job])?;
    let mut any_ready = false;
    for key in keys {
        any_ready |= move_up(connection, &key, now)?;
    }
    Ok(any_ready)
}

/// Puts the first in the queue of an identity in its place, if it was behind. Returns whether it is ready now.
fn move_up(connection: &Connection, key: &str, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "SELECT first.job FROM job_keys AS first JOIN jobs ON jobs.id = first.job
               WHERE first.seq = (SELECT min(seq) FROM job_keys WHERE key = ?1 AND held = 1) AND jobs.queue = ?2";
    let first = connection.prepare_cached(sql)?.query_row(params![key, BEHIND], |row| row.get(0)).optional()?;
    let Some(first) = first else { return Ok(false) };
    place(connection, first, now)?;
    is_ready(connection, first)
}

/// Puts a parked job back at the end of the queues of its identities.
pub(crate) fn rejoin(connection: &Connection, job: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO job_keys (job, key, role, held)
               SELECT job, key, role, 1 FROM job_keys WHERE job = ?1 AND role = 0 AND held = 0 ORDER BY seq";
    connection.prepare_cached(sql)?.execute([job])?;
    connection.prepare_cached("DELETE FROM job_keys WHERE job = ?1 AND role = 0 AND held = 0")?.execute([job])?;
    Ok(())
}
