//! The accounts in one database: the list is a table, and an account is its number, which leads every key.
//!
//! Cast: `rows` is the list, `erasing` takes everything of an account away, `carrying` puts accounts in as they were elsewhere. A change of the list is announced to this process and to the others.

mod carrying;
mod erasing;
mod rows;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::accounts::{
    Account, AccountChange, AccountNumber, AccountRegistry, AddAccountOutcome, Erased, NewAccount,
};
use leadgate_store::{Store, StoreError};

use crate::PostgresStore;
use crate::columns::to_json;
use crate::transaction::{Lock, in_snapshot, in_transaction};

/// The accounts in a database.
///
/// Who holds the store of an account is known for this process only. Another process that has not heard yet that an account is being removed may
/// still write rows of it; they stay behind under a number that is never given again, and nobody reads them.
#[derive(Debug)]
pub struct PostgresAccounts {
    main: Arc<PostgresStore>,
    open: Mutex<HashMap<AccountNumber, Weak<PostgresStore>>>,
    /// One at a time opens or erases, so that nobody opens what is being erased.
    turn: tokio::sync::Mutex<()>,
}

impl PostgresAccounts {
    /// The accounts in the database of `main`, the default account's store. All share its connections.
    pub fn new(main: Arc<PostgresStore>) -> PostgresAccounts {
        PostgresAccounts { main, open: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// The default account's store.
    pub fn main(&self) -> &Arc<PostgresStore> {
        &self.main
    }

    fn held(&self, number: AccountNumber) -> Option<Arc<PostgresStore>> {
        self.opened().get(&number).and_then(Weak::upgrade)
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<AccountNumber, Weak<PostgresStore>>> {
        // A panic while the lock was held leaves a map that is still whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AccountRegistry for PostgresAccounts {
    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let main = &self.main;
        in_snapshot!(main, |connection| rows::accounts(connection).await)
    }

    async fn add_account(&self, account: NewAccount, now: Timestamp) -> Result<AddAccountOutcome, StoreError> {
        let main = &self.main;
        let settings = to_json("account", &account.settings)?;
        in_transaction!(main, Lock::None, |work| rows::add(work, (&account, &settings), now).await)
    }

    async fn change_account(
        &self,
        number: AccountNumber,
        change: AccountChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let main = &self.main;
        let settings = change.settings.as_ref().map(|settings| to_json("account", settings)).transpose()?;
        let columns = rows::Columns { settings: settings.as_deref(), change: &change };
        in_transaction!(main, Lock::None, |work| rows::change(work, number, &columns, now).await)
    }

    async fn erase_account(&self, number: AccountNumber, most_rows: u32) -> Result<Erased, StoreError> {
        let _turn = self.turn.lock().await;
        if self.held(number).is_some() {
            return Err(StoreError::Unavailable(format!("account {number} is still in use; it is erased after that")));
        }
        let store = self.main.for_account(number.0);
        let erased = in_transaction!(store, Lock::Jobs, |work| erasing::erase_some(work, most_rows).await)?;
        if erased.finished {
            self.opened().remove(&number);
        }
        Ok(erased)
    }

    async fn open(&self, number: AccountNumber) -> Result<Arc<dyn Store>, StoreError> {
        let main = &self.main;
        if number == AccountNumber::DEFAULT {
            return Ok(Arc::clone(main) as Arc<dyn Store>);
        }
        let _turn = self.turn.lock().await;
        if let Some(store) = self.held(number) {
            return Ok(store);
        }
        if !in_snapshot!(main, |connection| rows::is_listed(connection, number).await)? {
            return Err(StoreError::Unavailable(format!("there is no account {number}")));
        }
        let store = Arc::new(main.for_account(number.0));
        self.opened().insert(number, Arc::downgrade(&store));
        Ok(store)
    }

    async fn changed(&self) {
        self.main.accounts_changed().await;
    }
}
