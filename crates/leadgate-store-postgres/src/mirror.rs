//! The mirror of CRM records, the changes seen, and how far looking has come.

use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Change, MirrorUpdate, Mirrored, SeenBy, Tally};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_store::StoreError;
use leadgate_store::model::{InboxEntry, SeenChange};
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::columns::{
    from_json, from_optional_json, micros, moment, optional_moment, raw_submission, record_kind, submission_id, text,
    to_json, wrong,
};
use crate::error::Failure;
use crate::session::Session;
use crate::transaction::Work;

/// What a plan changes in the mirror, with its JSON written.
pub(crate) struct PreparedUpdate {
    record: PreparedRecord,
    changes: Vec<PreparedChange>,
    tally: Tally,
}

/// A record with its JSON written.
pub(crate) struct PreparedRecord {
    record: RecordRef,
    version: Option<i64>,
    fields: String,
    told: String,
    revision: i64,
}

struct PreparedChange {
    field: String,
    from: Option<String>,
    to: String,
    at: i64,
    by: SeenBy,
}

impl PreparedUpdate {
    pub(crate) fn new(update: &MirrorUpdate) -> Result<PreparedUpdate, StoreError> {
        let changes = update.changes.iter().map(PreparedChange::new).collect::<Result<_, _>>()?;
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
            version: mirrored.version.map(micros),
            fields: to_json("record of the mirror", &mirrored.fields)?,
            told: to_json("record of the mirror", &mirrored.told)?,
            revision: mirrored.revision,
        })
    }
}

impl PreparedChange {
    fn new(change: &Change) -> Result<PreparedChange, StoreError> {
        Ok(PreparedChange {
            field: text(&change.field).into_owned(),
            from: change.from.as_ref().map(|value| to_json("change", value)).transpose()?,
            to: to_json("change", &change.to)?,
            at: micros(change.at),
            by: change.by,
        })
    }
}

/// The columns `kind` and `record` of records.
fn names_of<'a>(records: impl Iterator<Item = &'a RecordRef>) -> (Vec<&'static str>, Vec<i64>) {
    records.map(|record| (record.kind.name(), record.id)).unzip()
}

/// Whether every record is still as the plan saw it.
pub(crate) async fn fits(
    connection: &mut Session,
    account: i64,
    updates: &[PreparedUpdate],
) -> Result<bool, sqlx::Error> {
    if updates.is_empty() {
        return Ok(true);
    }
    let sql = "SELECT NOT EXISTS (
                   SELECT 1 FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS seen (kind, record, revision)
                   LEFT JOIN mirror ON mirror.account = $1 AND mirror.kind = seen.kind AND mirror.record = seen.record
                   WHERE coalesce(mirror.revision, 0) <> seen.revision - 1)";
    let (kinds, records) = names_of(updates.iter().map(|update| &update.record.record));
    let revisions: Vec<i64> = updates.iter().map(|update| update.record.revision).collect();
    sqlx::query_scalar(sql).bind(account).bind(kinds).bind(records).bind(revisions).fetch_one(connection).await
}

/// Writes what a plan changes; `seq` is the number of its inbox row.
pub(crate) async fn write(
    connection: &mut Session,
    account: i64,
    seq: i64,
    updates: &[PreparedUpdate],
) -> Result<(), sqlx::Error> {
    if updates.is_empty() {
        return Ok(());
    }
    let replace = "DO UPDATE SET version = excluded.version, fields = excluded.fields, told = excluded.told,
                       revision = excluded.revision";
    put(connection, account, updates.iter().map(|update| &update.record), replace).await?;
    insert_changes(connection, account, seq, updates).await?;
    for update in updates.iter().filter(|update| update.tally != Tally::default()) {
        add_tally(connection, account, update.record.record.kind, update.tally).await?;
    }
    Ok(())
}

/// Returns how many records were written. Of two of one record the last counts.
async fn put<'a>(
    connection: &mut Session,
    account: i64,
    records: impl Iterator<Item = &'a PreparedRecord> + Clone,
    where_there_is_one: &'static str,
) -> Result<u64, sqlx::Error> {
    let sql = format!(
        "INSERT INTO mirror (account, kind, record, version, fields, told, revision)
         SELECT DISTINCT ON (kind, record) $1::bigint, kind, record, version, fields, told, revision
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
             WITH ORDINALITY AS new (kind, record, version, fields, told, revision, number)
         ORDER BY kind, record, number DESC
         ON CONFLICT (account, kind, record) {where_there_is_one}"
    );
    let (kinds, numbers) = names_of(records.clone().map(|record| &record.record));
    let query = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(account)
        .bind(kinds)
        .bind(numbers)
        .bind(records.clone().map(|record| record.version).collect::<Vec<_>>())
        .bind(records.clone().map(|record| record.fields.as_str()).collect::<Vec<_>>())
        .bind(records.clone().map(|record| record.told.as_str()).collect::<Vec<_>>())
        .bind(records.map(|record| record.revision).collect::<Vec<_>>());
    query.execute(connection).await.map(|done| done.rows_affected())
}

async fn insert_changes(
    connection: &mut Session,
    account: i64,
    seq: i64,
    updates: &[PreparedUpdate],
) -> Result<(), sqlx::Error> {
    let changes: Vec<(&PreparedRecord, &PreparedChange)> =
        updates.iter().flat_map(|update| update.changes.iter().map(|change| (&update.record, change))).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO changes
                   (account, inbox, kind, record, revision, field, from_value, to_value, at, seen_by)
               SELECT $1, $2, kind, record, revision, field, from_value, to_value, at, seen_by
               FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bigint[],
                           $10::text[])
                   WITH ORDINALITY AS new (kind, record, revision, field, from_value, to_value, at, seen_by, number)
               ORDER BY number";
    let (kinds, records) = names_of(changes.iter().map(|(record, _)| &record.record));
    let query = sqlx::query(sql)
        .bind(account)
        .bind(seq)
        .bind(kinds)
        .bind(records)
        .bind(changes.iter().map(|(record, _)| record.revision).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.field.as_str()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.from.as_deref()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.to.as_str()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.at).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.by.name()).collect::<Vec<_>>());
    query.execute(connection).await.map(|_| ())
}

async fn add_tally(connection: &mut Session, account: i64, kind: RecordKind, tally: Tally) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO change_tallies AS kept (account, kind, told, lost, late) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (account, kind) DO UPDATE SET told = kept.told + excluded.told,
                   lost = kept.lost + excluded.lost, late = kept.late + excluded.late";
    let add = sqlx::query(sql).bind(account).bind(kind.name()).bind(tally.told).bind(tally.lost).bind(tally.late);
    add.execute(connection).await.map(|_| ())
}

/// Keeps those records that are not there. Returns how many.
pub(crate) async fn fill(
    connection: &mut Session,
    account: i64,
    records: &[PreparedRecord],
) -> Result<u64, sqlx::Error> {
    put(connection, account, records.iter().rev(), "DO NOTHING").await
}

/// Those of the records that are there.
///
/// What cannot be read of one is left out rather than refused: it would hold up the planning of every submission, and is learned anew from the
/// next look at the record.
pub(crate) async fn mirrored(
    connection: &mut Session,
    account: i64,
    records: &[RecordRef],
) -> Result<Vec<Mirrored>, sqlx::Error> {
    let sql = "SELECT mirror.kind, mirror.record, revision, version, fields, told
               FROM unnest($2::text[], $3::bigint[]) AS asked (kind, record)
               JOIN mirror ON mirror.account = $1 AND mirror.kind = asked.kind AND mirror.record = asked.record";
    let (kinds, numbers) = names_of(records.iter());
    let found = sqlx::query(sql).bind(account).bind(kinds).bind(numbers).fetch_all(connection).await?;
    found.iter().map(as_mirrored).collect()
}

fn as_mirrored(row: &PgRow) -> Result<Mirrored, sqlx::Error> {
    let record = RecordRef { kind: record_kind(row, 0)?, id: row.try_get(1)? };
    let version = optional_moment(row, 3).ok();
    let (fields, told) = (json_column(row, 4), json_column(row, 5));
    if version.is_none() || fields.is_none() || told.is_none() {
        // Without the reason: it may quote what stands there.
        tracing::error!(record.kind = record.kind.name(), record.id, "a record of the mirror cannot be read whole");
    }
    Ok(Mirrored {
        record,
        version: version.flatten(),
        fields: fields.unwrap_or_default(),
        revision: row.try_get(2)?,
        told: told.unwrap_or_default(),
    })
}

fn json_column<T: DeserializeOwned>(row: &PgRow, column: usize) -> Option<T> {
    serde_json::from_str(row.try_get(column).ok()?).ok()
}

/// Changes behind a number, in order, so many at most.
pub(crate) async fn changes(
    connection: &mut Session,
    account: i64,
    (after, limit): (i64, u32),
) -> Result<Vec<SeenChange>, Failure> {
    let sql = "SELECT c.seq, i.id, c.kind, c.record, c.field, c.from_value, c.to_value, c.at, c.seen_by
               FROM changes c JOIN inbox i ON i.account = $1 AND i.seq = c.inbox
               WHERE c.account = $1 AND c.seq > $2 ORDER BY c.seq LIMIT $3";
    let rows = sqlx::query(sql).bind(account).bind(after).bind(i64::from(limit)).fetch_all(connection).await?;
    rows.iter().map(seen_change).collect()
}

fn seen_change(row: &PgRow) -> Result<SeenChange, Failure> {
    let by: &str = row.try_get(8)?;
    let from: Option<&str> = row.try_get(5)?;
    let change = Change {
        record: RecordRef { kind: record_kind(row, 2)?, id: row.try_get(3)? },
        field: row.try_get(4)?,
        from: from_optional_json("change", from)?,
        to: from_json("change", row.try_get(6)?)?,
        at: moment(row, 7)?,
        by: SeenBy::from_name(by).ok_or_else(|| wrong(8, format!("the unknown way {by}")))?,
    };
    Ok(SeenChange { seq: row.try_get(0)?, submission: submission_id(row, 1)?, change })
}

/// How many changes of each kind of record were seen how.
pub(crate) async fn tallies(connection: &mut Session, account: i64) -> Result<Vec<(RecordKind, Tally)>, sqlx::Error> {
    let sql = "SELECT kind, told, lost, late FROM change_tallies WHERE account = $1 ORDER BY kind";
    let rows = sqlx::query(sql).bind(account).fetch_all(connection).await?;
    let tally = |row: &PgRow| {
        let tally = Tally { told: row.try_get(1)?, lost: row.try_get(2)?, late: row.try_get(3)? };
        Ok((record_kind(row, 0)?, tally))
    };
    rows.iter().map(tally).collect()
}

/// How far looking has come.
pub(crate) async fn watches(connection: &mut Session, account: i64) -> Result<Vec<(RecordKind, WatchState)>, Failure> {
    let sql = "SELECT kind, state FROM watches WHERE account = $1 ORDER BY kind";
    let rows = sqlx::query(sql).bind(account).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((record_kind(row, 0)?, from_json("watch", row.try_get(1)?)?))).collect()
}

/// Keeps how far looking has come, if it is where it was seen. Whoever calls this holds the lock of the jobs. Returns whether it was kept.
pub(crate) async fn put_watch(
    work: &mut Work,
    kind: RecordKind,
    (seen, state): (Option<&WatchState>, &str),
) -> Result<bool, Failure> {
    let account = work.account;
    let kept = sqlx::query_scalar("SELECT state FROM watches WHERE account = $1 AND kind = $2");
    let kept: Option<String> = kept.bind(account).bind(kind.name()).fetch_optional(work.connection()).await?;
    if from_optional_json::<WatchState>("watch", kept.as_deref())?.as_ref() != seen {
        return Ok(false);
    }
    let sql = "INSERT INTO watches (account, kind, state) VALUES ($1, $2, $3)
               ON CONFLICT (account, kind) DO UPDATE SET state = excluded.state";
    sqlx::query(sql).bind(account).bind(kind.name()).bind(state).execute(work.connection()).await?;
    Ok(true)
}

/// The youngest notification.
pub(crate) async fn latest_notification(
    connection: &mut Session,
    account: i64,
) -> Result<Option<InboxEntry>, sqlx::Error> {
    let sql = "SELECT id, accepted_at, route, target, body, label FROM inbox
               WHERE account = $1 AND route = 'notification' ORDER BY seq DESC LIMIT 1";
    let found = sqlx::query(sql).bind(account).fetch_optional(connection).await?;
    let entry = |row: PgRow| {
        Ok(InboxEntry { id: submission_id(&row, 0)?, accepted_at: moment(&row, 1)?, raw: raw_submission(&row, 2)? })
    };
    found.map(entry).transpose()
}
