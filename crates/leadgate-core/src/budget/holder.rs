//! What one instance has of a [`SharedLedger`]: how it was stored when it was last seen, what the instance has to tell since, and the permits in its hands.
//!
//! Whatever an instance wants to change it works out on what it has seen, and the store takes that only if nobody has changed the ledger meanwhile; else it is worked
//! out again. News are numbered, and the ledger says which were taken in, so that an exchange whose answer was lost is not made up for twice.

use jiff::{SignedDuration, Timestamp};

use super::shared::grant_until;
use super::{BudgetSettings, Granted, News, Refusal, Settlement, SharedLedger, Standing};
use crate::breaker::Change;
use crate::lane::Lane;

/// An instance's part of the shared ledger.
#[derive(Debug)]
pub struct Holder {
    instance: String,
    /// Longer than a call can take.
    life: SignedDuration,
    settings: BudgetSettings,
    seen: i64,
    /// As it was seen, with the news taken in.
    ledger: SharedLedger,
    news: Vec<(u64, News)>,
    last_number: u64,
    /// Permits that were drawn and not settled.
    in_hand: u32,
}

/// A ledger to store in place of the one that was seen, and what the instance gets by it.
#[derive(Debug)]
#[must_use = "what was drawn holds only if the ledger was stored"]
pub struct Proposal {
    /// The revision of the ledger that it was made from.
    pub seen: i64,
    /// The ledger to store.
    pub ledger: SharedLedger,
    drawn: Vec<Result<Granted, Refusal>>,
    last_number: u64,
}

impl Proposal {
    /// Why nothing was drawn, if so: then the ledger need not be stored.
    pub fn is_refused(&self) -> bool {
        self.drawn.iter().all(Result::is_err)
    }

    /// What was refused.
    pub fn refusals(self) -> Vec<Result<Granted, Refusal>> {
        self.drawn
    }
}

impl Holder {
    /// An instance that has seen nothing. Its grants last for `life`, which is longer than a call can take.
    pub fn new(instance: String, life: SignedDuration, settings: BudgetSettings, now: Timestamp) -> Holder {
        let ledger = SharedLedger::new(settings.clone(), now);
        Holder { instance, life, settings, seen: 0, ledger, news: Vec::new(), last_number: 0, in_hand: 0 }
    }

    /// The revision that was last seen.
    pub fn seen(&self) -> i64 {
        self.seen
    }

    /// Takes in what is stored; `None` if that is nothing that can be read.
    pub fn see(&mut self, revision: i64, stored: Option<SharedLedger>, now: Timestamp) {
        let told = stored.as_ref().map_or(0, |stored| stored.told(&self.instance));
        self.news.retain(|(number, _)| *number > told);
        self.seen = revision;
        self.ledger = match stored {
            Some(stored) => stored.resume(self.settings.clone(), now),
            None => SharedLedger::new(self.settings.clone(), now),
        };
        self.take_in_news(now);
    }

    fn take_in_news(&mut self, now: Timestamp) {
        let until = grant_until(self.life, now);
        for (number, news) in &self.news {
            self.ledger.take_in(&self.instance, (*number, news), until, now);
        }
    }

    /// Whether there is something that the stored ledger does not have, or has wrong: what it says that the instance holds.
    pub fn has_news(&self) -> bool {
        !self.news.is_empty() || self.ledger.open_of(&self.instance) > self.in_hand
    }

    /// How many requests a lane may make now, as far as seen; `u32::MAX` without a limit.
    pub fn room(&mut self, lane: Lane, now: Timestamp) -> u32 {
        self.ledger.room(lane, now)
    }

    /// How many requests a lane may make in the next minutes, as far as seen and as far as the hour has room for them now.
    pub fn room_within(&mut self, lane: Lane, minutes: u32, now: Timestamp) -> u32 {
        self.ledger.room_within(lane, minutes, now)
    }

    /// When a lane that was refused will have room, as far as seen, and what it waits for.
    pub fn outlook(&self, lane: Lane, now: Timestamp) -> (Timestamp, String) {
        self.ledger.outlook(lane, now)
    }

    /// How the ledger stands, as far as seen.
    pub fn standing(&mut self, now: Timestamp) -> Standing {
        self.ledger.standing(now)
    }

    /// Whether the CRM is down, as far as seen.
    pub fn is_outage(&self) -> bool {
        self.ledger.is_outage()
    }

    /// A permit was used or not.
    pub fn settle(&mut self, settlement: Settlement, now: Timestamp) -> Change {
        self.in_hand = self.in_hand.saturating_sub(1);
        self.tell(News::Settled(settlement), now)
    }

    /// The account as a whole must wait. Returns until when.
    pub fn stop(&mut self, until: Option<Timestamp>, class: &str, now: Timestamp) -> Timestamp {
        self.tell(News::Stopped { until, class: class.to_owned() }, now);
        self.ledger.refusal(Lane::Interactive, now).until
    }

    fn tell(&mut self, news: News, now: Timestamp) -> Change {
        self.last_number += 1;
        let until = grant_until(self.life, now);
        let change = self.ledger.take_in(&self.instance, (self.last_number, &news), until, now);
        self.news.push((self.last_number, news));
        change
    }

    /// The ledger as it stands with all news, to be stored if the revision that was seen still holds.
    pub fn ledger(&self) -> &SharedLedger {
        &self.ledger
    }

    /// Works out what the ledger is after drawing a permit for each of these lanes. One proposal at a time: the next is made after [`Holder::kept`] or
    /// [`Holder::see`].
    pub fn propose(&self, lanes: &[Lane], now: Timestamp) -> Proposal {
        let (mut ledger, until) = (self.ledger.clone(), grant_until(self.life, now));
        ledger.own_up(&self.instance, self.in_hand);
        let drawn = lanes.iter().map(|lane| ledger.draw(&self.instance, *lane, until, now)).collect();
        Proposal { seen: self.seen, ledger, drawn, last_number: self.last_number }
    }

    /// A proposal was stored: what was drawn is held from now on.
    pub fn kept(&mut self, revision: i64, proposal: Proposal, now: Timestamp) -> Vec<Result<Granted, Refusal>> {
        self.news.retain(|(number, _)| *number > proposal.last_number);
        self.seen = revision;
        self.ledger = proposal.ledger;
        let drawn = proposal.drawn.iter().filter(|drawn| drawn.is_ok()).count();
        self.in_hand = self.in_hand.saturating_add(u32::try_from(drawn).unwrap_or(u32::MAX));
        self.take_in_news(now);
        proposal.drawn
    }
}
