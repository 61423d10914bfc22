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
    let account = work.account;
    let most = i64::from(old.most);
    let mut removed = RemovedRows::default();
    if let Some(before) = old.changes_before {
        let delete = sqlx::query(OLD_CHANGES).bind(account).bind(micros(before)).bind(most);
        removed.changes = delete.execute(work.connection()).await?.rows_affected();
    }
    if let Some(before) = old.done_before {
        work.lock_deliveries().await?;
        removed.deliveries = remove_deliveries(work.connection(), account, before, most).await?;
        remove_jobs(work.connection(), account, (before, old), &mut removed).await?;
    }
    if let Some(before) = old.profiles_before {
        let delete = sqlx::query(OLD_PROFILES).bind(account).bind(micros(before)).bind(most);
        removed.profiles = delete.execute(work.connection()).await?.rows_affected();
    }
    Ok(removed)
}

async fn remove_deliveries(
    connection: &mut Session,
    account: i64,
    before: Timestamp,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let old = sqlx::query_scalar(OLD_DELIVERIES).bind(account).bind(micros(before)).bind(most);
    let old: Vec<i64> = old.fetch_all(&mut *connection).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let attempts = "DELETE FROM delivery_attempts WHERE account = $1 AND delivery = ANY($2)";
    remove(connection, account, attempts, &old).await?;
    remove(connection, account, "DELETE FROM deliveries WHERE account = $1 AND seq = ANY($2)", &old).await
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
