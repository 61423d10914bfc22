//! How the account is synced.

use std::path::PathBuf;

use jiff::SignedDuration;
use leadgate_core::sync::{Pace, Schedule, Stream};
use leadgate_warehouse::SinkSpec;
use serde::Deserialize;

/// What rows that the key's user may not see mean for a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WithheldRows {
    /// The run ends as incomplete.
    #[default]
    Report,
    /// They are counted and told, and the run is complete without them.
    Accept,
}

/// Whose notes are asked for where they do not come beside the record: that costs a request for each record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotesRead {
    /// Of none.
    #[default]
    Beside,
    /// Of records that changed since the first run.
    Changed,
    /// Of every record once, and once more where everything is asked for, then of those that change.
    All,
}

/// How the account is synced.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// The file that the copy is in. Its folder exists.
    pub copy: PathBuf,
    /// Which streams.
    pub streams: Vec<Stream>,
    /// How far windows reach back, and how often everything is read.
    pub pace: Pace,
    /// Pages that are asked for side by side, at most.
    pub pages: u32,
    /// What rows mean that the key's user may not see.
    pub withheld: WithheldRows,
    /// Whose notes are asked for.
    pub notes: NotesRead,
    /// Where the copy is published to.
    pub sinks: Vec<SinkSpec>,
    /// When runs begin by themselves.
    pub schedule: Option<Schedule>,
    /// How long changes are kept in the copy; `None` for ever.
    pub keep_changes: Option<SignedDuration>,
    /// How long the history of runs is kept; `None` for ever.
    pub keep_runs: Option<SignedDuration>,
}

impl SyncSettings {
    /// Every stream into the copy in this file, and nowhere else.
    pub fn new(copy: PathBuf) -> SyncSettings {
        SyncSettings {
            copy,
            streams: Stream::ALL.to_vec(),
            pace: Pace::default(),
            pages: 4,
            withheld: WithheldRows::default(),
            notes: NotesRead::default(),
            sinks: Vec::new(),
            schedule: None,
            keep_changes: None,
            keep_runs: None,
        }
    }

    /// The streams of a run in the order in which they are read: the fields first, which say what columns the others have, and with the notes the people
    /// whom they come with.
    pub fn in_order(&self) -> Vec<Stream> {
        let with_notes =
            |stream: &Stream| self.streams.contains(&Stream::Notes) && stream.beside().contains(&Stream::Notes);
        let wanted = |stream: &Stream| *stream == Stream::Fields || self.streams.contains(stream) || with_notes(stream);
        Stream::ALL.into_iter().filter(wanted).collect()
    }
}
