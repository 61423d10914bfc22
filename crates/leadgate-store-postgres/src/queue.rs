//! Which jobs may be leased: due, not leased, and first in the queue of each of their identities.
//!
//! That is decided when something changes, not when jobs are claimed: `jobs.queue` says where a job stands, so a claim reads the ready ones
//! from an index and never passes over the thousands that wait behind one of them.
//!
//! | `queue` | the job | leaves it |
//! |---|---|---|
//! | [`OUT`] | finished or parked | by release |
//! | [`READY`] | may be leased | by a lease |
//! | [`SLEEPING`] | is leased, or due later; `wake_at` says until when | by a turn, or when a claim wakes it |
//! | [`BEHIND`] | waits behind another job of one of its identities | when that one ends |
//!
//! The queue of an identity is its rows in `job_keys` with `held = 1`, by `seq`. A new row always goes to the end, so a job that is first
//! stays first until it ends.

use jiff::Timestamp;
use leadgate_core::identity::IdentityKey;
pub(crate) use leadgate_store::stored::StateColumns;
use sqlx::Row as _;

use crate::columns::{micros, text};
use crate::session::Session;

pub(crate) const OUT: i16 = 0;
pub(crate) const READY: i16 = 1;
pub(crate) const SLEEPING: i16 = 2;
pub(crate) const BEHIND: i16 = 3;

pub(crate) const WORKING: i16 = 0;
pub(crate) const DONE: i16 = 1;
pub(crate) const PARKED: i16 = 2;

/// The identities that jobs hold or recall, as columns.
#[derive(Default)]
pub(crate) struct KeyColumns {
    jobs: Vec<i64>,
    keys: Vec<String>,
    roles: Vec<i16>,
}

impl KeyColumns {
    /// A job is ordered by this identity.
    pub(crate) fn hold(&mut self, job: i64, key: &IdentityKey) {
        self.push(job, key, 0);
    }

    /// A job wants to be told about this identity.
    pub(crate) fn recall(&mut self, job: i64, key: &IdentityKey) {
        self.push(job, key, 1);
    }

    fn push(&mut self, job: i64, key: &IdentityKey, role: i16) {
        self.jobs.push(job);
        self.keys.push(text(key.as_str()).into_owned());
        self.roles.push(role);
    }

    /// Puts new jobs at the ends of the queues of their identities, in this order.
    pub(crate) async fn insert(&self, connection: &mut Session, account: i64) -> Result<(), sqlx::Error> {
        if self.jobs.is_empty() {
            return Ok(());
        }
        // An identity that a job names twice is held once, at its first place.
        let sql = "INSERT INTO job_keys (account, job, key, role, held)
                   SELECT $1, job, key, role, role = 0 FROM (
                       SELECT job, key, role, min(place) AS place
                       FROM unnest($2::bigint[], $3::text[], $4::smallint[]) WITH ORDINALITY AS new (job, key, role, place)
                       GROUP BY job, key, role, CASE WHEN role = 0 THEN 0 ELSE place END
                   ) AS new ORDER BY place";
        let query = sqlx::query(sql).bind(account).bind(&self.jobs).bind(&self.keys).bind(&self.roles);
        query.execute(connection).await.map(|_| ())
    }
}

/// Puts a job at work at the end of the queue of a further identity, but ahead of those in it who wait for this very job: else both would
/// wait for ever. (One comes about when a released job, which stands behind this one, holds the identity already.)
pub(crate) async fn hold_further(
    connection: &mut Session,
    account: i64,
    job: i64,
    key: &IdentityKey,
) -> Result<(), sqlx::Error> {
    let key = text(key.as_str());
    let hold = "INSERT INTO job_keys (account, job, key, role, held) SELECT $1, $2, $3, 0, true
                WHERE NOT EXISTS (SELECT 1 FROM job_keys WHERE account = $1 AND job = $2 AND key = $3 AND role = 0)";
    sqlx::query(hold).bind(account).bind(job).bind(&*key).execute(&mut *connection).await?;
    // Who comes next in one of the queues of the job waits for it, and so does who comes next to that one.
    let give_way = "WITH RECURSIVE waiting (job) AS (
                        SELECT $2::bigint
                        UNION
                        SELECT follower.job FROM waiting
                        JOIN job_keys AS own ON own.account = $1 AND own.job = waiting.job AND own.held
                        CROSS JOIN LATERAL (
                            SELECT next.job FROM job_keys AS next
                            WHERE next.account = $1 AND next.key = own.key AND next.held AND next.seq > own.seq
                            ORDER BY next.seq LIMIT 1) AS follower
                    ), ahead AS (
                        SELECT seq FROM job_keys
                        WHERE account = $1 AND key = $3 AND held AND job <> $2 AND job IN (SELECT job FROM waiting)
                    ), places AS (
                        SELECT seq, nextval(pg_get_serial_sequence('job_keys', 'seq')) AS place
                        FROM (SELECT seq FROM ahead ORDER BY seq) AS ordered
                    )
                    UPDATE job_keys SET seq = places.place FROM places
                    WHERE job_keys.account = $1 AND job_keys.seq = places.seq";
    sqlx::query(give_way).bind(account).bind(job).bind(&*key).execute(connection).await.map(|_| ())
}

/// The limits have it look at the keys of each job alone. Written as `EXISTS`, tables that grew faster than their statistics (an import into a new
/// database) are taken for small ones, and all keys of the account are compared with each other.
pub(crate) const PLACE: &str = "UPDATE jobs SET wake_at = due_at, queue = CASE
         WHEN (
             SELECT true FROM job_keys AS own
             CROSS JOIN LATERAL (
                 SELECT true FROM job_keys AS first
                 WHERE first.account = $1 AND first.key = own.key AND first.held AND first.seq < own.seq
                 LIMIT 1) AS ahead
             WHERE own.account = $1 AND own.job = jobs.id AND own.held
             LIMIT 1
         ) THEN $4::smallint
         WHEN due_at > $3 THEN $5::smallint
         ELSE $6::smallint END
     WHERE account = $1 AND id = ANY ($2)
     RETURNING queue";

/// Gives jobs that are at work and not leased their places: behind, asleep or ready. Returns whether one of them is ready.
pub(crate) async fn place(
    connection: &mut Session,
    account: i64,
    jobs: &[i64],
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if jobs.is_empty() {
        return Ok(false);
    }
    let query = sqlx::query(PLACE).bind(account).bind(jobs).bind(micros(now)).bind(BEHIND).bind(SLEEPING).bind(READY);
    let places = query.fetch_all(connection).await?;
    places.iter().try_fold(false, |any_ready, row| Ok(any_ready | (row.try_get::<i16, _>(0)? == READY)))
}

/// What becomes of the keys of jobs that leave their queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFate {
    /// They are finished and will not come back.
    Forget,
    /// They are parked and will need them again.
    GiveUp,
}

/// Takes jobs out of the queues of their identities and lets those move up who come next. Returns whether one of them is ready now.
pub(crate) async fn leave(
    connection: &mut Session,
    account: i64,
    (jobs, fate): (&[i64], KeyFate),
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if jobs.is_empty() {
        return Ok(false);
    }
    let sql = match fate {
        // Held by now or not: `OLD` rows of a deletion say which.
        KeyFate::Forget => "DELETE FROM job_keys WHERE account = $1 AND job = ANY ($2) RETURNING key, held",
        KeyFate::GiveUp => {
            "UPDATE job_keys SET held = false WHERE account = $1 AND job = ANY ($2) AND held RETURNING key, true"
        }
    };
    let left = sqlx::query(sql).bind(account).bind(jobs).fetch_all(&mut *connection).await?;
    let mut keys: Vec<String> = Vec::with_capacity(left.len());
    for row in &left {
        if row.try_get(1)? {
            keys.push(row.try_get(0)?);
        }
    }
    keys.sort_unstable();
    keys.dedup();
    move_up(connection, account, &keys, now).await
}

pub(crate) const NEXT_IN_LINE: &str = "SELECT DISTINCT first.job FROM unnest($2::text[]) AS left_key (key)
     CROSS JOIN LATERAL (SELECT job FROM job_keys
                         WHERE account = $1 AND key = left_key.key AND held ORDER BY seq LIMIT 1) AS first
     JOIN jobs ON jobs.account = $1 AND jobs.id = first.job AND jobs.queue = $3";

/// Puts the first in the queue of each identity in its place, if it was behind. Returns whether one is ready now.
async fn move_up(connection: &mut Session, account: i64, keys: &[String], now: Timestamp) -> Result<bool, sqlx::Error> {
    if keys.is_empty() {
        return Ok(false);
    }
    let rows = sqlx::query(NEXT_IN_LINE).bind(account).bind(keys).bind(BEHIND).fetch_all(&mut *connection).await?;
    let first = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    place(connection, account, &first, now).await
}

/// Puts jobs back at the ends of the queues of their identities, in this order.
pub(crate) async fn rejoin(connection: &mut Session, account: i64, jobs: &[i64]) -> Result<(), sqlx::Error> {
    let sql = "WITH given_up AS (
                   DELETE FROM job_keys WHERE account = $1 AND job = ANY ($2) AND role = 0 AND NOT held
                   RETURNING seq, job, key, role
               )
               INSERT INTO job_keys (account, job, key, role, held)
               SELECT $1, job, key, role, true FROM given_up ORDER BY array_position($2, job), seq";
    sqlx::query(sql).bind(account).bind(jobs).execute(connection).await.map(|_| ())
}
