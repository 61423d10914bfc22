//! Bulk work gathers for a moment before it starts, so that a burst fills whole packs instead of starting with scraps.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Nothing more came for so long: the burst is over.
const QUIET: SignedDuration = SignedDuration::from_secs(1);
/// The longest that the first of a burst waits for the rest.
const LONGEST: SignedDuration = SignedDuration::from_secs(5);
/// So many fill several packs; there is nothing to wait for.
const ENOUGH: i64 = 500;

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
        let mut burst = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = burst.is_some_and(|(began, last)| {
            // A clock that was set back makes the burst one of a time to come: it is over.
            let (quiet, long) = (now.duration_since(last), now.duration_since(began));
            open < ENOUGH && !long.is_negative() && quiet < QUIET && long < LONGEST
        });
        if !waits {
            *burst = None;
        }
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn a_burst_is_waited_for_until_it_is_quiet() {
        let gathering = Gathering::default();
        gathering.arrived(at(0));
        gathering.arrived(at(900));
        assert!(gathering.is_on(2, at(1_800)));
        assert!(!gathering.is_on(2, at(1_900)));
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
        assert!(!gathering.is_on(500, at(1)));
        for moment in (0..5_000).step_by(500) {
            gathering.arrived(at(moment));
        }
        assert!(!gathering.is_on(2, at(5_000)));
    }
}
