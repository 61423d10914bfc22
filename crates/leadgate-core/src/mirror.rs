//! The mirror: the local copy of CRM records, and the changes that two looks at one record make.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{Fields, RecordRef};

/// How something was seen of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeenBy {
    /// A webhook of a workflow said so.
    Webhook,
    /// The gateway looked.
    Poll,
}

/// A record as the mirror keeps it. Field names and values are the gateway's own, whichever way they came: a stage by its name, an amount as a
/// decimal text, a time in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mirrored {
    /// Which record.
    pub record: RecordRef,
    /// When the CRM last changed it, as far as it said.
    pub version: Option<Timestamp>,
    /// What is known of it.
    pub fields: Fields,
    /// Counts what was written to the mirror of it, so that of two writers who read the same only one writes.
    pub revision: i64,
}

/// A difference between two looks at one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which record.
    pub record: RecordRef,
    /// The field, such as `stage`; `created` for a record that was not there before.
    pub field: String,
    /// The value before; none if it was blank or is not known.
    pub from: Option<Value>,
    /// The value since.
    pub to: Value,
    /// When it happened, as far as can be told.
    pub at: Timestamp,
    /// How it was seen.
    pub by: SeenBy,
}

/// What the mirror is to hold of a record from now on, and the changes that led there.
#[derive(Clone, Debug, PartialEq)]
pub struct MirrorUpdate {
    /// The record as it is to be kept, with its new revision.
    pub record: Mirrored,
    /// The changes, in order.
    pub changes: Vec<Change>,
}
