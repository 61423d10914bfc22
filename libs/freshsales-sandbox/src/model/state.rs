//! The whole account behind one lock: records, picklists, index, quota, clock, faults, jobs and the request log.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::catalog::Catalog;
use super::changes::Changes;
use super::clock::AccountClock;
use super::faults::Faults;
use super::jobs::Jobs;
use super::quota::Quota;
use super::request_log::RequestLog;
use super::search_index::SearchIndex;
use super::table::Table;
use super::{Kind, Record};
use crate::{CustomField, SandboxConfig, Switches};

/// How long the recycle bin keeps a record. Source: official support article on restoring deleted records.
const RECYCLE_BIN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Written into snapshots as it is, apart from what stands on lines of its own there; so every part of it can be saved.
/// A part that an older snapshot lacks is that of a fresh account.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) config: SandboxConfig,
    pub(crate) switches: Switches,
    pub(crate) custom_fields: Vec<CustomField>,
    pub(crate) clock: AccountClock,
    pub(crate) quota: Quota,
    pub(crate) faults: Faults,
    pub(crate) catalog: Catalog,
    pub(crate) index: SearchIndex,
    pub(crate) jobs: Jobs,
    pub(crate) log: RequestLog,
    /// What the journal has not heard of yet.
    #[serde(skip)]
    pub(crate) changes: Changes,
    #[serde(skip)]
    tables: [Table; Kind::ALL.len()],
    #[serde(with = "by_kind")]
    next_ids: [i64; Kind::ALL.len()],
    next_part: i64,
    /// The instant the current request is served at; every write of one request has the same time.
    now: Timestamp,
    /// When the account began, empty, on its own clock.
    began: Timestamp,
}

/// The counters that every write moves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Progress {
    #[serde(with = "by_kind")]
    next_ids: [i64; Kind::ALL.len()],
    next_part: i64,
    requests: u64,
    quota: Quota,
    now: Timestamp,
}

pub(crate) fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl Default for State {
    fn default() -> Self {
        Self::new(SandboxConfig::default())
    }
}

impl State {
    pub(crate) fn new(config: SandboxConfig) -> Self {
        let clock = AccountClock::new(config.clock);
        Self {
            switches: config.switches.clone(),
            custom_fields: config.custom_fields.clone(),
            quota: Quota::new(config.plan),
            faults: Faults::new(config.seed),
            catalog: Catalog::fresh(),
            index: SearchIndex::new(signed(config.index_lag)),
            jobs: Jobs::new(signed(config.job_duration)),
            log: RequestLog::new(config.remembered_requests),
            changes: Changes::default(),
            tables: Default::default(),
            next_ids: Kind::ALL.map(Kind::first_id),
            next_part: 76_000_000_001,
            now: clock.now(),
            began: clock.now(),
            clock,
            config,
        }
    }

    /// Reads the clock and lets everything happen whose time has come. Called at the start of every access.
    pub(crate) fn tick(&mut self) {
        self.now = self.clock.now();
        self.finish_due_jobs();
        self.empty_recycle_bin();
        self.index.settle(self.now);
    }

    fn finish_due_jobs(&mut self) {
        let now = self.now;
        while let Some(job) = self.jobs.next_due(now) {
            self.now = job.due;
            let (id, outcome) = crate::write::bulk::carry_out(self, job);
            self.jobs.finish(id, outcome);
            self.changes.touch();
        }
        self.now = now;
    }

    fn empty_recycle_bin(&mut self) {
        let Ok(before) = self.now.checked_sub(RECYCLE_BIN) else { return };
        for kind in Kind::ALL {
            for id in self.table(kind).binned_before(before) {
                self.forget(kind, id);
            }
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// When the account began, empty, on its own clock.
    pub(crate) fn began(&self) -> Timestamp {
        self.began
    }

    pub(crate) fn table(&self, kind: Kind) -> &Table {
        &self.tables[kind.index()]
    }

    /// The live record of this id.
    pub(crate) fn record(&self, kind: Kind, id: i64) -> Option<&Arc<Record>> {
        self.table(kind).get(id)
    }

    pub(crate) fn next_id(&mut self, kind: Kind) -> i64 {
        let next = &mut self.next_ids[kind.index()];
        let id = *next;
        *next += 1;
        id
    }

    /// An id for a part of a record: an e-mail address, a lead's company, a lead's deal.
    pub(crate) fn next_part_id(&mut self) -> i64 {
        let id = self.next_part;
        self.next_part += 1;
        id
    }

    /// Stores a record: visible at once to GETs, lists and look-ups, after the lag to searches.
    pub(crate) fn commit(&mut self, record: Record) -> Arc<Record> {
        let record = Arc::new(record);
        self.tables[record.kind.index()].put(Arc::clone(&record));
        self.index.record_written(Arc::clone(&record), self.now);
        self.changes.put(&record);
        record
    }

    /// Takes in many new records at once, which searches see without a lag.
    pub(crate) fn fill(&mut self, kind: Kind, records: &[Arc<Record>]) {
        self.tables[kind.index()].fill(records);
        if Kind::SEARCHABLE.contains(&kind) {
            self.index.fill(kind, records);
        }
        self.changes.replace_everything();
    }

    /// Puts back the rows of a snapshot; what searches see of them is put back apart from that.
    pub(crate) fn fill_table(&mut self, kind: Kind, records: &[Arc<Record>]) {
        self.tables[kind.index()].fill(records);
    }

    /// Removes a record for good.
    pub(crate) fn forget(&mut self, kind: Kind, id: i64) -> bool {
        let existed = self.tables[kind.index()].remove(id).is_some();
        self.index.record_forgotten(kind, id, self.now);
        self.changes.forget(kind, id);
        existed
    }

    /// Changes a live record and stamps the update.
    pub(crate) fn edit(&mut self, kind: Kind, id: i64, change: impl FnOnce(&mut Record)) -> Option<Arc<Record>> {
        let mut record = Record::clone(self.record(kind, id)?);
        change(&mut record);
        record.updated_at = self.now;
        Some(self.commit(record))
    }

    /// Changes a live record without stamping an update, for what the account derives from other records.
    pub(crate) fn derive(&mut self, kind: Kind, id: i64, change: impl FnOnce(&mut Record)) {
        if let Some(mut record) = self.record(kind, id).map(|record| Record::clone(record)) {
            change(&mut record);
            self.commit(record);
        }
    }

    /// Puts a live record into the recycle bin.
    pub(crate) fn delete(&mut self, kind: Kind, id: i64) -> bool {
        self.edit(kind, id, |record| record.deleted = true).is_some()
    }

    pub(crate) fn custom_fields_of(&self, kind: Kind) -> impl Iterator<Item = &CustomField> {
        self.custom_fields.iter().filter(move |field| field.kind == kind)
    }

    /// Defines a custom field; one of the same kind and name is replaced.
    pub(crate) fn add_custom_field(&mut self, field: CustomField) {
        self.custom_fields.retain(|other| (other.kind, &other.name) != (field.kind, &field.name));
        self.custom_fields.push(field);
    }

    /// Back to a fresh account; the configuration and the request count start anew.
    pub(crate) fn reset(&mut self) {
        self.become_state(Self::new(self.config.clone()));
    }

    /// Turns into another account, which is still reached by the same name and keys.
    pub(crate) fn become_state(&mut self, mut other: Self) {
        other.config.subdomain.clone_from(&self.config.subdomain);
        other.config.key.clone_from(&self.config.key);
        other.config.password.clone_from(&self.config.password);
        other.changes = std::mem::take(&mut self.changes);
        other.changes.replace_everything();
        *self = other;
    }

    pub(crate) fn progress(&self) -> Progress {
        let (next_ids, next_part, requests) = (self.next_ids, self.next_part, self.log.total());
        Progress { next_ids, next_part, requests, quota: self.quota.clone(), now: self.now }
    }

    /// Goes on from counters that a journal noted.
    pub(crate) fn resume(&mut self, progress: Progress) {
        let Progress { next_ids, next_part, requests, quota, now } = progress;
        (self.next_ids, self.next_part, self.quota, self.now) = (next_ids, next_part, quota, now);
        self.log.set_total(requests);
    }

    /// The bulk of the account, out of one value into another that has none.
    pub(crate) fn move_records_from(&mut self, other: &mut Self) {
        self.tables = std::mem::take(&mut other.tables);
        self.index.move_documents_from(&mut other.index);
    }
}

/// One number for each kind of record, by its name, so that a later version may know more kinds.
mod by_kind {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::Kind;

    type Numbers = [i64; Kind::ALL.len()];

    pub(super) fn serialize<S: Serializer>(numbers: &Numbers, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Kind::ALL.iter().zip(numbers))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Numbers, D::Error> {
        let saved = BTreeMap::<Kind, i64>::deserialize(deserializer)?;
        Ok(Kind::ALL.map(|kind| saved.get(&kind).copied().unwrap_or_else(|| kind.first_id())))
    }
}
