//! Reading a snapshot, line by line, and the journal that may follow it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::{FORMAT, Header, Line, ReadLine, SnapshotError, VERSION, Waiting, WaitingChange};
use crate::model::files::Files;
use crate::model::history::{Event, Histories};
use crate::model::jobs::Job;
use crate::model::search_index::Change;
use crate::model::values::Pool;
use crate::model::{Record, State};
use crate::{DeliverySeen, Kind, RequestSeen};

/// Feed it the lines of one account, then [`Self::finish`].
#[derive(Default)]
pub(crate) struct Loader {
    lines: u64,
    header: Option<Header>,
    account: Option<Box<State>>,
    parts: Parts,
    /// The account, once the end of the snapshot was read.
    loaded: Option<Box<State>>,
    /// Lines of the journal that nothing has closed yet.
    open_group: Vec<ReadLine>,
    torn: bool,
}

#[derive(Default)]
struct Parts {
    pool: Pool,
    records: BTreeMap<Kind, Vec<Arc<Record>>>,
    events: Vec<Event>,
    files: Files,
    jobs: Vec<(i64, Job)>,
    deliveries: Vec<DeliverySeen>,
    fired: Vec<(u64, i64)>,
    unindexed: HashSet<(Kind, i64)>,
    indexed: BTreeMap<Kind, Vec<Arc<Record>>>,
    waiting: Vec<Waiting<Box<Record>>>,
    requests: Vec<RequestSeen>,
}

impl Loader {
    /// The subdomain of the account that is being read.
    pub(crate) fn subdomain(&self) -> Option<&str> {
        self.header.as_ref().map(|header| header.subdomain.as_str())
    }

    /// Whether this line begins the next account of a file.
    pub(crate) fn begins_another(&self, line: &[u8]) -> bool {
        self.loaded.is_some() && line.starts_with(b"{\"snapshot\":")
    }

    pub(crate) fn feed(&mut self, line: &[u8]) -> Result<(), SnapshotError> {
        self.lines += 1;
        if self.torn || line.trim_ascii().is_empty() {
            return Ok(());
        }
        let line: ReadLine = match serde_json::from_slice(line) {
            Ok(line) => line,
            // The process ended while it wrote the journal: what it had not finished, nobody has been told of.
            Err(_) if self.loaded.is_some() => {
                self.torn = true;
                return Ok(());
            }
            Err(_) if self.header.is_none() => return Err(SnapshotError::NotASnapshot),
            Err(error) => return Err(self.malformed(error)),
        };
        if self.loaded.is_some() { self.feed_journal(line) } else { self.feed_snapshot(line) }
    }

    fn malformed(&self, reason: impl ToString) -> SnapshotError {
        SnapshotError::Malformed { line: self.lines, reason: reason.to_string() }
    }

    fn feed_snapshot(&mut self, line: ReadLine) -> Result<(), SnapshotError> {
        let parts = &mut self.parts;
        match line {
            Line::Snapshot(header) if header.format != FORMAT => return Err(SnapshotError::NotASnapshot),
            Line::Snapshot(Header { version, .. }) if version > VERSION => {
                return Err(SnapshotError::TooNew { version });
            }
            Line::Snapshot(header) => self.header = Some(header),
            _ if self.header.is_none() => return Err(SnapshotError::NotASnapshot),
            Line::Account(account) => self.account = Some(account),
            Line::Record(record) => {
                let record = parts.shared(*record);
                parts.records.entry(record.kind).or_default().push(record);
            }
            Line::Event(event) => parts.events.push(event),
            Line::File(document, file) => parts.files.store(document, *file),
            Line::Job(id, job) => parts.jobs.push((id, *job)),
            Line::Delivery(delivery) => parts.deliveries.push(*delivery),
            Line::Fired(workflow, record) => parts.fired.push((workflow, record)),
            Line::Unindexed(kind, id) => drop(parts.unindexed.insert((kind, id))),
            Line::Indexed(record) => {
                let record = parts.shared(*record);
                parts.indexed.entry(record.kind).or_default().push(record);
            }
            Line::Waiting(waiting) => parts.waiting.push(waiting),
            Line::Request(request) => parts.requests.push(*request),
            Line::End { records } => {
                let found: usize = parts.records.values().map(Vec::len).sum();
                if found != records {
                    return Err(self.malformed(format!("there should be {records} records, but there are {found}")));
                }
                let account = self.account.take().ok_or_else(|| self.malformed("there is no account before it"))?;
                self.loaded = Some(std::mem::take(&mut self.parts).assemble(account));
            }
            Line::Derived(_) | Line::Forgotten(..) | Line::Progress(_) | Line::At(_) => {
                return Err(self.malformed("it belongs behind the end"));
            }
        }
        Ok(())
    }

    fn feed_journal(&mut self, line: ReadLine) -> Result<(), SnapshotError> {
        let Some(state) = &mut self.loaded else { return Ok(()) };
        match line {
            Line::Record(_)
            | Line::Derived(_)
            | Line::Forgotten(..)
            | Line::File(..)
            | Line::Job(..)
            | Line::Delivery(_)
            | Line::Fired(..)
            | Line::At(_) => self.open_group.push(line),
            Line::Progress(progress) => {
                state.resume(*progress);
                replay(state, self.open_group.drain(..));
            }
            Line::Account(mut account) => {
                account.move_records_from(state);
                replay(&mut account, self.open_group.drain(..));
                *state = account;
            }
            _ => return Err(self.malformed("it does not belong behind the end")),
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<State, SnapshotError> {
        match self.loaded {
            Some(mut state) => {
                let stood_at = state.now();
                state.clock.wake_at(stood_at);
                Ok(*state)
            }
            None if self.header.is_none() => Err(SnapshotError::NotASnapshot),
            None => Err(SnapshotError::Truncated),
        }
    }
}

fn replay(state: &mut State, group: impl Iterator<Item = ReadLine>) {
    let end = state.now();
    for line in group {
        match line {
            Line::Record(record) => drop(state.write(*record)),
            Line::Derived(record) => state.put_derived(*record),
            Line::File(document, file) => state.store_file(document, *file),
            Line::Forgotten(kind, id) => drop(state.forget(kind, id)),
            Line::Job(id, job) => state.jobs.put_back(id, *job),
            Line::Delivery(delivery) => state.workflows.log.put_back(*delivery),
            Line::Fired(workflow, record) => state.workflows.has_fired_for(workflow, record),
            Line::At(at) => state.go_to(at),
            _ => {}
        }
    }
    state.go_to(end);
}

impl Parts {
    fn shared(&mut self, mut record: Record) -> Arc<Record> {
        record.share(&mut self.pool);
        Arc::new(record)
    }

    fn assemble(self, mut state: Box<State>) -> Box<State> {
        let Self { pool, records, events, files, jobs, deliveries, fired, unindexed, mut indexed, waiting, requests } =
            self;
        drop(pool);
        state.histories = Histories::from(events);
        state.files = files;
        jobs.into_iter().for_each(|(id, job)| state.jobs.put_back(id, job));
        deliveries.into_iter().for_each(|delivery| state.workflows.log.put_back(delivery));
        fired.into_iter().for_each(|(workflow, record)| state.workflows.has_fired_for(workflow, record));
        for kind in Kind::ALL {
            let rows = records.get(&kind).map_or(&[][..], Vec::as_slice);
            state.fill_table(kind, rows);
            if !Kind::SEARCHABLE.contains(&kind) {
                continue;
            }
            let mut documents = indexed.remove(&kind).unwrap_or_default();
            let otherwise: HashSet<i64> = documents.iter().map(|document| document.id).collect();
            let settled = |row: &&Arc<Record>| !otherwise.contains(&row.id) && !unindexed.contains(&(kind, row.id));
            documents.extend(rows.iter().filter(settled).cloned());
            state.index.fill(kind, &documents);
        }
        for Waiting { due, change } in waiting {
            let change = match change {
                WaitingChange::Current(kind, id) => state.table(kind).any(id).cloned().map(Change::Put),
                WaitingChange::Put(record) => Some(Change::Put(Arc::from(record))),
                WaitingChange::Remove(kind, id) => Some(Change::Remove(kind, id)),
            };
            if let Some(change) = change {
                state.index.wait_again(due, change);
            }
        }
        state.log.remember(requests);
        state
    }
}
