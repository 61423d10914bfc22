//! Setting the rows of an import aside and taking them up again.

use jiff::Timestamp;
use leadgate_store::imports::{ImportChange, ImportId, ImportState};
use leadgate_store::stored::{RowJob, StateColumns};
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
        (ImportState::Running, ImportState::Paused) => set_aside_all(connection, id, |_| true, now)?,
        (ImportState::Running, ImportState::Undone) => {
            set_aside_all(connection, id, |row| !row.may_have_written(), now)?
        }
        (ImportState::Paused, ImportState::Running) => {
            move_unplanned(connection, id, UNPLANNED_ASIDE, 0)?;
            take_up(connection, id, |_| true, now)?;
        }
        // Asked again, it also mends what a version that knew less of its rows withdrew.
        (ImportState::Paused | ImportState::Undone, ImportState::Undone) => {
            take_up(connection, id, RowJob::may_have_written, now)?;
        }
        _ => {}
    }
    Ok(ImportChange::Done)
}

/// Which of an import's rows are meant.
type Meant = fn(&RowJob) -> bool;

/// Sets aside those of an import's rows that are meant.
fn set_aside_all(connection: &Connection, id: ImportId, meant: Meant, now: Timestamp) -> rusqlite::Result<()> {
    move_unplanned(connection, id, 0, UNPLANNED_ASIDE)?;
    // Who is leased is set aside when the turn ends.
    for job in jobs(connection, (id, WORKING), meant)? {
        set_aside(connection, job, now)?;
    }
    Ok(())
}

/// Takes up again those of an import's rows that are meant.
fn take_up(connection: &Connection, id: ImportId, meant: Meant, now: Timestamp) -> rusqlite::Result<()> {
    for job in jobs(connection, (id, ASIDE), meant)? {
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

/// Those of an import's jobs with that progress that nobody has leased and that are meant, in order. They are few beside the rows that are not planned.
fn jobs(connection: &Connection, (id, progress): (ImportId, i64), meant: Meant) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT jobs.id, jobs.state, jobs.abandoned_since IS NOT NULL
               FROM import_rows JOIN jobs ON jobs.id = import_rows.submission
               WHERE import_rows.import = ?1 AND jobs.progress = ?2 AND jobs.lease_worker IS NULL ORDER BY jobs.id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![ImportKey(id), progress])?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        let job = RowJob { id: row.get(0)?, state: row.get(1)?, abandoned: row.get(2)? };
        jobs.extend(meant(&job).then_some(job.id));
    }
    Ok(jobs)
}

/// Takes a job that is not leased out of every queue until its import goes on. Returns whether another one is ready now.
fn set_aside(connection: &Connection, job: i64, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "UPDATE jobs SET progress = ?2, queue = ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([job, ASIDE, OUT])?;
    queue::leave(connection, job, KeyFate::GiveUp, now)
}

/// Sets a job aside whose turn has just ended, if it is of an import that does not go on. `None` if it is not.
pub(crate) fn set_aside_if_paused(
    connection: &Connection,
    (job, state): (i64, &StateColumns),
    now: Timestamp,
) -> rusqlite::Result<Option<bool>> {
    let sql = "SELECT imports.state FROM import_rows JOIN imports ON imports.id = import_rows.import
               WHERE import_rows.submission = ?1";
    let import: Option<StateNumber> = connection.prepare_cached(sql)?.query_row([job], |row| row.get(0)).optional()?;
    let goes_on = match import.map(|import| import.0) {
        None | Some(ImportState::Running) => true,
        Some(ImportState::Paused) => false,
        Some(ImportState::Undone) => state.may_have_written,
    };
    if goes_on { Ok(None) } else { set_aside(connection, job, now).map(Some) }
}
