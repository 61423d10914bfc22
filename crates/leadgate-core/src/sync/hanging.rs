//! Rows that hang on records and are asked for record by record: which record is next.
//!
//! A record is asked for when its row in the copy has changed since; the numbers that the copy gives to changes say which those are. So the way
//! through the records can stop and go on anywhere, and a record that changes while its notes are read comes again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Part, RowsQuery, Stream};
use crate::record::{RecordKind, RecordRef};

/// The form in which it is stored.
const VERSION: u32 = 1;

/// How far the records have been gone through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hanging {
    version: u32,
    /// For each kind of records the number of the change up to which they were asked for.
    #[serde(default)]
    seen: BTreeMap<Stream, i64>,
    #[serde(default)]
    at: Option<At>,
    /// Whether records were asked for from the first on.
    #[serde(default)]
    all: bool,
    /// Whether the last way through came to its end.
    #[serde(default)]
    ended: bool,
    /// Cells that were left blank since their value did not fit, by column, since it was begun with.
    #[serde(default)]
    unfit: BTreeMap<String, u64>,
}

/// The record whose rows are being read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct At {
    records: Stream,
    id: i64,
    seq: i64,
    cursor: Option<String>,
}

impl Hanging {
    /// Nothing has been asked for; of the records up to these changes nothing will be.
    pub fn new(seen: BTreeMap<Stream, i64>) -> Hanging {
        Hanging { version: VERSION, seen, at: None, all: false, ended: false, unfit: BTreeMap::new() }
    }

    /// The same, and whether records are asked for from the first on.
    #[must_use]
    pub fn of_all(mut self, all: bool) -> Hanging {
        self.all |= all;
        self
    }

    /// Whether it can be gone on with where every record is to have been asked for: if it began so, and unless all are to be asked for `anew`, which a way
    /// that has not ended is in the middle of.
    pub fn goes_on_with_all(&self, anew: bool) -> bool {
        self.all && !(anew && self.ended)
    }

    /// Every record has been asked for.
    #[must_use]
    pub fn ended(mut self) -> Hanging {
        self.ended = true;
        self
    }

    /// Counts cells that were left blank.
    pub fn note_unfit(&mut self, unfit: BTreeMap<String, u64>) {
        for (column, cells) in unfit {
            *self.unfit.entry(column).or_default() += cells;
        }
    }

    /// Cells that were left blank since their value did not fit, by column.
    pub fn unfit(&self) -> &BTreeMap<String, u64> {
        &self.unfit
    }

    /// As it was stored; none if that is of another form, or nothing.
    pub fn resume(stored: Option<&str>) -> Option<Hanging> {
        let stored: Hanging = serde_json::from_str(stored?).ok()?;
        (stored.version == VERSION).then_some(stored)
    }

    /// As it is stored.
    pub fn stored(&self) -> String {
        // A struct of numbers and texts cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The change after which records of a kind are still to be asked for.
    pub fn seen(&self, records: Stream) -> i64 {
        self.seen.get(&records).copied().unwrap_or(0)
    }

    /// Begins with a record whose row had this change.
    #[must_use]
    pub fn begin(mut self, records: Stream, id: i64, seq: i64) -> Hanging {
        self.at = Some(At { records, id, seq, cursor: None });
        self.ended = false;
        self
    }

    /// What to ask, if a record has been begun with.
    pub fn next(&self) -> Option<RowsQuery> {
        let at = self.at.as_ref()?;
        let part = Part::Of(RecordRef { kind: kind(at.records)?, id: at.id });
        Some(RowsQuery { stream: Stream::Notes, part, from: at.cursor.clone(), pages: 1 })
    }

    /// Takes in a page, or that there is none because the record is gone.
    #[must_use]
    pub fn took(mut self, next: Option<String>) -> Hanging {
        if let Some(at) = self.at.take() {
            match next {
                Some(_) => self.at = Some(At { cursor: next, ..at }),
                None => self = self.passed(at.records, at.seq),
            }
        }
        self
    }

    /// Nothing is to be asked for up to this change.
    #[must_use]
    pub fn passed(mut self, records: Stream, seq: i64) -> Hanging {
        let seen = self.seen.entry(records).or_default();
        *seen = seq.max(*seen);
        self
    }
}

fn kind(records: Stream) -> Option<RecordKind> {
    match records {
        Stream::Leads => Some(RecordKind::Lead),
        Stream::Contacts => Some(RecordKind::Contact),
        Stream::SalesAccounts => Some(RecordKind::Company),
        Stream::Deals => Some(RecordKind::Deal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::of_those_that_change(false, true, false, false)]
    #[case::of_all_under_way(true, false, true, true)]
    #[case::of_all(true, true, false, true)]
    #[case::of_all_and_all_anew(true, true, true, false)]
    fn all_records_are_asked_for_once_and_whenever_that_is_wanted(
        #[case] all: bool,
        #[case] ended: bool,
        #[case] anew: bool,
        #[case] goes_on: bool,
    ) {
        let hanging = Hanging::new(BTreeMap::new()).of_all(all).begin(Stream::Deals, 7, 42).took(None);
        let hanging = if ended { hanging.ended() } else { hanging };
        let resumed = Hanging::resume(Some(&hanging.stored())).unwrap();
        assert_eq!(resumed.goes_on_with_all(anew), goes_on);
    }

    #[test]
    fn a_record_is_read_to_its_end_and_then_passed() {
        let hanging = Hanging::new(BTreeMap::new()).begin(Stream::Deals, 7, 42).took(Some("2".to_owned()));
        let resumed = Hanging::resume(Some(&hanging.stored())).unwrap();
        let query = resumed.next().unwrap();
        assert_eq!(query.part, Part::Of(RecordRef { kind: RecordKind::Deal, id: 7 }));
        assert_eq!((query.from.as_deref(), resumed.seen(Stream::Deals)), (Some("2"), 0));
        let done = resumed.took(None);
        assert_eq!((done.next(), done.seen(Stream::Deals)), (None, 42));
    }
}
