//! Rows on their way to a sink, some at a time, so that a stream of any size passes in the same memory.

use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use leadgate_core::sync::{PackedCells, PackedRow, Stream};

use super::SinkError;
use super::table::change_cells;
use crate::copy::{CopyError, RowChange, Snapshot};

const CHUNK: usize = 200;

/// A row of a table.
#[derive(Debug)]
pub(crate) struct TableRow {
    /// The row's id, or the change's number.
    pub(crate) key: i64,
    /// It is to be taken out of the table.
    pub(crate) gone: bool,
    pub(crate) cells: PackedCells,
}

/// One moment of the copy that several tables are read from.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Snapshot>>);

impl Shared {
    /// Of the copy in this file.
    pub(crate) fn open(path: &Path) -> Result<Shared, SinkError> {
        Ok(Shared(Arc::new(Mutex::new(Snapshot::open(path)?))))
    }

    /// Reads something.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T, CopyError>) -> Result<T, SinkError> {
        // A reader that panicked has changed nothing.
        Ok(read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))?)
    }
}

/// Where rows come from. Each hands them out once.
#[derive(Debug)]
pub(crate) enum Rows {
    /// The rows of a stream that are not gone, by id.
    Live { from: Shared, stream: Stream, after: Option<i64> },
    /// The rows of a stream that changed after a number.
    Changed { from: Shared, stream: Stream, seq: i64 },
    /// The changes of some streams, each up to a number, in order.
    Changes { from: Shared, streams: Vec<(Stream, i64)>, seq: i64 },
    /// The changes of one stream, whose numbers are so much greater in the sink.
    ChangesOf { from: Shared, stream: Stream, seq: i64, behind: i64 },
    /// Rows that were written down before.
    Spooled(SpooledRows),
}

impl Rows {
    /// The next rows; none at the end.
    pub(crate) fn next(&mut self) -> Result<Vec<TableRow>, SinkError> {
        match self {
            Rows::Live { from, stream, after } => {
                let rows = from.read(|copy| copy.rows_by_id(*stream, *after, CHUNK))?;
                *after = rows.last().map(|copied| copied.row.id).or(*after);
                let live = |row: PackedRow| TableRow { key: row.id, gone: false, cells: row.cells };
                Ok(rows.into_iter().map(|copied| live(copied.row)).collect())
            }
            Rows::Changed { from, stream, seq } => {
                let rows = from.read(|copy| copy.rows_since(*stream, *seq, CHUNK))?;
                *seq = rows.last().map_or(*seq, |copied| copied.seq);
                let rows = rows.into_iter().map(|copied| {
                    let gone = copied.deleted_at.is_some();
                    TableRow { key: copied.row.id, gone, cells: copied.row.cells }
                });
                Ok(rows.collect())
            }
            Rows::Changes { from, streams, seq } => next_changes(from, streams, seq),
            Rows::ChangesOf { from, stream, seq, behind } => {
                let changes = from.read(|copy| copy.changes_of(*stream, *seq, CHUNK))?;
                *seq = changes.last().map_or(*seq, |change| change.seq);
                let numbered = |change: RowChange| RowChange { seq: change.seq.saturating_add(*behind), ..change };
                Ok(changes.into_iter().map(numbered).map(change_row).collect())
            }
            Rows::Spooled(spooled) => spooled.next(),
        }
    }
}

fn change_row(change: RowChange) -> TableRow {
    TableRow { key: change.seq, gone: false, cells: change_cells(&change) }
}

/// Goes on until there are some of the wanted streams.
fn next_changes(from: &Shared, streams: &[(Stream, i64)], seq: &mut i64) -> Result<Vec<TableRow>, SinkError> {
    loop {
        let changes = from.read(|copy| copy.changes_since(*seq, CHUNK))?;
        let Some(last) = changes.last() else { return Ok(Vec::new()) };
        *seq = last.seq;
        let is_wanted =
            |change: &RowChange| streams.iter().any(|(stream, last)| *stream == change.stream && change.seq <= *last);
        let wanted = changes.into_iter().filter(is_wanted);
        let rows: Vec<_> = wanted.map(change_row).collect();
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
}

/// Rows in a nameless file, until it is known that all of them are there.
#[derive(Debug)]
pub(crate) struct Spool {
    file: BufWriter<File>,
}

impl Spool {
    pub(crate) fn new() -> std::io::Result<Spool> {
        Ok(Spool { file: BufWriter::new(tempfile::tempfile()?) })
    }

    pub(crate) fn write(&mut self, key: i64, cells: &PackedCells) -> std::io::Result<()> {
        let bytes = cells.as_bytes();
        let length = u32::try_from(bytes.len()).map_err(|_| std::io::Error::from(ErrorKind::FileTooLarge))?;
        self.file.write_all(&key.to_le_bytes())?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(bytes)
    }

    /// What was written, from its beginning.
    pub(crate) fn read(self) -> std::io::Result<Rows> {
        let mut file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Rows::Spooled(SpooledRows { file: BufReader::new(file) }))
    }
}

/// What was spooled.
#[derive(Debug)]
pub(crate) struct SpooledRows {
    file: BufReader<File>,
}

impl SpooledRows {
    fn next(&mut self) -> Result<Vec<TableRow>, SinkError> {
        let failed = |source| SinkError::Write { place: "the folder of temporary files".into(), source };
        let mut rows = Vec::new();
        while rows.len() < CHUNK {
            match self.next_one().map_err(failed)? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
        Ok(rows)
    }

    fn next_one(&mut self) -> std::io::Result<Option<TableRow>> {
        let mut key = [0; 8];
        match self.file.read_exact(&mut key) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        self.file.read_exact(&mut bytes)?;
        let cells = PackedCells::of_bytes(bytes).ok_or(ErrorKind::InvalidData)?;
        Ok(Some(TableRow { key: i64::from_le_bytes(key), gone: false, cells }))
    }
}
