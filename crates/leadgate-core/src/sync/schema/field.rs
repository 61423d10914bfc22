//! A field of the account, as the stream of fields tells it.

use crate::sync::{Cell, RawRow, Row, Schema, Stream};

/// A field of the rows of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRow {
    /// Whose field.
    pub stream: Stream,
    /// Its id among the fields of its stream; none where the CRM has no number for it.
    pub id: Option<i64>,
    /// Its name in rows, e.g. `cf_region`.
    pub name: String,
    /// What people call it.
    pub label: Option<String>,
    /// The CRM's word for what it holds: `text`, `number`, `multi_select_dropdown`, ….
    pub kind: String,
    /// Whether it is one of the account's own.
    pub is_own: bool,
}

impl FieldRow {
    /// Reads a row of [`Stream::Fields`] as the CRM port gives it. `None` for fields of what is not copied, and of parts of a record that have names of their own.
    pub fn of_raw(row: &RawRow) -> Option<FieldRow> {
        let text = |name: &str| row.get(name)?.text().map(|text| text.into_owned());
        Some(FieldRow {
            stream: Stream::from_name(&text("record")?)?,
            id: row.get("field_id").and_then(|id| id.as_str().parse().ok()),
            name: text("name")?,
            label: text("label"),
            kind: text("type").unwrap_or_default(),
            is_own: row.get("is_custom").and_then(|custom| custom.boolean()).unwrap_or(false),
        })
    }

    /// Reads a row of [`Stream::Fields`] that was [shaped](super::shape) by this schema.
    pub fn of_row(schema: &Schema, row: &Row) -> Option<FieldRow> {
        let cell = |name: &str| schema.position(name).and_then(|at| row.cells.get(at));
        let text = |name: &str| match cell(name) {
            Some(Cell::Text(text)) => Some(text.clone()),
            _ => None,
        };
        Some(FieldRow {
            stream: Stream::from_name(&text("record")?)?,
            id: if let Some(Cell::Integer(id)) = cell("field_id") { Some(*id) } else { None },
            name: text("name")?,
            label: text("label"),
            kind: text("type").unwrap_or_default(),
            is_own: cell("is_custom") == Some(&Cell::Boolean(true)),
        })
    }
}
