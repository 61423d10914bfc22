//! What came of an import and of each of its rows.

use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::imports::{ImportId, ImportSummary, NOT_SURELY_OURS, RowCounts, RowEnd, RowResult};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{rows, state_of};
use crate::columns::{from_json, moment, unsigned, uuid};
use crate::error::{Failure, corrupt, store_error};
use crate::session::Session;

/// The name of what a row came to, of `import_rows AS r`, its job `j`, its removal's job `x`, what these ended with, and `imports AS i`.
const END: &str = "CASE
    WHEN r.refused IS NOT NULL THEN 'refused'
    WHEN r.duplicate_of IS NOT NULL AND (j.progress IN (1, 2) OR f.refused IS NOT NULL) THEN 'duplicate'
    WHEN r.duplicate_of IS NOT NULL AND i.state <> 2 THEN 'waiting'
    WHEN removal.outcome ->> 'removed' = 'true' THEN 'removed'
    WHEN removal.outcome ->> 'removed' = 'false' THEN 'left_alone'
    WHEN j.progress = 1 AND own.outcome ->> 'existing' = 'false' THEN CASE
        WHEN i.state = 2 AND coalesce(own.outcome ->> 'as_of', own.outcome ->> 'written') IS NULL
        THEN 'left_alone' ELSE 'created' END
    WHEN j.progress = 1 AND own.outcome ->> 'changed' = 'true' THEN 'updated'
    WHEN j.progress = 1 THEN 'unchanged'
    WHEN j.progress = 2 THEN 'parked'
    WHEN i.state = 2 AND coalesce(j.progress, 3) <> 0 THEN 'withdrawn'
    ELSE 'waiting' END";

/// PostgreSQL takes no U+0000 in what it reads as JSON; written out it stands in the text as here. The limit has the repeated row be looked up: joined, a
/// table whose statistics lag behind an import has each of its rows compared with all of them.
const FROM: &str = r"FROM import_rows AS r JOIN imports AS i ON i.account = $1 AND i.id = r.import
    LEFT JOIN LATERAL (SELECT submission, refused FROM import_rows
        WHERE account = $1 AND import = r.import AND row = r.duplicate_of LIMIT 1) AS f ON true
    LEFT JOIN jobs AS j ON j.account = $1 AND j.id = coalesce(r.submission, f.submission)
    LEFT JOIN jobs AS x ON x.account = $1 AND x.id = r.removal
    CROSS JOIN LATERAL (SELECT replace(j.outcome, '\u0000', '\ufffd')::jsonb AS outcome) AS own
    CROSS JOIN LATERAL (SELECT replace(x.outcome, '\u0000', '\ufffd')::jsonb AS outcome) AS removal";

/// Every name that `END` gives.
const ENDS: [RowEnd; 10] = [
    RowEnd::Waiting,
    RowEnd::Created,
    RowEnd::Updated,
    RowEnd::Unchanged,
    RowEnd::Parked,
    RowEnd::Refused,
    RowEnd::Duplicate,
    RowEnd::Withdrawn,
    RowEnd::Removed,
    RowEnd::LeftAlone,
];

fn end_named(name: &str) -> Option<RowEnd> {
    ENDS.into_iter().find(|end| end.name() == name)
}

/// An import without its counts.
fn head(row: &PgRow) -> Result<ImportSummary, StoreError> {
    let read = || -> Result<(ImportSummary, String), sqlx::Error> {
        let summary = ImportSummary {
            id: ImportId(uuid(row, 0)?),
            name: row.try_get(1)?,
            rows: unsigned(row, 2)?,
            mapping: serde_json::Value::Null,
            created_at: moment(row, 4)?,
            state: state_of(row, 5)?,
            counts: RowCounts::default(),
        };
        Ok((summary, row.try_get(3)?))
    };
    let (summary, mapping) = read().map_err(|error| store_error(&error))?;
    Ok(ImportSummary { mapping: from_json("mapping of an import", &mapping)?, ..summary })
}

pub(super) async fn import(
    connection: &mut Session,
    account: i64,
    id: ImportId,
) -> Result<Option<ImportSummary>, Failure> {
    let sql = "SELECT id, name, rows, mapping, created_at, state FROM imports WHERE account = $1 AND id = $2";
    let found = sqlx::query(sql).bind(account).bind(&id.0.as_bytes()[..]).fetch_optional(&mut *connection).await?;
    let Some(row) = found else { return Ok(None) };
    let counts = counts(connection, account, id).await?;
    Ok(Some(ImportSummary { counts, ..head(&row)? }))
}

pub(super) async fn imports(connection: &mut Session, account: i64, limit: u32) -> Result<Vec<ImportSummary>, Failure> {
    let sql = "SELECT id, name, rows, mapping, created_at, state FROM imports
               WHERE account = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    let found = sqlx::query(sql).bind(account).bind(i64::from(limit)).fetch_all(&mut *connection).await?;
    let mut imports = Vec::with_capacity(found.len());
    for row in &found {
        let head = head(row)?;
        let counts = counts(connection, account, head.id).await?;
        imports.push(ImportSummary { counts, ..head });
    }
    Ok(imports)
}

async fn counts(connection: &mut Session, account: i64, id: ImportId) -> Result<RowCounts, sqlx::Error> {
    let sql = format!("SELECT {END}, count(*) {FROM} WHERE r.account = $1 AND r.import = $2 GROUP BY 1");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(account).bind(&id.0.as_bytes()[..]);
    let mut counts = RowCounts { cost_milli: cost(connection, account, id).await?, ..RowCounts::default() };
    for row in query.fetch_all(connection).await? {
        let count = unsigned(&row, 1)?;
        counts.received += count;
        *place_of(&mut counts, end_named(row.try_get(0)?)) = count;
    }
    Ok(counts)
}

fn place_of(counts: &mut RowCounts, end: Option<RowEnd>) -> &mut u64 {
    match end {
        Some(RowEnd::Waiting) | None => &mut counts.waiting,
        Some(RowEnd::Created) => &mut counts.created,
        Some(RowEnd::Updated) => &mut counts.updated,
        Some(RowEnd::Unchanged) => &mut counts.unchanged,
        Some(RowEnd::Parked) => &mut counts.parked,
        Some(RowEnd::Refused) => &mut counts.refused,
        Some(RowEnd::Duplicate) => &mut counts.duplicates,
        Some(RowEnd::Withdrawn) => &mut counts.withdrawn,
        Some(RowEnd::Removed) => &mut counts.removed,
        Some(RowEnd::LeftAlone) => &mut counts.left_alone,
    }
}

async fn cost(connection: &mut Session, account: i64, id: ImportId) -> Result<u64, sqlx::Error> {
    let sql = "SELECT coalesce(sum(attempts.cost_milli), 0)::bigint FROM import_rows
               JOIN attempts ON attempts.account = $1 AND attempts.job = import_rows.submission
               WHERE import_rows.account = $1 AND import_rows.import = $2";
    let row = sqlx::query(sql).bind(account).bind(&id.0.as_bytes()[..]).fetch_one(connection).await?;
    unsigned(&row, 0)
}

/// Rows of an import behind one, in order.
pub(super) async fn results(
    connection: &mut Session,
    account: i64,
    id: ImportId,
    (after, limit): (u64, u32),
) -> Result<Vec<RowResult>, Failure> {
    let sql = format!(
        r"SELECT r.row, {END}, own.outcome #>> '{{person,kind}}', (own.outcome #>> '{{person,id}}')::bigint,
                r.refused, replace(j.parking, '\u0000', '\ufffd')::jsonb ->> 'message',
                CASE WHEN r.removal IS NULL THEN $5 ELSE
                    replace(x.state, '\u0000', '\ufffd')::jsonb #>> '{{steps,0,remove_person,story,-1}}' END, r.duplicate_of,
                own.outcome ->> 'as_of', inbox.id, own.outcome ->> 'written'
         {FROM} LEFT JOIN inbox ON inbox.account = $1 AND inbox.seq = r.submission
         WHERE r.account = $1 AND r.import = $2 AND r.row > $3 ORDER BY r.row LIMIT $4"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(account).bind(&id.0.as_bytes()[..]);
    let query = query.bind(rows::number(after)).bind(i64::from(limit)).bind(NOT_SURELY_OURS);
    let found = query.fetch_all(connection).await?;
    found.iter().map(result).collect()
}

fn result(row: &PgRow) -> Result<RowResult, Failure> {
    let name: &str = row.try_get(1)?;
    let end = end_named(name).ok_or_else(|| corrupt("end of an import's row", name))?;
    let kind: Option<&str> = row.try_get(2)?;
    let record: Option<i64> = row.try_get(3)?;
    let reason = match end {
        RowEnd::Refused => row.try_get(4)?,
        RowEnd::Parked => row.try_get(5)?,
        RowEnd::LeftAlone => row.try_get(6)?,
        RowEnd::Duplicate => row.try_get::<Option<i64>, _>(7)?.map(|first| format!("same person as row {first}")),
        _ => None,
    };
    let as_of: Option<&str> = row.try_get(8)?;
    let submission: Option<&[u8]> = row.try_get(9)?;
    let written: Option<&str> = row.try_get::<Option<&str>, _>(10)?.filter(|_| end == RowEnd::Created);
    Ok(RowResult {
        row: unsigned(row, 0)?,
        end,
        record: kind.and_then(RecordKind::from_name).zip(record).map(|(kind, id)| RecordRef { kind, id }),
        reason,
        made_as_of: as_of.filter(|_| end == RowEnd::Created).and_then(|text| text.parse().ok()),
        submission: submission.map(|_| uuid(row, 9).map(SubmissionId)).transpose()?,
        written: written.map(|text| from_json("person whom a row made", text)).transpose()?,
    })
}
