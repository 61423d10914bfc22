//! Tables that are keyed by an identity or a record.

use leadgate_core::erasure::{Marks, record_of_key};
use leadgate_core::identity::IdentityKey;
use leadgate_core::record::{RecordKind, RecordRef, field};
use leadgate_store::erasure::{Place, RowKey, Sweep};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{Going, Page, after, until};
use crate::columns::text;

/// Records under identities. An address of the person leads to a record, and a record to further addresses; a number does not, for it may be a
/// whole office's.
pub(super) async fn known(going: &mut Going<'_>, sweep: &mut Sweep) -> Result<Page, sqlx::Error> {
    let sql = "SELECT key, record_kind, record_id FROM known WHERE account = $1 AND key > $2 ORDER BY key LIMIT $3";
    let query = sqlx::query(sql).bind(going.account).bind(after(sweep).0).bind(i64::from(going.most));
    let (mut theirs, mut keys) = (Vec::new(), Vec::new());
    for row in query.fetch_all(&mut *going.connection).await? {
        let (key, kind, id): (String, &str, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if is_known(&mut sweep.marks, &key, person(kind, id)) {
            theirs.push(key.clone());
        }
        keys.push(RowKey(key, 0));
    }
    if going.erasing.is_some() && !theirs.is_empty() {
        let sql = "DELETE FROM known WHERE account = $1 AND key = ANY ($2)";
        sqlx::query(sql).bind(going.account).bind(&theirs).execute(&mut *going.connection).await?;
    }
    Ok(Page::of(theirs.len() as u64, keys.into_iter(), going.most))
}

/// Whether the identity is the person's. If so, the marks learn what it teaches.
fn is_known(marks: &mut Marks, key: &str, person: Option<RecordRef>) -> bool {
    let by_key = marks.is_key(key);
    if !by_key && !person.is_some_and(|record| marks.is_record(record)) {
        return false;
    }
    if let Some(record) = person.filter(|_| by_key) {
        marks.add_record(record);
    }
    if key.starts_with("email:") {
        marks.add_key(key);
    }
    true
}

/// The record, if it is one of a person.
fn person(kind: &str, id: i64) -> Option<RecordRef> {
    record_of_key(&format!("{kind}:{id}"))
}

struct MirrorRow {
    kind: String,
    record: i64,
    fields: String,
    told: String,
}

impl MirrorRow {
    fn read(row: &PgRow) -> Result<MirrorRow, sqlx::Error> {
        Ok(MirrorRow { kind: row.try_get(0)?, record: row.try_get(1)?, fields: row.try_get(2)?, told: row.try_get(3)? })
    }
}

/// Records of the mirror. The person's own go; of others only what names the person.
pub(super) async fn mirror(going: &mut Going<'_>, sweep: &mut Sweep) -> Result<Page, sqlx::Error> {
    let sql = "SELECT kind, record, fields, told FROM mirror WHERE account = $1 AND (kind, record) > ($2, $3)
               ORDER BY kind, record LIMIT $4";
    let RowKey(kind, record) = after(sweep);
    let query = sqlx::query(sql).bind(going.account).bind(kind).bind(record).bind(i64::from(going.most));
    let found = query.fetch_all(&mut *going.connection).await?;
    let found = found.iter().map(MirrorRow::read).collect::<Result<Vec<_>, _>>()?;
    let mut theirs = 0;
    for row in &found {
        theirs += u64::from(mirror_row(going, sweep, row).await?);
    }
    Ok(Page::of(theirs, found.into_iter().map(|row| RowKey(row.kind, row.record)), going.most))
}

async fn mirror_row(going: &mut Going<'_>, sweep: &mut Sweep, row: &MirrorRow) -> Result<bool, sqlx::Error> {
    let (mut fields, mut told) = (tree(&row.fields), tree(&row.told));
    let own = person(&row.kind, row.record);
    if own.is_some_and(|record| sweep.marks.is_record(record) || sweep.marks.are_in(&fields[field::EMAIL])) {
        own.into_iter().for_each(|record| sweep.marks.add_record(record));
        fields[field::EMAIL].as_str().into_iter().for_each(|address| sweep.marks.add_address(address));
        if going.erasing.is_some() {
            let sql = "DELETE FROM mirror WHERE account = $1 AND kind = $2 AND record = $3";
            let delete = sqlx::query(sql).bind(going.account).bind(&row.kind).bind(row.record);
            delete.execute(&mut *going.connection).await?;
        }
        return Ok(true);
    }
    let names = sweep.marks.blank(&mut fields) | sweep.marks.blank(&mut told);
    if names && going.erasing.is_some() {
        // Plans that were made from the record as it was are made again.
        let sql = "UPDATE mirror SET fields = $4, told = $5, revision = revision + 1
                   WHERE account = $1 AND kind = $2 AND record = $3";
        let blank = sqlx::query(sql).bind(going.account).bind(&row.kind).bind(row.record);
        blank.bind(fields.to_string()).bind(told.to_string()).execute(&mut *going.connection).await?;
    }
    Ok(names)
}

/// Profiles. One that has the person's address is theirs, and so are the ids that it belongs to.
pub(super) async fn profiles(going: &mut Going<'_>, sweep: &mut Sweep) -> Result<Page, sqlx::Error> {
    let sql = "SELECT key, profile FROM profiles WHERE account = $1 AND key > $2 ORDER BY key LIMIT $3";
    let query = sqlx::query(sql).bind(going.account).bind(after(sweep).0).bind(i64::from(going.most));
    let (mut theirs, mut keys) = (0, Vec::new());
    for row in query.fetch_all(&mut *going.connection).await? {
        let key: String = row.try_get(0)?;
        theirs += u64::from(one_profile(going, &mut sweep.marks, (&key, row.try_get(1)?)).await?);
        keys.push(RowKey(key, 0));
    }
    Ok(Page::of(theirs, keys.into_iter(), going.most))
}

async fn one_profile(
    going: &mut Going<'_>,
    marks: &mut Marks,
    (key, profile): (&str, &str),
) -> Result<bool, sqlx::Error> {
    let mut profile = tree(profile);
    if marks.is_key(key) || marks.are_in(&profile["email"]) {
        marks.add_key(key);
        for other in [&profile["user"], &profile["first_key"]] {
            other.as_str().into_iter().for_each(|key| marks.add_key(key));
        }
        if going.erasing.is_some() {
            let delete = sqlx::query("DELETE FROM profiles WHERE account = $1 AND key = $2");
            delete.bind(going.account).bind(key).execute(&mut *going.connection).await?;
        }
        return Ok(true);
    }
    let names = marks.blank(&mut profile);
    if names && going.erasing.is_some() {
        let blank = sqlx::query("UPDATE profiles SET profile = $3 WHERE account = $1 AND key = $2");
        let blank = blank.bind(going.account).bind(key).bind(profile.to_string());
        blank.execute(&mut *going.connection).await?;
    }
    Ok(names)
}

/// Changes. Those of the person's records go; of others only values that name the person.
pub(super) async fn changes(going: &mut Going<'_>, sweep: &Sweep) -> Result<Page, sqlx::Error> {
    let sql = "SELECT seq, kind, record, coalesce(from_value, ''), to_value FROM changes
               WHERE account = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";
    let query = sqlx::query(sql).bind(going.account).bind(after(sweep).1).bind(until(sweep, Place::Changes));
    let (mut theirs, mut keys) = (0, Vec::new());
    for row in query.bind(i64::from(going.most)).fetch_all(&mut *going.connection).await? {
        let seq: i64 = row.try_get(0)?;
        let texts: [&str; 2] = [row.try_get(3)?, row.try_get(4)?];
        let own = person(row.try_get(1)?, row.try_get(2)?).is_some_and(|record| sweep.marks.is_record(record));
        if own || texts.iter().any(|text| sweep.marks.are_in_body(text.as_bytes())) {
            theirs += u64::from(erase_change(going, seq, own).await?);
        }
        keys.push(RowKey(String::new(), seq));
    }
    Ok(Page::of(theirs, keys.into_iter(), going.most))
}

/// Returns whether there was anything to erase.
async fn erase_change(going: &mut Going<'_>, seq: i64, own: bool) -> Result<bool, sqlx::Error> {
    if going.erasing.is_none() {
        return Ok(true);
    }
    // The youngest stays, as in every kind of store; its record may be mirrored anew from the first revision on.
    let gone = "DELETE FROM changes WHERE account = $1 AND seq = $2
                AND seq < (SELECT max(seq) FROM changes WHERE account = $1)";
    let delete = sqlx::query(gone).bind(going.account).bind(seq);
    if own && delete.execute(&mut *going.connection).await?.rows_affected() > 0 {
        return Ok(true);
    }
    let blank = "UPDATE changes SET from_value = NULL, to_value = 'null',
                     revision = CASE WHEN $3 THEN -seq ELSE revision END
                 WHERE account = $1 AND seq = $2 AND (from_value IS NOT NULL OR to_value <> 'null')";
    let blank = sqlx::query(blank).bind(going.account).bind(seq).bind(own);
    Ok(blank.execute(&mut *going.connection).await?.rows_affected() > 0)
}

/// Notes on the person's records.
pub(super) async fn notes(going: &mut Going<'_>, sweep: &Sweep) -> Result<Page, sqlx::Error> {
    let keys: Vec<String> =
        sweep.marks.records().map(|record| text(IdentityKey::of_record(record).as_str()).into_owned()).collect();
    let sql = "SELECT count(*) FROM notes WHERE account = $1 AND record = ANY ($2)";
    let count = sqlx::query_scalar(sql).bind(going.account).bind(&keys);
    let count: i64 = count.fetch_one(&mut *going.connection).await?;
    if count > 0 && going.erasing.is_some() {
        let delete = sqlx::query("DELETE FROM notes WHERE account = $1 AND record = ANY ($2)");
        delete.bind(going.account).bind(&keys).execute(&mut *going.connection).await?;
    }
    Ok(Page { theirs: count.unsigned_abs(), last: None })
}

/// What cannot be read as JSON is looked at as a text.
fn tree(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Whether the kind is one of a person.
pub(super) fn is_person_key(key: &str) -> bool {
    let people = [RecordKind::Contact.name(), RecordKind::Lead.name(), "email", "phone"];
    key.split_once(':').is_some_and(|(kind, _)| people.contains(&kind))
}
