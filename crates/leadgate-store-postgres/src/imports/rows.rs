//! Keeping imports, their rows and their removals.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadgate_store::imports::{ImportId, ImportRow, ImportState, NewImport, RowContent, RowsOutcome};
use leadgate_store::model::AcceptOutcome;

use super::waiting::UNPLANNED_ASIDE;
use super::{number_of, state_of};
use crate::columns::{id_bytes, micros, text, uuid};
use crate::error::{Failure, corrupt};
use crate::intake::{self, PreparedSubmission};
use crate::session::Session;
use crate::transaction::Work;

/// A row with its submission's columns at hand.
pub(super) struct PreparedRow {
    row: i64,
    content: PreparedContent,
}

enum PreparedContent {
    Lead(Box<PreparedSubmission>),
    Refused(String),
    DuplicateOf(i64),
}

impl PreparedRow {
    pub(super) fn new(row: ImportRow, now: Timestamp) -> PreparedRow {
        let content = match row.content {
            RowContent::Lead(submission) => PreparedContent::Lead(Box::new(PreparedSubmission::new(*submission, now))),
            RowContent::Refused(reason) => PreparedContent::Refused(reason),
            RowContent::DuplicateOf(row) => PreparedContent::DuplicateOf(number(row)),
        };
        PreparedRow { row: number(row.row), content }
    }

    fn lead(&self) -> Option<&PreparedSubmission> {
        if let PreparedContent::Lead(lead) = &self.content { Some(lead) } else { None }
    }

    fn refused(&self) -> Option<String> {
        if let PreparedContent::Refused(reason) = &self.content { Some(text(reason).into_owned()) } else { None }
    }

    fn duplicate_of(&self) -> Option<i64> {
        if let PreparedContent::DuplicateOf(first) = &self.content { Some(*first) } else { None }
    }
}

/// Rows are numbered from 1; one beyond what the column holds is no row of any file.
pub(super) fn number(row: u64) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}

/// The import of the same file that was not undone.
pub(super) async fn find_same(
    connection: &mut Session,
    account: i64,
    import: &NewImport,
) -> Result<Option<ImportId>, sqlx::Error> {
    let sql = "SELECT id FROM imports WHERE account = $1 AND digest = $2 AND state <> $3
               ORDER BY created_at DESC LIMIT 1";
    let find = sqlx::query(sql).bind(account).bind(&import.digest[..]).bind(number_of(ImportState::Undone));
    let found = find.fetch_optional(connection).await?;
    found.map(|row| uuid(&row, 0).map(ImportId)).transpose()
}

pub(super) async fn insert(
    connection: &mut Session,
    account: i64,
    import: &NewImport,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO imports (account, id, name, digest, rows, mapping, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sqlx::query(sql)
        .bind(account)
        .bind(&import.id.0.as_bytes()[..])
        .bind(text(&import.name))
        .bind(&import.digest[..])
        .bind(number(import.rows))
        .bind(import.mapping.to_string())
        .bind(micros(now));
    insert.execute(connection).await.map(|_| ())
}

/// How an import stands, and keeps it so until the transaction ends.
pub(super) async fn hold_state(
    connection: &mut Session,
    account: i64,
    id: ImportId,
) -> Result<Option<ImportState>, sqlx::Error> {
    let sql = "SELECT state FROM imports WHERE account = $1 AND id = $2 FOR UPDATE";
    let found = sqlx::query(sql).bind(account).bind(&id.0.as_bytes()[..]).fetch_optional(connection).await?;
    found.map(|row| state_of(&row, 0)).transpose()
}

/// Keeps the rows that are not there yet.
pub(super) async fn accept(
    work: &mut Work,
    (import, rows): (ImportId, &[PreparedRow]),
) -> Result<RowsOutcome, Failure> {
    let account = work.account;
    let state = match hold_state(work.connection(), account, import).await? {
        None => return Ok(RowsOutcome::NoSuchImport),
        Some(ImportState::Undone) => return Ok(RowsOutcome::Undone),
        Some(state) => state,
    };
    let mut kept = kept_among(work.connection(), account, (import, rows)).await?;
    let new: Vec<&PreparedRow> = rows.iter().filter(|row| kept.insert(row.row)).collect();
    if new.is_empty() {
        return Ok(RowsOutcome::Kept { new: 0 });
    }
    let leads: Vec<PreparedSubmission> = new.iter().filter_map(|row| row.lead().cloned()).collect();
    keep_submissions(work, &leads).await?;
    if state == ImportState::Paused {
        set_aside(work.connection(), account, &leads).await?;
    }
    insert_rows(work.connection(), account, (import, &new)).await?;
    Ok(RowsOutcome::Kept { new: new.len() as u64 })
}

async fn kept_among(
    connection: &mut Session,
    account: i64,
    (import, rows): (ImportId, &[PreparedRow]),
) -> Result<BTreeSet<i64>, sqlx::Error> {
    let sql = "SELECT row FROM import_rows WHERE account = $1 AND import = $2 AND row = ANY($3)";
    let numbers: Vec<i64> = rows.iter().map(|row| row.row).collect();
    let kept = sqlx::query_scalar(sql).bind(account).bind(&import.0.as_bytes()[..]).bind(numbers);
    Ok(kept.fetch_all(connection).await?.into_iter().collect())
}

/// Rows and removals name submissions of their own: none of them repeats anything.
async fn keep_submissions(work: &mut Work, submissions: &[PreparedSubmission]) -> Result<(), Failure> {
    if submissions.is_empty() {
        return Ok(());
    }
    let outcomes = intake::accept(work, submissions).await?;
    if outcomes.iter().all(|outcome| *outcome == AcceptOutcome::Accepted) {
        return Ok(());
    }
    let why = "the submission of one repeats another; begin the import anew";
    Err(Failure::Store(corrupt("row of an import", why)))
}

async fn set_aside(
    connection: &mut Session,
    account: i64,
    submissions: &[PreparedSubmission],
) -> Result<(), sqlx::Error> {
    let sql = "UPDATE inbox SET planning = $3 WHERE account = $1 AND id = ANY($2)";
    let ids: Vec<Vec<u8>> = submissions.iter().map(|one| id_bytes(&one.id()).to_vec()).collect();
    sqlx::query(sql).bind(account).bind(ids).bind(UNPLANNED_ASIDE).execute(connection).await.map(|_| ())
}

async fn insert_rows(
    connection: &mut Session,
    account: i64,
    (import, rows): (ImportId, &[&PreparedRow]),
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO import_rows (account, import, row, submission, refused, duplicate_of)
               SELECT $1, $2, new.row, inbox.seq, new.refused, new.duplicate_of
               FROM unnest($3::bigint[], $4::bytea[], $5::text[], $6::bigint[])
                   AS new (row, submission, refused, duplicate_of)
               LEFT JOIN inbox ON inbox.account = $1 AND inbox.id = new.submission";
    let ids = rows.iter().map(|row| row.lead().map(|lead| id_bytes(&lead.id()).to_vec()));
    let insert = sqlx::query(sql)
        .bind(account)
        .bind(&import.0.as_bytes()[..])
        .bind(rows.iter().map(|row| row.row).collect::<Vec<_>>())
        .bind(ids.collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.refused()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.duplicate_of()).collect::<Vec<_>>());
    insert.execute(connection).await.map(|_| ())
}

/// Keeps removals of rows that have none.
pub(super) async fn accept_removals(
    work: &mut Work,
    (import, removals): (ImportId, &[(i64, PreparedSubmission)]),
) -> Result<u64, Failure> {
    let account = work.account;
    if hold_state(work.connection(), account, import).await?.is_none() {
        return Ok(0);
    }
    let sql = "SELECT row FROM import_rows WHERE account = $1 AND import = $2 AND row = ANY($3) AND removal IS NULL";
    let numbers: Vec<i64> = removals.iter().map(|(row, _)| *row).collect();
    let open = sqlx::query_scalar(sql).bind(account).bind(&import.0.as_bytes()[..]).bind(numbers);
    let mut open: BTreeSet<i64> = open.fetch_all(work.connection()).await?.into_iter().collect();
    let new: Vec<&(i64, PreparedSubmission)> = removals.iter().filter(|(row, _)| open.remove(row)).collect();
    if new.is_empty() {
        return Ok(0);
    }
    let submissions: Vec<PreparedSubmission> = new.iter().map(|(_, removal)| removal.clone()).collect();
    keep_submissions(work, &submissions).await?;
    link_removals(work.connection(), account, (import, &new)).await?;
    Ok(new.len() as u64)
}

async fn link_removals(
    connection: &mut Session,
    account: i64,
    (import, removals): (ImportId, &[&(i64, PreparedSubmission)]),
) -> Result<(), sqlx::Error> {
    let sql = "UPDATE import_rows SET removal = inbox.seq
               FROM unnest($3::bigint[], $4::bytea[]) AS new (row, removal)
               JOIN inbox ON inbox.account = $1 AND inbox.id = new.removal
               WHERE import_rows.account = $1 AND import_rows.import = $2 AND import_rows.row = new.row";
    let ids = removals.iter().map(|(_, removal)| id_bytes(&removal.id()).to_vec());
    let link = sqlx::query(sql)
        .bind(account)
        .bind(&import.0.as_bytes()[..])
        .bind(removals.iter().map(|(row, _)| *row).collect::<Vec<_>>())
        .bind(ids.collect::<Vec<_>>());
    link.execute(connection).await.map(|_| ())
}
