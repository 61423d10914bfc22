//! Who has an address or a name: digests of identities beside the rows, kept in the transaction of the rows.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use leadgate_core::copied::{self, CopiedRecord};
use leadgate_core::identity::IdentityKey;
use leadgate_core::sync::{PackedCells, Reading, Row, Schema, Stream};
use rusqlite::{Connection, OpenFlags, params};

use super::{CopyError, VERSION, reading};

/// Rows that are gone through at once where a copy from before gets its identities.
const PAGE: usize = 1_000;

/// Notes the identities of a row, in place of those that it had.
pub(super) fn note(
    connection: &Connection,
    stream: i64,
    id: i64,
    (schema, cells): (&Schema, &PackedCells),
) -> Result<(), CopyError> {
    if copied::kind_of(schema.stream).is_some() {
        forget(connection, stream, id)?;
    }
    note_new(connection, stream, id, (schema, cells))
}

/// Notes the identities of a row that has none yet.
pub(super) fn note_new(
    connection: &Connection,
    stream: i64,
    id: i64,
    (schema, cells): (&Schema, &PackedCells),
) -> Result<(), CopyError> {
    if copied::kind_of(schema.stream).is_none() {
        return Ok(());
    }
    let sql = "INSERT INTO identities (key, stream, id) VALUES (?1, ?2, ?3)";
    let mut insert = connection.prepare_cached(sql)?;
    for key in copied::identities(schema, cells) {
        insert.execute(params![key.as_str(), stream, id])?;
    }
    Ok(())
}

/// Forgets the identities of a row.
pub(super) fn forget(connection: &Connection, stream: i64, id: i64) -> Result<(), CopyError> {
    connection.prepare_cached("DELETE FROM identities WHERE stream = ?1 AND id = ?2")?.execute([stream, id])?;
    Ok(())
}

/// Notes the identities of all rows of a copy from before they were kept.
pub(super) fn fill(connection: &Connection) -> Result<(), CopyError> {
    for stream in copied::STREAMS {
        let number = reading::entry(connection, stream)?.number;
        let Some(schema) = reading::schema(connection, stream)? else { continue };
        let mut after = None;
        loop {
            let rows = reading::rows_by_id(connection, stream, after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.row.id);
            for found in &rows {
                note(connection, number, found.row.id, (&schema, &found.row.cells))?;
            }
        }
    }
    Ok(())
}

/// The records that the copy in this file has for these identities. Who is not in it is left out; nobody is where there is no copy, or one of
/// another version.
///
/// Blocks, but for no writer.
///
/// # Errors
/// [`CopyError`] if the file cannot be read.
pub fn find_identities(path: &Path, keys: &[IdentityKey]) -> Result<BTreeMap<IdentityKey, CopiedRecord>, CopyError> {
    let Some(connection) = open(path)? else { return Ok(BTreeMap::new()) };
    let search = Search::begin(&connection)?;
    let found = keys.iter().map(|key| Ok((key.clone(), search.find(key)?)));
    let found = found.collect::<Result<Vec<_>, CopyError>>()?;
    Ok(found.into_iter().filter_map(|(key, record)| Some((key, record?))).collect())
}

/// Those rows of a stream that the copy in this file has, and their columns; nothing where there is no copy. Blocks, but for no writer.
///
/// # Errors
/// [`CopyError`] if the file cannot be read.
pub fn find_rows(path: &Path, stream: Stream, ids: &[i64]) -> Result<Option<(Schema, Vec<Row>)>, CopyError> {
    let Some(connection) = open(path)? else { return Ok(None) };
    let Some(schema) = reading::schema(&connection, stream)? else { return Ok(None) };
    let rows = ids.iter().map(|id| reading::row(&connection, stream, *id)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some((schema, rows.into_iter().flatten().collect())))
}

/// Opens a copy as it is at one moment; none where there is no file, or one of another version.
fn open(path: &Path) -> Result<Option<Connection>, CopyError> {
    if !path.is_file() {
        return Ok(None);
    }
    // Not read-only: the index of the write-ahead log has to be made if nobody else has the file open.
    let connection = super::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA query_only = 1; BEGIN;")?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((version == VERSION).then_some(connection))
}

/// A search through the copy as it is at one moment.
struct Search<'a> {
    connection: &'a Connection,
    streams: Vec<Searched>,
}

/// A stream whose rows have identities.
struct Searched {
    stream: Stream,
    number: i64,
    schema: Option<Schema>,
    read_at: Option<Timestamp>,
}

impl Search<'_> {
    fn begin(connection: &Connection) -> Result<Search<'_>, CopyError> {
        let mut streams = Vec::new();
        for stream in copied::STREAMS {
            let entry = reading::entry(connection, stream)?;
            let read = Reading::resume(stream, entry.state.as_deref());
            // Of rows that are not shown any more nobody knows whether they are there.
            let read_at = read.watermark().filter(|_| read.hidden() == 0);
            let schema = reading::schema(connection, stream)?;
            streams.push(Searched { stream, number: entry.number, schema, read_at });
        }
        Ok(Search { connection, streams })
    }

    fn find(&self, key: &IdentityKey) -> Result<Option<CopiedRecord>, CopyError> {
        let sql = "SELECT heads.stream, heads.id FROM identities JOIN heads USING (stream, id)
                   WHERE identities.key = ?1 AND heads.deleted_at IS NULL ORDER BY heads.stream, heads.id LIMIT 2";
        let mut query = self.connection.prepare_cached(sql)?;
        let having = query.query_map([key.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let having: Vec<(i64, i64)> = having.collect::<Result<_, _>>()?;
        let Some((number, id)) = having.first() else { return Ok(None) };
        let Some(searched) = self.streams.iter().find(|searched| searched.number == *number) else { return Ok(None) };
        let row = reading::row(self.connection, searched.stream, *id)?;
        let snapshot = row.zip(searched.schema.as_ref()).and_then(|(row, schema)| copied::snapshot(schema, &row));
        let read_at = self.read_at(searched);
        Ok(snapshot.map(|snapshot| CopiedRecord { snapshot, read_at, is_shared: having.len() > 1 }))
    }

    /// A lead is the person only where no contact is, so contacts must have been read too.
    fn read_at(&self, searched: &Searched) -> Option<Timestamp> {
        if searched.stream != Stream::Leads {
            return searched.read_at;
        }
        let of_contacts = self.streams.iter().find(|other| other.stream == Stream::Contacts)?.read_at?;
        searched.read_at.map(|read_at| read_at.min(of_contacts))
    }
}
