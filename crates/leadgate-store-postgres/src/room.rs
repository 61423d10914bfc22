//! Whether the database takes more: writes and takes it back.

use leadgate_store::StoreError;

use crate::error::{not_there_yet, store_error};
use crate::store::PostgresStore;

/// Writes some space and rolls back.
pub(crate) async fn check(_store: &PostgresStore) -> Result<(), StoreError> {
    Err(store_error(&not_there_yet()))
}
