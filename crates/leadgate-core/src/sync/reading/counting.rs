//! What a count means: whether as many rows have landed as the CRM says that there are, and what to do if not.
//!
//! An account does not hold still while it is counted, so a difference is looked at again in a window of its own. What remains is looked for in the
//! whole recycle bin (if there are too many), then by reading everything again. Only then is it a failure.

use jiff::Timestamp;

use super::{Effort, Pace, Phase, Reading, Window};
use crate::sync::Stream;

/// Windows that are read again, at most, because the account moves.
const MOST_WINDOWS: u8 = 3;

/// What a count leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The counts fit; the reading is at rest.
    Fits(Reading),
    /// They do not, and this is read next.
    Again(Reading),
    /// They do not, after everything that can be done.
    Short(Shortfall, Reading),
}

/// Rows that are missing, or that are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{stream}: the CRM says that there are {total}, but {landed} have landed{}, after everything was read twice: \
     the copy is not complete; run `leadgate sync --full --streams {stream}` again, and if it stays so, look whether a filter or a territory hides rows from \
     the key's user", told(*withheld)
)]
pub struct Shortfall {
    /// Which stream.
    pub stream: Stream,
    /// Rows that the CRM says there are.
    pub total: u64,
    /// Rows that the copy has.
    pub landed: u64,
    /// Rows that the key's user may not see.
    pub withheld: u64,
}

fn told(withheld: u64) -> String {
    if withheld == 0 { String::new() } else { format!(" and {withheld} are kept back from the key's user") }
}

impl Reading {
    /// Takes in that the copy has so many rows of the stream. `moved` is how many rows the open window has made, deleted or brought back: by so
    /// many the account may have moved since. A difference that was taken for that once is looked into if the next run meets it again.
    #[must_use]
    pub fn counted(&self, landed: u64, moved: u64, now: Timestamp, pace: &Pace) -> Counted {
        let Phase::Count { window, total: Some(total), .. } = self.phase else { return Counted::Again(self.clone()) };
        let mut reading = self.clone();
        reading.lift_veil(total, landed);
        let missing =
            i128::from(total) - i128::from(landed) - i128::from(self.withheld) + i128::from(reading.veil.rows);
        let drift = i64::try_from(missing).unwrap_or(i64::MAX);
        let moved = i128::from(moved.max(window.younger));
        let has_looked = self.effort.windows >= MOST_WINDOWS || (self.effort.whole && !self.stream.tells_changes());
        let is_new_drift = drift != self.drift || self.effort.whole;
        let is_drift = has_looked && missing.abs() <= moved && is_new_drift;
        if missing == 0 || is_drift {
            reading.rest_after(&window);
            reading.drift = drift;
            return Counted::Fits(reading);
        }
        // What is new in the window and kept back is missing for that reason.
        if (1..=i128::from(window.withheld)).contains(&missing) {
            reading.withheld = (total + reading.veil.rows).saturating_sub(landed);
            reading.rest_after(&window);
            return Counted::Fits(reading);
        }
        let is_new = self.effort.windows == 0 || (moved > 0 && self.effort.windows < MOST_WINDOWS);
        let next = Window::after(window.until, now, pace);
        if reading.look_again(next, missing, is_new, now) {
            return Counted::Again(reading);
        }
        Counted::Short(Shortfall { stream: self.stream, total, landed, withheld: self.withheld }, reading)
    }

    /// After a pass that rows may have been hidden from: rows that are too many are those, up to as many as were hidden.
    fn lift_veil(&mut self, total: u64, landed: u64) {
        let most = std::mem::take(&mut self.veil.most);
        if most > 0 {
            self.veil.rows = (landed + self.withheld).saturating_sub(total).min(most);
        }
    }

    /// Opens the next thing to try; where there is none, comes to rest. Returns whether there is one.
    fn look_again(&mut self, window: Window, missing: i128, is_new: bool, now: Timestamp) -> bool {
        if self.stream.tells_changes() && is_new {
            self.effort.windows += 1;
            self.phase = Phase::Changed { window, cursor: None };
        } else if self.stream.tells_deletions() && missing < 0 && !self.effort.bin && !self.effort.whole {
            self.effort.bin = true;
            self.phase = Phase::Deleted { window, cursor: None, all: true };
        } else if !self.effort.whole {
            // The windows after it count anew.
            self.effort = Effort { windows: 0, bin: true, whole: true };
            self.open_pass(now);
        } else {
            self.effort = Effort::default();
            self.phase = Phase::Rest;
            return false;
        }
        true
    }
}
