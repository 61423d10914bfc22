//! What a process knows of each destination: attempts under way, its circuit, its pace, and whether it asked to be left alone. Not stored: a
//! new process finds out by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::breaker::{Admission, Breaker, Change, Heard};
use leadgate_core::delivery::DeliveryAnswer;
use leadgate_core::delivery::pace::Pace;
use leadgate_core::delivery::retry::hold_until;
use leadgate_core::destinations::{Destinations, Limits};
use leadgate_store::deliveries::DestinationRoom;

/// How much longer than an attempt can take its lease lasts.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(30);
/// How far ahead to look again at a destination whose slots are all taken.
const FULL_FOR: SignedDuration = SignedDuration::from_secs(5);
/// While nothing else may go to a destination, so many tests may.
const TESTS: u32 = 1;

/// The desks of all destinations.
pub(crate) struct Desks(BTreeMap<String, Mutex<Desk>>);

struct Desk {
    limits: Limits,
    under_way: u32,
    breaker: Breaker,
    pace: Option<Pace>,
    held_until: Option<Timestamp>,
}

/// A slot at a desk, and how it was given. Must be given back.
pub(crate) struct Slot {
    pub(crate) destination: String,
    admission: Admission,
}

impl Desks {
    pub(crate) fn new(destinations: &Destinations) -> Desks {
        let desks = destinations.iter().map(|(name, destination)| {
            let limits = destination.limits.clone();
            let pace = limits.per_second.map(Pace::new);
            (
                name.to_owned(),
                Mutex::new(Desk { limits, under_way: 0, breaker: Breaker::default(), pace, held_until: None }),
            )
        });
        Desks(desks.collect())
    }

    /// Whether the rules have a destination of this name.
    pub(crate) fn knows(&self, destination: &str) -> bool {
        self.0.contains_key(destination)
    }

    /// Whether an attempt is under way.
    pub(crate) fn are_busy(&self) -> bool {
        self.0.values().any(|desk| lock(desk).under_way > 0)
    }

    /// What may be claimed now, of every destination.
    pub(crate) fn rooms(&self, now: Timestamp) -> Vec<DestinationRoom> {
        self.0.iter().map(|(name, desk)| lock(desk).room(name, now)).collect()
    }

    /// Takes a slot for a delivery that was claimed.
    pub(crate) fn take(&self, destination: &str, test: bool, now: Timestamp) -> Slot {
        let admission = self.0.get(destination).map_or(Admission::Usual, |desk| lock(desk).take(test, now));
        Slot { destination: destination.to_owned(), admission }
    }

    /// Gives a slot back; without an answer the attempt told nothing.
    pub(crate) fn give_back(&self, slot: &Slot, answer: Option<&DeliveryAnswer>, now: Timestamp) -> Change {
        self.0.get(&slot.destination).map_or(Change::None, |desk| lock(desk).give_back(slot.admission, answer, now))
    }

    /// When a destination that has something to do at `due` may be asked, as far as is known.
    pub(crate) fn may_go_at(&self, destination: &str, due: Timestamp, now: Timestamp) -> Timestamp {
        let refuses = self.0.get(destination).and_then(|desk| lock(desk).refuses_until(now));
        refuses.map_or(due, |until| until.max(due))
    }

    pub(crate) fn limits(&self, destination: &str) -> Limits {
        self.0.get(destination).map(|desk| lock(desk).limits.clone()).unwrap_or_default()
    }

    /// The destinations, and whether the circuit of each is open.
    pub(crate) fn circuits(&self) -> Vec<(&str, bool)> {
        self.0.iter().map(|(name, desk)| (name.as_str(), lock(desk).breaker.is_open())).collect()
    }
}

impl Desk {
    fn room(&self, name: &str, now: Timestamp) -> DestinationRoom {
        let free = self.limits.concurrency.saturating_sub(self.under_way);
        let paced = self.pace.as_ref().map_or(u32::MAX, |pace| pace.room(now));
        let usual = free.min(paced).min(self.breaker.room(now));
        let tests_only = usual == 0 && free > 0 || self.is_held(now);
        let room = if tests_only { free.min(TESTS) } else { usual };
        let takes = SignedDuration::try_from(self.limits.timeout).unwrap_or(SignedDuration::from_mins(1));
        let lease_until = now.saturating_add(takes + LEASE_MARGIN).unwrap_or(Timestamp::MAX);
        DestinationRoom { name: name.to_owned(), room, tests_only, lease_until }
    }

    fn is_held(&self, now: Timestamp) -> bool {
        self.held_until.is_some_and(|until| until > now)
    }

    fn take(&mut self, test: bool, now: Timestamp) -> Admission {
        self.under_way += 1;
        if let Some(pace) = &mut self.pace {
            pace.spend(now);
        }
        // A test that goes out while the circuit is open is nobody's probe; but if it is answered, the circuit closes.
        if test && self.breaker.room(now) == 0 { Admission::Usual } else { self.breaker.admit() }
    }

    fn give_back(&mut self, admission: Admission, answer: Option<&DeliveryAnswer>, now: Timestamp) -> Change {
        self.under_way = self.under_way.saturating_sub(1);
        let heard = answer.map_or(Heard::Nothing, DeliveryAnswer::heard);
        if let Some(answer) = answer {
            self.held_until = hold_until(answer, now).or(self.held_until.filter(|_| heard != Heard::Answer));
        }
        self.breaker.hear(admission, heard, now)
    }

    fn refuses_until(&self, now: Timestamp) -> Option<Timestamp> {
        let paced = self.pace.as_ref().and_then(|pace| pace.refuses_until(now));
        let held = self.held_until.filter(|until| *until > now);
        // The end of an attempt wakes the loop, so that this moment is seldom waited for.
        let is_full = self.under_way >= self.limits.concurrency;
        let full = is_full.then(|| now.saturating_add(FULL_FOR).unwrap_or(now));
        [paced, held, full, self.breaker.refuses_until(now)].into_iter().flatten().max()
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    // A panic while the lock was held leaves counts that are still whole.
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use leadgate_core::delivery::DeliveryFailure;
    use leadgate_core::rules::Rules;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn desks() -> Desks {
        let text = "[destinations.dead]\nkind = \"slack\"\nurl = \"https://hooks.example.com/a\"\nconcurrency = 2\n
            [destinations.well]\nkind = \"slack\"\nurl = \"https://hooks.example.com/b\"\nconcurrency = 3";
        Desks::new(&Rules::parse(text, &|_| None).unwrap().destinations)
    }

    fn rooms(desks: &Desks, now: Timestamp) -> Vec<(u32, bool)> {
        desks.rooms(now).into_iter().map(|room| (room.room, room.tests_only)).collect()
    }

    #[test]
    fn one_that_hangs_takes_slots_from_nobody_else() {
        let desks = desks();
        for _ in 0..2 {
            desks.take("dead", false, at(0));
        }
        assert_eq!(rooms(&desks, at(0)), [(0, false), (3, false)]);
    }

    #[test]
    fn one_that_fails_is_left_alone_but_for_tests_and_then_probed() {
        let desks = desks();
        let silence = DeliveryAnswer::failed(DeliveryFailure::Unreachable(String::new()));
        for _ in 0..10 {
            let slot = desks.take("dead", false, at(0));
            desks.give_back(&slot, Some(&silence), at(0));
        }
        assert_eq!(rooms(&desks, at(1)), [(1, true), (3, false)]);
        assert_eq!(desks.may_go_at("dead", at(0), at(1)), at(2));
        assert_eq!(rooms(&desks, at(2)), [(1, false), (3, false)]);
        let probe = desks.take("dead", false, at(2));
        assert_eq!(rooms(&desks, at(2))[0], (1, true));
        let taken = DeliveryAnswer { result: Ok(()), status: Some(200), retry_after: None };
        assert_eq!(desks.give_back(&probe, Some(&taken), at(2)), Change::Closed);
        assert_eq!(rooms(&desks, at(2))[0], (2, false));
    }

    #[test]
    fn one_that_asks_for_time_gets_it() {
        let desks = desks();
        let throttled = DeliveryAnswer {
            retry_after: Some(SignedDuration::from_secs(60)),
            ..DeliveryAnswer::failed(DeliveryFailure::Throttled)
        };
        let slot = desks.take("dead", false, at(0));
        desks.give_back(&slot, Some(&throttled), at(0));
        assert_eq!(rooms(&desks, at(59))[0], (1, true));
        assert_eq!(desks.may_go_at("dead", at(5), at(5)), at(60));
        assert_eq!(rooms(&desks, at(60))[0], (2, false));
    }
}
