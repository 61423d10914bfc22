//! Looking ahead: when a lane will have room, if nobody uses more than is expected.

use jiff::{SignedDuration, Timestamp};

use super::{LONGEST_LOOK, Ledger, later};
use crate::lane::Lane;

/// Behind this many seconds nothing that was used in the last minute counts.
const MINUTE_IS_OVER: SignedDuration = SignedDuration::from_secs(62);

impl Ledger {
    /// When a lane will have room, to the second: `now` if it has some. Reserves shrink as the hour goes by, so that may be before the hour ends.
    ///
    /// What is expected of others is expected to happen; where it does not, there is room earlier. A lane that never has any is told the next hour.
    pub fn room_at(&self, lane: Lane, now: Timestamp) -> Timestamp {
        if self.has_room(lane, now) {
            return now;
        }
        let stop_ends = self.stop(now).map_or(now, |stop| stop.until);
        let surely = self.hour.ends().max(stop_ends).max(later(now, MINUTE_IS_OVER));
        let soon = LONGEST_LOOK.as_secs() + 1;
        let (mut without, mut with) = (0, surely.duration_since(now).as_secs() + 1);
        // A look for the sake of its headers may be possible after a while and, as the hour goes by, not any more.
        if self.has_room(lane, later(now, SignedDuration::from_secs(soon))) {
            with = soon;
        }
        while with - without > 1 {
            let middle = without + (with - without) / 2;
            if self.has_room(lane, later(now, SignedDuration::from_secs(middle))) {
                with = middle
            } else {
                without = middle
            }
        }
        later(now, SignedDuration::from_secs(with))
    }

    fn has_room(&self, lane: Lane, moment: Timestamp) -> bool {
        // Counting moves a ledger on to the moment, and this one is still needed where it stands.
        self.clone().room(lane, moment) > 0
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::budget::BudgetSettings;
    use crate::crm::QuotaReading;

    /// 14:00:00, when an hour begins.
    fn at(second: i64) -> Timestamp {
        "2026-06-15T14:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
    }

    fn ledger(remaining: u32) -> Ledger {
        let settings = BudgetSettings { per_minute: None, ..BudgetSettings::default() };
        let mut ledger = Ledger::new(settings, at(0));
        let permit = ledger.take(Lane::Interactive, at(0)).unwrap();
        ledger.settle(permit, 1, Some(QuotaReading { limit: 1_000, remaining, reset: Some(at(3_600)) }), at(0));
        ledger
    }

    #[rstest]
    #[case::there_is_some(500, Lane::Interactive, 10, 10)]
    #[case::spent(0, Lane::Interactive, 10, 3_600)]
    #[case::spent_for_all(0, Lane::Sync, 10, 3_600)]
    #[case::the_clock_went_on(0, Lane::Bulk, 4_000, 4_000)]
    fn of_the_hour(#[case] left: u32, #[case] lane: Lane, #[case] now: i64, #[case] room: i64) {
        let told = ledger(left).room_at(lane, at(now));
        assert!((0..=1).contains(&told.duration_since(at(room)).as_secs()), "{told}");
    }

    #[test]
    fn what_upper_lanes_leave_comes_before_the_hour_ends() {
        let mut ledger = ledger(999);
        while let Ok(permit) = ledger.take(Lane::Bulk, at(1_800)) {
            ledger.settle(permit, 1, None, at(1_800));
        }
        let told = ledger.room_at(Lane::Bulk, at(1_800));
        assert!(told > at(1_800) && told < at(3_600), "{told}");
        assert_eq!(
            (ledger.room(Lane::Bulk, told - SignedDuration::from_secs(1)), ledger.room(Lane::Bulk, told) > 0),
            (0, true)
        );
    }

    #[rstest]
    #[case::a_stop(600, 600)]
    #[case::a_stop_beyond_the_hour(3_650, 3_650)]
    fn of_a_stop(#[case] stopped_for: i64, #[case] room: i64) {
        let mut ledger = ledger(900);
        ledger.stop_until(at(stopped_for), "throttled", at(0));
        assert!((0..=1).contains(&ledger.room_at(Lane::Event, at(0)).duration_since(at(room)).as_secs()));
    }

    #[test]
    fn of_the_minute() {
        let settings = BudgetSettings { per_hour: None, per_minute: Some(10), ..BudgetSettings::default() };
        let mut ledger = Ledger::new(settings, at(0));
        while let Ok(permit) = ledger.take(Lane::Event, at(5)) {
            ledger.settle(permit, 1, None, at(5));
        }
        let told = ledger.room_at(Lane::Event, at(20)).duration_since(at(0)).as_secs();
        assert!((65..=67).contains(&told), "{told}");
    }
}
