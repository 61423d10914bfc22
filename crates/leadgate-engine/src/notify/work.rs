//! Claims deliveries, makes one attempt of each and records it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use jiff::Timestamp;
use leadgate_core::breaker::Change;
use leadgate_core::delivery::retry::{AfterAttempt, RetryRules, after_attempt};
use leadgate_core::delivery::{DeliveryAnswer, DeliveryFailure, Parcel};
use leadgate_store::StoreError;
use leadgate_store::deliveries::{ClaimedDelivery, DeliveryAttempt, DeliveryClaim, DeliveryThen, DeliveryTurn};

use super::desks::Slot;
use crate::engine::Engine;
use crate::metrics;

/// A leased delivery with its slot, which is given back whatever happens.
pub(crate) struct Errand {
    engine: Engine,
    slot: Option<Slot>,
    claimed: ClaimedDelivery,
}

impl Errand {
    fn give_back(&mut self, answer: Option<&DeliveryAnswer>, now: Timestamp) {
        let Some(slot) = self.slot.take() else { return };
        let change = self.engine.shared.desks.give_back(&slot, answer, now);
        tell(&slot.destination, change, now);
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        let now = self.engine.now();
        self.give_back(None, now);
    }
}

impl Engine {
    /// Leases what is due and has a slot. What waits for a destination that the rules do not have any more is parked on the way.
    pub(crate) async fn claim_errands(&self) -> Result<Vec<Errand>, StoreError> {
        let now = self.now();
        let destinations = self.shared.desks.rooms(now);
        if destinations.iter().all(|destination| destination.room == 0) && !self.strangers_wait().await? {
            return Ok(Vec::new());
        }
        let claim = DeliveryClaim { worker: self.shared.settings.worker.clone(), now, destinations };
        let claimed = self.shared.store.claim_deliveries(claim).await?;
        Ok(claimed.into_iter().map(|claimed| self.errand(claimed, now)).collect())
    }

    /// Whether something waits for a destination that the rules do not have.
    async fn strangers_wait(&self) -> Result<bool, StoreError> {
        let due = self.shared.store.deliveries_due().await?;
        Ok(due.iter().any(|(destination, _)| !self.shared.desks.knows(destination)))
    }

    /// Parks what waits for destinations that were taken out of the rules while no process ran, also of those that were switched off.
    pub(crate) async fn park_strangers(&self) -> Result<(), StoreError> {
        let now = self.now();
        let mut destinations = self.shared.desks.rooms(now);
        destinations.iter_mut().for_each(|destination| destination.room = 0);
        let claim = DeliveryClaim { worker: self.shared.settings.worker.clone(), now, destinations };
        self.shared.store.claim_deliveries(claim).await.map(drop)
    }

    fn errand(&self, claimed: ClaimedDelivery, now: Timestamp) -> Errand {
        let slot = self.shared.desks.take(&claimed.delivery.destination, claimed.test, now);
        Errand { engine: self.clone(), slot: Some(slot), claimed }
    }

    /// Makes one attempt and records it. Returns whether the delivery ended.
    pub(crate) async fn run_errand(&self, mut errand: Errand) -> Result<bool, StoreError> {
        let sent_at = self.now();
        let answer = self.attempt(&errand.claimed, sent_at).await;
        let now = self.now();
        errand.give_back(Some(&answer), now);
        let claimed = &errand.claimed;
        let then = self.then_of(claimed, &answer, now);
        tell_attempt(claimed, &answer, &then);
        if matches!(then, DeliveryThen::Delivered) {
            metrics::received(self.destination_label(claimed), claimed.created_at, now);
        }
        let gone = matches!(answer.result, Err(DeliveryFailure::Gone)) && !claimed.test;
        let attempt = DeliveryAttempt {
            at: sent_at,
            took_ms: u64::try_from(now.duration_since(sent_at).as_millis()).unwrap_or(0),
            status: answer.status,
            class: answer.class().to_owned(),
            message: answer.result.as_ref().err().map(ToString::to_string),
        };
        metrics::delivered(self.destination_label(claimed), &attempt);
        let ended = !matches!(then, DeliveryThen::DueAt(_));
        let switch_off = gone.then(|| attempt.message.clone().unwrap_or_default());
        let turn = DeliveryTurn { lease: claimed.lease, attempt, then, switch_off };
        self.shared.store.finish_delivery(turn, now).await?;
        Ok(ended)
    }

    async fn attempt(&self, claimed: &ClaimedDelivery, sent_at: Timestamp) -> DeliveryAnswer {
        let delivery = &claimed.delivery;
        let parcel = Parcel {
            id: delivery.id.clone(),
            destination: delivery.destination.clone(),
            content: delivery.content.clone(),
            sent_at,
            test: claimed.test,
        };
        let attempt = AssertUnwindSafe(self.shared.outbound.deliver(parcel)).catch_unwind().await;
        attempt.unwrap_or_else(|_| {
            tracing::error!(delivery.id = %delivery.id, "an attempt of delivery {} panicked; it is made again", delivery.id);
            DeliveryAnswer::failed(DeliveryFailure::Unreachable("the gateway failed in the middle of it".to_owned()))
        })
    }

    /// How metrics call the destination: by its name, unless there is no end to the names.
    fn destination_label<'a>(&self, claimed: &'a ClaimedDelivery) -> &'a str {
        if self.shared.settings.is_one_of_many { metrics::OF_MANY } else { &claimed.delivery.destination }
    }

    fn then_of(&self, claimed: &ClaimedDelivery, answer: &DeliveryAnswer, now: Timestamp) -> DeliveryThen {
        let limits = self.shared.desks.limits(&claimed.delivery.destination);
        // Whoever tries a destination looks at the answer; nobody waits for a second one.
        let waits = if claimed.test { &[][..] } else { &limits.retries };
        let rules = RetryRules { waits, attempts: claimed.attempts + 1, now, jitter: self.jitter() };
        match after_attempt(answer, &rules) {
            AfterAttempt::Delivered => DeliveryThen::Delivered,
            AfterAttempt::RetryAt(due) => DeliveryThen::DueAt(due),
            AfterAttempt::Park(why) => DeliveryThen::Parked(why),
        }
    }

    /// When the next delivery is due, a person and an open circuit considered.
    pub(crate) async fn next_errand(&self) -> Result<Option<Timestamp>, StoreError> {
        let now = self.now();
        let due = self.shared.store.deliveries_due().await?;
        Ok(due.into_iter().map(|(destination, due)| self.shared.desks.may_go_at(&destination, due, now)).min())
    }
}

fn tell_attempt(claimed: &ClaimedDelivery, answer: &DeliveryAnswer, then: &DeliveryThen) {
    let delivery = &claimed.delivery;
    match then {
        DeliveryThen::Delivered | DeliveryThen::DueAt(_) => {}
        DeliveryThen::Parked(_) => tracing::warn!(
            delivery.id = %delivery.id,
            delivery.destination = %delivery.destination,
            delivery.class = answer.class(),
            "delivery {} to {} was parked ({}); see it with: leadgate deliveries show {}",
            delivery.id,
            delivery.destination,
            answer.class(),
            delivery.id,
        ),
    }
    tracing::debug!(
        delivery.id = %delivery.id,
        delivery.destination = %delivery.destination,
        delivery.status = answer.status,
        delivery.class = answer.class(),
        "made an attempt of a delivery"
    );
}

/// Tells of an outage of a receiver once when it begins and once when it ends.
fn tell(destination: &str, change: Change, now: Timestamp) {
    match change {
        Change::None => {}
        Change::Opened(until) => {
            let seconds = until.duration_since(now).as_secs();
            tracing::warn!(
                delivery.destination = destination,
                "the destination {destination} does not answer: nothing is sent to it for {seconds} s, then one delivery at a time"
            );
        }
        Change::Closed => {
            tracing::info!(delivery.destination = destination, "the destination {destination} answers again");
        }
    }
}
