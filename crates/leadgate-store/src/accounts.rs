//! The accounts that one process serves, and the store of each.
//!
//! An account is its row here and a [`Store`] of its own, which [`AccountRegistry::open`] hands out. Whoever holds such a store can reach nothing of
//! another account, because there is no method that names one. Account 1 is `default`: it is always there, and what it is connected to is configured
//! outside of the store.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Store, StoreError};

/// An account's number. Never given to another account, also not after the account is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountNumber(pub i64);

impl AccountNumber {
    /// The account that is always there.
    pub const DEFAULT: AccountNumber = AccountNumber(1);
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An account's name: 1 to 63 lower-case letters, digits and hyphens, the first no hyphen. It stands in addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountName(String);

impl AccountName {
    /// The name of the account that is always there.
    pub fn default_account() -> AccountName {
        AccountName("default".to_owned())
    }

    /// The name as it stands in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is no account's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of an account: take 1 to 63 lower-case letters, digits and hyphens, the first no hyphen")]
pub struct NoAccountName(String);

impl FromStr for AccountName {
    type Err = NoAccountName;

    fn from_str(text: &str) -> Result<AccountName, NoAccountName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=63).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-');
        if is_name { Ok(AccountName(text.to_owned())) } else { Err(NoAccountName(text.chars().take(80).collect())) }
    }
}

/// What is done for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It is served.
    Active,
    /// What comes in is kept, and nothing is asked of its CRM.
    Paused,
    /// Everything of it is being erased. There is no way back.
    Removing,
}

impl AccountState {
    /// Every state.
    pub const ALL: [AccountState; 3] = [AccountState::Active, AccountState::Paused, AccountState::Removing];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            AccountState::Active => "active",
            AccountState::Paused => "paused",
            AccountState::Removing => "removing",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<AccountState> {
        AccountState::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its number.
    pub number: AccountNumber,
    /// Its name, which no other account has.
    pub name: AccountName,
    /// What is done for it.
    pub state: AccountState,
    /// How it is served, as its operator said. A JSON object whose keys are the gateway's.
    pub settings: Value,
    /// Its secrets, sealed; nothing else than the gateway's master key opens them.
    pub credentials: Option<Vec<u8>>,
    /// When it was added.
    pub added_at: Timestamp,
    /// When anything of this row changed last. Each change moves it on.
    pub changed_at: Timestamp,
}

/// An account to add.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAccount {
    /// Its name.
    pub name: AccountName,
    /// Its first state.
    pub state: AccountState,
    /// How it is served: a JSON object.
    pub settings: Value,
}

/// Whether an account was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddAccountOutcome {
    /// Under this number.
    Added(AccountNumber),
    /// An account has that name, even if it is being removed.
    NameTaken,
}

/// What is to be different; without any of them only [`Account::changed_at`] moves on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountChange {
    /// The new state.
    pub state: Option<AccountState>,
    /// The new settings, whole.
    pub settings: Option<Value>,
    /// The new sealed secrets.
    pub credentials: Option<Vec<u8>>,
}

/// What one step of erasing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Rows that went. A backend that removes whole files counts none.
    pub rows: u64,
    /// Nothing is left of the account, its row included; also if there was no such account.
    pub finished: bool,
}

/// The accounts, and the store of each.
#[async_trait]
pub trait AccountRegistry: Send + Sync + 'static {
    /// Every account in order of its number, the default one first.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Adds an account without credentials, unless the name is taken.
    async fn add_account(&self, account: NewAccount, now: Timestamp) -> Result<AddAccountOutcome, StoreError>;

    /// Changes an account. `false` if there is no such account or it is being removed; also where the default account would be removed.
    async fn change_account(
        &self,
        number: AccountNumber,
        change: AccountChange,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Erases at most so many rows of an account that is being removed, and at last its own row. Of any other account it erases nothing and is not
    /// finished. [`StoreError::Unavailable`] while somebody holds its store; ask again later.
    async fn erase_account(&self, number: AccountNumber, most_rows: u32) -> Result<Erased, StoreError>;

    /// The store of an account. While somebody holds it, whoever opens it again is given the same one, with the same signals.
    async fn open(&self, number: AccountNumber) -> Result<Arc<dyn Store>, StoreError>;

    /// Waits until the list may have changed through this process. One waiter hears of it; a hint may be spurious, and other processes poll.
    async fn changed(&self);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_an_address() {
        for name in ["a", "acme", "acme-2", "7", "default"] {
            assert!(name.parse::<AccountName>().is_ok(), "{name}");
        }
        for name in ["", "-a", "Acme", "a/b", "a.b", "ä", "a b", &"a".repeat(64)] {
            assert!(name.parse::<AccountName>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_state_is_found_by_its_name() {
        assert!(AccountState::ALL.into_iter().all(|state| AccountState::from_name(state.name()) == Some(state)));
    }
}
