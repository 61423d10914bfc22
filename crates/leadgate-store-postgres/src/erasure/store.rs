//! [`ErasureStore`] on PostgreSQL: each method, in a transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::erasure::{ErasureStore, ForgetId, ForgetState, NewForget, Place, Sweep};
use serde_json::Value;

use super::demands::{self, PreparedForget};
use super::{Going, cleanse, step};
use crate::columns::to_json;
use crate::store::PostgresStore;
use crate::transaction::{Lock, in_snapshot, in_transaction};

#[async_trait]
impl ErasureStore for PostgresStore {
    async fn begin_forget(&self, demand: NewForget, now: Timestamp) -> Result<(), StoreError> {
        let prepared = PreparedForget::new(demand)?;
        in_transaction!(self, Lock::Jobs, |work| prepared.keep(work, now).await)
    }

    async fn forget_some(
        &self,
        id: ForgetId,
        most_rows: u32,
        now: Timestamp,
    ) -> Result<Option<ForgetState>, StoreError> {
        in_transaction!(self, Lock::Jobs, |work| demands::go_on(work, (&id, most_rows), now).await)
    }

    async fn forget_state(&self, id: ForgetId) -> Result<Option<ForgetState>, StoreError> {
        in_snapshot!(self, |connection| demands::state(connection, self.account(), &id).await)
    }

    async fn open_forgets(&self) -> Result<Vec<ForgetId>, StoreError> {
        in_snapshot!(self, |connection| demands::open(connection, self.account()).await)
    }

    async fn add_erased(&self, id: ForgetId, counts: BTreeMap<Place, u64>) -> Result<(), StoreError> {
        in_transaction!(self, Lock::Jobs, |work| demands::add_counts(work, &id, &counts).await)
    }

    async fn finish_forget(&self, id: ForgetId, receipt: Value, now: Timestamp) -> Result<bool, StoreError> {
        let receipt = to_json("receipt", &receipt)?;
        in_transaction!(self, Lock::Jobs, |work| demands::finish(work, (&id, &receipt), now).await)
    }

    async fn count_some(&self, sweep: Sweep, most_rows: u32) -> Result<Sweep, StoreError> {
        in_snapshot!(self, |connection| {
            let mut sweep = sweep;
            let mut going = Going { connection, account: self.account(), most: most_rows, erasing: None };
            step(&mut going, &mut sweep).await.map(|()| sweep)
        })
    }

    async fn cleanse(&self) -> Result<bool, StoreError> {
        cleanse::cleanse(self.connections()).await
    }

    fn remains(&self) -> &'static [&'static str] {
        cleanse::REMAINS
    }
}
