//! What a lane leaves to the lanes above it.

use serde::{Deserialize, Serialize};

use crate::lane::Lane;

/// Requests that are kept for each upper lane however little time is left, so that a late lead still finds room.
const FLOOR: f64 = 3.0;

/// Shares of a window, from 0 to 1, that are kept for a lane by all lanes below it. They shrink with the time left, so that nothing is wasted at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reserves {
    /// Kept for interactive work.
    pub interactive: f64,
    /// Kept for product events.
    pub event: f64,
    /// Kept for bulk work.
    pub bulk: f64,
    /// The share of a minute that bulk and sync work may fill together with others: what is left over keeps bursts of other tools from a 429.
    pub minute_for_bulk: f64,
}

impl Default for Reserves {
    fn default() -> Self {
        Reserves { interactive: 0.10, event: 0.05, bulk: 0.05, minute_for_bulk: 0.60 }
    }
}

impl Reserves {
    /// Requests of the hour that this lane must leave, with this share of the hour left.
    pub(crate) fn of_hour(&self, lane: Lane, limit: u32, share_left: f64) -> f64 {
        let above: &[f64] = match lane {
            Lane::Interactive => &[],
            Lane::Event => &[self.interactive],
            Lane::Bulk => &[self.interactive, self.event],
            Lane::Sync => &[self.interactive, self.event, self.bulk],
        };
        above.iter().map(|share| share * f64::from(limit) * share_left + FLOOR.min(f64::from(limit) * 0.01)).sum()
    }

    /// Requests of a minute that this lane may fill, others' included.
    pub(crate) fn of_minute(&self, lane: Lane, limit: u32) -> f64 {
        let share = match lane {
            Lane::Interactive => 0.95,
            Lane::Event => 0.80,
            Lane::Bulk | Lane::Sync => self.minute_for_bulk,
        };
        f64::from(limit) * share
    }
}
