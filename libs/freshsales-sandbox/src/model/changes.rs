//! What has changed since the journal was last written, where one is kept.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Kind, Record};

/// One change of a record, or of what only ever grows.
#[derive(Debug)]
pub(crate) enum RecordChange {
    /// It was written, which is part of its history.
    Written(Arc<Record>),
    /// The account derived something in it from other records.
    Derived(Arc<Record>),
    Forgotten(Kind, i64),
    /// The content of a document was uploaded.
    Uploaded(i64),
    /// A bulk job was submitted or has ended.
    Job(i64),
    /// A workflow that fires once for each record has fired for this one.
    Fired(u64, i64),
}

#[derive(Debug, Default)]
pub(crate) struct Changes {
    kept: bool,
    records: Vec<(Timestamp, RecordChange)>,
    touched: bool,
    everything: bool,
}

/// How much of the account has to be written.
#[derive(Debug)]
pub(crate) enum Extent {
    Nothing,
    Records(Vec<(Timestamp, RecordChange)>),
    /// Records, and settings or picklists.
    RecordsAndAccount(Vec<(Timestamp, RecordChange)>),
    Everything,
}

impl Changes {
    /// From now on changes are collected.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    /// Takes down a change and the time on the account's clock at which it was made.
    pub(crate) fn note(&mut self, at: Timestamp, change: impl FnOnce() -> RecordChange) {
        if self.kept {
            self.records.push((at, change()));
        }
    }

    /// Something other than records has changed.
    pub(crate) fn touch(&mut self) {
        self.touched = true;
    }

    /// So much has changed that the account is best written anew.
    pub(crate) fn replace_everything(&mut self) {
        self.everything = true;
    }

    pub(crate) fn take(&mut self) -> Extent {
        let records = std::mem::take(&mut self.records);
        let (touched, everything) = (std::mem::take(&mut self.touched), std::mem::take(&mut self.everything));
        match (everything, touched, records.is_empty()) {
            _ if !self.kept => Extent::Nothing,
            (true, _, _) => Extent::Everything,
            (false, true, _) => Extent::RecordsAndAccount(records),
            (false, false, false) => Extent::Records(records),
            (false, false, true) => Extent::Nothing,
        }
    }
}
