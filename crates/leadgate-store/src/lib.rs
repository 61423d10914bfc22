//! What the gateway needs of a database, in the gateway's words.
//!
//! A method of [`Store`] is one finished business transaction: when it returns, either all of it is durable or none of it happened. No
//! transaction handle crosses the trait, `now` is always an argument, and there is no SQL here. Each backend writes its own.
//!
//! * [`accounts`] says which accounts there are, and opens the store of each;
//! * [`deliveries`] is the queue of what goes elsewhere than to the CRM, a trait of its own;
//! * [`duties`] are what one of several instances does for all, a trait of their own;
//! * [`erasure`] forgets a person, a trait of its own;
//! * [`imports`] are files whose rows became submissions, a trait of their own;
//! * [`instances`] says which of several instances live, a trait of its own;
//! * [`model`] holds what goes in and comes out;
//! * [`scopes`] says what an app key may do;
//! * [`retention`] says what of the past may be removed;
//! * [`signals`] wakes those who wait in this process; other processes poll;
//! * [`stored`] is how backends write down what they keep as JSON;
//! * [`stretch`] lets others have the thread while many rows are looked at;
//! * [`transfer`] carries a store over to one of another kind;
//! * `conformance` (feature `testing`) is the suite that every backend must pass.

pub mod accounts;
#[cfg(feature = "testing")]
pub mod conformance;
pub mod deliveries;
pub mod duties;
pub mod erasure;
pub mod imports;
pub mod instances;
pub mod model;
pub mod retention;
pub mod scopes;
pub mod signals;
pub mod stored;
pub mod stretch;
pub mod transfer;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section, SectionRead};
use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Mirrored, Tally};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::routing::RoutingState;
use leadgate_core::submission::SubmissionId;
use serde_json::Value;

use crate::deliveries::DeliveryStore;
use crate::duties::DutyStore;
use crate::erasure::ErasureStore;
use crate::imports::ImportStore;
use crate::instances::InstanceStore;
use crate::model::{
    AcceptOutcome, AppKey, BudgetExchange, BudgetToKeep, ClaimRequest, ClaimedJob, InboxEntry, JobFilter, JobId,
    JobSummary, KeptBudget, Lease, NewSubmission, PlannedSubmission, QueueStats, ReleaseOutcome, SeenChange,
    SubmissionEntry, SubmissionFilter, SubmissionStory, TurnOutcome, TurnRecord,
};
use crate::retention::{OldRows, RemovedRows};
use crate::signals::Signals;

/// Why a transaction did not happen. Nothing of it was kept.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk is full. Free some space; nothing was lost.
    #[error("the disk that holds the store is full; free some space and send again")]
    DiskFull,
    /// The database cannot be reached or is locked by another process.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A stored value cannot be read back.
    #[error("the store holds a {what} that cannot be read: {why}")]
    Corrupt {
        /// Which kind of value.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The database was written by a newer version.
    #[error(
        "the store was written by a newer version of leadgate (schema {found}, this one knows {known}); upgrade leadgate"
    )]
    TooNew {
        /// The schema found.
        found: i64,
        /// The newest schema known.
        known: i64,
    },
}

/// The gateway's memory.
#[async_trait]
pub trait Store:
    DeliveryStore + DutyStore + InstanceStore + ImportStore + ErasureStore + Send + Sync + 'static
{
    /// Keeps a submission, unless it is a repeat. Durable before it returns.
    ///
    /// Concurrent repeats are told apart: exactly one of them is [`AcceptOutcome::Accepted`].
    async fn accept(&self, submission: NewSubmission, now: Timestamp) -> Result<AcceptOutcome, StoreError>;

    /// Keeps several submissions in order, all of them or, on an error, none. Durable before it returns; one outcome for each, in order.
    ///
    /// One that repeats an earlier one of the same call is a repeat like any other.
    async fn accept_many(
        &self,
        submissions: Vec<NewSubmission>,
        now: Timestamp,
    ) -> Result<Vec<AcceptOutcome>, StoreError>;

    /// The whole story of a submission.
    async fn story(&self, id: SubmissionId) -> Result<Option<SubmissionStory>, StoreError>;

    /// Submissions that have no plan yet: the most urgent lane first, each lane in order of arrival and so many of it at most, by
    /// [`Lane::rank`](leadgate_core::lane::Lane::rank).
    async fn unplanned(&self, per_lane: [u32; 4]) -> Result<Vec<InboxEntry>, StoreError>;

    /// Profiles of people by their keys; of those that there are none of, none.
    async fn profiles(&self, keys: Vec<String>) -> Result<BTreeMap<String, Value>, StoreError>;

    /// Keeps plans as jobs, and in the same transaction what they change besides; of the states of routing the last that came with a plan that was
    /// kept. A plan that was made from a record of the mirror that is not so
    /// any more is not kept: its submission stays unplanned.
    /// What cannot be planned becomes a parked job without steps in the lane of its submission. A submission that was planned meanwhile is left alone.
    /// Returns the submissions whose plans were kept.
    ///
    /// `planner` is the worker that plans where several might: nothing is kept if it does not hold [`duties::PLANNING`] any more.
    async fn record_plans(
        &self,
        plans: Vec<PlannedSubmission>,
        planner: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<SubmissionId>, StoreError>;

    /// Leases due jobs, the most urgent lane first, then in order of arrival.
    ///
    /// Of jobs that share an identity only the one that was planned first is ever leased; the others wait until it is finished or parked.
    /// Within a lane that is the one that came first.
    async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<ClaimedJob>, StoreError>;

    /// Records what came of turns, all in one transaction, together with the budget as it now stands; but for a budget that is not the one that
    /// was seen any more: then the turns are recorded without it.
    ///
    /// A turn whose lease was lost meanwhile is not recorded, not even its effects.
    async fn finish_turns(
        &self,
        turns: Vec<TurnRecord>,
        budget: Option<BudgetToKeep>,
        now: Timestamp,
    ) -> Result<Vec<TurnOutcome>, StoreError>;

    /// Gives up all leases of a worker, who is known to be dead, or of all workers, so that their jobs are due at once and marked as abandoned.
    /// Returns how many.
    async fn abandon_leases(&self, worker: Option<&str>, now: Timestamp) -> Result<u64, StoreError>;

    /// The same for a worker who lives, of all leases but those that it has in hand: of what it claimed it may not have heard. Returns how many.
    async fn abandon_others(&self, worker: &str, in_hand: Vec<Lease>, now: Timestamp) -> Result<u64, StoreError>;

    /// When in each lane, by [`Lane::rank`](leadgate_core::lane::Lane::rank), the next job is due or the next lease expires; `None` where there is
    /// nothing to wait for.
    async fn next_due_by_lane(&self) -> Result<[Option<Timestamp>; 4], StoreError>;

    /// Jobs, the youngest first.
    async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobSummary>, StoreError>;

    /// Makes a parked job due again, its failures forgotten. It waits its turn behind younger jobs of the same identity.
    /// A job without steps, whose submission could not be planned, is gone instead: its submission is planned anew.
    async fn release(&self, job: JobId, now: Timestamp) -> Result<ReleaseOutcome, StoreError>;

    /// Releases every parked job, the oldest first, and returns how many. What cannot be read stays parked.
    ///
    /// Many are released in several transactions, so that nobody has to wait for all of them; after a failure those released so far stay so.
    async fn release_all(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Every section of the catalog that was kept.
    async fn catalog(&self) -> Result<Catalog, StoreError>;

    /// Keeps a section of the catalog.
    async fn put_section(&self, section: Section, read: SectionRead) -> Result<(), StoreError>;

    /// The budget as it was last kept.
    async fn budget(&self) -> Result<KeptBudget, StoreError>;

    /// Keeps a budget in place of the one that was seen, if that is still the one that is kept.
    async fn exchange_budget(&self, seen: i64, value: Value) -> Result<BudgetExchange, StoreError>;

    /// Whose turn it is, as it was last kept with plans.
    async fn routing(&self) -> Result<RoutingState, StoreError>;

    /// Submissions since a moment in order of arrival, with where their jobs stand.
    async fn submissions(&self, filter: SubmissionFilter) -> Result<Vec<SubmissionEntry>, StoreError>;

    /// The app keys that open the gateway.
    async fn app_keys(&self) -> Result<Vec<AppKey>, StoreError>;

    /// Adds an app key; one of the same name is replaced.
    async fn put_app_key(&self, key: AppKey, now: Timestamp) -> Result<(), StoreError>;

    /// How much waits, for metrics and readiness.
    async fn stats(&self, now: Timestamp) -> Result<QueueStats, StoreError>;

    /// Whether there is room for what may come next: writes some space beside the data and takes it back. Nothing of it stays.
    ///
    /// [`StoreError::DiskFull`] and [`StoreError::Unavailable`] mean that [`Store::accept`] would most likely fail too, for want of room or because nothing
    /// is written any more.
    async fn check_room(&self) -> Result<(), StoreError>;

    /// Those of the records that the mirror has, in any order.
    async fn mirrored(&self, records: Vec<RecordRef>) -> Result<Vec<Mirrored>, StoreError>;

    /// Puts records into the mirror that are not in it. Those that are stay as they are. Returns how many were put in.
    async fn fill_mirror(&self, records: Vec<Mirrored>) -> Result<u64, StoreError>;

    /// Changes that were seen behind the one of that number, in the order in which they were seen; from the first for 0.
    async fn changes(&self, after: i64, limit: u32) -> Result<Vec<SeenChange>, StoreError>;

    /// How many changes of each kind of record were seen how; kinds without any are left out.
    async fn tallies(&self) -> Result<Vec<(RecordKind, Tally)>, StoreError>;

    /// How far the watch over each kind of record has come.
    async fn watches(&self) -> Result<Vec<(RecordKind, WatchState)>, StoreError>;

    /// Keeps how far the watch over a kind of record has come, if it is still where it was `seen`; `None` if there was none. Returns whether it
    /// was kept.
    async fn put_watch(
        &self,
        kind: RecordKind,
        seen: Option<WatchState>,
        state: WatchState,
    ) -> Result<bool, StoreError>;

    /// The notification that was accepted last.
    async fn latest_notification(&self) -> Result<Option<InboxEntry>, StoreError>;

    /// Removes what is old and has ended, so much of each kind at most. What is open or parked stays, and so does a submission that a repeat would be
    /// recognised by or that a change names, and the youngest of what is numbered. Nothing that is known of an identity goes.
    async fn remove_old(&self, old: OldRows) -> Result<RemovedRows, StoreError>;

    /// Where this process hears of work and of ends.
    fn signals(&self) -> &Signals;
}
