//! [`TransferAccounts`] on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use leadgate_store::StoreError;
use leadgate_store::accounts::{Account, AccountNumber};
use leadgate_store::transfer::{Transfer, TransferAccounts};

use super::{PostgresAccounts, rows};
use crate::columns::to_json;
use crate::transaction::{Lock, in_snapshot, in_transaction};

#[async_trait]
impl TransferAccounts for PostgresAccounts {
    async fn put_account(&self, account: Account) -> Result<(), StoreError> {
        let main = &self.main;
        let settings = to_json("account", &account.settings)?;
        let is_put = in_transaction!(main, Lock::None, |work| rows::put(work, &account, &settings).await)?;
        if is_put {
            return Ok(());
        }
        Err(StoreError::Unavailable("another account has the number or the name of one to copy".to_owned()))
    }

    async fn rows(&self, number: AccountNumber) -> Result<Arc<dyn Transfer>, StoreError> {
        let main = &self.main;
        if !in_snapshot!(main, |connection| rows::is_listed(connection, number).await)? {
            return Err(StoreError::Unavailable(format!("there is no account {number}")));
        }
        Ok(Arc::new(main.for_account(number.0)))
    }
}
