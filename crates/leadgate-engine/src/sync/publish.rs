//! Publishing: each sink is brought up to date with what was read to its end.

use super::SyncError;
use super::run::SyncRun;

impl SyncRun {
    /// Publishes to one sink. Returns whether there is such a one. A sink that fails is a problem of the run; the next run publishes again.
    pub(super) async fn publish(&mut self, _next: usize) -> Result<bool, SyncError> {
        Ok(false)
    }
}
