//! Leasing due deliveries, and recording what came of attempts.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::identity::IdentityKey;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    ClaimedDelivery, DeliveryAttempt, DeliveryClaim, DeliveryLease, DeliveryThen, DeliveryTurn,
};
use leadgate_store::model::TurnOutcome;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::line::{self, Line};
use super::{DELIVERED, PARKED, WAITING};
use crate::columns::{from_json, micros, moment, text, unsigned_small};
use crate::error::store_error;
use crate::session::Session;

/// Of each destination those that have been due the longest. What is leased is told in that order.
const CLAIM: &str = "WITH asked AS (
        SELECT * FROM unnest($2::text[], $3::bigint[], $4::bool[], $5::bigint[])
            WITH ORDINALITY AS asked (name, room, tests_only, lease_until, number)
    ), due AS MATERIALIZED (
        SELECT asked.number, asked.lease_until, first.seq, first.wake_at, first.place
        FROM asked JOIN destinations ON destinations.account = $1 AND destinations.name = asked.name
        CROSS JOIN LATERAL (
            SELECT seq, wake_at, place FROM deliveries
            WHERE account = $1 AND destination = asked.name AND is_first AND wake_at <= $6
              AND (test OR NOT asked.tests_only AND destinations.off_since IS NULL)
            ORDER BY wake_at, place LIMIT asked.room) AS first
    ), leased AS (
        UPDATE deliveries SET lease_worker = $7, lease_number = lease_number + 1,
            wake_at = (SELECT lease_until FROM due WHERE due.seq = deliveries.seq LIMIT 1)
        WHERE account = $1 AND seq = ANY (ARRAY (SELECT seq FROM due))
        RETURNING *
    )
    SELECT leased.seq, lease_number, id, destination, ordering, content, test, attempts, created_at
    FROM leased JOIN due ON due.seq = leased.seq ORDER BY due.number, due.wake_at, due.place";

/// Leases what is due, destination by destination. Each comes with its lease, also where the rest cannot be read.
pub(super) async fn claim(
    connection: &mut Session,
    account: i64,
    claim: &DeliveryClaim,
) -> Result<Vec<PgRow>, sqlx::Error> {
    let known: BTreeSet<&str> = claim.destinations.iter().map(|destination| destination.name.as_str()).collect();
    line::park_strangers(connection, account, &known, claim.now).await?;
    let asked: Vec<_> = claim.destinations.iter().filter(|destination| destination.room > 0).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let query = sqlx::query(CLAIM)
        .bind(account)
        .bind(asked.iter().map(|one| text(&one.name).into_owned()).collect::<Vec<_>>())
        .bind(asked.iter().map(|one| i64::from(one.room)).collect::<Vec<_>>())
        .bind(asked.iter().map(|one| one.tests_only).collect::<Vec<_>>())
        .bind(asked.iter().map(|one| micros(one.lease_until)).collect::<Vec<_>>())
        .bind(micros(claim.now))
        .bind(text(&claim.worker));
    query.fetch_all(connection).await
}

/// The lease of a claimed row.
pub(super) fn lease(row: &PgRow) -> Result<DeliveryLease, sqlx::Error> {
    Ok(DeliveryLease { delivery: row.try_get(0)?, number: row.try_get(1)? })
}

/// The delivery of a claimed row.
pub(super) fn decode(row: &PgRow, lease: DeliveryLease) -> Result<ClaimedDelivery, StoreError> {
    let read = || -> Result<(NewDelivery, String), sqlx::Error> {
        let ordering = IdentityKey::from_stored(row.try_get(4)?);
        let content = serde_json::Value::Null;
        let delivery = NewDelivery { id: row.try_get(2)?, destination: row.try_get(3)?, ordering, content };
        Ok((delivery, row.try_get(5)?))
    };
    let (mut delivery, content) = read().map_err(|error| store_error(&error))?;
    delivery.content = from_json("delivery", &content)?;
    let claimed = || -> Result<ClaimedDelivery, sqlx::Error> {
        let (test, attempts, created_at) = (row.try_get(6)?, unsigned_small(row, 7)?, moment(row, 8)?);
        Ok(ClaimedDelivery { lease, delivery, test, attempts, created_at })
    };
    claimed().map_err(|error| store_error(&error))
}

/// What a turn makes of its delivery.
struct Next<'a> {
    progress: i16,
    /// For those that wait on.
    due_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    parked: Option<&'a str>,
}

impl<'a> Next<'a> {
    fn of(then: &'a DeliveryThen, now: Timestamp) -> Next<'a> {
        let ended_at = Some(now);
        match then {
            DeliveryThen::DueAt(due) => Next { progress: WAITING, due_at: Some(*due), ended_at: None, parked: None },
            DeliveryThen::Delivered => Next { progress: DELIVERED, due_at: None, ended_at, parked: None },
            DeliveryThen::Parked(why) => Next { progress: PARKED, due_at: None, ended_at, parked: Some(why) },
        }
    }
}

/// Records an attempt and what is next. Returns also whether something else can go now.
pub(super) async fn finish(
    connection: &mut Session,
    account: i64,
    turn: &DeliveryTurn,
    now: Timestamp,
) -> Result<(TurnOutcome, bool), sqlx::Error> {
    let next = Next::of(&turn.then, now);
    let Some(line) = move_on(connection, account, turn.lease, (&next, 1)).await? else {
        return Ok((TurnOutcome::LeaseLost, false));
    };
    insert_attempt(connection, account, turn.lease.delivery, &turn.attempt).await?;
    if let Some(why) = &turn.switch_off {
        let sql = "UPDATE destinations SET off_since = coalesce(off_since, $3), off_reason = $4
                   WHERE account = $1 AND name = $2";
        let switch = sqlx::query(sql).bind(account).bind(&line.destination).bind(micros(now)).bind(text(why));
        switch.execute(&mut *connection).await?;
    }
    let can_go = match next.due_at {
        Some(due) => due <= now,
        None => line::move_up(connection, account, &line).await?,
    };
    Ok((TurnOutcome::Recorded, can_go))
}

/// Ends the lease, if it still holds. Returns the delivery's line then.
async fn move_on(
    connection: &mut Session,
    account: i64,
    lease: DeliveryLease,
    (next, attempts): (&Next<'_>, i64),
) -> Result<Option<Line>, sqlx::Error> {
    let sql = "UPDATE deliveries SET lease_worker = NULL, attempts = attempts + $4, progress = $5,
                   is_first = is_first AND $5 = 0, wake_at = coalesce($6, wake_at), ended_at = $7, parked = $8
               WHERE account = $1 AND seq = $2 AND lease_number = $3 AND lease_worker IS NOT NULL
               RETURNING destination, ordering";
    let moved = sqlx::query(sql)
        .bind(account)
        .bind(lease.delivery)
        .bind(lease.number)
        .bind(attempts)
        .bind(next.progress)
        .bind(next.due_at.map(micros))
        .bind(next.ended_at.map(micros))
        .bind(next.parked.map(text));
    let row = moved.fetch_optional(connection).await?;
    row.map(|row| Ok(Line { destination: row.try_get(0)?, ordering: row.try_get(1)? })).transpose()
}

async fn insert_attempt(
    connection: &mut Session,
    account: i64,
    delivery: i64,
    attempt: &DeliveryAttempt,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO delivery_attempts (account, delivery, at, took_ms, status, class, message)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sqlx::query(sql)
        .bind(account)
        .bind(delivery)
        .bind(micros(attempt.at))
        .bind(i64::try_from(attempt.took_ms).unwrap_or(i64::MAX))
        .bind(attempt.status.map(i64::from))
        .bind(text(&attempt.class))
        .bind(attempt.message.as_deref().map(text));
    insert.execute(connection).await.map(|_| ())
}

/// Parks a leased delivery that cannot be read; no attempt was made. Returns whether another can go now.
pub(super) async fn park_unreadable(
    connection: &mut Session,
    account: i64,
    lease: DeliveryLease,
    (why, now): (&str, Timestamp),
) -> Result<bool, sqlx::Error> {
    let next = Next { progress: PARKED, due_at: None, ended_at: Some(now), parked: Some(why) };
    match move_on(connection, account, lease, (&next, 0)).await? {
        Some(line) => line::move_up(connection, account, &line).await,
        None => Ok(false),
    }
}

/// Gives up the leases of a worker, or of all.
pub(super) async fn abandon(
    connection: &mut Session,
    account: i64,
    worker: Option<&str>,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE deliveries SET lease_worker = NULL, wake_at = $3
               WHERE account = $1 AND lease_worker IS NOT NULL AND ($2::text IS NULL OR lease_worker = $2)";
    let done = sqlx::query(sql).bind(account).bind(worker.map(text)).bind(micros(now)).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Switches a destination on again.
pub(super) async fn switch_on(connection: &mut Session, account: i64, destination: &str) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE destinations SET off_since = NULL, off_reason = NULL
               WHERE account = $1 AND name = $2 AND off_since IS NOT NULL";
    let done = sqlx::query(sql).bind(account).bind(text(destination)).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}
