//! What syncs and exports are made of: their settings, an engine for a process that makes no other calls, and waiting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::clock::Clock as _;
use leadgate_core::sync::Pace;
use leadgate_engine::sync::SyncSettings;
use leadgate_engine::{Engine, EngineParts};
use leadgate_outbound::Courier;
use leadgate_warehouse::SinkSpec;

use crate::config::{self, Settings};
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
        let crm = wiring::crm(credentials, &settings, &*store.store()).await.context("reading the store failed")?;
        let parts = EngineParts {
            store: store.store(),
            crm,
            outbound: Arc::new(Courier::new(&settings.rules.read.destinations)),
            clock: Arc::new(SystemClock),
            settings: wiring::engine_settings(&settings),
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
pub(crate) fn settings(settings: &Settings) -> SyncSettings {
    let sync = &settings.sync;
    let signed = |duration: Duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    let pace = Pace { overlap: signed(sync.overlap), full_every: signed(sync.full_every), whole: false };
    SyncSettings {
        streams: sync.streams.clone(),
        pace,
        pages: sync.pages,
        withheld: sync.withheld,
        notes: sync.notes,
        sinks: sinks(settings),
        schedule: sync.schedule.clone(),
        keep_changes: settings.retention.copy_changes,
        keep_runs: settings.retention.copy_runs,
        ..SyncSettings::new(copy_file(settings))
    }
}

/// The copy.
pub(crate) fn copy_file(settings: &Settings) -> PathBuf {
    data_folder::copy_file(&settings.store.data)
}

/// The sinks that are named; where none is, the database of the environment if it is one that rows can go to.
fn sinks(settings: &Settings) -> Vec<SinkSpec> {
    if !settings.sync.sinks.is_empty() {
        return settings.sync.sinks.clone();
    }
    let database = settings.sync.database.as_deref();
    let postgres = database.filter(|url| url.starts_with("postgres://") || url.starts_with("postgresql://"));
    postgres.and_then(|url| SinkSpec::parse(url).ok()).into_iter().collect()
}

/// Waits until then.
pub(crate) async fn wait_until(moment: Timestamp) {
    let wait = Duration::try_from(moment.duration_since(SystemClock.now())).unwrap_or(Duration::ZERO);
    tokio::time::sleep(wait).await;
}
