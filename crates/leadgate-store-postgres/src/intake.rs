//! The inbox: keeping submissions, telling repeats apart, and reading those that wait for their plans.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use leadgate_core::lane::Lane;
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{AcceptOutcome, Dedupe, Digest, InboxEntry, NewSubmission};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row as _};

use crate::columns::{id_bytes, micros, moment, rank, raw_submission, submission_id, text, wrong};
use crate::dedupe::EARLIER;
use crate::error::Failure;
use crate::session::{Connections, Session};
use crate::transaction::{ACCEPTS_CLASS, Work, within_a_lock};

/// A submission and its dedupe columns, ready to be stored.
#[derive(Clone, Debug)]
pub(crate) struct PreparedSubmission {
    pub(crate) submission: NewSubmission,
    pub(crate) kind: i16,
    pub(crate) digest: Digest,
    pub(crate) body_digest: Option<Digest>,
    pub(crate) until: i64,
    pub(crate) now: i64,
}

impl PreparedSubmission {
    pub(crate) fn new(submission: NewSubmission, now: Timestamp) -> PreparedSubmission {
        let (kind, digest, body_digest, within) = match submission.dedupe {
            Dedupe::Key { key, body, within } => (0, key, Some(body), within),
            Dedupe::Content { content, within } => (1, content, None, within),
        };
        let until = micros(now.saturating_add(within).unwrap_or(Timestamp::MAX));
        PreparedSubmission { submission, kind, digest, body_digest, until, now: micros(now) }
    }

    pub(crate) fn id(&self) -> SubmissionId {
        self.submission.id
    }
}

/// A submission and the account that it came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) account: i64,
    pub(crate) prepared: &'a PreparedSubmission,
}

impl Arrival<'_> {
    /// What concurrent repeats have in common. Others have it in common too, seldom enough: they wait for each other.
    fn lock(&self) -> i64 {
        let digest = u128::from_be_bytes(self.prepared.digest);
        let folded = (digest >> 64) as u64 ^ digest as u64 ^ (self.account as u64).rotate_left(32);
        (folded ^ u64::from(self.prepared.kind.unsigned_abs())) as i64
    }
}

/// Keeps submissions in order, each unless it is a repeat, as part of a transaction that does more. One outcome for each, in order.
pub(crate) async fn accept(
    work: &mut Work,
    submissions: &[PreparedSubmission],
) -> Result<Vec<AcceptOutcome>, sqlx::Error> {
    let account = work.account;
    let arrivals: Vec<_> = submissions.iter().map(|prepared| Arrival { account, prepared }).collect();
    sqlx::raw_sql(AssertSqlSafe(locks(&arrivals))).execute(work.connection()).await?;
    let outcomes = keep(work.connection(), &arrivals, Before::Never).await?;
    work.announcements.work |= outcomes.contains(&AcceptOutcome::Accepted);
    Ok(outcomes)
}

/// Submissions that are locked one by one in a transaction, at most. A server with the usual settings has some 6,400 locks for everybody, a small one a
/// quarter of them.
const MOST_LOCKED_ONE_BY_ONE: usize = 256;

/// While programs may write that lock each submission of however many, they must find those of many locked too.
const BESIDE_OLDER: &str = "(SELECT compatible_since < 3 FROM schema)";

/// The statements that lock what others must not look for or keep meanwhile: few submissions each, and their accounts shared; of many the accounts alone.
/// Each once, accounts first, and in order, so that nobody waits for each other in a circle.
pub(crate) fn locks(arrivals: &[Arrival<'_>]) -> String {
    let accounts = arrivals.iter().map(|arrival| i64::from(within_a_lock(arrival.account)));
    let (shared, beside) = match arrivals.len() > MOST_LOCKED_ONE_BY_ONE {
        true => ("", format!(" WHERE {BESIDE_OLDER}")),
        false => ("_shared", String::new()),
    };
    format!(
        "SELECT count(pg_advisory_xact_lock{shared}({ACCEPTS_CLASS}, key)) FROM {};
         SELECT count(pg_advisory_xact_lock(key)) FROM {}{beside}",
        keys(accounts, "int"),
        keys(arrivals.iter().map(Arrival::lock), "bigint")
    )
}

/// Different numbers in order, as a table of one column.
fn keys(numbers: impl Iterator<Item = i64>, kind: &str) -> String {
    let numbers: BTreeSet<i64> = numbers.collect();
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    format!("unnest('{{{}}}'::{kind}[]) AS key", numbers.join(","))
}

/// Whether the same submissions, under the same ids, may have been kept by an earlier try whose end nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Never,
    Perhaps,
}

/// Keeps submissions whose [`locks`] are held.
pub(crate) async fn keep(
    connection: &mut Session,
    arrivals: &[Arrival<'_>],
    before: Before,
) -> Result<Vec<AcceptOutcome>, sqlx::Error> {
    let earlier = find_earlier(&mut *connection, arrivals, before).await?;
    let sorted = sort(arrivals, &earlier);
    if !sorted.new.is_empty() {
        insert(&mut *connection, arrivals, &sorted).await?;
    }
    if !sorted.repeats.is_empty() {
        count_repeats(connection, &sorted).await?;
    }
    Ok(sorted.outcomes)
}

/// What the inbox holds of a submission.
#[derive(Clone, Debug, Default)]
struct Earlier {
    repeated: Option<(i64, SubmissionId, Option<Digest>)>,
    is_kept: bool,
}

async fn find_earlier(
    connection: &mut Session,
    arrivals: &[Arrival<'_>],
    before: Before,
) -> Result<Vec<Earlier>, sqlx::Error> {
    let rows = sqlx::query(EARLIER)
        .bind(column(arrivals, |arrival| arrival.account))
        .bind(column(arrivals, |arrival| arrival.prepared.kind))
        .bind(column(arrivals, |arrival| arrival.prepared.digest.as_slice()))
        .bind(column(arrivals, |arrival| arrival.prepared.now))
        .bind(column(arrivals, |arrival| id_bytes(&arrival.prepared.submission.id)))
        .bind(before == Before::Perhaps)
        .fetch_all(connection)
        .await?;
    let read = |row: &PgRow| {
        let seq: Option<i64> = row.try_get(0)?;
        let repeated = match seq {
            Some(seq) => Some((seq, submission_id(row, 1)?, optional_digest(row, 2)?)),
            None => None,
        };
        Ok(Earlier { repeated, is_kept: row.try_get(3)? })
    };
    rows.iter().map(read).collect()
}

fn column<'a, T>(arrivals: &[Arrival<'a>], value: impl Fn(&Arrival<'a>) -> T) -> Vec<T> {
    arrivals.iter().map(value).collect()
}

fn optional_digest(row: &PgRow, column: usize) -> Result<Option<Digest>, sqlx::Error> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(Digest::try_from).transpose().map_err(|error| wrong(column, error))
}

/// What is to be done with each submission.
#[derive(Default)]
struct Sorted {
    outcomes: Vec<AcceptOutcome>,
    /// Places of those to insert, and how often each is repeated by others of the same call.
    new: Vec<(usize, i64)>,
    /// Account and number of rows that are there and repeated, once for each repeat.
    repeats: Vec<(i64, i64)>,
}

/// Tells repeats apart, of what is kept and of each other, as if one had come after another.
fn sort(arrivals: &[Arrival<'_>], earlier: &[Earlier]) -> Sorted {
    let mut sorted = Sorted::default();
    // Of each key the place in `new` of the last that is kept by this very call.
    let mut latest: HashMap<(i64, i16, Digest), usize> = HashMap::new();
    for (place, (arrival, earlier)) in arrivals.iter().zip(earlier).enumerate() {
        let prepared = arrival.prepared;
        if earlier.is_kept {
            sorted.outcomes.push(AcceptOutcome::Accepted);
            continue;
        }
        let key = (arrival.account, prepared.kind, prepared.digest);
        let beside = latest.get(&key).copied().filter(|new| {
            let (place, _) = sorted.new[*new];
            arrivals[place].prepared.until > prepared.now
        });
        let outcome = if let Some(new) = beside {
            let first = arrivals[sorted.new[new].0].prepared;
            let outcome = repeat_of(prepared, first.submission.id, first.body_digest);
            sorted.new[new].1 += i64::from(matches!(outcome, AcceptOutcome::Repeat(_)));
            outcome
        } else if let Some((seq, id, body_digest)) = earlier.repeated {
            let outcome = repeat_of(prepared, id, body_digest);
            if matches!(outcome, AcceptOutcome::Repeat(_)) {
                sorted.repeats.push((arrival.account, seq));
            }
            outcome
        } else {
            latest.insert(key, sorted.new.len());
            sorted.new.push((place, 0));
            AcceptOutcome::Accepted
        };
        sorted.outcomes.push(outcome);
    }
    sorted
}

fn repeat_of(prepared: &PreparedSubmission, id: SubmissionId, body_digest: Option<Digest>) -> AcceptOutcome {
    if body_digest == prepared.body_digest { AcceptOutcome::Repeat(id) } else { AcceptOutcome::KeyReused(id) }
}

async fn insert(connection: &mut Session, arrivals: &[Arrival<'_>], sorted: &Sorted) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO inbox (account, id, route, target, body, label, lane, dedupe_kind, dedupe, body_digest,
                   accepted_at, dedupe_until, repeats)
               SELECT account, id, route, target, body, label, lane, kind, digest, body_digest, now, until, repeats
               FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bytea[], $6::text[], $7::smallint[],
                   $8::smallint[], $9::bytea[], $10::bytea[], $11::bigint[], $12::bigint[], $13::bigint[]) WITH ORDINALITY
                   AS new (account, id, route, target, body, label, lane, kind, digest, body_digest, now, until, repeats,
                           place)
               ORDER BY place";
    let new: Vec<Arrival<'_>> = sorted.new.iter().map(|(place, _)| arrivals[*place]).collect();
    sqlx::query(sql)
        .bind(column(&new, |arrival| arrival.account))
        .bind(column(&new, |arrival| id_bytes(&arrival.prepared.submission.id)))
        .bind(column(&new, |arrival| arrival.prepared.submission.raw.route.name()))
        .bind(column(&new, |arrival| arrival.prepared.submission.raw.target))
        .bind(column(&new, |arrival| arrival.prepared.submission.raw.body.as_slice()))
        .bind(column(&new, |arrival| arrival.prepared.submission.raw.label.as_deref().map(text)))
        .bind(column(&new, |arrival| rank(arrival.prepared.submission.lane)))
        .bind(column(&new, |arrival| arrival.prepared.kind))
        .bind(column(&new, |arrival| arrival.prepared.digest.as_slice()))
        .bind(column(&new, |arrival| arrival.prepared.body_digest.as_ref().map(Digest::as_slice)))
        .bind(column(&new, |arrival| arrival.prepared.now))
        .bind(column(&new, |arrival| arrival.prepared.until))
        .bind(sorted.new.iter().map(|(_, repeats)| *repeats).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(|_| ())
}

async fn count_repeats(connection: &mut Session, sorted: &Sorted) -> Result<(), sqlx::Error> {
    let sql = "UPDATE inbox SET repeats = inbox.repeats + repeated.times
               FROM (SELECT account, seq, count(*) AS times FROM unnest($1::bigint[], $2::bigint[]) AS one (account, seq)
                     GROUP BY account, seq) AS repeated
               WHERE inbox.account = repeated.account AND inbox.seq = repeated.seq";
    sqlx::query(sql)
        .bind(sorted.repeats.iter().map(|(account, ..)| *account).collect::<Vec<_>>())
        .bind(sorted.repeats.iter().map(|(_, seq)| *seq).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(|_| ())
}

/// Submissions without a plan, lane by lane.
pub(crate) async fn unplanned(
    connections: &Connections,
    account: i64,
    per_lane: [u32; 4],
) -> Result<Vec<InboxEntry>, Failure> {
    let asked = Lane::ALL.map(|lane| (rank(lane), i64::from(per_lane[usize::from(lane.rank())])));
    let (lanes, limits): (Vec<i16>, Vec<i64>) = asked.into_iter().filter(|(_, limit)| *limit > 0).unzip();
    let read = || sqlx::query(UNPLANNED).bind(account).bind(lanes.clone()).bind(limits.clone());
    let rows = connections.lone(read).await?;
    let entry =
        |row| Ok(InboxEntry { id: submission_id(row, 0)?, accepted_at: moment(row, 1)?, raw: raw_submission(row, 2)? });
    rows.iter().map(entry).collect::<Result<_, sqlx::Error>>().map_err(Failure::from)
}

pub(crate) const UNPLANNED: &str = "SELECT waiting.id, accepted_at, route, target, body, label
    FROM unnest($2::smallint[], $3::bigint[]) WITH ORDINALITY AS asked (lane, most, place)
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, route, target, body, label, seq FROM inbox
        WHERE account = $1 AND planning = 0 AND lane = asked.lane ORDER BY seq LIMIT asked.most) AS waiting
    ORDER BY asked.place, waiting.seq";

#[cfg(test)]
mod tests {
    use leadgate_store::conformance::samples::{at, id, keyed};

    use super::*;

    fn outcomes(submissions: Vec<NewSubmission>, earlier: &[Earlier]) -> (Vec<AcceptOutcome>, usize, usize) {
        let prepared: Vec<_> = submissions.into_iter().map(|one| PreparedSubmission::new(one, at(0))).collect();
        let arrivals: Vec<_> = prepared.iter().map(|prepared| Arrival { account: 1, prepared }).collect();
        let sorted = sort(&arrivals, earlier);
        (sorted.outcomes, sorted.new.len(), sorted.repeats.len())
    }

    #[test]
    fn repeats_within_a_transaction_are_told_as_if_one_came_after_another() {
        let submissions = vec![keyed(1, 7, 7), keyed(2, 7, 7), keyed(3, 7, 8), keyed(4, 9, 9)];
        let expected = vec![
            AcceptOutcome::Accepted,
            AcceptOutcome::Repeat(id(1)),
            AcceptOutcome::KeyReused(id(1)),
            AcceptOutcome::Accepted,
        ];
        assert_eq!(outcomes(submissions, &vec![Earlier::default(); 4]), (expected, 2, 0));
    }

    #[test]
    fn what_an_earlier_try_kept_is_accepted_and_not_kept_again() {
        let kept = Earlier { repeated: None, is_kept: true };
        let of_an_earlier_try = Earlier { repeated: Some((5, id(1), Some(7_u128.to_be_bytes()))), is_kept: false };
        let found = outcomes(vec![keyed(1, 7, 7), keyed(2, 7, 7)], &[kept, of_an_earlier_try]);
        assert_eq!(found, (vec![AcceptOutcome::Accepted, AcceptOutcome::Repeat(id(1))], 0, 1));
    }

    #[test]
    fn the_same_key_in_two_accounts_is_two_things() {
        let prepared = PreparedSubmission::new(keyed(1, 7, 7), at(0));
        let arrivals = [1, 2].map(|account| Arrival { account, prepared: &prepared });
        assert_eq!(sort(&arrivals, &vec![Earlier::default(); 2]).new.len(), 2);
        assert!(locks(&arrivals).contains("'{1,2}'::int[]"), "{}", locks(&arrivals));
    }

    #[test]
    fn many_are_locked_by_their_accounts() {
        let prepared: Vec<_> =
            (0..257).map(|number| PreparedSubmission::new(keyed(number, number, 1), at(0))).collect();
        let arrivals: Vec<_> = prepared.iter().map(|prepared| Arrival { account: 7, prepared }).collect();
        let (few, many) = (locks(&arrivals[..256]), locks(&arrivals));
        assert!(few.contains("lock_shared(") && !few.contains("WHERE"), "{few}");
        assert!(!many.contains("lock_shared(") && many.ends_with(BESIDE_OLDER), "{many}");
    }
}
