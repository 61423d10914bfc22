//! What the operator's API asks of those who run the accounts. The command line asks the same where no gateway runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::accounts::{AccountName, AccountNumber, AccountState};
use leadgate_store::model::{AppKey, QueueStats};
use leadgate_store::scopes::Scopes;
use leadgate_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// No account has that name.
    #[error("there is no account of this name; `leadgate accounts list` shows which there are")]
    NoSuchAccount,
    /// Another account has the name.
    #[error("an account of this name is there already; take another name")]
    NameTaken,
    /// It cannot be as asked; the text says what to do, and has no secret in it.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}

/// What is to be added or changed of an account. What is not said stays, or is the default.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountWish {
    /// The account's name; only where one is added.
    pub name: Option<String>,
    /// Its subdomain, domain or URL.
    pub domain: Option<String>,
    /// The API key of a user of it.
    pub api_key: Option<SecretString>,
    /// What the rules text calls by `$NAME`. Given, they take the place of all that were there.
    pub variables: Option<BTreeMap<String, SecretString>>,
    /// The other settings. Each takes the place of the one of its name; `null` takes it away.
    pub settings: Map<String, Value>,
}

/// What is going on with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountStanding {
    /// It is served.
    Serving,
    /// What comes in is kept; it is paused.
    Keeping,
    /// What comes in is kept as far as that can be, and the reason says what to mend.
    Broken(String),
    /// It is being erased.
    Removing,
    /// This process does not serve it (yet).
    NotServed,
}

impl AccountStanding {
    fn name(&self) -> &'static str {
        match self {
            AccountStanding::Serving => "serving",
            AccountStanding::Keeping => "keeping",
            AccountStanding::Broken(_) => "broken",
            AccountStanding::Removing => "removing",
            AccountStanding::NotServed => "not served",
        }
    }
}

/// An account as its operator sees it: no secret is in it.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// Its number.
    pub number: AccountNumber,
    /// Its name.
    pub name: AccountName,
    /// What is to be done for it.
    pub state: AccountState,
    /// What is going on.
    pub standing: AccountStanding,
    /// How it is served: a JSON object.
    pub settings: Value,
    /// Whether its secrets are kept.
    pub has_credentials: bool,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was changed.
    pub changed_at: Timestamp,
    /// What waits, where that was asked for.
    pub queue: Option<QueueStats>,
}

/// The accounts, for their operator.
#[async_trait]
pub trait AccountDesk: Send + Sync + 'static {
    /// Every account.
    async fn accounts(&self) -> Result<Vec<AccountView>, DeskError>;

    /// One account, with what waits.
    async fn account(&self, name: &AccountName) -> Result<AccountView, DeskError>;

    /// Adds an account and begins to serve it.
    async fn add(&self, wish: AccountWish) -> Result<AccountView, DeskError>;

    /// Changes an account and serves it as it is then.
    async fn change(&self, name: &AccountName, wish: AccountWish) -> Result<AccountView, DeskError>;

    /// Pauses or resumes it, or begins to erase it.
    async fn set_state(&self, name: &AccountName, state: AccountState) -> Result<AccountView, DeskError>;

    /// Makes a key for an app of the account, in place of one of the same name.
    async fn add_key(&self, name: &AccountName, app: &str, may: Scopes) -> Result<SecretString, DeskError>;

    /// The keys of the account's apps.
    async fn keys(&self, name: &AccountName) -> Result<Vec<AppKey>, DeskError>;

    /// Seals every data key under the newest master key. Returns of how many accounts.
    async fn rotate_keys(&self) -> Result<u64, DeskError>;

    /// The store of an account.
    async fn store(&self, name: &AccountName) -> Result<Arc<dyn Store>, DeskError>;
}

/// An account as a document.
pub fn account_document(account: &AccountView) -> Value {
    let reason = match &account.standing {
        AccountStanding::Broken(reason) => Some(reason),
        _ => None,
    };
    let mut document = json!({
        "number": account.number.0,
        "name": account.name.as_str(),
        "state": account.state.name(),
        "standing": account.standing.name(),
        "reason": reason,
        "settings": account.settings,
        "has_credentials": account.has_credentials,
        "added_at": account.added_at,
        "changed_at": account.changed_at,
    });
    if let Some(queue) = &account.queue {
        document["queue"] = json!({
            "unplanned": queue.unplanned,
            "open": queue.open_by_lane.iter().sum::<u64>(),
            "parked": queue.parked,
            "oldest_open": queue.oldest_open,
        });
    }
    document
}

/// Accounts as a document.
pub fn accounts_document(accounts: &[AccountView]) -> Value {
    json!({"accounts": accounts.iter().map(account_document).collect::<Vec<_>>()})
}

/// A new key as a document: the only one with a secret in it, for it is shown this once.
pub fn new_key_document(app: &str, may: Scopes, key: &SecretString) -> Value {
    json!({"name": app, "may": may.to_string(), "key": key.expose_secret()})
}

/// Keys as a document.
pub fn keys_document(keys: &[AppKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|key| json!({"name": key.name, "may": key.may.to_string()})).collect();
    json!({"keys": keys})
}
