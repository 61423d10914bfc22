//! Keeping deliveries, and their lines: who is the first, and who comes next.
//!
//! Whoever calls one of these holds the lock of the account's deliveries: what a statement finds of a line is still so when it writes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use sqlx::Row as _;

use crate::columns::{micros, text};
use crate::session::Session;

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
}

/// Those of the given ones whose ids are new, each at the end of its line.
const KEEP: &str = "WITH given AS (
        SELECT DISTINCT ON (id) id, destination, ordering, content, test, number
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
            WITH ORDINALITY AS given (id, destination, ordering, content, test, number)
        ORDER BY id, number
    ), fresh AS (
        SELECT given.*, row_number() OVER (PARTITION BY destination, ordering ORDER BY number) AS nth_of_line
        FROM given
        WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.account = $1 AND deliveries.id = given.id)
    ), named AS (
        INSERT INTO destinations (account, name) SELECT DISTINCT $1::bigint, destination FROM given
        ON CONFLICT DO NOTHING
    )
    INSERT INTO deliveries
        (account, id, destination, ordering, place, content, test, progress, is_first, wake_at, created_at)
    SELECT $1, id, destination, ordering, nextval('delivery_places'), content, test, 0,
        nth_of_line = 1 AND NOT EXISTS (
            SELECT 1 FROM deliveries AS other
            WHERE other.account = $1 AND other.destination = fresh.destination AND other.ordering = fresh.ordering
              AND other.progress = 0),
        $7, $7
    FROM fresh ORDER BY number";

/// Keeps deliveries at the end of their lines, in order, due at once. One whose id is known is left as it is. Returns how many are new.
pub(crate) async fn keep_all(
    connection: &mut Session,
    account: i64,
    prepared: &[&PreparedDelivery],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    if prepared.is_empty() {
        return Ok(0);
    }
    let texts = |part: fn(&PreparedDelivery) -> &str| -> Vec<String> {
        prepared.iter().map(|one| text(part(one)).into_owned()).collect()
    };
    let kept = sqlx::query(KEEP)
        .bind(account)
        .bind(texts(|one| &one.delivery.id))
        .bind(texts(|one| &one.delivery.destination))
        .bind(texts(|one| one.delivery.ordering.as_str()))
        .bind(texts(|one| &one.content))
        .bind(prepared.iter().map(|one| one.test).collect::<Vec<bool>>())
        .bind(micros(now));
    kept.execute(connection).await.map(|done| done.rows_affected())
}

/// The deliveries to one destination that go one after another.
pub(super) struct Line {
    pub(super) destination: String,
    pub(super) ordering: String,
}

const MOVE_UP: &str = "UPDATE deliveries SET is_first = true WHERE account = $1 AND seq = (
        SELECT seq FROM deliveries WHERE account = $1 AND destination = $2 AND ordering = $3 AND progress = 0
        ORDER BY place LIMIT 1)";

/// Lets the next of a line move up after its first left it. Returns whether there is one.
pub(super) async fn move_up(connection: &mut Session, account: i64, line: &Line) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query(MOVE_UP).bind(account).bind(&line.destination).bind(&line.ordering);
    Ok(moved.execute(connection).await?.rows_affected() > 0)
}

/// The places are drawn once, before anything is joined with them.
/// Lets the next of the line move up that a delivery left. Returns whether there is one.
pub(crate) async fn leave_line(connection: &mut Session, account: i64, left: i64) -> Result<bool, sqlx::Error> {
    let sql = "SELECT destination, ordering FROM deliveries WHERE account = $1 AND seq = $2";
    let row = sqlx::query(sql).bind(account).bind(left).fetch_one(&mut *connection).await?;
    move_up(connection, account, &Line { destination: row.try_get(0)?, ordering: row.try_get(1)? }).await
}

const PUT_BACK: &str = "WITH nth AS MATERIALIZED (
        SELECT seq, nextval('delivery_places') AS place,
            row_number() OVER (PARTITION BY destination, ordering ORDER BY seq) AS of_line
        FROM deliveries WHERE account = $1 AND seq = ANY ($2) ORDER BY seq
    )
    UPDATE deliveries SET progress = 0, attempts = 0, ended_at = NULL, parked = NULL, wake_at = $3,
        place = nth.place,
        is_first = nth.of_line = 1 AND NOT EXISTS (
            SELECT 1 FROM deliveries AS other
            WHERE other.account = $1 AND other.destination = deliveries.destination
              AND other.ordering = deliveries.ordering AND other.progress = 0)
    FROM nth WHERE deliveries.account = $1 AND deliveries.seq = ANY ($2) AND deliveries.seq = nth.seq";

/// Puts ended deliveries at the ends of their lines, in order of their numbers, due at once.
pub(super) async fn put_back(
    connection: &mut Session,
    account: i64,
    seqs: &[i64],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(PUT_BACK).bind(account).bind(seqs).bind(micros(now)).execute(connection).await?;
    Ok(())
}

/// The number and progress of the delivery with that id; of one that was forgotten nothing is left to deliver.
pub(super) async fn find(connection: &mut Session, account: i64, id: &str) -> Result<Option<(i64, i16)>, sqlx::Error> {
    let sql = "SELECT seq, progress FROM deliveries
               WHERE account = $1 AND id = $2 AND (progress = 0 OR content <> 'null')";
    let found = sqlx::query(sql).bind(account).bind(text(id)).fetch_optional(connection).await?;
    found.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// Deliveries put back in one transaction, at most.
const MOST_PUT_BACK: i64 = 256;

/// Puts the next parked deliveries behind a number back. Returns how many, and the last looked at; `None` if there are no more.
pub(super) async fn put_back_some(
    connection: &mut Session,
    account: i64,
    (destination, after): (Option<&str>, i64),
    now: Timestamp,
) -> Result<(u64, Option<i64>), sqlx::Error> {
    let sql = "SELECT seq FROM deliveries
               WHERE account = $1 AND progress = 2 AND NOT test AND seq > $2 AND ($3::text IS NULL OR destination = $3)
                 AND content <> 'null'
               ORDER BY seq LIMIT $4";
    let parked = sqlx::query_scalar(sql).bind(account).bind(after).bind(destination.map(text));
    let found: Vec<i64> = parked.bind(MOST_PUT_BACK).fetch_all(&mut *connection).await?;
    if !found.is_empty() {
        put_back(connection, account, &found, now).await?;
    }
    Ok((found.len() as u64, found.last().copied()))
}

/// Parks what waits for destinations that there are no more: all but the known ones.
pub(super) async fn park_strangers(
    connection: &mut Session,
    account: i64,
    known: &BTreeSet<&str>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let named = sqlx::query_scalar("SELECT name FROM destinations WHERE account = $1").bind(account);
    let mut strangers: Vec<String> = named.fetch_all(&mut *connection).await?;
    strangers.retain(|name| !known.contains(name.as_str()));
    if strangers.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE deliveries SET progress = 2, is_first = false, lease_worker = NULL, ended_at = $3, parked = $4
               WHERE account = $1 AND destination = ANY($2) AND progress = 0";
    let why = "the rules file has no destination of this name; add it, then retry the delivery";
    let park = sqlx::query(sql).bind(account).bind(strangers).bind(micros(now)).bind(why);
    park.execute(connection).await.map(|_| ())
}
