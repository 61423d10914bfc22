//! Keeps the account's ledger: in memory while the process lives, in the store with every recorded turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use leadgate_core::budget::{BudgetSettings, Ledger, Permit, Refusal, Standing};
use leadgate_core::crm::QuotaReading;
use leadgate_core::job::AccountTrouble;
use leadgate_core::lane::Lane;
use serde_json::Value;

/// The ledger, shared by all calls under way.
pub(crate) struct BudgetKeeper {
    ledger: Mutex<Ledger>,
}

impl BudgetKeeper {
    /// A stored ledger, or a new one where there is none or it cannot be read: the next header corrects it.
    pub(crate) fn resume(stored: Option<Value>, settings: BudgetSettings, now: Timestamp) -> BudgetKeeper {
        let stored = stored.and_then(|value| serde_json::from_value::<Ledger>(value).ok());
        let ledger = match stored {
            Some(ledger) => ledger.resume(settings, now),
            None => Ledger::new(settings, now),
        };
        BudgetKeeper { ledger: Mutex::new(ledger) }
    }

    pub(crate) fn room(&self, lane: Lane, now: Timestamp) -> u32 {
        self.ledger().room(lane, now)
    }

    pub(crate) fn take(&self, lane: Lane, now: Timestamp) -> Result<Permit, Refusal> {
        self.ledger().take(lane, now)
    }

    pub(crate) fn settle(&self, permit: Permit, requests: u32, reading: Option<QuotaReading>, now: Timestamp) {
        self.ledger().settle(permit, requests, reading, now);
    }

    /// The account as a whole must wait. Returns until when.
    pub(crate) fn hold(&self, trouble: &AccountTrouble, now: Timestamp) -> Timestamp {
        let mut ledger = self.ledger();
        match trouble.until {
            Some(until) => ledger.stop_until(until, trouble.class, now),
            None => ledger.stop_until_hour_ends(now),
        }
        ledger.refusal(Lane::Interactive, now).until
    }

    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        self.ledger().standing(now)
    }

    /// The ledger as it is stored.
    pub(crate) fn stored(&self) -> Option<Value> {
        serde_json::to_value(&*self.ledger()).ok()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Counting cannot panic half-way; if something else did, the count is still whole.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
