//! A fresh store in a folder of its own.

use std::ops::Deref;
use std::sync::Arc;

use leadgate_store_sqlite::{Durability, SqliteAccounts, SqliteConfig, SqliteStore};
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

/// The accounts of a fresh store, and their folder.
pub(crate) struct OpenedAccounts {
    accounts: SqliteAccounts,
    _folder: TempDir,
}

impl Deref for OpenedAccounts {
    type Target = SqliteAccounts;

    fn deref(&self) -> &SqliteAccounts {
        &self.accounts
    }
}

/// Opens the accounts of a fresh store.
pub(crate) fn open_accounts() -> OpenedAccounts {
    let folder = tempfile::tempdir().unwrap();
    let main = Arc::new(SqliteStore::open(config(&folder)).unwrap());
    let accounts = SqliteAccounts::new(main, folder.path().to_owned(), config(&folder));
    OpenedAccounts { accounts, _folder: folder }
}

/// The configuration of the store in that folder.
pub(crate) fn config(folder: &TempDir) -> SqliteConfig {
    SqliteConfig::new(folder.path().join("leadgate.db")).with_durability(Durability::Normal)
}
