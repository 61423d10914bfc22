//! Setting the rows of an import aside and taking them up again. Whoever calls one of these holds the lock of the jobs.

use jiff::Timestamp;
use leadgate_store::imports::{ImportChange, ImportId, ImportState, MAY_HAVE_MADE};
use sqlx::AssertSqlSafe;

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
        (ImportState::Running, ImportState::Paused) => set_aside_all(connection, account, (id, "true"), now).await?,
        (ImportState::Running, ImportState::Undone) => {
            let which = format!("NOT {}", may_have_made());
            set_aside_all(connection, account, (id, &which), now).await?;
        }
        (ImportState::Paused, ImportState::Running) => {
            move_unplanned(connection, account, id, (UNPLANNED_ASIDE, 0)).await?;
            take_up(connection, account, (id, "true"), now).await?;
        }
        (ImportState::Paused, ImportState::Undone) => {
            take_up(connection, account, (id, &may_have_made()), now).await?;
        }
        _ => {}
    }
    Ok(ImportChange::Done)
}

/// Whether the job may have made a person.
fn may_have_made() -> String {
    let calls = MAY_HAVE_MADE.join("', '");
    format!(
        "EXISTS (SELECT 1 FROM attempts WHERE attempts.account = $1 AND attempts.job = jobs.id
                                          AND attempts.call IN ('{calls}'))"
    )
}

/// Sets aside those of an import's rows that are `which`.
async fn set_aside_all(
    connection: &mut Session,
    account: i64,
    (id, which): (ImportId, &str),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    move_unplanned(connection, account, id, (0, UNPLANNED_ASIDE)).await?;
    // Who is leased is set aside when the turn ends.
    let sql = format!(
        "SELECT jobs.id FROM import_rows JOIN jobs ON jobs.account = $1 AND jobs.id = import_rows.submission
         WHERE import_rows.account = $1 AND import_rows.import = $2 AND jobs.progress = $3
           AND jobs.lease_worker IS NULL AND {which}
         ORDER BY jobs.id"
    );
    let working = sqlx::query_scalar(AssertSqlSafe(sql)).bind(account).bind(&id.0.as_bytes()[..]).bind(WORKING);
    let jobs: Vec<i64> = working.fetch_all(&mut *connection).await?;
    for some in jobs.chunks(AT_ONCE) {
        set_aside(connection, account, some, now).await?;
    }
    Ok(())
}

/// Takes up again those of an import's rows that are `which`.
async fn take_up(
    connection: &mut Session,
    account: i64,
    (id, which): (ImportId, &str),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "UPDATE jobs SET progress = $4 FROM import_rows
         WHERE import_rows.account = $1 AND import_rows.import = $2
           AND jobs.account = $1 AND jobs.id = import_rows.submission AND jobs.progress = $3 AND {which}
         RETURNING jobs.id"
    );
    let aside =
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(account).bind(&id.0.as_bytes()[..]).bind(ASIDE).bind(WORKING);
    let mut jobs: Vec<i64> = aside.fetch_all(&mut *connection).await?;
    jobs.sort_unstable();
    for some in jobs.chunks(AT_ONCE) {
        queue::rejoin(connection, account, some).await?;
        queue::place(connection, account, some, now).await?;
    }
    Ok(())
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

/// Which of these jobs are rows of an import that does not go on.
pub(crate) async fn paused_among(
    connection: &mut Session,
    account: i64,
    jobs: &[i64],
) -> Result<Vec<i64>, sqlx::Error> {
    let sql = format!(
        "SELECT submission FROM import_rows
         JOIN imports ON imports.account = $1 AND imports.id = import_rows.import AND imports.state <> 0
         JOIN jobs ON jobs.account = $1 AND jobs.id = submission
         WHERE import_rows.account = $1 AND submission = ANY($2) AND (imports.state = 1 OR NOT {})",
        may_have_made()
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(account).bind(jobs).fetch_all(connection).await
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
