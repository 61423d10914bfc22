//! XLSX: one sheet, its cells as the texts that people see in them, as far as nothing is lost by it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{Cell, DataRef, ExcelDateTime, Reader as _, Xlsx, open_workbook};
use leadgate_core::import::RowCell;

use super::unpacked::{self, Limits};
use super::{Kind, SourceError, SourceRow, name_of};

type Workbook = Xlsx<BufReader<File>>;
/// A row of a sheet: its number, from 1, and its cells from the first column on.
type SheetRow = (u64, Vec<RowCell>);

pub(super) fn open(path: &Path, sheet: Option<&str>) -> Result<(Kind, Vec<String>), SourceError> {
    unpacked::check(path, Limits::USUAL)?;
    let workbook = open_file(path)?;
    let known = workbook.sheet_names().clone();
    let found = match sheet {
        Some(wanted) => known.iter().find(|name| name.trim().eq_ignore_ascii_case(wanted.trim())).cloned(),
        None => known.first().cloned(),
    };
    let Some(sheet) = found else {
        let sheet = sheet.unwrap_or_default().to_owned();
        return Err(SourceError::NoSuchSheet { file: name_of(path), sheet, known });
    };
    let mut header: Vec<String> = Vec::new();
    each_sheet_row(path, &sheet, &mut |(_, cells)| {
        header = cells.iter().map(|cell| cell.as_str().to_owned()).collect();
        false
    })?;
    if header.is_empty() { Err(SourceError::Empty(name_of(path))) } else { Ok((Kind::Xlsx { sheet }, header)) }
}

pub(super) fn each_row(
    path: &Path,
    sheet: &str,
    columns: usize,
    visit: &mut dyn FnMut(SourceRow) -> bool,
) -> Result<(), SourceError> {
    let mut is_header = true;
    each_sheet_row(path, sheet, &mut |(number, mut cells)| {
        if std::mem::take(&mut is_header) {
            return true;
        }
        if cells.iter().skip(columns).any(|cell| !cell.is_blank()) {
            return visit(SourceRow::wrong(number, "has cells in columns without a name; name them in the first row"));
        }
        cells.resize(columns, RowCell::default());
        visit(SourceRow { number, cells, problem: None })
    })
}

fn open_file(path: &Path) -> Result<Workbook, SourceError> {
    open_workbook(path).map_err(|error: calamine::XlsxError| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> SourceError {
    SourceError::Workbook { file: name_of(path), why: error.to_string() }
}

/// Reads the rows that have cells, one at a time.
fn each_sheet_row(path: &Path, sheet: &str, visit: &mut dyn FnMut(SheetRow) -> bool) -> Result<(), SourceError> {
    let mut workbook = open_file(path)?;
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|error| unreadable(path, &error))?;
    let mut row: Option<SheetRow> = None;
    while let Some(cell) = reader.next_cell().map_err(|error| unreadable(path, &error))? {
        let (at, column) = cell.get_position();
        let number = u64::from(at) + 1;
        if row.as_ref().is_some_and(|(held, _)| *held != number)
            && let Some(done) = row.take()
            && !visit(done)
        {
            return Ok(());
        }
        let (_, cells) = row.get_or_insert_with(|| (number, Vec::new()));
        put(cells, column as usize, content(&cell));
    }
    if let Some(last) = row {
        visit(last);
    }
    Ok(())
}

/// A cell far to the right of all others is no reason to fill a row with blanks.
fn put(cells: &mut Vec<RowCell>, column: usize, cell: RowCell) {
    if cell.as_str().is_empty() {
        return;
    }
    let column = column.min(super::MOST_COLUMNS);
    if cells.len() <= column {
        cells.resize(column + 1, RowCell::default());
    }
    cells[column] = cell;
}

/// A number is written so that it is read as the same number, without an exponent; a day without its midnight.
fn content(cell: &Cell<DataRef<'_>>) -> RowCell {
    let text = match cell.get_value() {
        DataRef::Int(number) => return RowCell::Number(number.to_string()),
        DataRef::Float(number) => return RowCell::Number(number.to_string()),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => moment_text(*moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    };
    RowCell::Text(text)
}

fn moment_text(moment: ExcelDateTime) -> String {
    if moment.is_duration() {
        return moment.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}") }
}
