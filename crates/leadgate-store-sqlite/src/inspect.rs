//! Looks at a store without changing it: for those who want to know how it would be opened, not to open it.

use leadgate_store::StoreError;

use crate::config::SqliteConfig;
use crate::open;

/// What a store is like, opened as [`crate::SqliteStore::open`] would.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// SQLite's journal mode, such as `wal`.
    pub journal: String,
    /// What a commit waits for: 0 nothing, 1 the system, 2 the disk.
    pub synchronous: i64,
    /// The version of the schema in the file.
    pub schema: i64,
    /// The version that this program brings a store to.
    pub newest_schema: i64,
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// Another process uses the store, so that it was left alone.
    InUse,
    /// It was opened.
    Opened(Inspection),
}

/// Opens an existing store with its settings, reads them back from SQLite and closes it. No migration runs. Blocks.
///
/// # Errors
/// [`StoreError::Unavailable`] if there is no store or the file cannot be opened; [`StoreError::Corrupt`] if it is no database.
pub fn inspect(config: &SqliteConfig) -> Result<Inspected, StoreError> {
    if !config.path.is_file() {
        return Err(StoreError::Unavailable(format!("there is no store at {}", config.path.display())));
    }
    match open::lock_unless_in_use(&config.path)? {
        Some(_lock) => open::inspect(config).map(Inspected::Opened),
        None => Ok(Inspected::InUse),
    }
}
