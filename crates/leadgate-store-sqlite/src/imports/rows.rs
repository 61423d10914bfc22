//! Keeping imports, their rows and their removals.

use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::imports::{ImportId, ImportState, NewImport, RowContent, RowsOutcome};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::waiting::UNPLANNED_ASIDE;
use super::{ImportKey, StateNumber};
use crate::columns::{Id, Micros};
use crate::error::store_error;
use crate::intake::{self, PreparedSubmission};
use crate::writer::Announcements;

/// A row with its submission's columns at hand.
pub(super) struct PreparedRow {
    pub(super) row: i64,
    pub(super) content: PreparedContent,
}

pub(super) enum PreparedContent {
    Lead(Box<PreparedSubmission>),
    Refused(String),
    DuplicateOf(i64),
}

impl PreparedContent {
    pub(super) fn new(content: RowContent, now: Timestamp) -> PreparedContent {
        match content {
            RowContent::Lead(submission) => PreparedContent::Lead(Box::new(PreparedSubmission::new(*submission, now))),
            RowContent::Refused(reason) => PreparedContent::Refused(reason),
            RowContent::DuplicateOf(row) => PreparedContent::DuplicateOf(number(row)),
        }
    }
}

/// Rows are numbered from 1; one beyond what the column holds is no row of any file.
pub(super) fn number(row: u64) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}

/// The import of the same file that was not undone.
pub(super) fn find_same(connection: &Connection, import: &NewImport) -> rusqlite::Result<Option<ImportId>> {
    let sql = "SELECT id FROM imports WHERE digest = ?1 AND state <> ?2 ORDER BY created_at DESC LIMIT 1";
    connection
        .prepare_cached(sql)?
        .query_row(params![import.digest, StateNumber(ImportState::Undone)], |row| row.get::<_, ImportKey>(0))
        .optional()
        .map(|found| found.map(|key| key.0))
}

pub(super) fn insert(connection: &Connection, import: &NewImport, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO imports (id, name, digest, rows, mapping, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mapping = import.mapping.to_string();
    connection.prepare_cached(sql)?.execute(params![
        ImportKey(import.id),
        import.name,
        import.digest,
        number(import.rows),
        mapping,
        Micros(now)
    ])?;
    Ok(())
}

pub(super) fn state(connection: &Connection, id: ImportId) -> rusqlite::Result<Option<ImportState>> {
    connection
        .prepare_cached("SELECT state FROM imports WHERE id = ?1")?
        .query_row([ImportKey(id)], |row| row.get::<_, StateNumber>(0))
        .optional()
        .map(|found| found.map(|state| state.0))
}

/// Keeps the rows that are not there yet.
pub(super) fn accept(
    connection: &Connection,
    (import, rows): (ImportId, &[PreparedRow]),
    announcements: &mut Announcements,
) -> Result<RowsOutcome, StoreError> {
    let state = match state(connection, import).map_err(|error| store_error(&error))? {
        None => return Ok(RowsOutcome::NoSuchImport),
        Some(ImportState::Undone) => return Ok(RowsOutcome::Undone),
        Some(state) => state,
    };
    let mut new = 0;
    for row in rows {
        new += u64::from(keep(connection, (import, state), row, announcements)?);
    }
    Ok(RowsOutcome::Kept { new })
}

fn keep(
    connection: &Connection,
    (import, state): (ImportId, ImportState),
    row: &PreparedRow,
    announcements: &mut Announcements,
) -> Result<bool, StoreError> {
    if is_kept(connection, import, row.row).map_err(|error| store_error(&error))? {
        return Ok(false);
    }
    let (submission, refused, duplicate_of) = match &row.content {
        PreparedContent::Refused(reason) => (None, Some(reason.as_str()), None),
        PreparedContent::DuplicateOf(first) => (None, None, Some(*first)),
        PreparedContent::Lead(prepared) => {
            let seq = keep_submission(connection, prepared, announcements)?;
            if state == ImportState::Paused {
                set_planning(connection, seq, UNPLANNED_ASIDE).map_err(|error| store_error(&error))?;
            }
            (Some(seq), None, None)
        }
    };
    let sql = "INSERT INTO import_rows (import, row, submission, refused, duplicate_of) VALUES (?1, ?2, ?3, ?4, ?5)";
    let insert = || {
        let columns = params![ImportKey(import), row.row, submission, refused, duplicate_of];
        connection.prepare_cached(sql)?.execute(columns)
    };
    insert().map_err(|error| store_error(&error))?;
    Ok(true)
}

fn is_kept(connection: &Connection, import: ImportId, row: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM import_rows WHERE import = ?1 AND row = ?2)")?
        .query_row(params![ImportKey(import), row], |row| row.get(0))
}

fn set_planning(connection: &Connection, seq: i64, planning: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE inbox SET planning = ?2 WHERE seq = ?1")?.execute([seq, planning])?;
    Ok(())
}

fn keep_submission(
    connection: &Connection,
    prepared: &PreparedSubmission,
    announcements: &mut Announcements,
) -> Result<i64, StoreError> {
    intake::accept(connection, prepared, announcements)?;
    connection
        .prepare_cached("SELECT seq FROM inbox WHERE id = ?1")
        .and_then(|mut statement| statement.query_row([Id(prepared.id())], |row| row.get(0)))
        .map_err(|error| store_error(&error))
}

/// Keeps removals of rows that have none.
pub(super) fn accept_removals(
    connection: &Connection,
    (import, removals): (ImportId, &[(i64, PreparedSubmission)]),
    announcements: &mut Announcements,
) -> Result<u64, StoreError> {
    let open = "SELECT EXISTS (SELECT 1 FROM import_rows WHERE import = ?1 AND row = ?2 AND removal IS NULL)";
    let link = "UPDATE import_rows SET removal = ?3 WHERE import = ?1 AND row = ?2";
    let mut new = 0;
    for (row, removal) in removals {
        let key = ImportKey(import);
        let is_open: bool = connection
            .prepare_cached(open)
            .and_then(|mut statement| statement.query_row(params![key, row], |row| row.get(0)))
            .map_err(|error| store_error(&error))?;
        if is_open {
            let seq = keep_submission(connection, removal, announcements)?;
            connection
                .prepare_cached(link)
                .and_then(|mut statement| statement.execute(params![key, row, seq]))
                .map_err(|error| store_error(&error))?;
            new += 1;
        }
    }
    Ok(new)
}
