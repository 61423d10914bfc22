//! Syncing: reads the account's streams into the copy, and publishes the copy to the sinks.
//!
//! Cast: a [`SyncRun`] is one run, made of steps of a call each; `keeper` hands the copy to threads that may block; `lease` makes sure that one
//! run at a time has the copy; `asking` pays for a call and makes it;
//! `shaping` makes typed rows of what the CRM shows, `landing` puts them into the copy; `failures` says what a failure means for the run; `report` is what a run
//! comes to; a [`SyncService`] begins runs when they are due. What to ask next, and what an answer means, is decided in
//! [`leadgate_core::sync`].
//!
//! Flow of a step: the reading says what to ask → permits in the lane of syncing, as many as pages → one call → rows are shaped → rows and the new state
//! of the reading go into the copy in one transaction. While a pass goes on, its next call is made as the rows of the one before are shaped and written. So a process
//! that dies loses at most two calls, and its successor goes on there.

mod asking;
mod failures;
mod keeper;
mod landing;
mod lease;
mod notes;
mod past;
mod publish;
mod report;
mod run;
mod service;
mod settings;
mod shaping;
mod turn;

pub use asking::{Given, RowsReader};
pub use keeper::CopyKeeper;
pub use report::{Outcome, Problem, RunReport, StreamReport, runs_of};
pub use run::{SyncProgress, SyncRun, Turn};
pub use service::SyncService;
pub use settings::{NotesRead, SyncSettings, WithheldRows};
pub use shaping::Shaping;

use leadgate_core::sync::Stream;
use leadgate_store::StoreError;
use leadgate_warehouse::CopyError;

/// Why a run cannot begin or go on. What the CRM says is no error of this kind: it is in the run's report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Another run has the copy.
    #[error(
        "another sync is at work on the copy in {0}: wait until it has ended (`leadgate sync runs` shows it), or end it"
    )]
    AtWork(String),
    /// The lock cannot be taken.
    #[error("locking {path} failed: {source}")]
    Lock {
        /// The lock file.
        path: String,
        /// What happened.
        source: std::io::Error,
    },
    /// The copy failed.
    #[error("the copy could not be read or written")]
    Copy(#[from] CopyError),
    /// The gateway's store failed.
    #[error("the gateway's store failed")]
    Store(#[from] StoreError),
    /// A part of the program panicked.
    #[error("working on the copy of {0} panicked")]
    Panicked(Stream),
    /// A thread that works on the copy panicked.
    #[error("a thread that works on the copy panicked")]
    Thread,
}
