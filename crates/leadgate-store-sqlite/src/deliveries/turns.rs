//! Leasing due deliveries, and recording what came of attempts.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::identity::IdentityKey;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    ClaimedDelivery, DeliveryAttempt, DeliveryClaim, DeliveryLease, DeliveryThen, DeliveryTurn, DestinationRoom,
};
use leadgate_store::model::TurnOutcome;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{DELIVERED, PARKED, line};
use crate::columns::{Micros, from_json};
use crate::error::store_error;
use crate::writer::Announcements;

/// A claimed row; its content is read on the caller's side.
pub(super) struct ClaimedRow {
    lease: DeliveryLease,
    columns: rusqlite::Result<DeliveryColumns>,
}

struct DeliveryColumns {
    id: String,
    destination: String,
    ordering: String,
    content: String,
    test: bool,
    attempts: u32,
    created_at: Micros,
}

impl ClaimedRow {
    pub(super) fn decode(self) -> Result<ClaimedDelivery, (DeliveryLease, StoreError)> {
        let lease = self.lease;
        let columns = self.columns.map_err(|error| store_error(&error));
        columns.and_then(|columns| columns.decode(lease)).map_err(|error| (lease, error))
    }
}

impl DeliveryColumns {
    fn read(row: &Row<'_>) -> rusqlite::Result<DeliveryColumns> {
        Ok(DeliveryColumns {
            id: row.get(2)?,
            destination: row.get(3)?,
            ordering: row.get(4)?,
            content: row.get(5)?,
            test: row.get(6)?,
            attempts: row.get(7)?,
            created_at: row.get(8)?,
        })
    }

    fn decode(self, lease: DeliveryLease) -> Result<ClaimedDelivery, StoreError> {
        let delivery = NewDelivery {
            id: self.id,
            destination: self.destination,
            ordering: IdentityKey::from_stored(self.ordering),
            content: from_json("delivery", &self.content)?,
        };
        let (test, attempts) = (self.test, self.attempts);
        Ok(ClaimedDelivery { lease, delivery, test, attempts, created_at: self.created_at.0 })
    }
}

/// Leases what is due, destination by destination.
pub(super) fn claim(connection: &Connection, claim: &DeliveryClaim) -> rusqlite::Result<Vec<ClaimedRow>> {
    park_strangers(connection, claim)?;
    let mut claimed = Vec::new();
    for destination in claim.destinations.iter().filter(|destination| destination.room > 0) {
        for seq in due(connection, destination, claim.now)? {
            claimed.push(lease(connection, seq, claim, destination)?);
        }
    }
    Ok(claimed)
}

fn park_strangers(connection: &Connection, claim: &DeliveryClaim) -> rusqlite::Result<()> {
    let known: BTreeSet<&str> = claim.destinations.iter().map(|destination| destination.name.as_str()).collect();
    let mut statement = connection.prepare_cached("SELECT name FROM destinations")?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for stranger in names.iter().filter(|name| !known.contains(name.as_str())) {
        line::park_all_of(connection, stranger, claim.now)?;
    }
    Ok(())
}

fn due(connection: &Connection, destination: &DestinationRoom, now: Timestamp) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT seq FROM deliveries
               WHERE destination = ?1 AND is_first = 1 AND wake_at <= ?2
                 AND (test = 1 OR NOT ?3 AND (SELECT off_since IS NULL FROM destinations WHERE name = ?1))
               ORDER BY wake_at, place LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let columns = params![destination.name, Micros(now), destination.tests_only, destination.room];
    statement.query_map(columns, |row| row.get(0))?.collect()
}

fn lease(
    connection: &Connection,
    seq: i64,
    claim: &DeliveryClaim,
    destination: &DestinationRoom,
) -> rusqlite::Result<ClaimedRow> {
    let sql = "UPDATE deliveries SET lease_worker = ?2, lease_number = lease_number + 1, wake_at = ?3 WHERE seq = ?1
               RETURNING seq, lease_number, id, destination, ordering, content, test, attempts, created_at";
    let columns = params![seq, claim.worker, Micros(destination.lease_until)];
    connection.prepare_cached(sql)?.query_row(columns, |row| {
        let lease = DeliveryLease { delivery: row.get(0)?, number: row.get(1)? };
        Ok(ClaimedRow { lease, columns: DeliveryColumns::read(row) })
    })
}

/// Records an attempt and what is next.
pub(super) fn finish(
    connection: &Connection,
    turn: &DeliveryTurn,
    now: Timestamp,
    announcements: &mut Announcements,
) -> rusqlite::Result<TurnOutcome> {
    let Some(destination) = leased_destination(connection, turn.lease)? else { return Ok(TurnOutcome::LeaseLost) };
    insert_attempt(connection, turn.lease.delivery, &turn.attempt)?;
    if let Some(why) = &turn.switch_off {
        let sql = "UPDATE destinations SET off_since = coalesce(off_since, ?2), off_reason = ?3 WHERE name = ?1";
        connection.prepare_cached(sql)?.execute(params![destination, Micros(now), why])?;
    }
    announcements.deliveries |= move_on(connection, turn, now)?;
    Ok(TurnOutcome::Recorded)
}

fn leased_destination(connection: &Connection, lease: DeliveryLease) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT destination FROM deliveries WHERE seq = ?1 AND lease_number = ?2 AND lease_worker IS NOT NULL";
    connection.prepare_cached(sql)?.query_row([lease.delivery, lease.number], |row| row.get(0)).optional()
}

fn insert_attempt(connection: &Connection, delivery: i64, attempt: &DeliveryAttempt) -> rusqlite::Result<()> {
    let sql = "INSERT INTO delivery_attempts (delivery, at, took_ms, status, class, message)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let took = i64::try_from(attempt.took_ms).unwrap_or(i64::MAX);
    let columns = params![delivery, Micros(attempt.at), took, attempt.status, attempt.class, attempt.message];
    connection.prepare_cached(sql)?.execute(columns)?;
    Ok(())
}

/// Ends the lease. Returns whether something else can go now.
fn move_on(connection: &Connection, turn: &DeliveryTurn, now: Timestamp) -> rusqlite::Result<bool> {
    let seq = turn.lease.delivery;
    connection.prepare_cached("UPDATE deliveries SET attempts = attempts + 1 WHERE seq = ?1")?.execute([seq])?;
    match &turn.then {
        DeliveryThen::DueAt(due) => {
            let sql = "UPDATE deliveries SET lease_worker = NULL, wake_at = ?2 WHERE seq = ?1";
            connection.prepare_cached(sql)?.execute(params![seq, Micros(*due)])?;
            Ok(*due <= now)
        }
        DeliveryThen::Delivered => end(connection, seq, (DELIVERED, None), now),
        DeliveryThen::Parked(why) => end(connection, seq, (PARKED, Some(why)), now),
    }
}

/// Takes a delivery out of its line. Returns whether another can go now.
fn end(
    connection: &Connection,
    seq: i64,
    (progress, why): (i64, Option<&str>),
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE deliveries SET lease_worker = NULL, is_first = 0, progress = ?2, ended_at = ?3, parked = ?4
               WHERE seq = ?1";
    connection.prepare_cached(sql)?.execute(params![seq, progress, Micros(now), why])?;
    line::move_up(connection, seq)
}

/// Parks a leased delivery that cannot be read; no attempt was made. Returns whether another can go now.
pub(super) fn park_unreadable(
    connection: &Connection,
    lease: DeliveryLease,
    why: &str,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM deliveries WHERE seq = ?1 AND lease_number = ?2 AND lease_worker IS NOT NULL";
    let is_ours = connection.prepare_cached(sql)?.exists([lease.delivery, lease.number])?;
    if is_ours { end(connection, lease.delivery, (PARKED, Some(why)), now) } else { Ok(false) }
}

/// Gives up the leases of a worker, or of all.
pub(crate) fn abandon(connection: &Connection, worker: Option<&str>, now: Timestamp) -> rusqlite::Result<u64> {
    let sql = "UPDATE deliveries SET lease_worker = NULL, wake_at = ?2
               WHERE lease_worker IS NOT NULL AND lease_worker = coalesce(?1, lease_worker)";
    let count = connection.prepare_cached(sql)?.execute(params![worker, Micros(now)])?;
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Switches a destination on again.
pub(super) fn switch_on(connection: &Connection, destination: &str) -> rusqlite::Result<bool> {
    let sql = "UPDATE destinations SET off_since = NULL, off_reason = NULL WHERE name = ?1 AND off_since IS NOT NULL";
    Ok(connection.prepare_cached(sql)?.execute([destination])? > 0)
}
