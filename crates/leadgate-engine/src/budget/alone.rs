//! The ledger of a process that has the store to itself: in memory while the process lives, in the store with every recorded turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use leadgate_core::breaker::{Breaker, Change};
use leadgate_core::budget::{BudgetSettings, Granted, Ledger, Refusal, Settlement, Standing, Stop};
use leadgate_core::job::AccountTrouble;
use leadgate_core::lane::Lane;
use serde_json::Value;

use super::OUTAGE;

/// The ledger and the breaker. Who needs both locks takes the breaker's first.
pub(crate) struct AloneBudget {
    ledger: Mutex<Ledger>,
    breaker: Mutex<Breaker>,
}

impl AloneBudget {
    /// A stored ledger, or a new one where there is none or it cannot be read: the next header corrects it.
    pub(crate) fn resume(stored: Option<Value>, settings: BudgetSettings, now: Timestamp) -> AloneBudget {
        let stored = stored.and_then(|value| serde_json::from_value::<Ledger>(value).ok());
        let ledger = match stored {
            Some(ledger) => ledger.resume(settings, now),
            None => Ledger::new(settings, now),
        };
        AloneBudget { ledger: Mutex::new(ledger), breaker: Mutex::default() }
    }

    pub(crate) fn room(&self, lane: Lane, now: Timestamp) -> u32 {
        let unless_down = self.breaker().room(now);
        self.ledger().room(lane, now).min(unless_down)
    }

    pub(crate) fn room_within(&self, lane: Lane, minutes: u32, now: Timestamp) -> u32 {
        self.ledger().room_within(lane, minutes, now)
    }

    pub(crate) fn take(&self, lane: Lane, now: Timestamp) -> Result<Granted, Refusal> {
        let mut breaker = self.breaker();
        if let Some(until) = breaker.refuses_until(now) {
            return Err(Refusal { until, cause: OUTAGE.to_owned() });
        }
        let permit = self.ledger().take(lane, now)?;
        Ok(Granted { permit, admission: breaker.admit() })
    }

    /// When a lane that was refused will have room, as far as can be known, and what it waits for.
    pub(crate) fn outlook(&self, lane: Lane, now: Timestamp) -> (Timestamp, String) {
        let outage = self.breaker().refuses_until(now);
        let ledger = self.ledger();
        match (ledger.room_at(lane, now), outage) {
            (room, Some(until)) if until >= room => (until, OUTAGE.to_owned()),
            (room, _) => (room, ledger.refusal(lane, now).cause),
        }
    }

    pub(crate) fn settle(&self, settlement: Settlement, now: Timestamp) -> Change {
        let Settlement { granted: Granted { permit, admission }, requests, reading, heard } = settlement;
        self.ledger().settle(permit, requests, reading, now);
        self.breaker().hear(admission, heard, now)
    }

    /// Whether the CRM is down, as far as known.
    pub(crate) fn is_outage(&self) -> bool {
        self.breaker().is_open()
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
        let mut standing = self.ledger().standing(now);
        let breaker = self.breaker();
        standing.room = standing.room.map(|room| room.min(breaker.room(now)));
        if let (None, Some(until)) = (&standing.stopped, breaker.refuses_until(now)) {
            standing.stopped = Some(Stop { until, class: OUTAGE.to_owned() });
        }
        standing
    }

    /// The ledger as it is stored.
    pub(crate) fn stored(&self) -> Option<Value> {
        serde_json::to_value(&*self.ledger()).ok()
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Counting cannot panic half-way; if something else did, the count is still whole.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
