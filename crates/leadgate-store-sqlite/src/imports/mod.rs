//! Imports.
//!
//! Cast: [`rows`] keeps imports, their rows and their removals, [`waiting`] sets the rows of a paused import aside and takes them up again,
//! [`views`] reads what came of them. A row that is set aside is out of the way of every claim and of every other job of its identities: unplanned
//! it has `planning = 3`, planned `progress = 3`.

mod rows;
mod store;
mod views;
pub(crate) mod waiting;

use leadgate_store::imports::{ImportId, ImportState};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

/// An import's id, kept as 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportKey(pub(crate) ImportId);

impl ToSql for ImportKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.0.as_bytes())))
    }
}

impl FromSql for ImportKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let uuid = Uuid::from_slice(value.as_blob()?).map_err(|error| FromSqlError::Other(Box::new(error)))?;
        Ok(ImportKey(ImportId(uuid)))
    }
}

/// How an import stands, kept as a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateNumber(pub(crate) ImportState);

impl ToSql for StateNumber {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self.0 {
            ImportState::Running => 0,
            ImportState::Paused => 1,
            ImportState::Undone => 2,
        };
        Ok(number.into())
    }
}

impl FromSql for StateNumber {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(StateNumber(ImportState::Running)),
            1 => Ok(StateNumber(ImportState::Paused)),
            2 => Ok(StateNumber(ImportState::Undone)),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}
