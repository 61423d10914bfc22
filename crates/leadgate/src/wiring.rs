//! From settings to parts: the store, the CRM, the engine's and the web's settings. Nothing is decided here; it is only passed on.

use std::sync::Arc;

use freshsales::Credentials;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::broker::wish::WaitLimits;
use leadgate_core::budget::{BudgetSettings, Reserves};
use leadgate_core::clock::Clock;
use leadgate_core::intake::ReadingRules;
use leadgate_core::retention::Retention;
use leadgate_core::retry::RetryPolicy;
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use leadgate_engine::forget::Forgetter;
use leadgate_engine::{BrokerSettings, EngineSettings, MatchByCopy, Rounds};
use leadgate_store::{Store, StoreError};
use leadgate_web::broker::{BrokerDoor, BrokerKeys};
use leadgate_web::{Access, WebSettings};
use rand::Rng as _;

use crate::config::{ConfigError, RetentionSettings, Settings};
use crate::syncing;

/// The shortest lease, however short calls are.
const SHORTEST_LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Requests that one call can make at most, when a search shows as many people as it reads pages for; its lease lasts that long.
const REQUESTS_OF_A_CALL: u32 = 9;

/// Accounts that plan and claim at once, for each core: a round is waiting for the disk more than anything else.
const ROUNDS_OF_A_CORE: usize = 8;

/// How often open jobs are counted anew, at most, where other processes on the same store plan and end some too.
const COUNTED_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The line that the engines of all accounts stand in. Half of the cores are for batches, the others for who has little to do.
pub(crate) fn rounds() -> Rounds {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Rounds::at_once(cores * ROUNDS_OF_A_CORE).with_batches(cores / 2)
}

/// What forgets people.
///
/// # Errors
/// If there is a copy of the account, and the database of the environment, which it may have been published to, cannot be understood.
pub(crate) fn forgetter(store: Arc<dyn Store>, settings: &Settings) -> Result<Forgetter, ConfigError> {
    let sync = match syncing::settings(settings) {
        Err(_) if !syncing::copy_file(settings).exists() => syncing::settings_to(settings, Vec::new()),
        sync => sync?,
    };
    Ok(Forgetter::new(store, Arc::new(SystemClock), sync))
}

/// The account.
pub(crate) async fn crm(
    credentials: Credentials,
    settings: &Settings,
    (store, network): (&dyn Store, Network),
) -> Result<Arc<FreshsalesCrm>, StoreError> {
    let remembered = store.catalog().await?.account().cloned();
    let settings = FreshsalesSettings { credentials, timeout: settings.crm.total_timeout, remembered, network };
    Ok(Arc::new(FreshsalesCrm::new(settings, Arc::new(SystemClock))))
}

/// A name that nobody else has, now or after a restart: whose leases these are is never in doubt.
#[expect(clippy::disallowed_methods, reason = "a name that could be repeated would not tell two processes apart")]
fn worker_name(configured: &str) -> String {
    format!("{configured}-{:016x}", rand::rng().random::<u64>())
}

/// How the engine works.
pub(crate) fn engine_settings(settings: &Settings) -> EngineSettings {
    let work = &settings.engine;
    EngineSettings {
        worker: worker_name(&work.worker),
        concurrency: work.concurrency,
        plan_ahead: work.plan_ahead,
        pack_from: work.pack_from,
        lease: signed(settings.crm.total_timeout.saturating_mul(REQUESTS_OF_A_CALL)).max(SHORTEST_LEASE),
        request: signed(settings.crm.total_timeout),
        known_for: signed(work.known_for),
        matching: matching(settings),
        retry: retry_policy(settings),
        budget: budget(settings),
        retention: retention(settings),
        reading: reading(settings),
        polls_every: settings.store.database().map(|_| COUNTED_EVERY),
        ..EngineSettings::default()
    }
}

/// How requests are treated.
pub(crate) fn web_settings(settings: &Settings, access: Access) -> WebSettings {
    let intake = &settings.intake;
    let mut web = WebSettings::new(access);
    web.reading = reading(settings);
    web.body_limit = intake.body_limit;
    web.patience = intake.patience;
    web.longest_patience = intake.max_wait;
    web.content_window = signed(intake.content_window);
    web.key_window = signed(intake.key_window);
    web.broker = broker_door(settings);
    web
}

fn broker_door(settings: &Settings) -> BrokerDoor {
    let broker = &settings.broker;
    BrokerDoor {
        keys: BrokerKeys::new(broker.keys.clone()),
        waits: WaitLimits { usual: signed(broker.wait), longest: signed(broker.max_wait) },
        body_limit: broker.body_limit,
    }
}

/// How requests of other programs are passed through.
pub(crate) fn broker_settings(settings: &Settings) -> BrokerSettings {
    let mut broker = BrokerSettings::default();
    broker.cache.keep = signed(settings.broker.remember);
    broker
}

/// The copy that people are looked for in; none if it is not to be believed at all.
fn matching(settings: &Settings) -> Option<MatchByCopy> {
    let believed_for = signed(settings.sync.match_for.min(settings.engine.known_for));
    (!believed_for.is_zero()).then(|| MatchByCopy { copy: syncing::copy_file(settings), believed_for })
}

fn retention(settings: &Settings) -> Retention {
    let RetentionSettings { done, attempts, deliveries, imports, receipts, changes, profiles, .. } = settings.retention;
    Retention { done, attempts, deliveries, imports, receipts, changes, profiles }
}

fn retry_policy(settings: &Settings) -> RetryPolicy {
    let retry = &settings.retry;
    RetryPolicy {
        base_ms: milliseconds(retry.base),
        cap_ms: milliseconds(retry.cap),
        max_failures: retry.max_failures,
        settle_ms: milliseconds(retry.settle),
    }
}

fn budget(settings: &Settings) -> BudgetSettings {
    let shares = &settings.budget;
    let limit = |requests: u32| (requests > 0).then_some(requests);
    BudgetSettings {
        per_hour: limit(shares.per_hour),
        per_minute: limit(shares.per_minute),
        reserves: Reserves {
            interactive: shares.reserve_interactive,
            event: shares.reserve_event,
            bulk: shares.reserve_bulk,
            minute_for_bulk: shares.minute_for_bulk,
        },
    }
}

/// How bodies are read, and the rules file.
pub(crate) fn reading(settings: &Settings) -> ReadingRules {
    ReadingRules { phone_region: settings.intake.phone_region.clone(), rules: Arc::clone(&settings.rules.read) }
}

fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
