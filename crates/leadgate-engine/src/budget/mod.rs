//! Keeps the account's ledger, and beside it the breaker, which asks nothing of a CRM that is down.
//!
//! Cast: [`alone`] is for a process that has the store to itself: the ledger is in memory, and in the store with every recorded turn. [`shared`] is for several
//! instances on one store: what a round of calls needs is drawn from the stored ledger before the calls are made. Who calls out need not know which it is.

mod alone;
mod shared;

use jiff::Timestamp;
use leadgate_core::breaker::Change;
use leadgate_core::budget::{Granted, Refusal, Settlement, Standing};
use leadgate_core::job::AccountTrouble;
use leadgate_core::lane::Lane;
use leadgate_store::model::BudgetToKeep;
use leadgate_store::{Store, StoreError};

use crate::settings::EngineSettings;
use alone::AloneBudget;
use shared::SharedBudget;

/// The cause of a refusal, and the class of a stop, while the CRM is down.
const OUTAGE: &str = "outage";

/// The ledger and the breaker, shared by all calls under way.
pub(crate) enum BudgetKeeper {
    Alone(Box<AloneBudget>),
    Shared(Box<SharedBudget>),
}

impl BudgetKeeper {
    /// Goes on with the stored ledger.
    pub(crate) async fn open(
        store: &dyn Store,
        settings: &EngineSettings,
        now: Timestamp,
    ) -> Result<BudgetKeeper, StoreError> {
        let stored = store.budget().await?;
        if settings.is_alone() {
            let budget = AloneBudget::resume(stored.value, settings.budget.clone(), now);
            return Ok(BudgetKeeper::Alone(Box::new(budget)));
        }
        Ok(BudgetKeeper::Shared(Box::new(SharedBudget::new(stored, settings, now))))
    }

    pub(crate) fn room(&self, lane: Lane, now: Timestamp) -> u32 {
        match self {
            BudgetKeeper::Alone(budget) => budget.room(lane, now),
            BudgetKeeper::Shared(budget) => budget.room(lane, now),
        }
    }

    /// How many requests a lane may make in the next minutes, as far as the hour has room for them now.
    pub(crate) fn room_within(&self, lane: Lane, minutes: u32, now: Timestamp) -> u32 {
        match self {
            BudgetKeeper::Alone(budget) => budget.room_within(lane, minutes, now),
            BudgetKeeper::Shared(budget) => budget.room_within(lane, minutes, now),
        }
    }

    /// Takes a permit for each of these lanes, in order, or says why not.
    pub(crate) async fn take(
        &self,
        store: &dyn Store,
        lanes: &[Lane],
        now: Timestamp,
    ) -> Result<Vec<Result<Granted, Refusal>>, StoreError> {
        match self {
            BudgetKeeper::Alone(budget) => Ok(lanes.iter().map(|lane| budget.take(*lane, now)).collect()),
            BudgetKeeper::Shared(budget) => budget.draw(store, lanes, now).await,
        }
    }

    /// What became of a permit, and what the call told of the CRM.
    pub(crate) fn settle(&self, settlement: Settlement, now: Timestamp) -> Change {
        match self {
            BudgetKeeper::Alone(budget) => budget.settle(settlement, now),
            BudgetKeeper::Shared(budget) => budget.settle(settlement, now),
        }
    }

    /// When a lane that was refused will have room, as far as can be known, and what it waits for.
    pub(crate) fn outlook(&self, lane: Lane, now: Timestamp) -> (Timestamp, String) {
        match self {
            BudgetKeeper::Alone(budget) => budget.outlook(lane, now),
            BudgetKeeper::Shared(budget) => budget.outlook(lane, now),
        }
    }

    /// Whether the CRM is down, as far as known.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            BudgetKeeper::Alone(budget) => budget.is_outage(),
            BudgetKeeper::Shared(budget) => budget.is_outage(),
        }
    }

    /// The account as a whole must wait. Returns until when.
    pub(crate) fn hold(&self, trouble: &AccountTrouble, now: Timestamp) -> Timestamp {
        match self {
            BudgetKeeper::Alone(budget) => budget.hold(trouble, now),
            BudgetKeeper::Shared(budget) => budget.hold(trouble, now),
        }
    }

    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        match self {
            BudgetKeeper::Alone(budget) => budget.standing(now),
            BudgetKeeper::Shared(budget) => budget.standing(now),
        }
    }

    /// The ledger as it is to be kept with turns, if there is anything new in it.
    pub(crate) fn to_keep(&self) -> Option<BudgetToKeep> {
        match self {
            BudgetKeeper::Alone(budget) => budget.stored().map(|value| BudgetToKeep { seen: None, value }),
            BudgetKeeper::Shared(budget) => budget.to_keep(),
        }
    }

    /// Sees what other instances did to the ledger.
    pub(crate) async fn catch_up(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        match self {
            BudgetKeeper::Alone(_) => Ok(()),
            BudgetKeeper::Shared(budget) => budget.catch_up(store, now).await,
        }
    }

    /// Tells other instances what is new here, where no permits are drawn that do.
    pub(crate) async fn tell(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        match self {
            BudgetKeeper::Alone(_) => Ok(()),
            BudgetKeeper::Shared(budget) => budget.tell(store, now).await,
        }
    }

    /// Keeps the ledger without turns.
    pub(crate) async fn keep(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        match self {
            BudgetKeeper::Alone(_) => store.finish_turns(Vec::new(), self.to_keep(), now).await.map(drop),
            BudgetKeeper::Shared(budget) => {
                budget.catch_up(store, now).await?;
                budget.tell(store, now).await
            }
        }
    }
}
