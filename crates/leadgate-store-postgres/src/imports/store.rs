//! [`ImportStore`] on PostgreSQL: each method, in a transaction.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::imports::{
    BeginOutcome, ImportChange, ImportId, ImportRow, ImportState, ImportStore, ImportSummary, NewImport, RowResult,
    RowsOutcome,
};
use leadgate_store::model::NewSubmission;

use crate::error::{not_there_yet, store_error};
use crate::store::PostgresStore;

#[async_trait]
impl ImportStore for PostgresStore {
    async fn begin_import(&self, _import: NewImport, _now: Timestamp) -> Result<BeginOutcome, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn accept_rows(
        &self,
        _import: ImportId,
        _rows: Vec<ImportRow>,
        _now: Timestamp,
    ) -> Result<RowsOutcome, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn import(&self, _id: ImportId) -> Result<Option<ImportSummary>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn imports(&self, _limit: u32) -> Result<Vec<ImportSummary>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn row_results(&self, _id: ImportId, _after: u64, _limit: u32) -> Result<Vec<RowResult>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn set_import_state(
        &self,
        _id: ImportId,
        _state: ImportState,
        _now: Timestamp,
    ) -> Result<ImportChange, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn accept_removals(
        &self,
        _id: ImportId,
        _removals: Vec<(u64, NewSubmission)>,
        _now: Timestamp,
    ) -> Result<u64, StoreError> {
        Err(store_error(&not_there_yet()))
    }
}
