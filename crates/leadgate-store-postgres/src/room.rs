//! Whether the database takes more: writes and takes it back.
//!
//! A server that only reads (a standby, or one whose administrator said so) refuses the row at once. One whose disk is full refuses it when the
//! table has to grow, which it need not each time: what was taken back is written over later.

use leadgate_store::StoreError;

use crate::error::Failure;
use crate::store::PostgresStore;
use crate::transaction::{Lock, Work};

/// As much as the largest usual submission.
const WANTED_BYTES: usize = 32 * 1024;

/// Writes a row and takes it back.
pub(crate) async fn check(store: &PostgresStore) -> Result<(), StoreError> {
    let written: Result<(), Failure> = async {
        let mut work = store.begin(Lock::None).await?;
        write(&mut work).await?;
        work.roll_back().await
    }
    .await;
    written.map_err(StoreError::from)
}

async fn write(work: &mut Work) -> Result<(), sqlx::Error> {
    let account = work.account;
    let insert = sqlx::query("INSERT INTO room (account, filling) VALUES ($1, $2)").bind(account);
    insert.bind(vec![0x5a_u8; WANTED_BYTES]).execute(work.connection()).await.map(|_| ())
}
