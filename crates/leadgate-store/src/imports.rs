//! Imports, in a trait of their own: files whose rows became submissions, and what came of each row.
//!
//! A row is kept once, by the import and its number, however often it is sent: as a submission, as a mistake of the file, or as a repeat of an
//! earlier row. While an import is paused none of its rows is planned or leased, and the identities of those that were planned are free for
//! others. What a row came to is read from its job.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::record::{RecordRef, WrittenPerson};
use leadgate_core::submission::SubmissionId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::model::{Digest, NewSubmission};

/// Why undoing leaves somebody alone without a look at them.
pub const NOT_SURELY_OURS: &str = "it is not certain that the record is as this import made it: it was written to more than once, or the CRM did not say \
     when; look at it";

/// Names an import. Version 7, so ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportId(pub Uuid);

impl std::fmt::Display for ImportId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

impl std::str::FromStr for ImportId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(ImportId)
    }
}

/// An import to begin.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// Its id, new.
    pub id: ImportId,
    /// A name for people: the file's.
    pub name: String,
    /// What the file and its mapping are recognised by.
    pub digest: Digest,
    /// How many rows the file has.
    pub rows: u64,
    /// Which column is what, for people to see.
    pub mapping: Value,
}

/// Whether an import was begun.
#[derive(Clone, Debug, PartialEq)]
pub enum BeginOutcome {
    /// It was.
    Begun,
    /// The same file was imported with the same mapping before, and that was not undone; nothing was kept.
    Known(Box<ImportSummary>),
}

/// How an import stands, as people asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Its rows are worked on.
    Running,
    /// Its rows wait.
    Paused,
    /// What it made is taken away again, and the rows that waited are withdrawn, but for those of which something may have been written.
    Undone,
}

impl ImportState {
    /// The name that stores and answers use.
    pub fn name(self) -> &'static str {
        match self {
            ImportState::Running => "running",
            ImportState::Paused => "paused",
            ImportState::Undone => "undone",
        }
    }
}

/// A row to keep.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// Its number in the file.
    pub row: u64,
    /// What it says.
    pub content: RowContent,
}

/// What a row says.
#[derive(Clone, Debug)]
pub enum RowContent {
    /// A lead.
    Lead(Box<NewSubmission>),
    /// Nothing that can be read, and why.
    Refused(String),
    /// The same person as an earlier row, which says it all.
    DuplicateOf(u64),
}

/// What became of rows at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsOutcome {
    /// All of them are kept now; so many of them were not before.
    Kept {
        /// How many were new.
        new: u64,
    },
    /// The import was undone; nothing was kept.
    Undone,
    /// There is no such import.
    NoSuchImport,
}

/// How many rows of an import came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowCounts {
    /// Rows that arrived.
    pub received: u64,
    /// Rows that have not ended.
    pub waiting: u64,
    /// Rows whose person was made.
    pub created: u64,
    /// Rows whose person was there and got something.
    pub updated: u64,
    /// Rows whose person was there and lacked nothing.
    pub unchanged: u64,
    /// Rows that a person must look at.
    pub parked: u64,
    /// Rows that cannot be read.
    pub refused: u64,
    /// Rows that repeat an earlier one.
    pub duplicates: u64,
    /// Rows that had not been worked on when the import was undone.
    pub withdrawn: u64,
    /// People who were put into the recycle bin again.
    pub removed: u64,
    /// People whom undoing left alone.
    pub left_alone: u64,
    /// What all attempts cost, in thousandths of a request.
    pub cost_milli: u64,
}

/// An import.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportSummary {
    /// Its id.
    pub id: ImportId,
    /// A name for people.
    pub name: String,
    /// How many rows the file has.
    pub rows: u64,
    /// Which column is what.
    pub mapping: Value,
    /// When it was begun.
    pub created_at: Timestamp,
    /// How it stands.
    pub state: ImportState,
    /// What its rows came to.
    pub counts: RowCounts,
}

/// What a row came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowEnd {
    /// It has not ended.
    Waiting,
    /// Its person was made.
    Created,
    /// Its person was there and got something.
    Updated,
    /// Its person was there and lacked nothing.
    Unchanged,
    /// A person must look at it.
    Parked,
    /// It cannot be read.
    Refused,
    /// It repeats an earlier row.
    Duplicate,
    /// It had not been worked on when the import was undone.
    Withdrawn,
    /// Its person was made, and put into the recycle bin again.
    Removed,
    /// Its person was made, and undoing left them alone.
    LeftAlone,
}

impl RowEnd {
    /// The name that answers and files use.
    pub fn name(self) -> &'static str {
        match self {
            RowEnd::Waiting => "waiting",
            RowEnd::Created => "created",
            RowEnd::Updated => "updated",
            RowEnd::Unchanged => "unchanged",
            RowEnd::Parked => "parked",
            RowEnd::Refused => "refused",
            RowEnd::Duplicate => "duplicate",
            RowEnd::Withdrawn => "withdrawn",
            RowEnd::Removed => "removed",
            RowEnd::LeftAlone => "left_alone",
        }
    }
}

/// A row and what it came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RowResult {
    /// Its number in the file.
    pub row: u64,
    /// What it came to.
    pub end: RowEnd,
    /// The person in the CRM.
    pub record: Option<RecordRef>,
    /// Why, where that needs saying.
    pub reason: Option<String>,
    /// When the CRM said that the person whom it made was last changed; where undoing may take them away.
    pub made_as_of: Option<Timestamp>,
    /// The person whom it made without a look at their record.
    pub written: Option<WrittenPerson>,
    /// Its submission.
    pub submission: Option<SubmissionId>,
}

/// Whether an import was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportChange {
    /// It was, or it stood so before.
    Done,
    /// It was undone, which is not taken back.
    Undone,
    /// There is no such import.
    NoSuchImport,
}

/// The part of the store that imports use.
#[async_trait]
pub trait ImportStore: Send + Sync + 'static {
    /// Begins an import, unless the same was imported before and not undone.
    async fn begin_import(&self, import: NewImport, now: Timestamp) -> Result<BeginOutcome, StoreError>;

    /// Keeps rows, all of them in one commit. A row that is there already stays as it is. Two callers at once keep each row once.
    async fn accept_rows(
        &self,
        import: ImportId,
        rows: Vec<ImportRow>,
        now: Timestamp,
    ) -> Result<RowsOutcome, StoreError>;

    /// How an import stands.
    async fn import(&self, id: ImportId) -> Result<Option<ImportSummary>, StoreError>;

    /// Imports, the youngest first.
    async fn imports(&self, limit: u32) -> Result<Vec<ImportSummary>, StoreError>;

    /// Rows of an import behind one, in order, with what they came to.
    async fn row_results(&self, id: ImportId, after: u64, limit: u32) -> Result<Vec<RowResult>, StoreError>;

    /// Has the rows of an import wait, or be worked on, or withdraws those that wait. A call that is under way is finished. Rows for
    /// which something may have been written, as [`RowJob`](crate::stored::RowJob) tells, are not withdrawn: they go on.
    async fn set_import_state(
        &self,
        id: ImportId,
        state: ImportState,
        now: Timestamp,
    ) -> Result<ImportChange, StoreError>;

    /// Keeps removals of people whom rows made, each under its row. A row that has one keeps it. Returns how many are new.
    async fn accept_removals(
        &self,
        id: ImportId,
        removals: Vec<(u64, NewSubmission)>,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
}
