//! No instances: the web side shows nobody that it lives.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::instances::Beats;
use leadgate_store::StoreError;
use leadgate_store::instances::{Estate, InstanceStore};

use crate::memory_store::MemoryStore;

#[async_trait]
impl InstanceStore for MemoryStore {
    async fn beat(&self, _: &str) -> Result<Vec<Beats>, StoreError> {
        unreachable!("only the engine beats")
    }

    async fn bury(&self, _: Beats, _: Timestamp) -> Result<Option<Estate>, StoreError> {
        unreachable!("only the engine buries")
    }

    async fn leave(&self, _: &str) -> Result<(), StoreError> {
        unreachable!("only the engine leaves")
    }
}
