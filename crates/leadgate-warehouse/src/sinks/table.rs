//! What a stream, or the changes, are called in a sink, and which columns they have.

use leadgate_core::sync::{CellRef, Column, ColumnKind, PackedCells, Schema, Stream};

use crate::cells::text_of;
use crate::copy::RowChange;

/// The name of the table of changes.
pub(crate) const CHANGES: &str = "changes";

/// A table to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// `contacts`, and the file is `contacts.csv`.
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// The place of the column that tells rows apart, if it is among them.
    pub(crate) key: Option<usize>,
}

impl Table {
    /// Of a stream.
    pub(crate) fn of(schema: &Schema) -> Table {
        let key = schema.columns.iter().position(|column| column.name == "id" && column.kind == ColumnKind::Integer);
        Table { name: schema.stream.name().into(), columns: schema.columns.clone(), key }
    }

    /// Of the changes.
    pub(crate) fn of_changes() -> Table {
        let kinds = [
            ("seq", ColumnKind::Integer),
            ("stream", ColumnKind::Text),
            ("id", ColumnKind::Integer),
            ("field", ColumnKind::Text),
            ("from_value", ColumnKind::Text),
            ("to_value", ColumnKind::Text),
            ("at", ColumnKind::Time),
            ("noticed_at", ColumnKind::Time),
        ];
        let columns = kinds.map(|(name, kind)| Column { name: name.into(), kind, label: None, field: None });
        Table { name: CHANGES.into(), columns: columns.into(), key: Some(0) }
    }
}

/// A change as a row of [`Table::of_changes`].
pub(crate) fn change_cells(change: &RowChange) -> PackedCells {
    let mut cells = PackedCells::with_room(80);
    cells.push(CellRef::Integer(change.seq));
    cells.push(CellRef::Text(change.stream.name()));
    cells.push(CellRef::Integer(change.id));
    cells.push(CellRef::Text(&change.field));
    for text in [text_of(&change.from), text_of(&change.to)] {
        cells.push(text.as_deref().map_or(CellRef::Blank, CellRef::Text));
    }
    cells.push(CellRef::Time(change.at));
    cells.push(CellRef::Time(change.noticed_at));
    cells
}

/// The streams in the order of their reading, each once.
pub(crate) fn in_order(streams: &[Stream]) -> Vec<Stream> {
    Stream::ALL.into_iter().filter(|stream| streams.contains(stream)).collect()
}
