//! What a reading can be in the middle of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Pace, earlier};

/// What is being read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing.
    Rest,
    /// Everything.
    Whole {
        /// When the pass began.
        began: Timestamp,
        /// Where to go on.
        cursor: Option<String>,
        /// Rows that were kept back so far.
        withheld: u64,
        /// How many there are in all, as the CRM said last.
        total: Option<u64>,
    },
    /// What was made or changed in a window.
    Changed {
        /// The window.
        window: Window,
        /// Where to go on.
        cursor: Option<String>,
    },
    /// What was put into the recycle bin.
    Deleted {
        /// The window.
        window: Window,
        /// Where to go on.
        cursor: Option<String>,
        /// Whether the whole bin is read, rather than what was put there in the window.
        all: bool,
    },
    /// Whether as many rows have landed as the CRM says that there are.
    Count {
        /// The window that has been read.
        window: Window,
        /// How many there are in all, once that has been asked.
        total: Option<u64>,
        /// Where to go on, while the CRM has not said it.
        cursor: Option<String>,
    },
}

/// A span of time whose changes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Changes after this moment are asked for.
    pub since: Timestamp,
    /// The watermark once the window has been read.
    pub until: Timestamp,
    /// Rows of the window that were kept back.
    pub withheld: u64,
    /// Rows that changed after its end, while it was read.
    pub younger: u64,
}

impl Window {
    /// What a pass that began then has read, without anything after it.
    pub(super) fn of_pass(began: Timestamp) -> Window {
        Window { since: began, until: began, withheld: 0, younger: 0 }
    }

    /// The window from a watermark until now.
    pub(super) fn after(watermark: Timestamp, now: Timestamp, pace: &Pace) -> Window {
        let since = earlier(watermark, pace.overlap);
        Window { since, until: now.max(watermark), withheld: 0, younger: 0 }
    }
}

/// What was tried, within one run, to make the counts fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effort {
    /// Windows that were read again.
    pub windows: u8,
    /// Whether the whole recycle bin was read.
    pub bin: bool,
    /// Whether everything was read again.
    pub whole: bool,
}

impl Effort {
    /// Whether a difference has been met already.
    pub(super) fn is_strained(self) -> bool {
        self != Effort::default()
    }
}
