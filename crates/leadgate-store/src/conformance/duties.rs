//! What one worker at a time does for all: who has it, how it ends, what one who lost it may still do.

use super::samples::*;
use crate::Store;
use crate::duties::{PLANNING, WATCHING};

async fn hold(store: &dyn Store, worker: &str, until: i64, now: i64) -> bool {
    store.hold_duty(PLANNING, worker, at(until), at(now)).await.unwrap()
}

/// Its holder may renew it, others may not have it; another duty is another matter.
pub async fn a_duty_is_held_by_one(store: &dyn Store) {
    assert!(hold(store, "one", 30, 0).await);
    assert!(!hold(store, "two", 40, 10).await);
    assert!(hold(store, "one", 60, 20).await);
    assert!(!hold(store, "two", 80, 59).await);
    assert!(store.hold_duty(WATCHING, "two", at(30), at(0)).await.unwrap());
}

/// To the second; the former holder then has to wait like anybody.
pub async fn a_duty_is_taken_over_when_it_ends(store: &dyn Store) {
    assert!(hold(store, "one", 30, 0).await);
    assert!(!hold(store, "two", 50, 29).await);
    assert!(hold(store, "two", 50, 30).await);
    assert!(!hold(store, "one", 70, 49).await);
}

/// Of that worker only.
pub async fn duties_are_given_up(store: &dyn Store) {
    assert!(hold(store, "one", 30, 0).await);
    assert!(store.hold_duty(WATCHING, "two", at(30), at(0)).await.unwrap());
    store.give_up_duties("one").await.unwrap();
    assert!(hold(store, "three", 30, 1).await);
    assert!(!store.hold_duty(WATCHING, "three", at(30), at(1)).await.unwrap());
}

/// The submission stays as it was; whoever plans now plans it.
pub async fn a_plan_of_a_former_planner_is_not_kept(store: &dyn Store) {
    accept(store, 1, 0).await;
    let plans = || vec![planned(id(1), Ok(job(&["a"])))];
    assert!(hold(store, "one", 30, 0).await);
    assert!(hold(store, "two", 60, 30).await);
    assert_eq!(store.record_plans(plans(), Some("one"), at(31)).await.unwrap(), []);
    assert_eq!(store.unplanned([9; 4]).await.unwrap().len(), 1);
    assert_eq!(store.record_plans(plans(), Some("two"), at(31)).await.unwrap(), [id(1)]);
}

/// A later moment too; an earlier one than was begun is over. Schedules do not know each other.
pub async fn a_planned_moment_begins_once(store: &dyn Store) {
    let begins = [(10, true), (10, false), (20, true), (10, false), (20, false), (21, true)];
    for (moment, begun) in begins {
        assert_eq!(store.begin_planned("nightly", at(moment)).await.unwrap(), begun, "{moment}");
    }
    assert!(store.begin_planned("hourly", at(10)).await.unwrap());
}
