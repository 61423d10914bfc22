//! The bytes. What is deleted is overwritten at once (`secure_delete`); what an earlier version deleted without that is removed by rewriting the
//! file, once. Then the write-ahead log is copied back and cut to nothing.

use jiff::Timestamp;
use leadgate_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _};

use crate::columns::Micros;
use crate::error::store_error;

/// When the file was rewritten does not matter, only that it was.
/// Runs outside of a transaction, on the writer's thread. Returns whether the log is empty.
pub(super) fn cleanse(connection: &Connection) -> Result<bool, StoreError> {
    cleansed(connection).map_err(|error| store_error(&error))
}

fn cleansed(connection: &Connection) -> rusqlite::Result<bool> {
    let is_rewritten = connection.query_row("SELECT 1 FROM upkeep", [], |_| Ok(())).optional()?.is_some();
    if !is_rewritten {
        connection.execute_batch("VACUUM")?;
        let sql = "INSERT OR REPLACE INTO upkeep (only, rewritten_at) VALUES (1, ?1)";
        connection.execute(sql, [Micros(Timestamp::UNIX_EPOCH)])?;
    }
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).map(|busy| busy == 0)
}
