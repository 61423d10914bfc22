//! Setting the rows of an import aside and taking them up again.

use jiff::Timestamp;
use leadgate_store::imports::{ImportChange, ImportId, ImportState, MAY_HAVE_MADE};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{ImportKey, StateNumber, rows};
use crate::queue::{self, KeyFate, OUT, WORKING};

/// `planning` of a submission that waits for its import to go on.
pub(super) const UNPLANNED_ASIDE: i64 = 3;
/// `progress` of a job that waits for its import to go on.
pub(crate) const ASIDE: i64 = 3;

pub(super) fn set_state(
    connection: &Connection,
    (id, state): (ImportId, ImportState),
    now: Timestamp,
) -> rusqlite::Result<ImportChange> {
    let before = match rows::state(connection, id)? {
        None => return Ok(ImportChange::NoSuchImport),
        Some(ImportState::Undone) if state != ImportState::Undone => return Ok(ImportChange::Undone),
        Some(before) => before,
    };
    connection
        .prepare_cached("UPDATE imports SET state = ?2 WHERE id = ?1")?
        .execute(params![ImportKey(id), StateNumber(state)])?;
    match (before, state) {
        (ImportState::Running, ImportState::Paused) => set_aside_all(connection, id, "true", now)?,
        (ImportState::Running, ImportState::Undone) => {
            set_aside_all(connection, id, &format!("NOT {}", may_have_made()), now)?;
        }
        (ImportState::Paused, ImportState::Running) => {
            move_unplanned(connection, id, UNPLANNED_ASIDE, 0)?;
            take_up(connection, id, "true", now)?;
        }
        (ImportState::Paused, ImportState::Undone) => take_up(connection, id, &may_have_made(), now)?,
        _ => {}
    }
    Ok(ImportChange::Done)
}

/// Whether the job may have made a person.
fn may_have_made() -> String {
    let calls = MAY_HAVE_MADE.join("', '");
    format!("EXISTS (SELECT 1 FROM attempts WHERE attempts.job = jobs.id AND attempts.call IN ('{calls}'))")
}

/// Sets aside those of an import's rows that are `which`.
fn set_aside_all(connection: &Connection, id: ImportId, which: &str, now: Timestamp) -> rusqlite::Result<()> {
    move_unplanned(connection, id, 0, UNPLANNED_ASIDE)?;
    // Who is leased is set aside when the turn ends.
    let sql = format!(
        "SELECT jobs.id FROM import_rows JOIN jobs ON jobs.id = import_rows.submission
         WHERE import_rows.import = ?1 AND jobs.progress = ?2 AND jobs.lease_worker IS NULL AND {which}"
    );
    for job in jobs(connection, &sql, id, WORKING)? {
        set_aside(connection, job, now)?;
    }
    Ok(())
}

/// Takes up again those of an import's rows that are `which`.
fn take_up(connection: &Connection, id: ImportId, which: &str, now: Timestamp) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT jobs.id FROM import_rows JOIN jobs ON jobs.id = import_rows.submission
         WHERE import_rows.import = ?1 AND jobs.progress = ?2 AND {which} ORDER BY jobs.id"
    );
    for job in jobs(connection, &sql, id, ASIDE)? {
        connection.prepare_cached("UPDATE jobs SET progress = ?2 WHERE id = ?1")?.execute([job, WORKING])?;
        queue::rejoin(connection, job)?;
        queue::place(connection, job, now)?;
    }
    Ok(())
}

fn move_unplanned(connection: &Connection, id: ImportId, from: i64, to: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE inbox SET planning = ?3 WHERE planning = ?2 AND seq IN (
                   SELECT submission FROM import_rows WHERE import = ?1 AND submission IS NOT NULL)";
    connection.prepare_cached(sql)?.execute(params![ImportKey(id), from, to])?;
    Ok(())
}

fn jobs(connection: &Connection, sql: &str, id: ImportId, progress: i64) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params![ImportKey(id), progress], |row| row.get(0))?.collect()
}

/// Takes a job that is not leased out of every queue until its import goes on. Returns whether another one is ready now.
fn set_aside(connection: &Connection, job: i64, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "UPDATE jobs SET progress = ?2, queue = ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([job, ASIDE, OUT])?;
    queue::leave(connection, job, KeyFate::GiveUp, now)
}

/// Sets a job aside whose turn has just ended, if it is of an import that does not go on. `None` if it is not.
pub(crate) fn set_aside_if_paused(connection: &Connection, job: i64, now: Timestamp) -> rusqlite::Result<Option<bool>> {
    let sql = "SELECT imports.state FROM import_rows JOIN imports ON imports.id = import_rows.import
               WHERE import_rows.submission = ?1";
    let state: Option<StateNumber> = connection.prepare_cached(sql)?.query_row([job], |row| row.get(0)).optional()?;
    let waits = match state.map(|state| state.0) {
        None | Some(ImportState::Running) => false,
        Some(ImportState::Paused) => true,
        Some(ImportState::Undone) => {
            let sql = format!("SELECT NOT {} FROM jobs WHERE id = ?1", may_have_made());
            connection.prepare_cached(&sql)?.query_row([job], |row| row.get(0))?
        }
    };
    if waits { set_aside(connection, job, now).map(Some) } else { Ok(None) }
}
