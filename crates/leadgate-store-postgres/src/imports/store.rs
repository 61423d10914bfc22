//! [`ImportStore`] on PostgreSQL: each method, in a transaction.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::imports::{
    BeginOutcome, ImportChange, ImportId, ImportRow, ImportState, ImportStore, ImportSummary, NewImport, RowResult,
    RowsOutcome,
};
use leadgate_store::model::NewSubmission;

use super::rows::{self, PreparedRow};
use super::{views, waiting};
use crate::error::corrupt;
use crate::intake::PreparedSubmission;
use crate::store::PostgresStore;
use crate::transaction::{Lock, Work, in_snapshot, in_transaction};

/// Begins an import, unless there is one of the same file, which is returned.
async fn begin(work: &mut Work, import: &NewImport, now: Timestamp) -> Result<Option<ImportId>, sqlx::Error> {
    let account = work.account;
    let found = rows::find_same(work.connection(), account, import).await?;
    if found.is_none() {
        rows::insert(work.connection(), account, import, now).await?;
    }
    Ok(found)
}

async fn set_state(
    work: &mut Work,
    (id, state): (ImportId, ImportState),
    now: Timestamp,
) -> Result<ImportChange, sqlx::Error> {
    let account = work.account;
    work.announcements.work = true;
    waiting::set_state(work.connection(), account, (id, state), now).await
}

#[async_trait]
impl ImportStore for PostgresStore {
    async fn begin_import(&self, import: NewImport, now: Timestamp) -> Result<BeginOutcome, StoreError> {
        let found = in_transaction!(self, Lock::Jobs, |work| begin(work, &import, now).await)?;
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
        let prepared: Vec<_> = rows.into_iter().map(|row| PreparedRow::new(row, now)).collect();
        in_transaction!(self, Lock::None, |work| rows::accept(work, (import, &prepared)).await)
    }

    async fn import(&self, id: ImportId) -> Result<Option<ImportSummary>, StoreError> {
        in_snapshot!(self, |connection| views::import(connection, self.account(), id).await)
    }

    async fn imports(&self, limit: u32) -> Result<Vec<ImportSummary>, StoreError> {
        in_snapshot!(self, |connection| views::imports(connection, self.account(), limit).await)
    }

    async fn row_results(&self, id: ImportId, after: u64, limit: u32) -> Result<Vec<RowResult>, StoreError> {
        in_snapshot!(self, |connection| views::results(connection, self.account(), id, (after, limit)).await)
    }

    async fn set_import_state(
        &self,
        id: ImportId,
        state: ImportState,
        now: Timestamp,
    ) -> Result<ImportChange, StoreError> {
        in_transaction!(self, Lock::Jobs, |work| set_state(work, (id, state), now).await)
    }

    async fn accept_removals(
        &self,
        id: ImportId,
        removals: Vec<(u64, NewSubmission)>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let prepare = |(row, removal)| (rows::number(row), PreparedSubmission::new(removal, now));
        let prepared: Vec<_> = removals.into_iter().map(prepare).collect();
        in_transaction!(self, Lock::None, |work| rows::accept_removals(work, (id, &prepared)).await)
    }
}
