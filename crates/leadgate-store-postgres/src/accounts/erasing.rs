//! Taking everything of an account away: its rows of every table, so many in each transaction, and at last its row of the list.

use leadgate_store::accounts::Erased;
use leadgate_store::transfer::TABLES;
use sqlx::AssertSqlSafe;

use super::rows::REMOVING;
use crate::transaction::Work;

/// Erases so many rows at most of the account of this transaction, if it is being removed. Its caller holds the lock of the jobs.
pub(super) async fn erase_some(work: &mut Work, most: u32) -> Result<Erased, sqlx::Error> {
    let state = sqlx::query_scalar("SELECT state FROM accounts WHERE number = $1").bind(work.account);
    let state: Option<i16> = state.fetch_optional(work.connection()).await?;
    if state != Some(REMOVING) {
        return Ok(Erased { rows: 0, finished: state.is_none() });
    }
    work.lock_deliveries().await?;
    let most = u64::from(most);
    let mut rows = 0;
    // Whatever names a row goes before that row.
    for table in TABLES.iter().rev() {
        if rows < most {
            rows += erase_from(work, table.name, most - rows).await?;
        }
    }
    let finished = rows < most && !is_anything_left(work).await?;
    if finished {
        let remove = sqlx::query("DELETE FROM accounts WHERE number = $1").bind(work.account);
        remove.execute(work.connection()).await?;
        work.announcements.accounts = true;
    }
    Ok(Erased { rows, finished })
}

async fn erase_from(work: &mut Work, table: &'static str, most: u64) -> Result<u64, sqlx::Error> {
    let sql =
        format!("DELETE FROM {table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM {table} WHERE account = $1 LIMIT $2))");
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let erased = sqlx::query(AssertSqlSafe(sql)).bind(work.account).bind(most).execute(work.connection()).await?;
    Ok(erased.rows_affected())
}

/// What comes in takes no lock, so there may be a row in a table that was passed.
async fn is_anything_left(work: &mut Work) -> Result<bool, sqlx::Error> {
    let any = TABLES.iter().map(|table| format!("EXISTS (SELECT 1 FROM {} WHERE account = $1)", table.name));
    let sql = format!("SELECT {}", any.collect::<Vec<_>>().join(" OR "));
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(work.account).fetch_one(work.connection()).await
}
