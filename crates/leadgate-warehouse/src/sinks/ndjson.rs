//! Newline-delimited JSON: an object a line, with a member for each column.
//!
//! Ids and other whole numbers are numbers, in full. Decimal numbers are strings, since most readers would take a number for a float.
//! Moments and days are strings as ISO 8601 has them, blank cells are null, cells with parts are JSON.

use std::io::{self, Write};

use leadgate_core::sync::{CellRef, Column, PackedCells};

use super::files::{Encoder, Out};
use crate::cells::plain_text;

/// Writes NDJSON.
pub(crate) struct NdjsonEncoder {
    out: Out,
    /// What stands before each cell: `{"id":`, `,"name":`.
    openings: Vec<String>,
}

impl NdjsonEncoder {
    pub(crate) fn new(columns: &[Column], out: Out) -> NdjsonEncoder {
        let opening = |(index, column): (usize, &Column)| {
            let before = if index == 0 { '{' } else { ',' };
            format!("{before}{}:", serde_json::Value::from(column.name.as_str()))
        };
        NdjsonEncoder { out, openings: columns.iter().enumerate().map(opening).collect() }
    }
}

impl Encoder for NdjsonEncoder {
    fn row(&mut self, cells: &PackedCells) -> io::Result<()> {
        for (opening, cell) in self.openings.iter().zip(cells.iter()) {
            self.out.write_all(opening.as_bytes())?;
            write_cell(&mut self.out, cell)?;
        }
        self.out.write_all(b"}\n")
    }

    fn finish(mut self: Box<Self>) -> io::Result<u64> {
        self.out.flush()?;
        Ok(0)
    }
}

fn write_cell(out: &mut impl Write, cell: CellRef<'_>) -> io::Result<()> {
    match (cell, plain_text(cell)) {
        (_, None) => out.write_all(b"null"),
        (CellRef::Integer(_) | CellRef::Boolean(_) | CellRef::Json(_), Some(text)) => out.write_all(text.as_bytes()),
        (_, Some(text)) => serde_json::to_writer(out, &text).map_err(io::Error::from),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use rust_decimal::Decimal;

    use super::*;

    #[rstest]
    #[case(CellRef::Blank, "null")]
    #[case(CellRef::Integer(9_007_199_254_740_993_123), "9007199254740993123")]
    #[case(CellRef::Decimal(Decimal::new(125_000, 2)), "\"1250.00\"")]
    #[case(CellRef::Text("two\nlines \"ü\""), r#""two\nlines \"ü\"""#)]
    #[case(CellRef::Boolean(true), "true")]
    #[case(CellRef::Json(r#"{"a":[1]}"#), r#"{"a":[1]}"#)]
    fn cells_are_json(#[case] cell: CellRef<'_>, #[case] expected: &str) {
        let mut written = Vec::new();
        write_cell(&mut written, cell).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
