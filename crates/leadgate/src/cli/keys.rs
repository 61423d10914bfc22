//! `leadgate keys`: the keys that let apps in. Kept as digests; shown once.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use leadgate_core::clock::Clock as _;
use leadgate_store::Store;
use leadgate_store::accounts::AccountName;
use leadgate_store::scopes::Scopes;
use leadgate_web::accounts::desk::{keys_document, new_key_document};
use serde_json::Value;

use super::Session;
use super::listing::{rows, text};
use crate::account_desk::AccountsDesk;
use crate::app_keys;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::GatewayFlags;
use crate::stores::OpenStore;
use crate::wiring::SystemClock;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key for an app and print it, this once; one of the same name is replaced
    Add {
        /// A name for people, such as the app's
        name: String,
        /// What the key may do: submit, read, operate, several with commas between them, or all
        #[arg(long, default_value = "all", value_name = "SCOPES")]
        may: Scopes,
        #[command(flatten)]
        of: AccountFlags,
    },
    /// List the names of the keys, and what each may do
    List {
        #[command(flatten)]
        of: AccountFlags,
    },
}

/// Whose keys.
#[derive(Debug, Args)]
pub(super) struct AccountFlags {
    /// Of this account of many; also while the gateway runs
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    #[command(flatten)]
    gateway: GatewayFlags,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let (Command::Add { of, .. } | Command::List { of }) = &command;
    match &of.account {
        Some(account) => of_account(account, &of.gateway, &command, session).await?,
        None => of_default(&command, session).await?,
    }
    Ok(Exit::Done)
}

async fn of_default(command: &Command, session: &Session) -> Result<(), Failure> {
    let settings = session.settings(None, Vec::new())?.settings;
    let open = OpenStore::open(&settings.store).await;
    let open = open.context("keys are managed while the gateway is stopped, and hold from its next start")?;
    let store = open.store();
    let document = match command {
        Command::Add { name, may, .. } => add(name, *may, &*store).await,
        Command::List { .. } => list(&*store).await,
    };
    drop(store);
    open.close().await;
    show(command, &document?, session);
    Ok(())
}

async fn of_account(
    account: &AccountName,
    gateway: &GatewayFlags,
    command: &Command,
    session: &Session,
) -> Result<(), Failure> {
    let desk = AccountsDesk::open(gateway, &session.settings(None, Vec::new())?).await?;
    let document = match command {
        Command::Add { name, may, .. } => desk.add_key(account, name, *may).await,
        Command::List { .. } => desk.keys(account).await,
    };
    desk.close().await;
    show(command, &document?, session);
    Ok(())
}

async fn add(name: &str, may: Scopes, store: &dyn Store) -> Result<Value, Failure> {
    let key = app_keys::generate();
    store.put_app_key(app_keys::kept(name, &key, may), SystemClock.now()).await.context("keeping the key failed")?;
    Ok(new_key_document(name, may, &key))
}

async fn list(store: &dyn Store) -> Result<Value, Failure> {
    Ok(keys_document(&store.app_keys().await.context("reading the keys failed")?))
}

fn show(command: &Command, document: &Value, session: &Session) {
    session.screen.show(document, || match command {
        Command::Add { name, .. } => {
            let kept = format!("The key of {name}, shown this once. Send it as `Authorization: Bearer …`:");
            format!("{kept}\n{}", session.screen.strong(&text(&document["key"])))
        }
        Command::List { .. } => match rows(&document["keys"]) {
            [] => "no keys; `leadgate keys add NAME` makes one".to_owned(),
            keys => keys.iter().map(line).collect::<Vec<_>>().join("\n"),
        },
    });
}

fn line(key: &Value) -> String {
    format!("{}  {}", text(&key["name"]), text(&key["may"]))
}
