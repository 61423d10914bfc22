//! Tables that are keyed by an identity or a record, and remarks.

use leadgate_core::erasure::{Marks, record_of_key};
use leadgate_core::identity::IdentityKey;
use leadgate_core::record::{RecordKind, RecordRef, field};
use leadgate_store::erasure::{Place, RowKey, Sweep};
use rusqlite::{Row, params};
use serde_json::Value;

use super::{Going, Page, after};

/// What stands in the place of a remark.
const FORGOTTEN: &str = "forgotten";

/// Records under identities. An address of the person leads to a record, and a record to further addresses; a number does not, for it may be a
/// whole office's.
pub(super) fn known(going: &Going<'_>, sweep: &mut Sweep) -> rusqlite::Result<Page> {
    let sql = "SELECT key, record_kind, record_id FROM known WHERE key > ?1 ORDER BY key LIMIT ?2";
    let mut statement = going.connection.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?));
    let found = statement.query_map(params![after(sweep).0, going.most], read)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut theirs = 0;
    for (key, kind, id) in &found {
        let person = person(kind, *id);
        let by_key = sweep.marks.is_key(key);
        if !by_key && !person.is_some_and(|record| sweep.marks.is_record(record)) {
            continue;
        }
        theirs += 1;
        if let Some(record) = person.filter(|_| by_key) {
            sweep.marks.add_record(record);
        }
        if key.starts_with("email:") {
            sweep.marks.add_key(key);
        }
        if going.erasing.is_some() {
            going.connection.prepare_cached("DELETE FROM known WHERE key = ?1")?.execute([key])?;
        }
    }
    Ok(Page::of(theirs, found.into_iter().map(|(key, ..)| RowKey(key, 0)), going.most))
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

/// Records of the mirror. The person's own go; of others only what names the person.
pub(super) fn mirror(going: &Going<'_>, sweep: &mut Sweep) -> rusqlite::Result<Page> {
    let sql = "SELECT kind, record, fields, told FROM mirror WHERE (kind, record) > (?1, ?2)
               ORDER BY kind, record LIMIT ?3";
    let RowKey(kind, record) = after(sweep);
    let read = |row: &Row<'_>| {
        Ok(MirrorRow { kind: row.get(0)?, record: row.get(1)?, fields: row.get(2)?, told: row.get(3)? })
    };
    let mut statement = going.connection.prepare_cached(sql)?;
    let found = statement.query_map(params![kind, record, going.most], read)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut theirs = 0;
    for row in &found {
        theirs += u64::from(mirror_row(going, sweep, row)?);
    }
    Ok(Page::of(theirs, found.into_iter().map(|row| RowKey(row.kind, row.record)), going.most))
}

fn mirror_row(going: &Going<'_>, sweep: &mut Sweep, row: &MirrorRow) -> rusqlite::Result<bool> {
    let (mut fields, mut told) = (tree(&row.fields), tree(&row.told));
    let own = person(&row.kind, row.record);
    if own.is_some_and(|record| sweep.marks.is_record(record) || sweep.marks.are_in(&fields[field::EMAIL])) {
        own.into_iter().for_each(|record| sweep.marks.add_record(record));
        fields[field::EMAIL].as_str().into_iter().for_each(|address| sweep.marks.add_address(address));
        if going.erasing.is_some() {
            let sql = "DELETE FROM mirror WHERE kind = ?1 AND record = ?2";
            going.connection.prepare_cached(sql)?.execute(params![row.kind, row.record])?;
        }
        return Ok(true);
    }
    let names = sweep.marks.blank(&mut fields) | sweep.marks.blank(&mut told);
    if names && going.erasing.is_some() {
        // Plans that were made from the record as it was are made again.
        let sql = "UPDATE mirror SET fields = ?3, told = ?4, revision = revision + 1 WHERE kind = ?1 AND record = ?2";
        let values = params![row.kind, row.record, fields.to_string(), told.to_string()];
        going.connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(names)
}

/// Profiles. One that has the person's address is theirs, and so are the ids that it belongs to.
pub(super) fn profiles(going: &Going<'_>, sweep: &mut Sweep) -> rusqlite::Result<Page> {
    let sql = "SELECT key, profile FROM profiles WHERE key > ?1 ORDER BY key LIMIT ?2";
    let mut statement = going.connection.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let found = statement.query_map(params![after(sweep).0, going.most], read)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut theirs = 0;
    for (key, profile) in &found {
        theirs += u64::from(one_profile(going, &mut sweep.marks, (key, profile))?);
    }
    Ok(Page::of(theirs, found.into_iter().map(|(key, _)| RowKey(key, 0)), going.most))
}

fn one_profile(going: &Going<'_>, marks: &mut Marks, (key, text): (&str, &str)) -> rusqlite::Result<bool> {
    let mut profile = tree(text);
    if marks.is_key(key) || marks.are_in(&profile["email"]) {
        marks.add_key(key);
        for other in [&profile["user"], &profile["first_key"]] {
            other.as_str().into_iter().for_each(|key| marks.add_key(key));
        }
        if going.erasing.is_some() {
            going.connection.prepare_cached("DELETE FROM profiles WHERE key = ?1")?.execute([key])?;
        }
        return Ok(true);
    }
    let names = marks.blank(&mut profile);
    if names && going.erasing.is_some() {
        let sql = "UPDATE profiles SET profile = ?2 WHERE key = ?1";
        going.connection.prepare_cached(sql)?.execute(params![key, profile.to_string()])?;
    }
    Ok(names)
}

/// Changes. Those of the person's records go; of others only values that name the person.
pub(super) fn changes(going: &Going<'_>, sweep: &Sweep) -> rusqlite::Result<Page> {
    let sql = "SELECT seq, kind, record, coalesce(from_value, ''), to_value FROM changes WHERE seq > ?1 AND seq <= ?2
               ORDER BY seq LIMIT ?3";
    let until = sweep.until.get(&Place::Changes).copied().unwrap_or(i64::MAX);
    let mut statement = going.connection.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let texts = [row.get::<_, String>(3)?, row.get::<_, String>(4)?];
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, texts))
    };
    let found = statement.query_map(params![after(sweep).1, until, going.most], read)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut theirs = 0;
    for (seq, kind, record, texts) in &found {
        let own = person(kind, *record).is_some_and(|record| sweep.marks.is_record(record));
        if own || texts.iter().any(|text| sweep.marks.are_in_body(text.as_bytes())) {
            theirs += u64::from(erase_change(going, *seq, own)?);
        }
    }
    Ok(Page::of(theirs, found.into_iter().map(|(seq, ..)| RowKey(String::new(), seq)), going.most))
}

/// Returns whether there was anything to erase.
fn erase_change(going: &Going<'_>, seq: i64, own: bool) -> rusqlite::Result<bool> {
    if going.erasing.is_none() {
        return Ok(true);
    }
    // The youngest stays, so that its number does not come to mean another change; its record may be mirrored anew from the first revision on.
    let gone = "DELETE FROM changes WHERE seq = ?1 AND seq < (SELECT max(seq) FROM changes)";
    if own && going.connection.prepare_cached(gone)?.execute([seq])? > 0 {
        return Ok(true);
    }
    let blank = "UPDATE changes SET from_value = NULL, to_value = 'null', revision = iif(?2, -seq, revision)
                 WHERE seq = ?1 AND (from_value IS NOT NULL OR to_value <> 'null')";
    Ok(going.connection.prepare_cached(blank)?.execute(params![seq, own])? > 0)
}

/// Notes on the person's records.
pub(super) fn notes(going: &Going<'_>, sweep: &Sweep) -> rusqlite::Result<Page> {
    let mut theirs = 0;
    for record in sweep.marks.records() {
        let key = IdentityKey::of_record(record);
        let sql = "SELECT count(*) FROM notes WHERE record = ?1";
        let count: i64 = going.connection.prepare_cached(sql)?.query_row([key.as_str()], |row| row.get(0))?;
        theirs += count.unsigned_abs();
        if count > 0 && going.erasing.is_some() {
            going.connection.prepare_cached("DELETE FROM notes WHERE record = ?1")?.execute([key.as_str()])?;
        }
    }
    Ok(Page { theirs, last: None })
}

/// What is said of rows that could not be read.
pub(super) fn import_rows(going: &Going<'_>, sweep: &Sweep) -> rusqlite::Result<Page> {
    let sql = "SELECT hex(import), row, refused FROM import_rows
               WHERE (import, row) > (unhex(?1), ?2) AND refused IS NOT NULL
               ORDER BY import, row LIMIT ?3";
    let RowKey(import, row) = after(sweep);
    let mut statement = going.connection.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?));
    let found = statement.query_map(params![import, row, going.most], read)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut theirs = 0;
    for (import, row, _) in found.iter().filter(|(_, _, refused)| sweep.marks.are_in_text(refused)) {
        theirs += 1;
        if going.erasing.is_some() {
            let sql = "UPDATE import_rows SET refused = ?3 WHERE import = unhex(?1) AND row = ?2";
            going.connection.prepare_cached(sql)?.execute(params![import, row, FORGOTTEN])?;
        }
    }
    Ok(Page::of(theirs, found.into_iter().map(|(import, row, _)| RowKey(import, row)), going.most))
}

/// Tables of few rows that hold a text which may name anybody.
const REMARKS: [(&str, &str); 3] = [("destinations", "off_reason"), ("imports", "name"), ("imports", "mapping")];

/// Names of files, and why destinations were switched off.
pub(super) fn remarks(going: &Going<'_>, sweep: &Sweep) -> rusqlite::Result<Page> {
    let mut theirs = 0;
    for (table, column) in REMARKS {
        let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL");
        let mut statement = going.connection.prepare_cached(&sql)?;
        let texts = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        for text in texts.iter().filter(|text| sweep.marks.are_in_body(text.as_bytes())) {
            theirs += 1;
            if going.erasing.is_some() {
                let instead = if column == "mapping" { "null" } else { FORGOTTEN };
                let sql = format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1");
                going.connection.prepare_cached(&sql)?.execute([text.as_str(), instead])?;
            }
        }
    }
    Ok(Page { theirs, last: None })
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
