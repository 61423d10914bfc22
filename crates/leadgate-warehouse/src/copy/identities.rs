//! Who has an address or a name: digests of identities beside the rows, kept in the transaction of the rows.
//!
//! Digests have no order, so each batch of a first reading would write about every page of their table again. While a stream has none and was never read
//! whole, its reading leaves them out, and notes all of them with its last batch, in their order. Whoever is looked for meanwhile is not found, which says
//! nothing: what the stream shows is not believed before that. A larger stream notes all it has when it has so many rows, and from then on each batch its own:
//! making up for millions at the end would be one long transaction.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use leadgate_core::copied::{self, CopiedRecord};
use leadgate_core::identity::IdentityKey;
use leadgate_core::sync::{PackedCells, Reading, Row, Schema, Stream};
use rusqlite::{Connection, OpenFlags, params};

use super::reading::{Entry, PackedCopy};
use super::{Batch, CopyError, VERSION, reading};

/// Rows that are gone through at once where all get their identities.
const PAGE: usize = 500;
/// Identities that are put into their order at once.
const SORTED: usize = 20_000;
/// Rows of a stream whose identities may be left out: as many as are noted within a moment.
const MOST_WITHOUT: i64 = 50_000;

/// What a batch does with identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noting {
    /// Each row has its identities noted with it.
    Each,
    /// They are left out; see the module.
    None,
    /// They are left out until all of the stream are noted at the end.
    AllAtTheEnd,
}

impl Noting {
    /// What the batch does to a stream with this entry. Only the rows of a whole reading go without, and few enough that they can be made up for.
    pub(super) fn of(connection: &Connection, batch: &Batch, stream: &Entry) -> Result<Noting, CopyError> {
        let (live, new) = (stream.live, batch.rows.len() as i64);
        let is_small = copied::kind_of(batch.stream).is_some() && live < MOST_WITHOUT;
        let is_plain = (new == 0 && batch.sweep.is_none()) || (live == 0 && batch.pass.is_none());
        if !is_small || is_plain || are_noted(connection, stream.number)? {
            return Ok(Noting::Each);
        }
        let was_read = Reading::resume(batch.stream, stream.state.as_deref()).watermark().is_some();
        let goes_on = !was_read && batch.pass.is_some() && batch.sweep.is_none() && live + new < MOST_WITHOUT;
        Ok(if goes_on { Noting::None } else { Noting::AllAtTheEnd })
    }
}

/// Whether any row of the stream has an identity.
pub(super) fn are_noted(connection: &Connection, stream: i64) -> Result<bool, CopyError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM identities WHERE stream = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([stream], |row| row.get(0))?)
}

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
    copied::identities(schema, cells).iter().try_for_each(|key| insert(connection, stream, id, key))
}

fn insert(connection: &Connection, stream: i64, id: i64, key: &IdentityKey) -> Result<(), CopyError> {
    let sql = "INSERT INTO identities (key, stream, id) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![key.as_str(), stream, id])?;
    Ok(())
}

/// Forgets the identities of a row.
pub(super) fn forget(connection: &Connection, stream: i64, id: i64) -> Result<(), CopyError> {
    connection.prepare_cached("DELETE FROM identities WHERE stream = ?1 AND id = ?2")?.execute([stream, id])?;
    Ok(())
}

/// Notes the identities of all rows of a copy from before they were kept.
pub(super) fn fill(connection: &Connection) -> Result<(), CopyError> {
    copied::STREAMS.into_iter().try_for_each(|stream| note_all(connection, stream))
}

/// Notes the identities of all rows of a stream that has none yet.
pub(super) fn note_all(connection: &Connection, stream: Stream) -> Result<(), CopyError> {
    let number = reading::entry(connection, stream)?.number;
    let Some(schema) = reading::schema(connection, stream)? else { return Ok(()) };
    let (mut after, mut keys) = (None, Vec::new());
    loop {
        let rows = reading::rows_by_id(connection, stream, after, PAGE)?;
        for PackedCopy { row, .. } in &rows {
            keys.extend(copied::identities(&schema, &row.cells).into_iter().map(|key| (key, row.id)));
        }
        after = rows.last().map(|copied| copied.row.id);
        if after.is_none() || keys.len() >= SORTED {
            keys.sort_unstable();
            keys.drain(..).try_for_each(|(key, id)| insert(connection, number, id, &key))?;
        }
        if after.is_none() {
            return Ok(());
        }
    }
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
