//! What a page means.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Pace, Phase, Reading, Veil, Window};

/// What of an answer matters to the reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRead {
    /// Where to go on; none at the end.
    pub next: Option<String>,
    /// How many rows there are in all, if the CRM says so.
    pub total: Option<u64>,
    /// Rows that should have been on the pages and were not.
    pub withheld: u64,
    /// How many rows are on the pages.
    pub rows: u64,
    /// Rows on the pages that were made after [`Reading::until`].
    pub younger: u64,
    /// Cells that were left blank since their value did not fit, by column.
    pub unfit: BTreeMap<String, u64>,
    /// Whether a row that did not change has a value in one of [`Reading::unsampled`].
    pub fills_new_columns: bool,
    /// Whether the list may be a part of what there is, and nothing tells.
    pub is_unchecked: bool,
}

/// What is to be done with the rows of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// They are as the account has them now.
    Rows {
        /// The number of the pass that they were seen in.
        pass: Option<u64>,
        /// The pass that ends with them: rows that it has not seen are gone.
        sweep: Option<u64>,
    },
    /// They are in the recycle bin.
    Gone,
}

/// The state after a page, to be stored in the transaction that lands its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What becomes of the rows.
    pub landing: Landing,
    /// Where the stream is then.
    pub reading: Reading,
}

/// How long a pass may take before what changed meanwhile is read in the same run.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

const AS_THEY_ARE: Landing = Landing::Rows { pass: None, sweep: None };

impl Reading {
    /// The end of what is being read: rows that changed after it changed while it was read.
    pub fn until(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Rest => None,
            Phase::Whole { began, .. } => Some(*began),
            Phase::Changed { window, .. } | Phase::Deleted { window, .. } | Phase::Count { window, .. } => {
                Some(window.until)
            }
        }
    }

    /// Takes in the answer to what [`Reading::next`] asked.
    #[must_use]
    pub fn took(&self, page: &PageRead, now: Timestamp, pace: &Pace) -> Taken {
        let mut reading = self.clone();
        let landing = match self.phase.clone() {
            Phase::Rest => AS_THEY_ARE,
            Phase::Whole { began, withheld, total, .. } => {
                // The last page is not always one that tells the total.
                let page = PageRead { withheld: withheld + page.withheld, total: page.total.or(total), ..page.clone() };
                reading.note_unfit(&page);
                reading.took_of_all(began, &page, now, pace)
            }
            Phase::Changed { window, .. } => {
                reading.note_unfit(page);
                let window = widened(window, page);
                let landing = reading.swept_late(page.next.is_none());
                reading.phase = match &page.next {
                    Some(next) => Phase::Changed { window, cursor: Some(next.clone()) },
                    None if self.stream.tells_deletions() => Phase::Deleted { window, cursor: None, all: false },
                    None => reading.counting(&window),
                };
                landing
            }
            Phase::Deleted { window, all, .. } => {
                reading.phase = match &page.next {
                    Some(next) => Phase::Deleted { window, cursor: Some(next.clone()), all },
                    None => reading.counting(&window),
                };
                Landing::Gone
            }
            Phase::Count { window, .. } => {
                reading.counts_of(window, page, now);
                AS_THEY_ARE
            }
        };
        Taken { landing, reading }
    }

    /// `page` has what all pages of the pass so far have told.
    fn took_of_all(&mut self, began: Timestamp, page: &PageRead, now: Timestamp, pace: &Pace) -> Landing {
        let pass = Some(self.pass);
        let PageRead { withheld, total, .. } = *page;
        if let Some(next) = &page.next {
            self.phase = Phase::Whole { began, cursor: Some(next.clone()), withheld, total };
            return Landing::Rows { pass, sweep: None };
        }
        let was_whole = self.whole_at.is_some();
        self.withheld = withheld;
        self.whole_at = Some(began);
        self.watermark = Some(began);
        self.is_unchecked = page.is_unchecked;
        let is_believed = self.draw_veil(was_whole, page.is_unchecked);
        self.sweeps_later = is_believed && was_whole && self.has_several_lists();
        let is_fresh = now.duration_since(began) <= FRESH || !self.stream.tells_changes();
        self.phase = match total.filter(|_| is_fresh && self.stream.tells_total()) {
            _ if !is_believed && self.stream.tells_deletions() => {
                Phase::Deleted { window: Window::of_pass(began), cursor: None, all: true }
            }
            Some(total) => Phase::Count { window: Window::of_pass(began), total: Some(total), cursor: None },
            None if self.sweeps_later || (self.stream.tells_changes() && (!is_fresh || self.stream.tells_total())) => {
                Phase::Changed { window: Window::after(began, now, pace), cursor: None }
            }
            // It was read to its end, and there is nothing to compare with.
            None => Phase::Rest,
        };
        Landing::Rows { pass, sweep: pass.filter(|_| is_believed && !self.sweeps_later) }
    }

    /// Judges, at the end of a pass, whether a row that it did not show is gone.
    fn draw_veil(&mut self, was_whole: bool, is_unchecked: bool) -> bool {
        self.veil.most = self.withheld.saturating_sub(self.veil.kept_back);
        let is_believed = !was_whole || (self.veil.most == 0 && !is_unchecked);
        if is_believed {
            self.veil = Veil { kept_back: self.withheld, ..Veil::default() };
        }
        is_believed
    }

    /// Whether rows go from one list to another while they are read.
    fn has_several_lists(&self) -> bool {
        self.stream.tells_changes() && !self.stream.tells_total()
    }

    /// What becomes of the rows of a window, which a pass may still be waiting for.
    fn swept_late(&mut self, is_last: bool) -> Landing {
        if !self.sweeps_later {
            return AS_THEY_ARE;
        }
        self.sweeps_later = !is_last;
        let pass = Some(self.pass);
        Landing::Rows { pass, sweep: pass.filter(|_| is_last) }
    }

    fn note_unfit(&mut self, page: &PageRead) {
        for (column, cells) in &page.unfit {
            *self.unfit.entry(column.clone()).or_default() += cells;
        }
    }

    /// What follows a window: the count, where the CRM tells how many rows there are.
    fn counting(&mut self, window: &Window) -> Phase {
        if self.stream.tells_total() {
            return Phase::Count { window: *window, total: None, cursor: None };
        }
        self.rest_after(window);
        Phase::Rest
    }

    /// Takes in how many rows the CRM says that there are. Where pages with rows do not say it, nothing can be compared.
    fn counts_of(&mut self, window: Window, page: &PageRead, now: Timestamp) {
        if page.fills_new_columns {
            return self.open_pass(now);
        }
        if page.rows > 0 {
            self.unsampled.clear();
        }
        self.is_unchecked = page.is_unchecked;
        match (page.total, &page.next) {
            // The number of pages was asked for; the rows that new columns are looked for in come next.
            (_, Some(next)) if page.rows == 0 && !self.unsampled.is_empty() => {
                self.phase = Phase::Count { window, total: None, cursor: Some(next.clone()) };
            }
            (Some(total), _) => self.phase = Phase::Count { window, total: Some(total), cursor: None },
            (None, Some(next)) if page.rows == 0 => {
                self.phase = Phase::Count { window, total: None, cursor: Some(next.clone()) };
            }
            (None, _) => {
                // A list that the account does not have has no rows either.
                self.is_unchecked |= page.rows > 0;
                self.rest_after(&window);
            }
        }
    }

    pub(super) fn rest_after(&mut self, window: &Window) {
        if self.stream.tells_changes() {
            self.watermark = Some(window.until);
        }
        self.effort = super::Effort::default();
        self.drift = 0;
        self.phase = Phase::Rest;
    }
}

fn widened(mut window: Window, page: &PageRead) -> Window {
    window.withheld += page.withheld;
    window.younger += page.younger;
    window
}
