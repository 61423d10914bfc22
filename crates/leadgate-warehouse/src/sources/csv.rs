//! CSV: the delimiter is found out, lines may break inside quotes.

use std::cell::Cell;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use ::csv::{Reader, ReaderBuilder, StringRecord};

use leadgate_core::import::RowCell;

use super::encoding::{self, Encoding};
use super::{Kind, LARGEST_ROW, SourceError, SourceRow, at, io_error, name_of};

/// How a CSV file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    delimiter: u8,
    encoding: Encoding,
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How much of a file the delimiter is looked for in, in bytes.
const LOOKED_AT: u64 = 64 * 1024;
/// What the parser reads ahead of a row, in bytes.
const READ_AHEAD: usize = 64 * 1024;

pub(super) fn open(path: &Path) -> Result<(Kind, Vec<String>), SourceError> {
    let encoding = encoding::detect(path)?;
    let mut beginning = Vec::new();
    encoding::open(path, encoding)?
        .take(LOOKED_AT)
        .read_to_end(&mut beginning)
        .map_err(|source| io_error(path, source))?;
    let dialect = Dialect { delimiter: delimiter(&beginning), encoding };
    let mut rows = Rows::open(path, dialect)?;
    match rows.next()? {
        Some((_, header)) => Ok((Kind::Csv(dialect), header.iter().map(str::to_owned).collect())),
        None => Err(SourceError::Empty(name_of(path))),
    }
}

/// The sign that parts the first row, and most of the next ones into as many parts.
fn delimiter(beginning: &[u8]) -> u8 {
    let score = |delimiter: u8| {
        let counts = counts(beginning, delimiter);
        let first = counts.first().copied().unwrap_or(0);
        let alike = counts.iter().filter(|count| **count == first).count();
        if first == 0 { (0, 0) } else { (alike * 100 / counts.len(), first) }
    };
    // Of two that do equally well the first of the list.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

/// How often the sign stands outside of quotes in each of the first rows.
fn counts(beginning: &[u8], delimiter: u8) -> Vec<usize> {
    let (mut counts, mut count, mut quoted, mut filled) = (Vec::new(), 0, false, false);
    for byte in beginning {
        match *byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                if filled {
                    counts.push(count);
                }
                (count, filled) = (0, false);
            }
            b'\r' => {}
            byte => {
                filled = true;
                count += usize::from(byte == delimiter && !quoted);
            }
        }
        if counts.len() == 20 {
            return counts;
        }
    }
    if filled && counts.is_empty() {
        counts.push(count);
    }
    counts
}

pub(super) fn each_row(
    path: &Path,
    dialect: Dialect,
    columns: usize,
    visit: &mut dyn FnMut(SourceRow) -> bool,
) -> Result<(), SourceError> {
    let mut rows = Rows::open(path, dialect)?;
    rows.next()?;
    while let Some((number, record)) = rows.next()? {
        let extra = record.iter().skip(columns).any(|cell| !cell.trim().is_empty());
        let row = if extra {
            let problem = format!(
                "has {} cells, and the file has {columns} columns: a text with the delimiter in it \
                                   must stand in quotes",
                record.len()
            );
            SourceRow::wrong(number, problem)
        } else {
            let mut cells: Vec<RowCell> = record.iter().take(columns).map(RowCell::from).collect();
            cells.resize(columns, RowCell::default());
            SourceRow { number, cells, problem: None }
        };
        if !visit(row) {
            break;
        }
    }
    Ok(())
}

/// Stops reading when one row takes more than it may: a quote that is not closed makes one row of all that follows. Every line ends in one sign
/// alone, the last one too, so that lines can be counted.
struct Bounded {
    inner: Box<dyn Read>,
    left: Rc<Cell<usize>>,
    last: u8,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let most = buffer.len().min(self.left.get());
            if most == 0 && !buffer.is_empty() {
                return Err(std::io::Error::other(TOO_LONG));
            }
            let count = self.inner.read(&mut buffer[..most])?;
            self.left.set(self.left.get() - count);
            if count == 0 {
                let unended = !buffer.is_empty() && !matches!(self.last, b'\n' | b'\r');
                return Ok(if unended { self.end(buffer) } else { 0 });
            }
            let kept = self.with_plain_ends(&mut buffer[..count]);
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

impl Bounded {
    fn end(&mut self, buffer: &mut [u8]) -> usize {
        (buffer[0], self.last) = (b'\n', b'\n');
        1
    }

    fn with_plain_ends(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = 0;
        for at in 0..bytes.len() {
            let byte = bytes[at];
            if !(byte == b'\n' && self.last == b'\r') {
                bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
            self.last = byte;
        }
        kept
    }
}

const TOO_LONG: &str = "the row is longer than 1 MiB";

struct Rows<'a> {
    path: &'a Path,
    reader: Reader<Bounded>,
    left: Rc<Cell<usize>>,
    record: StringRecord,
    line: u64,
}

impl<'a> Rows<'a> {
    fn open(path: &'a Path, dialect: Dialect) -> Result<Rows<'a>, SourceError> {
        let left = Rc::new(Cell::new(LARGEST_ROW + READ_AHEAD));
        let bounded = Bounded { inner: encoding::open(path, dialect.encoding)?, left: Rc::clone(&left), last: b'\n' };
        let reader = ReaderBuilder::new()
            .delimiter(dialect.delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(READ_AHEAD)
            .from_reader(bounded);
        Ok(Rows { path, reader, left, record: StringRecord::new(), line: 1 })
    }

    /// The next row and the line on which it begins.
    fn next(&mut self) -> Result<Option<(u64, &StringRecord)>, SourceError> {
        self.left.set(LARGEST_ROW + READ_AHEAD);
        let before = self.line;
        let more = self.reader.read_record(&mut self.record).map_err(|error| wrong(self.path, before, &error))?;
        self.line = self.reader.position().line();
        // Blank lines before a row are passed over by the parser, so it is counted from the row's end.
        let inside = self.record.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count() as u64;
        let number = self.line.saturating_sub(1 + inside);
        Ok(more.then_some((number, &self.record)))
    }
}

fn wrong(path: &Path, line: u64, error: &::csv::Error) -> SourceError {
    let place = format!("line {line}");
    match error.kind() {
        ::csv::ErrorKind::Io(source) if source.to_string() == TOO_LONG => {
            at(path, place, TOO_LONG, "probably a quote that opens there is not closed: close it or remove it")
        }
        ::csv::ErrorKind::Io(source) => at(path, place, format!("reading failed: {source}"), "try again"),
        _ => at(path, place, format!("the row cannot be read: {error}"), "save the file as CSV UTF-8"),
    }
}

/// UTF-8 with commas.
#[cfg(test)]
pub(super) fn tests_dialect() -> Dialect {
    Dialect { delimiter: b',', encoding: Encoding::Utf8 }
}
