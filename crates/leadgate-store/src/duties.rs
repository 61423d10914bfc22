//! Duties: what one instance at a time does for all that share the store. A duty is held like a lease, by name and until a moment; whoever dies
//! with it is followed when that moment has come.
//!
//! A holder that was paused may go on after another has taken over, so what it then writes is refused or changes nothing:
//! [`Store::record_plans`](crate::Store::record_plans) asks whether the planner still plans,
//! [`Store::put_watch`](crate::Store::put_watch) whether the watch is still where it was, a planned moment begins once; removing what is old,
//! filling the mirror and looking twice do no harm.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;

/// Making plans of submissions.
pub const PLANNING: &str = "planning";
/// Looking for what no notification told.
pub const WATCHING: &str = "watching";
/// Removing what is old.
pub const CLEARING: &str = "clearing";
/// Beginning syncs by the schedule.
pub const SYNCING: &str = "syncing";

/// Who does what for all.
#[async_trait]
pub trait DutyStore: Send + Sync {
    /// Takes or renews a duty until a moment. `false` while another worker holds it, which is before the moment that the other named.
    async fn hold_duty(&self, duty: &str, worker: &str, until: Timestamp, now: Timestamp) -> Result<bool, StoreError>;

    /// Gives up all duties of a worker, so that others take them at once.
    async fn give_up_duties(&self, worker: &str) -> Result<(), StoreError>;

    /// Begins what a schedule planned for a moment. `false` if that moment or a later one was begun before, by whomever.
    async fn begin_planned(&self, schedule: &str, moment: Timestamp) -> Result<bool, StoreError>;
}
