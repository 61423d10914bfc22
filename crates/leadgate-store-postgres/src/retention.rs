//! Removing what is old and has ended.
//!
//! The youngest row of what is numbered stays whatever its age, as with every kind of store: who remembers its number finds what comes after it.

use jiff::Timestamp;
use leadgate_store::retention::{OldRows, RemovedRows};

use crate::columns::micros;
use crate::error::Failure;
use crate::session::Session;
use crate::transaction::Work;

/// Changes of the oldest by number, so that no index on their moments is needed.
const OLD_CHANGES: &str = "DELETE FROM changes WHERE account = $1 AND seq IN (
    SELECT seq FROM (SELECT seq, at FROM changes WHERE account = $1 ORDER BY seq LIMIT $3) AS oldest
    WHERE at < $2 AND seq < (SELECT max(seq) FROM changes WHERE account = $1))";
const OLD_DELIVERIES: &str = "SELECT seq FROM deliveries
    WHERE account = $1 AND progress = 1 AND ended_at < $2
      AND seq < (SELECT max(seq) FROM deliveries WHERE account = $1)
    ORDER BY ended_at LIMIT $3";
/// Deliveries of which nothing is left, because the person was forgotten.
const FORGOTTEN_DELIVERIES: &str = "SELECT seq FROM deliveries
    WHERE account = $1 AND progress = 2 AND content = 'null' AND ended_at < $2
      AND seq < (SELECT max(seq) FROM deliveries WHERE account = $1)
    ORDER BY ended_at LIMIT $3";
/// Requests of finished jobs.
const OLD_ATTEMPTS: &str = "DELETE FROM attempts WHERE account = $1 AND job = ANY (ARRAY (
    SELECT id FROM jobs WHERE account = $1 AND progress = 1 AND ended_at < $2
      AND EXISTS (SELECT 1 FROM attempts AS own WHERE own.account = $1 AND own.job = jobs.id)
    ORDER BY ended_at LIMIT $3))";
/// Imports of whose rows no submission is left. Written so that the rows of each old import are looked at, never those of all.
const OLD_IMPORTS: &str = "SELECT id FROM imports WHERE account = $1 AND created_at < $2
      AND (SELECT 1 FROM import_rows WHERE account = $1 AND import = imports.id
             AND (submission IS NOT NULL OR removal IS NOT NULL) LIMIT 1) IS NULL
    LIMIT $3";
const OLD_RECEIPTS: &str = "DELETE FROM forgets WHERE account = $1 AND id = ANY (ARRAY (
    SELECT id FROM forgets WHERE account = $1 AND phase = 3 AND ended_at < $2 ORDER BY ended_at LIMIT $3))";
/// Finished jobs whose submissions no repeat is recognised by any more.
const OLD_JOBS: &str = "SELECT jobs.id FROM jobs JOIN inbox ON inbox.account = $1 AND inbox.seq = jobs.id
    WHERE jobs.account = $1 AND jobs.progress = 1 AND jobs.ended_at < $2 AND inbox.dedupe_until <= $3
      AND jobs.id < (SELECT max(seq) FROM inbox WHERE account = $1)
      AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.account = $1 AND changes.inbox = jobs.id)
    ORDER BY jobs.ended_at LIMIT $4";
/// While something waits for its plan, all stay: it may need the profile of anybody.
const OLD_PROFILES: &str = "DELETE FROM profiles
    WHERE account = $1
      AND key IN (SELECT key FROM profiles WHERE account = $1 AND changed_at < $2 ORDER BY changed_at LIMIT $3)
      AND NOT EXISTS (SELECT 1 FROM inbox WHERE account = $1 AND planning = 0)";

/// Removes what may be removed, so much at most. Changes go first: a submission stays while one names it.
pub(crate) async fn remove_old(work: &mut Work, old: &OldRows) -> Result<RemovedRows, Failure> {
    let most = i64::from(old.most);
    let mut removed = RemovedRows::default();
    if let Some(before) = old.changes_before {
        removed.changes = remove_before(work, OLD_CHANGES, (before, most)).await?;
    }
    if let Some(before) = old.done_before {
        let account = work.account;
        remove_jobs(work.connection(), account, (before, old), &mut removed).await?;
    }
    if let Some(before) = old.attempts_before {
        removed.attempts += remove_before(work, OLD_ATTEMPTS, (before, most)).await?;
    }
    if let Some(before) = old.deliveries_before {
        work.lock_deliveries().await?;
        removed.deliveries = remove_deliveries(work, OLD_DELIVERIES, (before, most)).await?;
        removed.deliveries += remove_deliveries(work, FORGOTTEN_DELIVERIES, (before, most)).await?;
    }
    if let Some(before) = old.imports_before {
        removed.imports = remove_imports(work, (before, most)).await?;
    }
    if let Some(before) = old.receipts_before {
        removed.receipts = remove_before(work, OLD_RECEIPTS, (before, most)).await?;
    }
    if let Some(before) = old.profiles_before {
        removed.profiles = remove_before(work, OLD_PROFILES, (before, most)).await?;
    }
    Ok(removed)
}

/// Runs a statement that removes so many rows from before a moment. Returns how many.
async fn remove_before(
    work: &mut Work,
    sql: &'static str,
    (before, most): (Timestamp, i64),
) -> Result<u64, sqlx::Error> {
    let delete = sqlx::query(sql).bind(work.account).bind(micros(before)).bind(most);
    Ok(delete.execute(work.connection()).await?.rows_affected())
}

async fn remove_deliveries(
    work: &mut Work,
    sql: &'static str,
    (before, most): (Timestamp, i64),
) -> Result<u64, sqlx::Error> {
    let account = work.account;
    let old = sqlx::query_scalar(sql).bind(account).bind(micros(before)).bind(most);
    let old: Vec<i64> = old.fetch_all(work.connection()).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let attempts = "DELETE FROM delivery_attempts WHERE account = $1 AND delivery = ANY($2)";
    remove(work.connection(), account, attempts, &old).await?;
    remove(work.connection(), account, "DELETE FROM deliveries WHERE account = $1 AND seq = ANY($2)", &old).await
}

async fn remove_imports(work: &mut Work, (before, most): (Timestamp, i64)) -> Result<u64, sqlx::Error> {
    let account = work.account;
    let old = sqlx::query_scalar(OLD_IMPORTS).bind(account).bind(micros(before)).bind(most);
    let old: Vec<Vec<u8>> = old.fetch_all(work.connection()).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let rows = "DELETE FROM import_rows WHERE account = $1 AND import = ANY($2)";
    sqlx::query(rows).bind(account).bind(&old).execute(work.connection()).await?;
    let imports = "DELETE FROM imports WHERE account = $1 AND id = ANY($2)";
    let removed = sqlx::query(imports).bind(account).bind(&old).execute(work.connection()).await?;
    Ok(removed.rows_affected())
}

/// Removes finished jobs and their submissions, and what names them: a row of an import goes with its submission.
async fn remove_jobs(
    connection: &mut Session,
    account: i64,
    (before, old): (Timestamp, &OldRows),
    removed: &mut RemovedRows,
) -> Result<(), sqlx::Error> {
    let jobs = sqlx::query_scalar(OLD_JOBS).bind(account).bind(micros(before)).bind(micros(old.now));
    let jobs: Vec<i64> = jobs.bind(i64::from(old.most)).fetch_all(&mut *connection).await?;
    if jobs.is_empty() {
        return Ok(());
    }
    let rows = "DELETE FROM import_rows WHERE account = $1 AND submission = ANY($2)";
    remove(connection, account, rows, &jobs).await?;
    let removals = "UPDATE import_rows SET removal = NULL WHERE account = $1 AND removal = ANY($2)";
    remove(connection, account, removals, &jobs).await?;
    remove(connection, account, "UPDATE forgets SET job = NULL WHERE account = $1 AND job = ANY($2)", &jobs).await?;
    let attempts = "DELETE FROM attempts WHERE account = $1 AND job = ANY($2)";
    removed.attempts = remove(connection, account, attempts, &jobs).await?;
    remove(connection, account, "DELETE FROM job_keys WHERE account = $1 AND job = ANY($2)", &jobs).await?;
    remove(connection, account, "DELETE FROM jobs WHERE account = $1 AND id = ANY($2)", &jobs).await?;
    removed.submissions =
        remove(connection, account, "DELETE FROM inbox WHERE account = $1 AND seq = ANY($2)", &jobs).await?;
    Ok(())
}

async fn remove(
    connection: &mut Session,
    account: i64,
    sql: &'static str,
    numbers: &[i64],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(sql).bind(account).bind(numbers).execute(connection).await?;
    Ok(done.rows_affected())
}
