//! What this instance has in hand: the leases of jobs between their claim and the record of their turn.
//!
//! The store may have leased more to it: jobs of a claim whose answer was lost, or whose turn could not be recorded. Whatever failed, what the store has
//! leased in its name and is not in its hand is given up before more is taken, so that no job waits for the end of a lease.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leadgate_store::StoreError;
use leadgate_store::model::Lease;

use crate::engine::Engine;

/// The leases in hand.
#[derive(Clone, Default)]
pub(crate) struct Hand(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    leases: BTreeSet<Lease>,
    /// The store may have leased what is not among them.
    in_doubt: bool,
}

/// A lease in hand, until this is dropped.
pub(crate) struct InHand {
    hand: Hand,
    lease: Lease,
}

impl Hand {
    /// Takes a lease into the hand.
    pub(crate) fn take(&self, lease: Lease) -> InHand {
        self.held().leases.insert(lease);
        InHand { hand: self.clone(), lease }
    }

    /// Something failed: see what the store has leased before more is taken.
    pub(crate) fn doubt(&self) {
        self.held().in_doubt = true;
    }

    /// The leases in hand, if there is a doubt; there is none any more then.
    fn in_doubt(&self) -> Option<Vec<Lease>> {
        let mut held = self.held();
        std::mem::take(&mut held.in_doubt).then(|| held.leases.iter().copied().collect())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic while the lock was held leaves a set that is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.hand.held().leases.remove(&self.lease);
    }
}

impl Engine {
    /// Gives up what the store has leased to this instance and is not in its hand, if there is a doubt. Only before a claim, never beside one.
    pub(crate) async fn settle_doubt(&self) -> Result<(), StoreError> {
        let Some(in_hand) = self.shared.hand.in_doubt() else { return Ok(()) };
        let given_up = self.shared.store.abandon_others(&self.shared.settings.worker, in_hand, self.now()).await;
        match given_up {
            Ok(0) => {}
            Ok(jobs) => tracing::info!(jobs.abandoned = jobs, "took up {jobs} jobs whose claim or record had failed"),
            Err(_) => self.shared.hand.doubt(),
        }
        given_up.map(drop)
    }
}
