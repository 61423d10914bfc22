//! Rows in the text format of Postgres's COPY.

use leadgate_core::sync::{Cell, ColumnKind, unpack};
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use super::SinkError;
use super::rows::Rows;
use crate::cells::text_of;
use crate::copy::{CopyError, fit_kind};

/// Some lines.
pub(crate) type Chunk = Vec<u8>;

const CHUNK: usize = 256 << 10;

/// Encodes all rows: their place in the order, their key, whether they are gone, and their cells. Blocks.
pub(crate) fn encode_rows(mut rows: Rows, kinds: &[ColumnKind], to: &Sender<Chunk>) -> Result<(), SinkError> {
    let mut lines = String::with_capacity(CHUNK + CHUNK / 4);
    let mut place = 0_u64;
    loop {
        let some = rows.next()?;
        if some.is_empty() {
            return send(lines, to);
        }
        for row in some {
            place += 1;
            lines.push_str(&format!("{place}\t{}\t{}", row.key, if row.gone { 't' } else { 'f' }));
            let damaged = || CopyError::damaged(format_args!("row {}", row.key));
            for (cell, kind) in unpack(row.cells.as_bytes()).ok_or_else(damaged)?.into_iter().zip(kinds) {
                lines.push('\t');
                push_cell(&mut lines, cell, *kind);
            }
            lines.push('\n');
        }
        if lines.len() >= CHUNK {
            send(std::mem::take(&mut lines), to)?;
        }
    }
}

fn send(lines: String, to: &Sender<Chunk>) -> Result<(), SinkError> {
    to.blocking_send(lines.into_bytes()).map_err(|_| SinkError::Stopped)
}

fn push_cell(line: &mut String, cell: Cell, kind: ColumnKind) {
    let cell = match fit_kind(cell, kind) {
        Cell::Json(value) => Cell::Json(without_nul(value)),
        cell => cell,
    };
    let Some(text) = text_of(&cell) else { return line.push_str("\\N") };
    for character in text.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // Postgres has no text with this character.
            '\0' => line.push('\u{fffd}'),
            other => line.push(other),
        }
    }
}

fn without_nul(value: Value) -> Value {
    let clean = |text: String| if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(values) => Value::Array(values.into_iter().map(without_nul).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (clean(name), without_nul(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(Cell::Blank, ColumnKind::Text, "\\N")]
    #[case(Cell::Text("\\N".into()), ColumnKind::Text, "\\\\N")]
    #[case(Cell::Text("a\tb\r\nc\0".into()), ColumnKind::Text, "a\\tb\\r\\nc\u{fffd}")]
    #[case(Cell::Json(json!({"a\0": ["b\0", 1]})), ColumnKind::Json, "{\"a\u{fffd}\":[\"b\u{fffd}\",1]}")]
    #[case(Cell::Text(String::new()), ColumnKind::Text, "")]
    fn cells_are_escaped(#[case] cell: Cell, #[case] kind: ColumnKind, #[case] expected: &str) {
        let mut line = String::new();
        push_cell(&mut line, cell, kind);
        assert_eq!(line, expected);
    }
}
