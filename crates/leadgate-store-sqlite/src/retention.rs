//! Removing what is old and has ended.
//!
//! The youngest row of what is numbered stays whatever its age: SQLite gives the number after the largest there is, and a number that somebody
//! remembers must not come to mean something else.

use jiff::Timestamp;
use leadgate_store::retention::{OldRows, RemovedRows};
use rusqlite::{Connection, params};

use crate::columns::Micros;
use crate::queue::DONE;

/// Removes what may be removed, so much at most. Changes go first: a submission stays while one names it.
pub(crate) fn remove_old(connection: &Connection, old: &OldRows) -> rusqlite::Result<RemovedRows> {
    let mut removed = RemovedRows::default();
    if let Some(before) = old.changes_before {
        removed.changes = remove_changes(connection, before, old.most)?;
    }
    if let Some(before) = old.done_before {
        removed.deliveries = remove_deliveries(connection, before, old.most)?;
        let jobs = done_jobs(connection, before, old)?;
        removed.submissions = count(jobs.len());
        for job in jobs {
            removed.attempts += remove_job(connection, job)?;
        }
    }
    if let Some(before) = old.profiles_before {
        removed.profiles = remove_profiles(connection, before, old.most)?;
    }
    Ok(removed)
}

/// Of the oldest by number; so no index on their moments is needed.
fn remove_changes(connection: &Connection, before: Timestamp, most: u32) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM changes WHERE seq IN (
                   SELECT seq FROM (SELECT seq, at FROM changes ORDER BY seq LIMIT ?2)
                   WHERE at < ?1 AND seq < (SELECT max(seq) FROM changes))";
    connection.prepare_cached(sql)?.execute(params![Micros(before), most]).map(count)
}

fn remove_deliveries(connection: &Connection, before: Timestamp, most: u32) -> rusqlite::Result<u64> {
    let sql = "SELECT seq FROM deliveries
               WHERE progress = 1 AND ended_at < ?1 AND seq < (SELECT max(seq) FROM deliveries)
               ORDER BY ended_at LIMIT ?2";
    let deliveries = numbers(connection, sql, params![Micros(before), most])?;
    for delivery in &deliveries {
        connection.prepare_cached("DELETE FROM delivery_attempts WHERE delivery = ?1")?.execute([delivery])?;
        connection.prepare_cached("DELETE FROM deliveries WHERE seq = ?1")?.execute([delivery])?;
    }
    Ok(count(deliveries.len()))
}

/// Finished jobs whose submissions no repeat is recognised by any more.
fn done_jobs(connection: &Connection, before: Timestamp, old: &OldRows) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT jobs.id FROM jobs JOIN inbox ON inbox.seq = jobs.id
               WHERE jobs.progress = 1 AND jobs.ended_at < ?1 AND inbox.dedupe_until <= ?2
                 AND jobs.id < (SELECT max(seq) FROM inbox)
                 AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.inbox = jobs.id)
               ORDER BY jobs.ended_at LIMIT ?3";
    numbers(connection, sql, params![Micros(before), Micros(old.now), old.most])
}

/// Removes a finished job and its submission. Returns how many requests went with it.
fn remove_job(connection: &Connection, job: i64) -> rusqlite::Result<u64> {
    let attempts = connection.prepare_cached("DELETE FROM attempts WHERE job = ?1")?.execute([job])?;
    connection.prepare_cached("DELETE FROM job_keys WHERE job = ?1")?.execute([job])?;
    connection.prepare_cached("DELETE FROM jobs WHERE id = ?1 AND progress = ?2")?.execute([job, DONE])?;
    connection.prepare_cached("DELETE FROM inbox WHERE seq = ?1")?.execute([job])?;
    Ok(count(attempts))
}

/// While something waits for its plan, all stay: it may need the profile of anybody.
fn remove_profiles(connection: &Connection, before: Timestamp, most: u32) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM profiles WHERE key IN (SELECT key FROM profiles WHERE changed_at < ?1 LIMIT ?2)
                   AND NOT EXISTS (SELECT 1 FROM inbox WHERE planning = 0)";
    connection.prepare_cached(sql)?.execute(params![Micros(before), most]).map(count)
}

fn numbers(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<i64>> {
    connection.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
