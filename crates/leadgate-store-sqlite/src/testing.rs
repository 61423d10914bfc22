//! A fresh store, and how SQLite means to find what a statement asks for.

use rusqlite::Connection;
use rusqlite::types::Null;
use tempfile::TempDir;

use crate::{SqliteConfig, SqliteStore};

/// A store in a folder that goes with the test.
pub(crate) fn fresh() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(folder.path().join("leadgate.db"))).unwrap();
    (folder, store)
}

/// The plan of a statement, its steps in one line.
pub(crate) fn plan_of(connection: &Connection, sql: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let values = vec![Null; statement.parameter_count()];
    let steps = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3))?;
    Ok(steps.collect::<rusqlite::Result<Vec<_>>>()?.join("; "))
}
