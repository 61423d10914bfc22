//! What a run comes to, as it is told and as the copy keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_core::sync::Stream;
use leadgate_warehouse::{Applied, Run};
use serde::{Deserialize, Serialize};

use super::{CopyKeeper, SyncError};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every row of every stream is in the copy, and published.
    Complete,
    /// Every row that the key's user may see is; others are kept back, or cells were left blank, or nothing tells whether there are more.
    Incomplete,
    /// Something is missing, and the problems say what.
    Failed,
    /// Its process ended before it did. The next run goes on where it stopped.
    Interrupted,
}

impl Outcome {
    /// The word that the copy and people are told.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Incomplete => "incomplete",
            Outcome::Failed => "failed",
            Outcome::Interrupted => "interrupted",
        }
    }
}

/// What went wrong, with one stream or with a sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The stream's name, or the sink as it may be shown.
    pub of: String,
    /// What happened and what to do.
    pub message: String,
}

/// What became of one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamReport {
    /// What became of its rows.
    #[serde(flatten)]
    pub applied: Applied,
    /// Rows that the key's user may not see.
    pub withheld: u64,
    /// Requests that were made.
    pub requests: u64,
    /// Whether it was read to its end.
    pub read: bool,
    /// Whether all of it was read, rather than what changed.
    pub whole: bool,
    /// Rows of the copy that are not shown any more, although nothing says that they are deleted. They are kept.
    pub hidden: u64,
    /// Cells that were left blank since their value did not fit, by column, since everything was read last.
    pub unfit: BTreeMap<String, u64>,
    /// Whether nothing that the CRM says tells that the rows are all that there are.
    pub unchecked: bool,
    /// What was not looked at, or not to its end.
    pub doubts: Vec<String>,
    /// How its columns changed: `added cf_x`, `renamed cf_old to cf_new`.
    pub columns: Vec<String>,
}

/// What a run comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Its number.
    pub id: i64,
    /// When it began: what changed before then is in the copy if it ended well.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Requests that were made, in all.
    pub requests: u64,
    /// The streams that it was to read.
    pub asked: Vec<Stream>,
    /// Each stream that it came to.
    pub streams: BTreeMap<Stream, StreamReport>,
    /// Where the copy was published to, and how many rows were written.
    pub published: Vec<String>,
    /// What people should know although it is no failure.
    pub remarks: Vec<String>,
    /// What went wrong.
    pub problems: Vec<Problem>,
}

/// What of a report the copy keeps as details.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Details {
    asked: Vec<Stream>,
    streams: BTreeMap<Stream, StreamReport>,
    published: Vec<String>,
    remarks: Vec<String>,
    problems: Vec<Problem>,
}

impl RunReport {
    pub(super) fn begun(now: Timestamp, asked: Vec<Stream>) -> RunReport {
        RunReport {
            id: now.as_microsecond(),
            began: now,
            ended: None,
            outcome: None,
            requests: 0,
            asked,
            streams: BTreeMap::new(),
            published: Vec::new(),
            remarks: Vec::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn problem(&mut self, of: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { of: of.into(), message: message.into() });
    }

    /// Rows that the key's user may not see, of all streams.
    pub fn withheld(&self) -> u64 {
        self.streams.values().map(|stream| stream.withheld).sum()
    }

    /// Cells that were left blank since their value did not fit, of all streams.
    pub fn unfit(&self) -> u64 {
        self.streams.values().flat_map(|stream| stream.unfit.values()).sum()
    }

    /// Streams of which nothing tells that their rows are all that there are.
    pub fn unchecked(&self) -> Vec<Stream> {
        self.streams.iter().filter(|(_, stream)| stream.unchecked).map(|(stream, _)| *stream).collect()
    }

    /// Whether each of these streams was read to its end. Leads need not be among those that were read: not every account has them.
    pub fn has_read(&self, streams: &[Stream]) -> bool {
        let is_read = |stream: &Stream| match self.streams.get(stream) {
            Some(report) => report.read,
            None => *stream == Stream::Leads,
        };
        streams.iter().all(is_read)
    }

    pub(super) fn kept(&self) -> Run {
        let details = Details {
            asked: self.asked.clone(),
            streams: self.streams.clone(),
            published: self.published.clone(),
            remarks: self.remarks.clone(),
            problems: self.problems.clone(),
        };
        Run {
            id: self.id,
            began: self.began,
            ended: self.ended,
            outcome: self.outcome.map(|outcome| outcome.name().to_owned()),
            requests: self.requests,
            streams: self.streams.iter().map(|(stream, report)| (*stream, report.applied)).collect(),
            details: serde_json::to_value(details).unwrap_or_default(),
        }
    }

    fn of(run: Run) -> RunReport {
        let details: Details = serde_json::from_value(run.details).unwrap_or_default();
        let outcome = run.outcome.and_then(|name| serde_json::from_value(name.into()).ok());
        RunReport {
            id: run.id,
            began: run.began,
            ended: run.ended,
            outcome,
            requests: run.requests,
            asked: details.asked,
            streams: details.streams,
            published: details.published,
            remarks: details.remarks,
            problems: details.problems,
        }
    }
}

/// The latest runs that a copy knows of, the last one first.
///
/// # Errors
/// [`SyncError::Copy`] if it cannot be read.
pub async fn runs_of(copy: &CopyKeeper, limit: usize) -> Result<Vec<RunReport>, SyncError> {
    let runs = copy.with(move |copy| copy.runs(limit)).await?;
    Ok(runs.into_iter().map(RunReport::of).collect())
}
