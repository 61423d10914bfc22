//! Taking a snapshot: pointers to the records under the lock, the writing after it.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;

use super::{FORMAT, Header, Line, SnapshotOptions, VERSION, Waiting, WaitingChange, write_line};
use crate::model::files::StoredFile;
use crate::model::history::Event;
use crate::model::search_index::Change;
use crate::model::{Record, State};
use crate::{Kind, RequestSeen};

/// An account at one moment. Its records are shared with the account, so it takes a few bytes for each.
#[derive(Debug)]
pub(crate) struct Capture {
    header: Header,
    /// The account's own line, and those of jobs and deliveries.
    account: Vec<u8>,
    records: Vec<Arc<Record>>,
    events: Vec<Event>,
    files: Vec<(i64, StoredFile)>,
    unindexed: Vec<(Kind, i64)>,
    indexed: Vec<Arc<Record>>,
    waiting: Vec<(Timestamp, Change, bool)>,
    requests: Vec<RequestSeen>,
}

pub(super) fn header(state: &State) -> Header {
    Header { format: FORMAT.to_owned(), version: VERSION, subdomain: state.config.subdomain.clone() }
}

impl Capture {
    pub(crate) fn of(state: &State, options: SnapshotOptions) -> io::Result<Self> {
        let mut account = Vec::new();
        write_line(&mut account, &Line::Account(state))?;
        for (id, job) in state.jobs.all() {
            write_line(&mut account, &Line::Job(id, job))?;
        }
        for delivery in state.workflows.log.all() {
            write_line(&mut account, &Line::Delivery(delivery))?;
        }
        for (workflow, record) in state.workflows.fired() {
            write_line(&mut account, &Line::Fired(workflow, record))?;
        }
        let records: Vec<Arc<Record>> = Kind::ALL.iter().flat_map(|&kind| state.table(kind).all()).cloned().collect();
        let requests = if options.requests { state.log.all().cloned().collect() } else { Vec::new() };
        let (unindexed, indexed) = lagging(state);
        let files = state.files.all().map(|(document, file)| (document, file.clone())).collect();
        let waiting = state.index.waiting().map(|(due, change)| (due, change.clone(), is_current(state, change)));
        let waiting = waiting.collect();
        Ok(Self {
            header: header(state),
            account,
            records,
            events: state.histories.all(),
            files,
            unindexed,
            indexed,
            waiting,
            requests,
        })
    }

    /// Writes it in many small pieces; give it a buffered writer.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        write_line(out, &Line::Snapshot(self.header.clone()))?;
        out.write_all(&self.account)?;
        for record in &self.records {
            write_line(out, &Line::Record(record))?;
        }
        for event in &self.events {
            write_line(out, &Line::Event(event.clone()))?;
        }
        for (document, file) in &self.files {
            write_line(out, &Line::File(*document, file))?;
        }
        for &(kind, id) in &self.unindexed {
            write_line(out, &Line::Unindexed(kind, id))?;
        }
        for record in &self.indexed {
            write_line(out, &Line::Indexed(record))?;
        }
        for (due, change, is_current) in &self.waiting {
            let change = match change {
                Change::Put(record) if *is_current => WaitingChange::Current(record.kind, record.id),
                Change::Put(record) => WaitingChange::Put(record.as_ref()),
                Change::Remove(kind, id) => WaitingChange::Remove(*kind, *id),
            };
            write_line(out, &Line::Waiting(Waiting { due: *due, change }))?;
        }
        for request in &self.requests {
            write_line(out, &Line::Request(request))?;
        }
        write_line(out, &Line::End { records: self.records.len() })
    }
}

/// The records of which searches show something else: nothing, or an earlier state.
fn lagging(state: &State) -> (Vec<(Kind, i64)>, Vec<Arc<Record>>) {
    let (mut unindexed, mut indexed) = (Vec::new(), Vec::new());
    let concerned: HashSet<(Kind, i64)> = state.index.waiting().map(|(_, change)| change.subject()).collect();
    for (kind, id) in concerned {
        let (row, document) = (state.table(kind).any(id), state.index.document(kind, id));
        match (row, document) {
            (Some(row), Some(document)) if Arc::ptr_eq(row, document) => {}
            (_, Some(document)) => indexed.push(Arc::clone(document)),
            (Some(_), None) => unindexed.push((kind, id)),
            (None, None) => {}
        }
    }
    (unindexed, indexed)
}

fn is_current(state: &State, change: &Change) -> bool {
    match change {
        Change::Put(record) => state.table(record.kind).any(record.id).is_some_and(|row| Arc::ptr_eq(row, record)),
        Change::Remove(..) => false,
    }
}
