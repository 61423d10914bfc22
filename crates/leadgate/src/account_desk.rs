//! Where an operator of many accounts looks: at the running gateway's API, or, where none runs, at the store itself. Both answer in the same documents.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use futures::StreamExt as _;
use leadgate_store::accounts::{AccountName, AccountState};
use leadgate_store::scopes::Scopes;
use leadgate_web::accounts::desk::{AccountWish, account_document, accounts_document, keys_document, new_key_document};
use leadgate_web::accounts::{AccountDesk as _, DeskError, export};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::accounts::desk::OwnDesk;
use crate::accounts::secrets;
use crate::config::Effective;
use crate::exit::{Exit, Failure};
use crate::remote::{Ask, GatewayFlags, Remote};
use crate::stores::OpenStore;

/// A way to see and change the list of accounts.
pub(crate) enum AccountsDesk {
    Running(Remote),
    Store(Box<OwnDesk>, OpenStore),
}

impl AccountsDesk {
    /// The gateway if one answers; else, unless a gateway was named, the store in the data folder.
    pub(crate) async fn open(flags: &GatewayFlags, effective: &Effective) -> Result<AccountsDesk, Failure> {
        let remote = Remote::of_operator(flags, effective)?;
        match (remote.ask(Ask::get("/health")).await, flags.url.is_some()) {
            (Ok(_), _) => Ok(AccountsDesk::Running(remote)),
            (Err(failure), true) => Err(failure),
            (Err(_), false) => AccountsDesk::of_store(effective).await,
        }
    }

    async fn of_store(effective: &Effective) -> Result<AccountsDesk, Failure> {
        let settings = effective.settings.clone();
        let store = OpenStore::open(&settings.store).await?;
        let registry = store.accounts();
        let keys = secrets::master_keys(&settings)?.map(Arc::new);
        Ok(AccountsDesk::Store(Box::new(OwnDesk::new(registry, keys, settings, None)), store))
    }

    /// Every account.
    pub(crate) async fn list(&self) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => asked(remote, Ask::get("/operator/accounts")).await,
            AccountsDesk::Store(desk, _) => Ok(accounts_document(&desk.accounts().await?)),
        }
    }

    /// One account, with what waits.
    pub(crate) async fn show(&self, name: &AccountName) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => asked(remote, Ask::get(&format!("/operator/accounts/{name}"))).await,
            AccountsDesk::Store(desk, _) => Ok(account_document(&desk.account(name).await?)),
        }
    }

    /// Adds an account.
    pub(crate) async fn add(&self, wish: AccountWish) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => {
                let body = Some(body_of(&wish));
                asked(remote, Ask { body, ..Ask::post("/operator/accounts") }).await
            }
            AccountsDesk::Store(desk, _) => Ok(account_document(&desk.add(wish).await?)),
        }
    }

    /// Changes an account.
    pub(crate) async fn change(&self, name: &AccountName, wish: AccountWish) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => {
                let (path, body) = (format!("/operator/accounts/{name}"), Some(body_of(&wish)));
                asked(remote, Ask { method: Method::PATCH, body, ..Ask::post(&path) }).await
            }
            AccountsDesk::Store(desk, _) => Ok(account_document(&desk.change(name, wish).await?)),
        }
    }

    /// Pauses, resumes or removes an account.
    pub(crate) async fn set_state(&self, name: &AccountName, state: AccountState) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => {
                let (method, verb) = match state {
                    AccountState::Active => (Method::POST, "/resume"),
                    AccountState::Paused => (Method::POST, "/pause"),
                    AccountState::Removing => (Method::DELETE, ""),
                };
                let path = format!("/operator/accounts/{name}{verb}");
                asked(remote, Ask { method, ..Ask::post(&path) }).await
            }
            AccountsDesk::Store(desk, _) => Ok(account_document(&desk.set_state(name, state).await?)),
        }
    }

    /// Makes a key for an app of an account.
    pub(crate) async fn add_key(&self, name: &AccountName, app: &str, may: Scopes) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => {
                let path = format!("/operator/accounts/{name}/keys");
                let body = Some(json!({"name": app, "may": may.to_string()}));
                asked(remote, Ask { body, ..Ask::post(&path) }).await
            }
            AccountsDesk::Store(desk, _) => Ok(new_key_document(app, may, &desk.add_key(name, app, may).await?)),
        }
    }

    /// The keys of an account's apps.
    pub(crate) async fn keys(&self, name: &AccountName) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => asked(remote, Ask::get(&format!("/operator/accounts/{name}/keys"))).await,
            AccountsDesk::Store(desk, _) => Ok(keys_document(&desk.keys(name).await?)),
        }
    }

    /// Seals every data key under the newest master key.
    pub(crate) async fn rotate_keys(&self) -> Result<Value, Failure> {
        match self {
            AccountsDesk::Running(remote) => asked(remote, Ask::post("/operator/rotate-keys")).await,
            AccountsDesk::Store(desk, _) => Ok(json!({"resealed": desk.rotate_keys().await?})),
        }
    }

    /// Writes everything of an account.
    pub(crate) async fn export(&self, name: &AccountName, to: &mut (dyn Write + Send)) -> Result<(), Failure> {
        match self {
            AccountsDesk::Running(remote) => {
                remote.download(&format!("/operator/accounts/{name}/export"), to).await.map_err(hinted)
            }
            AccountsDesk::Store(desk, _) => {
                let account = account_document(&desk.account(name).await?);
                let mut lines = export::lines(account, desk.store(name).await?);
                while let Some(chunk) = lines.next().await {
                    let chunk = chunk.context("reading the store failed")?;
                    to.write_all(chunk.as_bytes()).context("writing the export failed")?;
                }
                Ok(())
            }
        }
    }

    /// Gives the store back, where it was opened.
    pub(crate) async fn close(self) {
        if let AccountsDesk::Store(desk, store) = self {
            drop(desk);
            store.close().await;
        }
    }
}

async fn asked(remote: &Remote, ask: Ask<'_>) -> Result<Value, Failure> {
    remote.ask(ask).await?.successful().map_err(hinted)
}

/// A gateway without an operator's API answers like one with other keys, or that there is no such path.
fn hinted(failure: Failure) -> Failure {
    let hint =
        "the operator's API of a gateway is opened by LEADGATE_OPERATOR_KEY, set to the same text here and there";
    match failure.exit {
        Exit::Refused => Failure::new(Exit::Refused, anyhow!("{}; {hint}", failure.error)),
        _ => failure,
    }
}

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Failure {
        match error {
            DeskError::Store(_) => anyhow::Error::new(error).into(),
            error => Failure::new(Exit::Refused, anyhow!("{error}")),
        }
    }
}

/// A wish as the API takes it. The one place where secrets are written out, to be sent.
fn body_of(wish: &AccountWish) -> Value {
    let mut body = Map::new();
    let texts = [("name", wish.name.as_deref()), ("domain", wish.domain.as_deref())];
    let key = wish.api_key.as_ref().map(|key| key.expose_secret());
    for (name, text) in texts.into_iter().chain([("api_key", key)]) {
        body.extend(text.map(|text| (name.to_owned(), text.into())));
    }
    if let Some(variables) = &wish.variables {
        let variables = variables.iter().map(|(name, value)| (name.clone(), value.expose_secret().into()));
        body.insert("variables".to_owned(), Value::Object(variables.collect()));
    }
    body.insert("settings".to_owned(), Value::Object(wish.settings.clone()));
    Value::Object(body)
}
