//! Random actions against the model, each time on a fresh account of one database: what the others left behind is not seen.

use std::cell::Cell;

use async_trait::async_trait;
use leadgate_store::Store;
use leadgate_store::conformance::model::{Reopened, actions, behaves};
use leadgate_store_postgres::{PostgresConfig, PostgresStore};
use proptest::test_runner::{Config, TestRunner};

use crate::support::Database;

struct Account {
    config: PostgresConfig,
    store: PostgresStore,
}

#[async_trait]
impl Reopened for Account {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn reopen(&mut self) {
        self.store = PostgresStore::open(self.config.clone()).await.unwrap().for_account(self.store.account());
    }
}

#[test]
fn the_store_does_what_the_model_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(Database::fresh());
    let first = runtime.block_on(database.open());
    let number = Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let run = runner.run(&actions(), |actions| {
        number.set(number.get() + 1);
        let account = Account { config: database.config(), store: first.for_account(number.get()) };
        runtime.block_on(behaves(account, actions));
        Ok(())
    });
    run.unwrap();
}
