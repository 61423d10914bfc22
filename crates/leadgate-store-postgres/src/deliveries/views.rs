//! What is read of deliveries: lists, stories, when to look again, how destinations stand.

use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::identity::IdentityKey;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    DeliveryAttempt, DeliveryFilter, DeliveryProgress, DeliveryStory, DeliverySummary, DestinationStanding,
};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{DELIVERED, PARKED, WAITING};
use crate::columns::{from_json, moment, optional_moment, text, unsigned, unsigned_small, wrong};
use crate::error::store_error;
use crate::session::Session;

/// How many a list holds that does not say.
const USUAL_LIST: u32 = 100;

const SUMMARY: &str = "id, destination, progress, test, attempts, created_at, wake_at, ended_at, parked, seq";

fn progress_of(stored: i16) -> DeliveryProgress {
    match stored {
        DELIVERED => DeliveryProgress::Delivered,
        PARKED => DeliveryProgress::Parked,
        _ => DeliveryProgress::Waiting,
    }
}

fn stored(progress: DeliveryProgress) -> i16 {
    match progress {
        DeliveryProgress::Waiting => WAITING,
        DeliveryProgress::Delivered => DELIVERED,
        DeliveryProgress::Parked => PARKED,
    }
}

fn summary(row: &PgRow) -> Result<DeliverySummary, sqlx::Error> {
    let progress = progress_of(row.try_get(2)?);
    let wake_at = moment(row, 6)?;
    Ok(DeliverySummary {
        id: row.try_get(0)?,
        destination: row.try_get(1)?,
        progress,
        test: row.try_get(3)?,
        attempts: unsigned_small(row, 4)?,
        created_at: moment(row, 5)?,
        due_at: (progress == DeliveryProgress::Waiting).then_some(wake_at),
        ended_at: optional_moment(row, 7)?,
        parked_because: row.try_get(8)?,
    })
}

/// Deliveries, the youngest first.
pub(super) async fn list(
    connection: &mut Session,
    account: i64,
    filter: &DeliveryFilter,
) -> Result<Vec<DeliverySummary>, sqlx::Error> {
    // Written as numbers, so that the indexes of what waits and what is parked fit.
    let progress = filter.progress.map_or("true".to_owned(), |progress| format!("progress = {}", stored(progress)));
    let destination = if filter.destination.is_some() { "destination = $3" } else { "$3::text IS NULL" };
    let sql = format!(
        "SELECT {SUMMARY} FROM deliveries WHERE account = $1 AND {progress} AND {destination} ORDER BY seq DESC LIMIT $2"
    );
    let limit = if filter.limit == 0 { USUAL_LIST } else { filter.limit };
    let query = sqlx::query(AssertSqlSafe(sql)).bind(account).bind(i64::from(limit));
    let rows = query.bind(filter.destination.as_deref().map(text)).fetch_all(connection).await?;
    rows.iter().map(summary).collect()
}

/// The whole story of a delivery.
pub(super) async fn story(
    connection: &mut Session,
    account: i64,
    id: &str,
) -> Result<Option<DeliveryStory>, StoreError> {
    let found = row_of(connection, account, id).await.map_err(|error| store_error(&error))?;
    let Some((summary, seq, ordering, content)) = found else { return Ok(None) };
    let attempts = attempts(connection, account, seq).await.map_err(|error| store_error(&error))?;
    let delivery = NewDelivery {
        id: summary.id.clone(),
        destination: summary.destination.clone(),
        ordering: IdentityKey::from_stored(ordering),
        content: from_json("delivery", &content)?,
    };
    Ok(Some(DeliveryStory { summary, delivery, attempts }))
}

type StoryRow = (DeliverySummary, i64, String, String);

async fn row_of(connection: &mut Session, account: i64, id: &str) -> Result<Option<StoryRow>, sqlx::Error> {
    let sql = format!("SELECT {SUMMARY}, ordering, content FROM deliveries WHERE account = $1 AND id = $2");
    let found = sqlx::query(AssertSqlSafe(sql)).bind(account).bind(text(id)).fetch_optional(connection).await?;
    found.map(|row| Ok((summary(&row)?, row.try_get(9)?, row.try_get(10)?, row.try_get(11)?))).transpose()
}

async fn attempts(connection: &mut Session, account: i64, delivery: i64) -> Result<Vec<DeliveryAttempt>, sqlx::Error> {
    let sql = "SELECT at, took_ms, status, class, message FROM delivery_attempts
               WHERE account = $1 AND delivery = $2 ORDER BY id";
    let rows = sqlx::query(sql).bind(account).bind(delivery).fetch_all(connection).await?;
    let attempt = |row: &PgRow| {
        let status: Option<i64> = row.try_get(2)?;
        Ok(DeliveryAttempt {
            at: moment(row, 0)?,
            took_ms: unsigned(row, 1)?,
            status: status.map(u16::try_from).transpose().map_err(|error| wrong(2, error))?,
            class: row.try_get(3)?,
            message: row.try_get(4)?,
        })
    };
    rows.iter().map(attempt).collect()
}

/// For each destination, when there is something to lease.
const DUE: &str = "SELECT name, due FROM destinations
    CROSS JOIN LATERAL (
        SELECT wake_at AS due FROM deliveries
        WHERE deliveries.account = $1 AND destination = name AND is_first AND (off_since IS NULL OR test)
        ORDER BY wake_at LIMIT 1) AS next
    WHERE destinations.account = $1 ORDER BY name";

/// For each destination, when there is something to lease.
pub(super) async fn due(connection: &mut Session, account: i64) -> Result<Vec<(String, Timestamp)>, sqlx::Error> {
    let rows = sqlx::query(DUE).bind(account).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, moment(row, 1)?))).collect()
}

const STANDINGS: &str = "SELECT name, off_since, off_reason,
        (SELECT count(*) FROM deliveries WHERE deliveries.account = $1 AND destination = name AND progress = 0),
        (SELECT count(*) FROM deliveries WHERE deliveries.account = $1 AND destination = name AND progress = 2),
        (SELECT min(created_at) FROM deliveries WHERE deliveries.account = $1 AND destination = name AND is_first)
    FROM destinations WHERE destinations.account = $1 ORDER BY name";

/// How each destination stands.
pub(super) async fn standings(connection: &mut Session, account: i64) -> Result<Vec<DestinationStanding>, sqlx::Error> {
    let rows = sqlx::query(STANDINGS).bind(account).fetch_all(connection).await?;
    let standing = |row: &PgRow| {
        let reason: Option<String> = row.try_get(2)?;
        Ok(DestinationStanding {
            name: row.try_get(0)?,
            waiting: unsigned(row, 3)?,
            parked: unsigned(row, 4)?,
            oldest_waiting: optional_moment(row, 5)?,
            switched_off: optional_moment(row, 1)?.map(|since| (since, reason.unwrap_or_default())),
        })
    };
    rows.iter().map(standing).collect()
}
