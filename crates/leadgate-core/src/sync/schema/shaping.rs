//! A typed row out of the CRM's JSON.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

use super::{compact, own};
use crate::sync::{
    Cell, CellRef, ColumnKind, Names, PackedCells, PackedRow, RawJson, RawRow, Row, Schema, Stream, plain_moment,
};

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
pub struct Shaped<R = Row> {
    /// The row.
    pub row: R,
    /// What did not fit. The row's `updated_at` is among it if that is no moment.
    pub unfit: Vec<ShapeError>,
}

/// The row with a cell for each column; what the CRM did not send, or sent as null, is blank. For many rows see [`Shaper`].
///
/// Ids are read to 64 bits and decimals exactly, from numbers and from text; times of any offset become UTC; `0`, `1` and the words are booleans too. A text column takes every
/// single value. Days and moments before the year 1 are none.
///
/// # Errors
/// The first value that its column cannot hold.
pub fn shape(schema: &Schema, row: &RawRow) -> Result<Row, ShapeError> {
    let Shaped { row, unfit } = Shaper::new(schema).shape_what_fits(row)?;
    unfit.into_iter().next().map_or(Ok(row), Err)
}

/// Shapes many rows of one schema: where one row had its values, the next is expected to have them.
#[derive(Debug)]
pub struct Shaper<'s> {
    schema: &'s Schema,
    places: HashMap<&'s str, usize>,
    /// The names of the row before.
    before: Arc<Names>,
    /// Which of them go to which column.
    columns: Vec<(usize, usize)>,
    /// Columns of the account's own fields.
    own: Vec<usize>,
    /// Room for the cells of a row that is somewhat longer than the one before.
    room: usize,
}

impl<'s> Shaper<'s> {
    /// For rows of this schema.
    pub fn new(schema: &'s Schema) -> Shaper<'s> {
        let columns = || schema.columns.iter().enumerate();
        let places = columns().map(|(at, column)| (column.name.as_str(), at)).collect();
        let own = columns().filter(|(_, column)| column.name.starts_with("cf_")).map(|(at, _)| at).collect();
        Shaper { schema, places, before: Arc::default(), columns: Vec::new(), own, room: 0 }
    }

    /// The row as [`shape`] makes it, with a blank cell for each value that its column cannot hold.
    ///
    /// # Errors
    /// If the row has no id.
    pub fn shape_what_fits(&mut self, row: &RawRow) -> Result<Shaped, ShapeError> {
        let mut cells = Vec::with_capacity(self.schema.columns.len());
        let Shaped { row: (id, updated_at), unfit } = self.each_cell(row, |cell| cells.push(cell.into_cell()))?;
        Ok(Shaped { row: Row { id, updated_at, cells }, unfit })
    }

    /// The same row with its cells packed, which no cell is made for.
    ///
    /// # Errors
    /// If the row has no id.
    pub fn pack_what_fits(&mut self, row: &RawRow) -> Result<Shaped<PackedRow>, ShapeError> {
        let mut cells = PackedCells::with_room(self.room);
        let Shaped { row: (id, updated_at), unfit } = self.each_cell(row, |cell| cells.push(cell.as_ref()))?;
        let length = cells.as_bytes().len();
        self.room = length + length / 8;
        Ok(Shaped { row: PackedRow { id, updated_at, cells }, unfit })
    }

    /// Hands out the cell of each column, in order. Returns the id and the moment of the row.
    fn each_cell(
        &mut self,
        row: &RawRow,
        mut take: impl FnMut(Fitting<'_>),
    ) -> Result<Shaped<(i64, Option<Timestamp>)>, ShapeError> {
        let schema = self.schema;
        let id = row.get("id").and_then(integer);
        let error =
            |column: &str, expected| ShapeError { stream: schema.stream, row: id, column: column.to_owned(), expected };
        let of_row = id.ok_or_else(|| error("id", expected(ColumnKind::Integer)))?;
        let (mut unfit, mut updated_at) = (Vec::new(), None);
        let place = self.places.get("updated_at").copied();
        for (at, (column, value)) in schema.columns.iter().zip(self.values(row)).enumerate() {
            let fitting = value.map_or(Some(Fitting::Plain(CellRef::Blank)), |value| fitting(column.kind, value));
            if let Some(Fitting::Plain(CellRef::Time(moment))) = fitting
                && place == Some(at)
            {
                updated_at = Some(moment);
            }
            take(fitting.unwrap_or_else(|| {
                unfit.push(error(&column.name, expected(column.kind)));
                Fitting::Plain(CellRef::Blank)
            }));
        }
        let updated_at = updated_at.or_else(|| row.get("updated_at").and_then(moment));
        if place.is_none() && updated_at.is_none() && row.get("updated_at").is_some_and(|value| !value.is_null()) {
            unfit.push(error("updated_at", expected(ColumnKind::Time)));
        }
        Ok(Shaped { row: (of_row, updated_at), unfit })
    }

    /// The value of each column, as far as the row has one.
    fn values<'r>(&mut self, row: &'r RawRow) -> Vec<Option<RawJson<'r>>> {
        self.learn(row.names());
        let mut values = vec![None; self.schema.columns.len()];
        for (place, column) in &self.columns {
            values[*column] = row.own_at(*place);
        }
        for (name, value) in row.beside() {
            if let Some(at) = self.places.get(name) {
                values[*at] = Some(value);
            }
        }
        if !self.own.is_empty()
            && let Some(fields) = row.get("custom_field").and_then(RawJson::members)
        {
            for at in &self.own {
                values[*at] =
                    values[*at].or_else(|| own::value_of(&self.schema.columns[*at].name, self.schema, &fields));
            }
        }
        values
    }

    /// Finds the columns of these names, unless they are those of the row before.
    fn learn(&mut self, names: &Arc<Names>) {
        if Arc::ptr_eq(names, &self.before) {
            return;
        }
        if **names != *self.before {
            let found = names.iter().enumerate().filter_map(|(at, name)| Some((at, *self.places.get(name)?)));
            self.columns = found.collect();
        }
        self.before = Arc::clone(names);
    }
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

/// A cell, as far as it can be where the row is.
enum Fitting<'a> {
    /// One without a text.
    Plain(CellRef<'static>),
    Text(Cow<'a, str>),
    Json(Cow<'a, str>),
}

impl Fitting<'_> {
    fn as_ref(&self) -> CellRef<'_> {
        match self {
            Fitting::Plain(cell) => *cell,
            Fitting::Text(text) => CellRef::Text(text),
            Fitting::Json(json) => CellRef::Json(json),
        }
    }

    fn into_cell(self) -> Cell {
        match self {
            Fitting::Text(text) => Cell::Text(text.into_owned()),
            other => other.as_ref().to_cell().unwrap_or(Cell::Blank),
        }
    }
}

fn fitting(kind: ColumnKind, value: RawJson<'_>) -> Option<Fitting<'_>> {
    if value.is_null() {
        return Some(Fitting::Plain(CellRef::Blank));
    }
    let is_blank_text = || value.text().is_some_and(|text| text.trim().is_empty());
    if kind != ColumnKind::Text && is_blank_text() {
        return Some(Fitting::Plain(CellRef::Blank));
    }
    let plain = match kind {
        ColumnKind::Text => return text(value).map(Fitting::Text),
        ColumnKind::Json => return Some(Fitting::Json(list_of_choices(value))),
        ColumnKind::Integer => integer(value).map(CellRef::Integer),
        ColumnKind::Decimal => decimal(value).map(CellRef::Decimal),
        ColumnKind::Boolean => boolean(value).map(CellRef::Boolean),
        ColumnKind::Date => date(value).map(CellRef::Date),
        ColumnKind::Time => moment(value).map(CellRef::Time),
    };
    plain.map(Fitting::Plain)
}

/// The number as it is written, if it is one.
fn number(value: RawJson<'_>) -> Option<&str> {
    value.as_str().starts_with(|first: char| first == '-' || first.is_ascii_digit()).then(|| value.as_str())
}

/// The number as it would be written anew: without digits that a program with floating point would not have kept.
fn shortest(number: &str) -> Option<String> {
    serde_json::from_str::<Number>(number).ok().map(|number| number.to_string())
}

fn integer(value: RawJson<'_>) -> Option<i64> {
    if let Some(written) = number(value) {
        return written.parse().ok().or_else(|| whole(decimal(value)?));
    }
    let text = value.text()?;
    text.trim().parse().ok().or_else(|| whole(exact(&text)?))
}

/// A number that is whole but written otherwise: `11.0`.
fn whole(number: Decimal) -> Option<i64> {
    number.is_integer().then(|| i64::try_from(number).ok()).flatten()
}

fn decimal(value: RawJson<'_>) -> Option<Decimal> {
    match number(value) {
        Some(written) => exact(written).or_else(|| exact(&shortest(written)?)),
        None => exact(&value.text()?),
    }
}

fn exact(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let plain = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()?;
    Some(plain.normalize())
}

fn text(value: RawJson<'_>) -> Option<Cow<'_, str>> {
    match value.as_str() {
        word @ ("true" | "false") => Some(Cow::Borrowed(word)),
        _ => match number(value) {
            Some(written) => shortest(written).map(Cow::Owned),
            None => value.text(),
        },
    }
}

fn boolean(value: RawJson<'_>) -> Option<bool> {
    if let Some(truth) = value.boolean() {
        return Some(truth);
    }
    let word = text(value)?;
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// A day; of a moment the day that it is where it was written.
fn date(value: RawJson<'_>) -> Option<Date> {
    let text = value.text()?;
    let text = text.trim();
    match text.get(..10) {
        Some(day) if text.len() == 10 || text.as_bytes().get(10).is_some_and(|byte| matches!(byte, b'T' | b' ')) => {
            day.parse().ok().filter(|day: &Date| day.year() >= 1)
        }
        _ => None,
    }
}

/// The beginning of the year 1.
const YEAR_ONE: Timestamp = Timestamp::constant(-62_135_596_800, 0);

fn moment(value: RawJson<'_>) -> Option<Timestamp> {
    let text = value.text()?;
    let text = text.trim();
    if let Some(moment) = plain_moment(text) {
        return Some(moment);
    }
    let written_with_spaces = || jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S %z", text).ok()?.to_timestamp().ok();
    let moment: Timestamp = text.parse().ok().or_else(written_with_spaces)?;
    // Databases count the years before it otherwise, or not at all.
    (moment >= YEAR_ONE).then_some(moment)
}

/// Several choices of one field are one text, joined with `;`.
fn list_of_choices(value: RawJson<'_>) -> Cow<'_, str> {
    match value.text() {
        Some(text) => Cow::Owned(compact::list_of(text.split(';').map(str::trim).filter(|choice| !choice.is_empty()))),
        None => compact::compact(value),
    }
}
