//! Rows with typed cells, and the columns that say what the cells are.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Stream;

/// What the cells of a column are. Every cell can be blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A whole number of 64 bits; ids have up to 19 digits.
    Integer,
    /// An exact decimal number: money, and numbers of the account's own fields.
    Decimal,
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A moment, in UTC.
    Time,
    /// Anything with parts: a list of tags, of addresses.
    Json,
}

/// A column of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in files and tables: lower case, digits and `_`.
    pub name: String,
    /// What its cells are.
    pub kind: ColumnKind,
    /// What people call the field, for the account's own ones.
    pub label: Option<String>,
    /// The id of the account's own field, by which a new name is known for a new name.
    pub field: Option<i64>,
}

/// The columns of a stream, in order. The first is always `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Which stream.
    pub stream: Stream,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing.
    Blank,
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Decimal(Decimal),
    /// Text.
    Text(String),
    /// True or false.
    Boolean(bool),
    /// A day.
    Date(Date),
    /// A moment.
    Time(Timestamp),
    /// Anything with parts.
    Json(Value),
}

/// One row of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What tells it from the others of its stream.
    pub id: i64,
    /// When the CRM last changed it, if it says so.
    pub updated_at: Option<Timestamp>,
    /// A cell for each column of the schema, in its order.
    pub cells: Vec<Cell>,
}
