//! The whole account behind one lock: records, picklists, index, quota, clock, faults, jobs and the request log.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::catalog::Catalog;
use super::clock::AccountClock;
use super::commerce::Commerce;
use super::faults::Faults;
use super::jobs::Jobs;
use super::quota::Quota;
use super::request_log::RequestLog;
use super::search_index::SearchIndex;
use super::table::Table;
use super::{Kind, Record};
use crate::{CustomField, SandboxConfig, Switches};

#[derive(Debug)]
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
    commerce: Commerce,
    tables: [Table; Kind::ALL.len()],
    next_ids: [i64; Kind::ALL.len()],
    next_part: i64,
    /// The instant the current request is served at; every write of one request has the same time.
    now: Timestamp,
}

pub(crate) fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
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
            commerce: Commerce::default(),
            tables: Default::default(),
            next_ids: Kind::ALL.map(Kind::first_id),
            next_part: 76_000_000_001,
            now: clock.now(),
            clock,
            config,
        }
    }

    /// Reads the clock and lets everything happen whose time has come. Called at the start of every access.
    pub(crate) fn tick(&mut self) {
        self.now = self.clock.now();
        self.finish_due_jobs();
        crate::write::lists::carry_out_due(self);
        self.index.settle(self.now);
    }

    fn finish_due_jobs(&mut self) {
        let now = self.now;
        while let Some(job) = self.jobs.next_due(now) {
            self.now = job.due;
            let (id, outcome) = crate::write::bulk::carry_out(self, job);
            self.jobs.finish(id, outcome);
        }
        self.now = now;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
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
        record
    }

    /// Removes a record for good.
    pub(crate) fn forget(&mut self, kind: Kind, id: i64) -> bool {
        let existed = self.tables[kind.index()].remove(id).is_some();
        self.index.record_forgotten(kind, id, self.now);
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

    /// Marketing lists and custom modules.
    pub(crate) fn commerce(&self) -> &Commerce {
        &self.commerce
    }

    /// The same, to be changed.
    pub(crate) fn commerce_mut(&mut self) -> &mut Commerce {
        &mut self.commerce
    }

    /// The custom fields that a record can have: those of its module, or of its kind.
    pub(crate) fn fields_of(&self, record: &Record) -> impl Iterator<Item = &CustomField> {
        let module = record.id_in("module_id").filter(|_| record.kind == Kind::ModuleRecord);
        let module = module.and_then(|id| self.commerce.modules.get(id));
        module.into_iter().flat_map(|module| &module.fields).chain(self.custom_fields_of(record.kind))
    }

    /// Defines a custom field; one of the same kind and name is replaced.
    pub(crate) fn add_custom_field(&mut self, field: CustomField) {
        self.custom_fields.retain(|other| (other.kind, &other.name) != (field.kind, &field.name));
        self.custom_fields.push(field);
    }

    /// Back to a fresh account; the configuration and the request count start anew.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.config.clone());
    }
}
