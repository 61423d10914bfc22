//! The operator's hand on the list of accounts: for the API of a running process, and for the command line where none runs.

use std::sync::Arc;

use async_trait::async_trait;
use freshsales::AccountAddress;
use leadgate_core::clock::Clock as _;
use leadgate_store::Store;
use leadgate_store::accounts::{
    Account, AccountChange, AccountName, AccountNumber, AccountRegistry, AccountState, AddAccountOutcome, NewAccount,
};
use leadgate_store::model::AppKey;
use leadgate_store::scopes::Scopes;
use leadgate_web::accounts::desk::AccountWish;
use leadgate_web::accounts::{AccountDesk, AccountStanding, AccountView, DeskError};
use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::envelope::MasterKeys;
use super::hosts::Hosts;
use super::secrets;
use crate::app_keys;
use crate::config::{AccountSecrets, AccountSettings, Settings};
use crate::data_folder;
use crate::wiring::SystemClock;

/// Rows that one step of erasing takes.
const ROWS_OF_A_STEP: u32 = 1_000;
const BEING_REMOVED: &str = "the account is being removed, which is not taken back; add it anew when it is gone";
/// The longest name of an app key.
const LONGEST_KEY_NAME: usize = 80;

/// The list of accounts under one hand.
pub(crate) struct OwnDesk {
    pub(crate) registry: Arc<dyn AccountRegistry>,
    pub(crate) keys: Option<Arc<MasterKeys>>,
    /// Those of the process.
    pub(crate) settings: Settings,
    /// Where the accounts are served, if they are.
    pub(crate) hosts: Option<Arc<Hosts>>,
    /// One change at a time: each begins with what the one before has left.
    turn: Mutex<()>,
}

impl OwnDesk {
    pub(crate) fn new(
        registry: Arc<dyn AccountRegistry>,
        keys: Option<Arc<MasterKeys>>,
        settings: Settings,
        hosts: Option<Arc<Hosts>>,
    ) -> OwnDesk {
        OwnDesk { registry, keys, settings, hosts, turn: Mutex::default() }
    }

    async fn find(&self, name: &AccountName) -> Result<Account, DeskError> {
        let accounts = self.registry.accounts().await?;
        accounts.into_iter().find(|account| account.name == *name).ok_or(DeskError::NoSuchAccount)
    }

    /// The default account is configured elsewhere.
    async fn find_further(&self, name: &AccountName) -> Result<Account, DeskError> {
        let account = self.find(name).await?;
        if account.number == AccountNumber::DEFAULT {
            return Err(refused(
                "the account `default` is the one of the gateway's own settings: change those, and use `leadgate keys` for its keys",
            ));
        }
        Ok(account)
    }

    /// Serves an account as its row now says, where accounts are served.
    async fn settle(&self, name: &AccountName) -> Result<AccountView, DeskError> {
        let account = self.find(name).await?;
        if let Some(hosts) = &self.hosts {
            hosts.settle(account.clone()).await;
        }
        Ok(self.view(account))
    }

    fn view(&self, account: Account) -> AccountView {
        let standing = match (&self.hosts, account.number, account.state) {
            (_, _, AccountState::Removing) => AccountStanding::Removing,
            (Some(_), AccountNumber::DEFAULT, _) if crate::config::names_account(&self.settings.crm) => {
                AccountStanding::Serving
            }
            (Some(hosts), number, _) => hosts.standing(number),
            (None, _, _) => AccountStanding::NotServed,
        };
        AccountView {
            number: account.number,
            name: account.name,
            state: account.state,
            standing,
            settings: account.settings,
            has_credentials: account.credentials.is_some(),
            added_at: account.added_at,
            changed_at: account.changed_at,
            queue: None,
        }
    }

    /// Refuses what could not be served.
    fn check(&self, settings: &Value, secrets: &AccountSecrets) -> Result<(), DeskError> {
        let settings = AccountSettings::read(settings).map_err(DeskError::Refused)?;
        if settings.domain.is_empty() {
            return Err(refused("an account needs its `domain`, such as acme.myfreshworks.com"));
        }
        AccountAddress::parse(&settings.domain)
            .map_err(|error| refused(format!("the domain cannot be used: {error}")))?;
        let of_account =
            settings.over(&self.settings, secrets, self.settings.store.data.clone()).map_err(DeskError::Refused)?;
        // Without a key an account can be prepared; with one, both must fit.
        match secrets.api_key {
            Some(_) => of_account.credentials.map(|_| ()).map_err(DeskError::Refused),
            None => Ok(()),
        }
    }

    fn seal(&self, number: AccountNumber, secrets: &AccountSecrets) -> Result<Vec<u8>, DeskError> {
        secrets::seal(self.keys.as_deref(), number, secrets).map_err(DeskError::Refused)
    }

    async fn change_row(&self, number: AccountNumber, change: AccountChange) -> Result<(), DeskError> {
        if self.registry.change_account(number, change, SystemClock.now()).await? {
            return Ok(());
        }
        Err(refused(BEING_REMOVED))
    }

    /// Erases an account here and now, where nobody serves it.
    async fn erase(&self, account: &Account) -> Result<(), DeskError> {
        data_folder::remove_copy(&leadgate_store_sqlite::account_folder(&self.settings.store.data, account.number));
        while !self.registry.erase_account(account.number, ROWS_OF_A_STEP).await?.finished {}
        Ok(())
    }

    /// The secrets as the wish leaves them; `None` if it says nothing of them.
    fn wished_secrets(&self, account: &Account, wish: &mut AccountWish) -> Result<Option<AccountSecrets>, DeskError> {
        let (api_key, variables) = (wish.api_key.take(), wish.variables.take());
        match (api_key, variables) {
            (None, None) => Ok(None),
            (Some(api_key), Some(variables)) => Ok(Some(AccountSecrets { api_key: Some(api_key), variables })),
            (api_key, variables) => {
                let kept = secrets::open(self.keys.as_deref(), account).map_err(DeskError::Refused)?;
                let variables = variables.unwrap_or(kept.variables);
                Ok(Some(AccountSecrets { api_key: api_key.or(kept.api_key), variables }))
            }
        }
    }
}

#[async_trait]
impl AccountDesk for OwnDesk {
    async fn accounts(&self) -> Result<Vec<AccountView>, DeskError> {
        Ok(self.registry.accounts().await?.into_iter().map(|account| self.view(account)).collect())
    }

    async fn account(&self, name: &AccountName) -> Result<AccountView, DeskError> {
        let account = self.find(name).await?;
        let (number, is_kept) = (account.number, account.state != AccountState::Removing);
        let mut view = self.view(account);
        if is_kept {
            view.queue = Some(self.registry.open(number).await?.stats(SystemClock.now()).await?);
        }
        Ok(view)
    }

    async fn add(&self, wish: AccountWish) -> Result<AccountView, DeskError> {
        let name = wish.name.as_deref().ok_or_else(|| refused("a new account needs a `name`"))?;
        let name: AccountName = name.parse().map_err(refused)?;
        let settings = merged(&Value::Object(Map::new()), wish.settings, wish.domain);
        let has_secrets = wish.api_key.is_some() || wish.variables.is_some();
        let secrets = AccountSecrets { api_key: wish.api_key, variables: wish.variables.unwrap_or_default() };
        self.check(&settings, &secrets)?;
        if has_secrets {
            // Nothing is added whose secrets could not be kept.
            self.seal(AccountNumber::DEFAULT, &secrets)?;
        }
        let _turn = self.turn.lock().await;
        // Paused until its secrets are kept: they are sealed for its number, which it has only now.
        let new = NewAccount { name: name.clone(), state: AccountState::Paused, settings };
        let number = match self.registry.add_account(new, SystemClock.now()).await? {
            AddAccountOutcome::Added(number) => number,
            AddAccountOutcome::NameTaken => return Err(DeskError::NameTaken),
        };
        let credentials = has_secrets.then(|| self.seal(number, &secrets)).transpose()?;
        let active = AccountChange { state: Some(AccountState::Active), credentials, settings: None };
        self.change_row(number, active).await?;
        self.settle(&name).await
    }

    async fn change(&self, name: &AccountName, mut wish: AccountWish) -> Result<AccountView, DeskError> {
        let _turn = self.turn.lock().await;
        let account = self.find_further(name).await?;
        if wish.name.as_deref().is_some_and(|wished| wished != name.as_str()) {
            return Err(refused("an account keeps its name; add another one, and remove this one"));
        }
        let wished = self.wished_secrets(&account, &mut wish)?;
        let settings = merged(&account.settings, wish.settings, wish.domain);
        check_same_account(&account.settings, &settings)?;
        match &wished {
            Some(secrets) => self.check(&settings, secrets)?,
            None => {
                let kept = secrets::open(self.keys.as_deref(), &account).map_err(DeskError::Refused)?;
                self.check(&settings, &kept)?;
            }
        }
        let credentials = wished.map(|secrets| self.seal(account.number, &secrets)).transpose()?;
        let change = AccountChange { settings: Some(settings), credentials, state: None };
        self.change_row(account.number, change).await?;
        self.settle(name).await
    }

    async fn set_state(&self, name: &AccountName, state: AccountState) -> Result<AccountView, DeskError> {
        let _turn = self.turn.lock().await;
        let account = self.find_further(name).await?;
        if account.state != AccountState::Removing || state != AccountState::Removing {
            let change = AccountChange { state: Some(state), ..AccountChange::default() };
            self.change_row(account.number, change).await?;
        }
        if self.hosts.is_none() && state == AccountState::Removing {
            self.erase(&account).await?;
            return Ok(self.view(Account { state, ..account }));
        }
        // Erasing may be faster than this look.
        match self.settle(name).await {
            Err(DeskError::NoSuchAccount) => Ok(self.view(Account { state, ..account })),
            settled => settled,
        }
    }

    async fn add_key(&self, name: &AccountName, app: &str, may: Scopes) -> Result<SecretString, DeskError> {
        if app.trim().is_empty() || app.len() > LONGEST_KEY_NAME {
            return Err(refused(format!("a key needs a name of 1 to {LONGEST_KEY_NAME} bytes, such as the app's")));
        }
        let _turn = self.turn.lock().await;
        let account = self.find_further(name).await?;
        let key = app_keys::generate();
        let store = self.registry.open(account.number).await?;
        store.put_app_key(app_keys::kept(app, &key, may), SystemClock.now()).await?;
        // Whoever serves the account reads its keys anew.
        self.change_row(account.number, AccountChange::default()).await?;
        drop(store);
        self.settle(name).await?;
        Ok(key)
    }

    async fn keys(&self, name: &AccountName) -> Result<Vec<AppKey>, DeskError> {
        Ok(self.store(name).await?.app_keys().await?)
    }

    async fn rotate_keys(&self) -> Result<u64, DeskError> {
        let keys = self.keys.as_ref().ok_or_else(|| refused("there is no master key; set LEADGATE_MASTER_KEY"))?;
        let _turn = self.turn.lock().await;
        let mut resealed = 0;
        for account in self.registry.accounts().await? {
            let Some(sealed) = account.credentials.as_deref() else { continue };
            let failed = |error| refused(format!("the secrets of account {}: {error}", account.name));
            let anew = keys.reseal(secrets::belonging(account.number), sealed).map_err(failed)?;
            if anew.is_some() && account.state != AccountState::Removing {
                let change = AccountChange { credentials: anew, ..AccountChange::default() };
                self.change_row(account.number, change).await?;
                resealed += 1;
            }
        }
        Ok(resealed)
    }

    async fn store(&self, name: &AccountName) -> Result<Arc<dyn Store>, DeskError> {
        let account = self.find(name).await?;
        if account.state == AccountState::Removing {
            return Err(refused(BEING_REMOVED));
        }
        Ok(self.registry.open(account.number).await?)
    }
}

fn refused(why: impl std::fmt::Display) -> DeskError {
    DeskError::Refused(why.to_string())
}

/// Settings with others put over them; `null` takes one away.
fn merged(kept: &Value, wished: Map<String, Value>, domain: Option<String>) -> Value {
    let mut settings = kept.as_object().cloned().unwrap_or_default();
    for (name, value) in wished.into_iter().chain(domain.map(|domain| ("domain".to_owned(), domain.into()))) {
        if value.is_null() { drop(settings.shift_remove(&name)) } else { drop(settings.insert(name, value)) }
    }
    Value::Object(settings)
}

/// Ids that were learned of one CRM account are wrong for another.
fn check_same_account(kept: &Value, wished: &Value) -> Result<(), DeskError> {
    let address = |settings: &Value| settings["domain"].as_str().and_then(|domain| AccountAddress::parse(domain).ok());
    match (address(kept), address(wished)) {
        (Some(one), Some(other)) if !data_folder::same_account(&one, &other) => Err(refused(format!(
            "what is kept is about the CRM account {one}, and {other} is another one: add an account for that, and remove this one"
        ))),
        _ => Ok(()),
    }
}
