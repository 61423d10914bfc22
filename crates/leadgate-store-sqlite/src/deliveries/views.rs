//! What is read of deliveries: lists, stories, when to look again, how destinations stand.

use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::identity::IdentityKey;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    DeliveryAttempt, DeliveryFilter, DeliveryProgress, DeliveryStory, DeliverySummary, DestinationStanding,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{DELIVERED, PARKED, WAITING};
use crate::columns::{Micros, from_json};
use crate::error::store_error;

/// How many a list holds that does not say.
const USUAL_LIST: u32 = 100;

const SUMMARY: &str = "id, destination, progress, test, attempts, created_at, wake_at, ended_at, parked, seq";

fn progress_of(stored: i64) -> DeliveryProgress {
    match stored {
        DELIVERED => DeliveryProgress::Delivered,
        PARKED => DeliveryProgress::Parked,
        _ => DeliveryProgress::Waiting,
    }
}

fn stored(progress: DeliveryProgress) -> i64 {
    match progress {
        DeliveryProgress::Waiting => WAITING,
        DeliveryProgress::Delivered => DELIVERED,
        DeliveryProgress::Parked => PARKED,
    }
}

fn summary(row: &Row<'_>) -> rusqlite::Result<DeliverySummary> {
    let progress = progress_of(row.get(2)?);
    Ok(DeliverySummary {
        id: row.get(0)?,
        destination: row.get(1)?,
        progress,
        test: row.get(3)?,
        attempts: row.get(4)?,
        created_at: row.get::<_, Micros>(5)?.0,
        due_at: (progress == DeliveryProgress::Waiting).then_some(row.get::<_, Micros>(6)?.0),
        ended_at: row.get::<_, Option<Micros>>(7)?.map(|moment| moment.0),
        parked_because: row.get(8)?,
    })
}

/// Deliveries, the youngest first.
pub(super) fn list(connection: &Connection, filter: &DeliveryFilter) -> rusqlite::Result<Vec<DeliverySummary>> {
    let sql = format!(
        "SELECT {SUMMARY} FROM deliveries
         WHERE (?1 IS NULL OR progress = ?1) AND (?2 IS NULL OR destination = ?2) ORDER BY seq DESC LIMIT ?3"
    );
    let limit = if filter.limit == 0 { USUAL_LIST } else { filter.limit };
    let mut statement = connection.prepare_cached(&sql)?;
    let columns = params![filter.progress.map(stored), filter.destination, limit];
    statement.query_map(columns, summary)?.collect()
}

/// The whole story of a delivery.
pub(super) fn story(connection: &Connection, id: &str) -> Result<Option<DeliveryStory>, StoreError> {
    let Some((summary, seq, ordering, content)) = row_of(connection, id).map_err(|error| store_error(&error))? else {
        return Ok(None);
    };
    let attempts = attempts(connection, seq).map_err(|error| store_error(&error))?;
    let delivery = NewDelivery {
        id: summary.id.clone(),
        destination: summary.destination.clone(),
        ordering: IdentityKey::from_stored(ordering),
        content: from_json("delivery", &content)?,
    };
    Ok(Some(DeliveryStory { summary, delivery, attempts }))
}

type StoryRow = (DeliverySummary, i64, String, String);

fn row_of(connection: &Connection, id: &str) -> rusqlite::Result<Option<StoryRow>> {
    let sql = format!("SELECT {SUMMARY}, ordering, content FROM deliveries WHERE id = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([id], |row| Ok((summary(row)?, row.get(9)?, row.get(10)?, row.get(11)?)))
        .optional()
}

fn attempts(connection: &Connection, seq: i64) -> rusqlite::Result<Vec<DeliveryAttempt>> {
    let sql = "SELECT at, took_ms, status, class, message FROM delivery_attempts WHERE delivery = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let attempts = statement.query_map([seq], |row| {
        Ok(DeliveryAttempt {
            at: row.get::<_, Micros>(0)?.0,
            took_ms: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
            status: row.get(2)?,
            class: row.get(3)?,
            message: row.get(4)?,
        })
    })?;
    attempts.collect()
}

/// For each destination, when there is something to lease.
pub(super) fn due(connection: &Connection) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    let sql = "SELECT name, CASE WHEN off_since IS NULL
                   THEN (SELECT wake_at FROM deliveries WHERE destination = name AND is_first = 1
                         ORDER BY wake_at LIMIT 1)
                   ELSE (SELECT min(wake_at) FROM deliveries WHERE destination = name AND is_first = 1 AND test = 1) END
               FROM destinations";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<Micros>>(1)?)))?;
    let rows = rows.collect::<rusqlite::Result<Vec<(String, Option<Micros>)>>>()?;
    Ok(rows.into_iter().filter_map(|(name, due)| Some((name, due?.0))).collect())
}

/// How each destination stands.
pub(super) fn standings(connection: &Connection) -> rusqlite::Result<Vec<DestinationStanding>> {
    let sql = "SELECT name, off_since, off_reason,
                   (SELECT count(*) FROM deliveries WHERE destination = name AND progress = 0),
                   (SELECT count(*) FROM deliveries WHERE destination = name AND progress = 2),
                   (SELECT min(created_at) FROM deliveries WHERE destination = name AND is_first = 1)
               FROM destinations ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let standings = statement.query_map([], |row| {
        let off_since: Option<Micros> = row.get(1)?;
        let reason: Option<String> = row.get(2)?;
        Ok(DestinationStanding {
            name: row.get(0)?,
            waiting: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
            parked: u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
            oldest_waiting: row.get::<_, Option<Micros>>(5)?.map(|moment| moment.0),
            switched_off: off_since.map(|since| (since.0, reason.unwrap_or_default())),
        })
    })?;
    standings.collect()
}
