//! Cells as bytes: exact, and short where cells are blank.
//!
//! Each cell is a tag and what the tag asks for. The tags are stored in files, so their numbers never change. Moments are kept to the
//! microsecond.

use jiff::Timestamp;
use jiff::civil::Date;
use leadgate_core::sync::Cell;
use rust_decimal::Decimal;

const BLANK: u8 = 0;
const INTEGER: u8 = 1;
const DECIMAL: u8 = 2;
const TEXT: u8 = 3;
const FALSE: u8 = 4;
const TRUE: u8 = 5;
const DATE: u8 = 6;
const TIME: u8 = 7;
const JSON: u8 = 8;

/// The bytes of these cells, one after the other.
pub(crate) fn encode(cells: &[Cell]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(cells.len() * 8);
    for cell in cells {
        encode_one(cell, &mut bytes);
    }
    bytes
}

fn encode_one(cell: &Cell, bytes: &mut Vec<u8>) {
    match cell {
        Cell::Blank => bytes.push(BLANK),
        Cell::Integer(number) => tagged(bytes, INTEGER, &number.to_le_bytes()),
        Cell::Decimal(number) => tagged(bytes, DECIMAL, &number.serialize()),
        Cell::Text(text) => measured(bytes, TEXT, text),
        Cell::Boolean(truth) => bytes.push(if *truth { TRUE } else { FALSE }),
        Cell::Date(date) => {
            let [high, low] = date.year().to_le_bytes();
            tagged(bytes, DATE, &[high, low, date.month().cast_unsigned(), date.day().cast_unsigned()]);
        }
        Cell::Time(time) => tagged(bytes, TIME, &time.as_microsecond().to_le_bytes()),
        Cell::Json(value) => measured(bytes, JSON, &value.to_string()),
    }
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

/// The cells that [`encode`] made these bytes of; none if the bytes are not whole.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<Cell>> {
    let mut input = Input(bytes);
    let mut cells = Vec::new();
    while !input.0.is_empty() {
        cells.push(input.cell()?);
    }
    Some(cells)
}

struct Input<'bytes>(&'bytes [u8]);

impl<'bytes> Input<'bytes> {
    fn cell(&mut self) -> Option<Cell> {
        Some(match self.take(1)?[0] {
            BLANK => Cell::Blank,
            INTEGER => Cell::Integer(i64::from_le_bytes(self.array()?)),
            DECIMAL => Cell::Decimal(Decimal::deserialize(self.array()?)),
            TEXT => Cell::Text(self.text()?.to_owned()),
            FALSE => Cell::Boolean(false),
            TRUE => Cell::Boolean(true),
            DATE => Cell::Date(self.date()?),
            TIME => Cell::Time(Timestamp::from_microsecond(i64::from_le_bytes(self.array()?)).ok()?),
            JSON => Cell::Json(serde_json::from_str(self.text()?).ok()?),
            _ => return None,
        })
    }

    fn take(&mut self, count: usize) -> Option<&'bytes [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        self.take(LENGTH)?.try_into().ok()
    }

    fn text(&mut self) -> Option<&'bytes str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn length(&mut self) -> Option<usize> {
        let mut length = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.take(1)?[0];
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
        fn what_was_encoded_is_decoded(cells in prop::collection::vec(cells(), 0..20)) {
            prop_assert_eq!(decode(&encode(&cells)), Some(cells));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            decode(&bytes);
        }
    }

    #[test]
    fn a_decimal_keeps_its_zeros() {
        let cells = [Cell::Decimal(Decimal::new(500_000, 2))];
        assert_eq!(format!("{:?}", decode(&encode(&cells)).unwrap()), format!("{cells:?}"));
    }
}
