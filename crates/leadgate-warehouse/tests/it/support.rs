//! Made-up rows and a copy in a folder of its own.

use jiff::Timestamp;
use leadgate_core::sync::{Cell, Column, ColumnKind, PackedRow, Row, Schema, Stream};
use leadgate_warehouse::{Applied, Batch, Copy};
use tempfile::TempDir;

/// A moment so many seconds after a fixed one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub(crate) fn column(name: &str, kind: ColumnKind) -> Column {
    Column { name: name.into(), kind, label: None, field: None }
}

/// A column of the account's own.
pub(crate) fn own_column(name: &str, kind: ColumnKind, label: &str, field: i64) -> Column {
    Column { name: name.into(), kind, label: Some(label.into()), field: Some(field) }
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

/// Contacts with an id, a name, an amount and a moment of the last change.
pub(crate) fn contacts() -> Schema {
    let columns = vec![
        column("id", ColumnKind::Integer),
        column("name", ColumnKind::Text),
        column("amount", ColumnKind::Decimal),
        column("updated_at", ColumnKind::Time),
    ];
    Schema { stream: Stream::Contacts, columns }
}

pub(crate) fn contact(id: i64, name: &str, updated: i64) -> Row {
    let amount = Cell::Decimal(rust_decimal::Decimal::new(id, 2));
    let cells = vec![Cell::Integer(id), text(name), amount, Cell::Time(at(updated))];
    Row { id, updated_at: Some(at(updated)), cells }
}

/// The rows as a batch has them.
pub(crate) fn packed(rows: Vec<Row>) -> Vec<PackedRow> {
    rows.into_iter().map(PackedRow::from).collect()
}

/// A copy whose batches follow each other.
pub(crate) struct Copying {
    pub(crate) folder: TempDir,
    pub(crate) copy: Copy,
    pub(crate) now: i64,
}

impl Copying {
    pub(crate) fn new() -> Copying {
        let folder = tempfile::tempdir().unwrap();
        let copy = Copy::open(&folder.path().join("copy.db")).unwrap();
        Copying { folder, copy, now: 1000 }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("copy.db")
    }

    /// A batch that follows what was applied, without rows.
    pub(crate) fn batch(&self, schema: Schema) -> Batch {
        Batch {
            stream: schema.stream,
            rows: Vec::new(),
            gone: Vec::new(),
            pass: None,
            sweep: None,
            from_state: self.copy.state(schema.stream).unwrap(),
            to_state: format!("{}", self.now),
            at: at(self.now),
            schema,
        }
    }

    pub(crate) fn apply(&mut self, batch: Batch) -> Applied {
        self.now += 1;
        self.copy.apply(batch).unwrap()
    }

    pub(crate) fn apply_rows(&mut self, rows: Vec<Row>) -> Applied {
        let batch = self.batch(contacts());
        self.apply(Batch { rows: packed(rows), ..batch })
    }

    pub(crate) fn apply_gone(&mut self, gone: &[i64]) -> Applied {
        let batch = self.batch(contacts());
        self.apply(Batch { gone: gone.to_vec(), ..batch })
    }

    /// The ids of the rows that are not gone.
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.copy.rows_by_id(Stream::Contacts, None, 1000).unwrap().iter().map(|copied| copied.row.id).collect()
    }
}
