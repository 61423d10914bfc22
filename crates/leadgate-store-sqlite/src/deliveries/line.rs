//! Keeping deliveries, and their lines: who is the first, and who comes next.

use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{PARKED, WAITING};
use crate::columns::Micros;

/// A delivery with its JSON written.
pub(crate) struct PreparedDelivery {
    delivery: NewDelivery,
    content: String,
    test: bool,
}

impl PreparedDelivery {
    pub(crate) fn new(delivery: NewDelivery, test: bool) -> PreparedDelivery {
        let content = delivery.content.to_string();
        PreparedDelivery { delivery, content, test }
    }

    /// Keeps it at the end of its line, due at once. Returns whether it is new.
    pub(crate) fn keep(&self, connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
        let destination = &self.delivery.destination;
        connection.prepare_cached("INSERT OR IGNORE INTO destinations (name) VALUES (?1)")?.execute([destination])?;
        let sql = "INSERT OR IGNORE INTO deliveries
                       (id, destination, ordering, place, content, test, progress, is_first, wake_at, created_at)
                   VALUES (?1, ?2, ?3, (SELECT coalesce(max(place), 0) + 1 FROM deliveries), ?4, ?5, 0,
                       NOT EXISTS (SELECT 1 FROM deliveries
                                   WHERE destination = ?2 AND ordering = ?3 AND progress = 0), ?6, ?6)";
        let ordering = self.delivery.ordering.as_str();
        let columns = params![self.delivery.id, destination, ordering, self.content, self.test, Micros(now)];
        Ok(connection.prepare_cached(sql)?.execute(columns)? > 0)
    }
}

/// Lets the next of a line move up after the delivery with that number left it. Returns whether there is one.
pub(crate) fn move_up(connection: &Connection, left: i64) -> rusqlite::Result<bool> {
    let sql = "UPDATE deliveries SET is_first = 1 WHERE seq = (
                   SELECT next.seq FROM deliveries AS next JOIN deliveries AS own ON own.seq = ?1
                   WHERE next.destination = own.destination AND next.ordering = own.ordering AND next.progress = 0
                   ORDER BY next.place LIMIT 1)";
    Ok(connection.prepare_cached(sql)?.execute([left])? > 0)
}

/// Puts an ended delivery at the end of its line, due at once.
pub(super) fn put_back(connection: &Connection, seq: i64, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET progress = 0, attempts = 0, ended_at = NULL, parked = NULL, wake_at = ?2,
                   place = (SELECT max(place) + 1 FROM deliveries),
                   is_first = NOT EXISTS (SELECT 1 FROM deliveries AS other
                                          WHERE other.destination = deliveries.destination
                                            AND other.ordering = deliveries.ordering AND other.progress = 0)
               WHERE seq = ?1";
    connection.prepare_cached(sql)?.execute(params![seq, Micros(now)])?;
    Ok(())
}

/// The number and progress of the delivery with that id; of one that was forgotten nothing is left to deliver.
pub(super) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<(i64, i64)>> {
    connection
        .prepare_cached("SELECT seq, progress FROM deliveries WHERE id = ?1 AND (progress = 0 OR content <> 'null')")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Deliveries put back in one transaction, at most.
const MOST_PUT_BACK: u32 = 256;

/// Puts the next parked deliveries behind a number back. Returns how many, and the last looked at; `None` if there are no more.
pub(super) fn put_back_some(
    connection: &Connection,
    (destination, after): (Option<&str>, i64),
    now: Timestamp,
) -> rusqlite::Result<(u64, Option<i64>)> {
    let sql = "SELECT seq FROM deliveries
               WHERE progress = ?1 AND test = 0 AND seq > ?2 AND (?3 IS NULL OR destination = ?3) AND content <> 'null'
               ORDER BY seq LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params![PARKED, after, destination, MOST_PUT_BACK], |row| row.get(0))?;
    let found = found.collect::<rusqlite::Result<Vec<i64>>>()?;
    for seq in &found {
        put_back(connection, *seq, now)?;
    }
    Ok((found.len() as u64, found.last().copied()))
}

/// Parks what waits for a destination that there is no more.
pub(super) fn park_all_of(connection: &Connection, destination: &str, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET progress = ?2, is_first = 0, lease_worker = NULL, ended_at = ?3, parked = ?4
               WHERE destination = ?1 AND progress = ?5";
    let why = "the rules file has no destination of this name; add it, then retry the delivery";
    connection.prepare_cached(sql)?.execute(params![destination, PARKED, Micros(now), why, WAITING])?;
    Ok(())
}
