//! What can go wrong with the copy.

use std::path::PathBuf;

use leadgate_core::sync::Stream;

/// Why the copy could not do what it was asked for. Nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file cannot be opened.
    #[error("could not open the copy {}: see that its folder exists and can be written to", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The file was written by another version of the program.
    #[error(
        "the copy {} is of version {found}, this program knows {known}: move it away and sync again", path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: i64,
        /// What this program writes.
        known: i64,
    },
    /// SQLite refused.
    #[error("could not read or write the copy")]
    Database(#[from] rusqlite::Error),
    /// A batch does not follow what was applied before it: it was applied already, or another run was quicker.
    #[error("the batch of {stream} does not follow what the copy holds: read the stored state and go on from there")]
    OutOfOrder {
        /// Its stream.
        stream: Stream,
    },
    /// A row has more or fewer cells than its schema has columns.
    #[error("row {id} of {stream} has {cells} cells, its schema {columns} columns")]
    Misshapen {
        /// The stream.
        stream: Stream,
        /// The row.
        id: i64,
        /// How many cells it has.
        cells: usize,
        /// How many it should have.
        columns: usize,
    },
    /// What is stored cannot be read.
    #[error("the copy is damaged at {what}: move it away and sync again")]
    Damaged {
        /// Where.
        what: String,
    },
}

impl CopyError {
    pub(crate) fn damaged(what: impl std::fmt::Display) -> CopyError {
        CopyError::Damaged { what: what.to_string() }
    }
}
