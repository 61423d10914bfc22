//! The mirror of CRM records, the changes seen, and how far looking has come.

use jiff::Timestamp;
use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Change, MirrorUpdate, Mirrored, SeenBy, Tally};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_store::StoreError;
use leadgate_store::model::{InboxEntry, SeenChange};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;

use crate::columns::{Id, Micros, from_json, from_optional_json, raw_submission, to_json};
use crate::error::store_error;

/// What a plan changes in the mirror, with its JSON written.
pub(crate) struct PreparedUpdate {
    record: PreparedRecord,
    changes: Vec<PreparedChange>,
    tally: Tally,
}

/// A record with its JSON written.
pub(crate) struct PreparedRecord {
    record: RecordRef,
    version: Option<Micros>,
    fields: String,
    told: String,
    revision: i64,
}

struct PreparedChange {
    field: String,
    from: Option<String>,
    to: String,
    at: Micros,
    by: SeenBy,
}

impl PreparedUpdate {
    pub(crate) fn new(update: &MirrorUpdate) -> Result<PreparedUpdate, StoreError> {
        let changes = update.changes.iter().map(prepared_change).collect::<Result<_, _>>()?;
        Ok(PreparedUpdate { record: PreparedRecord::new(&update.record)?, changes, tally: update.tally })
    }

    /// The record that it is about.
    pub(crate) fn record(&self) -> RecordRef {
        self.record.record
    }
}

impl PreparedRecord {
    pub(crate) fn new(mirrored: &Mirrored) -> Result<PreparedRecord, StoreError> {
        Ok(PreparedRecord {
            record: mirrored.record,
            version: mirrored.version.map(Micros),
            fields: to_json("record of the mirror", &mirrored.fields)?,
            told: to_json("record of the mirror", &mirrored.told)?,
            revision: mirrored.revision,
        })
    }
}

fn prepared_change(change: &Change) -> Result<PreparedChange, StoreError> {
    Ok(PreparedChange {
        field: change.field.clone(),
        from: change.from.as_ref().map(|value| to_json("change", value)).transpose()?,
        to: to_json("change", &change.to)?,
        at: Micros(change.at),
        by: change.by,
    })
}

/// Whether every record is still as the plan saw it.
pub(crate) fn fits(connection: &Connection, updates: &[PreparedUpdate]) -> rusqlite::Result<bool> {
    let sql = "SELECT revision FROM mirror WHERE kind = ?1 AND record = ?2";
    for PreparedUpdate { record: PreparedRecord { record, revision, .. }, .. } in updates {
        let stored: Option<i64> = connection
            .prepare_cached(sql)?
            .query_row(params![record.kind.name(), record.id], |row| row.get(0))
            .optional()?;
        if stored.unwrap_or(0) != revision - 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes what a plan changes; `seq` is the number of its inbox row.
pub(crate) fn write(connection: &Connection, seq: i64, updates: &[PreparedUpdate]) -> rusqlite::Result<()> {
    for update in updates {
        put(connection, &update.record, "INSERT OR REPLACE")?;
        for change in &update.changes {
            insert_change(connection, seq, &update.record, change)?;
        }
        if update.tally != Tally::default() {
            add_tally(connection, update.record.record.kind, update.tally)?;
        }
    }
    Ok(())
}

fn put(connection: &Connection, record: &PreparedRecord, verb: &str) -> rusqlite::Result<usize> {
    let sql =
        format!("{verb} INTO mirror (kind, record, version, fields, told, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    connection.prepare_cached(&sql)?.execute(params![
        record.record.kind.name(),
        record.record.id,
        record.version,
        record.fields,
        record.told,
        record.revision
    ])
}

fn insert_change(
    connection: &Connection,
    seq: i64,
    record: &PreparedRecord,
    change: &PreparedChange,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO changes (inbox, kind, record, revision, field, from_value, to_value, at, seen_by)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.prepare_cached(sql)?.execute(params![
        seq,
        record.record.kind.name(),
        record.record.id,
        record.revision,
        change.field,
        change.from,
        change.to,
        change.at,
        change.by.name()
    ])?;
    Ok(())
}

fn add_tally(connection: &Connection, kind: RecordKind, tally: Tally) -> rusqlite::Result<()> {
    let sql = "INSERT INTO change_tallies (kind, told, lost, late) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (kind) DO UPDATE
               SET told = told + excluded.told, lost = lost + excluded.lost, late = late + excluded.late";
    connection.prepare_cached(sql)?.execute(params![kind.name(), tally.told, tally.lost, tally.late])?;
    Ok(())
}

/// Keeps those records that are not there. Returns how many.
pub(crate) fn fill(connection: &Connection, records: &[PreparedRecord]) -> rusqlite::Result<u64> {
    let mut kept = 0;
    for record in records {
        kept += put(connection, record, "INSERT OR IGNORE")?;
    }
    Ok(kept as u64)
}

/// Those of the records that are there.
///
/// What cannot be read of one is left out rather than refused: it would hold up the planning of every submission, and is learned anew from the
/// next look at the record.
pub(crate) fn mirrored(connection: &Connection, records: &[RecordRef]) -> rusqlite::Result<Vec<Mirrored>> {
    let sql = "SELECT revision, version, fields, told FROM mirror WHERE kind = ?1 AND record = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = Vec::with_capacity(records.len());
    for record in records {
        let columns = params![record.kind.name(), record.id];
        found.extend(statement.query_row(columns, |row| as_mirrored(*record, row)).optional()?);
    }
    Ok(found)
}

fn as_mirrored(record: RecordRef, row: &Row<'_>) -> rusqlite::Result<Mirrored> {
    let version = row.get::<_, Option<Micros>>(1).ok();
    let (fields, told) = (json_column(row, 2), json_column(row, 3));
    if version.is_none() || fields.is_none() || told.is_none() {
        // Without the reason: it may quote what stands there.
        tracing::error!(record.kind = record.kind.name(), record.id, "a record of the mirror cannot be read whole");
    }
    Ok(Mirrored {
        record,
        version: version.flatten().map(|version| version.0),
        fields: fields.unwrap_or_default(),
        revision: row.get(0)?,
        told: told.unwrap_or_default(),
    })
}

fn json_column<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Option<T> {
    serde_json::from_str(row.get_ref(column).ok()?.as_str().ok()?).ok()
}

/// Changes behind a number, in order.
pub(crate) fn changes(connection: &Connection, after: i64, limit: u32) -> Result<Vec<SeenChange>, StoreError> {
    let rows = change_rows(connection, after, limit).map_err(|error| store_error(&error))?;
    rows.into_iter().map(ChangeRow::decode).collect()
}

struct ChangeRow {
    seq: i64,
    submission: Id,
    record: RecordRef,
    field: String,
    from: Option<String>,
    to: String,
    at: Timestamp,
    by: SeenBy,
}

impl ChangeRow {
    fn decode(self) -> Result<SeenChange, StoreError> {
        let ChangeRow { seq, submission, record, field, from, to, at, by } = self;
        let from = from_optional_json("change", from.as_deref())?;
        let change = Change { record, field, from, to: from_json("change", &to)?, at, by };
        Ok(SeenChange { seq, submission: submission.0, change })
    }
}

fn change_rows(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<ChangeRow>> {
    let sql = "SELECT c.seq, i.id, c.kind, c.record, c.field, c.from_value, c.to_value, c.at, c.seen_by
               FROM changes c JOIN inbox i ON i.seq = c.inbox WHERE c.seq > ?1 ORDER BY c.seq LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![after, limit], |row| {
        let by = row.get_ref(8)?.as_str().map_err(|error| wrong(8, error))?;
        Ok(ChangeRow {
            seq: row.get(0)?,
            submission: row.get(1)?,
            record: RecordRef { kind: kind(row, 2)?, id: row.get(3)? },
            field: row.get(4)?,
            from: row.get(5)?,
            to: row.get(6)?,
            at: row.get::<_, Micros>(7)?.0,
            by: SeenBy::from_name(by).ok_or_else(|| wrong(8, format!("the unknown way {by}")))?,
        })
    })?;
    rows.collect()
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<RecordKind> {
    let name = row.get_ref(column)?.as_str().map_err(|error| wrong(column, error))?;
    RecordKind::from_name(name).ok_or_else(|| wrong(column, format!("the unknown kind {name}")))
}

fn wrong(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

/// How many changes of each kind of record were seen how.
pub(crate) fn tallies(connection: &Connection) -> rusqlite::Result<Vec<(RecordKind, Tally)>> {
    let mut statement = connection.prepare_cached("SELECT kind, told, lost, late FROM change_tallies ORDER BY kind")?;
    let rows = statement
        .query_map([], |row| Ok((kind(row, 0)?, Tally { told: row.get(1)?, lost: row.get(2)?, late: row.get(3)? })))?;
    rows.collect()
}

/// How far looking has come.
pub(crate) fn watches(connection: &Connection) -> Result<Vec<(RecordKind, WatchState)>, StoreError> {
    let read = || -> rusqlite::Result<Vec<(RecordKind, String)>> {
        let mut statement = connection.prepare_cached("SELECT kind, state FROM watches ORDER BY kind")?;
        statement.query_map([], |row| Ok((kind(row, 0)?, row.get(1)?)))?.collect()
    };
    let rows = read().map_err(|error| store_error(&error))?;
    rows.into_iter().map(|(kind, state)| Ok((kind, from_json("watch", &state)?))).collect()
}

/// How far looking at a kind has come.
pub(crate) fn watch(connection: &Connection, kind: RecordKind) -> Result<Option<WatchState>, StoreError> {
    Ok(watches(connection)?.into_iter().find(|(of, _)| *of == kind).map(|(_, state)| state))
}

/// Keeps how far looking has come.
pub(crate) fn put_watch(connection: &Connection, kind: RecordKind, state: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO watches (kind, state) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![kind.name(), state])?;
    Ok(())
}

/// The youngest notification.
pub(crate) fn latest_notification(connection: &Connection) -> rusqlite::Result<Option<InboxEntry>> {
    let sql = "SELECT id, accepted_at, route, target, body, label FROM inbox WHERE route = 'notification'
               ORDER BY seq DESC LIMIT 1";
    connection
        .prepare_cached(sql)?
        .query_row([], |row| {
            Ok(InboxEntry {
                id: row.get::<_, Id>(0)?.0,
                accepted_at: row.get::<_, Micros>(1)?.0,
                raw: raw_submission(row, 2)?,
            })
        })
        .optional()
}
