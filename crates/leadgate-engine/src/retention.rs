//! The loop that removes the past: at rest, a little at a time.

use std::time::Duration;

use jiff::Timestamp;
use leadgate_core::retention::{Found, MOST_AT_ONCE, before, is_time, wait_after};
use leadgate_store::StoreError;
use leadgate_store::duties::CLEARING;
use leadgate_store::retention::{OldRows, RemovedRows};
use tokio::sync::watch;

use crate::engine::Engine;
use crate::metrics;

impl Engine {
    /// Removes what need not be kept any longer until told to stop.
    pub(crate) async fn clear_the_past(&self, mut stop: watch::Receiver<bool>) {
        if self.shared.settings.retention.keeps_all() {
            return;
        }
        let mut last = self.now();
        loop {
            let found = self.look_at_the_past(&mut last).await.unwrap_or_else(|error| {
                tracing::error!(error = %error, "the store failed; what is old is removed later");
                Found::AtWork
            });
            let wait = Duration::try_from(wait_after(found)).unwrap_or(Duration::from_secs(1));
            tokio::select! {
                // An error means that nobody is left to say stop.
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn look_at_the_past(&self, last: &mut Timestamp) -> Result<Found, StoreError> {
        let now = self.now();
        // Who lost the duty in the middle removes nothing that another would have kept.
        if !self.hold_duty(CLEARING).await?.is_held() {
            return Ok(Found::AtWork);
        }
        let at_rest = self.next_due().await?.is_none_or(|due| due > now);
        if !is_time(at_rest, *last, now) {
            return Ok(Found::AtWork);
        }
        let removed = self.remove_old().await?;
        if removed.may_be_more(MOST_AT_ONCE) {
            return Ok(Found::More);
        }
        *last = now;
        Ok(Found::All)
    }

    /// Removes once what need not be kept any longer, so much at most as fits into a short transaction.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; then nothing was removed.
    pub async fn remove_old(&self) -> Result<RemovedRows, StoreError> {
        let (now, kept) = (self.now(), self.shared.settings.retention);
        let old = OldRows {
            done_before: before(kept.done, now),
            attempts_before: before(kept.attempts, now),
            deliveries_before: before(kept.deliveries, now),
            imports_before: before(kept.imports, now),
            receipts_before: before(kept.receipts, now),
            changes_before: before(kept.changes, now),
            profiles_before: before(kept.profiles, now),
            ..OldRows::none(now, MOST_AT_ONCE)
        };
        let removed = self.shared.store.remove_old(old).await?;
        metrics::removed(&removed);
        if removed != RemovedRows::default() {
            tracing::debug!(
                removed.submissions = removed.submissions,
                removed.deliveries = removed.deliveries,
                removed.changes = removed.changes,
                removed.profiles = removed.profiles,
                "removed what need not be kept any longer"
            );
        }
        Ok(removed)
    }
}
