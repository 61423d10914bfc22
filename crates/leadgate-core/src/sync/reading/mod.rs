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
//! A pass and a window are fixed before anything is fetched, so a process that dies repeats at most the pages of one call, and reading the same
//! pages twice changes nothing. Rows that changed after a window's end are taken as they come; the watermark moves to the window's end only.

mod counting;
mod phase;
mod taking;

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
    /// What was tried to make the counts fit.
    effort: Effort,
    phase: Phase,
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
