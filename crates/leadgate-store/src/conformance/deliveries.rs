//! The queue of deliveries: lines, leases, attempts, replays, destinations that are switched off.

use leadgate_core::delivery::NewDelivery;
use leadgate_core::job::Outcome;
use leadgate_core::steps::StepEffect;
use serde_json::json;

use super::samples::*;
use crate::Store;
use crate::deliveries::{
    ClaimedDelivery, DeliveryAttempt, DeliveryClaim, DeliveryFilter, DeliveryProgress, DeliveryThen, DeliveryTurn,
    DestinationRoom, ReplayOutcome,
};
use crate::model::{Then, TurnOutcome, TurnRecord};

fn delivery(id: &str, destination: &str, ordering: &str) -> NewDelivery {
    let content = json!({"text": format!("this is {id}")});
    NewDelivery { id: id.to_owned(), destination: destination.to_owned(), ordering: key(ordering), content }
}

async fn add(store: &dyn Store, id: &str, destination: &str, ordering: &str) {
    assert!(store.add_delivery(delivery(id, destination, ordering), false, at(0)).await.unwrap());
}

fn room(name: &str, seconds: i64) -> DestinationRoom {
    DestinationRoom { name: name.to_owned(), room: 10, tests_only: false, lease_until: at(seconds + LEASE) }
}

fn request_for(destinations: Vec<DestinationRoom>, seconds: i64) -> DeliveryClaim {
    DeliveryClaim { worker: "one".to_owned(), now: at(seconds), destinations }
}

/// Claims of the destinations `a` and `b`.
async fn claim_both(store: &dyn Store, seconds: i64) -> Vec<ClaimedDelivery> {
    store.claim_deliveries(request_for(vec![room("a", seconds), room("b", seconds)], seconds)).await.unwrap()
}

fn ids(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.delivery.id.as_str()).collect()
}

fn attempt_at(seconds: i64, class: &str) -> DeliveryAttempt {
    DeliveryAttempt { at: at(seconds), took_ms: 12, status: Some(200), class: class.to_owned(), message: None }
}

async fn end(store: &dyn Store, claimed: &ClaimedDelivery, then: DeliveryThen, seconds: i64) -> TurnOutcome {
    let attempt = attempt_at(seconds, "ok");
    let turn = DeliveryTurn { lease: claimed.lease, attempt, then, switch_off: None };
    store.finish_delivery(turn, at(seconds)).await.unwrap()
}

async fn deliver(store: &dyn Store, claimed: &ClaimedDelivery) {
    assert_eq!(end(store, claimed, DeliveryThen::Delivered, 1).await, TurnOutcome::Recorded);
}

/// In its transaction; and not at all under a lost lease.
pub async fn a_turn_keeps_its_deliveries(store: &dyn Store) {
    plan(store, 1, job(&["x"])).await;
    let claimed = claim_one(store, 0).await;
    let effect = |id| StepEffect { delivery: Some(delivery(id, "a", "x")), ..StepEffect::default() };
    let record_of = |id| TurnRecord { effects: vec![effect(id)], ..turn(&claimed, Then::Finished(Outcome::default())) };
    assert_eq!(record(store, record_of("d1"), 0).await, TurnOutcome::Recorded);
    assert_eq!(record(store, record_of("d2"), 0).await, TurnOutcome::LeaseLost);
    let kept = claim_both(store, 0).await;
    assert_eq!(kept.iter().map(|claimed| claimed.delivery.clone()).collect::<Vec<_>>(), [delivery("d1", "a", "x")]);
    assert_eq!((kept[0].test, kept[0].attempts, kept[0].created_at), (false, 0, at(0)));
}

/// The first of its id stays.
pub async fn a_delivery_is_kept_once(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    assert!(!store.add_delivery(delivery("d1", "b", "y"), false, at(1)).await.unwrap());
    assert_eq!(claim_both(store, 1).await[0].delivery, delivery("d1", "a", "x"));
}

/// In the order in which they came about.
pub async fn a_line_goes_one_after_another(store: &dyn Store) {
    for id in ["d1", "d2", "d3"] {
        add(store, id, "a", "x").await;
    }
    for id in ["d1", "d2", "d3"] {
        let claimed = claim_both(store, 0).await;
        assert_eq!(ids(&claimed), [id]);
        deliver(store, &claimed[0]).await;
    }
    assert!(claim_both(store, 0).await.is_empty());
}

/// The same record in two destinations is two lines; and each destination has its own limit.
pub async fn lines_and_destinations_do_not_wait_for_each_other(store: &dyn Store) {
    for (id, destination, ordering) in [("d1", "a", "x"), ("d2", "a", "y"), ("d3", "a", "z"), ("d4", "b", "x")] {
        add(store, id, destination, ordering).await;
    }
    let rooms = vec![DestinationRoom { room: 2, ..room("a", 0) }, room("b", 0)];
    let claimed = store.claim_deliveries(request_for(rooms, 0)).await.unwrap();
    assert_eq!(ids(&claimed), ["d1", "d2", "d4"]);
}

/// Under a new lease; nobody gets it before.
pub async fn a_leased_delivery_comes_up_again_when_its_lease_ends(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    let first = claim_both(store, 0).await;
    assert!(claim_both(store, LEASE - 1).await.is_empty());
    let second = claim_both(store, LEASE).await;
    assert_eq!(ids(&second), ["d1"]);
    assert!(second[0].lease.number > first[0].lease.number);
}

/// They are due at once.
pub async fn leases_of_deliveries_of_a_dead_worker_are_given_up(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    let lost = claim_both(store, 0).await;
    assert_eq!(store.abandon_deliveries(Some("two"), at(1)).await.unwrap(), 0);
    assert_eq!(store.abandon_deliveries(None, at(1)).await.unwrap(), 1);
    assert_eq!(store.abandon_deliveries(Some("one"), at(1)).await.unwrap(), 0);
    assert_eq!(end(store, &lost[0], DeliveryThen::Delivered, 1).await, TurnOutcome::LeaseLost);
    assert_eq!(ids(&claim_both(store, 1).await), ["d1"]);
}

/// Not even the attempt.
pub async fn an_attempt_under_a_lost_lease_is_not_recorded(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    let first = claim_both(store, 0).await;
    let second = claim_both(store, LEASE).await;
    assert_eq!(end(store, &first[0], DeliveryThen::Delivered, LEASE).await, TurnOutcome::LeaseLost);
    assert!(store.delivery("d1").await.unwrap().unwrap().attempts.is_empty());
    deliver(store, &second[0]).await;
    assert_eq!(end(store, &second[0], DeliveryThen::Delivered, LEASE).await, TurnOutcome::LeaseLost);
}

/// The next of its line does not overtake it.
pub async fn a_delivery_waits_for_its_time_and_holds_its_line(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    add(store, "d2", "a", "x").await;
    let first = claim_both(store, 0).await;
    end(store, &first[0], DeliveryThen::DueAt(at(300)), 0).await;
    assert!(claim_both(store, 299).await.is_empty());
    assert_eq!(store.deliveries_due().await.unwrap(), [("a".to_owned(), at(300))]);
    let again = claim_both(store, 300).await;
    assert_eq!((ids(&again), again[0].attempts), (vec!["d1"], 1));
}

/// Whoever waits for a person keeps nobody waiting.
pub async fn a_parked_delivery_lets_the_next_go(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    add(store, "d2", "a", "x").await;
    let first = claim_both(store, 0).await;
    end(store, &first[0], DeliveryThen::Parked("gave up".to_owned()), 0).await;
    assert_eq!(ids(&claim_both(store, 0).await), ["d2"]);
}

/// With every attempt in order.
pub async fn a_delivery_tells_its_story(store: &dyn Store) {
    assert!(store.delivery("d1").await.unwrap().is_none());
    add(store, "d1", "a", "x").await;
    let first = claim_both(store, 0).await;
    end(store, &first[0], DeliveryThen::DueAt(at(5)), 0).await;
    let second = claim_both(store, 5).await;
    end(store, &second[0], DeliveryThen::Parked("gave up".to_owned()), 6).await;
    let story = store.delivery("d1").await.unwrap().unwrap();
    assert_eq!(story.attempts, [attempt_at(0, "ok"), attempt_at(6, "ok")]);
    let summary = story.summary;
    assert_eq!((summary.progress, summary.attempts, summary.due_at), (DeliveryProgress::Parked, 2, None));
    assert_eq!((summary.ended_at, summary.parked_because.as_deref()), (Some(at(6)), Some("gave up")));
    assert_eq!(story.delivery, delivery("d1", "a", "x"));
}

/// Also one that was delivered; its attempts count anew, its story goes on.
pub async fn a_replayed_delivery_goes_behind_its_line(store: &dyn Store) {
    for id in ["d1", "d2"] {
        add(store, id, "a", "x").await;
    }
    let first = claim_both(store, 0).await;
    assert_eq!(store.replay_delivery("d1", at(0)).await.unwrap(), ReplayOutcome::WaitsAlready);
    deliver(store, &first[0]).await;
    assert_eq!(store.replay_delivery("d1", at(2)).await.unwrap(), ReplayOutcome::Due);
    assert_eq!(store.replay_delivery("d9", at(2)).await.unwrap(), ReplayOutcome::NoSuchDelivery);
    add(store, "d3", "a", "x").await;
    for id in ["d2", "d1", "d3"] {
        let claimed = claim_both(store, 2).await;
        assert_eq!((ids(&claimed), claimed[0].attempts), (vec![id], 0));
        deliver(store, &claimed[0]).await;
    }
    assert_eq!(store.delivery("d1").await.unwrap().unwrap().attempts.len(), 2);
}

/// Of one destination or of all, however many.
pub async fn all_parked_deliveries_are_replayed(store: &dyn Store) {
    for number in 0..300 {
        add(store, &format!("a{number}"), "a", &number.to_string()).await;
    }
    add(store, "b0", "b", "x").await;
    let rooms = vec![DestinationRoom { room: 1_000, ..room("a", 0) }, room("b", 0)];
    for claimed in store.claim_deliveries(request_for(rooms, 0)).await.unwrap() {
        end(store, &claimed, DeliveryThen::Parked("gave up".to_owned()), 0).await;
    }
    assert_eq!(store.replay_parked(Some("b"), at(1)).await.unwrap(), 1);
    assert_eq!(store.replay_parked(None, at(1)).await.unwrap(), 300);
    assert_eq!(store.replay_parked(None, at(1)).await.unwrap(), 0);
    assert_eq!(claim_both(store, 1).await.len(), 11);
}

/// Until it is switched on again; and so is one whose circuit is open.
pub async fn a_destination_that_is_switched_off_takes_only_tests(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    add(store, "d2", "a", "y").await;
    let claimed =
        store.claim_deliveries(request_for(vec![DestinationRoom { room: 1, ..room("a", 0) }], 0)).await.unwrap();
    let then = DeliveryThen::Parked("gone".to_owned());
    let attempt = attempt_at(0, "gone");
    let turn = DeliveryTurn { lease: claimed[0].lease, attempt, then, switch_off: Some("gone".to_owned()) };
    store.finish_delivery(turn, at(3)).await.unwrap();
    assert!(claim_both(store, 3).await.is_empty() && store.deliveries_due().await.unwrap().is_empty());
    assert_eq!(store.destination_standings().await.unwrap()[0].switched_off, Some((at(3), "gone".to_owned())));
    store.add_delivery(delivery("t1", "a", "test"), true, at(3)).await.unwrap();
    assert_eq!(store.deliveries_due().await.unwrap(), [("a".to_owned(), at(3))]);
    let tests = claim_both(store, 3).await;
    assert_eq!((ids(&tests), tests[0].test), (vec!["t1"], true));
    assert!(store.switch_on("a", at(4)).await.unwrap() && !store.switch_on("a", at(4)).await.unwrap());
    let only_tests = vec![DestinationRoom { tests_only: true, ..room("a", 4) }];
    assert!(store.claim_deliveries(request_for(only_tests, 4)).await.unwrap().is_empty());
    assert_eq!(ids(&claim_both(store, 4).await), ["d2"]);
}

/// It would wait for ever.
pub async fn what_waits_for_no_destination_is_parked(store: &dyn Store) {
    add(store, "d1", "a", "x").await;
    add(store, "d2", "gone", "x").await;
    assert_eq!(ids(&claim_both(store, 0).await), ["d1"]);
    let summary = store.delivery("d2").await.unwrap().unwrap().summary;
    assert_eq!(summary.progress, DeliveryProgress::Parked);
    assert!(summary.parked_because.unwrap().contains("no destination of this name"));
}

/// By state and destination, the youngest first.
pub async fn deliveries_are_filtered(store: &dyn Store) {
    for (id, destination) in [("d1", "a"), ("d2", "b"), ("d3", "a")] {
        add(store, id, destination, id).await;
    }
    deliver(store, &claim_both(store, 0).await[0]).await;
    let list = async |filter| {
        let found = store.deliveries(filter).await.unwrap();
        found.into_iter().map(|summary| summary.id).collect::<Vec<_>>()
    };
    let all = DeliveryFilter::default();
    assert_eq!(list(all.clone()).await, ["d3", "d2", "d1"]);
    assert_eq!(list(DeliveryFilter { limit: 1, ..all.clone() }).await, ["d3"]);
    assert_eq!(list(DeliveryFilter { destination: Some("a".to_owned()), ..all.clone() }).await, ["d3", "d1"]);
    assert_eq!(list(DeliveryFilter { progress: Some(DeliveryProgress::Delivered), ..all }).await, ["d1"]);
}

/// What waits, what is parked, and since when.
pub async fn destinations_are_counted(store: &dyn Store) {
    assert!(store.destination_standings().await.unwrap().is_empty());
    for (id, ordering) in [("d1", "x"), ("d2", "x"), ("d3", "y")] {
        add(store, id, "a", ordering).await;
    }
    let claimed = claim_both(store, 0).await;
    end(store, &claimed[1], DeliveryThen::Parked("gave up".to_owned()), 0).await;
    let standings = store.destination_standings().await.unwrap();
    assert_eq!(standings.len(), 1);
    assert_eq!((standings[0].waiting, standings[0].parked), (2, 1));
    assert_eq!((standings[0].oldest_waiting, standings[0].switched_off.clone()), (Some(at(0)), None));
}

/// One that comes about, one whose turn it is, one that is replayed.
pub async fn a_delivery_is_signalled(store: &dyn Store) {
    let signalled = async || tokio::time::timeout(PATIENCE, store.signals().deliveries()).await.is_ok();
    add(store, "d1", "a", "x").await;
    assert!(signalled().await, "a new one");
    add(store, "d2", "a", "x").await;
    assert!(signalled().await);
    let first = claim_both(store, 0).await;
    deliver(store, &first[0]).await;
    assert!(signalled().await, "one that moved up");
    store.replay_delivery("d1", at(1)).await.unwrap();
    assert!(signalled().await, "one that is replayed");
}
