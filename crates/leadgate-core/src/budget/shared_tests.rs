//! The shared ledger against a model of the account: instances draw, ask, die and meet each other in any order, and none of them is refused.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::breaker::{Admission, Heard};

const HOUR: i64 = 3_600;
/// How long a grant lasts, in seconds.
const LIFE: i64 = 120;
/// How often whoever lives catches up, at least, in seconds.
const TOLD_EVERY: i64 = 40;
const PER_HOUR: u32 = 60;
const PER_MINUTE: u32 = 40;

fn settings() -> BudgetSettings {
    BudgetSettings { per_hour: Some(PER_HOUR), per_minute: Some(PER_MINUTE), ..BudgetSettings::default() }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_781_532_000 + second).unwrap()
}

/// The account: fixed hours and minutes, counted by number.
#[derive(Default)]
struct Account {
    /// When its hours begin, in seconds past ours.
    offset: i64,
    hours: BTreeMap<i64, u32>,
    minutes: BTreeMap<i64, u32>,
    others: BTreeMap<i64, u32>,
    refused: u32,
}

impl Account {
    fn hour(&self, second: i64) -> i64 {
        (second - self.offset).div_euclid(HOUR)
    }

    fn ours(&self, hour: i64) -> u32 {
        self.hours.get(&hour).copied().unwrap_or(0)
    }

    fn used_by_others(&self, hour: i64) -> u32 {
        self.others.get(&hour).copied().unwrap_or(0)
    }

    /// A request arrives; what its reply says.
    fn ask(&mut self, second: i64) -> QuotaReading {
        let (hour, minute) = (self.hour(second), second.div_euclid(60));
        let in_hour = self.ours(hour) + self.used_by_others(hour);
        let in_minute = self.minutes.entry(minute).or_default();
        if in_hour >= PER_HOUR || *in_minute >= PER_MINUTE {
            self.refused += 1;
        } else {
            *in_minute += 1;
            *self.hours.entry(hour).or_default() += 1;
        }
        let used = self.ours(hour) + self.used_by_others(hour);
        let reset = Some(at((hour + 1) * HOUR + self.offset));
        QuotaReading { limit: PER_HOUR, remaining: PER_HOUR.saturating_sub(used), reset }
    }
}

/// A permit in somebody's hands, and what was answered if it was used.
struct InHand {
    granted: Granted,
    drawn_at: i64,
    asked: Option<(i64, QuotaReading)>,
}

struct Instance {
    holder: Holder,
    hands: Vec<InHand>,
    /// When permits were drawn that it never heard of.
    unheard: Vec<i64>,
    /// When permits were drawn that were settled without a word to the others yet.
    untold: Vec<i64>,
}

/// All of it.
struct World {
    second: i64,
    account: Account,
    stored: (i64, Option<String>),
    instances: Vec<Instance>,
    born: u32,
    /// Permits of the dead: when they were drawn. Each may be used once until its grant has ended.
    ghosts: Vec<i64>,
    /// Permits that count in an hour in which they were not used: of the dead, and such as were asked with before the hour began.
    not_in_hour: BTreeMap<i64, u32>,
}

impl World {
    fn new(instances: usize, offset: i64) -> World {
        let account = Account { offset, ..Account::default() };
        let stored = (0, None);
        let (ghosts, not_in_hour) = (Vec::new(), BTreeMap::new());
        let mut world = World { second: 0, account, stored, instances: Vec::new(), born: 0, ghosts, not_in_hour };
        world.instances = (0..instances).map(|_| world.birth()).collect();
        // The first reply says when the hour ends.
        world.draw(0, &[Lane::Interactive], false);
        world.ask(0);
        world.settle(0);
        world.catch_up(0);
        world
    }

    fn birth(&mut self) -> Instance {
        self.born += 1;
        let life = SignedDuration::from_secs(LIFE);
        let mut holder = Holder::new(self.born.to_string(), life, settings(), at(self.second));
        holder.see(self.stored.0, self.read(), at(self.second));
        Instance { holder, hands: Vec::new(), unheard: Vec::new(), untold: Vec::new() }
    }

    fn read(&self) -> Option<SharedLedger> {
        self.stored.1.as_deref().map(|text| serde_json::from_str(text).unwrap())
    }

    /// As the store exchanges. Returns the new revision.
    fn exchange(&mut self, seen: i64, ledger: &SharedLedger) -> Option<i64> {
        if seen != self.stored.0 {
            return None;
        }
        self.stored = (seen + 1, Some(serde_json::to_string(ledger).unwrap()));
        Some(seen + 1)
    }

    fn see(&mut self, of: usize) {
        let (stored, now) = (self.read(), at(self.second));
        self.instances[of].holder.see(self.stored.0, stored, now);
    }

    fn draw(&mut self, of: usize, lanes: &[Lane], answer_is_lost: bool) {
        loop {
            let now = at(self.second);
            let proposal = self.instances[of].holder.propose(lanes, now);
            let Some(revision) = self.exchange(proposal.seen, &proposal.ledger) else {
                self.see(of);
                continue;
            };
            if answer_is_lost {
                let drawn = proposal.refusals().into_iter().flatten().count();
                self.instances[of].unheard.extend(vec![self.second; drawn]);
            } else {
                self.instances[of].unheard.clear();
                self.instances[of].untold.clear();
                let drawn = self.instances[of].holder.kept(revision, proposal, now);
                let in_hand = |granted| InHand { granted, drawn_at: self.second, asked: None };
                let hands: Vec<InHand> = drawn.into_iter().flatten().map(in_hand).collect();
                self.instances[of].hands.extend(hands);
            }
            return;
        }
    }

    fn ask(&mut self, of: usize) {
        let second = self.second;
        if let Some(hand) = self.instances[of].hands.iter_mut().find(|hand| hand.asked.is_none()) {
            hand.asked = Some((second, self.account.ask(second)));
        }
    }

    /// Settles the first permit in hand, used or not.
    fn settle(&mut self, of: usize) {
        if self.instances[of].hands.is_empty() {
            return;
        }
        let InHand { granted, drawn_at, asked } = self.instances[of].hands.remove(0);
        self.instances[of].untold.push(drawn_at);
        // It is under way until the others are told of it, and then counts in the hour that has begun as well, used or not. If its grant ends before
        // that, it counts as used.
        let told_at = self.second + TOLD_EVERY;
        let told = self.account.hour(told_at);
        if self.account.hour(drawn_at) != told || (asked.is_none() && drawn_at + LIFE <= told_at) {
            *self.not_in_hour.entry(told).or_default() += 1;
        }
        let settlement = Settlement {
            granted,
            requests: u32::from(asked.is_some()),
            reading: asked.map(|(_, reading)| reading),
            heard: if asked.is_some() { Heard::Answer } else { Heard::Nothing },
        };
        self.instances[of].holder.settle(settlement, at(self.second));
    }

    fn catch_up(&mut self, of: usize) {
        self.see(of);
        if self.instances[of].holder.has_news() {
            self.draw(of, &[], false);
        }
    }

    /// As turns keep it: whether it was kept is not heard of.
    fn keep_with_turns(&mut self, of: usize) {
        let holder = &self.instances[of].holder;
        let (seen, ledger) = (holder.seen(), holder.ledger().clone());
        self.exchange(seen, &ledger);
    }

    fn die(&mut self, of: usize) {
        let next = self.birth();
        let dead = std::mem::replace(&mut self.instances[of], next);
        let held = dead.hands.iter().map(|hand| hand.drawn_at);
        for drawn_at in held.chain(dead.unheard).chain(dead.untold) {
            let hours = [drawn_at, drawn_at + LIFE].map(|second| self.account.hour(second));
            for hour in BTreeSet::from(hours) {
                *self.not_in_hour.entry(hour).or_default() += 1;
            }
        }
        let unused = dead.hands.into_iter().filter(|hand| hand.asked.is_none());
        self.ghosts.extend(unused.map(|hand| hand.drawn_at));
        self.ghosts.sort_unstable();
    }

    /// A request of somebody who died meanwhile arrives.
    fn haunt(&mut self) {
        if !self.ghosts.is_empty() {
            self.ghosts.remove(0);
            self.account.ask(self.second);
        }
    }

    /// Whoever lives is answered before its grant ends, and tells the others now and then; what the dead sent has arrived by then.
    fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.second += 1;
            for of in 0..self.instances.len() {
                while self.instances[of].hands.first().is_some_and(|hand| hand.drawn_at + LIFE <= self.second + 1) {
                    self.ask(of);
                    self.settle(of);
                }
                if self.second % TOLD_EVERY == 0 {
                    self.catch_up(of);
                }
            }
            while self.ghosts.first().is_some_and(|drawn_at| drawn_at + LIFE <= self.second + 1) {
                self.haunt();
            }
        }
    }

    fn others_ask(&mut self, wanted: u32) {
        let hour = self.account.hour(self.second);
        let free = PER_HOUR.saturating_sub(self.account.ours(hour) + self.account.used_by_others(hour));
        *self.account.others.entry(hour).or_default() += wanted.min(free);
    }

    fn do_one(&mut self, (kind, of, number): (u8, usize, u32)) {
        let of = of % self.instances.len();
        let lane = if number % 5 == 0 { Lane::Bulk } else { Lane::Interactive };
        match kind {
            0..=2 => self.draw(of, &vec![lane; number as usize % 7 + 1], number == 6),
            3..=5 => self.ask(of),
            6..=8 => self.settle(of),
            9 => self.catch_up(of),
            10 => self.keep_with_turns(of),
            11 if number < 8 => self.die(of),
            11 => self.haunt(),
            12 => self.pass(i64::from(number) / 4),
            13 => self.pass(i64::from(number) * 20),
            _ => self.others_ask(number / 8),
        }
    }

    /// Everything is answered and told.
    fn rest(&mut self) {
        for of in 0..self.instances.len() {
            while !self.instances[of].hands.is_empty() {
                self.ask(of);
                self.settle(of);
            }
            self.catch_up(of);
        }
    }
}

fn story(kinds: std::ops::Range<u8>) -> impl Strategy<Value = Vec<(u8, usize, u32)>> {
    proptest::collection::vec((kinds, 0_usize..4, 0_u32..40), 1..250)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whoever_draws_is_not_refused_and_only_the_dead_cost_room(
        instances in 1_usize..5, offset in 0_i64..HOUR, events in story(0..14),
    ) {
        let mut world = World::new(instances, offset);
        for event in events {
            world.do_one(event);
            prop_assert_eq!(world.account.refused, 0, "at {} after {:?}", world.second, event);
        }
        world.rest();
        prop_assert_eq!(world.account.refused, 0);
        world.see(0);
        let standing = world.instances[0].holder.standing(at(world.second));
        let hour = world.account.hour(world.second);
        let most = world.account.ours(hour) + world.not_in_hour.get(&hour).copied().unwrap_or(0);
        prop_assert_eq!(standing.hour_others, 0);
        prop_assert!(standing.hour_ours >= world.account.ours(hour));
        prop_assert!(standing.hour_ours <= most, "{} of {most} in hour {hour}", standing.hour_ours);
    }

    #[test]
    fn what_instances_use_is_never_taken_for_others(
        instances in 1_usize..5, offset in 0_i64..HOUR, events in story(0..15),
    ) {
        let mut world = World::new(instances, offset);
        for event in events {
            world.do_one(event);
            let hour = world.account.hour(world.second);
            for of in 0..world.instances.len() {
                // Before it sees what the others drew, it can only guess.
                world.see(of);
                let others = world.instances[of].holder.standing(at(world.second)).hour_others;
                prop_assert!(others <= world.account.used_by_others(hour), "{others} at {}", world.second);
            }
        }
    }
}

/// An instance and another one that sees the same store.
fn two() -> World {
    World::new(2, 0)
}

#[test]
fn a_stop_is_everybodys() {
    let mut world = two();
    world.instances[0].holder.stop(Some(at(600)), "throttled", at(0));
    world.catch_up(0);
    world.catch_up(1);
    let refused = world.instances[1].holder.propose(&[Lane::Interactive], at(1)).refusals();
    assert_eq!(refused, [Err(Refusal { until: at(600), cause: "throttled".to_owned() })]);
}

#[test]
fn an_outage_is_everybodys_and_one_probes() {
    let mut world = two();
    for _ in 0..crate::breaker::MOST_FAILURES {
        world.draw(0, &[Lane::Interactive], false);
        let granted = world.instances[0].hands.remove(0).granted;
        let silence = Settlement { granted, requests: 1, reading: None, heard: Heard::Silence };
        world.instances[0].holder.settle(silence, at(0));
    }
    world.catch_up(0);
    world.see(1);
    assert_eq!(world.instances[1].holder.room(Lane::Interactive, at(1)), 0);
    world.second = 2;
    world.draw(1, &[Lane::Interactive; 2], false);
    assert_eq!(world.instances[1].hands.len(), 1);
    assert_eq!(world.instances[1].hands[0].granted.admission, Admission::Probe);
    world.see(0);
    assert_eq!(world.instances[0].holder.room(Lane::Interactive, at(3)), 0);
    // Whoever probes may die of it: then another does, after its grant.
    let rooms = [2 + LIFE, 2 + LIFE + 2].map(|second| world.instances[0].holder.room(Lane::Interactive, at(second)));
    assert_eq!(rooms, [0, 1]);
}

#[test]
fn a_call_of_several_requests_is_not_taken_for_others() {
    let mut world = two();
    world.draw(0, &[Lane::Interactive], false);
    let granted = world.instances[0].hands.remove(0).granted;
    let reading = [(); 3].map(|()| world.account.ask(0))[2];
    world.draw(1, &[Lane::Interactive], false);
    world.ask(1);
    world.settle(1);
    world.catch_up(1);
    assert_eq!(world.instances[1].holder.standing(at(0)).hour_others, 2);
    let several = Settlement { granted, requests: 3, reading: Some(reading), heard: Heard::Answer };
    world.instances[0].holder.settle(several, at(0));
    world.catch_up(0);
    let standing = world.instances[0].holder.standing(at(0));
    assert_eq!((standing.hour_ours, standing.hour_others), (5, 0));
}

#[test]
fn what_was_drawn_without_an_answer_is_given_back() {
    let mut world = two();
    world.draw(0, &[Lane::Interactive; 3], true);
    world.see(1);
    assert_eq!(world.instances[1].holder.standing(at(0)).hour_ours, 4);
    world.catch_up(0);
    world.see(1);
    assert_eq!(world.instances[1].holder.standing(at(0)).hour_ours, 1);
}

#[test]
fn a_shared_ledger_reads_as_a_ledger() {
    let world = two();
    let ledger: Ledger = serde_json::from_str(world.stored.1.as_deref().unwrap()).unwrap();
    assert_eq!(ledger.resume(settings(), at(0)).standing(at(0)).hour_ours, 1);
}
