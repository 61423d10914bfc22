//! How values become columns and columns become values again.

use jiff::Timestamp;
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
pub(crate) use leadgate_store::stored::{from_json, from_optional_json, state_from_json, to_json};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

/// A moment, kept as microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Micros(pub(crate) Timestamp);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let micros = value.as_i64()?;
        // The last moment of all, which stands for never, has a fraction of a microsecond that is cut off; then it is refused as none.
        if micros == Timestamp::MAX.as_microsecond() {
            return Ok(Micros(Timestamp::MAX));
        }
        let moment = Timestamp::from_microsecond(micros);
        moment.map(Micros).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A submission's id, kept as 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id(pub(crate) SubmissionId);

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.0.as_bytes())))
    }
}

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let uuid = Uuid::from_slice(value.as_blob()?).map_err(|error| FromSqlError::Other(Box::new(error)))?;
        Ok(Id(SubmissionId(uuid)))
    }
}

/// A lane, kept as its rank.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneRank(pub(crate) Lane);

impl ToSql for LaneRank {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(self.0.rank()).into())
    }
}

impl FromSql for LaneRank {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let rank = value.as_i64()?;
        let lane = u8::try_from(rank).ok().and_then(Lane::from_rank);
        lane.map(LaneRank).ok_or(FromSqlError::OutOfRange(rank))
    }
}

/// The columns `route, target, body, label`, from the given one on.
pub(crate) fn raw_submission(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<RawSubmission> {
    let name = row.get_ref(from)?.as_str().map_err(|error| conversion(from, error))?;
    let route = Route::from_name(name).ok_or_else(|| conversion(from, format!("the unknown route {name}")))?;
    Ok(RawSubmission { route, target: row.get(from + 1)?, body: row.get(from + 2)?, label: row.get(from + 3)? })
}

/// A column that cannot be read.
pub(crate) fn conversion(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
}

/// A column that holds another kind of value than it should.
pub(crate) fn wrong_type(column: usize, name: &str, found: rusqlite::types::Type) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, name.to_owned(), found)
}
