//! No duties: the web side does nothing that only one instance may do.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::duties::DutyStore;

use crate::memory_store::MemoryStore;

#[async_trait]
impl DutyStore for MemoryStore {
    async fn hold_duty(&self, _: &str, _: &str, _: Timestamp, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("only the engine has duties")
    }

    async fn give_up_duties(&self, _: &str) -> Result<(), StoreError> {
        unreachable!("only the engine has duties")
    }

    async fn begin_planned(&self, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("only the engine follows schedules")
    }
}
