//! The instances that share the store: each counts its beats here, and whoever sees that another one stands still takes over what that one held.
//!
//! Whoever was only paused finds its leases taken over: a turn under one of them is not recorded.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::instances::Beats;

use crate::StoreError;

/// What was taken over from a worker that died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estate {
    /// Jobs that it had leased.
    pub jobs: u64,
    /// Deliveries that it had leased.
    pub deliveries: u64,
}

/// Who lives.
#[async_trait]
pub trait InstanceStore: Send + Sync {
    /// Counts a beat of a worker. Returns the beats of all others. Need not be durable: what a crash takes back looks like a beat.
    async fn beat(&self, worker: &str) -> Result<Vec<Beats>, StoreError>;

    /// Gives up all leases and duties of a worker that died: its jobs are due at once and marked as abandoned. `None`, and nothing happens, if it
    /// has beaten since, has left, or was buried before.
    async fn bury(&self, dead: Beats, now: Timestamp) -> Result<Option<Estate>, StoreError>;

    /// Forgets a worker that ends in order and holds no leases any more.
    async fn leave(&self, worker: &str) -> Result<(), StoreError>;
}
