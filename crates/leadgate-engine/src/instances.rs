//! Beats: what one of several instances says to show that it lives, and the end of those who say nothing any more. An instance that has the store to itself
//! says nothing, and nobody asks.
//!
//! Whoever was paused may come back to find its work taken over: it makes no call before it has beaten again, and the store records no turn under a
//! lease that it lost. See [`leadgate_core::instances`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use leadgate_core::instances::{BEATS_EVERY, Beats, Lookout, may_call};
use leadgate_store::StoreError;
use tokio::sync::watch;

use crate::engine::Engine;

/// How soon to try again where the store could not be told.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// What this instance knows of beats.
#[derive(Default)]
pub(crate) struct Pulse(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// When the last of its own that was counted began.
    beat_at: Option<Timestamp>,
    others: Lookout,
}

impl Pulse {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A panic while the lock was held leaves what is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Beats until told to stop.
    pub(crate) async fn keep_beating(&self, mut stop: watch::Receiver<bool>) {
        if self.shared.settings.is_alone() {
            return;
        }
        loop {
            let sleep = match self.beat().await {
                Ok(()) => Duration::try_from(BEATS_EVERY).unwrap_or(AFTER_TROUBLE),
                Err(error) => {
                    tracing::warn!(error = %error, "the store could not be told that this process lives; trying again");
                    AFTER_TROUBLE
                }
            };
            tokio::select! {
                // An error means that nobody is left to say stop.
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Beats if it is time to.
    pub(crate) async fn beat_if_due(&self) -> Result<(), StoreError> {
        let beat_at = self.shared.pulse.known().beat_at;
        let age = beat_at.map(|at| self.now().duration_since(at));
        let is_fresh = age.is_some_and(|age| !age.is_negative() && age < BEATS_EVERY);
        if is_fresh || self.shared.settings.is_alone() { Ok(()) } else { self.beat().await }
    }

    async fn beat(&self) -> Result<(), StoreError> {
        let begun = self.now();
        let others = self.shared.store.beat(&self.shared.settings.worker).await?;
        let dead = {
            let mut known = self.shared.pulse.known();
            known.beat_at = Some(begun);
            known.others.look(others, self.now())
        };
        for instance in dead {
            self.bury(instance).await?;
        }
        Ok(())
    }

    async fn bury(&self, dead: Beats) -> Result<(), StoreError> {
        let worker = dead.worker.clone();
        if let Some(estate) = self.shared.store.bury(dead, self.now()).await? {
            tracing::warn!(
                instance = worker,
                jobs.abandoned = estate.jobs,
                deliveries.abandoned = estate.deliveries,
                "the process {worker} says nothing any more; {} jobs and {} deliveries of it are taken over",
                estate.jobs,
                estate.deliveries,
            );
        }
        Ok(())
    }

    /// Whether this instance may make calls: nobody can have taken it for dead meanwhile.
    pub(crate) fn may_call(&self) -> bool {
        let beat_at = self.shared.pulse.known().beat_at;
        self.shared.settings.is_alone() || beat_at.is_some_and(|at| may_call(at, self.now()))
    }
}
