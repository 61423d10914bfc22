//! [`ErasureStore`] on SQLite: each method, sent to the right thread.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::erasure::{ErasureStore, ForgetId, ForgetState, NewForget, Place, Sweep};
use serde_json::Value;

use super::demands::{self, PreparedForget};
use super::{Going, cleanse, step};
use crate::store::SqliteStore;
use crate::writer::Scope;

#[async_trait]
impl ErasureStore for SqliteStore {
    async fn begin_forget(&self, demand: NewForget, now: Timestamp) -> Result<(), StoreError> {
        let prepared = PreparedForget::new(demand)?;
        self.write_checked(Scope::Savepoint, move |connection, announcements| {
            announcements.forgets = true;
            prepared.keep(connection, now)
        })
        .await
    }

    async fn forget_some(
        &self,
        id: ForgetId,
        most_rows: u32,
        now: Timestamp,
    ) -> Result<Option<ForgetState>, StoreError> {
        self.write_checked(Scope::Savepoint, move |connection, announcements| {
            demands::go_on(connection, (id, most_rows), now, announcements)
        })
        .await
    }

    async fn forget_state(&self, id: ForgetId) -> Result<Option<ForgetState>, StoreError> {
        self.read_checked(move |connection| demands::state(connection, id)).await
    }

    async fn open_forgets(&self) -> Result<Vec<ForgetId>, StoreError> {
        self.read(demands::open).await
    }

    async fn add_erased(&self, id: ForgetId, counts: BTreeMap<Place, u64>) -> Result<(), StoreError> {
        self.write_checked(Scope::Savepoint, move |connection, _| demands::add_counts(connection, id, &counts)).await
    }

    async fn finish_forget(&self, id: ForgetId, receipt: Value, now: Timestamp) -> Result<bool, StoreError> {
        let receipt = demands::receipt_text(&receipt)?;
        self.write_checked(Scope::Savepoint, move |connection, _| demands::finish(connection, (id, &receipt), now))
            .await
    }

    async fn count_some(&self, mut sweep: Sweep, most_rows: u32) -> Result<Sweep, StoreError> {
        self.read(move |connection| {
            step(&mut Going { connection, most: most_rows, erasing: None }, &mut sweep)?;
            Ok(sweep)
        })
        .await
    }

    async fn cleanse(&self) -> Result<bool, StoreError> {
        self.write_alone(cleanse::cleanse).await
    }
}
