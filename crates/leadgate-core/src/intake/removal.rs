//! Removals: what the gateway hands to itself when an import is undone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{IntakeError, Submission, from_json};
use crate::record::{RecordRef, WrittenPerson};

/// A person to put into the recycle bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Removal {
    /// Whose record is known.
    Record {
        /// Which it is.
        record: RecordRef,
        /// When the CRM said, as it made the person, that they were last changed. Whoever was changed since stays.
        unchanged_since: Timestamp,
    },
    /// Whose record has still to be found.
    Written(WrittenPerson),
}

impl Removal {
    /// The body that is stored.
    pub fn to_body(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }
}

pub(super) fn read(body: &[u8]) -> Result<Submission, IntakeError> {
    from_json(body).map(Submission::Removal)
}
