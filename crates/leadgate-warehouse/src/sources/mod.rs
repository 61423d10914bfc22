//! Files of leads, read a row at a time: CSV, XLSX and NDJSON.
//!
//! Cast: [`Source::open`] finds out what a file is and which columns it has; [`Source::each_row`] reads it, as often as is asked, and tells every
//! row by the number under which people find it in the file: the line on which it begins, or the row of the sheet. `encoding` makes UTF-8 of
//! what a text file holds. A row with a mistake of its own is told with it; what spoils the whole file ends the reading with a [`SourceError`].
//! Memory is bounded by the largest row that is taken, whatever the size of the file; of a workbook also by the texts that its cells share, which
//! `unpacked` limits before they are read.

mod csv;
mod encoding;
mod ndjson;
mod unpacked;
mod xlsx;

use std::path::{Path, PathBuf};

use leadgate_core::import::RowCell;

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 4 * 1024 * 1024 * 1024;
/// The largest row, in bytes.
const LARGEST_ROW: usize = 1024 * 1024;
/// Columns of a file, at most.
const MOST_COLUMNS: usize = 1_000;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be opened, or reading it failed.
    #[error("reading {file} failed: {source}")]
    Io {
        /// The file.
        file: String,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// Nothing tells what it is.
    #[error("{0} is none of .csv, .tsv, .txt, .xlsx, .ndjson and .jsonl; save it as one of these")]
    UnknownKind(String),
    /// It is too large.
    #[error("{file} has {bytes} bytes, and at most {LARGEST_FILE} are read; split it")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: u64,
    },
    /// It holds no rows.
    #[error("{0} is empty; its first row must name the columns")]
    Empty(String),
    /// Something in it cannot be read.
    #[error("{file}, {place}: {what}; {mend}")]
    At {
        /// The file.
        file: String,
        /// The line or the sheet's row, and the column where there is one.
        place: String,
        /// What is wrong.
        what: String,
        /// What to do.
        mend: String,
    },
    /// The workbook has no such sheet.
    #[error("{file} has no sheet \"{sheet}\"; it has: {}", known.join(", "))]
    NoSuchSheet {
        /// The file.
        file: String,
        /// The sheet that was asked for.
        sheet: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A part of the workbook would take too much memory.
    #[error("{file}: its part {part} {what}, too much to be kept in memory; save the sheet as CSV and import that")]
    TakesTooMuch {
        /// The file.
        file: String,
        /// The part, such as the texts that cells share.
        part: String,
        /// What is too much of it.
        what: String,
    },
    /// The workbook cannot be read.
    #[error(
        "{file} cannot be read as a workbook ({why}); open it in a spreadsheet program and save it as .xlsx again, or as CSV"
    )]
    Workbook {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
}

/// A row of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRow {
    /// The line on which it begins, or the row of the sheet.
    pub number: u64,
    /// Its cells, as many as there are columns and in their order.
    pub cells: Vec<RowCell>,
    /// What is wrong with it as a whole.
    pub problem: Option<String>,
}

impl SourceRow {
    fn wrong(number: u64, problem: impl Into<String>) -> SourceRow {
        SourceRow { number, cells: Vec::new(), problem: Some(problem.into()) }
    }

    fn is_blank(&self) -> bool {
        self.problem.is_none() && self.cells.iter().all(RowCell::is_blank)
    }
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Csv(csv::Dialect),
    Xlsx { sheet: String },
    Ndjson(encoding::Encoding),
}

/// A file of rows.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    kind: Kind,
    columns: Vec<String>,
}

impl Source {
    /// Opens a file and reads which columns it has. `sheet`: which one of a workbook; the first if none is said.
    ///
    /// # Errors
    /// [`SourceError`] with what is wrong and what to do.
    pub fn open(path: &Path, sheet: Option<&str>) -> Result<Source, SourceError> {
        let file = name_of(path);
        let size = std::fs::metadata(path).map_err(|source| io_error(path, source))?.len();
        if size > LARGEST_FILE {
            return Err(SourceError::TooLarge { file, bytes: size });
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let (kind, columns) = match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "tab" | "txt" => csv::open(path)?,
            "xlsx" | "xlsm" => xlsx::open(path, sheet)?,
            "ndjson" | "jsonl" => ndjson::open(path)?,
            _ => return Err(SourceError::UnknownKind(file)),
        };
        if columns.len() > MOST_COLUMNS {
            let what = format!("there are {} columns, and at most {MOST_COLUMNS} are read", columns.len());
            return Err(at(path, "the first row", what, "remove those that are not needed"));
        }
        Ok(Source { path: path.to_owned(), kind, columns: named(columns) })
    }

    /// The columns, each by a name of its own.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads the rows in order until `visit` answers `false`. Blank rows are passed over.
    ///
    /// # Errors
    /// [`SourceError`] with the place, what is wrong there and what to do.
    pub fn each_row(&self, visit: &mut dyn FnMut(SourceRow) -> bool) -> Result<(), SourceError> {
        let mut visit_filled = |row: SourceRow| row.is_blank() || visit(row);
        match &self.kind {
            Kind::Csv(dialect) => csv::each_row(&self.path, *dialect, self.columns.len(), &mut visit_filled),
            Kind::Xlsx { sheet } => xlsx::each_row(&self.path, sheet, self.columns.len(), &mut visit_filled),
            Kind::Ndjson(encoding) => ndjson::each_row(&self.path, *encoding, &self.columns, &mut visit_filled),
        }
    }
}

/// Blank headers get a name, and of several with one name the later ones a number.
fn named(headers: Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(headers.len());
    for (at, header) in headers.into_iter().enumerate() {
        let header = header.trim();
        let plain = if header.is_empty() { format!("column {}", at + 1) } else { header.to_owned() };
        let mut name = plain.clone();
        let mut count = 1;
        while names.contains(&name) {
            count += 1;
            name = format!("{plain} ({count})");
        }
        names.push(name);
    }
    names
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}

fn io_error(path: &Path, source: std::io::Error) -> SourceError {
    SourceError::Io { file: name_of(path), source }
}

fn at(path: &Path, place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> SourceError {
    SourceError::At { file: name_of(path), place: place.into(), what: what.into(), mend: mend.into() }
}

#[cfg(test)]
mod tests;
