//! A ledger that several instances of the gateway share. It is stored with a revision, and whoever changes it exchanges it for the one that was
//! seen; what comes of that is [`Holder`](super::Holder)'s.
//!
//! Before an instance asks anything it draws a permit for each request: that is its grant. Drawn is used, so an instance that vanishes takes
//! nothing from anybody but what it held, and the count is never below what the CRM counts. What the headers show beyond it is therefore others'.
//!
//! A grant lasts longer than a call can take. Until then its permits may be under way: they count for the minute and are carried into the hour that begins.
//! After that the instance is gone, or has long asked; its requests stay counted in their hour.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{BudgetSettings, Ledger, Permit, Refusal, Standing, Stop, later};
use crate::breaker::{Admission, Breaker, Change, Heard};
use crate::crm::QuotaReading;
use crate::lane::Lane;

/// The cause of a refusal, and the class of a stop, while the CRM is down.
const OUTAGE: &str = "outage";

/// The account's ledger and breaker, and what each instance holds. Reads as a [`Ledger`] too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedLedger {
    #[serde(flatten)]
    ledger: Ledger,
    #[serde(default)]
    breaker: Breaker,
    /// When the probe that is under way must have ended.
    #[serde(default)]
    probe_until: Option<Timestamp>,
    /// By the name of the instance.
    #[serde(default)]
    grants: BTreeMap<String, Grant>,
}

/// What one instance holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Grant {
    /// Permits that were drawn and not settled.
    open: u32,
    /// Its calls have ended by then.
    until: Timestamp,
    /// The number of the last piece of news that was taken in from it.
    told: u64,
}

/// The right to make one request, and how the breaker let it through.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted {
    /// The right.
    pub permit: Permit,
    /// How.
    pub admission: Admission,
}

/// What became of a permit.
#[derive(Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Which.
    pub granted: Granted,
    /// Requests that were made; 0 if none was.
    pub requests: u32,
    /// What the reply's headers said.
    pub reading: Option<QuotaReading>,
    /// What the call told of the CRM.
    pub heard: Heard,
}

/// What an instance tells the others by the ledger.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// A permit was settled.
    Settled(Settlement),
    /// The account must wait: until then, or until the hour ends; for this reason.
    Stopped {
        /// Until when, if that is known.
        until: Option<Timestamp>,
        /// Why, as a class.
        class: String,
    },
}

impl SharedLedger {
    /// A ledger that has seen nothing.
    pub fn new(settings: BudgetSettings, now: Timestamp) -> SharedLedger {
        let ledger = Ledger::new(settings, now);
        SharedLedger { ledger, breaker: Breaker::default(), probe_until: None, grants: BTreeMap::new() }
    }

    /// A stored ledger under settings that may have changed since.
    #[must_use]
    pub fn resume(mut self, settings: BudgetSettings, now: Timestamp) -> SharedLedger {
        self.turn_over(now);
        self.ledger = self.ledger.resume(settings, now);
        self
    }

    /// How many requests a lane may make now; `u32::MAX` without a limit.
    pub fn room(&mut self, lane: Lane, now: Timestamp) -> u32 {
        self.turn_over(now);
        self.ledger.room(lane, now).min(self.breaker.room(now))
    }

    /// As [`Ledger::room_within`].
    pub fn room_within(&mut self, lane: Lane, minutes: u32, now: Timestamp) -> u32 {
        self.turn_over(now);
        self.ledger.room_within(lane, minutes, now)
    }

    /// Whether the CRM is down, as far as known.
    pub fn is_outage(&self) -> bool {
        self.breaker.is_open()
    }

    /// How the ledger stands.
    pub fn standing(&mut self, now: Timestamp) -> Standing {
        self.turn_over(now);
        let mut standing = self.ledger.standing(now);
        standing.room = standing.room.map(|room| room.min(self.breaker.room(now)));
        if let (None, Some(until)) = (&standing.stopped, self.breaker.refuses_until(now)) {
            standing.stopped = Some(Stop { until, class: OUTAGE.to_owned() });
        }
        standing
    }

    /// Why and until when a lane without room must wait.
    pub fn refusal(&self, lane: Lane, now: Timestamp) -> Refusal {
        match self.breaker.refuses_until(now) {
            Some(until) => Refusal { until, cause: OUTAGE.to_owned() },
            None => self.ledger.refusal(lane, now),
        }
    }

    /// When a lane that was refused will have room, as far as can be known, and what it waits for.
    pub fn outlook(&self, lane: Lane, now: Timestamp) -> (Timestamp, String) {
        match (self.ledger.room_at(lane, now), self.breaker.refuses_until(now)) {
            (room, Some(until)) if until >= room => (until, OUTAGE.to_owned()),
            (room, _) => (room, self.ledger.refusal(lane, now).cause),
        }
    }

    /// Draws a permit for an instance, whose calls end before `until`.
    ///
    /// # Errors
    /// [`Refusal`] if the lane must wait.
    pub(super) fn draw(
        &mut self,
        instance: &str,
        lane: Lane,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Granted, Refusal> {
        if self.room(lane, now) == 0 {
            return Err(self.refusal(lane, now));
        }
        self.grant_of(instance, until).open += 1;
        self.ledger.hour.count_ours(1);
        self.ledger.held += 1;
        let admission = self.breaker.admit();
        if admission == Admission::Probe {
            self.probe_until = Some(until);
        }
        Ok(Granted { permit: Permit { lane, hour: self.ledger.hour.started() }, admission })
    }

    /// Takes in a piece of news of an instance, unless it was taken in before.
    pub(super) fn take_in(
        &mut self,
        instance: &str,
        (number, news): (u64, &News),
        until: Timestamp,
        now: Timestamp,
    ) -> Change {
        self.turn_over(now);
        let grant = self.grant_of(instance, until);
        if grant.told >= number {
            return Change::None;
        }
        grant.told = number;
        match news {
            News::Settled(settlement) => self.settle(instance, settlement, now),
            News::Stopped { until: Some(until), class } => {
                self.ledger.stop_until(*until, class, now);
                Change::None
            }
            News::Stopped { until: None, .. } => {
                self.ledger.stop_until_hour_ends(now);
                Change::None
            }
        }
    }

    fn settle(&mut self, instance: &str, settlement: &Settlement, now: Timestamp) -> Change {
        let Settlement { granted, requests, reading, heard } = settlement;
        let open = self.grants.get_mut(instance).map(|grant| &mut grant.open).filter(|open| **open > 0);
        // Not counted in this hour any more if it took longer than a grant lasts.
        let is_counted = open.is_some();
        if let Some(open) = open {
            *open -= 1;
            self.ledger.held = self.ledger.held.saturating_sub(1);
        }
        match requests {
            0 if is_counted => self.ledger.hour.give_back(1),
            0 => {}
            more => {
                self.ledger.hour.find_ours(more - 1);
                self.ledger.minute.count_ours(now, *more);
            }
        }
        if let Some(reading) = reading {
            self.ledger.read(reading, granted.permit.hour, now);
        }
        if granted.admission == Admission::Probe {
            self.probe_until = None;
        }
        self.breaker.hear(granted.admission, *heard, now)
    }

    /// An instance holds so many and no more: what was drawn for it without its knowledge, because the answer of the store was lost, is given back.
    pub(super) fn own_up(&mut self, instance: &str, in_hand: u32) {
        let Some(grant) = self.grants.get_mut(instance) else { return };
        let surplus = grant.open.saturating_sub(in_hand);
        grant.open -= surplus;
        self.ledger.held = self.ledger.held.saturating_sub(surplus);
        self.ledger.hour.give_back(surplus);
    }

    /// Permits that an instance holds by the ledger.
    pub(super) fn open_of(&self, instance: &str) -> u32 {
        self.grants.get(instance).map_or(0, |grant| grant.open)
    }

    /// The number of the last piece of news that was taken in from an instance.
    pub(super) fn told(&self, instance: &str) -> u64 {
        self.grants.get(instance).map_or(0, |grant| grant.told)
    }

    fn grant_of(&mut self, instance: &str, until: Timestamp) -> &mut Grant {
        let grant = self.grants.entry(instance.to_owned()).or_insert(Grant { open: 0, until, told: 0 });
        grant.until = grant.until.max(until);
        grant
    }

    /// Moves on to now: to another hour, and past the grants that have ended.
    fn turn_over(&mut self, now: Timestamp) {
        self.forget_grants(self.ledger.hour.start_at(now), now);
        let held = self.ledger.held;
        self.ledger.hour.roll(now, held);
        self.forget_grants(now, now);
        if self.probe_until.is_some_and(|until| until <= now) {
            self.probe_until = None;
            self.breaker.hear(Admission::Probe, Heard::Nothing, now);
        }
    }

    /// Forgets grants that ended by a moment. What their requests came to is not known: they count as made, and as late as can be.
    fn forget_grants(&mut self, ended_by: Timestamp, now: Timestamp) {
        for (_, grant) in self.grants.extract_if(.., |_, grant| grant.until <= ended_by) {
            if grant.open > 0 {
                self.ledger.minute.count_ours(now, grant.open);
            }
        }
        self.ledger.held = self.grants.values().map(|grant| grant.open).sum();
    }
}

/// When a grant that is drawn or renewed now has ended.
pub(super) fn grant_until(life: SignedDuration, now: Timestamp) -> Timestamp {
    later(now, life)
}
