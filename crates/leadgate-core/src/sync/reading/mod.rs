//! The reading of one stream: what to ask the CRM next, and what its answer means for the copy.
//!
//! Cast: a [`Reading`] is how far one stream has been read; it is kept in the copy, in the transaction of the rows it speaks of. [`phase`](Phase) has
//! what it can be in the middle of; `taking` says what a page means, `counting` what a count means. Flow of a run: [`Reading::begin`] opens a whole
//! pass or a window → [`Reading::next`] says what to ask or count → [`Reading::took`] or [`Reading::counted`] gives the next state, until nothing is left.
//!
//! ```text
//! whole pass ──sweep──────────────────────────────┐
//!      ▲                                          ▼
//!      │         window: changed ─▶ deleted ─▶ count ──equal──▶ at rest
//!      │           ▲                              │
//!      │           └──── the account moves ◀──────┤
//!      └── recycle bin, then everything ◀── differs ──▶ a failure that says how many and which
//! ```
//!
//! A row that a pass does not show is gone, with three exceptions. Where more rows are kept back than before, what is not in the recycle bin may only be
//! hidden, and stays. Where a stream is read from several lists, a row may have gone from one to another, so a window is read before the sweep. And where
//! nothing tells whether the list is whole, absence says nothing.
//!
//! A pass and a window are fixed before anything is fetched, so a process that dies repeats at most the pages of one call, and reading the same
//! pages twice changes nothing. Rows that changed after a window's end are taken as they come; the watermark moves to the window's end only.

mod counting;
mod phase;
mod taking;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use counting::{Counted, Shortfall};
pub use phase::{Effort, Phase, Window};
pub use taking::{Landing, PageRead, Taken};

use super::{Part, RowsQuery, Stream};

/// The form in which readings are stored. One of another form is begun anew.
const VERSION: u32 = 1;
/// The recycle bin keeps rows for ninety days; what was deleted before that shows in no window.
const BIN_KEPT: SignedDuration = SignedDuration::from_hours(80 * 24);

/// How far a stream has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    version: u32,
    stream: Stream,
    /// The number of the pass that began last; the first is 1.
    pass: u64,
    /// When the last pass that came to its end began.
    whole_at: Option<Timestamp>,
    /// What changed before then is in the copy.
    watermark: Option<Timestamp>,
    /// Rows that the key's user may not see.
    withheld: u64,
    #[serde(default)]
    veil: Veil,
    /// The difference of the counts that the last run took for the account's moving.
    #[serde(default)]
    drift: i64,
    /// Whether nothing that the CRM says tells that the rows are all that there are.
    #[serde(default)]
    is_unchecked: bool,
    /// The pass has shown everything but what went from one list to another meanwhile: rows are swept after the window that follows.
    #[serde(default)]
    sweeps_later: bool,
    /// Cells that were left blank since their value did not fit, by column, since the last pass began.
    #[serde(default)]
    unfit: BTreeMap<String, u64>,
    /// Columns that are new, of which it is not known whether rows that did not change have values in them.
    #[serde(default)]
    unsampled: BTreeSet<String>,
    /// What was tried to make the counts fit.
    effort: Effort,
    phase: Phase,
}

/// Rows that a pass did not show and that may still be there: the key's user may have come to see less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Veil {
    /// Rows that were kept back when rows were last swept for their absence.
    kept_back: u64,
    /// At most so many rows of the copy were hidden since, as long as it has not been counted.
    most: u64,
    /// So many rows of the copy are not shown any more, and are not in the recycle bin.
    rows: u64,
}

/// How a stream is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How far a window reaches back into the one before. Longer than the CRM's search lags behind writes, and than the two clocks differ.
    pub overlap: SignedDuration,
    /// How long windows are enough: after that everything is read again, for what shows in no window.
    pub full_every: SignedDuration,
    /// Everything is to be read again, however long ago that was done.
    pub whole: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { overlap: SignedDuration::from_mins(2), full_every: SignedDuration::from_hours(7 * 24), whole: false }
    }
}

/// What to do next for a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the CRM, and hand the answer to [`Reading::took`].
    Ask(RowsQuery),
    /// Count the rows of the stream in the copy, and hand the number to [`Reading::counted`].
    Count,
    /// Nothing: the stream has been read.
    Rest,
}

impl Reading {
    /// A stream of which nothing has been read.
    pub fn new(stream: Stream) -> Reading {
        Reading {
            version: VERSION,
            stream,
            pass: 0,
            whole_at: None,
            watermark: None,
            withheld: 0,
            veil: Veil::default(),
            drift: 0,
            is_unchecked: false,
            sweeps_later: false,
            unfit: BTreeMap::new(),
            unsampled: BTreeSet::new(),
            effort: Effort::default(),
            phase: Phase::Rest,
        }
    }

    /// A reading as it was stored, or a new one where none is, or one that this version does not understand. Its passes are numbered on.
    pub fn resume(stream: Stream, stored: Option<&str>) -> Reading {
        let stored = stored.and_then(|text| serde_json::from_str::<Reading>(text).ok());
        stored.filter(|reading| reading.version == VERSION && reading.stream == stream).unwrap_or(Reading::new(stream))
    }

    /// The reading as it is stored.
    pub fn stored(&self) -> String {
        // A struct of numbers and texts cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Which stream it is of.
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// What it is in the middle of.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Rows that the key's user may not see, by the last whole reading.
    pub fn withheld(&self) -> u64 {
        self.withheld
    }

    /// Rows of the copy that the CRM does not show any more, although it does not say that they are deleted.
    pub fn hidden(&self) -> u64 {
        self.veil.rows
    }

    /// How many rows more (or, below 0, fewer) the CRM counted than the copy has, where that was taken for the account's moving.
    pub fn drift(&self) -> i64 {
        self.drift
    }

    /// Whether nothing that the CRM says tells that the rows are all that there are.
    pub fn is_unchecked(&self) -> bool {
        self.is_unchecked
    }

    /// Cells that were left blank since their value did not fit, by column, since the last pass began.
    pub fn unfit(&self) -> &BTreeMap<String, u64> {
        &self.unfit
    }

    /// Columns that are new, of which it is not known whether rows that did not change have values in them.
    pub fn unsampled(&self) -> &BTreeSet<String> {
        &self.unsampled
    }

    /// What changed before then is in the copy, if anything has been read to its end.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.watermark
    }

    /// Whether the stream has been read as of that moment.
    pub fn is_current(&self, since: Timestamp) -> bool {
        let read = if self.stream.tells_changes() { self.watermark } else { self.whole_at };
        self.phase == Phase::Rest && read.is_some_and(|read| read >= since)
    }

    /// Opens what is to be read, unless something is open. `now` is when the run began: what is opened reads up to then.
    #[must_use]
    pub fn begin(mut self, now: Timestamp, pace: &Pace) -> Reading {
        if self.is_outdated(now) {
            self.phase = Phase::Rest;
            self.watermark = None;
            self.sweeps_later = false;
        }
        if self.phase != Phase::Rest {
            return self;
        }
        self.effort = Effort::default();
        match self.watermark.filter(|_| !self.is_whole_due(now, pace)) {
            Some(watermark) => {
                self.phase = Phase::Changed { window: Window::after(watermark, now, pace), cursor: None }
            }
            None => self.open_pass(now),
        }
        self
    }

    /// The stream with columns that rows have to be read again for although they did not change: what is open is given up for a pass.
    #[must_use]
    pub fn reshaped(mut self, now: Timestamp) -> Reading {
        self.effort = Effort::default();
        self.open_pass(now);
        self
    }

    /// The stream with new columns that may have values in rows which did not change: the next count looks into some rows.
    #[must_use]
    pub fn widened(mut self, columns: impl IntoIterator<Item = String>) -> Reading {
        self.unsampled.extend(columns);
        self
    }

    /// Whether what is open began so long ago that the recycle bin may have forgotten what was deleted since.
    fn is_outdated(&self, now: Timestamp) -> bool {
        let since = match &self.phase {
            Phase::Rest => self.watermark,
            Phase::Whole { began, .. } => Some(*began),
            Phase::Changed { window, .. } | Phase::Deleted { window, .. } | Phase::Count { window, .. } => {
                Some(window.since)
            }
        };
        since.is_some_and(|since| now.duration_since(since) > BIN_KEPT)
    }

    /// Whether everything is to be read: for the first time, because windows do not show all changes of the stream, or because it is time.
    pub fn is_whole_due(&self, now: Timestamp, pace: &Pace) -> bool {
        let is_recent = self.whole_at.is_some_and(|read| now.duration_since(read) < pace.full_every);
        pace.whole || !self.stream.tells_changes() || !is_recent
    }

    fn open_pass(&mut self, now: Timestamp) {
        self.pass += 1;
        self.sweeps_later = false;
        self.unfit.clear();
        self.unsampled.clear();
        self.phase = Phase::Whole { began: now, cursor: None, withheld: 0, total: None };
    }

    /// What to do next; `pages` is how many pages may be asked for side by side.
    pub fn next(&self, pages: u32) -> Step {
        let ask = |part: Part, from: &Option<String>, pages: u32| {
            Step::Ask(RowsQuery { stream: self.stream, part, from: from.clone(), pages: pages.max(1) })
        };
        match &self.phase {
            Phase::Rest => Step::Rest,
            // After a difference one page at a time: side by side, a row that left and one that came hide each other.
            Phase::Whole { cursor, .. } => ask(Part::Whole, cursor, if self.effort.is_strained() { 1 } else { pages }),
            Phase::Changed { window, cursor } => ask(Part::ChangedAfter(window.since), cursor, 1),
            Phase::Deleted { window, cursor, all } => {
                ask(Part::Deleted { after: (!all).then_some(window.since) }, cursor, 1)
            }
            Phase::Count { total: None, cursor, .. } => ask(Part::Whole, cursor, 1),
            Phase::Count { total: Some(_), .. } => Step::Count,
        }
    }

    /// The same stream after an answer that cannot be gone on from: what was open is read from its beginning.
    #[must_use]
    pub fn restarted(mut self, now: Timestamp) -> Reading {
        match &mut self.phase {
            Phase::Rest => {}
            Phase::Whole { .. } => self.open_pass(now),
            Phase::Changed { cursor, .. } | Phase::Deleted { cursor, .. } | Phase::Count { cursor, .. } => {
                *cursor = None
            }
        }
        self
    }
}

fn earlier(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_sub(by).unwrap_or(Timestamp::MIN).max(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
