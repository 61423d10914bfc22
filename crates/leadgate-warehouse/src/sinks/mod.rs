//! Where rows are published to.
//!
//! The cast:
//!
//! | module | is |
//! |---|---|
//! | `spec` | [`SinkSpec`]: a sink as people write it, in settings or on the command line |
//! | `table` | `Table`: what a stream, or the changes, are called and which columns they have |
//! | `rows` | rows on their way to a sink, some at a time |
//! | `place` | where files go: a folder, a file, the standard output, an object store |
//! | `csv`, `ndjson`, `parquet` | the formats of files |
//! | `files` | the sink that writes files, and their manifest |
//! | `evolution` | how a table that was made for yesterday's columns gets today's |
//! | `sqlite`, `postgres` | the sinks that keep tables |
//! | `writer` | [`RowWriter`]: rows written without a copy |
//!
//! The flow: a sink opens a snapshot of the copy, looks up what it has published of each stream (files: in the manifest beside them; tables:
//! in a table `leadgate_tables` beside them), and brings itself up to date. Readers see a file whole, old or new; tables change in one
//! transaction together with the note of what was published. So publishing again, after whatever failure, is always right, and publishing
//! twice changes nothing. Nothing is tried again here: the caller does that.

mod csv;
mod evolution;
mod files;
mod manifest;
mod ndjson;
mod parquet;
mod place;
mod postgres;
mod postgres_copy;
mod rows;
mod spec;
mod sqlite;
mod table;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;

use leadgate_core::sync::Stream;

use crate::copy::CopyError;

pub use spec::{Format, SinkSpec, SpecError};
pub(crate) use table::Table;
pub use writer::{RowWriter, Written};

/// Something that is kept equal to the copy.
#[async_trait::async_trait]
pub trait Sink: Send {
    /// Brings these streams of the sink, and its changes, up to date with the copy in the file `copy`. Streams that were never read are
    /// passed over.
    async fn publish(&mut self, copy: &Path, streams: &[Stream]) -> Result<Published, SinkError>;

    /// Tries whether these streams can be published: that the place is there and can be written to, and that what is there is its own. Nothing
    /// that a reader sees is changed.
    async fn check(&mut self, streams: &[Stream]) -> Result<(), SinkError>;
}

/// What was done to a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Of each table or file, by its name: `contacts`, `changes`.
    pub tables: BTreeMap<String, TablePublished>,
}

/// What was done to one table or file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TablePublished {
    /// How many rows were written; 0 if it was up to date.
    pub written: u64,
    /// How many rows were taken out of a table since they are gone.
    pub removed: u64,
    /// Columns that are new in it.
    pub added: Vec<String>,
    /// Columns with a new name: the old one, the new one.
    pub renamed: Vec<(String, String)>,
    /// Columns of fields that the account no longer has. Tables keep them as they were.
    pub retired: Vec<String>,
    /// How many decimal numbers had more digits after the point than Parquet files hold, and were rounded.
    pub rounded: u64,
}

/// Why a sink could not be brought up to date. What it held before is still there.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The copy cannot be read.
    #[error("could not read the copy to publish it")]
    Copy(#[from] CopyError),
    /// A file cannot be written.
    #[error("could not write to {place}: see that the folder exists, can be written to and has room")]
    Write {
        /// The file or folder.
        place: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// An object store refused, or cannot be reached.
    #[error("could not use the object store at {place}: see its address and the credentials in the environment")]
    Objects {
        /// Where.
        place: String,
        /// The reason.
        source: object_store::Error,
    },
    /// A SQLite file cannot be written.
    #[error("could not write to the SQLite file {place}")]
    Sqlite {
        /// The file.
        place: String,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// A Postgres server refused, or cannot be reached.
    #[error("could not write to {place}")]
    Postgres {
        /// The server, without the password.
        place: String,
        /// The reason.
        source: sqlx::Error,
    },
    /// What the sink remembers of itself cannot be read.
    #[error("what {place} says of itself cannot be read: remove {what} and publish again")]
    Memory {
        /// The sink.
        place: String,
        /// The file or table that says it.
        what: String,
    },
    /// One file cannot hold several streams.
    #[error("{place} is one file, but {count} streams are to go there: name a folder, as in `out/`, or one stream")]
    OneFile {
        /// The file.
        place: String,
        /// How many streams.
        count: usize,
    },
    /// A table that somebody else made.
    #[error("{place} has a table {table} that is not leadgate's: name another schema or file, or move the table away")]
    Foreign {
        /// The sink.
        place: String,
        /// The table.
        table: String,
    },
    /// A table that is kept equal to a copy would be replaced.
    #[error(
        "the table {table} in {place} is kept equal to the account by `leadgate sync`: name another file or schema for the export"
    )]
    Followed {
        /// The sink.
        place: String,
        /// The table.
        table: String,
    },
    /// A row does not fit the columns.
    #[error("row {id} has {cells} cells, but there are {columns} columns")]
    Misshapen {
        /// The row.
        id: i64,
        /// How many cells it has.
        cells: usize,
        /// How many it should have.
        columns: usize,
    },
    /// The program is ending.
    #[error("publishing was stopped before it was done: publish again")]
    Stopped,
}

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SinkError> + Send + 'static,
) -> Result<T, SinkError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SinkError::Stopped)?
}
