//! What of the past may be removed. Nothing that still counts is: not what is open or parked, not what a repeat would be recognised by, not what an
//! identity is known as.

use jiff::Timestamp;

/// What may be removed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldRows {
    /// The present moment.
    pub now: Timestamp,
    /// Submissions that landed before this moment, with their jobs, their requests and what imports say of them; `None` keeps all.
    pub done_before: Option<Timestamp>,
    /// Requests of jobs that landed before this moment; `None` keeps them as long as the job.
    pub attempts_before: Option<Timestamp>,
    /// Deliveries that arrived, or of which nothing is left, before this moment; `None` keeps all.
    pub deliveries_before: Option<Timestamp>,
    /// Imports that began before this moment, with their rows, once no row has a submission any more; `None` keeps all.
    pub imports_before: Option<Timestamp>,
    /// Receipts of demands that ended before this moment; `None` keeps all.
    pub receipts_before: Option<Timestamp>,
    /// Changes of records from before this moment; `None` keeps all.
    pub changes_before: Option<Timestamp>,
    /// Profiles of people that were not kept anew since this moment; `None` keeps all.
    pub profiles_before: Option<Timestamp>,
    /// Of each kind so many at most, so that nobody waits long behind it.
    pub most: u32,
}

impl OldRows {
    /// Nothing may go.
    pub fn none(now: Timestamp, most: u32) -> OldRows {
        OldRows {
            now,
            done_before: None,
            attempts_before: None,
            deliveries_before: None,
            imports_before: None,
            receipts_before: None,
            changes_before: None,
            profiles_before: None,
            most,
        }
    }
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
    /// Imports, with their rows.
    pub imports: u64,
    /// Receipts.
    pub receipts: u64,
}

impl RemovedRows {
    /// Each kind with its count, by the name that metrics use.
    pub fn by_kind(&self) -> [(&'static str, u64); 7] {
        let RemovedRows { submissions, attempts, deliveries, changes, profiles, imports, receipts } = *self;
        [
            ("submissions", submissions),
            ("attempts", attempts),
            ("deliveries", deliveries),
            ("changes", changes),
            ("profiles", profiles),
            ("imports", imports),
            ("receipts", receipts),
        ]
    }

    /// Whether there may be more of some kind, which had to wait because of the limit.
    pub fn may_be_more(&self, most: u32) -> bool {
        let RemovedRows { submissions, deliveries, changes, profiles, imports, receipts, .. } = *self;
        [submissions, deliveries, changes, profiles, imports, receipts].iter().any(|count| *count >= u64::from(most))
    }
}
