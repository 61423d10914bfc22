//! The ledger that several instances share: it is the store's, and changed by exchanging it for the one that was seen.
//!
//! Flow: a pass begins by seeing the stored ledger; the permits of a round of calls are drawn in one exchange; what became of them is news, which is
//! told with recorded turns if nobody was faster, else with the next permits that are drawn, and by a pass that drew none. A call is never made on a
//! permit whose exchange is not known to have been kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use leadgate_core::breaker::Change;
use leadgate_core::budget::{Granted, Holder, Refusal, Settlement, SharedLedger, Standing};
use leadgate_core::job::AccountTrouble;
use leadgate_core::lane::Lane;
use leadgate_store::model::{BudgetExchange, BudgetToKeep, KeptBudget};
use leadgate_store::{Store, StoreError};
use serde_json::Value;

use crate::settings::EngineSettings;

/// This instance's part of the shared ledger.
pub(crate) struct SharedBudget {
    holder: Mutex<Holder>,
    /// One exchange at a time, and nothing is seen in the middle of one: what it draws would look as if nobody held it.
    exchanging: tokio::sync::Mutex<()>,
}

impl SharedBudget {
    pub(crate) fn new(stored: KeptBudget, settings: &EngineSettings, now: Timestamp) -> SharedBudget {
        let holder = Holder::new(settings.worker.clone(), settings.lease, settings.budget.clone(), now);
        let budget = SharedBudget { holder: Mutex::new(holder), exchanging: tokio::sync::Mutex::default() };
        budget.see(stored, now);
        budget
    }

    pub(crate) fn room(&self, lane: Lane, now: Timestamp) -> u32 {
        self.holder().room(lane, now)
    }

    pub(crate) fn room_within(&self, lane: Lane, minutes: u32, now: Timestamp) -> u32 {
        self.holder().room_within(lane, minutes, now)
    }

    /// Draws a permit for each of these lanes.
    pub(crate) async fn draw(
        &self,
        store: &dyn Store,
        lanes: &[Lane],
        now: Timestamp,
    ) -> Result<Vec<Result<Granted, Refusal>>, StoreError> {
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        let _alone = self.exchanging.lock().await;
        self.exchange(store, lanes, now).await
    }

    /// Only with the right to exchange.
    async fn exchange(
        &self,
        store: &dyn Store,
        lanes: &[Lane],
        now: Timestamp,
    ) -> Result<Vec<Result<Granted, Refusal>>, StoreError> {
        // Each round that fails is one in which another instance got what it wanted.
        loop {
            let proposal = self.holder().propose(lanes, now);
            if !lanes.is_empty() && proposal.is_refused() {
                return Ok(proposal.refusals());
            }
            match store.exchange_budget(proposal.seen, value_of(&proposal.ledger)?).await? {
                BudgetExchange::Kept(revision) => return Ok(self.holder().kept(revision, proposal, now)),
                BudgetExchange::Changed(stored) => self.see(stored, now),
            }
        }
    }

    pub(crate) async fn catch_up(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        let _alone = self.exchanging.lock().await;
        self.see(store.budget().await?, now);
        Ok(())
    }

    /// Tells the others what is new here, after [`SharedBudget::catch_up`].
    pub(crate) async fn tell(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        let _alone = self.exchanging.lock().await;
        if self.holder().has_news() {
            self.exchange(store, &[], now).await?;
        }
        Ok(())
    }

    pub(crate) fn outlook(&self, lane: Lane, now: Timestamp) -> (Timestamp, String) {
        self.holder().outlook(lane, now)
    }

    pub(crate) fn settle(&self, settlement: Settlement, now: Timestamp) -> Change {
        self.holder().settle(settlement, now)
    }

    pub(crate) fn is_outage(&self) -> bool {
        self.holder().is_outage()
    }

    pub(crate) fn hold(&self, trouble: &AccountTrouble, now: Timestamp) -> Timestamp {
        self.holder().stop(trouble.until, trouble.class, now)
    }

    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        self.holder().standing(now)
    }

    /// The ledger with the news, to be kept with turns. Whether it was kept shows when it is seen again.
    pub(crate) fn to_keep(&self) -> Option<BudgetToKeep> {
        let holder = self.holder();
        let value = holder.has_news().then(|| value_of(holder.ledger()).ok()).flatten()?;
        Some(BudgetToKeep { seen: Some(holder.seen()), value })
    }

    /// One that cannot be read counts as none: the next header corrects it.
    fn see(&self, stored: KeptBudget, now: Timestamp) {
        let ledger = stored.value.and_then(|value| serde_json::from_value::<SharedLedger>(value).ok());
        self.holder().see(stored.revision, ledger, now);
    }

    fn holder(&self) -> MutexGuard<'_, Holder> {
        // Counting cannot panic half-way; if something else did, the count is still whole.
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn value_of(ledger: &SharedLedger) -> Result<Value, StoreError> {
    serde_json::to_value(ledger).map_err(|error| StoreError::Corrupt { what: "budget", why: error.to_string() })
}
