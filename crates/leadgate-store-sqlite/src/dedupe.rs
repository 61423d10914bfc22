//! Finding what a submission repeats.
//!
//! The index of dedupe keys is by kind, then by the period in which the key ends, then by key. So whoever looks for one asks in each period from the last in
//! which a key ends back to the present one. Periods are short beside the times that keys are remembered for, which are a day and some minutes
//! unless the settings say otherwise, so there are few to ask in.
//!
//! Of keys that are equal and have not ended there may be two, if the clock went back; the later one ends later, so it is met first.

use leadgate_core::submission::SubmissionId;
use leadgate_store::model::Digest;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::columns::{Id, Micros};

/// As long as in the column `dedupe_period`: of callers' keys and of contents, in microseconds.
const PERIOD_OF_KEYS: i64 = 6 * 3_600_000_000;
const PERIOD_OF_CONTENTS: i64 = 600_000_000;

/// Periods that are asked in whether a key ends in them or not; beyond, it is looked which there are. A key may be remembered for ever.
const NEAR: usize = 8;

const LATEST: &str = "SELECT dedupe_period FROM inbox WHERE dedupe_kind = ?1 AND dedupe_period < ?2
                      ORDER BY dedupe_period DESC LIMIT 1";
const FIND: &str = "SELECT seq, id, body_digest FROM inbox
                    WHERE dedupe_kind = ?1 AND dedupe_period = ?2 AND dedupe = ?3 AND dedupe_until > ?4
                    ORDER BY seq DESC LIMIT 1";

/// What is looked for: a key of a kind (0: a caller's, 1: content) that has not ended.
#[derive(Clone, Copy)]
pub(crate) struct Sought<'a> {
    pub(crate) kind: i64,
    pub(crate) digest: &'a Digest,
    pub(crate) now: Micros,
}

/// A submission that was kept: its number, its id, and the digest of its body where its key is a caller's.
pub(crate) type Earlier = (i64, SubmissionId, Option<Digest>);

/// What was kept under the key.
pub(crate) fn find(connection: &Connection, sought: Sought<'_>) -> rusqlite::Result<Option<Earlier>> {
    let present = period(sought.kind, sought.now);
    let mut next = latest(connection, sought.kind, i64::MAX)?;
    let mut asked = 0;
    while let Some(period) = next.filter(|period| *period >= present) {
        let values = params![sought.kind, period, sought.digest, sought.now];
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Id>(1)?.0, row.get(2)?));
        let found = connection.prepare_cached(FIND)?.query_row(values, read).optional()?;
        if found.is_some() {
            return Ok(found);
        }
        asked += 1;
        next = if asked < NEAR { Some(period - 1) } else { latest(connection, sought.kind, period)? };
    }
    Ok(None)
}

/// The last period before that one in which a key ends.
fn latest(connection: &Connection, kind: i64, before: i64) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached(LATEST)?.query_row([kind, before], |row| row.get(0)).optional()
}

fn period(kind: i64, end: Micros) -> i64 {
    end.0.as_microsecond() / if kind == 0 { PERIOD_OF_KEYS } else { PERIOD_OF_CONTENTS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fresh, plan_of};
    use crate::writer::Scope;

    #[tokio::test]
    async fn keys_are_found_by_the_period_in_which_they_end() {
        let (_folder, store) = fresh();
        let plans = store
            .read(|connection| {
                [LATEST, FIND].into_iter().map(|sql| plan_of(connection, sql)).collect::<Result<Vec<_>, _>>()
            })
            .await
            .unwrap();
        let index = "SEARCH inbox USING";
        let expected = [
            format!("{index} INDEX inbox_dedupe (dedupe_kind=? AND dedupe_period<?)"),
            format!("{index} INDEX inbox_dedupe (dedupe_kind=? AND dedupe_period=? AND dedupe=?)"),
        ];
        assert_eq!(plans, expected);
    }

    #[tokio::test]
    async fn the_period_is_the_one_in_the_table() {
        let (_folder, store) = fresh();
        let ends = [0, 1, PERIOD_OF_CONTENTS, PERIOD_OF_KEYS - 1, PERIOD_OF_KEYS, 1_795_811_400_907_530];
        for (kind, end) in [0, 1].into_iter().flat_map(|kind| ends.map(|end| (kind, end))) {
            let sql = format!(
                "INSERT INTO inbox (id, route, body, lane, dedupe_kind, dedupe, accepted_at, dedupe_until)
                 VALUES (randomblob(16), '', '', 0, {kind}, '', 0, {end}) RETURNING dedupe_period"
            );
            let insert = move |connection: &Connection, _: &mut _| connection.query_row(&sql, [], |row| row.get(0));
            let read: Result<i64, _> = store.write(Scope::OneStatement, insert).await;
            let end = Micros(jiff::Timestamp::from_microsecond(end).unwrap());
            assert_eq!(read.unwrap(), period(kind, end), "{kind}, {end:?}");
        }
    }
}
