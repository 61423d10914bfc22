//! How fast a destination is asked: so many attempts a second on average, and never more than that many at once.

use jiff::{SignedDuration, Timestamp};

/// The pace of one destination. Not stored: a new process begins anew.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    per_second: u32,
    /// When the bucket would be full again.
    full_at: Timestamp,
}

impl Pace {
    /// A pace of so many attempts a second, at least one.
    pub fn new(per_second: u32) -> Pace {
        Pace { per_second: per_second.max(1), full_at: Timestamp::MIN }
    }

    /// How many attempts may be made now.
    pub fn room(&self, now: Timestamp) -> u32 {
        let spent = self.owed(now).as_nanos() / self.each().as_nanos().max(1);
        // What is begun counts as spent.
        let begun = u32::from(self.owed(now).as_nanos() % self.each().as_nanos().max(1) != 0);
        self.per_second.saturating_sub(u32::try_from(spent).unwrap_or(u32::MAX)).saturating_sub(begun)
    }

    /// Spends one.
    pub fn spend(&mut self, now: Timestamp) {
        let from = now.saturating_add(self.owed(now)).unwrap_or(now);
        self.full_at = from.saturating_add(self.each()).unwrap_or(from);
    }

    /// When there is room again, if there is none now.
    pub fn refuses_until(&self, now: Timestamp) -> Option<Timestamp> {
        let over = self.owed(now) - (SignedDuration::from_secs(1) - self.each());
        (self.room(now) == 0).then(|| now.saturating_add(over.max(SignedDuration::ZERO)).unwrap_or(now))
    }

    fn each(&self) -> SignedDuration {
        SignedDuration::from_nanos(1_000_000_000 / i64::from(self.per_second))
    }

    /// The time until the bucket is full; a clock that was set back owes a second at most.
    fn owed(&self, now: Timestamp) -> SignedDuration {
        self.full_at.duration_since(now).clamp(SignedDuration::ZERO, SignedDuration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    #[test]
    fn so_many_go_at_once_and_then_one_after_another() {
        let mut pace = Pace::new(4);
        let room: Vec<u32> = (0..4)
            .map(|_| {
                let room = pace.room(at(0));
                pace.spend(at(0));
                room
            })
            .collect();
        assert_eq!(room, [4, 3, 2, 1]);
        assert_eq!((pace.room(at(0)), pace.refuses_until(at(0))), (0, Some(at(250))));
        assert_eq!((pace.room(at(250)), pace.room(at(1_000))), (1, 4));
    }

    #[test]
    fn over_a_long_time_the_pace_is_kept() {
        let (mut pace, mut sent) = (Pace::new(5), 0);
        for millisecond in 0..10_000 {
            if pace.room(at(millisecond)) > 0 {
                pace.spend(at(millisecond));
                sent += 1;
            }
        }
        assert!((50..=55).contains(&sent), "{sent}");
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing_for_longer_than_a_second() {
        let mut pace = Pace::new(1);
        pace.spend(at(3_600_000));
        assert_eq!(pace.refuses_until(at(0)), Some(at(1_000)));
    }
}
