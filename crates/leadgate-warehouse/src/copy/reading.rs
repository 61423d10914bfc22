//! Rows and changes, by id and by number.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use leadgate_core::sync::{Cell, PackedCells, PackedRow, Row, Schema, Stream, unpack};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Params};

use super::CopyError;
use super::layout::Fitting;

/// A row as the copy holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct CopiedRow {
    /// The row, with a cell for each column of the stream's schema.
    pub row: Row,
    /// The number of its latest change.
    pub seq: i64,
    /// When it was noticed to be gone.
    pub deleted_at: Option<Timestamp>,
}

/// A row as the copy holds it, its cells packed.
#[derive(Debug)]
pub(crate) struct PackedCopy {
    pub(crate) row: PackedRow,
    pub(crate) seq: i64,
    pub(crate) deleted_at: Option<Timestamp>,
}

impl PackedCopy {
    fn unpacked(self) -> Option<CopiedRow> {
        let PackedCopy { row: PackedRow { id, updated_at, cells }, seq, deleted_at } = self;
        let row = Row { id, updated_at, cells: unpack(cells.as_bytes())? };
        Some(CopiedRow { row, seq, deleted_at })
    }
}

/// The rows of a stream with their cells one by one.
pub(crate) fn unpacked(stream: Stream, rows: Vec<PackedCopy>) -> Result<Vec<CopiedRow>, CopyError> {
    let one = |row: PackedCopy| {
        let id = row.row.id;
        row.unpacked().ok_or_else(|| CopyError::damaged(format_args!("row {id} of {stream}")))
    };
    rows.into_iter().map(one).collect()
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct RowChange {
    /// Its number; numbers grow.
    pub seq: i64,
    /// The stream of the row.
    pub stream: Stream,
    /// The row.
    pub id: i64,
    /// The column, or `created`, `deleted`, `restored` for the whole row.
    pub field: String,
    /// What was there.
    pub from: Cell,
    /// What is there now.
    pub to: Cell,
    /// When the CRM changed it, as far as the CRM says; otherwise when it was noticed.
    pub at: Timestamp,
    /// When it was noticed.
    pub noticed_at: Timestamp,
}

/// What is stored of a stream, apart from its rows.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: i64,
    pub(crate) state: Option<String>,
    pub(crate) layout: Option<i64>,
    /// The latest whole reading.
    pub(crate) pass: i64,
    /// How many rows are not gone.
    pub(crate) live: i64,
    /// Of the latest change of a row.
    pub(crate) seq: i64,
    /// Of the latest entry among the changes.
    pub(crate) changes_seq: i64,
    /// Of the latest batch.
    pub(crate) at: Option<i64>,
}

pub(crate) fn entry(connection: &Connection, stream: Stream) -> Result<Entry, CopyError> {
    let sql = "SELECT number, state, layout, pass, live, seq, changes_seq, at FROM streams WHERE name = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        let (number, state, layout, pass) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let (live, seq, changes_seq, at) = (row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?);
        Ok(Entry { number, state, layout, pass, live, seq, changes_seq, at })
    };
    Ok(connection.prepare_cached(sql)?.query_row([stream.name()], read)?)
}

pub(crate) fn schema(connection: &Connection, stream: Stream) -> Result<Option<Schema>, CopyError> {
    entry(connection, stream)?.layout.map(|number| layout(connection, number)).transpose()
}

pub(crate) fn layout(connection: &Connection, number: i64) -> Result<Schema, CopyError> {
    let sql = "SELECT schema FROM layouts WHERE number = ?1";
    let text: String = connection.prepare_cached(sql)?.query_row([number], |row| row.get(0))?;
    serde_json::from_str(&text).map_err(|_| CopyError::damaged(format_args!("layout {number}")))
}

pub(crate) fn missing(connection: &Connection, stream: Stream, ids: &[i64]) -> Result<Vec<i64>, CopyError> {
    let stream = entry(connection, stream)?.number;
    let sql = "SELECT 1 FROM heads WHERE stream = ?1 AND id = ?2 AND deleted_at IS NULL";
    let mut query = connection.prepare_cached(sql)?;
    let mut missing = Vec::new();
    for id in ids {
        if query.query_row([stream, *id], |_| Ok(())).optional()?.is_none() {
            missing.push(*id);
        }
    }
    Ok(missing)
}

const COLUMNS: &str = "SELECT heads.id, heads.updated_at, heads.seq, heads.deleted_at, heads.layout, bodies.cells \
                       FROM heads JOIN bodies ON bodies.number = heads.body";

pub(crate) fn rows_by_id(
    connection: &Connection,
    stream: Stream,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<PackedCopy>, CopyError> {
    let entry = entry(connection, stream)?;
    let sql = format!(
        "{COLUMNS} WHERE heads.stream = ?1 AND heads.id > ?2 AND heads.deleted_at IS NULL ORDER BY heads.id LIMIT ?3"
    );
    // No row has the least of all ids.
    rows(connection, (stream, &entry), &sql, (entry.number, after.unwrap_or(i64::MIN), limit as i64))
}

/// One row, unless it is gone.
pub(crate) fn row(connection: &Connection, stream: Stream, id: i64) -> Result<Option<Row>, CopyError> {
    let entry = entry(connection, stream)?;
    let sql = format!("{COLUMNS} WHERE heads.stream = ?1 AND heads.id = ?2 AND heads.deleted_at IS NULL");
    let found = rows(connection, (stream, &entry), &sql, (entry.number, id))?;
    Ok(unpacked(stream, found)?.into_iter().next().map(|copied| copied.row))
}

pub(crate) fn rows_since(
    connection: &Connection,
    stream: Stream,
    seq: i64,
    limit: usize,
) -> Result<Vec<PackedCopy>, CopyError> {
    let entry = entry(connection, stream)?;
    let sql = format!("{COLUMNS} WHERE heads.stream = ?1 AND heads.seq > ?2 ORDER BY heads.seq LIMIT ?3");
    rows(connection, (stream, &entry), &sql, (entry.number, seq, limit as i64))
}

fn rows(
    connection: &Connection,
    (stream, entry): (Stream, &Entry),
    sql: &str,
    values: impl Params,
) -> Result<Vec<PackedCopy>, CopyError> {
    let Some(today) = entry.layout else { return Ok(Vec::new()) };
    let mut fittings: HashMap<i64, Fitting> = HashMap::new();
    let mut query = connection.prepare_cached(sql)?;
    let mut found = query.query(values)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let (id, stored) = (row.get(0)?, row.get(4)?);
        let damaged = || CopyError::damaged(format_args!("row {id} of {stream}"));
        // Most rows are of the layout of today, which nothing has to be known of.
        if stored != today
            && let std::collections::hash_map::Entry::Vacant(vacant) = fittings.entry(stored)
        {
            vacant.insert(Fitting::new(&layout(connection, stored)?, &layout(connection, today)?));
        }
        let bytes = row.get_ref(5)?.as_blob().map_err(|_| damaged())?;
        let cells = match fittings.get(&stored) {
            None => PackedCells::of_bytes(bytes.to_vec()),
            Some(fitting) => unpack(bytes).map(|cells| PackedCells::of(&fitting.fit(cells))),
        };
        let cells = cells.ok_or_else(damaged)?;
        let row_of_today = PackedRow { id, updated_at: optional_moment(row.get(1)?)?, cells };
        rows.push(PackedCopy { row: row_of_today, seq: row.get(2)?, deleted_at: optional_moment(row.get(3)?)? });
    }
    Ok(rows)
}

pub(crate) fn changes_since(connection: &Connection, seq: i64, limit: usize) -> Result<Vec<RowChange>, CopyError> {
    let sql = format!("{CHANGES} WHERE changes.seq > ?1 ORDER BY changes.seq LIMIT ?2");
    changes(connection, &sql, [seq, limit as i64])
}

const CHANGES: &str = "SELECT changes.seq, streams.name, changes.id, field, old, new, changes.at, noticed_at \
                       FROM changes JOIN streams ON streams.number = changes.stream";

fn changes(connection: &Connection, sql: &str, values: impl Params) -> Result<Vec<RowChange>, CopyError> {
    let mut query = connection.prepare_cached(sql)?;
    let mut found = query.query(values)?;
    let mut changes = Vec::new();
    while let Some(row) = found.next()? {
        let seq = row.get(0)?;
        let damaged = || CopyError::damaged(format_args!("change {seq}"));
        let stream = row.get_ref(1)?.as_str().ok().and_then(Stream::from_name).ok_or_else(damaged)?;
        let cell = |index| -> Result<Cell, CopyError> {
            let bytes = row.get_ref(index)?.as_blob().map_err(CopyError::damaged)?;
            unpack(bytes).and_then(|cells| cells.into_iter().next()).ok_or_else(damaged)
        };
        let (id, field, from, to) = (row.get(2)?, row.get(3)?, cell(4)?, cell(5)?);
        let (at, noticed_at) = (moment(row.get(6)?)?, moment(row.get(7)?)?);
        changes.push(RowChange { seq, stream, id, field, from, to, at, noticed_at });
    }
    Ok(changes)
}

fn moment(microseconds: i64) -> Result<Timestamp, CopyError> {
    Timestamp::from_microsecond(microseconds).map_err(|_| CopyError::damaged(format_args!("moment {microseconds}")))
}

fn optional_moment(microseconds: Option<i64>) -> Result<Option<Timestamp>, CopyError> {
    microseconds.map(moment).transpose()
}

/// The copy as it was at one moment, however long it is read and whatever is applied meanwhile.
#[derive(Debug)]
pub(crate) struct Snapshot {
    connection: Connection,
}

impl Snapshot {
    /// Of the copy in this file, which must exist.
    pub(crate) fn open(path: &Path) -> Result<Snapshot, CopyError> {
        // Not read-only: the index of the write-ahead log has to be made if nobody else has the file open.
        let connection = super::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Rows are read once, in order: to keep their pages is of no use.
        connection.execute_batch("PRAGMA query_only = 1; PRAGMA cache_size = -500; BEGIN; SELECT seq FROM copy;")?;
        Ok(Snapshot { connection })
    }

    /// What tells this copy from one that was made anew.
    pub(crate) fn identity(&self) -> Result<String, CopyError> {
        Ok(self.connection.query_row("SELECT identity FROM copy", [], |row| row.get(0))?)
    }

    /// What is stored of the stream.
    pub(crate) fn entry(&self, stream: Stream) -> Result<Entry, CopyError> {
        entry(&self.connection, stream)
    }

    /// The columns of the stream; none if nothing was ever applied to it.
    pub(crate) fn schema(&self, stream: Stream) -> Result<Option<Schema>, CopyError> {
        schema(&self.connection, stream)
    }

    /// As [`super::Copy::rows_by_id`].
    pub(crate) fn rows_by_id(
        &self,
        stream: Stream,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<PackedCopy>, CopyError> {
        rows_by_id(&self.connection, stream, after, limit)
    }

    /// As [`super::Copy::rows_since`].
    pub(crate) fn rows_since(&self, stream: Stream, seq: i64, limit: usize) -> Result<Vec<PackedCopy>, CopyError> {
        rows_since(&self.connection, stream, seq, limit)
    }

    /// As [`super::Copy::changes_since`], of one stream.
    pub(crate) fn changes_of(&self, stream: Stream, seq: i64, limit: usize) -> Result<Vec<RowChange>, CopyError> {
        let number = self.entry(stream)?.number;
        let sql = format!("{CHANGES} WHERE changes.stream = ?1 AND changes.seq > ?2 ORDER BY changes.seq LIMIT ?3");
        changes(&self.connection, &sql, [number, seq, limit as i64])
    }

    /// As [`super::Copy::changes_since`].
    pub(crate) fn changes_since(&self, seq: i64, limit: usize) -> Result<Vec<RowChange>, CopyError> {
        changes_since(&self.connection, seq, limit)
    }
}
