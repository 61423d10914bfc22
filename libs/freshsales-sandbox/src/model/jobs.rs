//! Bulk jobs: accepted at once, carried out when their time has passed on the account's clock.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Kind;
use crate::Generation;

/// One row of a bulk upsert: the identifier beside `data`, and the attributes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobRow {
    pub(crate) identifier: (String, Value),
    pub(crate) data: Map<String, Value>,
}

/// A bulk upsert.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) generation: Generation,
    pub(crate) created_at: Timestamp,
    pub(crate) due: Timestamp,
    rows: Vec<JobRow>,
    outcome: Option<JobOutcome>,
}

/// What a finished job reports.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct JobOutcome {
    pub(crate) succeeded: usize,
    pub(crate) failures: Vec<Value>,
}

/// A job whose time has come, with its rows.
pub(crate) struct DueJob {
    pub(crate) id: i64,
    pub(crate) kind: Kind,
    pub(crate) generation: Generation,
    pub(crate) due: Timestamp,
    pub(crate) rows: Vec<JobRow>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Jobs {
    /// Snapshots carry these on lines of their own.
    #[serde(skip_serializing, default)]
    jobs: BTreeMap<i64, Job>,
    next: i64,
    duration: SignedDuration,
}

impl Jobs {
    pub(crate) fn new(duration: SignedDuration) -> Self {
        Self { jobs: BTreeMap::new(), next: 77_000_000_001, duration }
    }

    /// Applies to later jobs.
    pub(crate) fn set_duration(&mut self, duration: SignedDuration) {
        self.duration = duration;
    }

    pub(crate) fn running(&self, now: Timestamp) -> usize {
        self.jobs.values().rev().take_while(|job| job.due > now).count()
    }

    pub(crate) fn submit(&mut self, kind: Kind, generation: Generation, rows: Vec<JobRow>, now: Timestamp) -> i64 {
        let id = self.next;
        self.next += 1;
        let due = now.checked_add(self.duration).unwrap_or(Timestamp::MAX);
        self.jobs.insert(id, Job { kind, generation, created_at: now, due, rows, outcome: None });
        id
    }

    /// Takes the next job whose time has come; its outcome is handed back with [`Self::finish`].
    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<DueJob> {
        // Jobs finish in the order of their ids, so the unfinished ones are at the end of the map.
        let unfinished = self.jobs.iter_mut().rev().take_while(|(_, job)| job.outcome.is_none());
        let (&id, job) = unfinished.filter(|(_, job)| job.due <= now).last()?;
        let rows = std::mem::take(&mut job.rows);
        Some(DueJob { id, kind: job.kind, generation: job.generation, due: job.due, rows })
    }

    pub(crate) fn finish(&mut self, id: i64, outcome: JobOutcome) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.outcome = Some(outcome);
        }
    }

    /// Every job, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (i64, &Job)> {
        self.jobs.iter().map(|(&id, job)| (id, job))
    }

    /// Puts back a job as it was saved.
    pub(crate) fn put_back(&mut self, id: i64, job: Job) {
        self.jobs.insert(id, job);
        self.next = self.next.max(id + 1);
    }

    /// The jobs, out of one value into another that has none.
    pub(crate) fn move_from(&mut self, other: &mut Self) {
        self.jobs.append(&mut other.jobs);
    }

    pub(crate) fn get(&self, id: i64) -> Option<&Job> {
        self.jobs.get(&id)
    }
}

impl Job {
    /// The status word, the progress in percent, when it last changed and what the job reports.
    ///
    /// `failed_status` is the word for a job of which every row failed; without one such a job counts as a success.
    pub(crate) fn progress<'a>(
        &self,
        now: Timestamp,
        failed_status: Option<&'a str>,
    ) -> (&'a str, i64, Timestamp, Value) {
        match &self.outcome {
            None if now == self.created_at => ("QUEUED", 0, self.created_at, Value::Null),
            None => ("IN_PROGRESS", self.percent(now), now, Value::Null),
            Some(outcome) => {
                let all_failed = outcome.succeeded == 0 && !outcome.failures.is_empty();
                let status = failed_status.filter(|_| all_failed).unwrap_or("SUCCESS");
                let report = json!({
                    "record_status": {"succeeded": outcome.succeeded, "failed": outcome.failures.len()},
                    "detailed_failure_report": outcome.failures,
                });
                (status, 100, self.due, Value::String(report.to_string()))
            }
        }
    }

    fn percent(&self, now: Timestamp) -> i64 {
        let whole = self.due.duration_since(self.created_at).as_millis().max(1);
        let done = now.duration_since(self.created_at).as_millis() * 100 / whole;
        i64::try_from(done).unwrap_or(99).clamp(1, 99)
    }
}
