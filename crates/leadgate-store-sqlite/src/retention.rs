//! Removing what is old and has ended.
//!
//! The youngest row of what is numbered stays whatever its age: SQLite gives the number after the largest there is, and a number that somebody
//! remembers must not come to mean something else.

use jiff::Timestamp;
use leadgate_store::retention::{OldRows, RemovedRows};
use rusqlite::{Connection, params};

use crate::columns::Micros;
use crate::queue::DONE;

/// Changes of the oldest by number, so that no index on their moments is needed.
const OLD_CHANGES: &str = "DELETE FROM changes WHERE seq IN (
    SELECT seq FROM (SELECT seq, at FROM changes ORDER BY seq LIMIT ?2)
    WHERE at < ?1 AND seq < (SELECT max(seq) FROM changes))";
const OLD_DELIVERIES: &str = "SELECT seq FROM deliveries
    WHERE progress = 1 AND ended_at < ?1 AND seq < (SELECT max(seq) FROM deliveries)
    ORDER BY ended_at LIMIT ?2";
/// Deliveries of which nothing is left, because the person was forgotten.
const FORGOTTEN_DELIVERIES: &str = "SELECT seq FROM deliveries
    WHERE progress = 2 AND content = 'null' AND ended_at < ?1 AND seq < (SELECT max(seq) FROM deliveries)
    ORDER BY ended_at LIMIT ?2";
/// Requests of finished jobs.
const OLD_ATTEMPTS: &str = "DELETE FROM attempts WHERE job IN (
    SELECT id FROM jobs WHERE progress = 1 AND ended_at < ?1
      AND EXISTS (SELECT 1 FROM attempts AS own WHERE own.job = jobs.id)
    ORDER BY ended_at LIMIT ?2)";
/// Imports of whose rows no submission is left.
const OLD_IMPORTS: &str = "SELECT id FROM imports WHERE created_at < ?1
      AND NOT EXISTS (SELECT 1 FROM import_rows WHERE import = imports.id
                      AND (submission IS NOT NULL OR removal IS NOT NULL))
    LIMIT ?2";
const OLD_RECEIPTS: &str = "DELETE FROM forgets WHERE id IN (
    SELECT id FROM forgets WHERE phase = 3 AND ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
/// Finished jobs whose submissions no repeat is recognised by any more.
const OLD_JOBS: &str = "SELECT jobs.id FROM jobs JOIN inbox ON inbox.seq = jobs.id
    WHERE jobs.progress = 1 AND jobs.ended_at < ?1 AND inbox.dedupe_until <= ?2
      AND jobs.id < (SELECT max(seq) FROM inbox)
      AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.inbox = jobs.id)
    ORDER BY jobs.ended_at LIMIT ?3";
/// While something waits for its plan, all stay: it may need the profile of anybody.
const OLD_PROFILES: &str = "DELETE FROM profiles
    WHERE key IN (SELECT key FROM profiles WHERE changed_at < ?1 LIMIT ?2)
      AND NOT EXISTS (SELECT 1 FROM inbox WHERE planning = 0)";

/// Removes what may be removed, so much at most. Changes go first: a submission stays while one names it.
pub(crate) fn remove_old(connection: &Connection, old: &OldRows) -> rusqlite::Result<RemovedRows> {
    let mut removed = RemovedRows::default();
    if let Some(before) = old.changes_before {
        removed.changes = remove(connection, OLD_CHANGES, params![Micros(before), old.most])?;
    }
    if let Some(before) = old.done_before {
        let jobs = numbers(connection, OLD_JOBS, params![Micros(before), Micros(old.now), old.most])?;
        removed.submissions = count(jobs.len());
        for job in jobs {
            removed.attempts += remove_job(connection, job)?;
        }
    }
    if let Some(before) = old.attempts_before {
        removed.attempts += remove(connection, OLD_ATTEMPTS, params![Micros(before), old.most])?;
    }
    if let Some(before) = old.deliveries_before {
        removed.deliveries = remove_deliveries(connection, OLD_DELIVERIES, before, old.most)?;
        removed.deliveries += remove_deliveries(connection, FORGOTTEN_DELIVERIES, before, old.most)?;
    }
    if let Some(before) = old.imports_before {
        removed.imports = remove_imports(connection, before, old.most)?;
    }
    if let Some(before) = old.receipts_before {
        removed.receipts = remove(connection, OLD_RECEIPTS, params![Micros(before), old.most])?;
    }
    if let Some(before) = old.profiles_before {
        removed.profiles = remove(connection, OLD_PROFILES, params![Micros(before), old.most])?;
    }
    Ok(removed)
}

fn remove_imports(connection: &Connection, before: Timestamp, most: u32) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(OLD_IMPORTS)?;
    let imports = statement.query_map(params![Micros(before), most], |row| row.get(0))?;
    let imports = imports.collect::<rusqlite::Result<Vec<Vec<u8>>>>()?;
    for import in &imports {
        connection.prepare_cached("DELETE FROM import_rows WHERE import = ?1")?.execute([import])?;
        connection.prepare_cached("DELETE FROM imports WHERE id = ?1")?.execute([import])?;
    }
    Ok(count(imports.len()))
}

fn remove_deliveries(connection: &Connection, sql: &str, before: Timestamp, most: u32) -> rusqlite::Result<u64> {
    let deliveries = numbers(connection, sql, params![Micros(before), most])?;
    for delivery in &deliveries {
        connection.prepare_cached("DELETE FROM delivery_attempts WHERE delivery = ?1")?.execute([delivery])?;
        connection.prepare_cached("DELETE FROM deliveries WHERE seq = ?1")?.execute([delivery])?;
    }
    Ok(count(deliveries.len()))
}

/// Removes a finished job and its submission, and what names them. Returns how many requests went with it.
fn remove_job(connection: &Connection, job: i64) -> rusqlite::Result<u64> {
    let attempts = connection.prepare_cached("DELETE FROM attempts WHERE job = ?1")?.execute([job])?;
    connection.prepare_cached("DELETE FROM job_keys WHERE job = ?1")?.execute([job])?;
    connection.prepare_cached("DELETE FROM import_rows WHERE submission = ?1")?.execute([job])?;
    connection.prepare_cached("UPDATE import_rows SET removal = NULL WHERE removal = ?1")?.execute([job])?;
    connection.prepare_cached("UPDATE forgets SET job = NULL WHERE job = ?1")?.execute([job])?;
    connection.prepare_cached("DELETE FROM jobs WHERE id = ?1 AND progress = ?2")?.execute([job, DONE])?;
    connection.prepare_cached("DELETE FROM inbox WHERE seq = ?1")?.execute([job])?;
    Ok(count(attempts))
}

fn remove(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<u64> {
    connection.prepare_cached(sql)?.execute(values).map(count)
}

fn numbers(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<i64>> {
    connection.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fresh, plan_of};

    #[tokio::test]
    async fn what_is_old_is_found_without_looking_at_what_is_not() {
        let (_folder, store) = fresh();
        let plans = store
            .read(|connection| {
                let all = [OLD_DELIVERIES, OLD_JOBS, OLD_PROFILES];
                all.into_iter().map(|sql| plan_of(connection, sql)).collect::<rusqlite::Result<Vec<_>>>()
            })
            .await
            .unwrap();
        let [deliveries, jobs, profiles] = &plans[..] else { panic!("{plans:?}") };
        assert!(deliveries.contains("USING COVERING INDEX deliveries_done (ended_at<?)"), "{deliveries}");
        assert!(jobs.contains("SEARCH jobs USING COVERING INDEX jobs_done (ended_at<?)"), "{jobs}");
        assert!(jobs.contains("USING COVERING INDEX changes_inbox (inbox=?)"), "{jobs}");
        assert!(profiles.contains("USING COVERING INDEX profiles_changed (changed_at<?)"), "{profiles}");
        assert!(plans.iter().all(|plan| !plan.contains("TEMP B-TREE")), "{plans:?}");
    }
}
