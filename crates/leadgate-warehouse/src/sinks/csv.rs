//! CSV as RFC 4180 has it, safe to open in a spreadsheet.
//!
//! UTF-8, a header, lines ending in CR LF. A blank cell is nothing, an empty text is `""`. A text that a spreadsheet would take for a
//! formula gets a leading apostrophe; numbers of numeric columns do not, whatever their sign.

use std::io::{self, Write};

use leadgate_core::sync::{Cell, Column};

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
        let names: Vec<_> = columns.iter().map(|column| Cell::Text(column.name.clone())).collect();
        encoder.row(&names)?;
        Ok(encoder)
    }
}

impl Encoder for CsvEncoder {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
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

fn push_cell(line: &mut String, cell: &Cell) {
    let Some(text) = plain_text(cell) else { return };
    let number = matches!(cell, Cell::Integer(_) | Cell::Decimal(_));
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

    fn written(cell: &Cell) -> String {
        let mut line = String::new();
        push_cell(&mut line, cell);
        line
    }

    #[rstest]
    #[case(Cell::Blank, "")]
    #[case(Cell::Text(String::new()), "\"\"")]
    #[case(Cell::Text("plain".into()), "plain")]
    #[case(Cell::Text("a \"b\", c".into()), "\"a \"\"b\"\", c\"")]
    #[case(Cell::Text("=SUM(A1)".into()), "\"'=SUM(A1)\"")]
    #[case(Cell::Text("+49 30 1234".into()), "\"'+49 30 1234\"")]
    #[case(Cell::Text("@home".into()), "\"'@home\"")]
    #[case(Cell::Integer(-5), "-5")]
    #[case(Cell::Decimal(Decimal::new(-150, 2)), "-1.50")]
    fn cells_are_quoted_and_disarmed(#[case] cell: Cell, #[case] expected: &str) {
        assert_eq!(written(&cell), expected);
    }

    proptest! {
        #[test]
        fn a_reader_of_csv_reads_the_texts(texts in prop::collection::vec("[^=+@\t\r-][^\0]{0,20}", 1..5)) {
            let cells: Vec<_> = texts.iter().map(|text| written(&Cell::Text(text.clone()))).collect();
            // As in a file, something stands before it: readers take a mark of the byte order off the very beginning.
            let text = format!("header\r\n{}", cells.join(","));
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.iter().collect::<Vec<_>>(), texts);
        }
    }
}
