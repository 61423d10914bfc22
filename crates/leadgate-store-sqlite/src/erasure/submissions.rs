//! The inbox and what became of it. What is left of a person's submission is that there was one, when, and what a repeat is recognised by.

use leadgate_core::erasure::Marks;
use leadgate_core::job::{JobState, Outcome};
use leadgate_core::submission::Route;
use leadgate_store::erasure::{Place, RowKey, Sweep};
use rusqlite::{Connection, Row, params};

use super::rows::is_person_key;
use super::{Erasing, Going, Page, after};
use crate::columns::{Id, Micros, to_json};
use crate::imports::waiting::ASIDE;
use crate::queue::{self, DONE, KeyFate, OUT, StateColumns, WORKING};

/// A row of the inbox with its job, as far as whose it is depends on it.
struct Submission {
    seq: i64,
    id: Id,
    route: String,
    label: Option<String>,
    body: Vec<u8>,
    job: Option<Job>,
}

struct Job {
    progress: i64,
    texts: Vec<String>,
    leased_until: Option<Micros>,
}

pub(super) fn page(going: &mut Going<'_>, sweep: &mut Sweep) -> rusqlite::Result<Page> {
    let sql = "SELECT inbox.seq, inbox.id, route, label, body, progress, state, outcome, parking,
                      iif(lease_worker IS NULL, NULL, wake_at)
               FROM inbox LEFT JOIN jobs ON jobs.id = inbox.seq
               WHERE inbox.seq > ?1 AND inbox.seq <= ?2 ORDER BY inbox.seq LIMIT ?3";
    let until = sweep.until.get(&Place::Submissions).copied().unwrap_or(i64::MAX);
    let mut statement = going.connection.prepare_cached(sql)?;
    let found = statement.query_map(params![after(sweep).1, until, going.most], submission)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut theirs = 0;
    for submission in &found {
        theirs += u64::from(look_at(going, sweep, submission)?);
    }
    Ok(Page::of(theirs, found.into_iter().map(|submission| RowKey(String::new(), submission.seq)), going.most))
}

fn submission(row: &Row<'_>) -> rusqlite::Result<Submission> {
    let job = match row.get::<_, Option<i64>>(5)? {
        None => None,
        Some(progress) => {
            let texts: Vec<Option<String>> = vec![row.get(6)?, row.get(7)?, row.get(8)?];
            Some(Job { progress, texts: texts.into_iter().flatten().collect(), leased_until: row.get(9)? })
        }
    };
    Ok(Submission { seq: row.get(0)?, id: row.get(1)?, route: row.get(2)?, label: row.get(3)?, body: row.get(4)?, job })
}

/// Erases it if it is the person's. Returns whether it was.
fn look_at(going: &mut Going<'_>, sweep: &mut Sweep, submission: &Submission) -> rusqlite::Result<bool> {
    let came_later = sweep.first_until.is_some_and(|until| submission.seq > until);
    let is_told = [Route::Notification.name(), Route::Sighting.name()].contains(&submission.route.as_str());
    // The job that has the CRM forget the person names them until it has.
    if submission.route == Route::Forget.name() || (came_later && !is_told) {
        return Ok(false);
    }
    let keys = texts(going.connection, "SELECT key FROM job_keys WHERE job = ?1", submission.seq)?;
    let by_key = keys.iter().any(|key| sweep.marks.is_key(key));
    if !by_key && !names(going.connection, &sweep.marks, submission)? {
        return Ok(false);
    }
    let is_open = submission.job.as_ref().is_none_or(|job| job.progress != DONE);
    if is_open && !by_key && keys.iter().any(|key| is_person_key(key)) {
        sweep.of_others += 1;
        return Ok(false);
    }
    let Some(erasing) = &mut going.erasing else { return Ok(true) };
    sweep.cancelled += u64::from(is_open);
    let call_ends = submission.job.as_ref().and_then(|job| job.leased_until).map(|until| until.0);
    sweep.calls_end = sweep.calls_end.max(call_ends);
    erase(going.connection, erasing, submission)?;
    Ok(true)
}

fn names(connection: &Connection, marks: &Marks, submission: &Submission) -> rusqlite::Result<bool> {
    let texts_of_job = submission.job.iter().flat_map(|job| &job.texts);
    if marks.are_in_body(&submission.body)
        || submission.label.iter().any(|label| marks.are_in_text(label))
        || texts_of_job.into_iter().any(|text| marks.are_in_body(text.as_bytes()))
    {
        return Ok(true);
    }
    let messages = "SELECT message FROM attempts WHERE job = ?1 AND message IS NOT NULL";
    if texts(connection, messages, submission.seq)?.iter().any(|text| marks.are_in_text(text)) {
        return Ok(true);
    }
    let records = "SELECT kind || ':' || record FROM changes WHERE inbox = ?1";
    Ok(texts(connection, records, submission.seq)?.iter().any(|record| marks.is_key(record)))
}

fn texts(connection: &Connection, sql: &str, seq: i64) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached(sql)?.query_map([seq], |row| row.get(0))?.collect()
}

fn erase(connection: &Connection, erasing: &mut Erasing<'_>, submission: &Submission) -> rusqlite::Result<()> {
    let seq = submission.seq;
    let blank = "UPDATE inbox SET body = X'', label = NULL, target = NULL, planning = 1 WHERE seq = ?1";
    connection.prepare_cached(blank)?.execute([seq])?;
    connection.prepare_cached("UPDATE attempts SET message = NULL WHERE job = ?1")?.execute([seq])?;
    end(connection, erasing, submission)?;
    erasing.announcements.work |= queue::leave(connection, seq, KeyFate::Forget, erasing.now)?;
    if submission.job.as_ref().is_none_or(|job| job.progress == WORKING || job.progress == ASIDE) {
        erasing.announcements.ended.push(submission.id.0);
    }
    Ok(())
}

/// Ends the job as forgotten. Whoever has it leased loses the lease.
fn end(connection: &Connection, erasing: &Erasing<'_>, submission: &Submission) -> rusqlite::Result<()> {
    let state = StateColumns::new(&JobState::forgotten()).map_err(unwritable)?;
    let outcome = Outcome { forgotten: true, ..Outcome::default() };
    let outcome = to_json("outcome", &outcome).map_err(unwritable)?;
    if submission.job.is_none() {
        let sql = "INSERT INTO jobs
                       (id, lane, progress, queue, due_at, wake_at, packable, state, step, failures)
                   SELECT seq, lane, 0, 0, ?2, ?2, 0, '', '', 0 FROM inbox WHERE seq = ?1";
        connection.prepare_cached(sql)?.execute(params![submission.seq, Micros(erasing.now)])?;
    }
    let sql = "UPDATE jobs SET state = ?2, step = ?3, failures = 0, packable = ?4, progress = ?5, queue = ?6,
                   outcome = ?7, parking = NULL, ended_at = coalesce(ended_at, ?8),
                   lease_number = lease_number + 1, lease_worker = NULL, leased_at = NULL, abandoned_since = NULL
               WHERE id = ?1";
    let values =
        params![submission.seq, state.json, state.step, state.packable, DONE, OUT, outcome, Micros(erasing.now)];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn unwritable(error: leadgate_store::StoreError) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
