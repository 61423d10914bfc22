//! Lanes: which requests may go first when the account's budget is short.

use serde::{Deserialize, Serialize};

/// The urgency of a request to the CRM. Lower lanes leave a reserve of the budget to higher ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Somebody is waiting for the answer.
    Interactive,
    /// A product event: soon, but nobody watches.
    Event,
    /// Imports and other work in quantity.
    Bulk,
    /// Keeping the mirror fresh.
    Sync,
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Lane; 4] = [Lane::Interactive, Lane::Event, Lane::Bulk, Lane::Sync];

    /// The name that configuration, logs and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Interactive => "interactive",
            Lane::Event => "event",
            Lane::Bulk => "bulk",
            Lane::Sync => "sync",
        }
    }

    /// 0 for the most urgent lane; also the number under which stores keep it.
    pub fn rank(self) -> u8 {
        self as u8
    }

    /// The lane with that rank.
    pub fn from_rank(rank: u8) -> Option<Lane> {
        Lane::ALL.get(usize::from(rank)).copied()
    }
}

impl std::fmt::Display for Lane {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
