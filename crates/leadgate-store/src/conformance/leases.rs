//! The right to make the next call: who has it, how it ends, what a lost one may still do.

use leadgate_core::identity::IdentityKey;
use leadgate_core::job::Outcome;

use super::samples::*;
use crate::Store;
use crate::model::{Progress, Then, TurnOutcome, TurnRecord};

/// By nobody, itself included, until the lease ends.
pub async fn a_leased_job_is_not_leased_again(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    claim_one(store, 0).await;
    for worker in ["one", "two"] {
        assert!(store.claim_due(request(worker, LEASE - 1)).await.unwrap().is_empty());
    }
}

/// To the second.
pub async fn a_job_is_not_leased_before_it_is_due(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    record(store, turn(&first, Then::DueAt(at(100))), 0).await;
    assert!(claim(store, 99).await.is_empty());
    assert_eq!(claim_one(store, 100).await.submission, id(1));
}

/// The new lease has another number and says since when the call may have been made.
pub async fn a_lease_that_ended_is_taken_over_and_marked(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 5).await;
    assert!(claim(store, 5 + LEASE - 1).await.is_empty());
    let second = store.claim_due(request("two", 5 + LEASE)).await.unwrap().remove(0);
    assert_eq!((second.submission, second.abandoned_since), (id(1), Some(at(5))));
    assert_eq!(second.lease.job, first.lease.job);
    assert!(second.lease.number > first.lease.number);
}

/// Two leases in a row ended without a word: the call may have been made since the first of them.
pub async fn the_mark_is_the_earliest_lost_lease_and_a_turn_clears_it(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    claim_one(store, 0).await;
    claim_one(store, 100).await;
    let third = claim_one(store, 200).await;
    assert_eq!(third.abandoned_since, Some(at(0)));
    record(store, turn(&third, Then::DueAt(at(210))), 201).await;
    assert_eq!(claim_one(store, 210).await.abandoned_since, None);
}

/// Not the state, not the attempt, not the effects, not the identity, not the end. The budget is the account's and is kept.
pub async fn a_turn_under_a_lost_lease_is_not_recorded(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    let second = claim_one(store, LEASE).await;
    let mut late = TurnRecord {
        attempt: Some(attempt("create_person", 1)),
        effects: vec![learned("a", known(5, &["email"]))],
        add_key: Some(key("b")),
        ..turn(&first, Then::Finished(Outcome::default()))
    };
    late.state.failures = 9;
    let outcomes = store.finish_turns(vec![late], Some(budget(1)), at(LEASE)).await.unwrap();
    assert_eq!((outcomes, store.budget().await.unwrap().value), (vec![TurnOutcome::LeaseLost], Some(1.into())));
    let now = story(store, id(1)).await;
    let job = now.job.unwrap();
    assert_eq!((now.progress, job.state, job.attempts), (Progress::Working, state(), vec![]));
    assert_eq!(record(store, turn(&second, Then::DueAt(at(LEASE))), LEASE).await, TurnOutcome::Recorded);
    let third = claim_one(store, LEASE).await;
    assert!(third.known.is_empty());
    assert_eq!(third.keys, [key("a")]);
}

/// A lost lease beside one that holds: each gets its answer, in order, and the one that holds is recorded.
pub async fn turns_are_told_apart_within_one_transaction(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let lost = claim_one(store, 0).await;
    store.abandon_leases(Some("one"), at(1)).await.unwrap();
    plan(store, 2, job(&["b"])).await;
    let claimed = store.claim_due(request("two", 1)).await.unwrap();
    let done = || Then::Finished(Outcome::default());
    let turns = vec![turn(of(&claimed, id(2)), done()), turn(&lost, done()), turn(of(&claimed, id(1)), done())];
    let outcomes = store.finish_turns(turns, None, at(2)).await.unwrap();
    assert_eq!(outcomes, [TurnOutcome::Recorded, TurnOutcome::LeaseLost, TurnOutcome::Recorded]);
    assert_eq!(story(store, id(1)).await.progress, Progress::Done);
    assert_eq!(story(store, id(2)).await.progress, Progress::Done);
}

/// A lease is good for one turn.
pub async fn a_recorded_turn_ends_its_lease(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    record(store, turn(&first, Then::DueAt(at(0))), 0).await;
    assert_eq!(record(store, turn(&first, Then::DueAt(at(0))), 0).await, TurnOutcome::LeaseLost);
    finish(store, &claim_one(store, 0).await, 0).await;
    assert_eq!(record(store, turn(&first, Then::DueAt(at(0))), 0).await, TurnOutcome::LeaseLost);
}

/// Its jobs are due at once and marked, its turns come too late; others keep theirs.
pub async fn leases_of_a_dead_worker_are_given_up(store: &dyn Store) {
    for number in 1..=3 {
        plan(store, number, job(&[IdentityKey::of_company(&number.to_string()).as_str()])).await;
    }
    let two_only = crate::model::ClaimRequest { per_lane: [2; 4], ..request("dead", 0) };
    let lost = store.claim_due(two_only).await.unwrap();
    let kept = store.claim_due(request("alive", 1)).await.unwrap();
    assert_eq!((lost.len(), submissions(&kept)), (2, vec![id(3)]));
    assert_eq!(store.abandon_leases(Some("dead"), at(2)).await.unwrap(), 2);
    assert_eq!(store.abandon_leases(Some("dead"), at(2)).await.unwrap(), 0);
    assert_eq!(record(store, turn(&lost[0], Then::DueAt(at(2))), 2).await, TurnOutcome::LeaseLost);
    let again = claim(store, 2).await;
    assert_eq!(submissions(&again), [id(1), id(2)]);
    assert!(again.iter().all(|job| job.abandoned_since == Some(at(0))));
    finish(store, &kept[0], 2).await;
}

/// Where one process alone opens the store, whoever had leases is dead.
pub async fn leases_of_all_workers_are_given_up(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    store.claim_due(request("one", 0)).await.unwrap();
    plan(store, 2, job(&["b"])).await;
    store.claim_due(request("two", 0)).await.unwrap();
    assert_eq!(store.abandon_leases(None, at(1)).await.unwrap(), 2);
    assert_eq!(submissions(&claim(store, 1).await), [id(1), id(2)]);
}

/// What it has in hand it keeps, and so do others what is theirs.
pub async fn leases_that_a_worker_does_not_know_of_are_given_up(store: &dyn Store) {
    for number in 1..=2 {
        plan(store, number, job(&[IdentityKey::of_company(&number.to_string()).as_str()])).await;
    }
    let claimed = claim(store, 0).await;
    plan(store, 3, job(&["c"])).await;
    store.claim_due(request("two", 0)).await.unwrap();
    let (kept, lost) = (of(&claimed, id(1)), of(&claimed, id(2)));
    assert_eq!(store.abandon_others("one", vec![kept.lease], at(1)).await.unwrap(), 1);
    assert_eq!(store.abandon_others("one", vec![kept.lease], at(1)).await.unwrap(), 0);
    assert_eq!(record(store, turn(lost, Then::DueAt(at(1))), 1).await, TurnOutcome::LeaseLost);
    let again = claim_one(store, 1).await;
    assert_eq!((again.submission, again.abandoned_since), (id(2), Some(at(0))));
    finish(store, kept, 1).await;
}
