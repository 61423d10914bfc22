//! The sink that keeps tables in a SQLite file.
//!
//! Whole numbers and truth values are INTEGER. Everything else is TEXT: decimal numbers too, since SQLite's NUMERIC turns those of more than
//! fifteen digits into floats; moments and days as ISO 8601 has them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use leadgate_core::sync::{CellRef, Column, ColumnKind, Stream};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params, params_from_iter};

use super::evolution::{Dialect, EXPORT, Evolution, is_followed, quoted};
use super::rows::{Rows, Shared, TableRow};
use super::table::{CHANGES, in_order};
use super::{Published, Sink, SinkError, Table, TablePublished, blocking};
use crate::cells::plain_text;
use crate::copy::voids_history;

const PATIENCE: Duration = Duration::from_secs(20);
const MEMORY: &str = "leadgate_tables";

const DIALECT: Dialect = Dialect {
    kind: |kind| match kind {
        ColumnKind::Integer | ColumnKind::Boolean => "INTEGER",
        ColumnKind::Decimal | ColumnKind::Text | ColumnKind::Date | ColumnKind::Time | ColumnKind::Json => "TEXT",
    },
    name: str::to_owned,
};

/// Tables in a SQLite file.
pub(crate) struct SqliteSink {
    pub(crate) path: PathBuf,
}

#[async_trait::async_trait]
impl Sink for SqliteSink {
    async fn publish(&mut self, copy: &Path, streams: &[Stream]) -> Result<Published, SinkError> {
        let (path, copy, streams) = (self.path.clone(), copy.to_owned(), in_order(streams));
        blocking(move || {
            let snapshot = Shared::open(&copy)?;
            change(&path, |tables| tables.publish(&snapshot, &streams))
        })
        .await
    }

    async fn check(&mut self, streams: &[Stream]) -> Result<(), SinkError> {
        let (path, streams) = (self.path.clone(), in_order(streams));
        blocking(move || change(&path, |tables| tables.check(&streams))).await
    }
}

/// Tries whether a table may be replaced by other rows. Blocks.
pub(crate) fn check_replace(path: &Path, name: &str) -> Result<(), SinkError> {
    if !path.exists() {
        return Ok(());
    }
    change(path, |tables| tables.check_replace(name))
}

/// Replaces the table with these rows. Blocks.
pub(crate) fn replace(path: &Path, table: &Table, rows: Rows) -> Result<TablePublished, SinkError> {
    change(path, |tables| {
        tables.check_replace(&table.name)?;
        let source = Source { identity: EXPORT, seq: 0, changes_seq: 0, anew: true };
        tables.bring(table, &source, |_| rows)
    })
}

/// Does something to the tables of a file in one transaction.
fn change<T>(path: &Path, work: impl FnOnce(&Tables<'_>) -> Result<T, SinkError>) -> Result<T, SinkError> {
    let place = path.display().to_string();
    let failed = |source| SinkError::Sqlite { place: place.clone(), source };
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    // Whoever was forgotten is not to be found in pages that are no longer used.
    connection.pragma_update(None, "secure_delete", true).map_err(failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let make = format!(
        "CREATE TABLE IF NOT EXISTS {MEMORY} (name TEXT PRIMARY KEY, copy TEXT NOT NULL, seq INTEGER NOT NULL, \
         changes_seq INTEGER NOT NULL, columns TEXT NOT NULL)"
    );
    transaction.execute_batch(&make).map_err(failed)?;
    let done = work(&Tables { transaction: &transaction, place: &place })?;
    transaction.commit().map_err(failed)?;
    Ok(done)
}

/// The tables of a file, inside a transaction.
struct Tables<'file> {
    transaction: &'file Transaction<'file>,
    place: &'file str,
}

/// What a table is brought up to date from.
struct Source<'copy> {
    /// Of the copy.
    identity: &'copy str,
    /// Up to which change of rows.
    seq: i64,
    /// Up to which entry of the changes.
    changes_seq: i64,
    /// Whether what the table holds is of no use, whatever it came from.
    anew: bool,
}

/// What a table remembers of itself.
struct Remembered {
    copy: String,
    seq: i64,
    changes_seq: i64,
    columns: Vec<Column>,
}

impl Tables<'_> {
    fn publish(&self, snapshot: &Shared, streams: &[Stream]) -> Result<Published, SinkError> {
        let identity = snapshot.read(crate::copy::Snapshot::identity)?;
        let mut published = Published::default();
        let mut changes = TablePublished::default();
        let table_of_changes = Table::of_changes();
        let plain = Source { identity: "", seq: 0, changes_seq: 0, anew: false };
        self.prepare(&table_of_changes, &plain)?;
        let behind = self.numbers_behind(&identity)?;
        for stream in streams {
            let Some(schema) = snapshot.read(|copy| copy.schema(*stream))? else { continue };
            let entry = snapshot.read(|copy| copy.entry(*stream))?;
            let source = Source { identity: &identity, seq: entry.seq, changes_seq: entry.changes_seq, anew: false };
            changes.written += self.append_changes(snapshot, *stream, &source, behind)?;
            let rows = |seq| Rows::Changed { from: snapshot.clone(), stream: *stream, seq };
            let told = self.bring(&Table::of(&schema), &source, rows)?;
            published.tables.insert(stream.name().into(), told);
        }
        published.tables.insert(CHANGES.into(), changes);
        Ok(published)
    }

    fn check(&self, streams: &[Stream]) -> Result<(), SinkError> {
        for name in streams.iter().map(|stream| stream.name()).chain([CHANGES]) {
            if self.remembered(name)?.is_none() && !self.present(name)?.is_empty() {
                return Err(SinkError::Foreign { place: self.place.into(), table: name.into() });
            }
        }
        Ok(())
    }

    fn check_replace(&self, name: &str) -> Result<(), SinkError> {
        match self.remembered(name)? {
            Some(known) if is_followed(&known.copy) => {
                Err(SinkError::Followed { place: self.place.into(), table: name.into() })
            }
            _ => Ok(()),
        }
    }

    /// By how much the numbers of this copy's changes are greater here: those of copies before it stay, and come first, unless they may name somebody
    /// who was taken out.
    fn numbers_behind(&self, identity: &str) -> Result<i64, SinkError> {
        let known = self.remembered(CHANGES)?;
        if let Some(known) = known.filter(|known| known.copy == identity) {
            return Ok(known.seq);
        }
        if voids_history(identity) {
            self.execute(&format!("DELETE FROM {}", quoted(CHANGES)))?;
        }
        let latest = format!("SELECT coalesce(max(seq), 0) FROM {}", quoted(CHANGES));
        let behind = self.transaction.query_row(&latest, [], |row| row.get(0)).map_err(|source| self.failed(source))?;
        self.remember(&Table::of_changes(), &Source { identity, seq: behind, changes_seq: 0, anew: false })?;
        Ok(behind)
    }

    /// Adds the new changes of a stream, numbered behind those of copies before this one. Rows that the table had of such a copy were not made since.
    fn append_changes(
        &self,
        snapshot: &Shared,
        stream: Stream,
        source: &Source<'_>,
        behind: i64,
    ) -> Result<u64, SinkError> {
        let known = self.remembered(stream.name())?;
        let is_of_another =
            known.as_ref().is_some_and(|known| is_followed(&known.copy) && known.copy != source.identity)
                && !voids_history(source.identity);
        let known = known.filter(|known| known.copy == source.identity);
        let seq = known.as_ref().map_or(0, |known| known.changes_seq);
        let rows = Rows::ChangesOf { from: snapshot.clone(), stream, seq, behind };
        let written = self.write_rows(&Table::of_changes(), rows)?.written;
        if !is_of_another {
            return Ok(written);
        }
        let delete = format!(
            "DELETE FROM {} WHERE stream = ?1 AND seq > ?2 AND field = 'created' AND id IN (SELECT id FROM {})",
            quoted(CHANGES),
            quoted(stream.name())
        );
        let deleted = self.transaction.execute(&delete, params![stream.name(), behind]);
        Ok(written.saturating_sub(deleted.map_err(|source| self.failed(source))? as u64))
    }

    /// Brings a table up to date with the rows since the number that it remembers.
    fn bring(
        &self,
        table: &Table,
        source: &Source<'_>,
        rows: impl FnOnce(i64) -> Rows,
    ) -> Result<TablePublished, SinkError> {
        let (seq, told) = self.prepare(table, source)?;
        let written = self.write_rows(table, rows(seq))?;
        self.remember(table, source)?;
        Ok(TablePublished { written: written.written, removed: written.removed, ..told })
    }

    fn remember(&self, table: &Table, source: &Source<'_>) -> Result<(), SinkError> {
        let columns = serde_json::to_string(&table.columns).unwrap_or_default();
        let remember = format!(
            "INSERT OR REPLACE INTO {MEMORY} (name, copy, seq, changes_seq, columns) VALUES (?1, ?2, ?3, ?4, ?5)"
        );
        let values = params![table.name, source.identity, source.seq, source.changes_seq, columns];
        self.transaction.execute(&remember, values).map(drop).map_err(|source| self.failed(source))
    }

    /// Makes the table, or gives it today's columns; says from which number on its rows are to be written.
    fn prepare(&self, table: &Table, source: &Source<'_>) -> Result<(i64, TablePublished), SinkError> {
        let name = quoted(&table.name);
        let Some(known) = self.remembered(&table.name)? else {
            self.make(table)?;
            return Ok((0, TablePublished::default()));
        };
        let evolution = Evolution::between(&known.columns, &table.columns);
        for statement in evolution.statements(&name, &self.present(&table.name)?, &DIALECT) {
            self.execute(&statement)?;
        }
        let anew = source.anew || (known.copy != source.identity && table.name != CHANGES);
        if anew {
            self.execute(&format!("DELETE FROM {name}"))?;
        }
        let seq = if anew || evolution.touches_rows() { 0 } else { known.seq };
        Ok((seq, evolution.told()))
    }

    fn make(&self, table: &Table) -> Result<(), SinkError> {
        self.execute(&DIALECT.create(&quoted(&table.name), &table.columns, table.key))?;
        let columns = serde_json::to_string(&table.columns).unwrap_or_default();
        let remember =
            format!("INSERT INTO {MEMORY} (name, copy, seq, changes_seq, columns) VALUES (?1, '', 0, 0, ?2)");
        let made = self.transaction.execute(&remember, params![table.name, columns]);
        made.map(|_| ()).map_err(|source| self.failed(source))
    }

    fn remembered(&self, name: &str) -> Result<Option<Remembered>, SinkError> {
        let sql = format!("SELECT copy, seq, changes_seq, columns FROM {MEMORY} WHERE name = ?1");
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?));
        let found = self.transaction.query_row(&sql, [name], read).optional().map_err(|source| self.failed(source))?;
        let Some((copy, seq, changes_seq, columns)) = found else { return Ok(None) };
        let unreadable = |_| SinkError::Memory { place: self.place.into(), what: MEMORY.into() };
        let columns = serde_json::from_str(&columns).map_err(unreadable)?;
        Ok(Some(Remembered { copy, seq, changes_seq, columns }))
    }

    fn present(&self, name: &str) -> Result<Vec<String>, SinkError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut query = self.transaction.prepare("SELECT name FROM pragma_table_info(?1)")?;
            query.query_map([name], |row| row.get(0))?.collect()
        };
        read().map_err(|source| self.failed(source))
    }

    fn write_rows(&self, table: &Table, mut rows: Rows) -> Result<TablePublished, SinkError> {
        let name = quoted(&table.name);
        let names = DIALECT.names(&table.columns);
        let places: Vec<_> = (1..=names.len()).map(|place| format!("?{place}")).collect();
        let conflict = DIALECT.on_conflict(&table.columns, table.key);
        let insert = format!("INSERT INTO {name} ({}) VALUES ({}){conflict}", names.join(", "), places.join(", "));
        let delete = table.key.map(|key| format!("DELETE FROM {name} WHERE {} = ?1", names[key]));
        let mut done = TablePublished::default();
        loop {
            let some = rows.next()?;
            if some.is_empty() {
                return Ok(done);
            }
            for row in some {
                let written = self.write_row(&row, &insert, delete.as_deref());
                let changed = written.map_err(|source| self.failed(source))?;
                *(if row.gone { &mut done.removed } else { &mut done.written }) += changed;
            }
        }
    }

    fn write_row(&self, row: &TableRow, insert: &str, delete: Option<&str>) -> Result<u64, rusqlite::Error> {
        let changed = match delete {
            Some(delete) if row.gone => self.transaction.prepare_cached(delete)?.execute([row.key])?,
            _ => self.transaction.prepare_cached(insert)?.execute(params_from_iter(row.cells.iter().map(SqlCell)))?,
        };
        Ok(changed as u64)
    }

    fn execute(&self, statement: &str) -> Result<(), SinkError> {
        self.transaction.execute_batch(statement).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: rusqlite::Error) -> SinkError {
        SinkError::Sqlite { place: self.place.into(), source }
    }
}

/// A cell as SQLite stores it.
struct SqlCell<'cell>(CellRef<'cell>);

impl rusqlite::ToSql for SqlCell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            CellRef::Text(text) | CellRef::Json(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            CellRef::Integer(number) => ToSqlOutput::Owned(Value::Integer(number)),
            CellRef::Boolean(truth) => ToSqlOutput::Owned(Value::Integer(i64::from(truth))),
            other => ToSqlOutput::Owned(plain_text(other).map_or(Value::Null, |text| Value::Text(text.into_owned()))),
        })
    }
}
