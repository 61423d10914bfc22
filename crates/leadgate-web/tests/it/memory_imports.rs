//! Imports in memory: none is ever there.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::imports::{
    BeginOutcome, ImportChange, ImportId, ImportRow, ImportState, ImportStore, ImportSummary, NewImport, RowResult,
    RowsOutcome,
};
use leadgate_store::model::NewSubmission;

use crate::memory_store::MemoryStore;

#[async_trait]
impl ImportStore for MemoryStore {
    async fn begin_import(&self, _: NewImport, _: Timestamp) -> Result<BeginOutcome, StoreError> {
        Ok(BeginOutcome::Begun)
    }

    async fn accept_rows(&self, _: ImportId, _: Vec<ImportRow>, _: Timestamp) -> Result<RowsOutcome, StoreError> {
        Ok(RowsOutcome::NoSuchImport)
    }

    async fn import(&self, _: ImportId) -> Result<Option<ImportSummary>, StoreError> {
        Ok(None)
    }

    async fn imports(&self, _: u32) -> Result<Vec<ImportSummary>, StoreError> {
        Ok(Vec::new())
    }

    async fn row_results(&self, _: ImportId, _: u64, _: u32) -> Result<Vec<RowResult>, StoreError> {
        Ok(Vec::new())
    }

    async fn set_import_state(&self, _: ImportId, _: ImportState, _: Timestamp) -> Result<ImportChange, StoreError> {
        Ok(ImportChange::NoSuchImport)
    }

    async fn accept_removals(
        &self,
        _: ImportId,
        _: Vec<(u64, NewSubmission)>,
        _: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(0)
    }
}
