//! [`ImportStore`] on SQLite: each method, sent to the right thread.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::imports::{
    BeginOutcome, ImportChange, ImportId, ImportRow, ImportState, ImportStore, ImportSummary, NewImport, RowResult,
    RowsOutcome,
};
use leadgate_store::model::NewSubmission;
use rusqlite::Connection;

use super::rows::{self, PreparedContent, PreparedRow};
use super::{views, waiting};
use crate::error::{corrupt, store_error};
use crate::intake::PreparedSubmission;
use crate::store::SqliteStore;
use crate::writer::{Announcements, Scope};

#[async_trait]
impl ImportStore for SqliteStore {
    async fn begin_import(&self, import: NewImport, now: Timestamp) -> Result<BeginOutcome, StoreError> {
        let found = self
            .write(Scope::Savepoint, move |connection, _| {
                let found = rows::find_same(connection, &import)?;
                if found.is_none() {
                    rows::insert(connection, &import, now)?;
                }
                Ok(found)
            })
            .await?;
        let Some(known) = found else { return Ok(BeginOutcome::Begun) };
        let summary = self.import(known).await?.ok_or_else(|| corrupt("import", "it is gone"))?;
        Ok(BeginOutcome::Known(Box::new(summary)))
    }

    async fn accept_rows(
        &self,
        import: ImportId,
        rows: Vec<ImportRow>,
        now: Timestamp,
    ) -> Result<RowsOutcome, StoreError> {
        let prepare = |row: ImportRow| PreparedRow {
            row: rows::number(row.row),
            content: PreparedContent::new(row.content, now),
        };
        let prepared: Vec<PreparedRow> = rows.into_iter().map(prepare).collect();
        let work = move |connection: &Connection, announcements: &mut Announcements| {
            rows::accept(connection, (import, &prepared), announcements)
        };
        self.write_checked(Scope::Savepoint, work).await
    }

    async fn import(&self, id: ImportId) -> Result<Option<ImportSummary>, StoreError> {
        self.read_checked(move |connection| views::import(connection, id)).await
    }

    async fn imports(&self, limit: u32) -> Result<Vec<ImportSummary>, StoreError> {
        self.read_checked(move |connection| views::imports(connection, limit)).await
    }

    async fn row_results(&self, id: ImportId, after: u64, limit: u32) -> Result<Vec<RowResult>, StoreError> {
        self.read_checked(move |connection| views::results(connection, id, after, limit)).await
    }

    async fn set_import_state(
        &self,
        id: ImportId,
        state: ImportState,
        now: Timestamp,
    ) -> Result<ImportChange, StoreError> {
        self.write_checked(Scope::Savepoint, move |connection, announcements| {
            announcements.work = true;
            waiting::set_state(connection, (id, state), now).map_err(|error| store_error(&error))
        })
        .await
    }

    async fn accept_removals(
        &self,
        id: ImportId,
        removals: Vec<(u64, NewSubmission)>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let prepare = |(row, removal)| (rows::number(row), PreparedSubmission::new(removal, now));
        let prepared: Vec<_> = removals.into_iter().map(prepare).collect();
        let work = move |connection: &Connection, announcements: &mut Announcements| {
            rows::accept_removals(connection, (id, &prepared), announcements)
        };
        self.write_checked(Scope::Savepoint, work).await
    }
}
