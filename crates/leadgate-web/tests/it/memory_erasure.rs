//! Demands in memory: none is ever there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::erasure::{ErasureStore, ForgetId, ForgetState, NewForget, Place, Sweep};
use serde_json::Value;

use crate::memory_store::MemoryStore;

#[async_trait]
impl ErasureStore for MemoryStore {
    async fn begin_forget(&self, _: NewForget, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn forget_some(&self, _: ForgetId, _: u32, _: Timestamp) -> Result<Option<ForgetState>, StoreError> {
        Ok(None)
    }

    async fn forget_state(&self, _: ForgetId) -> Result<Option<ForgetState>, StoreError> {
        Ok(None)
    }

    async fn open_forgets(&self) -> Result<Vec<ForgetId>, StoreError> {
        Ok(Vec::new())
    }

    async fn add_erased(&self, _: ForgetId, _: BTreeMap<Place, u64>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn finish_forget(&self, _: ForgetId, _: Value, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn count_some(&self, mut sweep: Sweep, _: u32) -> Result<Sweep, StoreError> {
        sweep.found(0, None);
        Ok(sweep)
    }

    async fn cleanse(&self) -> Result<bool, StoreError> {
        Ok(true)
    }
}
