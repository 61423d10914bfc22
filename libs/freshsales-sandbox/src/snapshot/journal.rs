//! A file that is as new as the account: a snapshot, and behind it every change, written before its reply is sent.
//!
//! What was written survives the end of the process, however it ends; a crash of the machine may take the last changes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::{Capture, Line, SnapshotOptions, write_line};
use crate::model::State;
use crate::model::changes::{Extent, RecordChange};

/// The account is written anew once the changes take more than this and more than the snapshot before them, in bytes.
const LONGEST: u64 = 8 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    snapshot_bytes: u64,
    changes_bytes: u64,
    /// How many deliveries it has heard of.
    deliveries: u64,
}

impl Journal {
    /// Writes the account to a file and goes on from there.
    pub(crate) fn begin(path: &Path, state: &mut State) -> io::Result<Self> {
        state.changes.keep();
        drop(state.changes.take());
        let (file, snapshot_bytes) = replace(path, state)?;
        let deliveries = state.workflows.log.total();
        Ok(Self { path: path.to_owned(), file, snapshot_bytes, changes_bytes: 0, deliveries })
    }

    /// Writes what has changed.
    pub(crate) fn catch_up(&mut self, state: &mut State) -> io::Result<()> {
        let (records, whole_account) = match state.changes.take() {
            Extent::Nothing => return Ok(()),
            Extent::Everything => return self.rewrite(state),
            Extent::Records(records) => (records, false),
            Extent::RecordsAndAccount(records) => (records, true),
        };
        let mut text = Vec::with_capacity(1024 * (records.len() + 1));
        let mut time = state.now();
        for (at, change) in &records {
            if *at != time {
                write_line(&mut text, &Line::At(*at))?;
                time = *at;
            }
            match change {
                RecordChange::Written(record) => write_line(&mut text, &Line::Record(record))?,
                RecordChange::Derived(record) => write_line(&mut text, &Line::Derived(record))?,
                RecordChange::Forgotten(kind, id) => write_line(&mut text, &Line::Forgotten(*kind, *id))?,
                RecordChange::Uploaded(document) => {
                    if let Some(file) = state.files.get(*document) {
                        write_line(&mut text, &Line::File(*document, file))?;
                    }
                }
                RecordChange::Job(id) => {
                    if let Some(job) = state.jobs.get(*id) {
                        write_line(&mut text, &Line::Job(*id, job))?;
                    }
                }
                RecordChange::Fired(workflow, record) => write_line(&mut text, &Line::Fired(*workflow, *record))?,
            }
        }
        for delivery in state.workflows.log.since(self.deliveries) {
            write_line(&mut text, &Line::Delivery(delivery))?;
        }
        self.deliveries = state.workflows.log.total();
        let closing = if whole_account { Line::Account(&*state) } else { Line::Progress(Box::new(state.progress())) };
        write_line(&mut text, &closing)?;
        self.file.write_all(&text)?;
        self.changes_bytes += text.len() as u64;
        if self.changes_bytes > LONGEST.max(self.snapshot_bytes) { self.rewrite(state) } else { Ok(()) }
    }

    fn rewrite(&mut self, state: &State) -> io::Result<()> {
        (self.file, self.snapshot_bytes) = replace(&self.path, state)?;
        self.changes_bytes = 0;
        self.deliveries = state.workflows.log.total();
        Ok(())
    }
}

/// Puts a snapshot in the place of a file, so that there is a whole one at any moment; returns it, open at its end.
fn replace(path: &Path, state: &State) -> io::Result<(File, u64)> {
    let file = write_file(path, [Capture::of(state, SnapshotOptions::default())?])?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Writes accounts to a file in one step: another process sees the old file or the new one, never a part.
pub(crate) fn write_file(path: &Path, captures: impl IntoIterator<Item = Capture>) -> io::Result<File> {
    let mut beside = path.to_owned().into_os_string();
    beside.push(".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It holds what people typed into a test account, which may be real.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = BufWriter::with_capacity(256 * 1024, options.open(&beside)?);
    for capture in captures {
        capture.write(&mut out)?;
    }
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    Ok(file)
}
