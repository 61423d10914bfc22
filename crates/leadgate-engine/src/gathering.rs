//! Bulk work gathers for a moment before it starts, so that a burst fills whole packs instead of starting with scraps. What is longer than a burst
//! is planned in loads for the same reason: each job that ends is not followed by one more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Nothing more came for so long: the burst is over.
const QUIET: SignedDuration = SignedDuration::from_secs(1);
/// The longest that the first of a burst waits for the rest.
const LONGEST: SignedDuration = SignedDuration::from_secs(5);
/// So many fill the widest search; there is nothing to wait for.
const ENOUGH: i64 = 2_500;

/// When the burst at hand began, and when the last of it came.
#[derive(Debug, Default)]
pub(crate) struct Gathering(Mutex<Option<(Timestamp, Timestamp)>>);

impl Gathering {
    /// Bulk work arrived.
    pub(crate) fn arrived(&self, now: Timestamp) {
        let mut burst = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = burst.map_or(now, |(began, _)| began);
        *burst = Some((began, now));
    }

    /// Whether bulk work still waits for more of its kind, with so many jobs open.
    pub(crate) fn is_on(&self, open: i64, now: Timestamp) -> bool {
        self.until(open, now).is_some()
    }

    /// Until when it waits, unless more arrives; `None` if it does not.
    pub(crate) fn until(&self, open: i64, now: Timestamp) -> Option<Timestamp> {
        let mut burst = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = burst.and_then(|(began, last)| {
            // A clock that was set back makes the burst one of a time to come: it is over.
            let is_past = began <= now;
            let until = last.saturating_add(QUIET).ok()?.min(began.saturating_add(LONGEST).ok()?);
            (open < ENOUGH && is_past && now < until).then_some(until)
        });
        if until.is_none() {
            *burst = None;
        }
        until
    }
}

/// The next load is planned when so small a part of the last one is open still.
const REST_OF_LOAD: i64 = 4;

/// Whether a load is being worked off: then nothing is planned until little of it is left.
#[derive(Debug, Default)]
pub(crate) struct Loads(AtomicBool);

impl Loads {
    /// How many more to plan, with so many open of the most that may be.
    pub(crate) fn room(&self, open: i64, most: i64) -> i64 {
        if open >= most {
            self.0.store(true, Ordering::Relaxed);
        } else if open <= most / REST_OF_LOAD {
            self.0.store(false, Ordering::Relaxed);
        }
        if self.0.load(Ordering::Relaxed) { 0 } else { most.saturating_sub(open) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn a_load_is_filled_and_worked_off() {
        let loads = Loads::default();
        let rooms = [0, 700, 1_999, 2_000, 1_999, 501, 500, 900].map(|open| loads.room(open, 2_000));
        assert_eq!(rooms, [2_000, 1_300, 1, 0, 0, 0, 1_500, 1_100]);
        assert_eq!([1, 0].map(|open| Loads::default().room(open, 1)), [0, 1]);
    }

    #[test]
    fn a_burst_is_waited_for_until_it_is_quiet() {
        let gathering = Gathering::default();
        gathering.arrived(at(0));
        gathering.arrived(at(900));
        assert!(gathering.is_on(2, at(1_800)));
        assert_eq!(gathering.until(2, at(1_800)), Some(at(1_900)));
        assert!(!gathering.is_on(2, at(1_900)));
        assert_eq!(gathering.until(2, at(1_900)), None);
    }

    #[test]
    fn a_burst_of_a_time_to_come_is_over() {
        let gathering = Gathering::default();
        gathering.arrived(at(3_600_000));
        assert!(!gathering.is_on(2, at(0)));
    }

    #[test]
    fn enough_work_or_a_long_wait_end_it() {
        let gathering = Gathering::default();
        gathering.arrived(at(0));
        assert!(!gathering.is_on(2_500, at(1)));
        for moment in (0..5_000).step_by(500) {
            gathering.arrived(at(moment));
        }
        assert_eq!(gathering.until(2, at(4_999)), Some(at(5_000)));
        assert!(!gathering.is_on(2, at(5_000)));
    }
}
