//! Rounds: an engine plans and claims in rounds, and of all engines of a process only so many are in one at a time. Who wants one waits in line, so of a
//! thousand accounts with work each gets a round in turn, whatever the queue of one of them is like; and what arrives while an account waits is planned in
//! one transaction.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The line that engines of one process stand in. Clones are the same line.
#[derive(Clone, Debug)]
pub struct Rounds {
    rounds: Arc<Semaphore>,
    batches: Arc<Semaphore>,
}

/// A round; it ends when this is dropped.
#[must_use]
pub(crate) struct Round {
    _turn: Option<OwnedSemaphorePermit>,
}

impl Rounds {
    /// So many at a time, at least one, and one batch.
    pub fn at_once(most: usize) -> Rounds {
        Rounds { rounds: so_many(most), batches: so_many(1) }
    }

    /// So many batches at a time, at least one: work on many rows of one account in one go.
    #[must_use]
    pub fn with_batches(self, most: usize) -> Rounds {
        Rounds { batches: so_many(most), ..self }
    }

    /// Waits for a turn; first come, first served. Who is in a round must not wait for another.
    pub(crate) async fn begin(&self) -> Round {
        // It is never closed.
        Round { _turn: Arc::clone(&self.rounds).acquire_owned().await.ok() }
    }

    pub(crate) fn batches(&self) -> Arc<Semaphore> {
        Arc::clone(&self.batches)
    }
}

fn so_many(most: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)))
}

impl Default for Rounds {
    /// A line for an engine that is alone.
    fn default() -> Rounds {
        Rounds::at_once(1)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_comes_again_goes_behind_those_who_wait() {
        let rounds = Rounds::at_once(1);
        let first = rounds.begin().await;
        let mut waiting = Box::pin(rounds.begin());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        assert!(rounds.begin().now_or_never().is_none());
        assert!(waiting.now_or_never().is_some());
    }

    #[tokio::test]
    async fn so_many_are_in_a_round_at_once() {
        let rounds = Rounds::at_once(2);
        let both = (rounds.begin().await, rounds.begin().await);
        assert!(rounds.clone().begin().now_or_never().is_none());
        drop(both);
        assert!(rounds.begin().now_or_never().is_some());
    }
}
