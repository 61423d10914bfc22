//! Forgetting a person: what a demand asks for is done, a step at a time, and ends with a receipt.
//!
//! Cast: [`Forgetter`] takes the steps of one demand after the other; `copy` goes through the copy of the account and publishes its sinks;
//! `receipt` is what is left in the end. Flow: the store's tables, the copy, the sinks → the CRM, as a job like any other, which the engine's loop
//! works on → once more what came meanwhile, and the copy → the bytes → the receipt. Every step is stored before the next; a process that dies is
//! taken up from there.

mod copy;
mod receipt;

use std::sync::Arc;
use std::time::Duration;

use leadgate_core::clock::Clock;
use leadgate_store::Store;
use leadgate_store::erasure::{CrmForget, ForgetId, ForgetState, Phase};

pub use copy::SinkStanding;

use crate::sync::{SyncError, SyncSettings};

/// Rows that are looked at in one transaction, at most: short enough that nobody who hands something in waits noticeably.
pub const MOST_AT_ONCE: u32 = 200;
/// How often a demand is looked at that waits for the CRM.
const WAIT_FOR_CRM: Duration = Duration::from_secs(1);
/// How often a demand is looked at whose job may have been parked.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often demands are looked for that another process made and could not announce.
const WAIT_AT_REST: Duration = Duration::from_secs(300);
/// How often the bytes are tried while somebody reads.
const TRIES_TO_CLEANSE: usize = 20;

/// Does what demands ask for. Cheap to clone.
#[derive(Clone)]
pub struct Forgetter {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    sync: SyncSettings,
}

impl Forgetter {
    /// One that works on this store and on the copy and the sinks of these settings. There need be no copy.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, sync: SyncSettings) -> Forgetter {
        Forgetter { store, clock, sync }
    }

    /// Goes on with demands until `shutdown` resolves.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let wait = self.pass().await.unwrap_or_else(|error| {
                tracing::error!(error = %error, "forgetting failed; what was done stays done, the rest is tried again");
                LONGEST_WAIT
            });
            tokio::select! {
                () = &mut shutdown => return,
                () = self.store.signals().forgets() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Goes on with every open demand as far as it can. Returns how long to wait before the next look.
    ///
    /// # Errors
    /// [`SyncError`] if the store or the copy fails.
    pub async fn pass(&self) -> Result<Duration, SyncError> {
        let open = self.store.open_forgets().await?;
        let mut wait = if open.is_empty() { WAIT_AT_REST } else { LONGEST_WAIT };
        for id in open {
            if let Some(state) = self.go_on(id).await?
                && state.phase == Phase::Asking
                && state.crm == CrmForget::Open
            {
                wait = WAIT_FOR_CRM;
            }
        }
        Ok(wait)
    }

    /// Goes on with a demand until it waits for the CRM or is done.
    async fn go_on(&self, id: ForgetId) -> Result<Option<ForgetState>, SyncError> {
        loop {
            let before = self.store.forget_state(id).await?;
            let Some(state) = self.store.forget_some(id, MOST_AT_ONCE, self.clock.now()).await? else {
                return Ok(None);
            };
            match state.phase {
                Phase::Erasing => {}
                Phase::Asking => {
                    if before.is_some_and(|before| before.phase == Phase::Erasing) {
                        self.forget_in_copy(id, state.sweep.marks.clone()).await?;
                    }
                    return Ok(Some(state));
                }
                Phase::Closing if state.sweep.place().is_some() => {}
                Phase::Closing => return self.close(state).await.map(Some),
                Phase::Done => return Ok(Some(state)),
            }
        }
    }

    async fn close(&self, state: ForgetState) -> Result<ForgetState, SyncError> {
        let sinks = self.forget_in_copy(state.id, state.sweep.marks.clone()).await?;
        let state = self.store.forget_state(state.id).await?.unwrap_or(state);
        let receipt = receipt::receipt(&state, (&sinks, self.store.remains()), self.clock.now());
        self.store.finish_forget(state.id, receipt, self.clock.now()).await?;
        self.cleanse().await?;
        tracing::info!(forget.id = %state.id, "a person was forgotten: the receipt {} tells what was done", state.id);
        Ok(self.store.forget_state(state.id).await?.unwrap_or(state))
    }

    /// The bytes of the store. A reader in the way is gone in a moment.
    async fn cleanse(&self) -> Result<(), SyncError> {
        for _ in 0..TRIES_TO_CLEANSE {
            if self.store.cleanse().await? {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
        tracing::warn!(
            "what was erased may still be in the files of the store until its own upkeep lets go of it: somebody read it all the time, or its tables belong to a role of the database whose rights this one does not have"
        );
        Ok(())
    }
}
