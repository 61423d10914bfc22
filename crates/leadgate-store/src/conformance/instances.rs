//! Who lives, and what becomes of what the dead held.

use leadgate_core::instances::Beats;

use super::filled::{delivery, delivery_claim};
use super::samples::*;
use crate::Store;
use crate::duties::PLANNING;
use crate::instances::Estate;
use crate::model::{Then, TurnOutcome};

async fn beats_seen_by(store: &dyn Store, worker: &str) -> Vec<Beats> {
    store.beat(worker).await.unwrap()
}

async fn beats_of_one(store: &dyn Store) -> Beats {
    beats_seen_by(store, "two").await.remove(0)
}

/// But for its own; each beat is another count.
pub async fn everybody_sees_the_beats_of_the_others(store: &dyn Store) {
    assert_eq!(beats_seen_by(store, "one").await, []);
    let first = beats_of_one(store).await;
    assert_eq!((first.worker.as_str(), beats_of_one(store).await), ("one", first.clone()));
    assert_eq!(beats_seen_by(store, "one").await.len(), 1);
    assert_ne!(beats_of_one(store).await.count, first.count);
}

/// Jobs, deliveries and duties go to others at once; its turns come too late.
pub async fn what_the_dead_held_is_taken_over(store: &dyn Store) {
    beats_seen_by(store, "one").await;
    plan(store, 1, job(&["a"])).await;
    let lost = claim_one(store, 0).await;
    store.add_delivery(delivery("d1"), false, at(0)).await.unwrap();
    store.claim_deliveries(delivery_claim("one", 0)).await.unwrap();
    assert!(store.hold_duty(PLANNING, "one", at(30), at(0)).await.unwrap());
    let dead = beats_of_one(store).await;
    assert_eq!(store.bury(dead, at(1)).await.unwrap(), Some(Estate { jobs: 1, deliveries: 1 }));
    assert_eq!(record(store, turn(&lost, Then::DueAt(at(1))), 1).await, TurnOutcome::LeaseLost);
    let taken = store.claim_due(request("two", 1)).await.unwrap().remove(0);
    assert_eq!((taken.submission, taken.abandoned_since), (id(1), Some(at(0))));
    assert_eq!(store.claim_deliveries(delivery_claim("two", 1)).await.unwrap().len(), 1);
    assert!(store.hold_duty(PLANNING, "two", at(31), at(1)).await.unwrap());
}

/// What others hold is theirs.
pub async fn the_living_keep_what_they_hold(store: &dyn Store) {
    beats_seen_by(store, "dead").await;
    plan(store, 1, job(&["a"])).await;
    let kept = claim_one(store, 0).await;
    let dead = beats_seen_by(store, "one").await.remove(0);
    assert_eq!(store.bury(dead, at(1)).await.unwrap(), Some(Estate::default()));
    assert_eq!(record(store, turn(&kept, Then::DueAt(at(1))), 1).await, TurnOutcome::Recorded);
}

/// It was paused only.
pub async fn whoever_has_beaten_since_is_not_buried(store: &dyn Store) {
    beats_seen_by(store, "one").await;
    let seen = beats_of_one(store).await;
    plan(store, 1, job(&["a"])).await;
    claim_one(store, 0).await;
    beats_seen_by(store, "one").await;
    assert_eq!(store.bury(seen, at(1)).await.unwrap(), None);
    assert!(store.claim_due(request("two", 1)).await.unwrap().is_empty());
}

/// Two who saw it die bury it once; it may come back, and leave in order.
pub async fn nobody_is_buried_twice(store: &dyn Store) {
    beats_seen_by(store, "one").await;
    let dead = beats_of_one(store).await;
    assert!(store.bury(dead.clone(), at(1)).await.unwrap().is_some());
    assert_eq!(store.bury(dead, at(1)).await.unwrap(), None);
    beats_seen_by(store, "one").await;
    let back = beats_of_one(store).await;
    store.leave("one").await.unwrap();
    assert_eq!(store.bury(back, at(2)).await.unwrap(), None);
    assert_eq!(beats_seen_by(store, "two").await, []);
}
