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
use leadgate_store::Store;
use leadgate_store::model::AppKey;
use leadgate_store::scopes::Scopes;
use leadgate_web::accounts::AccountRouters;
use leadgate_web::accounts::operator::operator_router;
use leadgate_web::state::RenderMetrics;
use leadgate_web::{Access, Lifecycle, Router, ServeLimits};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::accounts::desk::OwnDesk;
use crate::accounts::host::{AtWork, InCommon, Work, WorkParts, until_ended};
use crate::accounts::hosts::{Hosts, HostsParts};
use crate::accounts::{gauges, secrets};
use crate::config::Settings;
use crate::exit::Failure;
use crate::shutdown::Shutdown;
use crate::stores::OpenStore;
use crate::wiring::{self, SystemClock};
use crate::{app_keys, metrics};

/// The name of the one account in the paths of requests that go through to it.
const ACCOUNT: &str = "default";
/// How often what histograms hold back is summed up, so that it does not pile up where nobody reads the metrics.
const UPKEEP: Duration = Duration::from_secs(30);

/// What a gateway is opened with.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    /// Of the default account; without, there is none.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) listener: TcpListener,
    pub(crate) store: OpenStore,
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
    store: OpenStore,
    /// What works for the default account.
    work: Option<Work>,
    hosts: Arc<Hosts>,
    router: Router,
    lifecycle: Lifecycle,
    metrics: PrometheusHandle,
    deadline: Duration,
    is_until_idle: bool,
}

/// Listens where the settings say.
pub(crate) async fn listen(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((host, port)).await;
    listener.with_context(|| {
        format!("listening on {host} port {port} failed; end what uses the port, or choose another with --port")
    })
}

/// The keys that open the gateway: those in the store, and the configured one.
pub(crate) async fn app_keys(settings: &Settings, store: &dyn Store) -> anyhow::Result<Vec<AppKey>> {
    let mut keys = store.app_keys().await.context("reading the app keys failed")?;
    keys.extend(settings.access.app_key.as_ref().map(|key| app_keys::kept("configured", key, Scopes::ALL)));
    Ok(keys)
}

impl Gateway {
    /// Puts the parts together. Nothing is asked of the CRM yet.
    pub(crate) async fn open(plan: Plan) -> Result<Gateway, Failure> {
        let Plan { settings, credentials, listener, store, access, account_since, until_idle } = plan;
        let address = listener.local_addr().context("the listener has no address")?;
        let metrics = metrics::install()?;
        let shared = store.store();
        let in_common = InCommon { rounds: wiring::rounds(), ..InCommon::default() };
        let mut work = None;
        if let Some(credentials) = credentials {
            let store = Arc::clone(&shared);
            let (is_one_of_many, in_common) = (false, in_common.clone());
            let settings = &settings;
            let parts =
                WorkParts { settings, credentials, store, account_since, until_idle, is_one_of_many, in_common };
            work = Some(Work::open(parts).await?);
        }
        let measured = work.as_ref().map(|work| (work.engine().clone(), Arc::clone(&shared)));
        let web_settings = wiring::web_settings(&settings, access);
        let mut web = leadgate_web::Gateway::new(shared, Arc::new(SystemClock), web_settings);
        if let Some(work) = &work {
            web = web.with_broker(ACCOUNT, work.broker());
        }
        let routers = AccountRouters::new(&web);
        let registry = store.accounts();
        let keys = secrets::master_keys(&settings)?.map(Arc::new);
        let hosts = Hosts::new(HostsParts {
            registry: Arc::clone(&registry),
            main: store.store(),
            routers: routers.clone(),
            keys: keys.clone(),
            settings: settings.clone(),
            until_idle,
            in_common,
        });
        hosts.open().await.context("reading the list of accounts failed")?;
        let render = gauges::render(metrics.clone(), measured, Arc::clone(&hosts));
        let desk = OwnDesk::new(registry, keys, settings.clone(), Some(Arc::clone(&hosts)));
        let operator = operator(&settings, &web, desk, render.clone());
        let web = web.with_metrics(render);
        let lifecycle = web.lifecycle.clone();
        let router = leadgate_web::accounts::router(web, routers, operator);
        let deadline = settings.server.shutdown_deadline;
        let is_until_idle = until_idle.is_some();
        Ok(Gateway { address, listener, store, work, hosts, router, lifecycle, metrics, deadline, is_until_idle })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its memory.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store.store()
    }

    /// Serves and works until `shutdown`, then ends in order.
    pub(crate) async fn run(self, shutdown: Shutdown) -> Result<(), Failure> {
        let Gateway { listener, store, work, hosts, router, lifecycle, metrics, deadline, is_until_idle, .. } = self;
        let upkeep = tokio::spawn(keep_up(metrics));
        let at_work = work.map(|work| work.start(shutdown.clone()));
        let ended = at_work.as_ref().map(AtWork::ended);
        let resting = tokio::spawn(end_at_rest(ended, is_until_idle.then(|| Arc::clone(&hosts)), shutdown.clone()));
        let hosting = Arc::clone(&hosts).run(shutdown.clone());
        let mut limits = ServeLimits::default();
        limits.shutdown_within = deadline;
        let stop = lifecycle.drain_when(shutdown.clone().requested());
        let serving = async {
            let served = leadgate_web::serve(listener, router, limits, stop).await;
            // Also where the listener failed: what was accepted goes on after the next start.
            shutdown.begin();
            served
        };
        let ending = async {
            shutdown.clone().requested().await;
            if let Some(at_work) = at_work {
                at_work.end(deadline).await;
            }
        };
        let (served, (), ()) = tokio::join!(serving, ending, hosting);
        upkeep.abort();
        resting.abort();
        // The task may hold the accounts for one more moment.
        drop(resting.await);
        hosts.close();
        drop(hosts);
        store.close().await;
        served.context("accepting connections failed")?;
        Ok(())
    }
}

/// The operator's API, if there is a key for it.
fn operator(settings: &Settings, any: &leadgate_web::Gateway, desk: OwnDesk, render: RenderMetrics) -> Option<Router> {
    let key = settings.access.operator_key.as_ref()?;
    let access = Access::Keys(vec![app_keys::kept("operator", key, Scopes::ALL)]);
    let settings = wiring::web_settings(settings, access);
    let gateway = leadgate_web::Gateway::new(Arc::clone(&any.store), Arc::clone(&any.clock), settings);
    Some(operator_router(gateway.with_metrics(render), Arc::new(desk)))
}

/// Begins the shutdown when the default account's engine ends by itself; where the whole process is to end at rest, when those of all accounts have.
async fn end_at_rest(default: Option<watch::Receiver<bool>>, hosts: Option<Arc<Hosts>>, shutdown: Shutdown) {
    match (default, &hosts) {
        (Some(ended), _) => until_ended(ended).await,
        (None, Some(_)) => {}
        (None, None) => return,
    }
    if let Some(hosts) = hosts {
        hosts.at_rest().await;
    }
    shutdown.begin();
}

async fn keep_up(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}
