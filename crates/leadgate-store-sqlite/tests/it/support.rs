//! A fresh store in a folder of its own.

use std::ops::Deref;

use leadgate_store_sqlite::{Durability, SqliteConfig, SqliteStore};
use tempfile::TempDir;

/// A store and the folder it lives in; the folder goes when the store is closed.
pub(crate) struct Opened {
    store: SqliteStore,
    _folder: TempDir,
}

impl Deref for Opened {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

/// Opens a fresh store. No test here cuts the power, so none pays for it.
pub(crate) fn open_fresh() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    Opened { store, _folder: folder }
}

/// The configuration of the store in that folder.
pub(crate) fn config(folder: &TempDir) -> SqliteConfig {
    SqliteConfig::new(folder.path().join("leadgate.db")).with_durability(Durability::Normal)
}
