//! The store that the settings choose: a file in the data folder, or a Postgres database.
//!
//! Cast: [`OpenStore`] is the one place that knows which it is; [`left_behind`] refuses a database while a file holds work; [`copying`] carries
//! everything from one to another. Flow: settings → [`OpenStore::open`] → a store and the list of accounts, both behind their traits → [`OpenStore::close`].

pub(crate) mod copying;
pub(crate) mod left_behind;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use leadgate_store::accounts::AccountRegistry;
use leadgate_store::{Store, StoreError};
use leadgate_store_postgres::inspect::{Inspection, inspect};
use leadgate_store_postgres::{PostgresAccounts, PostgresConfig, PostgresStore};
use leadgate_store_sqlite::{Durability, SqliteAccounts, SqliteConfig, SqliteStore};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{DurabilityChoice, StoreSettings, without_credentials};
use crate::data_folder;

/// A store that was opened, and its list of accounts.
#[derive(Clone)]
pub(crate) enum OpenStore {
    /// A file; other accounts have files of their own beside it.
    File(Arc<SqliteStore>, Arc<SqliteAccounts>),
    /// A database.
    Database(Arc<PostgresStore>, Arc<PostgresAccounts>),
}

impl OpenStore {
    /// Opens the chosen store, and makes it if it is not there.
    pub(crate) async fn open(settings: &StoreSettings) -> anyhow::Result<OpenStore> {
        match settings.database() {
            Some(url) => OpenStore::open_database(settings, url).await,
            None => OpenStore::open_file(settings).await,
        }
    }

    async fn open_file(settings: &StoreSettings) -> anyhow::Result<OpenStore> {
        let folder = data_folder::make_folder(&settings.data)?;
        let config = file_config(&folder, settings.durability);
        let pattern = config.clone();
        let opened = tokio::task::spawn_blocking(move || SqliteStore::open(config)).await;
        let store = opened.context("opening the store panicked")?;
        let store = Arc::new(store.with_context(|| format!("opening the store in {} failed", folder.display()))?);
        let accounts = SqliteAccounts::new(Arc::clone(&store), folder, pattern);
        Ok(OpenStore::File(store, Arc::new(accounts)))
    }

    async fn open_database(settings: &StoreSettings, url: &SecretString) -> anyhow::Result<OpenStore> {
        let opened = PostgresStore::open(database_config(settings, url)).await;
        let store = Arc::new(opened.with_context(|| format!("opening the store in {} failed", shown(url)))?);
        let accounts = Arc::new(PostgresAccounts::new(Arc::clone(&store)));
        Ok(OpenStore::Database(store, accounts))
    }

    /// The default account's store.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            OpenStore::File(store, _) => Arc::clone(store) as Arc<dyn Store>,
            OpenStore::Database(store, _) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// The list of accounts.
    pub(crate) fn accounts(&self) -> Arc<dyn AccountRegistry> {
        match self {
            OpenStore::File(_, accounts) => Arc::clone(accounts) as Arc<dyn AccountRegistry>,
            OpenStore::Database(_, accounts) => Arc::clone(accounts) as Arc<dyn AccountRegistry>,
        }
    }

    /// Commits what was handed over and closes the file, unless somebody still holds the store, or the connections.
    pub(crate) async fn close(self) {
        match self {
            // A panic in there was reported by the panic itself, and there is nothing left to close.
            OpenStore::File(store, accounts) => {
                drop(tokio::task::spawn_blocking(move || drop((accounts, store))).await)
            }
            OpenStore::Database(store, _) => store.close().await,
        }
    }
}

/// How the file of a data folder is opened.
pub(crate) fn file_config(folder: &Path, durability: DurabilityChoice) -> SqliteConfig {
    SqliteConfig::new(data_folder::store_file(folder)).with_durability(match durability {
        DurabilityChoice::Full => Durability::Full,
        DurabilityChoice::Normal => Durability::Normal,
    })
}

/// How a database is opened.
fn database_config(settings: &StoreSettings, url: &SecretString) -> PostgresConfig {
    let config = PostgresConfig::new(url.clone())
        .with_schema(settings.schema.clone())
        .with_max_connections(settings.connections);
    if settings.pooled { config.pooled(settings.listen_url.clone()) } else { config }
}

/// Looks at the database of the settings without changing it.
pub(crate) async fn inspect_database(settings: &StoreSettings) -> Result<Inspection, StoreError> {
    let nowhere = || StoreError::Unavailable("no database is set".to_owned());
    inspect(&database_config(settings, settings.database().ok_or_else(nowhere)?)).await
}

/// Where the store is, for people.
pub(crate) fn place(settings: &StoreSettings) -> String {
    settings.database().map_or_else(|| settings.data.display().to_string(), shown)
}

fn shown(url: &SecretString) -> String {
    without_credentials(url.expose_secret())
}

/// Whether nothing was ever handed to the store, as far as it remembers.
pub(crate) async fn is_empty(store: &dyn Store) -> Result<bool, StoreError> {
    use jiff::Timestamp;
    use leadgate_store::model::{JobFilter, SubmissionFilter};
    let any = SubmissionFilter { since: Timestamp::MIN, after: None, routes: Vec::new(), limit: 1 };
    Ok(store.submissions(any).await?.is_empty()
        && store.jobs(JobFilter { limit: 1, ..JobFilter::default() }).await?.is_empty())
}
