//! A store in memory. What the web side asks of it is real; the end of a submission is what the test says it is.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section, SectionRead};
use leadgate_core::intake::{self, ReadingRules};
use leadgate_core::job::{JobState, Outcome};
use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Mirrored, Tally};
use leadgate_core::plan::{self, PlanContext, PlanMemory};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::routing::RoutingState;
use leadgate_core::steps::Parking;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::deliveries::DeliveryStory;
use leadgate_store::model::{
    AcceptOutcome, AppKey, BudgetExchange, BudgetToKeep, ClaimRequest, ClaimedJob, Dedupe, InboxEntry, JobFilter,
    JobId, JobStory, JobSummary, KeptBudget, Lease, NewSubmission, PlannedSubmission, Progress, QueueStats,
    ReleaseOutcome, SeenChange, SubmissionEntry, SubmissionFilter, SubmissionStory, TurnOutcome, TurnRecord,
};
use leadgate_store::retention::{OldRows, RemovedRows};
use leadgate_store::signals::Signals;
use leadgate_store::{Store, StoreError};
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

/// How a submission ends.
#[derive(Clone)]
pub(crate) enum End {
    Done(Outcome),
    Parked(Parking),
}

/// What goes wrong in every call.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    DiskFull,
    Unavailable,
    Corrupt,
    Panic,
    Hangs,
    /// Accepting works, reading does not.
    NoReading,
    /// What is there can be read, but nothing can be added.
    NoRoom,
}

struct Row {
    story: SubmissionStory,
    dedupe: Dedupe,
}

#[derive(Default)]
struct Rows {
    by_id: HashMap<SubmissionId, Row>,
    in_order: Vec<SubmissionId>,
}

pub(crate) struct MemoryStore {
    rows: Mutex<Rows>,
    signals: Signals,
    count: watch::Sender<usize>,
    at_once: Mutex<Option<End>>,
    trouble: Mutex<Option<Trouble>>,
    pub(crate) deliveries: Mutex<Vec<DeliveryStory>>,
    /// How many stories were read.
    pub(crate) reads: AtomicUsize,
    /// How often room was looked for.
    pub(crate) looks_for_room: AtomicUsize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStore {
            rows: Mutex::default(),
            signals: Signals::default(),
            count: watch::Sender::new(0),
            at_once: Mutex::default(),
            trouble: Mutex::default(),
            deliveries: Mutex::default(),
            reads: AtomicUsize::new(0),
            looks_for_room: AtomicUsize::new(0),
        }
    }
}

impl MemoryStore {
    /// From now on every submission ends like this as soon as it is kept.
    pub(crate) fn end_all(&self, end: End) {
        *self.at_once.lock().unwrap() = Some(end);
    }

    /// From now on every call goes wrong like this.
    pub(crate) fn trouble(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = Some(trouble);
    }

    /// The id of the submission that is kept as number `count`, once it is.
    pub(crate) async fn arrival(&self, count: usize) -> SubmissionId {
        self.count.subscribe().wait_for(|kept| *kept >= count).await.unwrap();
        self.rows().in_order[count - 1]
    }

    /// How many are kept.
    pub(crate) fn kept(&self) -> usize {
        self.rows().in_order.len()
    }

    pub(crate) fn raw(&self, id: SubmissionId) -> RawSubmission {
        self.rows().by_id[&id].story.raw.clone()
    }

    pub(crate) fn dedupe(&self, id: SubmissionId) -> Dedupe {
        self.rows().by_id[&id].dedupe
    }

    /// Ends a submission and wakes those who wait.
    pub(crate) fn end(&self, id: SubmissionId, end: End) {
        apply(&mut self.rows().by_id.get_mut(&id).unwrap().story, end);
        self.signals.ended(id);
    }

    /// Ends a submission without telling anyone, like another process.
    pub(crate) fn end_silently(&self, id: SubmissionId, end: End) {
        apply(&mut self.rows().by_id.get_mut(&id).unwrap().story, end);
    }

    /// Changes a story as the engine would.
    pub(crate) fn change(&self, id: SubmissionId, change: impl FnOnce(&mut SubmissionStory)) {
        change(&mut self.rows().by_id.get_mut(&id).unwrap().story);
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    async fn check(&self) -> Result<(), StoreError> {
        let trouble = *self.trouble.lock().unwrap();
        match trouble {
            None | Some(Trouble::NoReading | Trouble::NoRoom) => Ok(()),
            Some(Trouble::DiskFull) => Err(StoreError::DiskFull),
            Some(Trouble::Unavailable) => Err(StoreError::Unavailable("secret-cause".to_owned())),
            Some(Trouble::Corrupt) => Err(StoreError::Corrupt { what: "budget", why: "secret-cause".to_owned() }),
            Some(Trouble::Panic) => panic!("secret-cause"),
            Some(Trouble::Hangs) => std::future::pending().await,
        }
    }
}

/// The job that a submission's plan makes.
pub(crate) fn job_of(raw: &RawSubmission) -> JobStory {
    let submission = intake::read(raw, &ReadingRules::default()).unwrap();
    let (catalog, rules) = (Catalog::default(), ReadingRules::default());
    let context = PlanContext::new(SubmissionId(Uuid::nil()), Timestamp::UNIX_EPOCH, &catalog, &rules);
    let plan = plan::derive(&submission, &context, &mut PlanMemory::default()).plan;
    JobStory {
        id: JobId(1),
        lane: plan.lane,
        state: JobState::new(&plan),
        due_at: None,
        outcome: None,
        ended_at: None,
        attempts: Vec::new(),
    }
}

fn apply(story: &mut SubmissionStory, end: End) {
    let job = story.job.get_or_insert_with(|| job_of(&story.raw));
    match end {
        End::Done(outcome) => {
            story.progress = Progress::Done;
            job.state.current = job.state.steps.len();
            job.outcome = Some(outcome);
            job.ended_at = Some(story.accepted_at);
        }
        End::Parked(parking) => {
            story.progress = Progress::Parked;
            story.parking = Some(parking);
        }
    }
}

fn outcome_of_repeat(row: &Row, new: &NewSubmission, now: Timestamp) -> Option<AcceptOutcome> {
    let age = now.duration_since(row.story.accepted_at);
    match (row.dedupe, new.dedupe) {
        (Dedupe::Key { key: first, body, .. }, Dedupe::Key { key, body: again, within })
            if first == key && age < within =>
        {
            let id = row.story.id;
            Some(if body == again { AcceptOutcome::Repeat(id) } else { AcceptOutcome::KeyReused(id) })
        }
        (Dedupe::Content { content: first, .. }, Dedupe::Content { content, within })
            if first == content && age < within =>
        {
            Some(AcceptOutcome::Repeat(row.story.id))
        }
        _ => None,
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn accept(&self, submission: NewSubmission, now: Timestamp) -> Result<AcceptOutcome, StoreError> {
        self.check().await?;
        let end = self.at_once.lock().unwrap().clone();
        let mut rows = self.rows();
        for row in rows.by_id.values_mut() {
            if let Some(outcome) = outcome_of_repeat(row, &submission, now) {
                row.story.repeats += u32::from(matches!(outcome, AcceptOutcome::Repeat(_)));
                return Ok(outcome);
            }
        }
        let id = submission.id;
        let mut story = SubmissionStory {
            id,
            raw: submission.raw,
            accepted_at: now,
            progress: Progress::Received,
            repeats: 0,
            job: None,
            parking: None,
        };
        end.into_iter().for_each(|end| apply(&mut story, end));
        rows.by_id.insert(id, Row { story, dedupe: submission.dedupe });
        rows.in_order.push(id);
        self.count.send_replace(rows.in_order.len());
        Ok(AcceptOutcome::Accepted)
    }

    async fn accept_many(
        &self,
        submissions: Vec<NewSubmission>,
        now: Timestamp,
    ) -> Result<Vec<AcceptOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(submissions.len());
        for submission in submissions {
            outcomes.push(self.accept(submission, now).await?);
        }
        Ok(outcomes)
    }

    async fn story(&self, id: SubmissionId) -> Result<Option<SubmissionStory>, StoreError> {
        self.check().await?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        if *self.trouble.lock().unwrap() == Some(Trouble::NoReading) {
            return Err(StoreError::Unavailable("secret-cause".to_owned()));
        }
        Ok(self.rows().by_id.get(&id).map(|row| row.story.clone()))
    }

    async fn submissions(&self, filter: SubmissionFilter) -> Result<Vec<SubmissionEntry>, StoreError> {
        self.check().await?;
        let rows = self.rows();
        let stories = rows.in_order.iter().map(|id| &rows.by_id[id].story);
        let after = stories.skip_while(|story| filter.after.is_some_and(|after| story.id != after));
        let after = after.skip(usize::from(filter.after.is_some())).filter(|story| story.accepted_at >= filter.since);
        let listed = after.filter(|story| filter.routes.is_empty() || filter.routes.contains(&story.raw.route));
        let entry = |story: &SubmissionStory| SubmissionEntry {
            id: story.id,
            raw: story.raw.clone(),
            accepted_at: story.accepted_at,
            state: story.job.as_ref().map(|job| job.state.clone()),
        };
        Ok(listed.take(filter.limit as usize).map(entry).collect())
    }

    async fn budget(&self) -> Result<KeptBudget, StoreError> {
        self.check().await?;
        Ok(KeptBudget::default())
    }

    async fn exchange_budget(&self, _: i64, _: Value) -> Result<BudgetExchange, StoreError> {
        unreachable!("only the engine keeps a budget")
    }

    async fn check_room(&self) -> Result<(), StoreError> {
        self.check().await?;
        self.looks_for_room.fetch_add(1, Ordering::Relaxed);
        if *self.trouble.lock().unwrap() == Some(Trouble::NoRoom) { Err(StoreError::DiskFull) } else { Ok(()) }
    }

    fn signals(&self) -> &Signals {
        &self.signals
    }

    async fn release_all(&self, _: Timestamp) -> Result<u64, StoreError> {
        self.check().await?;
        let mut rows = self.rows();
        let parked = rows.by_id.values_mut().map(|row| &mut row.story).filter(|row| row.progress == Progress::Parked);
        let released = parked.map(|story| {
            story.progress = Progress::Working;
            story.parking = None;
        });
        Ok(released.count() as u64)
    }

    // The rest is the engine's and the operator's. That the web side calls none of it is part of what these tests show.

    async fn unplanned(&self, _: [u32; 4]) -> Result<Vec<InboxEntry>, StoreError> {
        unreachable!("only the engine plans")
    }

    async fn profiles(&self, _: Vec<String>) -> Result<BTreeMap<String, Value>, StoreError> {
        unreachable!("only the engine plans")
    }

    async fn record_plans(
        &self,
        _: Vec<PlannedSubmission>,
        _: Option<&str>,
        _: Timestamp,
    ) -> Result<Vec<SubmissionId>, StoreError> {
        unreachable!("only the engine plans")
    }

    async fn claim_due(&self, _: ClaimRequest) -> Result<Vec<ClaimedJob>, StoreError> {
        unreachable!("only the engine claims jobs")
    }

    async fn finish_turns(
        &self,
        _: Vec<TurnRecord>,
        _: Option<BudgetToKeep>,
        _: Timestamp,
    ) -> Result<Vec<TurnOutcome>, StoreError> {
        unreachable!("only the engine makes turns")
    }

    async fn abandon_others(&self, _: &str, _: Vec<Lease>, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("the web never asks for this")
    }

    async fn abandon_leases(&self, _: Option<&str>, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("only the engine holds leases")
    }

    async fn next_due_by_lane(&self) -> Result<[Option<Timestamp>; 4], StoreError> {
        unreachable!("only the engine waits for jobs")
    }

    async fn jobs(&self, _: JobFilter) -> Result<Vec<JobSummary>, StoreError> {
        unreachable!("only the operator lists jobs")
    }

    async fn release(&self, _: JobId, _: Timestamp) -> Result<ReleaseOutcome, StoreError> {
        unreachable!("only the operator releases jobs")
    }

    async fn catalog(&self) -> Result<Catalog, StoreError> {
        unreachable!("only the engine reads names")
    }

    async fn put_section(&self, _: Section, _: SectionRead) -> Result<(), StoreError> {
        unreachable!("only the engine keeps names")
    }

    async fn routing(&self) -> Result<RoutingState, StoreError> {
        unreachable!("only the engine routes leads")
    }

    async fn app_keys(&self) -> Result<Vec<AppKey>, StoreError> {
        unreachable!("keys are loaded by whoever starts the process")
    }

    async fn put_app_key(&self, _: AppKey, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("keys are added by the operator")
    }

    async fn stats(&self, _: Timestamp) -> Result<QueueStats, StoreError> {
        unreachable!("the queue is measured by whoever starts the process")
    }

    async fn latest_notification(&self) -> Result<Option<InboxEntry>, StoreError> {
        let rows = self.rows();
        let mut stories = rows.in_order.iter().rev().map(|id| &rows.by_id[id].story);
        let latest = stories.find(|story| story.raw.route == Route::Notification);
        Ok(latest.map(|story| InboxEntry { id: story.id, raw: story.raw.clone(), accepted_at: story.accepted_at }))
    }

    async fn mirrored(&self, _: Vec<RecordRef>) -> Result<Vec<Mirrored>, StoreError> {
        unreachable!("only the engine compares")
    }

    async fn fill_mirror(&self, _: Vec<Mirrored>) -> Result<u64, StoreError> {
        unreachable!("only the engine looks at the CRM")
    }

    async fn changes(&self, _: i64, _: u32) -> Result<Vec<SeenChange>, StoreError> {
        unreachable!("nobody asks for changes over HTTP")
    }

    async fn tallies(&self) -> Result<Vec<(RecordKind, Tally)>, StoreError> {
        unreachable!("changes are counted by whoever starts the process")
    }

    async fn watches(&self) -> Result<Vec<(RecordKind, WatchState)>, StoreError> {
        unreachable!("only the engine looks at the CRM")
    }

    async fn remove_old(&self, _: OldRows) -> Result<RemovedRows, StoreError> {
        unreachable!("only the engine removes what is old")
    }

    async fn put_watch(&self, _: RecordKind, _: Option<WatchState>, _: WatchState) -> Result<bool, StoreError> {
        unreachable!("only the engine looks at the CRM")
    }
}
