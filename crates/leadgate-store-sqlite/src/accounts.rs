//! The accounts in files: the list in the main store, and each further account in a file of its own, so that it is carried away or erased as a whole.
//!
//! The file of account 7 is `accounts/7/leadgate.db` in the data folder. What else belongs to the account may lie beside it and goes with it.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::accounts::{
    Account, AccountChange, AccountNumber, AccountRegistry, AddAccountOutcome, Erased, NewAccount,
};
use leadgate_store::transfer::{Transfer, TransferAccounts};
use leadgate_store::{Store, StoreError};
use tokio::sync::Notify;

use crate::columns::to_json;
use crate::config::SqliteConfig;
use crate::writer::Scope;
use crate::{SqliteStore, account_rows, open};

/// The folder, in the data folder, that has one folder for each further account.
const FOLDER: &str = "accounts";
/// The database in an account's folder.
const FILE: &str = "leadgate.db";

/// The folder of an account in a data folder.
pub fn account_folder(data: &Path, number: AccountNumber) -> PathBuf {
    data.join(FOLDER).join(number.to_string())
}

/// The accounts in a data folder.
#[derive(Debug)]
pub struct SqliteAccounts {
    main: Arc<SqliteStore>,
    data: PathBuf,
    pattern: SqliteConfig,
    open: Mutex<HashMap<AccountNumber, Weak<SqliteStore>>>,
    /// One at a time opens or erases, so that nobody opens what is being erased.
    turn: tokio::sync::Mutex<()>,
    hint: Notify,
}

impl SqliteAccounts {
    /// The accounts that are listed in `main`, the default account's store. The files of the others are in `data`, and opened as `pattern` says but
    /// for the path, each with as few threads and as little memory as will do.
    pub fn new(main: Arc<SqliteStore>, data: PathBuf, pattern: SqliteConfig) -> SqliteAccounts {
        SqliteAccounts {
            main,
            data,
            pattern: pattern.as_one_of_many(),
            open: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            hint: Notify::new(),
        }
    }

    /// The default account's store.
    pub fn main(&self) -> &Arc<SqliteStore> {
        &self.main
    }

    fn held(&self, number: AccountNumber) -> Option<Arc<SqliteStore>> {
        self.opened().get(&number).and_then(Weak::upgrade)
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<AccountNumber, Weak<SqliteStore>>> {
        // A panic while the lock was held leaves a map that is still whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open_file(&self, number: AccountNumber) -> Result<Arc<SqliteStore>, StoreError> {
        let folder = account_folder(&self.data, number);
        let mut config = self.pattern.clone();
        config.path = folder.join(FILE);
        let opened = in_background(move || {
            make_folder(&folder)?;
            SqliteStore::open_when_free(config)
        });
        let store = Arc::new(opened.await?);
        self.opened().insert(number, Arc::downgrade(&store));
        Ok(store)
    }

    async fn open_own(&self, number: AccountNumber) -> Result<Arc<SqliteStore>, StoreError> {
        if number == AccountNumber::DEFAULT {
            return Ok(Arc::clone(&self.main));
        }
        let _turn = self.turn.lock().await;
        if let Some(store) = self.held(number) {
            return Ok(store);
        }
        if !self.is_listed(number).await? {
            return Err(StoreError::Unavailable(format!("there is no account {number}")));
        }
        self.open_file(number).await
    }

    async fn is_listed(&self, number: AccountNumber) -> Result<bool, StoreError> {
        self.main.read(move |connection| account_rows::is_listed(connection, number)).await
    }

    async fn is_removing(&self, number: AccountNumber) -> Result<bool, StoreError> {
        self.main.read(move |connection| account_rows::is_removing(connection, number)).await
    }
}

#[async_trait]
impl AccountRegistry for SqliteAccounts {
    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.main.read_checked(account_rows::accounts).await
    }

    async fn add_account(&self, account: NewAccount, now: Timestamp) -> Result<AddAccountOutcome, StoreError> {
        let settings = to_json("account", &account.settings)?;
        let add = move |connection: &_, _: &mut _| account_rows::add(connection, &account, &settings, now);
        let outcome = self.main.write(Scope::OneStatement, add).await?;
        self.hint.notify_one();
        Ok(outcome)
    }

    async fn change_account(
        &self,
        number: AccountNumber,
        change: AccountChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let settings = change.settings.as_ref().map(|settings| to_json("account", settings)).transpose()?;
        let change = move |connection: &_, _: &mut _| {
            let columns = account_rows::Columns { settings: settings.as_deref(), change: &change };
            account_rows::change(connection, number, columns, now)
        };
        let changed = self.main.write(Scope::OneStatement, change).await?;
        self.hint.notify_one();
        Ok(changed)
    }

    async fn erase_account(&self, number: AccountNumber, _most_rows: u32) -> Result<Erased, StoreError> {
        let _turn = self.turn.lock().await;
        if !self.is_removing(number).await? {
            return Ok(Erased { rows: 0, finished: !self.is_listed(number).await? });
        }
        if self.held(number).is_some() {
            return Err(StoreError::Unavailable(format!("account {number} is still in use; it is erased after that")));
        }
        let folder = account_folder(&self.data, number);
        in_background(move || erase_folder(&folder)).await?;
        self.opened().remove(&number);
        self.main.write(Scope::OneStatement, move |connection, _| account_rows::remove(connection, number)).await?;
        self.hint.notify_one();
        Ok(Erased { rows: 0, finished: true })
    }

    async fn open(&self, number: AccountNumber) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.open_own(number).await?)
    }

    async fn changed(&self) {
        self.hint.notified().await;
    }
}

#[async_trait]
impl TransferAccounts for SqliteAccounts {
    async fn put_account(&self, account: Account) -> Result<(), StoreError> {
        let settings = to_json("account", &account.settings)?;
        let put = move |connection: &_, _: &mut _| account_rows::put(connection, &account, &settings);
        if !self.main.write(Scope::OneStatement, put).await? {
            return Err(StoreError::Unavailable(
                "another account has the number or the name of one to copy".to_owned(),
            ));
        }
        self.hint.notify_one();
        Ok(())
    }

    async fn rows(&self, number: AccountNumber) -> Result<Arc<dyn Transfer>, StoreError> {
        Ok(self.open_own(number).await?)
    }
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Unavailable(format!("opening or erasing an account's file failed: {error}")))?
}

/// Makes the folder, closed to other users of the machine: it holds people's data.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| failed("making", folder, &error))
}

/// Removes everything of an account, once the last holder of its file has closed it.
fn erase_folder(folder: &Path) -> Result<(), StoreError> {
    if !folder.exists() {
        return Ok(());
    }
    let lock = open::lock_when_free(&folder.join(FILE))?;
    let removed = std::fs::remove_dir_all(folder);
    drop(lock);
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("removing", folder, &error)),
        _ => Ok(()),
    }
}

fn failed(what: &str, folder: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{what} the folder {} failed: {error}", folder.display()))
}
