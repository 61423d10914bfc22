//! The queue of deliveries. What is left of a person's delivery is that there was one, where to and when.

use leadgate_store::erasure::{Place, RowKey, Sweep};
use rusqlite::{Connection, Row, params};

use super::{Erasing, Going, Page, after};
use crate::columns::Micros;
use crate::deliveries::leave_line;

/// Why a delivery of which nothing is left is not made.
const WHY: &str = "forgotten: the person whom it was about was forgotten";

struct Delivery {
    seq: i64,
    ordering: String,
    content: String,
    parked: Option<String>,
    progress: i64,
}

pub(super) fn page(going: &mut Going<'_>, sweep: &mut Sweep) -> rusqlite::Result<Page> {
    let sql = "SELECT seq, ordering, content, parked, progress FROM deliveries
               WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
    let until = sweep.until.get(&Place::Deliveries).copied().unwrap_or(i64::MAX);
    let mut statement = going.connection.prepare_cached(sql)?;
    let found = statement.query_map(params![after(sweep).1, until, going.most], delivery)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut theirs = 0;
    for delivery in &found {
        if !names(going.connection, sweep, delivery)? {
            continue;
        }
        theirs += 1;
        if let Some(erasing) = &mut going.erasing {
            sweep.cancelled += u64::from(delivery.progress != 1);
            erase(going.connection, erasing, delivery)?;
        }
    }
    Ok(Page::of(theirs, found.into_iter().map(|delivery| RowKey(String::new(), delivery.seq)), going.most))
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        seq: row.get(0)?,
        ordering: row.get(1)?,
        content: row.get(2)?,
        parked: row.get(3)?,
        progress: row.get(4)?,
    })
}

fn names(connection: &Connection, sweep: &Sweep, delivery: &Delivery) -> rusqlite::Result<bool> {
    let marks = &sweep.marks;
    if marks.is_key(&delivery.ordering)
        || marks.are_in_body(delivery.content.as_bytes())
        || delivery.parked.iter().any(|why| marks.are_in_text(why))
    {
        return Ok(true);
    }
    let sql = "SELECT message FROM delivery_attempts WHERE delivery = ?1 AND message IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let messages = statement.query_map([delivery.seq], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(messages.iter().any(|message| marks.are_in_text(message)))
}

fn erase(connection: &Connection, erasing: &mut Erasing<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    let seq = delivery.seq;
    connection.prepare_cached("UPDATE delivery_attempts SET message = NULL WHERE delivery = ?1")?.execute([seq])?;
    let sql = "UPDATE deliveries SET content = 'null', parked = ?2, progress = iif(progress = 1, 1, 2), is_first = 0,
                   lease_worker = NULL, lease_number = lease_number + 1, ended_at = coalesce(ended_at, ?3)
               WHERE seq = ?1";
    connection.prepare_cached(sql)?.execute(params![seq, WHY, Micros(erasing.now)])?;
    if delivery.progress == 0 {
        erasing.announcements.deliveries |= leave_line(connection, seq)?;
    }
    // The key of the line is a digest of an address that can be guessed.
    let sql = "UPDATE deliveries SET ordering = 'forgotten:' || seq WHERE seq = ?1";
    connection.prepare_cached(sql)?.execute([seq]).map(|_| ())
}
