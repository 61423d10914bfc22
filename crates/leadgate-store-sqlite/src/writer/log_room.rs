//! Room in the write-ahead log: zeros behind its frames, written ahead of time.
//!
//! A commit that makes a file longer makes the file system write down the new length as well, on most with a flush of its own. SQLite writes over
//! the log from its start again and again and never cuts it, so only a young log grows; and a log is young after each start.
//!
//! SQLite tells frames from what lies behind them by their salts and sums, and takes a log without a header for an empty one: zeros mean nothing to
//! it wherever it dies.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::open::beside;

/// As much as a thousand leads with all that becomes of them write, after which an idle writer has the log begin anew.
const WANTED: u64 = 16 << 20;
/// So much at once: whoever wants to write meanwhile waits some milliseconds at most.
const STEP: u64 = 1 << 20;

/// What the log still lacks.
#[derive(Debug, Default)]
pub(crate) struct LogRoom {
    /// The log; `None` once it has room enough.
    log: Option<PathBuf>,
}

impl LogRoom {
    /// For the log of this database.
    pub(crate) fn of(database: &Path) -> LogRoom {
        LogRoom { log: Some(beside(database, "-wal")) }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.log.is_some()
    }

    /// Makes the log a step longer. Nobody may write to it meanwhile. A failure costs nothing: the log grows when it must.
    pub(super) fn add_a_step(&mut self) {
        let Some(log) = &self.log else { return };
        let length = lengthen(log).inspect_err(|error| tracing::debug!(%error, "the write-ahead log got no room"));
        if length.is_ok_and(|length| length < WANTED) {
            return;
        }
        self.log = None;
    }
}

/// Returns the new length. Blocks until it is on the disk.
fn lengthen(log: &Path) -> std::io::Result<u64> {
    let mut file = OpenOptions::new().write(true).open(log)?;
    let length = file.seek(SeekFrom::End(0))?;
    if length >= WANTED {
        return Ok(length);
    }
    let missing = (WANTED - length).min(STEP);
    std::io::copy(&mut std::io::repeat(0).take(missing), &mut file)?;
    file.sync_data()?;
    Ok(length + missing)
}
