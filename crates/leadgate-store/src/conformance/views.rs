//! Lists, counts, and when to look again.

use leadgate_core::lane::Lane;
use leadgate_core::submission::{Route, SubmissionId};

use super::samples::*;
use crate::Store;
use crate::model::{JobFilter, JobSummary, Progress, QueueStats, SubmissionFilter, Then, TurnRecord};

/// Four jobs: 1 finished, 2 parked, 3 leased, 4 waiting behind 3.
async fn one_of_each(store: &dyn Store) {
    for (number, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "c")] {
        plan(store, number, job(&[name])).await;
    }
    let claimed = claim(store, 0).await;
    finish(store, of(&claimed, id(1)), 1).await;
    park(store, of(&claimed, id(2)), 1).await;
}

async fn list(store: &dyn Store, progress: Option<Progress>, limit: u32) -> Vec<JobSummary> {
    store.jobs(JobFilter { progress, job: None, limit }).await.unwrap()
}

fn listed(jobs: &[JobSummary]) -> Vec<leadgate_core::submission::SubmissionId> {
    jobs.iter().map(|job| job.submission).collect()
}

/// At most 100 if the filter does not say.
pub async fn jobs_are_listed_youngest_first(store: &dyn Store) {
    for number in 1..=101 {
        plan(store, number, job(&[])).await;
    }
    let jobs = list(store, None, 0).await;
    assert_eq!(listed(&jobs), (2..=101).rev().map(id).collect::<Vec<_>>());
    assert!(jobs.is_sorted_by(|younger, older| younger.id > older.id));
    assert_eq!(list(store, None, 200).await.len(), 101);
}

/// By progress, by job, by both.
pub async fn jobs_are_filtered_and_limited(store: &dyn Store) {
    one_of_each(store).await;
    accept(store, 5, 0).await;
    assert_eq!(listed(&list(store, Some(Progress::Working), 0).await), [id(4), id(3)]);
    assert_eq!(listed(&list(store, Some(Progress::Done), 0).await), [id(1)]);
    assert_eq!(listed(&list(store, Some(Progress::Received), 0).await), []);
    assert_eq!(listed(&list(store, None, 3).await), [id(4), id(3), id(2)]);
    let parked = list(store, Some(Progress::Parked), 0).await;
    assert_eq!(listed(&parked), [id(2)]);
    let only = |progress| JobFilter { progress, job: Some(parked[0].id), limit: 0 };
    assert_eq!(listed(&store.jobs(only(None)).await.unwrap()), [id(2)]);
    assert_eq!(listed(&store.jobs(only(Some(Progress::Done))).await.unwrap()), []);
}

/// The step at work or the last one, its failures, the next moment, the reason.
pub async fn a_job_in_a_list_shows_where_it_stands(store: &dyn Store) {
    accept(store, 1, 3).await;
    record_plan(store, id(1), job_in(Lane::Event, &["a"]), 4).await;
    let fresh = list(store, None, 0).await.remove(0);
    assert_eq!((fresh.progress, fresh.lane, fresh.accepted_at), (Progress::Working, Lane::Event, at(3)));
    assert_eq!((fresh.step.as_str(), fresh.failures, fresh.due_at), ("move_deal", 0, Some(at(4))));
    let mut moved = state();
    (moved.current, moved.failures) = (1, 3);
    let later = turn(&claim_one(store, 4).await, Then::DueAt(at(9)));
    record(store, TurnRecord { state: moved.clone(), ..later }, 4).await;
    let waiting = list(store, None, 0).await.remove(0);
    assert_eq!((waiting.step.as_str(), waiting.failures, waiting.due_at), ("add_note", 3, Some(at(9))));
    moved.current = 2;
    let parked = turn(&claim_one(store, 9).await, Then::Parked(parking()));
    record(store, TurnRecord { state: moved, ..parked }, 9).await;
    let parked = list(store, None, 0).await.remove(0);
    assert_eq!((parked.progress, parked.step.as_str(), parked.due_at), (Progress::Parked, "add_note", None));
    assert_eq!(parked.parking, Some(super::samples::parking()));
}

/// And there is nothing to wait for.
pub async fn an_empty_store_counts_nothing(store: &dyn Store) {
    assert_eq!(store.stats(at(0)).await.unwrap(), QueueStats::default());
    assert_eq!(next_due(store).await, None);
    assert!(claim(store, 0).await.is_empty() && list(store, None, 0).await.is_empty());
}

/// What has ended, or is parked, is not open; the oldest is the one that was accepted first of those that are.
pub async fn what_waits_is_counted(store: &dyn Store) {
    one_of_each(store).await;
    accept(store, 5, 7).await;
    accept(store, 6, 8).await;
    record_plan(store, id(6), job_in(Lane::Sync, &[]), 8).await;
    let open = QueueStats { unplanned: 1, open_by_lane: [2, 0, 0, 1], parked: 1, oldest_open: Some(at(0)) };
    assert_eq!(store.stats(at(9)).await.unwrap(), open);
    for _ in 0..2 {
        for job in claim(store, 100).await {
            finish(store, &job, 100).await;
        }
    }
    let rest = QueueStats { unplanned: 1, open_by_lane: [0; 4], parked: 1, oldest_open: Some(at(7)) };
    assert_eq!(store.stats(at(100)).await.unwrap(), rest);
}

/// However often it is asked, by however many at once.
pub async fn there_is_room_and_looking_for_it_changes_nothing(store: &dyn Store) {
    let (one, other) = (store.check_room(), store.check_room());
    one.await.unwrap();
    other.await.unwrap();
    assert_eq!(store.stats(at(0)).await.unwrap(), QueueStats::default());
}

/// Of the jobs of each lane.
pub async fn the_next_moment_is_the_earliest_due_or_lease_end(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    assert_eq!(next_due(store).await, Some(at(0)), "a job that is due");
    let first = claim_one(store, 0).await;
    assert_eq!(next_due(store).await, Some(at(LEASE)), "the end of the lease");
    plan(store, 2, job_in(Lane::Bulk, &["b"])).await;
    let second = claim_one(store, 1).await;
    record(store, turn(&second, Then::DueAt(at(20))), 1).await;
    assert_eq!(next_due(store).await, Some(at(20)), "a job that is due later");
    record(store, turn(&first, Then::DueAt(at(10))), 2).await;
    assert_eq!(store.next_due_by_lane().await.unwrap(), [Some(at(10)), None, Some(at(20)), None]);
    let claimed = claim(store, 20).await;
    finish(store, of(&claimed, id(1)), 20).await;
    park(store, of(&claimed, id(2)), 20).await;
    assert_eq!(next_due(store).await, None, "all have ended");
}

/// The end of the other is signalled; until then there is nothing to do for it.
pub async fn who_waits_behind_another_is_not_waited_for(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    plan(store, 2, job(&["a"])).await;
    let first = claim_one(store, 0).await;
    record(store, turn(&first, Then::DueAt(at(500))), 0).await;
    assert_eq!(next_due(store).await, Some(at(500)));
}

/// Those of the doors that are asked for, from the moment on that is asked for; with their job, once there is one.
pub async fn submissions_are_listed_in_order_of_arrival(store: &dyn Store) {
    for (number, seconds) in [(3, 0), (2, 10), (1, 20)] {
        accept(store, number, seconds).await;
    }
    record_plan(store, id(2), job(&["a"]), 21).await;
    let listed = store.submissions(listing(10, &[Route::Lead, Route::Form])).await.unwrap();
    assert_eq!(
        listed.iter().map(|entry| (entry.id, entry.accepted_at)).collect::<Vec<_>>(),
        [(id(2), at(10)), (id(1), at(20))]
    );
    assert_eq!((listed[0].state.clone(), listed[1].state.clone()), (Some(state()), None));
    assert_eq!(listed[0].raw, submission(2).raw);
    assert_eq!(store.submissions(listing(0, &[])).await.unwrap().len(), 3, "of all doors");
    assert!(store.submissions(listing(0, &[Route::Note])).await.unwrap().is_empty());
}

/// Each page begins after the last one of the page before.
pub async fn submissions_are_listed_page_by_page(store: &dyn Store) {
    for number in [5, 3, 4] {
        accept(store, number, 0).await;
    }
    let page = |after| SubmissionFilter { after, limit: 2, ..listing(0, &[]) };
    let ids = async |after| -> Vec<SubmissionId> {
        store.submissions(page(after)).await.unwrap().iter().map(|entry| entry.id).collect()
    };
    assert_eq!(ids(None).await, [id(5), id(3)]);
    assert_eq!(ids(Some(id(3))).await, [id(4)]);
    assert!(ids(Some(id(4))).await.is_empty() && ids(Some(id(99))).await.is_empty());
}

fn listing(since: i64, routes: &[Route]) -> SubmissionFilter {
    SubmissionFilter { since: at(since), after: None, routes: routes.to_vec(), limit: 100 }
}
