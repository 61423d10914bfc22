//! The inbox and what became of it. What is left of a person's submission is that there was one, when, and what a repeat is recognised by.

use jiff::Timestamp;
use leadgate_core::job::{JobState, Outcome};
use leadgate_core::submission::{Route, SubmissionId};
use leadgate_store::erasure::{Place, RowKey, Sweep};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::rows::is_person_key;
use super::{Going, Page, after, until};
use crate::columns::{micros, optional_moment, submission_id, to_json};
use crate::error::Failure;
use crate::imports::waiting::ASIDE;
use crate::queue::{self, DONE, KeyFate, OUT, StateColumns, WORKING};

/// A row of the inbox with its job, as far as whose it is depends on it.
struct Submission {
    seq: i64,
    id: SubmissionId,
    route: String,
    label: Option<String>,
    body: Vec<u8>,
    job: Option<Job>,
    /// Identities that the job holds or recalls.
    keys: Vec<String>,
    /// Of requests that were made for it.
    messages: Vec<String>,
    /// Records of which it showed changes, as keys.
    records: Vec<String>,
}

struct Job {
    progress: i16,
    texts: Vec<String>,
    leased_until: Option<Timestamp>,
}

const PAGE: &str = "SELECT inbox.seq, inbox.id, route, label, body, progress, state, outcome, parking,
        CASE WHEN lease_worker IS NOT NULL THEN wake_at END,
        ARRAY (SELECT key FROM job_keys WHERE account = $1 AND job = inbox.seq),
        ARRAY (SELECT message FROM attempts WHERE account = $1 AND job = inbox.seq AND message IS NOT NULL),
        ARRAY (SELECT kind || ':' || record FROM changes WHERE account = $1 AND changes.inbox = inbox.seq)
    FROM inbox LEFT JOIN jobs ON jobs.account = $1 AND jobs.id = inbox.seq
    WHERE inbox.account = $1 AND inbox.seq > $2 AND inbox.seq <= $3 ORDER BY inbox.seq LIMIT $4";

pub(super) async fn page(going: &mut Going<'_>, sweep: &mut Sweep) -> Result<Page, Failure> {
    let query = sqlx::query(PAGE).bind(going.account).bind(after(sweep).1).bind(until(sweep, Place::Submissions));
    let found = query.bind(i64::from(going.most)).fetch_all(&mut *going.connection).await?;
    let (mut theirs, mut keys) = (0, Vec::with_capacity(found.len()));
    for row in &found {
        let submission = Submission::read(row)?;
        theirs += u64::from(look_at(going, sweep, &submission).await?);
        keys.push(RowKey(String::new(), submission.seq));
    }
    Ok(Page::of(theirs, keys.into_iter(), going.most))
}

impl Submission {
    fn read(row: &PgRow) -> Result<Submission, sqlx::Error> {
        let job = match row.try_get::<Option<i16>, _>(5)? {
            None => None,
            Some(progress) => {
                let texts: [Option<String>; 3] = [row.try_get(6)?, row.try_get(7)?, row.try_get(8)?];
                let leased_until = optional_moment(row, 9)?;
                Some(Job { progress, texts: texts.into_iter().flatten().collect(), leased_until })
            }
        };
        Ok(Submission {
            seq: row.try_get(0)?,
            id: submission_id(row, 1)?,
            route: row.try_get(2)?,
            label: row.try_get(3)?,
            body: row.try_get(4)?,
            job,
            keys: row.try_get(10)?,
            messages: row.try_get(11)?,
            records: row.try_get(12)?,
        })
    }

    fn names(&self, sweep: &Sweep) -> bool {
        let marks = &sweep.marks;
        marks.are_in_body(&self.body)
            || self.label.iter().chain(&self.messages).any(|text| marks.are_in_text(text))
            || self.job.iter().flat_map(|job| &job.texts).any(|text| marks.are_in_body(text.as_bytes()))
            || self.records.iter().any(|record| marks.is_key(record))
    }
}

/// Erases it if it is the person's. Returns whether it was.
async fn look_at(going: &mut Going<'_>, sweep: &mut Sweep, submission: &Submission) -> Result<bool, Failure> {
    let came_later = sweep.first_until.is_some_and(|until| submission.seq > until);
    let is_told = [Route::Notification.name(), Route::Sighting.name()].contains(&submission.route.as_str());
    // The job that has the CRM forget the person names them until it has.
    if submission.route == Route::Forget.name() || (came_later && !is_told) {
        return Ok(false);
    }
    let by_key = submission.keys.iter().any(|key| sweep.marks.is_key(key));
    if !by_key && !submission.names(sweep) {
        return Ok(false);
    }
    let is_open = submission.job.as_ref().is_none_or(|job| job.progress != DONE);
    if is_open && !by_key && submission.keys.iter().any(|key| is_person_key(key)) {
        sweep.of_others += 1;
        return Ok(false);
    }
    if going.erasing.is_some() {
        sweep.cancelled += u64::from(is_open);
        let call_ends = submission.job.as_ref().and_then(|job| job.leased_until);
        sweep.calls_end = sweep.calls_end.max(call_ends);
        erase(going, submission).await?;
    }
    Ok(true)
}

async fn erase(going: &mut Going<'_>, submission: &Submission) -> Result<(), Failure> {
    let Some(now) = going.erasing.as_ref().map(|erasing| erasing.now) else { return Ok(()) };
    let (account, seq) = (going.account, submission.seq);
    let blank =
        "UPDATE inbox SET body = ''::bytea, label = NULL, target = NULL, planning = 1 WHERE account = $1 AND seq = $2";
    sqlx::query(blank).bind(account).bind(seq).execute(&mut *going.connection).await?;
    let messages = "UPDATE attempts SET message = NULL WHERE account = $1 AND job = $2";
    sqlx::query(messages).bind(account).bind(seq).execute(&mut *going.connection).await?;
    end(going, submission, now).await?;
    let any_ready = queue::leave(going.connection, account, (&[seq], KeyFate::Forget), now).await?;
    if let Some(erasing) = &mut going.erasing {
        erasing.announcements.work |= any_ready;
        if submission.job.as_ref().is_none_or(|job| job.progress == WORKING || job.progress == ASIDE) {
            erasing.announcements.ended.push(submission.id);
        }
    }
    Ok(())
}

/// Ends the job as forgotten. Whoever has it leased loses the lease.
async fn end(going: &mut Going<'_>, submission: &Submission, now: Timestamp) -> Result<(), Failure> {
    let state = StateColumns::new(&JobState::forgotten())?;
    let outcome = to_json("outcome", &Outcome { forgotten: true, ..Outcome::default() })?;
    if submission.job.is_none() {
        let sql = "INSERT INTO jobs
                       (account, id, lane, progress, queue, due_at, wake_at, packable, state, step, failures)
                   SELECT account, seq, lane, 0, 0, $3, $3, 0, '', '', 0 FROM inbox WHERE account = $1 AND seq = $2";
        let insert = sqlx::query(sql).bind(going.account).bind(submission.seq).bind(micros(now));
        insert.execute(&mut *going.connection).await?;
    }
    let sql = "UPDATE jobs SET state = $3, step = $4, failures = 0, packable = $5, progress = $6, queue = $7,
                   outcome = $8, parking = NULL, ended_at = coalesce(ended_at, $9),
                   lease_number = lease_number + 1, lease_worker = NULL, leased_at = NULL, abandoned_since = NULL
               WHERE account = $1 AND id = $2";
    let end = sqlx::query(sql).bind(going.account).bind(submission.seq).bind(&state.json).bind(state.step);
    let end = end.bind(state.packable).bind(DONE).bind(OUT).bind(outcome).bind(micros(now));
    end.execute(&mut *going.connection).await?;
    Ok(())
}
