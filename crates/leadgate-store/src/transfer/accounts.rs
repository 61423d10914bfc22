//! Carrying over every account: the list, and the rows of each.

use std::sync::Arc;

use async_trait::async_trait;

use super::{CopiedTable, CopyError, Transfer, copy};
use crate::StoreError;
use crate::accounts::{Account, AccountName, AccountNumber, AccountRegistry};

/// Accounts that can be carried over as they are.
#[async_trait]
pub trait TransferAccounts: AccountRegistry {
    /// Puts an account into the list under its own number, with all that its row says. The default account takes the place of the one that is
    /// there. [`StoreError::Unavailable`] where another account has the number or the name.
    async fn put_account(&self, account: Account) -> Result<(), StoreError>;

    /// The rows of an account that is in the list.
    async fn rows(&self, number: AccountNumber) -> Result<Arc<dyn Transfer>, StoreError>;
}

/// An account that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedAccount {
    /// Its name.
    pub name: AccountName,
    /// Its tables, with what they hold.
    pub tables: Vec<CopiedTable>,
}

/// Copies every account to a place that has none but an empty default one, and reads the copy back.
///
/// # Errors
/// [`CopyError`]; what was written until then is left where it is.
pub async fn copy_accounts(
    from: &dyn TransferAccounts,
    to: &dyn TransferAccounts,
) -> Result<Vec<CopiedAccount>, CopyError> {
    let taken = to.accounts().await?.iter().filter(|account| account.number != AccountNumber::DEFAULT).count();
    if taken > 0 {
        return Err(CopyError::NotEmpty { table: "accounts", rows: taken as u64 });
    }
    let mut accounts = from.accounts().await?;
    // Before anything else is written, it is seen that the default account is empty.
    accounts.sort_by_key(|account| account.number);
    let mut copied = Vec::with_capacity(accounts.len());
    for account in &accounts {
        let number = account.number;
        if number != AccountNumber::DEFAULT {
            to.put_account(account.clone()).await?;
        }
        let (read, written) = (from.rows(number).await?, to.rows(number).await?);
        let tables = copy(&*read, &*written).await?;
        if number == AccountNumber::DEFAULT {
            to.put_account(account.clone()).await?;
        }
        copied.push(CopiedAccount { name: account.name.clone(), tables });
    }
    let there = to.accounts().await?;
    if there != accounts {
        let (read, written) = (accounts.len() as u64, there.len() as u64);
        return Err(CopyError::Differs { table: "accounts", read, written });
    }
    Ok(copied)
}
