//! What goes into a store and comes out of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::identity::IdentityKey;
use leadgate_core::job::{JobState, Outcome};
use leadgate_core::lane::Lane;
use leadgate_core::mirror::Change;
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::KnownRecord;
use leadgate_core::steps::{Parking, StepEffect};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scopes::Scopes;

/// The first 16 bytes of a SHA-256.
pub type Digest = [u8; 16];

/// A submission to keep.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// Its id, new.
    pub id: SubmissionId,
    /// What came in.
    pub raw: RawSubmission,
    /// What it is recognised by.
    pub dedupe: Dedupe,
    /// How urgent its plan is. What arrived later in a more urgent lane is planned first.
    pub lane: Lane,
}

/// What a repeat is recognised by, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dedupe {
    /// The caller named it with an idempotency key.
    Key {
        /// Digest of the caller, the route and the key.
        key: Digest,
        /// Digest of the body: the same key with another body is a mistake of the caller.
        body: Digest,
        /// How long the key is remembered.
        within: SignedDuration,
    },
    /// No key: by content.
    Content {
        /// Digest of the caller, the route and the body.
        content: Digest,
        /// How long a repeat counts as a retry.
        within: SignedDuration,
    },
}

/// What became of a submission at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptOutcome {
    /// New, and kept.
    Accepted,
    /// A repeat of this one; nothing was kept.
    Repeat(SubmissionId),
    /// The key was used for this one with another body; nothing was kept.
    KeyReused(SubmissionId),
}

/// A submission that waits for its plan.
#[derive(Clone, Debug)]
pub struct InboxEntry {
    /// Its id.
    pub id: SubmissionId,
    /// What came in.
    pub raw: RawSubmission,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// A submission and its plan.
#[derive(Clone, Debug)]
pub struct PlannedSubmission {
    /// Which submission.
    pub submission: SubmissionId,
    /// The job to make of it, or why there is none.
    pub job: Result<NewJob, Parking>,
    /// What the plan changes besides.
    pub effects: PlanEffects,
}

/// A job to keep.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The plan at its beginning.
    pub state: JobState,
    /// The identities it is ordered by.
    pub keys: Vec<IdentityKey>,
    /// The identities it wants to be told about.
    pub recalls: Vec<IdentityKey>,
    /// How urgent it is.
    pub lane: Lane,
}

/// Names a job. Ascending in order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl std::fmt::Display for JobId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Which jobs to lease.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Who leases: one name per process.
    pub worker: String,
    /// The present moment.
    pub now: Timestamp,
    /// When the leases end.
    pub lease_until: Timestamp,
    /// How many of each lane at most whose next call is made alone, by [`Lane::rank`].
    pub per_lane: [u32; 4],
    /// How many of each lane at most whose next call can be packed with a page of others ([`JobState::packing`]).
    pub packable_per_lane: [u32; 4],
    /// How many of each lane at most whose next call can be packed with many pages of others.
    pub wide_per_lane: [u32; 4],
    /// How many more of each lane at most that were never leased before. They may need no request at all.
    pub new_per_lane: [u32; 4],
    /// Identities learned before this moment are not recalled.
    pub known_since: Timestamp,
}

/// The right to make the next call of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease {
    /// Of which job.
    pub job: JobId,
    /// Counts the leases of that job: one that was lost is never mistaken for its successor.
    pub number: i64,
}

/// A leased job, with what the store remembers of its identities.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// The lease.
    pub lease: Lease,
    /// Its submission.
    pub submission: SubmissionId,
    /// When that was accepted.
    pub accepted_at: Timestamp,
    /// How urgent it is.
    pub lane: Lane,
    /// Where it stands.
    pub state: JobState,
    /// The identities it is ordered by.
    pub keys: Vec<IdentityKey>,
    /// What is remembered of its identities and of those it recalls.
    pub known: BTreeMap<IdentityKey, KnownRecord>,
    /// Notes known to be on records among its keys (keys made by [`IdentityKey::of_record`]).
    pub known_notes: BTreeSet<i64>,
    /// An earlier lease, taken at this moment, ended without a word: its call may have been made.
    pub abandoned_since: Option<Timestamp>,
}

/// What came of a turn.
#[derive(Clone, Debug)]
pub struct TurnRecord {
    /// The lease it was made under.
    pub lease: Lease,
    /// Where the job now stands.
    pub state: JobState,
    /// The request that was made, if one was.
    pub attempt: Option<Attempt>,
    /// What finished steps leave behind.
    pub effects: Vec<StepEffect>,
    /// A further identity that the job is ordered by from now on, behind all who hold it already; but ahead of those among them who wait for
    /// this job themselves, so that jobs never wait for each other in a circle.
    pub add_key: Option<IdentityKey>,
    /// What is next.
    pub then: Then,
}

/// What is next for a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// Another turn, then or later.
    DueAt(Timestamp),
    /// Nothing.
    Finished(Outcome),
    /// A person must look at it.
    Parked(Parking),
}

/// One request made for a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// What was asked, such as `find_person`.
    pub call: String,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The HTTP status, if a reply came.
    pub status: Option<u16>,
    /// `ok`, or the class of the failure.
    pub class: String,
    /// What it cost of the account's budget, in thousandths of a request: a request made for 100 jobs costs each of them 10.
    pub cost_milli: u32,
    /// What the failure said.
    pub message: Option<String>,
}

/// The budget as it is kept, and how often it was kept: two that differ have different revisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptBudget {
    /// 0 while none was kept.
    pub revision: i64,
    /// What the engine made of it.
    pub value: Option<Value>,
}

/// A budget to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetToKeep {
    /// The revision that it was made from, if others might have kept another one meanwhile; `None` keeps it whatever there is.
    pub seen: Option<i64>,
    /// What the engine made of it.
    pub value: Value,
}

/// Whether a budget took the place of the one that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BudgetExchange {
    /// It did, under this revision.
    Kept(i64),
    /// Another was kept meanwhile, and stays.
    Changed(KeptBudget),
}

/// Whether a turn was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnOutcome {
    /// It was.
    Recorded,
    /// The lease was lost; nothing was.
    LeaseLost,
}

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Kept, not yet planned.
    Received,
    /// Planned; at work or waiting.
    Working,
    /// Landed.
    Done,
    /// Needs a person.
    Parked,
}

impl Progress {
    /// Every state.
    pub const ALL: [Progress; 4] = [Progress::Received, Progress::Working, Progress::Done, Progress::Parked];

    /// The name that stores, answers and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Progress::Received => "received",
            Progress::Working => "working",
            Progress::Done => "done",
            Progress::Parked => "parked",
        }
    }

    /// The state with that name.
    pub fn from_name(name: &str) -> Option<Progress> {
        Progress::ALL.into_iter().find(|progress| progress.name() == name)
    }
}

/// The whole story of a submission.
#[derive(Clone, Debug)]
pub struct SubmissionStory {
    /// Which.
    pub id: SubmissionId,
    /// The door it came through and the body.
    pub raw: RawSubmission,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Where it stands.
    pub progress: Progress,
    /// How often it was sent again.
    pub repeats: u32,
    /// Its job, once planned.
    pub job: Option<JobStory>,
    /// Why it needs a person, if it does.
    pub parking: Option<Parking>,
}

/// The job's part of a story.
#[derive(Clone, Debug)]
pub struct JobStory {
    /// Which.
    pub id: JobId,
    /// How urgent.
    pub lane: Lane,
    /// Where it stands.
    pub state: JobState,
    /// When its next turn is due, if one is.
    pub due_at: Option<Timestamp>,
    /// How it ended, if it did.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The requests made for it, in order.
    pub attempts: Vec<Attempt>,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only those in this state.
    pub progress: Option<Progress>,
    /// Only this one.
    pub job: Option<JobId>,
    /// At most so many; 0 for 100.
    pub limit: u32,
}

/// A job in a list.
#[derive(Clone, Debug)]
pub struct JobSummary {
    /// Which.
    pub id: JobId,
    /// Its submission.
    pub submission: SubmissionId,
    /// Where it stands.
    pub progress: Progress,
    /// How urgent.
    pub lane: Lane,
    /// The step at work, or the last one.
    pub step: String,
    /// Failures since that step began.
    pub failures: u32,
    /// When its next turn is due.
    pub due_at: Option<Timestamp>,
    /// When its submission was accepted.
    pub accepted_at: Timestamp,
    /// Why it needs a person, if it does.
    pub parking: Option<Parking>,
}

/// Which submissions to list.
#[derive(Clone, Debug)]
pub struct SubmissionFilter {
    /// Accepted at this moment or later.
    pub since: Timestamp,
    /// Those that arrived after this one, which need not be there any more.
    pub after: Option<SubmissionId>,
    /// Those that came through one of these doors; none for all.
    pub routes: Vec<Route>,
    /// At most so many.
    pub limit: u32,
}

/// A submission in a list.
#[derive(Clone, Debug)]
pub struct SubmissionEntry {
    /// Which.
    pub id: SubmissionId,
    /// What came in.
    pub raw: RawSubmission,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Where its job stands, once it is planned.
    pub state: Option<JobState>,
}

/// Whether a job was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// It is due again.
    Released,
    /// It is not parked.
    NotParked(Progress),
    /// There is no such job.
    NoSuchJob,
}

/// A key that opens the gateway to an app. Only its digest is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppKey {
    /// A name for people.
    pub name: String,
    /// SHA-256 of the key.
    pub digest: [u8; 32],
    /// What it may do.
    pub may: Scopes,
}

/// A change that was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenChange {
    /// Its number, ascending in the order in which changes were seen.
    pub seq: i64,
    /// The notification, or the look at the CRM, that showed it.
    pub submission: SubmissionId,
    /// The change.
    pub change: Change,
}

/// How much waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Submissions without a plan.
    pub unplanned: u64,
    /// Jobs at work or waiting, by [`Lane::rank`].
    pub open_by_lane: [u64; 4],
    /// Jobs that need a person.
    pub parked: u64,
    /// When the oldest submission that has not ended was accepted.
    pub oldest_open: Option<Timestamp>,
}
