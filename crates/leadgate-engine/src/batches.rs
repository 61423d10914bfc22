//! Batches: work on many rows in one go, such as recording what a call for a hundred people came to, or a round after one that planned and claimed as
//! many. A batch keeps a core and a writer busy for as long as hundreds of small turns take. So where a process works for many accounts, an account does
//! one batch at a time and rests after it, and of all accounts only so many do one at once: the rest of the machine is for those who have little to do.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// From so many rows on it is a batch.
const MANY_ROWS: usize = 32;
/// An account rests so many times as long as its batch took.
const REST: u32 = 2;
/// It rests no longer, however long its batch waited for the disk.
const LONGEST_REST: Duration = Duration::from_millis(250);
/// What waited so long is begun beside the others: answers of the CRM that are not recorded yet must not outlive their leases, which last minutes.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The batches of one account. Who does one must not wait for another; who is in a round must not wait for one.
#[derive(Debug)]
pub(crate) struct Batches {
    /// Until when the account rests; whoever holds it does its batch.
    own: Arc<Mutex<Instant>>,
    of_all: Arc<Semaphore>,
}

/// The right to do a batch, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Batch {
    began: Instant,
    own: OwnedMutexGuard<Instant>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Batches {
    /// Of one of the accounts that do only so many at once.
    pub(crate) fn new(of_all: Arc<Semaphore>) -> Batches {
        Batches { own: Arc::new(Mutex::new(Instant::now())), of_all }
    }

    /// Waits until so many rows may be worked on. `None`: it is no batch, or it waited too long.
    pub(crate) async fn begin(&self, rows: usize) -> Option<Batch> {
        if rows < MANY_ROWS {
            return None;
        }
        tokio::time::timeout(LONGEST_WAIT, self.turn()).await.ok()
    }

    /// An account waits for its own batches first, so that of all accounts with batches each has one in turn.
    async fn turn(&self) -> Batch {
        let own = Arc::clone(&self.own).lock_owned().await;
        tokio::time::sleep_until(*own).await;
        // It is never closed.
        let of_all = Arc::clone(&self.of_all).acquire_owned().await.ok();
        Batch { began: Instant::now(), own, _of_all: of_all }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let rest = self.began.elapsed().saturating_mul(REST).min(LONGEST_REST);
        *self.own = Instant::now() + rest;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn two_accounts(at_once: usize) -> [Batches; 2] {
        let of_all = Arc::new(Semaphore::new(at_once));
        [Batches::new(Arc::clone(&of_all)), Batches::new(of_all)]
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_does_one_at_a_time() {
        let [noisy, other] = two_accounts(2);
        let batch = noisy.begin(MANY_ROWS).await;
        assert!(noisy.begin(MANY_ROWS).now_or_never().is_none());
        assert!(other.begin(MANY_ROWS).now_or_never().is_some());
        drop(batch);
        assert!(noisy.begin(MANY_ROWS).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_waits_for_one_batch_of_another_however_many_that_has() {
        let [noisy, other] = two_accounts(1);
        let first = noisy.begin(MANY_ROWS).await;
        let mut second = Box::pin(noisy.begin(MANY_ROWS));
        let mut of_other = Box::pin(other.begin(MANY_ROWS));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(of_other.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.as_mut().now_or_never().is_none());
        assert!(of_other.now_or_never().is_some());
        assert!(second.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_rests_after_a_batch_and_keeps_nobody_else_waiting() {
        let [noisy, other] = two_accounts(1);
        let batch = noisy.begin(MANY_ROWS).await;
        tokio::time::advance(Duration::from_millis(10)).await;
        drop(batch);
        let next = noisy.begin(MANY_ROWS);
        tokio::pin!(next);
        assert!(next.as_mut().now_or_never().is_none());
        assert!(other.begin(MANY_ROWS).now_or_never().is_some());
        tokio::time::advance(Duration::from_millis(19)).await;
        assert!(next.as_mut().now_or_never().is_none());
        tokio::time::advance(Duration::from_millis(2)).await;
        assert!(next.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_waited_for_the_disk_is_followed_by_a_short_rest() {
        let [noisy, _] = two_accounts(1);
        let batch = noisy.begin(MANY_ROWS).await;
        tokio::time::advance(Duration::from_secs(60)).await;
        drop(batch);
        tokio::time::advance(LONGEST_REST).await;
        assert!(noisy.begin(MANY_ROWS).now_or_never().is_some_and(|batch| batch.is_some()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_hangs_keeps_nobody_waiting_for_good() {
        let [noisy, other] = two_accounts(1);
        let _hanging = noisy.begin(MANY_ROWS).await;
        assert!(other.begin(MANY_ROWS).await.is_none());
        assert!(noisy.begin(MANY_ROWS).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_rows_wait_for_nobody() {
        let [noisy, other] = two_accounts(1);
        let _batch = noisy.begin(MANY_ROWS).await;
        assert!(other.begin(MANY_ROWS - 1).now_or_never().is_some_and(|batch| batch.is_none()));
        assert!(noisy.begin(MANY_ROWS - 1).now_or_never().is_some_and(|batch| batch.is_none()));
    }
}
