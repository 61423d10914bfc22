//! Notes on contacts, sales accounts, deals and leads.

use serde_json::{Map, Value};

use super::of_record::OfRecord;
use super::verbs::{Create, Delete, Update};
use crate::record::{Record, attributes, document, record};
use crate::value::RecordTime;

record! {
    /// A note (source: official page, #notes).
    pub struct Note {
        /// Text or HTML.
        description: String,
        /// User who wrote it.
        creater_id: i64,
        /// What it is on.
        targetables: Vec<Target>,
        /// What it is on, with `include=targetable` and beside calls.
        targetable: Target,
        /// Address of a recording, where the note is of a call.
        url: String,
        /// Length of the recording in seconds.
        duration: i64,
        /// Whether the key's user may read it.
        has_access: bool,
        /// State of the note in connected chat programs.
        collab_context: Map<String, Value>,
        /// Whether users are mentioned in it (newer accounts).
        has_mentions: bool,
        /// Text as HTML (newer accounts).
        html_content: String,
        /// What it came from, e.g. `PhoneCall` (beside calls).
        source_type: String,
        /// Id of what it came from.
        source_id: i64,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

document! {
    /// What a note, a task or an activity is on.
    pub struct Target {
        /// Id of the record.
        id: i64,
        /// Its kind: `Contact`, `SalesAccount`, `Deal`, `Lead`; in `targetable` in lower case with underscores.
        r#type: String,
        /// Its name (newer accounts, `targetables_with_email`).
        name: String,
    }
}

/// A kind of record that notes, tasks, activities and files can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetKind {
    /// A contact.
    Contact,
    /// A sales account.
    SalesAccount,
    /// A deal.
    Deal,
    /// A lead (Classic).
    Lead,
}

impl TargetKind {
    /// The kind as `targetable_type` wants it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "Contact",
            Self::SalesAccount => "SalesAccount",
            Self::Deal => "Deal",
            Self::Lead => "Lead",
        }
    }

    /// The collection of such records, as in paths.
    pub fn collection(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::SalesAccount => "sales_accounts",
            Self::Deal => "deals",
            Self::Lead => "leads",
        }
    }
}

attributes! {
    /// What a write of a note sets.
    pub struct NoteAttributes {
        /// Sets the text; HTML is rendered.
        description: String,
    }
}

impl NoteAttributes {
    /// Sets what the note is on.
    #[must_use]
    pub fn target(self, kind: TargetKind, id: i64) -> Self {
        self.field("targetable_type", kind.as_str()).field("targetable_id", id)
    }
}

impl Record for Note {
    type Attributes = NoteAttributes;
    const SINGULAR: &'static str = "note";
    const PLURAL: &'static str = "notes";
    const IN_EVERY_ACCOUNT: bool = true;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Writes a note on a record. A repetition writes a second one.
pub fn create(kind: TargetKind, id: i64, text: impl Into<String>) -> Create<Note> {
    Create::new(NoteAttributes::new().description(text).target(kind, id))
}

/// Changes a note. The CRM wants its target again beside the text.
pub fn update(id: i64, attributes: NoteAttributes) -> Update<Note> {
    Update::new(id, attributes)
}

/// Deletes a note.
pub fn delete(id: i64) -> Delete<Note> {
    Delete::new(id)
}

/// The notes on a record, newest first. There is no list of all notes. Includes: `creater`.
pub fn of_record(kind: TargetKind, id: i64) -> OfRecord<Note> {
    OfRecord::on_api(kind, id)
}
