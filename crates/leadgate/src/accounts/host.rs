//! What works for one account: its engine, its sync, its broker and what forgets people, until told to end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use freshsales::Credentials;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::broker::Broker;
use leadgate_core::crm::Crm;
use leadgate_crm_freshsales::Network;
use leadgate_engine::forget::Forgetter;
use leadgate_engine::sync::SyncService;
use leadgate_engine::{Engine, EngineParts, QuotaBroker, Rounds};
use leadgate_outbound::Courier;
use leadgate_store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Settings;
use crate::shutdown::Shutdown;
use crate::wiring::{self, SystemClock};

/// What an account's work is opened with.
pub(crate) struct WorkParts<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) credentials: Credentials,
    pub(crate) store: Arc<dyn Store>,
    /// The account was empty then.
    pub(crate) account_since: Option<Timestamp>,
    /// It ends by itself when nothing is due for so long.
    pub(crate) until_idle: Option<SignedDuration>,
    /// It is not the default account.
    pub(crate) is_one_of_many: bool,
    pub(crate) in_common: InCommon,
}

/// What the accounts of a process have in common.
#[derive(Clone, Default)]
pub(crate) struct InCommon {
    /// The line that their engines stand in.
    pub(crate) rounds: Rounds,
    /// What talks to the CRM.
    pub(crate) network: Network,
}

/// What works for an account, before it starts.
pub(crate) struct Work {
    engine: Engine,
    sync: SyncService,
    broker: QuotaBroker,
    forgetter: Forgetter,
    /// How long an end in order may take.
    deadline: Duration,
}

/// The same at work.
pub(crate) struct AtWork {
    shutdown: Shutdown,
    broker: QuotaBroker,
    working: JoinHandle<()>,
    syncing: JoinHandle<()>,
    forgetting: JoinHandle<()>,
    ended: watch::Receiver<bool>,
}

impl Work {
    /// Puts the parts together. Nothing is asked of the CRM yet.
    pub(crate) async fn open(parts: WorkParts<'_>) -> anyhow::Result<Work> {
        let WorkParts { settings, credentials, store, account_since, until_idle, is_one_of_many, in_common } = parts;
        crate::data_folder::make_for_copy(settings)?;
        let crm = wiring::crm(credentials, settings, (&*store, in_common.network))
            .await
            .context("reading the store failed")?;
        let mut engine_settings = wiring::engine_settings(settings);
        engine_settings.known_not_before = account_since;
        engine_settings.ends_at_rest = until_idle;
        engine_settings.is_one_of_many = is_one_of_many;
        let forgetter = wiring::forgetter(Arc::clone(&store), settings)?;
        let parts = EngineParts {
            store,
            crm: Arc::clone(&crm) as Arc<dyn Crm>,
            outbound: Arc::new(Courier::new(&settings.rules.read.destinations)),
            clock: Arc::new(SystemClock),
            settings: engine_settings,
            rounds: in_common.rounds,
        };
        let engine = Engine::open(parts).await.context("reading the store failed")?;
        let sync = SyncService::new(engine.clone(), crate::syncing::scheduled(settings)?);
        let broker = QuotaBroker::new(engine.clone(), crm, wiring::broker_settings(settings));
        let deadline = settings.server.shutdown_deadline;
        Ok(Work { engine, sync, broker, forgetter, deadline })
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The way through to the account.
    pub(crate) fn broker(&self) -> Arc<dyn Broker> {
        Arc::new(self.broker.clone())
    }

    /// Begins to work, until `shutdown`.
    pub(crate) fn start(self, shutdown: Shutdown) -> AtWork {
        let Work { engine, sync, broker, forgetter, deadline } = self;
        let (tell, ended) = watch::channel(false);
        let end_work = shutdown.clone().requested();
        let (cut, sync_at_work) = (shutdown.clone().requested(), sync.at_work());
        let working = tokio::spawn(async move {
            engine.run(end_work).await;
            let_sync_end(sync_at_work, deadline, cut).await;
            tell.send_replace(true);
        });
        let end_sync = shutdown.clone().requested();
        let syncing = tokio::spawn(async move { sync.run(end_sync).await });
        let end_forgetting = shutdown.clone().requested();
        let forgetting = tokio::spawn(async move { forgetter.run(end_forgetting).await });
        AtWork { shutdown, broker, working, syncing, forgetting, ended }
    }
}

impl AtWork {
    /// Tells when the engine has ended, by itself or not.
    pub(crate) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.clone()
    }

    /// Ends, and lets the calls under way finish until the deadline.
    pub(crate) async fn end(self, deadline: Duration) {
        self.shutdown.begin();
        self.broker.close();
        let (working, syncing) = (finish_calls(self.working, deadline), finish_calls(self.syncing, deadline));
        tokio::join!(working, syncing, finish_calls(self.forgetting, deadline));
    }
}

/// Where the engine ended by itself, a sync that is at work may end too, unless that takes longer than an end in order may.
async fn let_sync_end(mut at_work: watch::Receiver<bool>, deadline: Duration, cut: impl Future<Output = ()>) {
    tokio::select! {
        () = cut => {}
        _ = at_work.wait_for(|is_at_work| !is_at_work) => {}
        () = tokio::time::sleep(deadline) => tracing::warn!("the sync takes too long to be waited for; the next start goes on with it"),
    }
}

/// Waits for the word of [`AtWork::ended`].
pub(crate) async fn until_ended(mut ended: watch::Receiver<bool>) {
    // An error means that the engine panicked, which ended it too.
    let _ = ended.wait_for(|ended| *ended).await;
}

async fn finish_calls(mut working: JoinHandle<()>, deadline: Duration) {
    if tokio::time::timeout(deadline, &mut working).await.is_err() {
        tracing::warn!(
            "calls to the CRM were cut because they took too long; the next start reads back what came of them"
        );
        working.abort();
        // The error is the abort that was asked for.
        drop(working.await);
    }
}
