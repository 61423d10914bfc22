//! What syncs and exports are made of: their settings, an engine for a process that makes no other calls, and waiting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::clock::Clock as _;
use leadgate_core::sync::Pace;
use leadgate_crm_freshsales::Network;
use leadgate_engine::sync::SyncSettings;
use leadgate_engine::{Engine, EngineParts, Rounds};
use leadgate_outbound::Courier;
use leadgate_warehouse::SinkSpec;

use crate::config::{self, ConfigError, Settings};
use crate::data_folder;
use crate::exit::Failure;
use crate::stores::OpenStore;
use crate::wiring::{self, SystemClock};

/// An engine that only reads rows. A gateway may run beside it, or start: its ledger and names are in a store of its own, and what each of the two
/// spends the other learns from the CRM's headers.
pub(crate) struct Reader {
    pub(crate) engine: Engine,
    store: OpenStore,
}

impl Reader {
    /// Opens its store in the data folder, and the account.
    pub(crate) async fn open(settings: &Settings) -> Result<Reader, Failure> {
        let credentials = config::account_of(&settings.crm)?;
        let folder = &settings.store.data;
        data_folder::make_folder(folder)?;
        data_folder::claim_for_account(folder, credentials.address())?;
        let mut settings = settings.clone();
        settings.store = settings.store.in_folder(data_folder::reader_folder(folder));
        let store = OpenStore::open(&settings.store).await?;
        let crm = wiring::crm(credentials, &settings, (&*store.store(), Network::default()))
            .await
            .context("reading the store failed")?;
        let parts = EngineParts {
            store: store.store(),
            crm,
            outbound: Arc::new(Courier::new(&settings.rules.read.destinations)),
            clock: Arc::new(SystemClock),
            settings: wiring::engine_settings(&settings),
            rounds: Rounds::default(),
        };
        let engine = Engine::open(parts).await.context("reading the store failed")?;
        Ok(Reader { engine, store })
    }

    /// Closes the store.
    pub(crate) async fn close(self) {
        drop(self.engine);
        self.store.close().await;
    }
}

/// How the account is synced.
///
/// # Errors
/// If the database of the environment cannot be understood.
pub(crate) fn settings(settings: &Settings) -> Result<SyncSettings, ConfigError> {
    Ok(settings_to(settings, sinks(settings)?))
}

/// How the account is synced to these sinks.
pub(crate) fn settings_to(settings: &Settings, sinks: Vec<SinkSpec>) -> SyncSettings {
    let sync = &settings.sync;
    let signed = |duration: Duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    let pace = Pace { overlap: signed(sync.overlap), full_every: signed(sync.full_every), whole: false };
    SyncSettings {
        streams: sync.streams.clone(),
        pace,
        pages: sync.pages,
        withheld: sync.withheld,
        notes: sync.notes,
        sinks,
        schedule: sync.schedule.clone(),
        keep_changes: settings.retention.copy_changes,
        keep_runs: settings.retention.copy_runs,
        ..SyncSettings::new(copy_file(settings))
    }
}

/// How the gateway syncs by itself; without a schedule it does not, so nothing is wrong with where to.
///
/// # Errors
/// As [`settings`].
pub(crate) fn scheduled(of: &Settings) -> Result<SyncSettings, ConfigError> {
    if of.sync.schedule.is_some() { settings(of) } else { Ok(settings_to(of, Vec::new())) }
}

/// The copy.
pub(crate) fn copy_file(settings: &Settings) -> PathBuf {
    data_folder::copy_file(&settings.store.data)
}

/// The sinks that are named; where none is, the database of the environment if it is one that rows can go to.
fn sinks(settings: &Settings) -> Result<Vec<SinkSpec>, ConfigError> {
    if !settings.sync.sinks.is_empty() {
        return Ok(settings.sync.sinks.clone());
    }
    let database = settings.sync.database.as_deref();
    let postgres = database.filter(|url| url.starts_with("postgres://") || url.starts_with("postgresql://"));
    // It is not repeated: it may hold a password.
    let mend = "DATABASE_URL (or sync.database) is no Postgres address that can be read: write postgres://user:password@host/database, and signs of \
                the password such as / # ? @ as %2F %23 %3F %40";
    postgres.map(|url| SinkSpec::parse(url).map_err(|_| ConfigError::one(mend))).into_iter().collect()
}

/// Waits until then.
pub(crate) async fn wait_until(moment: Timestamp) {
    let wait = Duration::try_from(moment.duration_since(SystemClock.now())).unwrap_or(Duration::ZERO);
    tokio::time::sleep(wait).await;
}
