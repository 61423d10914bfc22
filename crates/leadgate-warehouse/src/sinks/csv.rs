//! CSV as RFC 4180 has it, safe to open in a spreadsheet.
//!
//! UTF-8, a header, lines ending in CR LF. A blank cell is nothing, an empty text is `""`. A text that a spreadsheet would take for a
//! formula gets a leading apostrophe; numbers of numeric columns do not, whatever their sign.

use std::io::{self, Write};

use leadgate_core::sync::{CellRef, Column, PackedCells};

use super::files::{Encoder, Out};
use crate::cells::plain_text;

/// Writes CSV.
pub(crate) struct CsvEncoder {
    out: Out,
    line: String,
}

impl CsvEncoder {
    /// Writes the header.
    pub(crate) fn new(columns: &[Column], out: Out) -> io::Result<CsvEncoder> {
        let mut encoder = CsvEncoder { out, line: String::new() };
        let mut names = PackedCells::default();
        columns.iter().for_each(|column| names.push(CellRef::Text(&column.name)));
        encoder.row(&names)?;
        Ok(encoder)
    }
}

impl Encoder for CsvEncoder {
    fn row(&mut self, cells: &PackedCells) -> io::Result<()> {
        self.line.clear();
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.line.push(',');
            }
            push_cell(&mut self.line, cell);
        }
        self.line.push_str("\r\n");
        self.out.write_all(self.line.as_bytes())
    }

    fn finish(mut self: Box<Self>) -> io::Result<u64> {
        self.out.flush()?;
        Ok(0)
    }
}

fn push_cell(line: &mut String, cell: CellRef<'_>) {
    let Some(text) = plain_text(cell) else { return };
    let number = matches!(cell, CellRef::Integer(_) | CellRef::Decimal(_));
    let formula = !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = formula || text.is_empty() || text.contains([',', '"', '\r', '\n']);
    if !quoted {
        line.push_str(&text);
        return;
    }
    line.push('"');
    if formula {
        line.push('\'');
    }
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            line.push_str("\"\"");
        }
        line.push_str(part);
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use rust_decimal::Decimal;

    use super::*;

    fn written(cell: CellRef<'_>) -> String {
        let mut line = String::new();
        push_cell(&mut line, cell);
        line
    }

    #[rstest]
    #[case(CellRef::Blank, "")]
    #[case(CellRef::Text(""), "\"\"")]
    #[case(CellRef::Text("plain"), "plain")]
    #[case(CellRef::Text("a \"b\", c"), "\"a \"\"b\"\", c\"")]
    #[case(CellRef::Text("=SUM(A1)"), "\"'=SUM(A1)\"")]
    #[case(CellRef::Text("+49 30 1234"), "\"'+49 30 1234\"")]
    #[case(CellRef::Text("@home"), "\"'@home\"")]
    #[case(CellRef::Integer(-5), "-5")]
    #[case(CellRef::Decimal(Decimal::new(-150, 2)), "-1.50")]
    fn cells_are_quoted_and_disarmed(#[case] cell: CellRef<'_>, #[case] expected: &str) {
        assert_eq!(written(cell), expected);
    }

    proptest! {
        #[test]
        fn a_reader_of_csv_reads_the_texts(texts in prop::collection::vec("[^=+@\t\r-][^\0]{0,20}", 1..5)) {
            let cells: Vec<_> = texts.iter().map(|text| written(CellRef::Text(text))).collect();
            // As in a file, something stands before it: readers take a mark of the byte order off the very beginning.
            let text = format!("header\r\n{}", cells.join(","));
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.iter().collect::<Vec<_>>(), texts);
        }
    }
}
