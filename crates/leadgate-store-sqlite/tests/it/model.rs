//! Random actions against the model, each time on a fresh file.

use async_trait::async_trait;
use leadgate_store::Store;
use leadgate_store::conformance::model::{Reopened, actions, behaves};
use leadgate_store_sqlite::SqliteStore;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::config;

struct File {
    folder: TempDir,
    store: Option<SqliteStore>,
}

impl File {
    fn fresh() -> File {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(config(&folder)).unwrap();
        File { folder, store: Some(store) }
    }
}

#[async_trait]
impl Reopened for File {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }

    async fn reopen(&mut self) {
        self.store = None;
        self.store = Some(SqliteStore::open(config(&self.folder)).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(actions in actions()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(behaves(File::fresh(), actions));
    }
}
