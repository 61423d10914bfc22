//! Which of the instances that share a store have died: those whose beats stand still.
//!
//! Every instance counts its beats in the store and looks at the counts of the others. When it saw a count move it reads from its own clock, so the clocks of two
//! machines are never compared. While an instance was paused or cut off from the store it saw nothing move, and nobody else may have been able to move: what it
//! saw before counts no more.
//!
//! An instance that was paused itself does not know how long the others waited for it. So it makes no call once its own last beat is older than [`ALIVE_FOR`],
//! which is sooner than anybody takes it for dead.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// How often an instance beats and looks at the beats of the others.
pub const BEATS_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// How long after its last beat an instance may make calls.
pub const ALIVE_FOR: SignedDuration = SignedDuration::from_secs(11);
/// An instance whose count stands still for so long is dead.
pub const DEAD_AFTER: SignedDuration = SignedDuration::from_secs(15);
/// So many looks, at least, must have found it standing still.
const LOOKS: u32 = 3;
/// Whoever looks again later than this may have missed something.
const LONGEST_GAP: SignedDuration = SignedDuration::from_secs(10);

/// How often an instance has beaten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beats {
    /// The name under which the instance takes work.
    pub worker: String,
    /// Another number after every beat.
    pub count: i64,
}

/// What one instance remembers of the beats of the others.
#[derive(Debug, Default)]
pub struct Lookout {
    looked_at: Option<Timestamp>,
    standing: BTreeMap<String, Standing>,
}

/// Since when a count stands still.
#[derive(Clone, Copy, Debug)]
struct Standing {
    count: i64,
    since: Timestamp,
    looks: u32,
}

impl Lookout {
    /// Takes in a look at the beats of all others. Returns those who are dead.
    pub fn look(&mut self, beats: Vec<Beats>, now: Timestamp) -> Vec<Beats> {
        let gap = self.looked_at.map(|at| now.duration_since(at));
        if gap.is_some_and(|gap| gap.is_negative() || gap > LONGEST_GAP) {
            self.standing.clear();
        }
        self.looked_at = Some(now);
        let before = std::mem::take(&mut self.standing);
        let standing = |beats: &Beats| match before.get(&beats.worker) {
            Some(standing) if standing.count == beats.count => Standing { looks: standing.looks + 1, ..*standing },
            _ => Standing { count: beats.count, since: now, looks: 0 },
        };
        self.standing = beats.iter().map(|beats| (beats.worker.clone(), standing(beats))).collect();
        beats.into_iter().filter(|beats| self.is_dead(&beats.worker, now)).collect()
    }

    fn is_dead(&self, worker: &str, now: Timestamp) -> bool {
        let standing = self.standing.get(worker);
        standing.is_some_and(|still| still.looks >= LOOKS && now.duration_since(still.since) >= DEAD_AFTER)
    }
}

/// Whether an instance that began its last beat then may still make calls.
pub fn may_call(last_beat: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(last_beat);
    !age.is_negative() && age < ALIVE_FOR
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_781_532_000 + second).unwrap()
    }

    /// When each look was taken, and the count that it saw; the seconds of the looks that found the other dead.
    fn deaths(looks: &[(i64, i64)]) -> Vec<i64> {
        let mut lookout = Lookout::default();
        let mut look = |(second, count): &(i64, i64)| {
            let beats = vec![Beats { worker: "other".to_owned(), count: *count }];
            (!lookout.look(beats, at(*second)).is_empty()).then_some(*second)
        };
        looks.iter().filter_map(&mut look).collect()
    }

    #[rstest]
    #[case::beats(&[(0, 1), (5, 2), (10, 3), (15, 4), (20, 5)], &[])]
    #[case::stands_still(&[(0, 1), (5, 2), (10, 2), (15, 2), (19, 2), (20, 2)], &[20])]
    #[case::is_slow(&[(0, 1), (5, 1), (10, 1), (14, 2), (19, 2), (24, 2)], &[])]
    #[case::goes_back(&[(0, 9), (5, 9), (10, 9), (14, 8), (19, 8)], &[])]
    #[case::nobody_looked_for_long(&[(0, 1), (5, 1), (30, 1), (35, 1), (40, 1), (45, 1)], &[45])]
    #[case::the_clock_leaps(&[(0, 1), (5, 1), (3_600, 1), (3_605, 1)], &[])]
    #[case::the_clock_is_set_back(&[(0, 1), (5, 1), (10, 1), (-3_600, 1), (-3_595, 1)], &[])]
    #[case::the_clock_runs_ahead(&[(0, 1), (9, 1), (18, 1)], &[])]
    #[case::looks_are_many(&[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (14, 1)], &[])]
    fn whoever_stands_still_is_dead(#[case] looks: &[(i64, i64)], #[case] dead_at: &[i64]) {
        assert_eq!(deaths(looks), dead_at);
    }

    #[test]
    fn one_that_comes_back_is_another() {
        let mut lookout = Lookout::default();
        let beats = || vec![Beats { worker: "other".to_owned(), count: 1 }];
        for second in [0, 5, 10] {
            assert!(lookout.look(beats(), at(second)).is_empty());
        }
        assert!(lookout.look(Vec::new(), at(15)).is_empty());
        assert!(lookout.look(beats(), at(20)).is_empty());
    }

    #[rstest]
    #[case::just_beat(0, true)]
    #[case::missed_a_beat(9, true)]
    #[case::missed_two(11, false)]
    #[case::the_clock_was_set_back(-1, false)]
    fn calls_are_made_only_while_nobody_can_take_it_for_dead(#[case] age: i64, #[case] may: bool) {
        assert_eq!(may_call(at(0), at(age)), may);
        assert!(ALIVE_FOR < DEAD_AFTER && BEATS_EVERY < ALIVE_FOR);
    }
}
