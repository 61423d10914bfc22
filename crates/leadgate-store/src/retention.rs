//! What of the past may be removed. Nothing that still counts is: not what is open or parked, not what a repeat would be recognised by, not what an
//! identity is known as.

use jiff::Timestamp;

/// What may be removed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldRows {
    /// The present moment.
    pub now: Timestamp,
    /// Submissions that landed before this moment, with their jobs and requests, and deliveries that arrived before it; `None` keeps all.
    pub done_before: Option<Timestamp>,
    /// Changes of records from before this moment; `None` keeps all.
    pub changes_before: Option<Timestamp>,
    /// Profiles of people that were not kept anew since this moment; `None` keeps all.
    pub profiles_before: Option<Timestamp>,
    /// Of each kind so many at most, so that nobody waits long behind it.
    pub most: u32,
}

/// How many rows were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemovedRows {
    /// Submissions and their jobs.
    pub submissions: u64,
    /// Requests that were made for them.
    pub attempts: u64,
    /// Deliveries, with their attempts.
    pub deliveries: u64,
    /// Changes.
    pub changes: u64,
    /// Profiles.
    pub profiles: u64,
}

impl RemovedRows {
    /// Each kind with its count, by the name that metrics use.
    pub fn by_kind(&self) -> [(&'static str, u64); 5] {
        let RemovedRows { submissions, attempts, deliveries, changes, profiles } = *self;
        [
            ("submissions", submissions),
            ("attempts", attempts),
            ("deliveries", deliveries),
            ("changes", changes),
            ("profiles", profiles),
        ]
    }

    /// Whether there may be more of some kind, which had to wait because of the limit.
    pub fn may_be_more(&self, most: u32) -> bool {
        [self.submissions, self.deliveries, self.changes, self.profiles].iter().any(|count| *count >= u64::from(most))
    }
}
