//! Submissions, jobs and turns to test with. Numbers name things; moments are seconds from an arbitrary start.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::identity::IdentityKey;
use leadgate_core::job::{JobState, Outcome};
use leadgate_core::lane::Lane;
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{KnownRecord, RecordKind, RecordRef};
use leadgate_core::steps::{NoteStep, ParkReason, Parking, StageStep, Step, StepEffect, StepTarget};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use uuid::Uuid;

use crate::Store;
use crate::model::{
    AcceptOutcome, Attempt, BudgetToKeep, ClaimRequest, ClaimedJob, Dedupe, Digest, Lease, NewJob, NewSubmission,
    PlannedSubmission, SubmissionStory, Then, TurnOutcome, TurnRecord,
};

/// How long leases taken by [`claim`] last, in seconds.
pub const LEASE: i64 = 60;

/// How long a signal may take; only a failing test waits for so long.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A moment.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

/// The id of the submission with that number.
pub fn id(number: u64) -> SubmissionId {
    SubmissionId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(number)))
}

/// A digest.
pub fn digest(number: u64) -> Digest {
    u128::from(number).to_be_bytes()
}

/// A submission that repeats nothing.
pub fn submission(number: u64) -> NewSubmission {
    let body = format!("{{\"number\":{number}}}").into_bytes();
    let dedupe = Dedupe::Content { content: digest(number), within: SignedDuration::from_secs(60) };
    NewSubmission { id: id(number), raw: RawSubmission::new(Route::Lead, None, body), dedupe, lane: Lane::Interactive }
}

/// The same in another lane.
pub fn submission_in(lane: Lane, number: u64) -> NewSubmission {
    NewSubmission { lane, ..submission(number) }
}

/// A submission under a caller's key, which is remembered for 60 seconds.
pub fn keyed(number: u64, key: u64, body: u64) -> NewSubmission {
    let within = SignedDuration::from_secs(60);
    NewSubmission { dedupe: Dedupe::Key { key: digest(key), body: digest(body), within }, ..submission(number) }
}

/// When the next job of any lane is due or the next lease expires.
pub async fn next_due(store: &dyn Store) -> Option<Timestamp> {
    store.next_due_by_lane().await.unwrap().into_iter().flatten().min()
}

/// Accepts a submission that is new.
pub async fn accept(store: &dyn Store, number: u64, seconds: i64) -> SubmissionId {
    assert_eq!(store.accept(submission(number), at(seconds)).await.unwrap(), AcceptOutcome::Accepted);
    id(number)
}

/// An identity.
pub fn key(name: &str) -> IdentityKey {
    IdentityKey::from_stored(name.to_owned())
}

/// A state with two steps, at the first.
pub fn state() -> JobState {
    let record = RecordRef { kind: RecordKind::Deal, id: 7 };
    let steps = vec![
        Step::MoveDeal(StageStep::new(7, "Trial Active".to_owned())),
        Step::AddNote(NoteStep::new(StepTarget::Record(record), "moved".to_owned())),
    ];
    JobState::of(steps)
}

/// The state of a job that may have written something.
pub fn state_that_wrote() -> JobState {
    JobState { wrote: true, ..state() }
}

/// An interactive job of these identities.
pub fn job(keys: &[&str]) -> NewJob {
    let keys = keys.iter().map(|name| key(name)).collect();
    NewJob { state: state(), keys, recalls: Vec::new(), lane: Lane::Interactive }
}

/// The same in another lane.
pub fn job_in(lane: Lane, keys: &[&str]) -> NewJob {
    NewJob { lane, ..job(keys) }
}

/// A submission and its job, or why there is none; nothing else changes.
pub fn planned(submission: SubmissionId, job: Result<NewJob, Parking>) -> PlannedSubmission {
    PlannedSubmission { submission, job, effects: PlanEffects::default() }
}

/// Accepts a submission and plans that job for it, both at the start.
pub async fn plan(store: &dyn Store, number: u64, job: NewJob) -> SubmissionId {
    let submission = accept(store, number, 0).await;
    record_plan(store, submission, job, 0).await;
    submission
}

/// Plans that job for a submission.
pub async fn record_plan(store: &dyn Store, submission: SubmissionId, job: NewJob, seconds: i64) {
    store.record_plans(vec![planned(submission, Ok(job))], None, at(seconds)).await.unwrap();
}

/// A request for up to 100 jobs of each lane; what was learned in the last 1,000 seconds is recalled.
pub fn request(worker: &str, seconds: i64) -> ClaimRequest {
    ClaimRequest {
        worker: worker.to_owned(),
        now: at(seconds),
        lease_until: at(seconds + LEASE),
        per_lane: [100; 4],
        packable_per_lane: [100; 4],
        wide_per_lane: [100; 4],
        new_per_lane: [0; 4],
        known_since: at(seconds - 1_000),
    }
}

/// Claims as the worker `one`.
pub async fn claim(store: &dyn Store, seconds: i64) -> Vec<ClaimedJob> {
    store.claim_due(request("one", seconds)).await.unwrap()
}

/// Claims what must be exactly one job.
pub async fn claim_one(store: &dyn Store, seconds: i64) -> ClaimedJob {
    let mut claimed = claim(store, seconds).await;
    assert_eq!(claimed.len(), 1, "one job is due: {claimed:?}");
    claimed.remove(0)
}

/// The submissions of claimed jobs, in order.
pub fn submissions(claimed: &[ClaimedJob]) -> Vec<SubmissionId> {
    claimed.iter().map(|job| job.submission).collect()
}

/// The job of a submission among claimed ones.
pub fn of(claimed: &[ClaimedJob], submission: SubmissionId) -> &ClaimedJob {
    claimed.iter().find(|job| job.submission == submission).unwrap()
}

/// A turn that changed nothing.
pub fn turn(job: &ClaimedJob, then: Then) -> TurnRecord {
    turn_under(job.lease, then)
}

/// A turn under that lease.
pub fn turn_under(lease: Lease, then: Then) -> TurnRecord {
    TurnRecord { lease, state: state(), attempt: None, effects: Vec::new(), add_key: None, then }
}

/// Records one turn.
pub async fn record(store: &dyn Store, turn: TurnRecord, seconds: i64) -> TurnOutcome {
    let outcomes = store.finish_turns(vec![turn], None, at(seconds)).await.unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes[0]
}

/// Finishes a job.
pub async fn finish(store: &dyn Store, job: &ClaimedJob, seconds: i64) {
    let turn = turn(job, Then::Finished(Outcome::default()));
    assert_eq!(record(store, turn, seconds).await, TurnOutcome::Recorded);
}

/// Parks a job.
pub async fn park(store: &dyn Store, job: &ClaimedJob, seconds: i64) {
    assert_eq!(record(store, turn(job, Then::Parked(parking())), seconds).await, TurnOutcome::Recorded);
}

/// A reason to park.
pub fn parking() -> Parking {
    Parking {
        reason: ParkReason::UnknownName,
        message: "the account has no stage of that name".to_owned(),
        valid: vec!["New".to_owned(), "Won".to_owned()],
    }
}

/// A request that was made at that moment.
pub fn attempt(call: &str, seconds: i64) -> Attempt {
    Attempt {
        call: call.to_owned(),
        at: at(seconds),
        took_ms: 120,
        status: Some(200),
        class: "ok".to_owned(),
        cost_milli: 1_000,
        message: None,
    }
}

/// A contact with fields that have values.
pub fn known(contact: i64, filled: &[&str]) -> KnownRecord {
    let record = RecordRef { kind: RecordKind::Contact, id: contact };
    KnownRecord { record, filled: filled.iter().map(|name| (*name).to_owned()).collect() }
}

/// An effect that teaches one identity.
pub fn learned(name: &str, known: KnownRecord) -> StepEffect {
    StepEffect { learned: vec![(key(name), known)], ..StepEffect::default() }
}

/// The story of a submission that is there.
pub async fn story(store: &dyn Store, submission: SubmissionId) -> SubmissionStory {
    store.story(submission).await.unwrap().unwrap()
}

/// Whether work is signalled.
pub async fn work_is_signalled(store: &dyn Store) -> bool {
    tokio::time::timeout(PATIENCE, store.signals().work()).await.is_ok()
}

/// A budget that is kept whatever there is.
pub fn budget(value: i64) -> BudgetToKeep {
    BudgetToKeep { seen: None, value: value.into() }
}
