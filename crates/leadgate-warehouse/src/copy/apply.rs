//! What happens to each row of a batch.

use std::collections::HashMap;

use jiff::Timestamp;
use leadgate_core::sync::{Cell, PackedCells, PackedRow, Schema, Stream, unpack};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::CopyError;
use super::identities::{self, Noting};
use super::layout::Fitting;
use super::reading::{self, Entry};

/// Part of a reading of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Which stream.
    pub stream: Stream,
    /// The columns of `rows`, and from now on of the stream.
    pub schema: Schema,
    /// Rows as the CRM shows them now. Of two with one id the later in the list counts, unless it is older by its `updated_at`.
    pub rows: Vec<PackedRow>,
    /// Ids of rows that are gone; unknown ones are passed over. What is both in `rows` and here is gone.
    pub gone: Vec<i64>,
    /// The number of the whole reading that these rows were seen in, if it is one. The numbers of a stream's whole readings grow.
    pub pass: Option<u64>,
    /// Ends the whole reading of this number: rows not seen since its first batch, in it or outside, are gone.
    pub sweep: Option<u64>,
    /// What [`super::Copy::state`] must be for the batch to be applied.
    pub from_state: Option<String>,
    /// What it is afterwards.
    pub to_state: String,
    /// The moment at which the changes were noticed.
    pub at: Timestamp,
}

/// How many rows of a batch were what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// New ones.
    pub created: u64,
    /// Ones that differ from what was stored.
    pub updated: u64,
    /// Ones that do not, or that are older than what was stored.
    pub unchanged: u64,
    /// Ones that are gone.
    pub deleted: u64,
    /// Ones that were gone and are back.
    pub restored: u64,
}

impl std::ops::AddAssign for Applied {
    fn add_assign(&mut self, other: Applied) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.restored += other.restored;
    }
}

/// What is stored of a row, apart from its cells.
struct Head {
    updated_at: Option<i64>,
    deleted_at: Option<i64>,
    pass: i64,
    layout: i64,
    body: i64,
}

/// A cell that differs.
struct Difference {
    /// Its column.
    index: usize,
    /// What was stored.
    old: Cell,
    new: Cell,
}

struct Application<'batch> {
    connection: &'batch Connection,
    batch: &'batch Batch,
    entry: Entry,
    /// Of the batch's schema.
    layout: i64,
    /// How rows of stored layouts are read in the batch's schema.
    fittings: HashMap<i64, Fitting>,
    pass: i64,
    seq: i64,
    applied: Applied,
    /// The least and the greatest id that is stored: a row outside is new, and need not be looked for.
    ids: Option<(i64, i64)>,
    inserts: Inserts<'batch>,
    noting: Noting,
}

/// What new rows are written with, at hand: in a first reading that is all there is to do.
struct Inserts<'batch> {
    body: CachedStatement<'batch>,
    head: CachedStatement<'batch>,
    change: CachedStatement<'batch>,
}

impl Inserts<'_> {
    fn prepare(connection: &Connection) -> Result<Inserts<'_>, CopyError> {
        let head =
            "INSERT INTO heads (stream, id, updated_at, seq, pass, layout, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let change = "INSERT INTO changes (seq, stream, id, field, old, new, at, noticed_at) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        Ok(Inserts {
            body: connection.prepare_cached("INSERT INTO bodies (cells) VALUES (?1)")?,
            head: connection.prepare_cached(head)?,
            change: connection.prepare_cached(change)?,
        })
    }
}

/// Applies a batch inside the transaction that `connection` is in.
pub(super) fn apply(connection: &Connection, batch: &Batch) -> Result<Applied, CopyError> {
    let entry = reading::entry(connection, batch.stream)?;
    if entry.state != batch.from_state {
        return Err(CopyError::OutOfOrder { stream: batch.stream });
    }
    check_shape(batch)?;
    let seq = connection.query_row("SELECT seq FROM copy", [], |row| row.get(0))?;
    let pass = batch.pass.map_or(entry.pass, u64::cast_signed);
    let layout = layout_number(connection, entry.number, &batch.schema)?;
    let (fittings, applied, ids) = (HashMap::new(), Applied::default(), ids_of(connection, entry.number)?);
    let (inserts, noting) = (Inserts::prepare(connection)?, Noting::of(connection, batch, &entry)?);
    let mut application =
        Application { connection, batch, entry, layout, fittings, pass, seq, applied, ids, inserts, noting };
    for row in &batch.rows {
        application.take(row)?;
    }
    for id in &batch.gone {
        application.take_away(*id)?;
    }
    if let Some(pass) = batch.sweep {
        application.sweep(pass.cast_signed())?;
    }
    let applied = application.finish()?;
    if noting == Noting::AllAtTheEnd {
        identities::note_all(connection, batch.stream)?;
    }
    Ok(applied)
}

/// The least and the greatest id that is stored of a stream.
fn ids_of(connection: &Connection, stream: i64) -> Result<Option<(i64, i64)>, CopyError> {
    let end = |order: &str| {
        let sql = format!("SELECT id FROM heads WHERE stream = ?1 ORDER BY id {order} LIMIT 1");
        connection.prepare_cached(&sql)?.query_row([stream], |row| row.get::<_, i64>(0)).optional()
    };
    Ok(end("ASC")?.zip(end("DESC")?))
}

fn check_shape(batch: &Batch) -> Result<(), CopyError> {
    let columns = batch.schema.columns.len();
    match batch.rows.iter().find(|row| row.cells.len() != columns) {
        None => Ok(()),
        Some(row) => Err(CopyError::Misshapen { stream: batch.stream, id: row.id, cells: row.cells.len(), columns }),
    }
}

fn layout_number(connection: &Connection, stream: i64, schema: &Schema) -> Result<i64, CopyError> {
    let text = serde_json::to_string(schema).map_err(CopyError::damaged)?;
    let find = "SELECT number FROM layouts WHERE stream = ?1 AND schema = ?2";
    let found = connection.prepare_cached(find)?.query_row(params![stream, text], |row| row.get(0)).optional()?;
    if let Some(number) = found {
        return Ok(number);
    }
    connection.execute("INSERT INTO layouts (stream, schema) VALUES (?1, ?2)", params![stream, text])?;
    Ok(connection.last_insert_rowid())
}

impl Application<'_> {
    fn take(&mut self, row: &PackedRow) -> Result<(), CopyError> {
        let Some(head) = self.head(row.id)? else { return self.create(row) };
        let updated_at = row.updated_at.map(Timestamp::as_microsecond);
        let older = matches!((updated_at, head.updated_at), (Some(new), Some(stored)) if new < stored);
        let differences = if older { None } else { self.differences(row, &head)? };
        match (differences, head.deleted_at.is_some() && !older) {
            (None, false) => self.leave(row.id, updated_at, &head),
            (None, true) => self.replace(row, &head, &[]),
            (Some(differences), _) => self.replace(row, &head, &differences),
        }
    }

    fn head(&self, id: i64) -> Result<Option<Head>, CopyError> {
        if !self.ids.is_some_and(|(least, greatest)| (least..=greatest).contains(&id)) {
            return Ok(None);
        }
        let sql = "SELECT updated_at, deleted_at, pass, layout, body FROM heads WHERE stream = ?1 AND id = ?2";
        let read = |row: &rusqlite::Row<'_>| {
            let (updated_at, deleted_at) = (row.get(0)?, row.get(1)?);
            Ok(Head { updated_at, deleted_at, pass: row.get(2)?, layout: row.get(3)?, body: row.get(4)? })
        };
        Ok(self.connection.prepare_cached(sql)?.query_row([self.entry.number, id], read).optional()?)
    }

    fn create(&mut self, row: &PackedRow) -> Result<(), CopyError> {
        let body = self.inserts.body.insert([row.cells.as_bytes()])?;
        self.note_whole("created", row.id, self.moment_of(row))?;
        let seq = self.next_seq();
        let updated_at = row.updated_at.map(Timestamp::as_microsecond);
        let values = params![self.entry.number, row.id, updated_at, seq, self.pass, self.layout, body];
        self.inserts.head.execute(values)?;
        self.ids =
            Some(self.ids.map_or((row.id, row.id), |(least, greatest)| (least.min(row.id), greatest.max(row.id))));
        self.entry.live += 1;
        self.applied.created += 1;
        if self.noting == Noting::Each {
            identities::note_new(self.connection, self.entry.number, row.id, (&self.batch.schema, &row.cells))?;
        }
        Ok(())
    }

    /// The cells that differ from the stored ones; none if the rows are the same, and the empty list if they differ only in columns that
    /// the stored row did not have.
    fn differences(&mut self, row: &PackedRow, head: &Head) -> Result<Option<Vec<Difference>>, CopyError> {
        let sql = "SELECT cells FROM bodies WHERE number = ?1";
        let mut query = self.connection.prepare_cached(sql)?;
        let mut found = query.query([head.body])?;
        let stored = found.next()?.ok_or_else(|| CopyError::damaged(format_args!("row {}", row.id)))?;
        let stored = stored.get_ref(0)?.as_blob().map_err(CopyError::damaged)?;
        if head.layout == self.layout && stored == row.cells.as_bytes() {
            return Ok(None);
        }
        let damaged = || CopyError::damaged(format_args!("row {}", row.id));
        let (stored, cells) = unpack(stored).zip(unpack(row.cells.as_bytes())).ok_or_else(damaged)?;
        let fitting = fitting(&mut self.fittings, self.connection, head.layout, &self.batch.schema)?;
        let (mut differences, mut same) = (Vec::new(), true);
        for (index, (old, new)) in fitting.fit(stored).into_iter().zip(cells).enumerate() {
            if old != new {
                same = false;
                if fitting.knew(index) {
                    differences.push(Difference { index, old, new });
                }
            }
        }
        Ok((!same).then_some(differences))
    }

    /// Marks a row as seen. Nothing is written where it was marked before.
    fn leave(&mut self, id: i64, updated_at: Option<i64>, head: &Head) -> Result<(), CopyError> {
        self.applied.unchanged += 1;
        let (pass, updated_at) = (self.pass.max(head.pass), updated_at.max(head.updated_at));
        if pass != head.pass || updated_at != head.updated_at {
            let sql = "UPDATE heads SET pass = ?3, updated_at = ?4 WHERE stream = ?1 AND id = ?2";
            self.connection.prepare_cached(sql)?.execute(params![self.entry.number, id, pass, updated_at])?;
        }
        Ok(())
    }

    fn replace(&mut self, row: &PackedRow, head: &Head, differences: &[Difference]) -> Result<(), CopyError> {
        let at = self.moment_of(row);
        if head.deleted_at.is_some() {
            self.note_whole("restored", row.id, self.batch.at)?;
            self.entry.live += 1;
            self.applied.restored += 1;
        } else {
            self.applied.updated += 1;
        }
        for Difference { index, old, new } in differences {
            let field = &self.batch.schema.columns[*index].name;
            // Its own change is told by `at`.
            if field != "updated_at" {
                let (old, new) = (packed(old), packed(new));
                self.note(Noted { field, id: row.id, old: old.as_bytes(), new: new.as_bytes(), at })?;
            }
        }
        let sql = "UPDATE bodies SET cells = ?2 WHERE number = ?1";
        self.connection.prepare_cached(sql)?.execute(params![head.body, row.cells.as_bytes()])?;
        if self.noting == Noting::Each {
            identities::note(self.connection, self.entry.number, row.id, (&self.batch.schema, &row.cells))?;
        }
        self.replace_head(row, head)
    }

    fn replace_head(&mut self, row: &PackedRow, head: &Head) -> Result<(), CopyError> {
        let updated_at = row.updated_at.map(Timestamp::as_microsecond).max(head.updated_at);
        let (seq, pass) = (self.next_seq(), self.pass.max(head.pass));
        let sql = "UPDATE heads SET updated_at = ?3, seq = ?4, deleted_at = NULL, pass = ?5, layout = ?6 \
                   WHERE stream = ?1 AND id = ?2";
        let values = params![self.entry.number, row.id, updated_at, seq, pass, self.layout];
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn take_away(&mut self, id: i64) -> Result<(), CopyError> {
        let Some(head) = self.head(id)? else { return Ok(()) };
        if head.deleted_at.is_some() {
            return Ok(());
        }
        self.note_whole("deleted", id, self.batch.at)?;
        let seq = self.next_seq();
        let sql = "UPDATE heads SET deleted_at = ?3, seq = ?4 WHERE stream = ?1 AND id = ?2";
        let values = params![self.entry.number, id, self.batch.at.as_microsecond(), seq];
        self.connection.prepare_cached(sql)?.execute(values)?;
        self.entry.live -= 1;
        self.applied.deleted += 1;
        Ok(())
    }

    /// Some at a time, so that a stream of any size is swept in the same memory.
    fn sweep(&mut self, pass: i64) -> Result<(), CopyError> {
        let sql = "SELECT id FROM heads WHERE stream = ?1 AND id > ?2 AND deleted_at IS NULL AND pass < ?3 \
                   ORDER BY id LIMIT 1000";
        // No row has the least of all ids.
        let mut after = i64::MIN;
        loop {
            let mut query = self.connection.prepare_cached(sql)?;
            let unseen = query.query_map([self.entry.number, after, pass], |row| row.get(0))?;
            let unseen: Vec<i64> = unseen.collect::<Result<_, _>>()?;
            let Some(last) = unseen.last() else { return Ok(()) };
            after = *last;
            for id in unseen {
                self.take_away(id)?;
            }
        }
    }

    fn moment_of(&self, row: &PackedRow) -> Timestamp {
        row.updated_at.unwrap_or(self.batch.at)
    }

    fn note_whole(&mut self, field: &str, id: i64, at: Timestamp) -> Result<(), CopyError> {
        let blank = packed(&Cell::Blank);
        self.note(Noted { field, id, old: blank.as_bytes(), new: blank.as_bytes(), at })
    }

    fn note(&mut self, noted: Noted<'_>) -> Result<(), CopyError> {
        let seq = self.next_seq();
        self.entry.changes_seq = seq;
        let (at, noticed_at) = (noted.at.as_microsecond(), self.batch.at.as_microsecond());
        let values = params![seq, self.entry.number, noted.id, noted.field, noted.old, noted.new, at, noticed_at];
        self.inserts.change.execute(values)?;
        Ok(())
    }

    fn next_seq(&mut self) -> i64 {
        self.seq += 1;
        self.entry.seq = self.seq;
        self.seq
    }

    fn finish(self) -> Result<Applied, CopyError> {
        let Application { connection, batch, entry, layout, pass, seq, applied, .. } = self;
        connection.prepare_cached("UPDATE copy SET seq = ?1")?.execute([seq])?;
        let sql = "UPDATE streams SET state = ?2, layout = ?3, pass = ?4, live = ?5, seq = ?6, changes_seq = ?7, at = ?8 \
                   WHERE number = ?1";
        let (pass, at) = (pass.max(entry.pass), batch.at.as_microsecond());
        let values = params![entry.number, batch.to_state, layout, pass, entry.live, entry.seq, entry.changes_seq, at];
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(applied)
    }
}

/// An entry of the changes.
struct Noted<'row> {
    field: &'row str,
    id: i64,
    /// What was there, packed.
    old: &'row [u8],
    /// What is there now.
    new: &'row [u8],
    at: Timestamp,
}

fn fitting<'known>(
    known: &'known mut HashMap<i64, Fitting>,
    connection: &Connection,
    layout: i64,
    schema: &Schema,
) -> Result<&'known Fitting, CopyError> {
    if let std::collections::hash_map::Entry::Vacant(vacant) = known.entry(layout) {
        vacant.insert(Fitting::new(&reading::layout(connection, layout)?, schema));
    }
    known.get(&layout).ok_or_else(|| CopyError::damaged(format_args!("layout {layout}")))
}

fn packed(cell: &Cell) -> PackedCells {
    PackedCells::of(std::slice::from_ref(cell))
}
