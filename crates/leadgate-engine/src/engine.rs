//! The engine and its parts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::budget::{BudgetSettings, Standing};
use leadgate_core::clock::Clock;
use leadgate_core::crm::Crm;
use leadgate_core::delivery::Outbound;
use leadgate_core::lane::Lane;
use leadgate_core::routing::RoutingState;
use leadgate_store::{Store, StoreError};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use crate::batches::{Batch, Batches};
use crate::budget::BudgetKeeper;
use crate::catalog::CatalogKeeper;
use crate::duties::Duties;
use crate::gathering::{Gathering, Loads};
use crate::instances::Pulse;
use crate::notify::Desks;
use crate::push::Hand;
use crate::rounds::Rounds;
use crate::settings::EngineSettings;
use crate::watch::WatchKeeper;
use crate::width::SearchWidth;

/// How often open jobs are counted, at most: that takes the longer, the more there are.
const COUNTED_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// What an engine is made of.
pub struct EngineParts {
    /// The gateway's memory.
    pub store: Arc<dyn Store>,
    /// The account.
    pub crm: Arc<dyn Crm>,
    /// The receivers of deliveries.
    pub outbound: Arc<dyn Outbound>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How it works.
    pub settings: EngineSettings,
    /// The line that it stands in with the other engines of the process.
    pub rounds: Rounds,
}

/// Carries accepted submissions into the CRM. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) crm: Arc<dyn Crm>,
    pub(crate) outbound: Arc<dyn Outbound>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: EngineSettings,
    pub(crate) rounds: Rounds,
    batches: Option<Batches>,
    pub(crate) budget: BudgetKeeper,
    pub(crate) catalog: CatalogKeeper,
    /// Jobs that are planned and not ended, by [`Lane::rank`], as far as this process knows.
    pub(crate) open_jobs: [AtomicI64; 4],
    pub(crate) gathering: Gathering,
    pub(crate) loads: Loads,
    pub(crate) search_width: SearchWidth,
    /// Whose turn it is, unless it must be read from the store.
    pub(crate) turns: Mutex<Option<RoutingState>>,
    /// When the open jobs were last counted: other instances plan and end some, and people release some.
    counted_at: Mutex<Option<Timestamp>>,
    pub(crate) duties: Duties,
    pub(crate) pulse: Pulse,
    pub(crate) hand: Hand,
    pub(crate) watch: WatchKeeper,
    pub(crate) desks: Desks,
    jitter: Mutex<SmallRng>,
}

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Submissions that got a plan.
    pub planned: usize,
    /// Jobs that were leased.
    pub claimed: usize,
    /// Requests that were made.
    pub calls: usize,
    /// Jobs that ended, finished or parked.
    pub ended: usize,
    /// Attempts of deliveries that were made.
    pub deliveries: usize,
}

impl Pass {
    /// Whether anything at all happened.
    pub fn is_idle(&self) -> bool {
        *self == Pass::default()
    }
}

impl Engine {
    /// Takes up where the last process stopped: its catalog and ledger are read, and its leases are given up, because whoever has the store to itself
    /// knows that it is dead. Where several instances share the store, those who live take over what it held.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn open(parts: EngineParts) -> Result<Engine, StoreError> {
        let now = parts.clock.now();
        let dead = parts.settings.polls_every.is_some().then_some(parts.settings.worker.as_str());
        let abandoned = parts.store.abandon_leases(dead, now).await?;
        if abandoned > 0 {
            tracing::info!(
                jobs.abandoned = abandoned,
                "took up {abandoned} jobs of a process that ended in the middle of them"
            );
        }
        parts.store.abandon_deliveries(dead, now).await?;
        let desks = Desks::new(&parts.settings.reading.rules.destinations);
        let catalog = CatalogKeeper::new(parts.store.catalog().await?);
        let budget = BudgetKeeper::open(&*parts.store, &parts.settings, now).await?;
        let watch = WatchKeeper::new(parts.store.watches().await?);
        let open = parts.store.stats(now).await?.open_by_lane;
        let jitter = match parts.settings.jitter_seed {
            Some(seed) => SmallRng::seed_from_u64(seed),
            None => SmallRng::from_os_rng(),
        };
        let batches = parts.settings.is_one_of_many.then(|| Batches::new(parts.rounds.batches()));
        let shared = Shared {
            store: parts.store,
            crm: parts.crm,
            outbound: parts.outbound,
            clock: parts.clock,
            settings: parts.settings,
            batches,
            rounds: parts.rounds,
            budget,
            catalog,
            open_jobs: open.map(|count| AtomicI64::new(i64::try_from(count).unwrap_or(i64::MAX))),
            gathering: Gathering::default(),
            loads: Loads::default(),
            search_width: SearchWidth::default(),
            turns: Mutex::default(),
            counted_at: Mutex::new(Some(now)),
            duties: Duties::default(),
            pulse: Pulse::default(),
            hand: Hand::default(),
            watch,
            desks,
            jitter: Mutex::new(jitter),
        };
        let engine = Engine { shared: Arc::new(shared) };
        engine.beat_if_due().await?;
        engine.park_strangers().await?;
        engine.begin_watches().await?;
        Ok(engine)
    }

    /// One pass: plans what has arrived, makes every call that is due and affordable and every delivery that is due, and waits for all of them.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; what was under way is taken up again later.
    pub async fn run_once(&self) -> Result<Pass, StoreError> {
        let looked = self.watch_once().await?;
        let planned = self.plan_arrived().await?;
        let claimed = self.claim(self.shared.settings.concurrency.max(1) * 4).await?;
        let mut pass =
            Pass { planned, claimed: claimed.leased, ended: claimed.ended, calls: usize::from(looked), deliveries: 0 };
        let work = claimed.packs.into_iter().map(|pack| self.work(pack));
        for result in futures::future::join_all(work).await {
            pass.ended += result?;
            pass.calls += 1;
        }
        pass.deliveries = self.deliver_once().await?;
        Ok(pass)
    }

    /// Makes one attempt of each delivery that is due. Returns how many.
    async fn deliver_once(&self) -> Result<usize, StoreError> {
        let errands = self.claim_errands().await?;
        let count = errands.len();
        futures::future::try_join_all(errands.into_iter().map(|errand| self.run_errand(errand))).await?;
        Ok(count)
    }

    /// How much the account may be asked, by the settings.
    pub fn budget_settings(&self) -> &BudgetSettings {
        &self.shared.settings.budget
    }

    /// How the account's budget stands.
    pub fn standing(&self) -> Standing {
        self.shared.budget.standing(self.now())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Waits until so many rows may be worked on, where the process has other accounts.
    pub(crate) async fn begin_batch(&self, rows: usize) -> Option<Batch> {
        self.shared.batches.as_ref()?.begin(rows).await
    }

    pub(crate) fn jitter(&self) -> f64 {
        self.shared.jitter.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    pub(crate) fn count_open(&self, lane: Lane, change: i64) {
        self.shared.open_jobs[usize::from(lane.rank())].fetch_add(change, Ordering::Relaxed);
    }

    /// Sees what other instances did: to the budget always, to the open jobs now and then.
    pub(crate) async fn catch_up(&self, now: Timestamp) -> Result<(), StoreError> {
        let Some(every) = self.shared.settings.polls_every else { return Ok(()) };
        self.shared.budget.catch_up(&*self.shared.store, now).await?;
        if !self.is_time_to_count(every, now) {
            return Ok(());
        }
        let before = self.open_jobs(Lane::Bulk);
        self.count_anew().await?;
        if self.open_jobs(Lane::Bulk) > before {
            // Whoever plans gathers too; so a burst is packed by whichever instance claims it.
            self.shared.gathering.arrived(now);
        }
        Ok(())
    }

    /// Counts the open jobs if they were not counted lately.
    pub(crate) async fn count_now_and_then(&self) -> Result<(), StoreError> {
        if self.is_time_to_count(COUNTED_EVERY, self.now()) { self.count_anew().await } else { Ok(()) }
    }

    /// Whether open jobs were last counted so long ago; then they count as counted now.
    fn is_time_to_count(&self, every: SignedDuration, now: Timestamp) -> bool {
        let mut counted_at = self.shared.counted_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = counted_at.is_none_or(|at| now.duration_since(at).abs() >= every);
        if is_time {
            *counted_at = Some(now);
        }
        is_time
    }

    /// Counts the open jobs in the store: a person may have released some.
    pub(crate) async fn count_anew(&self) -> Result<(), StoreError> {
        let open = self.shared.store.stats(self.now()).await?.open_by_lane;
        for (count, open) in self.shared.open_jobs.iter().zip(open) {
            count.store(i64::try_from(open).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether several instances share the store and more jobs are open than one can have calls for at once: then the next round is not far, and what
    /// can wait for it does.
    pub(crate) fn is_behind(&self) -> bool {
        !self.shared.settings.is_alone() && self.all_open_jobs() > self.shared.settings.concurrency
    }

    /// Jobs that are planned and not ended.
    pub(crate) fn all_open_jobs(&self) -> usize {
        let open: i64 = Lane::ALL.into_iter().map(|lane| self.open_jobs(lane)).sum();
        usize::try_from(open).unwrap_or(0)
    }

    /// Jobs of a lane that are planned and not ended.
    pub(crate) fn open_jobs(&self, lane: Lane) -> i64 {
        self.shared.open_jobs[usize::from(lane.rank())].load(Ordering::Relaxed).max(0)
    }
}
