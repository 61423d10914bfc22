//! How values become columns and columns become values again.
//!
//! Columns are read by their position. Numbers must be read as wide as the column is: `i64` for `BIGINT`, `i16` for `SMALLINT`.

use std::borrow::Cow;

use jiff::Timestamp;
use leadgate_core::lane::Lane;
use leadgate_core::record::RecordKind;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
pub(crate) use leadgate_store::stored::{from_json, from_optional_json, state_from_json, to_json};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// A moment, as microseconds since 1970.
pub(crate) fn micros(moment: Timestamp) -> i64 {
    moment.as_microsecond()
}

/// A moment from its column.
pub(crate) fn moment(row: &PgRow, column: usize) -> Result<Timestamp, sqlx::Error> {
    from_micros(row.try_get(column)?, column)
}

fn from_micros(micros: i64, column: usize) -> Result<Timestamp, sqlx::Error> {
    // The last moment of all, which stands for never, has a fraction of a microsecond that is cut off; then it is refused as none.
    if micros == Timestamp::MAX.as_microsecond() {
        return Ok(Timestamp::MAX);
    }
    Timestamp::from_microsecond(micros).map_err(|error| wrong(column, error))
}

/// A moment that may be missing.
pub(crate) fn optional_moment(row: &PgRow, column: usize) -> Result<Option<Timestamp>, sqlx::Error> {
    let stored: Option<i64> = row.try_get(column)?;
    stored.map(|micros| from_micros(micros, column)).transpose()
}

/// A submission's id, as 16 bytes.
pub(crate) fn id_bytes(id: &SubmissionId) -> &[u8] {
    id.0.as_bytes()
}

/// A UUID from its 16 bytes.
pub(crate) fn uuid(row: &PgRow, column: usize) -> Result<Uuid, sqlx::Error> {
    Uuid::from_slice(row.try_get(column)?).map_err(|error| wrong(column, error))
}

/// A submission's id from its column.
pub(crate) fn submission_id(row: &PgRow, column: usize) -> Result<SubmissionId, sqlx::Error> {
    uuid(row, column).map(SubmissionId)
}

/// A lane, as its rank.
pub(crate) fn rank(lane: Lane) -> i16 {
    i16::from(lane.rank())
}

/// A lane from its column.
pub(crate) fn lane(row: &PgRow, column: usize) -> Result<Lane, sqlx::Error> {
    let rank: i16 = row.try_get(column)?;
    let lane = u8::try_from(rank).ok().and_then(Lane::from_rank);
    lane.ok_or_else(|| wrong(column, format!("there is no lane {rank}")))
}

/// A kind of record from the column of its name.
pub(crate) fn record_kind(row: &PgRow, column: usize) -> Result<RecordKind, sqlx::Error> {
    let name: &str = row.try_get(column)?;
    RecordKind::from_name(name).ok_or_else(|| wrong(column, format!("the unknown kind {name}")))
}

/// A number that is never below zero.
pub(crate) fn unsigned(row: &PgRow, column: usize) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|error| wrong(column, error))
}

/// A small number that is never below zero, from a `BIGINT`.
pub(crate) fn unsigned_small(row: &PgRow, column: usize) -> Result<u32, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    u32::try_from(number).map_err(|error| wrong(column, error))
}

/// The columns `route, target, body, label`, from the given one on.
pub(crate) fn raw_submission(row: &PgRow, from: usize) -> Result<RawSubmission, sqlx::Error> {
    let name: &str = row.try_get(from)?;
    let route = Route::from_name(name).ok_or_else(|| wrong(from, format!("the unknown route {name}")))?;
    Ok(RawSubmission {
        route,
        target: row.try_get(from + 1)?,
        body: row.try_get(from + 2)?,
        label: row.try_get(from + 3)?,
    })
}

/// A column that holds what it should not.
pub(crate) fn wrong(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_string(), source: why.into() }
}

/// Text as a `TEXT` column takes it: PostgreSQL keeps every character but U+0000, which stands as U+FFFD instead.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
