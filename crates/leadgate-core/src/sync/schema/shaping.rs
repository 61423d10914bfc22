//! A typed row out of the CRM's JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

use super::own;
use crate::sync::{Cell, ColumnKind, Row, Schema, Stream};

/// A value that its column cannot hold. It is not quoted: it may be personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of row {} of {stream} holds no {expected}: see the value in the account", row_name(*row))]
pub struct ShapeError {
    /// Of which stream.
    pub stream: Stream,
    /// Which row, if it said.
    pub row: Option<i64>,
    /// Which column.
    pub column: String,
    /// What it should hold.
    pub expected: &'static str,
}

fn row_name(row: Option<i64>) -> String {
    row.map_or_else(|| "without an id".to_owned(), |id| id.to_string())
}

/// A row with a cell for each column, and the columns that could not hold their value: their cells are blank.
#[derive(Clone, Debug, PartialEq)]
pub struct Shaped {
    /// The row.
    pub row: Row,
    /// What did not fit. The row's `updated_at` is among it if that is no moment.
    pub unfit: Vec<ShapeError>,
}

/// The row with a cell for each column; what the CRM did not send, or sent as null, is blank.
///
/// Ids are read to 64 bits and decimals exactly, from numbers and from text; times of any offset become UTC; `0`, `1` and the words are booleans too. A text column takes every
/// single value. Days and moments before the year 1 are none.
///
/// # Errors
/// The first value that its column cannot hold.
pub fn shape(schema: &Schema, row: &Map<String, Value>) -> Result<Row, ShapeError> {
    let Shaped { row, unfit } = shape_what_fits(schema, row)?;
    unfit.into_iter().next().map_or(Ok(row), Err)
}

/// As [`shape`], with a blank cell for each value that its column cannot hold.
///
/// # Errors
/// If the row has no id.
pub fn shape_what_fits(schema: &Schema, row: &Map<String, Value>) -> Result<Shaped, ShapeError> {
    let id = row.get("id").and_then(integer);
    let error =
        |column: &str, expected| ShapeError { stream: schema.stream, row: id, column: column.to_owned(), expected };
    let of_row = id.ok_or_else(|| error("id", expected(ColumnKind::Integer)))?;
    let mut unfit = Vec::new();
    let mut cells = Vec::with_capacity(schema.columns.len());
    for column in &schema.columns {
        let own = || column.name.starts_with("cf_").then(|| own::value_of(&column.name, schema, row)).flatten();
        let value = row.get(&column.name).or_else(own).unwrap_or(&Value::Null);
        cells.push(cell(column.kind, value).unwrap_or_else(|| {
            unfit.push(error(&column.name, expected(column.kind)));
            Cell::Blank
        }));
    }
    let updated = row.get("updated_at").filter(|value| !value.is_null());
    let updated_at = updated.and_then(moment);
    if updated.is_some() && updated_at.is_none() && schema.position("updated_at").is_none() {
        unfit.push(error("updated_at", expected(ColumnKind::Time)));
    }
    Ok(Shaped { row: Row { id: of_row, updated_at, cells }, unfit })
}

/// The row as JSON, by the names of its columns: what [`shape`] makes the same row of again.
pub fn shown(schema: &Schema, row: &Row) -> Map<String, Value> {
    let mut object: Map<String, Value> =
        schema.columns.iter().zip(&row.cells).map(|(column, cell)| (column.name.clone(), cell_shown(cell))).collect();
    object.insert("id".to_owned(), row.id.into());
    if let Some(updated_at) = row.updated_at {
        object.insert("updated_at".to_owned(), updated_at.to_string().into());
    }
    object
}

fn cell_shown(cell: &Cell) -> Value {
    match cell {
        Cell::Blank => Value::Null,
        Cell::Integer(number) => json!(number),
        Cell::Decimal(number) => Value::String(number.to_string()),
        Cell::Text(text) => Value::String(text.clone()),
        Cell::Boolean(truth) => Value::Bool(*truth),
        Cell::Date(date) => Value::String(date.to_string()),
        Cell::Time(moment) => Value::String(moment.to_string()),
        Cell::Json(value) => value.clone(),
    }
}

fn expected(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "whole number of 64 bits",
        ColumnKind::Decimal => "decimal number of at most 28 digits",
        ColumnKind::Text => "single value",
        ColumnKind::Boolean => "yes or no",
        ColumnKind::Date => "day (YYYY-MM-DD)",
        ColumnKind::Time => "moment with an offset",
        ColumnKind::Json => "JSON",
    }
}

fn cell(kind: ColumnKind, value: &Value) -> Option<Cell> {
    let is_blank_text = value.as_str().is_some_and(|text| text.trim().is_empty());
    if value.is_null() || (is_blank_text && kind != ColumnKind::Text) {
        return Some(Cell::Blank);
    }
    match kind {
        ColumnKind::Integer => integer(value).map(Cell::Integer),
        ColumnKind::Decimal => decimal(value).map(Cell::Decimal),
        ColumnKind::Text => text(value).map(Cell::Text),
        ColumnKind::Boolean => boolean(value).map(Cell::Boolean),
        ColumnKind::Date => date(value).map(Cell::Date),
        ColumnKind::Time => moment(value).map(Cell::Time),
        ColumnKind::Json => Some(Cell::Json(list_of_choices(value))),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole_text(text)),
        _ => None,
    }
}

/// A number that is whole but written otherwise: `11.0`.
fn whole(number: &Number) -> Option<i64> {
    whole_text(&number.to_string())
}

fn whole_text(text: &str) -> Option<i64> {
    let number = exact(text)?;
    number.is_integer().then(|| i64::try_from(number).ok()).flatten()
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => exact(&number.to_string()),
        Value::String(text) => exact(text),
        _ => None,
    }
}

fn exact(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let plain = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()?;
    Some(plain.normalize())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    let word = text(value)?;
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// A day; of a moment the day that it is where it was written.
fn date(value: &Value) -> Option<Date> {
    let text = value.as_str()?.trim();
    match text.get(..10) {
        Some(day) if text.len() == 10 || text.as_bytes().get(10).is_some_and(|byte| matches!(byte, b'T' | b' ')) => {
            day.parse().ok().filter(|day: &Date| day.year() >= 1)
        }
        _ => None,
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?.trim();
    let written_with_spaces = || jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S %z", text).ok()?.to_timestamp().ok();
    let moment: Timestamp = text.parse().ok().or_else(written_with_spaces)?;
    // Databases count the years before it otherwise, or not at all.
    (TimeZone::UTC.to_datetime(moment).year() >= 1).then_some(moment)
}

/// Several choices of one field are one text, joined with `;`.
fn list_of_choices(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            text.split(';').map(str::trim).filter(|choice| !choice.is_empty()).collect::<Vec<_>>().into()
        }
        other => other.clone(),
    }
}
