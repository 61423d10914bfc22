//! A running gateway: opened from its parts, run until told to stop, ended in order.
//!
//! The end: no new connections, callers who wait are told "accepted", calls under way to the CRM are let finish, all within one deadline, and the
//! store is closed last. What does not finish in time is read back by the next start. An engine that ends by itself ends the gateway with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use freshsales::Credentials;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::clock::Clock as _;
use leadgate_engine::sync::SyncService;
use leadgate_engine::{Engine, EngineParts};
use leadgate_outbound::Courier;
use leadgate_store::deliveries::DeliveryStore as _;
use leadgate_store::model::AppKey;
use leadgate_store::{Store, StoreError};
use leadgate_store_sqlite::SqliteStore;
use leadgate_web::{Access, ServeLimits};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::Settings;
use crate::exit::Failure;
use crate::shutdown::Shutdown;
use crate::wiring::{self, SystemClock};
use crate::{app_keys, metrics};

/// How often what histograms hold back is summed up, so that it does not pile up where nobody reads the metrics.
const UPKEEP: Duration = Duration::from_secs(30);
/// How long reading the metrics may wait for the store.
const STATS_WITHIN: Duration = Duration::from_secs(2);

/// What a gateway is opened with.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) credentials: Credentials,
    pub(crate) listener: TcpListener,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) access: Access,
    /// The account was empty then.
    pub(crate) account_since: Option<Timestamp>,
    /// It ends by itself when nothing is due for so long.
    pub(crate) until_idle: Option<SignedDuration>,
}

/// An open gateway. Connections wait in the listener until it runs.
pub(crate) struct Gateway {
    address: SocketAddr,
    listener: TcpListener,
    store: Arc<SqliteStore>,
    engine: Engine,
    sync: SyncService,
    web: leadgate_web::Gateway,
    metrics: PrometheusHandle,
    deadline: Duration,
}

/// Listens where the settings say.
pub(crate) async fn listen(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((host, port)).await;
    listener.with_context(|| {
        format!("listening on {host} port {port} failed; end what uses the port, or choose another with --port")
    })
}

/// The keys that open the gateway: those in the store, and the configured one.
pub(crate) async fn app_keys(settings: &Settings, store: &SqliteStore) -> anyhow::Result<Vec<AppKey>> {
    let mut keys = store.app_keys().await.context("reading the app keys failed")?;
    keys.extend(settings.access.app_key.as_ref().map(|key| app_keys::kept("configured", key)));
    Ok(keys)
}

impl Gateway {
    /// Puts the parts together. Nothing is asked of the CRM yet.
    pub(crate) async fn open(plan: Plan) -> Result<Gateway, Failure> {
        let Plan { settings, credentials, listener, store, access, account_since, until_idle } = plan;
        let address = listener.local_addr().context("the listener has no address")?;
        let metrics = metrics::install()?;
        let crm = wiring::crm(credentials, &settings, &store).await.context("reading the store failed")?;
        let mut engine_settings = wiring::engine_settings(&settings);
        engine_settings.known_not_before = account_since;
        engine_settings.ends_at_rest = until_idle;
        let parts = EngineParts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            crm,
            outbound: Arc::new(Courier::new(&settings.rules.read.destinations)),
            clock: Arc::new(SystemClock),
            settings: engine_settings,
        };
        let engine = Engine::open(parts).await.context("reading the store failed")?;
        let sync = SyncService::new(engine.clone(), crate::syncing::scheduled(&settings)?);
        let web_settings = wiring::web_settings(&settings, access);
        let web = leadgate_web::Gateway::new(Arc::clone(&store) as Arc<dyn Store>, Arc::new(SystemClock), web_settings)
            .with_metrics(render(metrics.clone(), Arc::clone(&store), engine.clone()));
        let deadline = settings.server.shutdown_deadline;
        Ok(Gateway { address, listener, store, engine, sync, web, metrics, deadline })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its memory.
    pub(crate) fn store(&self) -> Arc<SqliteStore> {
        Arc::clone(&self.store)
    }

    /// Serves and works until `shutdown`, then ends in order.
    pub(crate) async fn run(self, shutdown: Shutdown) -> Result<(), Failure> {
        let Gateway { listener, store, engine, sync, web, metrics, deadline, .. } = self;
        let lifecycle = web.lifecycle.clone();
        let upkeep = tokio::spawn(keep_up(metrics));
        let working = work(engine, shutdown.clone());
        let end_syncs = shutdown.clone().requested();
        let syncing = tokio::spawn(async move { sync.run(end_syncs).await });
        let mut limits = ServeLimits::default();
        limits.shutdown_within = deadline;
        let router = leadgate_web::router(web);
        let stop = lifecycle.drain_when(shutdown.clone().requested());
        let serving = async {
            let served = leadgate_web::serve(listener, router, limits, stop).await;
            // Also where the listener failed: what was accepted goes on after the next start.
            shutdown.begin();
            served
        };
        let ending = async {
            shutdown.clone().requested().await;
            tokio::join!(finish_calls(working, deadline), finish_calls(syncing, deadline));
        };
        let (served, ()) = tokio::join!(serving, ending);
        upkeep.abort();
        wiring::close_store(store).await;
        served.context("accepting connections failed")?;
        Ok(())
    }
}

/// Works until `shutdown`, or until the engine ends by itself, which begins the shutdown.
fn work(engine: Engine, shutdown: Shutdown) -> JoinHandle<()> {
    tokio::spawn(async move {
        engine.run(shutdown.clone().requested()).await;
        shutdown.begin();
    })
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

async fn keep_up(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}

/// Renders the metrics, the gauges read at that moment.
fn render(metrics: PrometheusHandle, store: Arc<SqliteStore>, engine: Engine) -> leadgate_web::state::RenderMetrics {
    Arc::new(move || {
        let now = SystemClock.now();
        let stats = tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            let read = async {
                Ok::<_, StoreError>((
                    store.stats(now).await?,
                    store.tallies().await?,
                    store.destination_standings().await?,
                ))
            };
            runtime.block_on(async { tokio::time::timeout(STATS_WITHIN, read).await })
        });
        match stats {
            Ok(Ok((stats, tallies, destinations))) => {
                leadgate_engine::metrics::set_gauges(&stats, &engine, now);
                leadgate_engine::metrics::set_change_counts(&tallies);
                leadgate_engine::metrics::set_delivery_gauges(&destinations, &engine, now);
            }
            _ => tracing::warn!("the store did not say how much waits; the gauges are those of the last time"),
        }
        metrics.render()
    })
}
