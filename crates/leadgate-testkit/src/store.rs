//! The store of a gateway under test: a file, or a fresh database where the whole run is to be on Postgres.

use std::path::Path;
use std::sync::Arc;

use leadgate_postgres_server::Database;
use leadgate_store::Store;
use leadgate_store_postgres::{PostgresConfig, PostgresStore};
use leadgate_store_sqlite::{Durability, SqliteConfig, SqliteStore};

/// Names the kind of store that gateways under test have: `sqlite`, which is usual, or `postgres`.
const KIND: &str = "LEADGATE_TEST_STORE";

/// Whether gateways under test have their store in Postgres. What is about files is not for such a run.
pub fn is_postgres() -> bool {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to take it from")]
    let kind = std::env::var(KIND).unwrap_or_default();
    match kind.as_str() {
        "" | "sqlite" => false,
        "postgres" => true,
        other => panic!("{KIND} is `{other}`; it is sqlite or postgres"),
    }
}

/// Where a store is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Wherever the whole run has them.
    Usual,
    /// In a database, whatever the run has.
    Database,
    /// In a file on a disk that is full when it has grown to so many pages.
    FullDisk(u32),
}

/// A store, and the database that is dropped after it.
pub(crate) struct TestStore {
    store: Arc<dyn Store>,
    database: Option<Database>,
}

impl TestStore {
    /// Opens a fresh one.
    pub(crate) async fn open(folder: &Path, place: Place) -> TestStore {
        if place == Place::Database || place == Place::Usual && is_postgres() {
            return TestStore::in_database().await;
        }
        // No test takes the power away.
        let mut file = SqliteConfig::new(folder.join("gateway.db")).with_durability(Durability::Normal);
        if let Place::FullDisk(pages) = place {
            file.max_pages = Some(pages);
        }
        TestStore { store: Arc::new(SqliteStore::open(file).unwrap()), database: None }
    }

    async fn in_database() -> TestStore {
        let database = Database::fresh();
        let config = PostgresConfig::new(database.url().into()).with_max_connections(5);
        TestStore { store: Arc::new(PostgresStore::open(config).await.unwrap()), database: Some(database) }
    }

    pub(crate) fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}
