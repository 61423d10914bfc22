//! From submissions to jobs.

use leadgate_core::lane::Lane;

use super::samples::*;
use crate::Store;
use crate::model::{JobFilter, JobId, Progress, ReleaseOutcome};

/// The job is as planned, due at once, and the submission is no longer unplanned.
pub async fn a_plan_becomes_a_job_that_is_due(store: &dyn Store) {
    accept(store, 1, 0).await;
    record_plan(store, id(1), job_in(Lane::Bulk, &["b", "a"]), 5).await;
    assert!(store.unplanned([10; 4]).await.unwrap().is_empty());
    let story = story(store, id(1)).await;
    let job = story.job.unwrap();
    assert_eq!((story.progress, job.lane, job.due_at), (Progress::Working, Lane::Bulk, Some(at(5))));
    assert_eq!((job.state, job.outcome, job.ended_at, job.attempts), (state(), None, None, vec![]));
    let claimed = claim_one(store, 5).await;
    assert_eq!((claimed.submission, claimed.accepted_at, claimed.lane), (id(1), at(0), Lane::Bulk));
    assert_eq!((claimed.lease.job, claimed.state, claimed.abandoned_since), (job.id, state(), None));
    assert_eq!(claimed.keys, [key("b"), key("a")]);
}

/// It shows its reason, has a job without steps, and its end is signalled.
pub async fn what_cannot_be_planned_is_parked(store: &dyn Store) {
    accept(store, 1, 0).await;
    let mut end = store.signals().subscribe(id(1));
    let unplannable = planned(id(1), Err(parking()));
    store.record_plans(vec![unplannable], None, at(1)).await.unwrap();
    let story = story(store, id(1)).await;
    assert_eq!((story.progress, story.parking), (Progress::Parked, Some(parking())));
    assert!(story.job.unwrap().state.steps.is_empty() && store.unplanned([10; 4]).await.unwrap().is_empty());
    assert!(claim(store, 1).await.is_empty());
    assert!(tokio::time::timeout(PATIENCE, end.wait()).await.is_ok());
}

/// So that a person sees it, in the lane it arrived in.
pub async fn what_cannot_be_planned_is_listed_and_counted(store: &dyn Store) {
    park_unplannable(store, 1).await;
    let jobs = store.jobs(JobFilter { progress: Some(Progress::Parked), ..JobFilter::default() }).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!((jobs[0].submission, jobs[0].lane, jobs[0].step.as_str()), (id(1), Lane::Bulk, ""));
    assert_eq!((&jobs[0].parking, jobs[0].due_at), (&Some(parking()), None));
    let stats = store.stats(at(2)).await.unwrap();
    assert_eq!((stats.parked, stats.unplanned, stats.open_by_lane), (1, 0, [0; 4]));
}

/// With whatever rules there are by then; its number stays.
pub async fn what_could_not_be_planned_is_planned_anew_when_released(store: &dyn Store) {
    let parked = park_unplannable(store, 1).await;
    assert!(work_is_signalled(store).await, "the submission");
    assert_eq!(store.release(parked, at(2)).await.unwrap(), ReleaseOutcome::Released);
    assert!(work_is_signalled(store).await, "the release");
    let received = story(store, id(1)).await;
    assert!((received.progress, &received.parking) == (Progress::Received, &None) && received.job.is_none());
    assert_eq!(store.unplanned([10; 4]).await.unwrap()[0].id, id(1));
    record_plan(store, id(1), job(&["a"]), 3).await;
    let claimed = claim_one(store, 3).await;
    assert_eq!((claimed.submission, claimed.lease.job, claimed.state), (id(1), parked, state()));
}

/// Parks a submission of the bulk lane that cannot be planned.
async fn park_unplannable(store: &dyn Store, number: u64) -> JobId {
    store.accept(submission_in(Lane::Bulk, number), at(0)).await.unwrap();
    let unplannable = planned(id(number), Err(parking()));
    store.record_plans(vec![unplannable], None, at(1)).await.unwrap();
    story(store, id(number)).await.job.unwrap().id
}

/// Whether it has a job by now or was parked; also when one call holds two plans for it.
pub async fn a_submission_that_was_planned_meanwhile_is_left_alone(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    accept(store, 2, 0).await;
    let parked = planned(id(2), Err(parking()));
    store.record_plans(vec![parked], None, at(0)).await.unwrap();
    for submission in [id(1), id(2)] {
        record_plan(store, submission, job_in(Lane::Sync, &["b"]), 1).await;
    }
    accept(store, 3, 2).await;
    let twice = |lane| planned(id(3), Ok(job_in(lane, &["c"])));
    store.record_plans(vec![twice(Lane::Event), twice(Lane::Bulk)], None, at(2)).await.unwrap();
    let lanes: Vec<Lane> = claim(store, 2).await.iter().map(|job| job.lane).collect();
    assert_eq!(lanes, [Lane::Interactive, Lane::Event]);
    assert_eq!(story(store, id(2)).await.progress, Progress::Parked);
}

/// The other plans of the call are kept.
pub async fn a_plan_for_an_unknown_submission_is_ignored(store: &dyn Store) {
    accept(store, 1, 0).await;
    let plans = [9, 1].map(|number| planned(id(number), Ok(job(&["a"]))));
    store.record_plans(plans.into(), None, at(0)).await.unwrap();
    assert_eq!(submissions(&claim(store, 0).await), [id(1)]);
}

/// Whatever the order in which they were planned.
pub async fn jobs_are_numbered_in_order_of_arrival(store: &dyn Store) {
    for number in [1, 2, 3] {
        accept(store, number, 0).await;
    }
    for number in [3, 1, 2] {
        record_plan(store, id(number), job(&[]), 0).await;
    }
    let jobs = store.jobs(JobFilter::default()).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.submission).collect::<Vec<_>>(), [id(3), id(2), id(1)]);
}

/// Within one call: who came first is first in the queue of the identity they share.
pub async fn plans_handed_over_in_disorder_are_queued_in_order_of_arrival(store: &dyn Store) {
    for number in [1, 2, 3] {
        accept(store, number, 0).await;
    }
    let plans = [3, 2, 1].map(|number| planned(id(number), Ok(job(&["a"]))));
    store.record_plans(plans.into(), None, at(0)).await.unwrap();
    for number in [1, 2, 3] {
        let next = claim_one(store, 0).await;
        assert_eq!(next.submission, id(number));
        finish(store, &next, 0).await;
    }
}

/// Those who push need not poll.
pub async fn a_plan_is_signalled(store: &dyn Store) {
    accept(store, 1, 0).await;
    assert!(work_is_signalled(store).await, "the submission");
    record_plan(store, id(1), job(&[]), 0).await;
    assert!(work_is_signalled(store).await, "the plan");
}
