//! The saved views that are read where searches do not serve: the one of all records, and the recycle bin.
//!
//! Their names are in the account's language and nothing else says what they hold. So each view is asked for one row: the recycle bin gives itself away by a deleted one, and the
//! view of everything is the largest of the others. Deals have no such view: all of them are read, and rows that come twice are the same row.

use freshsales::views::SavedView;
use leadgate_core::sync::{Part, Stream};
use serde::{Deserialize, Serialize};

/// What is known of the views so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Views {
    /// Views that were not looked at, none before the list of views was read.
    waiting: Option<Vec<i64>>,
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    id: i64,
    total: u64,
    is_bin: bool,
}

/// What to ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The list of views.
    List,
    /// One row of this view.
    One(i64),
    /// Nothing.
    Ready,
}

impl Views {
    pub(super) fn next_look(&self) -> Look {
        match &self.waiting {
            None => Look::List,
            Some(waiting) => waiting.last().map_or(Look::Ready, |view| Look::One(*view)),
        }
    }

    pub(super) fn list(&mut self, views: &[SavedView]) {
        // Views that people made may hold anything; the system's own belong to nobody.
        let own = views.iter().filter(|view| view.user_id.unwrap_or(0) == 0);
        self.waiting = Some(own.map(|view| view.id).collect());
    }

    pub(super) fn look(&mut self, total: u64, is_bin: bool) {
        let looked_at = self.waiting.as_mut().and_then(Vec::pop);
        self.seen.extend(looked_at.map(|id| Seen { id, total, is_bin }));
    }

    /// The views to read for a part, in turn.
    pub(super) fn of(&self, stream: Stream, part: &Part) -> Vec<i64> {
        if matches!(part, Part::Deleted { .. }) {
            return self.seen.iter().filter(|seen| seen.is_bin).map(|seen| seen.id).collect();
        }
        let mut live: Vec<Seen> = self.seen.iter().filter(|seen| !seen.is_bin && seen.total > 0).copied().collect();
        live.sort_by_key(|seen| (std::cmp::Reverse(seen.total), seen.id));
        let most = if stream == Stream::Deals { usize::MAX } else { 1 };
        live.into_iter().map(|seen| seen.id).take(most).collect()
    }
}
