//! Taking a person out of the copy.
//!
//! Their rows and what is on them goes, with the changes of both; of other rows only the cells that name them. The copy then has another identity,
//! so every sink is published anew, whole: what a table or a file held of the person goes with that. The identity says that somebody was taken out,
//! so that the history that tables keep of copies before goes too.

use leadgate_core::erasure::Marks;
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::sync::{Cell, PackedCells, Schema, Stream, unpack};
use rusqlite::{Connection, params};

use super::CopyError;
use super::{identities, reading};

/// What the identity of a copy that somebody was taken out of begins with.
const TAKEN_OUT: &str = "taken-out-";

/// Whether the changes that were published of copies before the one of this identity may name somebody who was taken out of it.
pub(crate) fn voids_history(identity: &str) -> bool {
    identity.starts_with(TAKEN_OUT)
}

/// How far a copy was gone through for a person, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgetPass {
    stream: usize,
    after: i64,
    changes_after: i64,
    /// Rows that were taken out.
    pub rows: u64,
    /// Rows of others in which cells were emptied.
    pub emptied: u64,
    /// Changes that were taken out or emptied.
    pub changes: u64,
    /// Everything was looked at.
    pub ended: bool,
}

impl Default for ForgetPass {
    fn default() -> Self {
        ForgetPass { stream: 0, after: i64::MIN, changes_after: 0, rows: 0, emptied: 0, changes: 0, ended: false }
    }
}

/// People before what is on them, so that their records are known by then.
const ORDER: [Stream; 14] = {
    let mut order = Stream::ALL;
    order[0] = Stream::Contacts;
    order[8] = Stream::Fields;
    order
};

/// Takes one step of a pass, which adds the person's records to the marks. `erase` is false to count only.
pub(super) fn step(
    connection: &Connection,
    (marks, pass): (&mut Marks, &mut ForgetPass),
    most: usize,
    erase: bool,
) -> Result<(), CopyError> {
    match ORDER.get(pass.stream) {
        Some(stream) => rows(connection, *stream, (marks, pass), (most, erase)),
        None => changes(connection, (marks, pass), (most, erase)),
    }
}

struct Found {
    id: i64,
    layout: i64,
    body: i64,
    live: bool,
    cells: Vec<u8>,
}

fn rows(
    connection: &Connection,
    stream: Stream,
    (marks, pass): (&mut Marks, &mut ForgetPass),
    (most, erase): (usize, bool),
) -> Result<(), CopyError> {
    let number = reading::entry(connection, stream)?.number;
    let found = page(connection, number, pass.after, most)?;
    for row in &found {
        let schema = reading::layout(connection, row.layout)?;
        let damaged = || CopyError::damaged(format_args!("row {} of {stream}", row.id));
        let mut cells = unpack(&row.cells).ok_or_else(damaged)?;
        if is_theirs(marks, &schema, row.id, &cells) {
            pass.rows += 1;
            if erase {
                take_out(connection, number, row)?;
            }
        } else if blank(marks, &mut cells) {
            pass.emptied += 1;
            if erase {
                let cells = PackedCells::of(&cells);
                let sql = "UPDATE bodies SET cells = ?2 WHERE number = ?1";
                connection.prepare_cached(sql)?.execute(params![row.body, cells.as_bytes()])?;
                // Where none are noted, those of the row are not to be the first.
                if identities::are_noted(connection, number)? {
                    identities::note(connection, number, row.id, (&schema, &cells))?;
                }
            }
        }
    }
    pass.after = found.last().map_or(i64::MIN, |row| row.id);
    if found.len() < most {
        pass.stream += 1;
        pass.after = i64::MIN;
    }
    Ok(())
}

fn page(connection: &Connection, stream: i64, after: i64, most: usize) -> Result<Vec<Found>, CopyError> {
    let sql = "SELECT heads.id, heads.layout, heads.body, heads.deleted_at IS NULL, bodies.cells
               FROM heads JOIN bodies ON bodies.number = heads.body
               WHERE heads.stream = ?1 AND heads.id > ?2 ORDER BY heads.id LIMIT ?3";
    let mut query = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        let (id, layout, body) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Found { id, layout, body, live: row.get(3)?, cells: row.get(4)? })
    };
    let found = query.query_map(params![stream, after, most as i64], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A record of the person, which is added to the marks, or something on one.
fn is_theirs(marks: &mut Marks, schema: &Schema, id: i64, cells: &[Cell]) -> bool {
    let cell = |name: &str| schema.columns.iter().position(|column| column.name == name).and_then(|at| cells.get(at));
    let kind = match schema.stream {
        Stream::Contacts => Some(RecordKind::Contact),
        Stream::Leads => Some(RecordKind::Lead),
        _ => None,
    };
    if let Some(record) = kind.map(|kind| RecordRef { kind, id }) {
        let has_address = ["email", "emails"].iter().filter_map(|name| cell(name)).any(|cell| names(marks, cell));
        if has_address {
            marks.add_record(record);
        }
        return marks.is_record(record);
    }
    let on = (cell("target_type"), cell("target_id"));
    let (Some(Cell::Text(kind)), Some(Cell::Integer(id))) = on else { return false };
    leadgate_core::erasure::record_of_key(&format!("{}:{id}", kind.to_lowercase()))
        .is_some_and(|on| marks.is_record(on))
}

fn names(marks: &Marks, cell: &Cell) -> bool {
    match cell {
        Cell::Text(text) => marks.are_in_text(text),
        Cell::Json(tree) => marks.are_in(tree),
        _ => false,
    }
}

/// Empties the cells that name the person. Returns whether there are any.
fn blank(marks: &Marks, cells: &mut [Cell]) -> bool {
    let mut any = false;
    for cell in cells.iter_mut().filter(|cell| names(marks, cell)) {
        any = true;
        *cell = Cell::Blank;
    }
    any
}

fn take_out(connection: &Connection, stream: i64, row: &Found) -> Result<(), CopyError> {
    let sql = "DELETE FROM heads WHERE stream = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.execute([stream, row.id])?;
    connection.prepare_cached("DELETE FROM bodies WHERE number = ?1")?.execute([row.body])?;
    identities::forget(connection, stream, row.id)?;
    connection.prepare_cached("DELETE FROM changes WHERE stream = ?1 AND id = ?2")?.execute([stream, row.id])?;
    let sql = "UPDATE streams SET live = live - ?2 WHERE number = ?1";
    connection.prepare_cached(sql)?.execute(params![stream, row.live])?;
    Ok(())
}

fn changes(
    connection: &Connection,
    (marks, pass): (&Marks, &mut ForgetPass),
    (most, erase): (usize, bool),
) -> Result<(), CopyError> {
    let sql = "SELECT seq, old, new FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut query = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, [row.get(1)?, row.get(2)?]));
    let found = query.query_map(params![pass.changes_after, most as i64], read)?;
    let found: Vec<(i64, [Vec<u8>; 2])> = found.collect::<Result<_, _>>()?;
    let empty = PackedCells::of(&[Cell::Blank]);
    for (seq, sides) in &found {
        let named = sides.iter().flat_map(|side| unpack(side).unwrap_or_default()).any(|cell| names(marks, &cell));
        if !named {
            continue;
        }
        pass.changes += 1;
        if erase {
            let sql = "UPDATE changes SET old = ?2, new = ?2 WHERE seq = ?1";
            connection.prepare_cached(sql)?.execute(params![seq, empty.as_bytes()])?;
        }
    }
    pass.changes_after = found.last().map_or(pass.changes_after, |(seq, _)| *seq);
    pass.ended = found.len() < most;
    if pass.ended && erase && pass.rows + pass.emptied + pass.changes > 0 {
        connection.execute("UPDATE copy SET identity = ?1 || lower(hex(randomblob(16)))", [TAKEN_OUT])?;
    }
    Ok(())
}
