//! The watch: what to read of a kind of record next, so that a change that no webhook told of is found.
//!
//! A window of time is fixed before it is read, and read with an overlap over the last one. It ends some time before now: what is younger may
//! still be told by a webhook that is under way. Pages come newest first, so a record that changes while they are read moves to where it is
//! read by the next window, and pushes others down, where they are read twice rather than not at all. Only a record that leaves (it was
//! deleted) pulls others up; the total shows that, and the page before is read again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Rows of a page.
pub const PAGE: u32 = 100;

/// How often to look, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the end of one look to the beginning of the next.
    pub every: SignedDuration,
    /// How old a change must be before it counts as not told.
    pub grace: SignedDuration,
    /// How far each look reaches back into the one before: the CRM's search shows a change some seconds late.
    pub overlap: SignedDuration,
}

/// How far the watch over one kind of record has come. Kept after every page, so that a process that dies goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchState {
    /// When it began: records made since are new.
    pub began: Timestamp,
    /// What changed until then was read.
    #[serde(default)]
    pub read_until: Option<Timestamp>,
    /// What is being read.
    #[serde(default)]
    pub window: Option<Window>,
    /// When to look next.
    pub next_at: Timestamp,
}

/// What changed in this time is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From then on.
    pub since: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// The page to read next, from 1.
    pub page: u32,
    /// How many rows there were in all, by the last page.
    pub total: Option<u64>,
}

impl WatchState {
    /// A watch that begins now and has read nothing.
    pub fn new(now: Timestamp) -> WatchState {
        WatchState { began: now, read_until: None, window: None, next_at: now }
    }

    /// Whether it reads what was there before it began.
    pub fn is_first(&self) -> bool {
        self.read_until.is_none()
    }

    /// The page to read now, if it is time. Opens the next window where the last one is done.
    pub fn due(&mut self, now: Timestamp, pace: &Pace) -> Option<Window> {
        if self.window.is_none() && self.next_at <= now {
            if self.is_first() {
                // Watching this kind begins now, however long notifications have been taken: what is older is no news.
                self.began = self.began.max(earlier(now, pace.every));
            }
            let since = self.read_until.map_or(Timestamp::UNIX_EPOCH, |until| earlier(until, pace.overlap));
            self.window = Some(Window { since, until: earlier(now, pace.grace), page: 1, total: None });
        }
        self.window
    }

    /// Takes in that a page was read.
    pub fn was_read(&mut self, rows: usize, total: Option<u64>, now: Timestamp, pace: &Pace) {
        let Some(window) = &mut self.window else { return };
        let has_shrunk = window.total.zip(total).is_some_and(|(before, now)| now < before);
        let read = u64::from(window.page) * u64::from(PAGE);
        let is_last = rows == 0 || total.map_or(rows < PAGE as usize, |total| total <= read);
        window.total = total.or(window.total);
        if has_shrunk && window.page > 1 {
            window.page -= 1;
        } else if is_last {
            self.read_until = Some(window.until);
            self.window = None;
            self.next_at = now.saturating_add(pace.every).unwrap_or(Timestamp::MAX);
        } else {
            window.page += 1;
        }
    }
}

fn earlier(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_sub(by).unwrap_or(Timestamp::MIN).max(Timestamp::UNIX_EPOCH)
}
