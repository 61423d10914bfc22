//! What turns leave behind: requests made, what was learned, notes, deliveries, further identities.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use leadgate_store::model::Attempt;
use sqlx::Row as _;

use super::PreparedTurn;
use super::prepared::Learned;
use crate::columns::{micros, text};
use crate::deliveries::{self, PreparedDelivery};
use crate::queue;
use crate::transaction::Work;

/// Keeps all of it, kind by kind, each in the order of the turns.
pub(super) async fn keep(work: &mut Work, turns: &[&PreparedTurn], now: Timestamp) -> Result<(), sqlx::Error> {
    insert_attempts(work, turns).await?;
    learn(work, turns, now).await?;
    unlearn(work, turns).await?;
    insert_notes(work, turns).await?;
    let deliveries: Vec<&PreparedDelivery> = turns.iter().flat_map(|turn| &turn.deliveries).collect();
    let account = work.account;
    if !deliveries.is_empty() {
        work.lock_deliveries().await?;
        deliveries::keep_all(work.connection(), account, &deliveries, now).await?;
        work.announcements.deliveries = true;
    }
    for turn in turns {
        if let Some(key) = &turn.add_key {
            queue::hold_further(work.connection(), account, turn.lease.job.0, key).await?;
        }
    }
    Ok(())
}

async fn insert_attempts(work: &mut Work, turns: &[&PreparedTurn]) -> Result<(), sqlx::Error> {
    let made: Vec<(i64, &Attempt)> =
        turns.iter().filter_map(|turn| Some((turn.lease.job.0, turn.attempt.as_ref()?))).collect();
    if made.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO attempts (account, job, call, at, took_ms, status, class, cost_milli, message)
               SELECT $1, job, call, at, took_ms, status, class, cost_milli, message
               FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[],
                       $9::text[]) WITH ORDINALITY
                   AS new (job, call, at, took_ms, status, class, cost_milli, message, place)
               ORDER BY place";
    sqlx::query(sql)
        .bind(work.account)
        .bind(made.iter().map(|(job, _)| *job).collect::<Vec<_>>())
        .bind(made.iter().map(|(_, attempt)| text(&attempt.call)).collect::<Vec<_>>())
        .bind(made.iter().map(|(_, attempt)| micros(attempt.at)).collect::<Vec<_>>())
        .bind(made.iter().map(|(_, attempt)| i64::try_from(attempt.took_ms).unwrap_or(i64::MAX)).collect::<Vec<_>>())
        .bind(made.iter().map(|(_, attempt)| attempt.status.map(i64::from)).collect::<Vec<_>>())
        .bind(made.iter().map(|(_, attempt)| text(&attempt.class)).collect::<Vec<_>>())
        .bind(made.iter().map(|(_, attempt)| i64::from(attempt.cost_milli)).collect::<Vec<_>>())
        .bind(made.iter().map(|(_, attempt)| attempt.message.as_deref().map(text)).collect::<Vec<_>>())
        .execute(work.connection())
        .await
        .map(|_| ())
}

/// What is known of an identity.
struct Known {
    kind: String,
    id: i64,
    filled: BTreeSet<String>,
}

/// Remembers identities. The same record adds to what is known to be filled; another record takes its place.
async fn learn(work: &mut Work, turns: &[&PreparedTurn], now: Timestamp) -> Result<(), sqlx::Error> {
    let learned: Vec<&Learned> = turns.iter().flat_map(|turn| &turn.learned).collect();
    if learned.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<String> = learned.iter().map(|learned| text(learned.key.as_str()).into_owned()).collect();
    let mut known = known_so_far(work, &keys).await?;
    let mut changed: BTreeMap<String, Known> = BTreeMap::new();
    for learned in learned {
        let key = text(learned.key.as_str()).into_owned();
        let (kind, id) = (learned.record.kind.name(), learned.record.id);
        let mut filled: BTreeSet<String> = learned.filled.iter().cloned().collect();
        if let Some(before) = changed.remove(&key).or_else(|| known.remove(&key))
            && before.kind == kind
            && before.id == id
        {
            filled.extend(before.filled);
        }
        changed.insert(key, Known { kind: kind.to_owned(), id, filled });
    }
    write_known(work, &changed, now).await
}

/// Forgets what is known of identities whose record is gone.
async fn unlearn(work: &mut Work, turns: &[&PreparedTurn]) -> Result<(), sqlx::Error> {
    let keys: Vec<_> = turns.iter().flat_map(|turn| &turn.unlearned).map(|key| text(key.as_str())).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM known WHERE account = $1 AND key = ANY ($2)";
    sqlx::query(sql).bind(work.account).bind(keys).execute(work.connection()).await.map(|_| ())
}

/// The limit has each identity looked up by itself, however little is known of how many there are.
pub(crate) const KNOWN: &str = "SELECT known.key, record_kind, record_id, filled FROM unnest($2::text[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT key, record_kind, record_id, filled FROM known WHERE account = $1 AND known.key = asked.key LIMIT 1) AS known";

async fn known_so_far(work: &mut Work, keys: &BTreeSet<String>) -> Result<HashMap<String, Known>, sqlx::Error> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let rows = sqlx::query(KNOWN).bind(work.account).bind(keys).fetch_all(work.connection()).await?;
    let read = |row: &sqlx::postgres::PgRow| {
        // What cannot be read is as good as nothing: it is learned anew.
        let filled = serde_json::from_str(row.try_get(3)?).unwrap_or_default();
        Ok((row.try_get(0)?, Known { kind: row.try_get(1)?, id: row.try_get(2)?, filled }))
    };
    rows.iter().map(read).collect()
}

async fn write_known(work: &mut Work, known: &BTreeMap<String, Known>, now: Timestamp) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO known (account, key, record_kind, record_id, filled, learned_at)
               SELECT $1, key, kind, record, filled, $6
               FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[]) AS new (key, kind, record, filled)
               ON CONFLICT (account, key) DO UPDATE SET record_kind = excluded.record_kind,
                   record_id = excluded.record_id, filled = excluded.filled, learned_at = excluded.learned_at";
    let filled = known.values().map(|known| serde_json::Value::from_iter(known.filled.iter().cloned()).to_string());
    sqlx::query(sql)
        .bind(work.account)
        .bind(known.keys().map(String::as_str).collect::<Vec<_>>())
        .bind(known.values().map(|known| known.kind.as_str()).collect::<Vec<_>>())
        .bind(known.values().map(|known| known.id).collect::<Vec<_>>())
        .bind(filled.collect::<Vec<_>>())
        .bind(micros(now))
        .execute(work.connection())
        .await
        .map(|_| ())
}

async fn insert_notes(work: &mut Work, turns: &[&PreparedTurn]) -> Result<(), sqlx::Error> {
    let notes: Vec<_> = turns.iter().flat_map(|turn| &turn.notes).collect();
    if notes.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO notes (account, record, note_id)
               SELECT $1, record, note FROM unnest($2::text[], $3::bigint[]) AS new (record, note) ON CONFLICT DO NOTHING";
    sqlx::query(sql)
        .bind(work.account)
        .bind(notes.iter().map(|(record, _)| text(record.as_str())).collect::<Vec<_>>())
        .bind(notes.iter().map(|(_, note)| *note).collect::<Vec<_>>())
        .execute(work.connection())
        .await
        .map(|_| ())
}
