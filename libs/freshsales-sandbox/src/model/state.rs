//! The whole account behind one lock: records, picklists, index, quota, clock, faults, jobs and the request log.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::agenda::{Agenda, Event};
use super::catalog::Catalog;
use super::changes::{Changes, RecordChange};
use super::clock::AccountClock;
use super::commerce::Commerce;
use super::faults::Faults;
use super::files::{Files, StoredFile};
use super::history::{self, Event as HistoryEvent, Histories};
use super::jobs::{JobRow, Jobs};
use super::last_found::LastFound;
use super::quota::Quota;
use super::request_log::RequestLog;
use super::search_index::SearchIndex;
use super::table::Table;
use super::{Kind, Record};
use crate::workflows::{Workflows, record_written};
use crate::{AccountRules, CustomField, Generation, Language, SandboxConfig, Switches};

/// Written into snapshots as it is, apart from what stands on lines of its own there; so every part of it can be saved.
/// A part that an older snapshot lacks is that of a fresh account.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) config: SandboxConfig,
    pub(crate) switches: Switches,
    pub(crate) rules: AccountRules,
    pub(crate) language: Language,
    pub(crate) agenda: Agenda,
    pub(crate) custom_fields: Vec<CustomField>,
    pub(crate) clock: AccountClock,
    pub(crate) quota: Quota,
    pub(crate) faults: Faults,
    pub(crate) catalog: Catalog,
    pub(crate) index: SearchIndex,
    #[serde(skip)]
    pub(crate) last_found: LastFound,
    pub(crate) jobs: Jobs,
    pub(crate) log: RequestLog,
    /// On lines of their own.
    #[serde(skip)]
    pub(crate) histories: Histories,
    /// On lines of their own.
    #[serde(skip)]
    pub(crate) files: Files,
    pub(crate) workflows: Workflows,
    commerce: Commerce,
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

/// How long the recycle bin keeps a record. Source: official support article on restoring deleted records.
const RECYCLE_BIN_KEEPS: SignedDuration = SignedDuration::from_hours(90 * 24);

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
        let mut state = Self {
            switches: Switches::default(),
            rules: config.rules.clone(),
            language: config.language,
            agenda: Agenda::default(),
            custom_fields: config.custom_fields.clone(),
            quota: Quota::new(config.plan),
            faults: Faults::new(config.seed),
            catalog: Catalog::fresh(),
            index: SearchIndex::new(signed(config.index_lag)),
            last_found: LastFound::default(),
            jobs: Jobs::new(signed(config.job_duration)),
            log: RequestLog::new(config.remembered_requests),
            histories: Histories::new(),
            files: Files::default(),
            workflows: Workflows::new(&config.workflows, config.remembered_deliveries, config.seed),
            commerce: Commerce::default(),
            changes: Changes::default(),
            tables: Default::default(),
            next_ids: Kind::ALL.map(Kind::first_id),
            next_part: 76_000_000_001,
            now: clock.now(),
            began: clock.now(),
            clock,
            config,
        };
        state.set_switches(state.config.switches.clone());
        state
    }

    /// Reads the clock and lets everything happen whose time has come. Called at the start of every access.
    pub(crate) fn tick(&mut self) {
        self.now = self.clock.now();
        self.workflows.begin_access(self.now);
        self.catch_up();
        self.purge_recycle_bin();
        crate::write::lists::carry_out_due(self);
        self.index.settle(self.now);
    }

    /// Lets jobs and events happen in the order of their times, each at its own.
    fn catch_up(&mut self) {
        let now = self.now;
        loop {
            let event_due = self.agenda.next_due().filter(|&due| due <= now);
            let job_limit = event_due.unwrap_or(now);
            if let Some(job) = self.jobs.next_due(job_limit) {
                self.now = job.due;
                let (id, outcome) = crate::write::bulk::carry_out(self, job);
                self.jobs.finish(id, outcome);
                self.changes.note(self.now, || RecordChange::Job(id));
            } else if event_due.is_some() {
                self.run_next_event();
            } else {
                break;
            }
            self.changes.touch();
        }
        self.now = now;
    }

    fn run_next_event(&mut self) {
        let Some((due, event)) = self.agenda.take_next() else { return };
        self.now = due;
        match event {
            Event::Commit(call) => crate::gate::commit_late(self, call),
            Event::Assign(kind, id) => crate::write::assignment::run(self, kind, id),
        }
    }

    /// Removes for good what has been in the recycle bin too long.
    fn purge_recycle_bin(&mut self) {
        let Ok(limit) = self.now.checked_sub(RECYCLE_BIN_KEEPS) else { return };
        for kind in Kind::ALL {
            while let Some(id) = self.table(kind).deleted_until(limit) {
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

    /// Stores a record that was written, and fires the workflows that watch for it.
    pub(crate) fn commit(&mut self, record: Record) -> Arc<Record> {
        let before = self.tables[record.kind.index()].any(record.id).cloned();
        let record = self.write(record);
        record_written(self, before.as_ref(), &record);
        record
    }

    /// Stores a record that was written; fires nothing, because that has been done.
    pub(crate) fn write(&mut self, record: Record) -> Arc<Record> {
        let before = self.tables[record.kind.index()].any(record.id).cloned();
        self.histories.written(before.as_deref(), &record, self.now);
        let record = self.store(record);
        self.changes.note(self.now, || RecordChange::Written(Arc::clone(&record)));
        record
    }

    /// Stores a record in which the account derived something.
    pub(crate) fn put_derived(&mut self, record: Record) {
        let record = self.store(record);
        self.changes.note(self.now, || RecordChange::Derived(record));
    }

    /// Stores a record: visible at once to GETs, lists and look-ups, after the lag to searches.
    fn store(&mut self, record: Record) -> Arc<Record> {
        let record = Arc::new(record);
        self.tables[record.kind.index()].put(Arc::clone(&record));
        self.index.record_written(Arc::clone(&record), self.now);
        record
    }

    /// What happened to a record, oldest first.
    pub(crate) fn history_of(&self, record: &Record) -> Vec<HistoryEvent> {
        let noted = self.histories.of(record.kind, record.id);
        let hanging = Kind::ALL.into_iter().filter(|kind| !Kind::SEARCHABLE.contains(kind)).flat_map(|kind| {
            let table = self.table(kind);
            table.linked_to(record.kind, record.id).iter().filter_map(|&id| table.get(id))
        });
        let mut history = history::supposed(noted, record, hanging.map(AsRef::as_ref));
        history.extend_from_slice(noted);
        history.sort_by_key(|event| event.at);
        history
    }

    /// Keeps the content of a document.
    pub(crate) fn store_file(&mut self, document: i64, file: StoredFile) {
        self.files.store(document, file);
        self.changes.note(self.now, || RecordChange::Uploaded(document));
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

    /// Removes a record for good, and the deals' links to it.
    pub(crate) fn forget(&mut self, kind: Kind, id: i64) -> bool {
        let Some(record) = self.tables[kind.index()].remove(id) else { return false };
        self.histories.forgotten(&record, self.now);
        self.index.record_forgotten(kind, id, self.now);
        self.changes.note(self.now, || RecordChange::Forgotten(kind, id));
        if kind == Kind::Contact {
            for deal in self.table(Kind::Deal).linked_to(kind, id).to_vec() {
                self.derive(Kind::Deal, deal, |deal| deal.contacts.retain(|&contact| contact != id));
            }
        } else if kind == Kind::SalesAccount {
            self.unlink_account(id);
        }
        true
    }

    /// A deleted account loses its deals and child accounts for good. Source: official support article on restoring deleted records.
    fn unlink_account(&mut self, id: i64) {
        for deal in self.table(Kind::Deal).linked_to(Kind::SalesAccount, id).to_vec() {
            self.derive(Kind::Deal, deal, |deal| deal.accounts.retain(|link| link.account != id));
        }
        let is_child = |account: &&Arc<Record>| account.id_in("parent_sales_account_id") == Some(id);
        let children: Vec<i64> =
            self.table(Kind::SalesAccount).live().filter(is_child).map(|account| account.id).collect();
        for child in children {
            self.derive(Kind::SalesAccount, child, |child| {
                child.set("parent_sales_account_id", serde_json::Value::Null)
            });
        }
    }

    /// Takes a record out of the recycle bin, as only people can do, in the CRM's pages; false where it is not there.
    pub(crate) fn restore(&mut self, kind: Kind, id: i64) -> bool {
        let Some(binned) = self.table(kind).any(id).filter(|record| record.deleted) else { return false };
        let mut record = Record::clone(binned);
        record.deleted = false;
        record.updated_at = self.now;
        if self.switches.restore_empties_custom_fields {
            record.custom.clear();
        }
        self.commit(record);
        true
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
            self.put_derived(record);
        }
    }

    /// Puts a live record into the recycle bin.
    pub(crate) fn delete(&mut self, kind: Kind, id: i64) -> bool {
        let existed = self.edit(kind, id, |record| record.deleted = true).is_some();
        if existed && kind == Kind::SalesAccount {
            self.unlink_account(id);
        }
        existed
    }

    /// Sets the switches; one that steers another part is handed on.
    pub(crate) fn set_switches(&mut self, switches: Switches) {
        if let Some(lag) = switches.index_lag_milliseconds {
            self.index.set_lag(SignedDuration::from_millis(i64::try_from(lag).unwrap_or(i64::MAX)));
        }
        self.switches = switches;
    }

    /// How long later writes take to reach searches; the switch follows.
    pub(crate) fn set_index_lag(&mut self, lag: SignedDuration) {
        self.switches.index_lag_milliseconds = u64::try_from(lag.as_millis()).ok();
        self.index.set_lag(lag);
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

    /// Accepts a bulk job; returns its id.
    pub(crate) fn submit_job(&mut self, kind: Kind, generation: Generation, rows: Vec<JobRow>) -> i64 {
        let id = self.jobs.submit(kind, generation, rows, self.now);
        self.changes.note(self.now, || RecordChange::Job(id));
        id
    }

    /// Lets what a journal brings back happen at the time it was made at.
    pub(crate) fn go_to(&mut self, at: Timestamp) {
        self.now = at;
    }

    /// The bulk of the account, out of one value into another that has none.
    pub(crate) fn move_records_from(&mut self, other: &mut Self) {
        self.tables = std::mem::take(&mut other.tables);
        self.histories = std::mem::take(&mut other.histories);
        self.files = std::mem::take(&mut other.files);
        self.jobs.move_from(&mut other.jobs);
        self.workflows.move_from(&mut other.workflows);
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
