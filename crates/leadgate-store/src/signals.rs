//! Wakes those in this process who wait for work or for an end. Other processes poll; a signal is a hint and may be missed or spurious.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use leadgate_core::submission::SubmissionId;
use tokio::sync::{Notify, watch};

/// The in-process signals of one store.
#[derive(Debug, Default)]
pub struct Signals {
    work: Notify,
    deliveries: Notify,
    forgets: Notify,
    ends: Mutex<HashMap<SubmissionId, watch::Sender<bool>>>,
}

impl Signals {
    /// There may be work: a submission was accepted, or a job became due.
    pub fn work_arrived(&self) {
        self.work.notify_one();
    }

    /// Waits until there may be work.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// There may be a delivery to make.
    pub fn deliveries_arrived(&self) {
        self.deliveries.notify_one();
    }

    /// Waits until there may be a delivery to make.
    pub async fn deliveries(&self) {
        self.deliveries.notified().await;
    }

    /// There is a demand to forget somebody.
    pub fn forgets_arrived(&self) {
        self.forgets.notify_one();
    }

    /// Waits until there may be a demand to forget somebody.
    pub async fn forgets(&self) {
        self.forgets.notified().await;
    }

    /// A submission finished or was parked.
    pub fn ended(&self, id: SubmissionId) {
        if let Some(sender) = self.ends().remove(&id) {
            sender.send_replace(true);
        }
    }

    /// Submissions ended, so many that it is not said which: all who wait look again.
    pub fn many_ended(&self) {
        for (_, sender) in self.ends().drain() {
            sender.send_replace(true);
        }
    }

    /// Subscribes to the end of a submission. Subscribe first, then look whether it has ended already, then wait.
    pub fn subscribe(&self, id: SubmissionId) -> EndSignal {
        let mut ends = self.ends();
        // Waiters who lost patience leave their sender behind; sweep them when they have become many.
        if ends.len() >= 1024 && ends.len().is_power_of_two() {
            ends.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = ends.entry(id).or_insert_with(|| watch::Sender::new(false));
        EndSignal(sender.subscribe())
    }

    fn ends(&self) -> MutexGuard<'_, HashMap<SubmissionId, watch::Sender<bool>>> {
        // A panic while the lock was held leaves a map that is still whole.
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resolves when the submission has ended.
#[derive(Debug)]
pub struct EndSignal(watch::Receiver<bool>);

impl EndSignal {
    /// Waits for the end.
    pub async fn wait(&mut self) {
        // An error means that the sender was swept: nobody will signal, so waiting is left to the caller's time-out.
        if self.0.wait_for(|ended| *ended).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
