//! What came of an import and of each of its rows.

use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_store::StoreError;
use leadgate_store::imports::{ImportId, ImportSummary, NOT_SURELY_OURS, RowCounts, RowEnd, RowResult};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{ImportKey, StateNumber, rows};
use crate::columns::{Id, Micros, from_json};
use crate::error::{corrupt, store_error};

/// The name of what a row came to, of `import_rows AS r`, its job `j`, its removal's job `x` and `imports AS i`.
const END: &str = "CASE
    WHEN r.refused IS NOT NULL THEN 'refused'
    WHEN r.duplicate_of IS NOT NULL AND (j.progress IN (1, 2) OR f.refused IS NOT NULL) THEN 'duplicate'
    WHEN r.duplicate_of IS NOT NULL AND i.state <> 2 THEN 'waiting'
    WHEN json_extract(x.outcome, '$.removed') = 1 THEN 'removed'
    WHEN json_extract(x.outcome, '$.removed') = 0 THEN 'left_alone'
    WHEN j.progress = 1 AND json_extract(j.outcome, '$.existing') = 0 THEN iif(
        i.state = 2 AND coalesce(json_extract(j.outcome, '$.as_of'), json_extract(j.outcome, '$.written')) IS NULL,
        'left_alone', 'created')
    WHEN j.progress = 1 AND json_extract(j.outcome, '$.changed') = 1 THEN 'updated'
    WHEN j.progress = 1 THEN 'unchanged'
    WHEN j.progress = 2 THEN 'parked'
    WHEN i.state = 2 AND coalesce(j.progress, 3) <> 0 THEN 'withdrawn'
    ELSE 'waiting' END";

const FROM: &str = "FROM import_rows AS r JOIN imports AS i ON i.id = r.import
    LEFT JOIN import_rows AS f ON f.import = r.import AND f.row = r.duplicate_of
    LEFT JOIN jobs AS j ON j.id = coalesce(r.submission, f.submission)
    LEFT JOIN jobs AS x ON x.id = r.removal";

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

struct Head {
    id: ImportKey,
    name: String,
    rows: u64,
    mapping: String,
    created_at: Micros,
    state: StateNumber,
}

impl Head {
    fn read(row: &Row<'_>) -> rusqlite::Result<Head> {
        Ok(Head {
            id: row.get(0)?,
            name: row.get(1)?,
            rows: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
            mapping: row.get(3)?,
            created_at: row.get(4)?,
            state: row.get(5)?,
        })
    }

    fn summary(self, connection: &Connection) -> Result<ImportSummary, StoreError> {
        let counts = counts(connection, self.id.0).map_err(|error| store_error(&error))?;
        Ok(ImportSummary {
            id: self.id.0,
            name: self.name,
            rows: self.rows,
            mapping: from_json("mapping of an import", &self.mapping)?,
            created_at: self.created_at.0,
            state: self.state.0,
            counts,
        })
    }
}

pub(super) fn import(connection: &Connection, id: ImportId) -> Result<Option<ImportSummary>, StoreError> {
    let sql = "SELECT id, name, rows, mapping, created_at, state FROM imports WHERE id = ?1";
    let head = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([ImportKey(id)], Head::read).optional())
        .map_err(|error| store_error(&error))?;
    head.map(|head| head.summary(connection)).transpose()
}

pub(super) fn imports(connection: &Connection, limit: u32) -> Result<Vec<ImportSummary>, StoreError> {
    let sql =
        "SELECT id, name, rows, mapping, created_at, state FROM imports ORDER BY created_at DESC, id DESC LIMIT ?1";
    let heads = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map([limit], Head::read)?.collect::<rusqlite::Result<Vec<_>>>())
        .map_err(|error| store_error(&error))?;
    heads.into_iter().map(|head| head.summary(connection)).collect()
}

fn counts(connection: &Connection, id: ImportId) -> rusqlite::Result<RowCounts> {
    let mut counts = RowCounts::default();
    let sql = format!("SELECT {END}, count(*) {FROM} WHERE r.import = ?1 GROUP BY 1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([ImportKey(id)])?;
    while let Some(row) = found.next()? {
        let (name, count): (String, u64) = (row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
        counts.received += count;
        let place = match end_named(&name) {
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
        };
        *place = count;
    }
    counts.cost_milli = cost(connection, id)?;
    Ok(counts)
}

fn cost(connection: &Connection, id: ImportId) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(sum(attempts.cost_milli), 0) FROM import_rows
               JOIN attempts ON attempts.job = import_rows.submission WHERE import_rows.import = ?1";
    let cost: i64 = connection.prepare_cached(sql)?.query_row([ImportKey(id)], |row| row.get(0))?;
    Ok(u64::try_from(cost).unwrap_or(0))
}

/// A row as its columns hold it.
struct ResultRow {
    row: i64,
    end: String,
    kind: Option<String>,
    record: Option<i64>,
    refused: Option<String>,
    parked: Option<String>,
    left_alone: Option<String>,
    duplicate_of: Option<i64>,
    as_of: Option<String>,
    submission: Option<Id>,
    written: Option<String>,
}

impl ResultRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<ResultRow> {
        Ok(ResultRow {
            row: row.get(0)?,
            end: row.get(1)?,
            kind: row.get(2)?,
            record: row.get(3)?,
            refused: row.get(4)?,
            parked: row.get(5)?,
            left_alone: row.get(6)?,
            duplicate_of: row.get(7)?,
            as_of: row.get(8)?,
            submission: row.get(9)?,
            written: row.get(10)?,
        })
    }

    fn decode(self) -> Result<RowResult, StoreError> {
        let end = end_named(&self.end).ok_or_else(|| corrupt("end of an import's row", &self.end))?;
        let kind = self.kind.as_deref().and_then(RecordKind::from_name);
        let reason = match end {
            RowEnd::Refused => self.refused,
            RowEnd::Duplicate => self.duplicate_of.map(|first| format!("same person as row {first}")),
            RowEnd::LeftAlone => self.left_alone,
            RowEnd::Parked => self.parked,
            _ => None,
        };
        let written = self.written.filter(|_| end == RowEnd::Created);
        let made = self.as_of.filter(|_| end == RowEnd::Created);
        Ok(RowResult {
            row: u64::try_from(self.row).unwrap_or(0),
            end,
            record: kind.zip(self.record).map(|(kind, id)| RecordRef { kind, id }),
            reason,
            made_as_of: made.and_then(|text| text.parse().ok()),
            submission: self.submission.map(|id| id.0),
            written: written.map(|text| from_json("person whom a row made", &text)).transpose()?,
        })
    }
}

pub(super) fn results(
    connection: &Connection,
    id: ImportId,
    after: u64,
    limit: u32,
) -> Result<Vec<RowResult>, StoreError> {
    let sql = format!(
        "SELECT r.row, {END}, json_extract(j.outcome, '$.person.kind'), json_extract(j.outcome, '$.person.id'),
                r.refused, json_extract(j.parking, '$.message'),
                iif(r.removal IS NULL, ?4, json_extract(x.state, '$.steps[0].remove_person.story[#-1]')), r.duplicate_of,
                json_extract(j.outcome, '$.as_of'), inbox.id, json_extract(j.outcome, '$.written')
         {FROM} LEFT JOIN inbox ON inbox.seq = r.submission
         WHERE r.import = ?1 AND r.row > ?2 ORDER BY r.row LIMIT ?3"
    );
    let columns = params![ImportKey(id), rows::number(after), limit, NOT_SURELY_OURS];
    let found = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_map(columns, ResultRow::read)?.collect::<rusqlite::Result<Vec<_>>>())
        .map_err(|error| store_error(&error))?;
    found.into_iter().map(ResultRow::decode).collect()
}
