//! The whole account as a document of JSON lines, and back.
//!
//! ```text
//! {"snapshot":{"format":"freshsales-sandbox","version":1,"subdomain":"acme"}}
//! {"account":{…}}                    settings, picklists, quota, clock, faults, switches, jobs, counters
//! {"record":{…}}                     one for each record, the recycle bin's included
//! {"event":{…}}                      something that happened to a record, as activities and timelines show it
//! {"file":[1,{…}]}                   the content of an uploaded document
//! {"job":[1,{…}]}                    a bulk job, waiting or done
//! {"delivery":{…}}                   an attempt to deliver a webhook
//! {"fired":[1,1]}                    a workflow that fires once for each record, and a record
//! {"unindexed":["contact",1]}        a record that searches do not show yet
//! {"indexed":{…}}                    a record as searches still show it
//! {"waiting":{"due":…,…}}            what searches will show from then on
//! {"request":{…}}                    a remembered request, where these are wanted
//! {"end":{"records":1}}
//! {"record":{…}} {"derived":{…}}     a journal may follow: what was written, what follows from it, what was removed,
//! {"forgotten":[…]} {"file":[…]}     what was uploaded, jobs, deliveries; `at` before what was made at another time
//! {"at":…} {"job":[…]} …              than that of the group's end; each group closed by
//! {"progress":{…}} or {"account":{…}} the counters, or the settings and all the rest anew
//! ```
//!
//! Cast: [`Capture`] is what is taken under the account's lock, pointers mostly, and written after it; [`Loader`] reads line
//! by line; [`Journal`] keeps a file as new as the account. A file may hold several accounts, one after the other.

mod capture;
mod journal;
mod loader;

use std::fmt;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use capture::Capture;
pub(crate) use journal::{Journal, write_file};
pub(crate) use loader::Loader;

use crate::model::files::StoredFile;
use crate::model::history::Event;
use crate::model::jobs::Job;
use crate::model::{Progress, Record, State};
use crate::{DeliverySeen, Kind, RequestSeen};

const FORMAT: &str = "freshsales-sandbox";
const VERSION: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    format: String,
    version: u32,
    pub(crate) subdomain: String,
}

/// What searches will show from `due` on: a record as it is in the tables, as it stands here, or no more.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting<R> {
    due: Timestamp,
    #[serde(flatten)]
    change: WaitingChange<R>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WaitingChange<R> {
    Current(Kind, i64),
    Put(R),
    Remove(Kind, i64),
}

/// A line as it is written (`R` a reference) and read (`R` a value).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<R, A, Q, F, J, D> {
    Snapshot(Header),
    Account(A),
    Record(R),
    Derived(R),
    Event(Event),
    File(i64, F),
    Job(i64, J),
    Delivery(D),
    Fired(u64, i64),
    At(Timestamp),
    Unindexed(Kind, i64),
    Indexed(R),
    Waiting(Waiting<R>),
    Request(Q),
    End { records: usize },
    Forgotten(Kind, i64),
    Progress(Box<Progress>),
}

type WrittenLine<'a> = Line<&'a Record, &'a State, &'a RequestSeen, &'a StoredFile, &'a Job, &'a DeliverySeen>;
type ReadLine = Line<Box<Record>, Box<State>, Box<RequestSeen>, Box<StoredFile>, Box<Job>, Box<DeliverySeen>>;

fn write_line(out: &mut impl io::Write, line: &WrittenLine<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Why a snapshot could not be loaded. The account is as it was before.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It could not be read.
    Unreadable(Arc<io::Error>),
    /// It is not a snapshot of a sandbox account.
    NotASnapshot,
    /// A later version has written it.
    TooNew {
        /// Its version.
        version: u32,
    },
    /// A line is not what it should be.
    Malformed {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// It breaks off before its end.
    Truncated,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(_) => write!(formatter, "the snapshot could not be read"),
            Self::NotASnapshot => write!(formatter, "this is not a snapshot of a sandbox account"),
            Self::TooNew { version } => {
                write!(formatter, "the snapshot has version {version}, and this program knows versions up to {VERSION}")
            }
            Self::Malformed { line, reason } => write!(formatter, "line {line} of the snapshot is malformed: {reason}"),
            Self::Truncated => write!(formatter, "the snapshot breaks off before its end"),
        }
    }
}

impl std::error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl From<io::Error> for SnapshotError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(Arc::new(error))
    }
}

/// What stands in a snapshot beside the account itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotOptions {
    /// Whether the requests that the account remembers are saved too; their number always is.
    pub requests: bool,
}

impl SnapshotOptions {
    /// With the requests that the account remembers.
    #[must_use]
    pub const fn with_requests() -> Self {
        Self { requests: true }
    }
}
