//! [`PostgresStore`]: each method of the trait, in a transaction. JSON is written before and read after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section, SectionRead};
use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Mirrored, Tally};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::routing::RoutingState;
use leadgate_core::steps::{ParkReason, Parking};
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{
    AcceptOutcome, AppKey, BudgetExchange, BudgetToKeep, ClaimRequest, ClaimedJob, InboxEntry, JobFilter, JobId,
    JobSummary, KeptBudget, Lease, NewSubmission, PlannedSubmission, QueueStats, ReleaseOutcome, SeenChange,
    SubmissionEntry, SubmissionFilter, SubmissionStory, TurnOutcome, TurnRecord,
};
use leadgate_store::retention::{OldRows, RemovedRows};
use leadgate_store::signals::Signals;
use leadgate_store::stretch::{Stretch, in_stretches};
use leadgate_store::{Store, StoreError};
use serde_json::Value;

use crate::accepting::Accepting;
use crate::announcements::Switchboard;
use crate::columns::to_json;
use crate::config::PostgresConfig;
use crate::error::Failure;
use crate::intake::PreparedSubmission;
use crate::listener::{self, Ear, Listener};
use crate::mirror::PreparedRecord;
use crate::notifier::{Notifier, OwnSession};
use crate::plans::PreparedPlan;
use crate::recording::{self, Record, Recording};
use crate::session::{Connections, Session};
use crate::statistics::Statistics;
use crate::transaction::{Lock, Work, in_snapshot, in_transaction};
use crate::turns::PreparedTurn;
use crate::{claims, intake, listing, mirror, open, plans, profiles, release, retention, room, settings, turns, views};

/// The account that is always there.
const FIRST_ACCOUNT: i64 = 1;

/// The gateway's memory in PostgreSQL, of one account. Cloning it is cheap, and so is [`PostgresStore::for_account`].
#[derive(Clone, Debug)]
pub struct PostgresStore {
    connections: Connections,
    accepting: Accepting,
    recording: Recording,
    statistics: Statistics,
    notifier: Notifier,
    switchboard: Arc<Switchboard>,
    _listener: Arc<Listener>,
    account: i64,
    signals: Arc<Signals>,
}

impl PostgresStore {
    /// Connects, brings the schema up to date and gives the account that is always there, number 1. Needs a runtime of tokio, on which three tasks
    /// go on until the last handle is dropped.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached or refuses; [`StoreError::TooNew`] if a newer leadgate has changed it so
    /// that this one can no longer write.
    pub async fn open(config: PostgresConfig) -> Result<PostgresStore, StoreError> {
        let connections = open::connections(&config)?;
        let listen = open::listen_options(&config)?;
        open::migrate(&config, &connections).await?;
        let switchboard = Arc::new(Switchboard::default());
        let signals = switchboard.of(FIRST_ACCOUNT);
        let own = OwnSession::default();
        let notifier = Notifier::start(connections.clone(), Arc::clone(&own));
        let accepting = Accepting::start(connections.clone(), notifier.clone());
        let _listener = Arc::new(listener::start(listen, Ear { switchboard: Arc::clone(&switchboard), own }));
        Ok(PostgresStore {
            connections,
            accepting,
            recording: Recording::default(),
            statistics: Statistics::default(),
            notifier,
            switchboard,
            _listener,
            account: FIRST_ACCOUNT,
            signals,
        })
    }

    /// The same database for another account. Whether there is one of that number is not looked at.
    pub fn for_account(&self, number: i64) -> PostgresStore {
        PostgresStore { account: number, signals: self.switchboard.of(number), ..self.clone() }
    }

    /// Which account it is of.
    pub fn account(&self) -> i64 {
        self.account
    }

    /// Closes the connections, of every handle.
    pub async fn close(&self) {
        self.connections.pool.close().await;
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    pub(crate) fn recording(&self) -> &Recording {
        &self.recording
    }

    pub(crate) async fn begin(&self, lock: Lock) -> Result<Work, Failure> {
        Work::begin(&self.connections, self.account, lock).await
    }

    pub(crate) async fn begin_snapshot(&self) -> Result<Session, sqlx::Error> {
        self.connections.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned()).await
    }

    pub(crate) async fn commit(&self, work: Work) -> Result<(), Failure> {
        let changes_accounts = work.announcements.accounts;
        work.commit(&self.signals, &self.notifier).await?;
        if changes_accounts {
            self.switchboard.accounts_changed();
        }
        Ok(())
    }

    /// Waits until the list of accounts may have changed.
    pub(crate) async fn accounts_changed(&self) {
        self.switchboard.accounts().await;
    }

    /// Takes a job out of the way whose stored state cannot be read; else it would fail every claim from now on.
    async fn park_unreadable(&self, lease: Lease, error: StoreError, now: Timestamp) -> Result<(), StoreError> {
        tracing::error!(account = self.account, job.id = lease.job.0, %error, "a stored job cannot be read; it is parked");
        let message = format!("{error}; look at the row of job {} in the store, then release it", lease.job);
        let parking = Parking { reason: ParkReason::Unreadable, message, valid: Vec::new() };
        let parking = to_json("parking", &parking)?;
        in_transaction!(self, Lock::Jobs, |work| turns::park_unreadable(work, (lease, &parking), now).await)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn accept(&self, submission: NewSubmission, now: Timestamp) -> Result<AcceptOutcome, StoreError> {
        let outcomes = self.accept_many(vec![submission], now).await?;
        outcomes.into_iter().next().ok_or_else(|| StoreError::Unavailable("nothing was answered".to_owned()))
    }

    async fn accept_many(
        &self,
        submissions: Vec<NewSubmission>,
        now: Timestamp,
    ) -> Result<Vec<AcceptOutcome>, StoreError> {
        let prepare = |submission| PreparedSubmission::new(submission, now);
        let prepared: Vec<PreparedSubmission> = submissions.into_iter().map(prepare).collect();
        self.accepting.accept((self.account, &self.signals), prepared).await
    }

    async fn story(&self, id: SubmissionId) -> Result<Option<SubmissionStory>, StoreError> {
        in_snapshot!(self, |connection| views::story(connection, self.account, id).await)
    }

    async fn unplanned(&self, per_lane: [u32; 4]) -> Result<Vec<InboxEntry>, StoreError> {
        intake::unplanned(&self.connections, self.account, per_lane).await.map_err(StoreError::from)
    }

    async fn profiles(&self, keys: Vec<String>) -> Result<BTreeMap<String, Value>, StoreError> {
        in_snapshot!(self, |connection| profiles::read(connection, self.account, &keys).await)
    }

    async fn record_plans(
        &self,
        plans: Vec<PlannedSubmission>,
        planner: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<SubmissionId>, StoreError> {
        let plans = in_stretches(plans, PreparedPlan::new).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let kept =
            in_transaction!(self, Lock::Jobs, |work| plans::record_plans_of(work, (&plans, planner), now).await)?;
        self.statistics.planned(&self.connections, kept.len());
        Ok(kept)
    }

    async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<ClaimedJob>, StoreError> {
        let now = request.now;
        let rows = in_transaction!(self, Lock::Jobs, |work| claims::claim_due(work, &request).await)?;
        let (mut claimed, mut stretch) = (Vec::with_capacity(rows.len()), Stretch::default());
        for row in rows {
            match row.decode() {
                Ok(job) => claimed.push(job),
                Err((lease, error)) => self.park_unreadable(lease, error, now).await?,
            }
            stretch.row().await;
        }
        Ok(claimed)
    }

    async fn finish_turns(
        &self,
        turns: Vec<TurnRecord>,
        budget: Option<BudgetToKeep>,
        now: Timestamp,
    ) -> Result<Vec<TurnOutcome>, StoreError> {
        let turns = in_stretches(turns, PreparedTurn::new).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let budget = budget.map(|budget| (budget.seen, budget.value.to_string()));
        recording::record(self, Record { turns, budget, now }).await
    }

    async fn abandon_leases(&self, worker: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
        in_transaction!(self, Lock::Jobs, |work| claims::abandon_leases(work, worker, now).await)
    }

    async fn abandon_others(&self, worker: &str, in_hand: Vec<Lease>, now: Timestamp) -> Result<u64, StoreError> {
        in_transaction!(self, Lock::Jobs, |work| claims::abandon_others(work, (worker, &in_hand), now).await)
    }

    async fn next_due_by_lane(&self) -> Result<[Option<Timestamp>; 4], StoreError> {
        in_snapshot!(self, |connection| views::next_due_by_lane(connection, self.account).await)
    }

    async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobSummary>, StoreError> {
        in_snapshot!(self, |connection| views::jobs(connection, self.account, &filter).await)
    }

    async fn release(&self, job: JobId, now: Timestamp) -> Result<ReleaseOutcome, StoreError> {
        in_transaction!(self, Lock::Jobs, |work| release::release(work, job, now).await)
    }

    async fn release_all(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut released = 0;
        let mut next = Some(JobId(0));
        while let Some(after) = next {
            let some = in_transaction!(self, Lock::Jobs, |work| release::release_some(work, after, now).await)?;
            released += some.count;
            next = some.last;
        }
        Ok(released)
    }

    async fn catalog(&self) -> Result<Catalog, StoreError> {
        in_snapshot!(self, |connection| settings::catalog(connection, self.account).await)
    }

    async fn put_section(&self, section: Section, read: SectionRead) -> Result<(), StoreError> {
        let read = to_json("section of the catalog", &read)?;
        in_transaction!(self, Lock::None, |work| {
            settings::put_section(work.connection(), self.account, section, &read).await
        })
    }

    async fn budget(&self) -> Result<KeptBudget, StoreError> {
        settings::budget(&self.connections, self.account).await.map_err(StoreError::from)
    }

    async fn exchange_budget(&self, seen: i64, value: Value) -> Result<BudgetExchange, StoreError> {
        let value = value.to_string();
        settings::exchange_budget(&self.connections, self.account, seen, &value).await.map_err(StoreError::from)
    }

    async fn routing(&self) -> Result<RoutingState, StoreError> {
        in_snapshot!(self, |connection| settings::routing(connection, self.account).await)
    }

    async fn submissions(&self, filter: SubmissionFilter) -> Result<Vec<SubmissionEntry>, StoreError> {
        in_snapshot!(self, |connection| listing::submissions(connection, self.account, &filter).await)
    }

    async fn app_keys(&self) -> Result<Vec<AppKey>, StoreError> {
        in_snapshot!(self, |connection| settings::app_keys(connection, self.account).await)
    }

    async fn put_app_key(&self, key: AppKey, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, Lock::None, |work| {
            settings::put_app_key(work.connection(), self.account, &key, now).await
        })
    }

    async fn stats(&self, _now: Timestamp) -> Result<QueueStats, StoreError> {
        in_snapshot!(self, |connection| views::stats(connection, self.account).await)
    }

    async fn check_room(&self) -> Result<(), StoreError> {
        room::check(self).await
    }

    async fn mirrored(&self, records: Vec<RecordRef>) -> Result<Vec<Mirrored>, StoreError> {
        in_snapshot!(self, |connection| mirror::mirrored(connection, self.account, &records).await)
    }

    async fn fill_mirror(&self, records: Vec<Mirrored>) -> Result<u64, StoreError> {
        let records = records.iter().map(PreparedRecord::new).collect::<Result<Vec<_>, _>>()?;
        in_transaction!(self, Lock::Jobs, |work| mirror::fill(work.connection(), self.account, &records).await)
    }

    async fn changes(&self, after: i64, limit: u32) -> Result<Vec<SeenChange>, StoreError> {
        in_snapshot!(self, |connection| mirror::changes(connection, self.account, (after, limit)).await)
    }

    async fn tallies(&self) -> Result<Vec<(RecordKind, Tally)>, StoreError> {
        in_snapshot!(self, |connection| mirror::tallies(connection, self.account).await)
    }

    async fn watches(&self) -> Result<Vec<(RecordKind, WatchState)>, StoreError> {
        in_snapshot!(self, |connection| mirror::watches(connection, self.account).await)
    }

    async fn put_watch(
        &self,
        kind: RecordKind,
        seen: Option<WatchState>,
        state: WatchState,
    ) -> Result<bool, StoreError> {
        let state = to_json("watch", &state)?;
        in_transaction!(self, Lock::Jobs, |work| mirror::put_watch(work, kind, (seen.as_ref(), &state)).await)
    }

    async fn latest_notification(&self) -> Result<Option<InboxEntry>, StoreError> {
        in_snapshot!(self, |connection| mirror::latest_notification(connection, self.account).await)
    }

    async fn remove_old(&self, old: OldRows) -> Result<RemovedRows, StoreError> {
        in_transaction!(self, Lock::Jobs, |work| retention::remove_old(work, &old).await)
    }

    fn signals(&self) -> &Signals {
        &self.signals
    }
}
