//! Which records a stream has given already. Pure.
//!
//! In a list that comes in the order of ids one id is enough to say it, which keeps cursors small; else every id is kept.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The ids that were given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Given {
    /// Everything from this id up was given (lists that are read from the newest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    /// Everything up to this id was given (lists that are read from the oldest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    up_to: Option<i64>,
    /// Single ids.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    ids: BTreeSet<i64>,
}

/// In which order rows are given, as far as it is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Certainty {
    /// Each id is smaller than the one before.
    Falling,
    /// Each id is larger than the one before.
    Rising,
    /// Neither.
    None,
}

impl Certainty {
    /// Whether `next` may be given after `last`.
    pub(super) fn allows(self, last: i64, next: i64) -> bool {
        match self {
            Self::Falling => next < last,
            Self::Rising => next > last,
            Self::None => false,
        }
    }
}

impl Given {
    pub(super) fn holds(&self, id: i64) -> bool {
        self.from.is_some_and(|from| id >= from)
            || self.up_to.is_some_and(|up_to| id <= up_to)
            || self.ids.contains(&id)
    }

    /// Notes an id; `false` if it was given before.
    pub(super) fn note(&mut self, id: i64) -> bool {
        !self.holds(id) && self.ids.insert(id)
    }

    /// The shortest form that says the same for a list whose rows were given in this order.
    pub(super) fn compact(&self, order: Certainty) -> Self {
        let (lowest, highest) = (self.ids.first().copied(), self.ids.last().copied());
        match order {
            Certainty::Falling => {
                let from = self.from.into_iter().chain(lowest).min();
                Self { from, up_to: self.up_to, ids: BTreeSet::new() }
            }
            Certainty::Rising => {
                let up_to = self.up_to.into_iter().chain(highest).max();
                Self { from: self.from, up_to, ids: BTreeSet::new() }
            }
            Certainty::None => self.clone(),
        }
    }
}
