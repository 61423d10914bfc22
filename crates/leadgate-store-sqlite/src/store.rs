//! [`SqliteStore`]: each method of the trait, handed to the writer or to the threads that read. JSON is written before and read after, on the caller's side.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

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
use leadgate_store::stretch::{Stretch, in_stretches, yield_core};
use leadgate_store::{Store, StoreError};
use rusqlite::Connection;
use serde_json::Value;

use crate::columns::to_json;
use crate::config::SqliteConfig;
use crate::error::store_error;
use crate::intake::{PreparedPlan, PreparedSubmission};
use crate::mirror::PreparedRecord;
use crate::open::{self, StoreLock};
use crate::reader::Readers;
use crate::turns::PreparedTurn;
use crate::writer::{Announcements, Caller, LogRoom, Scope, Writer};
use crate::{claims, intake, listing, mirror, profiles, retention, room, settings, turns, views};

/// The gateway's memory in one SQLite file.
///
/// Dropping it lets what was handed over be committed, then closes the file; that blocks for as long as a commit takes.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: the last connection to close tidies the write-ahead log away, and the lock is given up after that.
    readers: Readers,
    writer: Writer,
    signals: Arc<Signals>,
    path: PathBuf,
    room: Arc<Mutex<()>>,
    /// To be called after each row of a large transaction.
    after_row: fn(),
    _lock: StoreLock,
}

impl SqliteStore {
    /// Opens the store, and makes it if it is not there. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if another process uses it or the file cannot be opened; [`StoreError::TooNew`] if a newer leadgate
    /// wrote it.
    pub fn open(config: SqliteConfig) -> Result<SqliteStore, StoreError> {
        let lock = open::lock(&config.path)?;
        SqliteStore::open_locked(config, lock)
    }

    /// The same, where its last holder in this process may be about to close it.
    pub(crate) fn open_when_free(config: SqliteConfig) -> Result<SqliteStore, StoreError> {
        let lock = open::lock_when_free(&config.path)?;
        SqliteStore::open_locked(config, lock)
    }

    fn open_locked(config: SqliteConfig, lock: StoreLock) -> Result<SqliteStore, StoreError> {
        let connection = open::open_writer(&config)?;
        let readers = Readers::start(&config)?;
        let signals = Arc::new(Signals::default());
        let writer = Writer::start(connection, Arc::clone(&signals), LogRoom::of(&config))?;
        // Accounts beside this one do not wait for its transactions; its own callers do, and for them it had better be over soon.
        let after_row: fn() = if config.is_one_of_many { yield_core } else { || {} };
        Ok(SqliteStore { readers, writer, signals, path: config.path, room: Arc::default(), after_row, _lock: lock })
    }

    /// Lets what was handed over be committed, then closes the file. Blocks.
    pub fn close(self) {
        drop(self);
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(move |connection| work(connection).map_err(|error| store_error(&error))).await
    }

    pub(crate) async fn read_checked<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(work).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        scope: Scope,
        work: impl FnOnce(&Connection, &mut Announcements) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work = move |connection: &Connection, announcements: &mut Announcements| {
            work(connection, announcements).map_err(|error| store_error(&error))
        };
        self.writer.run(scope, Caller::Single, work).await
    }

    pub(crate) async fn write_checked<T: Send + 'static>(
        &self,
        scope: Scope,
        work: impl FnOnce(&Connection, &mut Announcements) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(scope, Caller::Single, work).await
    }

    /// Runs outside of a transaction, between two groups of writes.
    pub(crate) async fn write_alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(Scope::Outside, Caller::Single, move |connection, _| work(connection)).await
    }

    /// Takes a job out of the way whose stored state cannot be read; else it would fail every claim from now on.
    async fn park_unreadable(&self, lease: Lease, error: StoreError, now: Timestamp) -> Result<(), StoreError> {
        tracing::error!(job.id = lease.job.0, %error, "a stored job cannot be read; it is parked");
        let message = format!("{error}; look at the row of job {} in the store, then release it", lease.job);
        let parking = Parking { reason: ParkReason::Unreadable, message, valid: Vec::new() };
        let parking = to_json("parking", &parking)?;
        self.write(Scope::Savepoint, move |connection, announcements| {
            turns::park_unreadable(connection, (lease, &parking), now, announcements)
        })
        .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, submission: NewSubmission, now: Timestamp) -> Result<AcceptOutcome, StoreError> {
        let prepared = PreparedSubmission::new(submission, now);
        let work = move |connection: &Connection, announcements: &mut Announcements| {
            intake::accept(connection, &prepared, announcements)
        };
        self.writer.run(Scope::OneStatement, Caller::Crowd, work).await
    }

    async fn accept_many(
        &self,
        submissions: Vec<NewSubmission>,
        now: Timestamp,
    ) -> Result<Vec<AcceptOutcome>, StoreError> {
        let prepare = |submission| PreparedSubmission::new(submission, now);
        let prepared: Vec<PreparedSubmission> = submissions.into_iter().map(prepare).collect();
        let work = move |connection: &Connection, announcements: &mut Announcements| {
            prepared.iter().map(|one| intake::accept(connection, one, announcements)).collect()
        };
        self.writer.run(Scope::Savepoint, Caller::Crowd, work).await
    }

    async fn story(&self, id: SubmissionId) -> Result<Option<SubmissionStory>, StoreError> {
        self.readers.run(move |connection| views::story(connection, id)).await
    }

    async fn unplanned(&self, per_lane: [u32; 4]) -> Result<Vec<InboxEntry>, StoreError> {
        self.read(move |connection| intake::unplanned(connection, per_lane)).await
    }

    async fn profiles(&self, keys: Vec<String>) -> Result<BTreeMap<String, Value>, StoreError> {
        self.readers.run(move |connection| profiles::read(connection, keys)).await
    }

    async fn record_plans(
        &self,
        plans: Vec<PlannedSubmission>,
        planner: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<SubmissionId>, StoreError> {
        let plans = in_stretches(plans, PreparedPlan::new).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (planner, after_row) = (planner.map(str::to_owned), self.after_row);
        let work = move |connection: &Connection, announcements: &mut Announcements| {
            intake::record_plans_of(connection, (&plans, planner.as_deref(), after_row), now, announcements)
        };
        self.writer.run(Scope::Savepoint, Caller::Single, work).await
    }

    async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<ClaimedJob>, StoreError> {
        let (now, after_row) = (request.now, self.after_row);
        let work =
            move |connection: &Connection, _: &mut Announcements| claims::claim_due(connection, &request, after_row);
        let rows = self.write(Scope::Savepoint, work).await?;
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
        let prepared = in_stretches(turns, PreparedTurn::new).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let budget = budget.map(|budget| (budget.seen, budget.value.to_string()));
        let after_row = self.after_row;
        self.write(Scope::Savepoint, move |connection, announcements| {
            if let Some((seen, value)) = &budget {
                settings::put_budget(connection, *seen, value)?;
            }
            turns::finish_turns(connection, (&prepared, after_row), now, announcements)
        })
        .await
    }

    async fn abandon_leases(&self, worker: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
        let worker = worker.map(str::to_owned);
        self.write(Scope::Savepoint, move |connection, announcements| {
            let count = claims::abandon_leases(connection, worker.as_deref(), now)?;
            announcements.work |= count > 0;
            Ok(count)
        })
        .await
    }

    async fn abandon_others(&self, worker: &str, in_hand: Vec<Lease>, now: Timestamp) -> Result<u64, StoreError> {
        let worker = worker.to_owned();
        self.write(Scope::Savepoint, move |connection, announcements| {
            let count = claims::abandon_others(connection, (&worker, &in_hand), now)?;
            announcements.work |= count > 0;
            Ok(count)
        })
        .await
    }

    async fn next_due_by_lane(&self) -> Result<[Option<Timestamp>; 4], StoreError> {
        self.read(views::next_due_by_lane).await
    }

    async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobSummary>, StoreError> {
        self.readers.run(move |connection| views::jobs(connection, &filter)).await
    }

    async fn release(&self, job: JobId, now: Timestamp) -> Result<ReleaseOutcome, StoreError> {
        let work = move |connection: &Connection, announcements: &mut Announcements| {
            turns::release(connection, job, now, announcements)
        };
        self.writer.run(Scope::Savepoint, Caller::Single, work).await
    }

    async fn release_all(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut released = 0;
        let mut next = Some(JobId(0));
        while let Some(after) = next {
            let work = move |connection: &Connection, announcements: &mut Announcements| {
                turns::release_some(connection, after, now, announcements)
            };
            let some = self.writer.run(Scope::Savepoint, Caller::Single, work).await?;
            released += some.count;
            next = some.last;
        }
        Ok(released)
    }

    async fn catalog(&self) -> Result<Catalog, StoreError> {
        self.readers.run(settings::catalog).await
    }

    async fn put_section(&self, section: Section, read: SectionRead) -> Result<(), StoreError> {
        let read = to_json("section of the catalog", &read)?;
        self.write(Scope::OneStatement, move |connection, _| settings::put_section(connection, section, &read)).await
    }

    async fn budget(&self) -> Result<KeptBudget, StoreError> {
        self.readers.run(settings::budget).await
    }

    async fn exchange_budget(&self, seen: i64, value: Value) -> Result<BudgetExchange, StoreError> {
        let value = value.to_string();
        let exchange =
            move |connection: &Connection, _: &mut Announcements| settings::exchange_budget(connection, seen, &value);
        self.write_checked(Scope::OneStatement, exchange).await
    }

    async fn routing(&self) -> Result<RoutingState, StoreError> {
        self.readers.run(settings::routing).await
    }

    async fn submissions(&self, filter: SubmissionFilter) -> Result<Vec<SubmissionEntry>, StoreError> {
        self.readers.run(move |connection| listing::submissions(connection, &filter)).await
    }

    async fn app_keys(&self) -> Result<Vec<AppKey>, StoreError> {
        self.read(settings::app_keys).await
    }

    async fn put_app_key(&self, key: AppKey, now: Timestamp) -> Result<(), StoreError> {
        self.write(Scope::OneStatement, move |connection, _| settings::put_app_key(connection, &key, now)).await
    }

    async fn stats(&self, _now: Timestamp) -> Result<QueueStats, StoreError> {
        self.read(views::stats).await
    }

    async fn check_room(&self) -> Result<(), StoreError> {
        self.writer.check()?;
        let probe = room::probe_path(&self.path);
        let one_at_a_time = Arc::clone(&self.room);
        let check = move |_: &Connection| {
            let _alone = one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
            room::check(&probe)
        };
        // On a reader's thread: the writer has more important things to do.
        self.readers.run(check).await
    }

    async fn mirrored(&self, records: Vec<RecordRef>) -> Result<Vec<Mirrored>, StoreError> {
        self.read(move |connection| mirror::mirrored(connection, &records)).await
    }

    async fn fill_mirror(&self, records: Vec<Mirrored>) -> Result<u64, StoreError> {
        let records = records.iter().map(PreparedRecord::new).collect::<Result<Vec<_>, _>>()?;
        self.write(Scope::Savepoint, move |connection, _| mirror::fill(connection, &records)).await
    }

    async fn changes(&self, after: i64, limit: u32) -> Result<Vec<SeenChange>, StoreError> {
        self.readers.run(move |connection| mirror::changes(connection, after, limit)).await
    }

    async fn tallies(&self) -> Result<Vec<(RecordKind, Tally)>, StoreError> {
        self.read(mirror::tallies).await
    }

    async fn watches(&self) -> Result<Vec<(RecordKind, WatchState)>, StoreError> {
        self.readers.run(mirror::watches).await
    }

    async fn put_watch(
        &self,
        kind: RecordKind,
        seen: Option<WatchState>,
        state: WatchState,
    ) -> Result<bool, StoreError> {
        let state = to_json("watch", &state)?;
        let put = move |connection: &Connection, _: &mut Announcements| {
            if mirror::watch(connection, kind)? != seen {
                return Ok(false);
            }
            mirror::put_watch(connection, kind, &state).map_err(|error| store_error(&error))?;
            Ok(true)
        };
        self.write_checked(Scope::OneStatement, put).await
    }

    async fn latest_notification(&self) -> Result<Option<InboxEntry>, StoreError> {
        self.read(mirror::latest_notification).await
    }

    async fn remove_old(&self, old: OldRows) -> Result<RemovedRows, StoreError> {
        self.write(Scope::Savepoint, move |connection, _| retention::remove_old(connection, &old)).await
    }

    fn signals(&self) -> &Signals {
        &self.signals
    }
}
