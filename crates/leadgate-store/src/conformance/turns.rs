//! What came of turns, and releasing what was parked.

use leadgate_core::job::Outcome;
use leadgate_core::record::{RecordKind, RecordRef};

use super::samples::*;
use crate::Store;
use crate::model::{JobId, Progress, ReleaseOutcome, Then, TurnRecord};

/// State, next moment and attempts are kept, the attempts in the order in which they were recorded.
pub async fn a_turn_moves_the_job_on(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let mut moved = state();
    (moved.current, moved.failures) = (1, 2);
    let attempts = [attempt("move_deal", 1), crate::model::Attempt { status: None, ..attempt("add_note", 0) }];
    for (index, attempt) in attempts.iter().enumerate() {
        let seconds = index as i64 * 10;
        let claimed = claim_one(store, seconds).await;
        let turn = turn(&claimed, Then::DueAt(at(seconds + 10)));
        record(store, TurnRecord { state: moved.clone(), attempt: Some(attempt.clone()), ..turn }, seconds).await;
    }
    let story = story(store, id(1)).await;
    let job = story.job.unwrap();
    assert_eq!((story.progress, &job.state, job.due_at), (Progress::Working, &moved, Some(at(20))));
    assert_eq!(job.attempts, attempts);
    assert_eq!(claim_one(store, 20).await.state, moved);
}

/// It is not due any more.
pub async fn a_finished_job_shows_its_outcome(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let person = Some(RecordRef { kind: RecordKind::Lead, id: 5 });
    let shown = Some(serde_json::json!({"z": 1, "a": [null, 1.5]}));
    let outcome = Outcome { person, existing: Some(false), note: Some(9), shown, ..Outcome::default() };
    record(store, turn(&claim_one(store, 0).await, Then::Finished(outcome.clone())), 7).await;
    let story = story(store, id(1)).await;
    let job = story.job.unwrap();
    assert_eq!((story.progress, story.parking), (Progress::Done, None));
    assert_eq!((job.outcome, job.ended_at, job.due_at), (Some(outcome), Some(at(7)), None));
    assert!(claim(store, 1_000).await.is_empty());
}

/// It is not due until it is released.
pub async fn a_parked_job_shows_its_reason(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    park(store, &claim_one(store, 0).await, 7).await;
    let story = story(store, id(1)).await;
    let job = story.job.unwrap();
    assert_eq!((story.progress, story.parking), (Progress::Parked, Some(parking())));
    assert_eq!((job.outcome, job.due_at), (None, None));
    assert!(claim(store, 1_000).await.is_empty());
}

/// To those who wait for a submission that finishes or is parked, and to them only.
pub async fn the_end_is_signalled(store: &dyn Store) {
    for (number, name) in [(1, "a"), (2, "b"), (3, "c")] {
        plan(store, number, job(&[name])).await;
    }
    let claimed = claim(store, 0).await;
    let mut ends = [1, 2, 3].map(|number| store.signals().subscribe(id(number)));
    let then = [Then::Finished(Outcome::default()), Then::Parked(parking()), Then::DueAt(at(5))];
    let turns = claimed.iter().zip(then).map(|(job, then)| turn(job, then)).collect();
    store.finish_turns(turns, None, at(0)).await.unwrap();
    let [finished, parked, working] = &mut ends;
    assert!(tokio::time::timeout(PATIENCE, finished.wait()).await.is_ok());
    assert!(tokio::time::timeout(PATIENCE, parked.wait()).await.is_ok());
    assert!(futures::FutureExt::now_or_never(working.wait()).is_none());
}

/// A turn that is due now, a release, a lease that was given up.
pub async fn work_that_is_due_at_once_is_signalled(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    assert!(work_is_signalled(store).await);
    record(store, turn(&first, Then::DueAt(at(0))), 0).await;
    assert!(work_is_signalled(store).await, "a turn");
    claim_one(store, 0).await;
    store.abandon_leases(Some("one"), at(0)).await.unwrap();
    assert!(work_is_signalled(store).await, "a lease that was given up");
    let again = claim_one(store, 0).await;
    park(store, &again, 0).await;
    store.release(again.lease.job, at(1)).await.unwrap();
    assert!(work_is_signalled(store).await, "a release");
}

/// The one that waited its turn is due now.
pub async fn an_end_signals_work_to_those_behind(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    plan(store, 2, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    assert!(work_is_signalled(store).await);
    finish(store, &first, 0).await;
    assert!(work_is_signalled(store).await);
}

/// Where it stood, with what it had done; only the failures and the reason are gone.
pub async fn a_released_job_is_due_with_its_failures_forgotten(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let claimed = claim_one(store, 0).await;
    let mut failed = state();
    (failed.current, failed.failures) = (1, 20);
    let parked = TurnRecord {
        state: failed.clone(),
        attempt: Some(attempt("add_note", 0)),
        ..turn(&claimed, Then::Parked(parking()))
    };
    record(store, parked, 1).await;
    assert_eq!(store.release(claimed.lease.job, at(9)).await.unwrap(), ReleaseOutcome::Released);
    let story = story(store, id(1)).await;
    let job = story.job.unwrap();
    assert_eq!((story.progress, story.parking), (Progress::Working, None));
    assert_eq!((job.due_at, job.ended_at, job.attempts.len()), (Some(at(9)), None, 1));
    let again = claim_one(store, 9).await;
    failed.failures = 0;
    assert_eq!((again.state, again.abandoned_since, again.keys), (failed, None, vec![key("a")]));
    assert!(again.lease.number > claimed.lease.number);
}

/// They came to their identity while it was out.
pub async fn a_released_job_waits_behind_younger_ones(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    plan(store, 2, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    park(store, &first, 0).await;
    store.release(first.lease.job, at(0)).await.unwrap();
    plan(store, 3, job(&["a"])).await;
    for number in [2, 1, 3] {
        let next = claim_one(store, 0).await;
        assert_eq!(next.submission, id(number));
        finish(store, &next, 0).await;
    }
}

/// Others are left as they are, and the answer says how they are.
pub async fn only_parked_jobs_are_released(store: &dyn Store) {
    assert_eq!(store.release(JobId(4711), at(0)).await.unwrap(), ReleaseOutcome::NoSuchJob);
    plan(store, 1, job(&["a"])).await;
    let claimed = claim_one(store, 0).await;
    let release = || store.release(claimed.lease.job, at(0));
    assert_eq!(release().await.unwrap(), ReleaseOutcome::NotParked(Progress::Working));
    assert!(claim(store, 0).await.is_empty(), "it is still leased");
    finish(store, &claimed, 0).await;
    assert_eq!(release().await.unwrap(), ReleaseOutcome::NotParked(Progress::Done));
}

/// However many, the oldest first where they share an identity; and what could not be planned is planned anew.
pub async fn all_parked_jobs_are_released_at_once(store: &dyn Store) {
    assert_eq!(store.release_all(at(0)).await.unwrap(), 0);
    let numbers = || 1..=600;
    for number in numbers() {
        accept(store, number, 0).await;
    }
    let plans = numbers().map(|number| planned(id(number), Ok(job(&["a"]))));
    store.record_plans(plans.collect(), None, at(0)).await.unwrap();
    for _ in numbers() {
        park(store, &claim_one(store, 0).await, 0).await;
    }
    accept(store, 601, 0).await;
    store.record_plans(vec![planned(id(601), Err(parking()))], None, at(0)).await.unwrap();
    plan(store, 602, job(&["b"])).await;
    assert_eq!(store.release_all(at(1)).await.unwrap(), 601);
    let stats = store.stats(at(1)).await.unwrap();
    assert_eq!((stats.parked, stats.open_by_lane, stats.unplanned), (0, [601, 0, 0, 0], 1));
    assert_eq!(submissions(&claim(store, 1).await), [id(1), id(602)]);
    assert_eq!(store.release_all(at(2)).await.unwrap(), 0);
}
