//! `leadgate keys`: the keys that let apps in. Kept as digests; shown once.

use anyhow::Context as _;
use clap::Subcommand;
use leadgate_core::clock::Clock as _;
use leadgate_store::Store as _;
use leadgate_store::scopes::Scopes;
use leadgate_store_sqlite::SqliteStore;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::Session;
use crate::exit::{CommandResult, Exit, Failure};
use crate::wiring::SystemClock;
use crate::{app_keys, wiring};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key for an app and print it, this once; one of the same name is replaced
    Add {
        /// A name for people, such as the app's
        name: String,
    },
    /// List the names of the keys
    List,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let settings = session.settings(None, Vec::new())?.settings;
    let store = wiring::open_store(&settings.store.data, settings.store.durability).await;
    let store = store.context("keys are managed while the gateway is stopped, and hold from its next start")?;
    let result = match &command {
        Command::Add { name } => add(name, &store, session).await,
        Command::List => list(&store, session).await,
    };
    wiring::close_store(store).await;
    result.map(|()| Exit::Done)
}

async fn add(name: &str, store: &SqliteStore, session: &Session) -> Result<(), Failure> {
    let key = app_keys::generate();
    store.put_app_key(app_keys::kept(name, &key, Scopes::ALL), SystemClock.now()).await.context("keeping the key failed")?;
    let document = json!({"name": name, "key": key.expose_secret()});
    session.screen.show(&document, || {
        let kept = format!("The key of {name}, shown this once. Send it as `Authorization: Bearer …`:");
        format!("{kept}\n{}", session.screen.strong(key.expose_secret()))
    });
    Ok(())
}

async fn list(store: &SqliteStore, session: &Session) -> Result<(), Failure> {
    let keys = store.app_keys().await.context("reading the keys failed")?;
    let names: Vec<Value> = keys.iter().map(|key| key.name.clone().into()).collect();
    session.screen.show(&json!({"keys": names}), || match keys.is_empty() {
        true => "no keys; `leadgate keys add NAME` makes one".to_owned(),
        false => keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join("\n"),
    });
    Ok(())
}
