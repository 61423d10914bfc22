//! The history of runs, and how much of the past is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_core::sync::Stream;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{Applied, CopyError};

/// One run of the reading. Kept as JSON; what a later version adds has a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its number, which the caller gives; later runs have greater ones.
    pub id: i64,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none while it is under way, or if its process died.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// How it ended, in the caller's words.
    #[serde(default)]
    pub outcome: Option<String>,
    /// How many requests it made.
    #[serde(default)]
    pub requests: u64,
    /// What became of the rows of each stream.
    #[serde(default)]
    pub streams: BTreeMap<Stream, Applied>,
    /// Whatever else the caller keeps of it.
    #[serde(default)]
    pub details: serde_json::Value,
}

pub(super) fn put(connection: &Connection, run: &Run) -> Result<(), CopyError> {
    let text = serde_json::to_string(run).map_err(CopyError::damaged)?;
    let sql = "INSERT INTO runs (id, run) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET run = excluded.run";
    connection.execute(sql, params![run.id, text])?;
    Ok(())
}

pub(super) fn latest(connection: &Connection, limit: usize) -> Result<Vec<Run>, CopyError> {
    let mut query = connection.prepare("SELECT id, run FROM runs ORDER BY id DESC LIMIT ?1")?;
    let mut found = query.query([limit as i64])?;
    let mut runs = Vec::new();
    while let Some(row) = found.next()? {
        let id: i64 = row.get(0)?;
        let run = serde_json::from_str(row.get_ref(1)?.as_str().map_err(CopyError::damaged)?);
        runs.push(run.map_err(|_| CopyError::damaged(format_args!("run {id}")))?);
    }
    Ok(runs)
}

/// Changes and runs from before these moments, by number: the oldest are looked at, so that no index on their moments is needed.
pub(super) fn remove_old(
    connection: &Connection,
    (changes_before, runs_before): (Option<Timestamp>, Option<Timestamp>),
    most: usize,
) -> Result<(u64, u64), CopyError> {
    let (mut changes, mut runs) = (0, 0);
    if let Some(before) = changes_before {
        let sql = "DELETE FROM changes WHERE seq IN (
                       SELECT seq FROM (SELECT seq, noticed_at FROM changes ORDER BY seq LIMIT ?2)
                       WHERE noticed_at < ?1 AND seq < (SELECT max(seq) FROM changes))";
        changes = connection.execute(sql, params![before.as_microsecond(), most as i64])?;
    }
    if let Some(before) = runs_before {
        let old = latest(connection, i64::MAX as usize)?.into_iter().skip(1).filter(|run| run.began < before);
        for run in old.take(most) {
            runs += connection.execute("DELETE FROM runs WHERE id = ?1", [run.id])?;
        }
    }
    Ok((changes as u64, runs as u64))
}
