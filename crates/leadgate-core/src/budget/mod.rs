//! The budget: one ledger of requests for one account, which other tools drain too.
//!
//! Cast: `window` counts what was used, ours and others'; `reserve` says what a lane must leave; [`Ledger`] puts them together. [`SharedLedger`] is
//! a ledger that several instances of the gateway draw from; [`Holder`] is what one of them has of it. Flow: before a
//! request the engine asks [`Ledger::take`]; after the answer it tells [`Ledger::settle`], whose headers correct the count and show what others
//! used. A refusal always says until when.
//!
//! The account's hour is a fixed window whose end the CRM announces; its minute is counted as any sixty seconds, which fits however the CRM
//! aligns it. What others will use until the window ends is estimated from what they used so far, and kept for them: a request of ours that is refused with
//! a 429 would have cost them theirs.

mod holder;
mod outlook;
mod reserve;
mod shared;
mod window;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use holder::{Holder, Proposal};
pub use reserve::Reserves;
pub use shared::{Granted, News, Settlement, SharedLedger};
use window::{HourWindow, MinuteWindow};

use crate::crm::QuotaReading;
use crate::lane::Lane;

/// The longest that an account is left alone after a 429 whatever the CRM announces: the window is an hour.
const LONGEST_STOP: SignedDuration = SignedDuration::from_secs(3_660);
/// The shortest wait that a refusal names, so that nobody spins.
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_millis(250);
/// The longest wait that a refusal names when it only waits for estimates to change.
const LONGEST_LOOK: SignedDuration = SignedDuration::from_secs(20);

/// How much an account may be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetSettings {
    /// Requests an hour; `None` for no limit. A higher or lower limit in the CRM's headers is adopted.
    pub per_hour: Option<u32>,
    /// Requests a minute; `None` for no limit.
    pub per_minute: Option<u32>,
    /// What lanes leave to each other.
    pub reserves: Reserves,
}

impl Default for BudgetSettings {
    /// The smallest plan that has an API.
    fn default() -> Self {
        BudgetSettings { per_hour: Some(1_000), per_minute: Some(400), reserves: Reserves::default() }
    }
}

/// The account's ledger. Stored with every turn, so that a restart goes on where it stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    settings: BudgetSettings,
    hour: HourWindow,
    minute: MinuteWindow,
    #[serde(default)]
    stopped: Option<Stop>,
    /// Requests under way. Not stored: after a restart there are none.
    #[serde(skip)]
    in_flight: u32,
    /// Requests that instances may have under way, where several share the ledger. They count for the minute until they are settled, however long ago
    /// they were drawn. Found anew from the grants whenever those are looked at.
    #[serde(skip)]
    held: u32,
}

/// Why nothing may be asked until a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Until when.
    pub until: Timestamp,
    /// Why, as a class: `quota`, `throttled`, `auth`, ….
    pub class: String,
}

/// The right to make one request.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is not settled counts as under way for ever"]
pub struct Permit {
    lane: Lane,
    /// When the hour began that it was taken from.
    hour: Timestamp,
}

/// No request now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When to ask again.
    pub until: Timestamp,
    /// Why: the class of a stop, or `hour`, `minute`.
    pub cause: String,
}

/// How the ledger stands, for metrics and screens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Requests the hour holds; `None` without a limit.
    pub hour_limit: Option<u32>,
    /// Of which the gateway used.
    pub hour_ours: u32,
    /// Of which others used, as far as seen.
    pub hour_others: u32,
    /// When the hour ends.
    pub hour_ends: Timestamp,
    /// Requests in the last sixty seconds.
    pub minute_ours: u32,
    /// What each lane could use now, by [`Lane::rank`]; `u32::MAX` without a limit.
    pub room: [u32; 4],
    /// Why nothing may be asked, if so.
    pub stopped: Option<Stop>,
}

impl Ledger {
    /// A ledger that has seen nothing.
    pub fn new(settings: BudgetSettings, now: Timestamp) -> Ledger {
        Ledger {
            hour: HourWindow::starting(settings.per_hour, now),
            minute: MinuteWindow::default(),
            stopped: None,
            in_flight: 0,
            held: 0,
            settings,
        }
    }

    /// A stored ledger under settings that may have changed since.
    pub fn resume(mut self, settings: BudgetSettings, now: Timestamp) -> Ledger {
        if self.settings.per_hour != settings.per_hour {
            self.hour.set_limit(settings.per_hour);
        }
        self.settings = settings;
        self.hour.roll(now, 0);
        self
    }

    /// How many requests a lane may make now; `u32::MAX` without a limit.
    pub fn room(&mut self, lane: Lane, now: Timestamp) -> u32 {
        self.hour.roll(now, self.under_way());
        if self.stop(now).is_some() {
            return 0;
        }
        self.hour_room(lane, now).min(self.minute_room(lane, now))
    }

    /// How many requests a lane may make in the next minutes, as far as the hour has room for them now; `u32::MAX` without a limit.
    pub fn room_within(&mut self, lane: Lane, minutes: u32, now: Timestamp) -> u32 {
        self.hour.roll(now, self.under_way());
        let limit = self.settings.per_minute;
        let of_minutes = limit
            .map_or(u32::MAX, |limit| whole(self.settings.reserves.of_minute(lane, limit)).saturating_mul(minutes));
        self.hour_room(lane, now).min(of_minutes)
    }

    /// Takes one request out of the budget.
    ///
    /// # Errors
    /// [`Refusal`] if the lane must wait.
    pub fn take(&mut self, lane: Lane, now: Timestamp) -> Result<Permit, Refusal> {
        if self.room(lane, now) == 0 {
            return Err(self.refusal(lane, now));
        }
        self.hour.count_ours(1);
        self.minute.count_ours(now, 1);
        self.in_flight += 1;
        Ok(Permit { lane, hour: self.hour.started() })
    }

    /// Why and until when a lane without room must wait.
    pub fn refusal(&self, lane: Lane, now: Timestamp) -> Refusal {
        if let Some(stop) = self.stop(now) {
            return Refusal { until: stop.until, cause: stop.class.clone() };
        }
        let (until, cause) = if self.hour_room(lane, now) == 0 {
            (self.hour.ends().min(later(now, LONGEST_LOOK)), "hour")
        } else {
            (self.minute.frees_at(now), "minute")
        };
        Refusal { until: until.max(later(now, SHORTEST_WAIT)), cause: cause.to_owned() }
    }

    /// The request was made, or not (`requests` 0); `reading` is what the reply's headers said.
    pub fn settle(&mut self, permit: Permit, requests: u32, reading: Option<QuotaReading>, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.hour.roll(now, self.under_way());
        match requests {
            0 => {
                self.hour.give_back(1);
                self.minute.give_back(now);
            }
            more => {
                self.hour.count_ours(more - 1);
                self.minute.count_ours(now, more - 1);
            }
        }
        if let Some(reading) = reading {
            self.read(&reading, permit.hour, now);
        }
    }

    /// What a reply's headers said, for a request that was taken from the hour that began then.
    fn read(&mut self, reading: &QuotaReading, hour: Timestamp, now: Timestamp) {
        if self.is_minute(reading) {
            if reading.remaining == 0 {
                self.stop_until(reading.reset.unwrap_or_else(|| self.minute.frees_at(now)), "quota", now);
            }
            return;
        }
        match reading.reset {
            // It tells of a window that ended while the reply was under way.
            Some(ended) if ended <= now => self.hour.end_at(ended, self.under_way()),
            // What was asked in the last hour and answered in this one says nothing of this one, unless it names an end that is still to come.
            None if hour != self.hour.started() => {}
            _ => {
                let others = self.hour.read(reading, self.under_way(), now);
                self.minute.count_others(now, others);
            }
        }
    }

    /// Whether a reading describes the minute rather than the hour: its limit is the minute's and not the hour's.
    fn is_minute(&self, reading: &QuotaReading) -> bool {
        self.settings.per_minute == Some(reading.limit) && self.hour.limit() != Some(reading.limit)
    }

    /// Nothing is asked until then.
    pub fn stop_until(&mut self, until: Timestamp, class: &str, now: Timestamp) {
        let until = until.min(later(now, LONGEST_STOP)).max(later(now, SHORTEST_WAIT));
        if self.stopped.as_ref().is_none_or(|stop| stop.until < until) {
            self.stopped = Some(Stop { until, class: class.to_owned() });
        }
    }

    /// Nothing is asked until the hour ends: the CRM said so without saying when.
    pub fn stop_until_hour_ends(&mut self, now: Timestamp) {
        self.stop_until(self.hour.ends(), "quota", now);
    }

    /// How the ledger stands.
    pub fn standing(&mut self, now: Timestamp) -> Standing {
        Standing {
            room: Lane::ALL.map(|lane| self.room(lane, now)),
            hour_limit: self.hour.limit(),
            hour_ours: self.hour.ours(),
            hour_others: self.hour.others(),
            hour_ends: self.hour.ends(),
            minute_ours: self.minute.ours(now) + self.held,
            stopped: self.stop(now).cloned(),
        }
    }

    /// Requests that the CRM may count in this hour or in the next.
    fn under_way(&self) -> u32 {
        self.in_flight + self.held
    }

    fn stop(&self, now: Timestamp) -> Option<&Stop> {
        // A stop that is further away than any was begun before the clock was set back.
        self.stopped.as_ref().filter(|stop| stop.until > now && stop.until <= later(now, LONGEST_STOP))
    }

    fn hour_room(&self, lane: Lane, now: Timestamp) -> u32 {
        let Some(limit) = self.hour.limit() else { return u32::MAX };
        let left = f64::from(self.hour.left());
        if lane == Lane::Interactive {
            return whole(left);
        }
        let left = left - self.settings.reserves.of_hour(lane, limit, self.hour.share_left(now));
        match whole(left - self.hour.expected_of_others()) {
            0 if self.may_look(left, now) => 1,
            room => room,
        }
    }

    /// Whether work that waits only for what others may still use gets one request, for the sake of its headers: without a look now and then, a burst
    /// of others would be held against the rest of the hour.
    fn may_look(&self, left: f64, now: Timestamp) -> bool {
        self.held == 0
            && self.minute.is_quiet_for(LONGEST_LOOK, now)
            && whole(left - self.hour.expected_of_others_until(now)) > 0
    }

    fn minute_room(&self, lane: Lane, now: Timestamp) -> u32 {
        let Some(limit) = self.settings.per_minute else { return u32::MAX };
        let used = self.minute.ours(now) + self.minute.others(now) + self.held;
        let usable = self.settings.reserves.of_minute(lane, limit);
        whole(usable - f64::from(used))
    }
}

fn whole(room: f64) -> u32 {
    // Room is at most a limit, which is a u32.
    room.max(0.0).floor() as u32
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod shared_tests;
#[cfg(test)]
mod tests;
