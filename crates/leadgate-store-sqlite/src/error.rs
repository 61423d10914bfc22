//! What SQLite says, in the words of the store.

use leadgate_store::StoreError;
pub(crate) use leadgate_store::stored::corrupt;
use rusqlite::ErrorCode;

/// The store's word for a failure of SQLite.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(_, _, why) => corrupt("column", why),
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..) => {
            corrupt("column", error)
        }
        _ => match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => corrupt("database file", error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable(
                "another process keeps the database locked; close the tool that has it open".to_owned(),
            ),
            _ => StoreError::Unavailable(error.to_string()),
        },
    }
}
