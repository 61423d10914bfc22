//! Imports.
//!
//! Cast: [`rows`] keeps imports, their rows and their removals, [`waiting`] sets the rows of a paused import aside and takes them up again,
//! [`views`] reads what came of them. A row that is set aside is out of the way of every claim and of every other job of its identities: unplanned
//! it has `planning = 3`, planned `progress = 3`.
//!
//! Who keeps rows holds the row of the import, and so does who changes how it stands, who besides has the lock of the jobs: a row is kept either
//! before an import is paused, and is set aside with the others, or after it, and is set aside as it comes.

mod rows;
mod store;
mod views;
pub(crate) mod waiting;

use leadgate_store::imports::ImportState;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::columns::wrong;

/// How an import stands, as a number.
fn number_of(state: ImportState) -> i16 {
    match state {
        ImportState::Running => 0,
        ImportState::Paused => 1,
        ImportState::Undone => 2,
    }
}

/// How an import stands, from its column.
fn state_of(row: &PgRow, column: usize) -> Result<ImportState, sqlx::Error> {
    match row.try_get::<i16, _>(column)? {
        0 => Ok(ImportState::Running),
        1 => Ok(ImportState::Paused),
        2 => Ok(ImportState::Undone),
        other => Err(wrong(column, format!("an import does not stand as {other}"))),
    }
}
