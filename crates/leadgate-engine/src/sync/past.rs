//! What of the copy's past need not be kept any longer, removed when a run has ended.

use leadgate_core::retention::{MOST_AT_ONCE, before};

use super::SyncError;
use super::run::SyncRun;

impl SyncRun {
    /// Removes changes and runs that are older than the settings keep them, some in each transaction.
    pub(super) async fn clear_the_past(&self) -> Result<(), SyncError> {
        let now = self.engine.now();
        let (changes, runs) = (before(self.settings.keep_changes, now), before(self.settings.keep_runs, now));
        if changes.is_none() && runs.is_none() {
            return Ok(());
        }
        let most = MOST_AT_ONCE as usize;
        loop {
            let removed = self.copy.with(move |copy| copy.remove_old(changes, runs, most)).await?;
            if removed.0.max(removed.1) < most as u64 {
                return Ok(());
            }
        }
    }
}
