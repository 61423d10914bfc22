//! The list of accounts of a database that serves the default one.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::accounts::{
    Account, AccountChange, AccountName, AccountNumber, AccountRegistry, AccountState, AddAccountOutcome, Erased,
    NewAccount,
};
use leadgate_store::transfer::{Transfer, TransferAccounts};
use leadgate_store::{Store, StoreError};
use leadgate_store_postgres::PostgresStore;

/// The one account.
pub(crate) struct PostgresAccounts(PostgresStore);

impl PostgresAccounts {
    pub(crate) fn new(store: PostgresStore) -> PostgresAccounts {
        PostgresAccounts(store)
    }
}

fn refused<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("a database serves the default account alone".to_owned()))
}

#[async_trait]
impl AccountRegistry for PostgresAccounts {
    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(vec![Account {
            number: AccountNumber::DEFAULT,
            name: AccountName::default_account(),
            state: AccountState::Active,
            settings: serde_json::json!({}),
            credentials: None,
            added_at: Timestamp::UNIX_EPOCH,
            changed_at: Timestamp::UNIX_EPOCH,
        }])
    }

    async fn add_account(&self, _: NewAccount, _: Timestamp) -> Result<AddAccountOutcome, StoreError> {
        refused()
    }

    async fn change_account(&self, _: AccountNumber, _: AccountChange, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn erase_account(&self, _: AccountNumber, _: u32) -> Result<Erased, StoreError> {
        Ok(Erased { rows: 0, finished: false })
    }

    async fn open(&self, _: AccountNumber) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(self.0.clone()))
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}

#[async_trait]
impl TransferAccounts for PostgresAccounts {
    async fn put_account(&self, account: Account) -> Result<(), StoreError> {
        if account.number == AccountNumber::DEFAULT { Ok(()) } else { refused() }
    }

    async fn rows(&self, _: AccountNumber) -> Result<Arc<dyn Transfer>, StoreError> {
        Ok(Arc::new(self.0.clone()))
    }
}
