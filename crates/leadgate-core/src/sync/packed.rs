//! Cells as bytes: exact, and short where cells are blank. What is read in the account goes through the copy into files without ever being more.
//!
//! Each cell is a tag and what the tag asks for. The tags are stored in files, so their numbers never change. Moments are kept to the
//! microsecond.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Cell, Row};

const BLANK: u8 = 0;
const INTEGER: u8 = 1;
const DECIMAL: u8 = 2;
const TEXT: u8 = 3;
const FALSE: u8 = 4;
const TRUE: u8 = 5;
const DATE: u8 = 6;
const TIME: u8 = 7;
const JSON: u8 = 8;

/// A value, its text where it lies. As [`Cell`], but for JSON, which is a text here: the one that its tree is written as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellRef<'a> {
    /// Nothing.
    Blank,
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Decimal(Decimal),
    /// Text.
    Text(&'a str),
    /// True or false.
    Boolean(bool),
    /// A day.
    Date(Date),
    /// A moment.
    Time(Timestamp),
    /// Anything with parts.
    Json(&'a str),
}

impl CellRef<'_> {
    /// The value on its own; none if its JSON is none.
    pub fn to_cell(self) -> Option<Cell> {
        Some(match self {
            CellRef::Blank => Cell::Blank,
            CellRef::Integer(number) => Cell::Integer(number),
            CellRef::Decimal(number) => Cell::Decimal(number),
            CellRef::Text(text) => Cell::Text(text.to_owned()),
            CellRef::Boolean(truth) => Cell::Boolean(truth),
            CellRef::Date(date) => Cell::Date(date),
            CellRef::Time(time) => Cell::Time(time),
            CellRef::Json(json) => Cell::Json(serde_json::from_str(json).ok()?),
        })
    }
}

impl Cell {
    /// The same without its text; none of JSON, which is no text yet.
    pub fn borrowed(&self) -> Option<CellRef<'_>> {
        Some(match self {
            Cell::Blank => CellRef::Blank,
            Cell::Integer(number) => CellRef::Integer(*number),
            Cell::Decimal(number) => CellRef::Decimal(*number),
            Cell::Text(text) => CellRef::Text(text),
            Cell::Boolean(truth) => CellRef::Boolean(*truth),
            Cell::Date(date) => CellRef::Date(*date),
            Cell::Time(time) => CellRef::Time(*time),
            Cell::Json(_) => return None,
        })
    }
}

/// The cells of one row, one after the other.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PackedCells {
    bytes: Vec<u8>,
    count: usize,
}

impl PackedCells {
    /// None yet, with room for so many bytes.
    pub fn with_room(bytes: usize) -> PackedCells {
        PackedCells { bytes: Vec::with_capacity(bytes), count: 0 }
    }

    /// Of these cells.
    pub fn of(cells: &[Cell]) -> PackedCells {
        let mut packed = PackedCells::with_room(cells.len() * 8);
        cells.iter().for_each(|cell| packed.push_cell(cell));
        packed
    }

    /// Cells that were packed before; none if the bytes are not whole.
    pub fn of_bytes(bytes: Vec<u8>) -> Option<PackedCells> {
        let (mut input, mut count) = (Input(&bytes), 0);
        while !input.0.is_empty() {
            input.cell()?;
            count += 1;
        }
        Some(PackedCells { bytes, count })
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: CellRef<'_>) {
        self.count += 1;
        let bytes = &mut self.bytes;
        match cell {
            CellRef::Blank => bytes.push(BLANK),
            CellRef::Integer(number) => tagged(bytes, INTEGER, &number.to_le_bytes()),
            CellRef::Decimal(number) => tagged(bytes, DECIMAL, &number.serialize()),
            CellRef::Text(text) => measured(bytes, TEXT, text),
            CellRef::Boolean(truth) => bytes.push(if truth { TRUE } else { FALSE }),
            CellRef::Date(date) => {
                let [high, low] = date.year().to_le_bytes();
                tagged(bytes, DATE, &[high, low, date.month().cast_unsigned(), date.day().cast_unsigned()]);
            }
            CellRef::Time(time) => tagged(bytes, TIME, &time.as_microsecond().to_le_bytes()),
            CellRef::Json(json) => measured(bytes, JSON, json),
        }
    }

    /// Adds a cell that stands on its own.
    pub fn push_cell(&mut self, cell: &Cell) {
        match cell {
            Cell::Json(value) => self.push(CellRef::Json(&value.to_string())),
            other => self.push(other.borrowed().unwrap_or(CellRef::Blank)),
        }
    }

    /// The bytes, which are the same for the same cells.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The cells, in order.
    pub fn iter(&self) -> impl Iterator<Item = CellRef<'_>> {
        let mut input = Input(&self.bytes);
        // What was packed, or looked through, is whole, so nothing but the end ends it.
        std::iter::from_fn(move || input.cell())
    }

    /// The cell at that place.
    pub fn get(&self, at: usize) -> Option<CellRef<'_>> {
        self.iter().nth(at)
    }
}

impl fmt::Debug for PackedCells {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

/// A row with its cells packed.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedRow {
    /// What tells it from the others of its stream.
    pub id: i64,
    /// When the CRM last changed it, if it says so.
    pub updated_at: Option<Timestamp>,
    /// A cell for each column of the schema, in its order.
    pub cells: PackedCells,
}

impl From<Row> for PackedRow {
    fn from(row: Row) -> PackedRow {
        PackedRow { id: row.id, updated_at: row.updated_at, cells: PackedCells::of(&row.cells) }
    }
}

/// The cells that were packed as these bytes; none if the bytes are not whole.
pub fn unpack(bytes: &[u8]) -> Option<Vec<Cell>> {
    let mut input = Input(bytes);
    let mut cells = Vec::new();
    while !input.0.is_empty() {
        cells.push(input.cell()?.to_cell()?);
    }
    Some(cells)
}

fn tagged(bytes: &mut Vec<u8>, tag: u8, payload: &[u8]) {
    bytes.push(tag);
    bytes.extend_from_slice(payload);
}

fn measured(bytes: &mut Vec<u8>, tag: u8, text: &str) {
    bytes.push(tag);
    let mut left = text.len();
    while left >= 0x80 {
        bytes.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes.extend_from_slice(text.as_bytes());
}

struct Input<'bytes>(&'bytes [u8]);

impl<'bytes> Input<'bytes> {
    fn cell(&mut self) -> Option<CellRef<'bytes>> {
        Some(match self.byte()? {
            BLANK => CellRef::Blank,
            INTEGER => CellRef::Integer(i64::from_le_bytes(self.array()?)),
            DECIMAL => CellRef::Decimal(Decimal::deserialize(self.array()?)),
            TEXT => CellRef::Text(self.text()?),
            FALSE => CellRef::Boolean(false),
            TRUE => CellRef::Boolean(true),
            DATE => CellRef::Date(self.date()?),
            TIME => CellRef::Time(Timestamp::from_microsecond(i64::from_le_bytes(self.array()?)).ok()?),
            JSON => CellRef::Json(self.text()?),
            _ => return None,
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn take(&mut self, count: usize) -> Option<&'bytes [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn text(&mut self) -> Option<&'bytes str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn length(&mut self) -> Option<usize> {
        let mut length = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            length |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return usize::try_from(length).ok();
            }
        }
        None
    }

    fn date(&mut self) -> Option<Date> {
        let [high, low, month, day] = self.array()?;
        Date::new(i16::from_le_bytes([high, low]), month.cast_signed(), day.cast_signed()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn cells() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Blank),
            any::<i64>().prop_map(Cell::Integer),
            (any::<i64>(), 0..19_u32).prop_map(|(number, scale)| Cell::Decimal(Decimal::new(number, scale))),
            any::<String>().prop_map(Cell::Text),
            "[a-z]{0,400}".prop_map(Cell::Text),
            any::<bool>().prop_map(Cell::Boolean),
            (1..9999_i16, 1..13_i8, 1..29_i8)
                .prop_map(|(year, month, day)| Cell::Date(jiff::civil::date(year, month, day))),
            (-10_000_000_000_000_000..10_000_000_000_000_000_i64)
                .prop_map(|time| Cell::Time(Timestamp::from_microsecond(time).unwrap())),
            any::<(String, i64)>().prop_map(|(text, number)| Cell::Json(json!({"list": [text, number, null]}))),
        ]
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(cells in prop::collection::vec(cells(), 0..20)) {
            let packed = PackedCells::of(&cells);
            prop_assert_eq!(packed.len(), cells.len());
            let one_by_one: Option<Vec<_>> = packed.iter().map(CellRef::to_cell).collect();
            prop_assert_eq!(one_by_one, Some(cells.clone()));
            prop_assert_eq!(unpack(packed.as_bytes()), Some(cells));
            prop_assert_eq!(PackedCells::of_bytes(packed.as_bytes().to_vec()), Some(packed));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            unpack(&bytes);
            if let Some(packed) = PackedCells::of_bytes(bytes) {
                prop_assert_eq!(packed.iter().count(), packed.len());
            }
        }
    }

    #[test]
    fn a_decimal_keeps_its_zeros() {
        let cells = [Cell::Decimal(Decimal::new(500_000, 2))];
        let packed = PackedCells::of(&cells);
        assert_eq!(format!("{:?}", unpack(packed.as_bytes()).unwrap()), format!("{cells:?}"));
    }
}
