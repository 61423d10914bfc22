//! Who goes first: identities, lanes, order of arrival.

use leadgate_core::identity::Email;
use leadgate_core::lane::Lane;
use leadgate_core::steps::{PersonStep, PersonWish, Step};

use super::samples::*;
use crate::Store;
use crate::model::{ClaimRequest, Then, TurnOutcome, TurnRecord};

/// The next one is leased only when the one before it is finished.
pub async fn jobs_of_one_identity_go_one_after_another(store: &dyn Store) {
    for number in [1, 2, 3] {
        plan(store, number, job(&["a"])).await;
    }
    for number in [1, 2, 3] {
        let next = claim_one(store, 0).await;
        assert_eq!(next.submission, id(number));
        assert!(claim(store, 0).await.is_empty(), "the others wait");
        finish(store, &next, 0).await;
    }
    assert!(claim(store, 0).await.is_empty());
}

/// Jobs that share nothing, or have no identity at all, do not wait for each other.
pub async fn jobs_of_different_identities_go_at_once(store: &dyn Store) {
    for (number, keys) in [(1, &["a"][..]), (2, &["b"]), (3, &[]), (4, &[])] {
        plan(store, number, job(keys)).await;
    }
    assert_eq!(submissions(&claim(store, 0).await), [id(1), id(2), id(3), id(4)]);
}

/// 1 has a, 2 has a and b, 3 has b: 3 waits for 2, which waits for 1.
pub async fn a_job_with_two_identities_waits_for_both(store: &dyn Store) {
    for (number, keys) in [(1, &["a"][..]), (2, &["a", "b"]), (3, &["b"]), (4, &["c"]), (5, &["c", "d", "a"])] {
        plan(store, number, job(keys)).await;
    }
    let first = claim(store, 0).await;
    assert_eq!(submissions(&first), [id(1), id(4)]);
    finish(store, of(&first, id(4)), 0).await;
    assert!(claim(store, 0).await.is_empty(), "5 is first for c and d, but not for a");
    finish(store, of(&first, id(1)), 0).await;
    let second = claim_one(store, 0).await;
    assert_eq!(second.submission, id(2));
    finish(store, &second, 0).await;
    assert_eq!(submissions(&claim(store, 0).await), [id(3), id(5)]);
}

/// Also while it waits for a later moment.
pub async fn whoever_is_first_stays_first_between_turns(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    plan(store, 2, job(&["a"])).await;
    record(store, turn(&first, Then::DueAt(at(30))), 0).await;
    assert!(claim(store, 29).await.is_empty());
    assert_eq!(claim_one(store, 30).await.submission, id(1));
}

/// A person may take days; the others do not wait for that.
pub async fn a_parked_job_lets_the_next_go(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    plan(store, 2, job(&["a"])).await;
    park(store, &claim_one(store, 0).await, 0).await;
    assert_eq!(claim_one(store, 0).await.submission, id(2));
}

/// An urgent job waits for one that is less urgent if that came first.
pub async fn an_identity_is_kept_in_order_across_lanes(store: &dyn Store) {
    plan(store, 1, job_in(Lane::Sync, &["a"])).await;
    plan(store, 2, job_in(Lane::Interactive, &["a"])).await;
    let first = claim_one(store, 0).await;
    assert_eq!(first.submission, id(1));
    finish(store, &first, 0).await;
    assert_eq!(claim_one(store, 0).await.submission, id(2));
}

/// A job that learns in mid-work which record it is about waits for those who are at that record.
pub async fn an_added_identity_waits_behind_its_holders(store: &dyn Store) {
    for (number, name) in [(1, "a"), (2, "r"), (3, "r")] {
        plan(store, number, job(&[name])).await;
    }
    let claimed = claim(store, 0).await;
    assert_eq!(submissions(&claimed), [id(1), id(2)]);
    let adding = TurnRecord { add_key: Some(key("r")), ..turn(of(&claimed, id(1)), Then::DueAt(at(0))) };
    assert_eq!(record(store, adding, 0).await, TurnOutcome::Recorded);
    assert!(claim(store, 0).await.is_empty(), "2 is at it");
    finish(store, of(&claimed, id(2)), 0).await;
    let third = claim_one(store, 0).await;
    assert_eq!(third.submission, id(3), "3 held it first");
    finish(store, &third, 0).await;
    let first = claim_one(store, 0).await;
    assert_eq!((first.submission, first.keys), (id(1), vec![key("a"), key("r")]));
}

/// From then on it is an identity like the others.
pub async fn an_added_identity_is_held_against_those_who_come_later(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    record(store, TurnRecord { add_key: Some(key("r")), ..turn(&first, Then::DueAt(at(0))) }, 0).await;
    plan(store, 2, job(&["r"])).await;
    let first = claim_one(store, 0).await;
    assert_eq!(first.submission, id(1));
    finish(store, &first, 0).await;
    assert_eq!(claim_one(store, 0).await.submission, id(2));
}

/// 1 waits for 2, which then adds what 1 holds: 2 goes on, or neither ever would.
pub async fn jobs_never_wait_for_each_other_in_a_circle(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    plan(store, 2, job(&["b"])).await;
    plan(store, 3, job(&["a"])).await;
    let claimed = claim(store, 0).await;
    for (number, name) in [(1, "b"), (2, "a")] {
        let adding = turn(of(&claimed, id(number)), Then::DueAt(at(0)));
        record(store, TurnRecord { add_key: Some(key(name)), ..adding }, 0).await;
    }
    for number in [2, 1, 3] {
        let next = claim_one(store, 0).await;
        assert_eq!(next.submission, id(number));
        finish(store, &next, 0).await;
    }
}

/// The released job stands behind the one at work, which learns that it is about the record that the released one holds.
pub async fn a_released_job_that_holds_what_another_adds_does_not_block_it(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    record(store, TurnRecord { add_key: Some(key("r")), ..turn(&first, Then::Parked(parking())) }, 0).await;
    plan(store, 2, job(&["a"])).await;
    let second = claim_one(store, 0).await;
    store.release(first.lease.job, at(0)).await.unwrap();
    record(store, TurnRecord { add_key: Some(key("r")), ..turn(&second, Then::DueAt(at(0))) }, 0).await;
    for number in [2, 1] {
        let next = claim_one(store, 0).await;
        assert_eq!(next.submission, id(number));
        finish(store, &next, 0).await;
    }
}

/// It does not lose its place.
pub async fn adding_an_identity_that_is_held_already_changes_nothing(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    plan(store, 2, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    record(store, TurnRecord { add_key: Some(key("a")), ..turn(&first, Then::DueAt(at(0))) }, 0).await;
    let first = claim_one(store, 0).await;
    assert_eq!((first.submission, first.keys), (id(1), vec![key("a")]));
}

/// Many jobs of one identity.
pub async fn a_long_queue_is_worked_off_in_order(store: &dyn Store) {
    for number in 1..=40 {
        plan(store, number, job(&["a"])).await;
    }
    for number in 1..=40 {
        let next = claim_one(store, 0).await;
        assert_eq!(next.submission, id(number));
        finish(store, &next, 0).await;
    }
}

/// Then, within a lane, in order of arrival and not of planning or due time.
pub async fn the_most_urgent_lane_goes_first(store: &dyn Store) {
    let lanes = [Lane::Sync, Lane::Bulk, Lane::Event, Lane::Interactive];
    for number in 1..=8 {
        accept(store, number, 0).await;
    }
    for number in (1..=8).rev() {
        record_plan(store, id(number), job_in(lanes[number as usize % 4], &[]), 8 - number as i64).await;
    }
    let claimed = claim(store, 10).await;
    assert_eq!(submissions(&claimed), [3, 7, 2, 6, 1, 5, 4, 8].map(id));
}

/// A limit of 0 leaves a lane alone.
pub async fn each_lane_has_its_limit(store: &dyn Store) {
    for number in 1..=12 {
        plan(store, number, job_in(Lane::ALL[number as usize % 4], &[])).await;
    }
    let limited = ClaimRequest { per_lane: [2, 0, 1, 5], ..request("one", 0) };
    let claimed = store.claim_due(limited).await.unwrap();
    assert_eq!(submissions(&claimed), [4, 8, 2, 3, 7, 11].map(id));
}

/// People who are searched for are leased beside jobs whose calls go alone, up to a number of their own.
pub async fn each_way_of_packing_has_its_limit(store: &dyn Store) {
    for number in 1..=3 {
        plan(store, number, job(&[])).await;
    }
    for number in 4..=6 {
        let mut person = job(&[]);
        let wish = PersonWish { email: Email::parse("ada@example.com").ok(), ..PersonWish::default() };
        person.state.steps.insert(0, Step::EnsurePerson(Box::new(PersonStep::new(wish))));
        plan(store, number, person).await;
    }
    let limited = |alone, wide| ClaimRequest { per_lane: [alone; 4], wide_per_lane: [wide; 4], ..request("one", 0) };
    assert_eq!(submissions(&store.claim_due(limited(0, 2)).await.unwrap()), [4, 5].map(id));
    assert_eq!(submissions(&store.claim_due(limited(2, 0)).await.unwrap()), [1, 2].map(id));
    assert_eq!(submissions(&store.claim_due(limited(9, 9)).await.unwrap()), [3, 6].map(id));
}

/// A closed lane still lends what was never leased, and only that.
pub async fn a_closed_lane_lends_new_jobs(store: &dyn Store) {
    for number in 1..=3 {
        plan(store, number, job_in(Lane::Bulk, &[])).await;
    }
    let only_new = ClaimRequest { per_lane: [0; 4], new_per_lane: [2; 4], ..request("one", 0) };
    assert_eq!(submissions(&store.claim_due(only_new).await.unwrap()), [1, 2].map(id));
    let later = ClaimRequest { per_lane: [0; 4], new_per_lane: [5; 4], ..request("one", 3600) };
    assert_eq!(submissions(&store.claim_due(later).await.unwrap()), [3].map(id));
}
