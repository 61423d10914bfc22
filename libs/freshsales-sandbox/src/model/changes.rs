//! What has changed since the journal was last written, where one is kept.

use std::sync::Arc;

use super::{Kind, Record};

/// One change of a record.
#[derive(Debug)]
pub(crate) enum RecordChange {
    /// It was written, which is part of its history.
    Written(Arc<Record>),
    /// The account derived something in it from other records.
    Derived(Arc<Record>),
    Forgotten(Kind, i64),
    /// The content of a document was uploaded.
    Uploaded(i64),
}

#[derive(Debug, Default)]
pub(crate) struct Changes {
    kept: bool,
    records: Vec<RecordChange>,
    touched: bool,
    everything: bool,
}

/// How much of the account has to be written.
#[derive(Debug)]
pub(crate) enum Extent {
    Nothing,
    Records(Vec<RecordChange>),
    /// Records, and settings, picklists or jobs.
    RecordsAndAccount(Vec<RecordChange>),
    Everything,
}

impl Changes {
    /// From now on changes are collected.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    pub(crate) fn note(&mut self, change: impl FnOnce() -> RecordChange) {
        if self.kept {
            self.records.push(change());
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
