//! What is asked of the CRM for a stream, and what it answers.

use jiff::Timestamp;

use super::{RawRow, Stream};
use crate::record::RecordRef;

/// Which rows of a stream are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// Those that were made or changed after this moment.
    ChangedAfter(Timestamp),
    /// Those in the recycle bin; with a moment, only those that were put there after it, as far as the CRM can tell.
    Deleted {
        /// The moment.
        after: Option<Timestamp>,
    },
    /// Those that hang on one record.
    Of(RecordRef),
}

/// Some pages of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsQuery {
    /// Which stream.
    pub stream: Stream,
    /// Which of its rows.
    pub part: Part,
    /// Where to go on: what [`RowsPage::next`] said; none for the beginning.
    pub from: Option<String>,
    /// How many pages to ask for side by side: each is a request.
    pub pages: u32,
}

/// The answer to a [`RowsQuery`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowsPage {
    /// The rows as the CRM shows them, with the names of what they point at.
    pub rows: Vec<RawRow>,
    /// Rows of other streams that came beside them.
    pub beside: Vec<(Stream, RawRow)>,
    /// Where to go on; none at the end. Valid for the same stream and part, today or after a restart.
    pub next: Option<String>,
    /// How many rows there are in all, if the CRM says so.
    pub total: Option<u64>,
    /// Rows that these pages should have held and did not, by the CRM's own totals: the key's user may not see them.
    pub withheld: u64,
    /// Whether the list may show a part of what there is, and nothing that the CRM says tells.
    pub is_unchecked: bool,
}
