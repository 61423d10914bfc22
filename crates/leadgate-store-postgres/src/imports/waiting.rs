//! Setting the rows of an import aside and taking them up again. Whoever calls one of these holds the lock of the jobs.

use futures::TryStreamExt as _;
use jiff::Timestamp;
use leadgate_store::imports::{ImportChange, ImportId, ImportState};
use leadgate_store::stored::RowJob;
use sqlx::Row as _;

use super::{number_of, rows};
use crate::queue::{self, KeyFate, OUT, WORKING};
use crate::session::Session;

/// `planning` of a submission that waits for its import to go on.
pub(super) const UNPLANNED_ASIDE: i16 = 3;
/// `progress` of a job that waits for its import to go on.
pub(crate) const ASIDE: i16 = 3;

/// So many jobs take their places in the queues of their identities at once.
const AT_ONCE: usize = 500;

/// Changes how an import stands, and with it where its rows are.
pub(super) async fn set_state(
    connection: &mut Session,
    account: i64,
    (id, state): (ImportId, ImportState),
    now: Timestamp,
) -> Result<ImportChange, sqlx::Error> {
    let before = match rows::hold_state(connection, account, id).await? {
        None => return Ok(ImportChange::NoSuchImport),
        Some(ImportState::Undone) if state != ImportState::Undone => return Ok(ImportChange::Undone),
        Some(before) => before,
    };
    let sql = "UPDATE imports SET state = $3 WHERE account = $1 AND id = $2";
    let update = sqlx::query(sql).bind(account).bind(&id.0.as_bytes()[..]).bind(number_of(state));
    update.execute(&mut *connection).await?;
    match (before, state) {
        (ImportState::Running, ImportState::Paused) => set_aside_all(connection, account, (id, |_| true), now).await?,
        (ImportState::Running, ImportState::Undone) => {
            set_aside_all(connection, account, (id, |row| !row.may_have_written()), now).await?;
        }
        (ImportState::Paused, ImportState::Running) => {
            move_unplanned(connection, account, id, (UNPLANNED_ASIDE, 0)).await?;
            take_up(connection, account, (id, |_| true), now).await?;
        }
        // Asked again, it also mends what a version that knew less of its rows withdrew.
        (ImportState::Paused | ImportState::Undone, ImportState::Undone) => {
            take_up(connection, account, (id, RowJob::may_have_written), now).await?;
        }
        _ => {}
    }
    Ok(ImportChange::Done)
}

/// Which of an import's rows are meant.
type Meant = fn(&RowJob) -> bool;

/// Sets aside those of an import's rows that are meant.
async fn set_aside_all(
    connection: &mut Session,
    account: i64,
    (id, meant): (ImportId, Meant),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    move_unplanned(connection, account, id, (0, UNPLANNED_ASIDE)).await?;
    // Who is leased is set aside when the turn ends.
    let jobs = jobs(connection, account, (id, WORKING), meant).await?;
    for some in jobs.chunks(AT_ONCE) {
        set_aside(connection, account, some, now).await?;
    }
    Ok(())
}

/// Takes up again those of an import's rows that are meant.
async fn take_up(
    connection: &mut Session,
    account: i64,
    (id, meant): (ImportId, Meant),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let jobs = jobs(connection, account, (id, ASIDE), meant).await?;
    for some in jobs.chunks(AT_ONCE) {
        let sql = "UPDATE jobs SET progress = $3 WHERE account = $1 AND id = ANY($2)";
        sqlx::query(sql).bind(account).bind(some).bind(WORKING).execute(&mut *connection).await?;
        queue::rejoin(connection, account, some).await?;
        queue::place(connection, account, some, now).await?;
    }
    Ok(())
}

/// Those of an import's jobs with that progress that nobody has leased and that are meant, in order. They are few beside the rows that are not planned.
async fn jobs(
    connection: &mut Session,
    account: i64,
    (id, progress): (ImportId, i16),
    meant: Meant,
) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "SELECT jobs.id, jobs.state, jobs.abandoned_since IS NOT NULL
               FROM import_rows JOIN jobs ON jobs.account = $1 AND jobs.id = import_rows.submission
               WHERE import_rows.account = $1 AND import_rows.import = $2 AND jobs.progress = $3
                 AND jobs.lease_worker IS NULL
               ORDER BY jobs.id";
    let mut rows = sqlx::query(sql).bind(account).bind(&id.0.as_bytes()[..]).bind(progress).fetch(connection);
    let mut jobs = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let job = RowJob { id: row.try_get(0)?, state: row.try_get(1)?, abandoned: row.try_get(2)? };
        jobs.extend(meant(&job).then_some(job.id));
    }
    Ok(jobs)
}

async fn move_unplanned(
    connection: &mut Session,
    account: i64,
    id: ImportId,
    (from, to): (i16, i16),
) -> Result<(), sqlx::Error> {
    let sql = "UPDATE inbox SET planning = $4 FROM import_rows
               WHERE import_rows.account = $1 AND import_rows.import = $2
                 AND inbox.account = $1 AND inbox.seq = import_rows.submission AND inbox.planning = $3";
    let moved = sqlx::query(sql).bind(account).bind(&id.0.as_bytes()[..]).bind(from).bind(to);
    moved.execute(connection).await.map(|_| ())
}

/// Which of these jobs are rows of an import that does not go on. With each job comes whether something may have been written for it.
pub(crate) async fn paused_among(
    connection: &mut Session,
    account: i64,
    jobs: &[(i64, bool)],
) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "SELECT job.id FROM unnest($2::bigint[], $3::boolean[]) AS job (id, may_have_written)
               JOIN import_rows ON import_rows.account = $1 AND import_rows.submission = job.id
               JOIN imports ON imports.account = $1 AND imports.id = import_rows.import
               WHERE imports.state = $4 OR (imports.state = $5 AND NOT job.may_have_written)";
    let (ids, wrote): (Vec<i64>, Vec<bool>) = jobs.iter().copied().unzip();
    let paused = sqlx::query_scalar(sql).bind(account).bind(ids).bind(wrote);
    let paused = paused.bind(number_of(ImportState::Paused)).bind(number_of(ImportState::Undone));
    paused.fetch_all(connection).await
}

/// Takes jobs that are not leased out of every queue until their import goes on. Returns whether another one is ready now.
pub(crate) async fn set_aside(
    connection: &mut Session,
    account: i64,
    jobs: &[i64],
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if jobs.is_empty() {
        return Ok(false);
    }
    let sql = "UPDATE jobs SET progress = $3, queue = $4 WHERE account = $1 AND id = ANY($2)";
    sqlx::query(sql).bind(account).bind(jobs).bind(ASIDE).bind(OUT).execute(&mut *connection).await?;
    queue::leave(connection, account, (jobs, KeyFate::GiveUp), now).await
}
