//! Room in the write-ahead log: zeros behind its frames, written ahead of time.
//!
//! A commit that makes a file longer makes the file system write down the new length as well, on most with a flush of its own. SQLite writes over the log
//! from its start again and again, so it grows where it is young: after each start, and after it was cut because somebody was forgotten.
//!
//! SQLite tells frames from what lies behind them by their salts and sums, and takes a log without a header for an empty one: zeros mean nothing to
//! it wherever it dies.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::config::{Durability, SqliteConfig};
use crate::open::beside;

/// More than a calm gateway writes before its log is copied back and begun anew.
const WANTED: u64 = 16 << 20;
/// So much at once: whoever wants to write meanwhile waits some milliseconds at most.
const STEP: u64 = 1 << 20;

/// What the log still lacks.
#[derive(Debug, Default)]
pub(crate) struct LogRoom {
    log: Option<PathBuf>,
    has_enough: bool,
}

impl LogRoom {
    /// For the log of a store. One of many has none: a thousand logs would fill a disk. And where commits do not wait for the disk there is nothing to gain.
    pub(crate) fn of(config: &SqliteConfig) -> LogRoom {
        let gains = !config.is_one_of_many && config.durability == Durability::Full;
        LogRoom { log: gains.then(|| beside(&config.path, "-wal")), has_enough: false }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.log.is_some() && !self.has_enough
    }

    /// The log may have become shorter.
    pub(super) fn look_again(&mut self) {
        self.has_enough = false;
    }

    /// Makes the log a step longer. Nobody may write to it meanwhile. After a failure it is left as it was, and grows when it must.
    pub(super) fn add_a_step(&mut self) {
        let Some(log) = &self.log else { return };
        let length = lengthen(log).inspect_err(|error| tracing::debug!(%error, "the write-ahead log got no room"));
        self.has_enough = length.map_or(true, |length| length >= WANTED);
    }
}

/// Returns the new length. Blocks until it is on the disk.
fn lengthen(log: &Path) -> std::io::Result<u64> {
    let mut file = OpenOptions::new().write(true).open(log)?;
    let length = file.seek(SeekFrom::End(0))?;
    let missing = WANTED.saturating_sub(length).min(STEP);
    if missing > 0
        && let Err(error) = append_zeros(&mut file, missing)
    {
        // On a full disk others need the rest.
        file.set_len(length)?;
        return Err(error);
    }
    Ok(length + missing)
}

fn append_zeros(file: &mut File, count: u64) -> std::io::Result<()> {
    std::io::copy(&mut std::io::repeat(0).take(count), file)?;
    file.sync_data()
}
