//! Files and links on records: uploading, linking, and what is attached to a record.

use http::{Method, StatusCode};
use serde_json::json;

use super::notes::{Target, TargetKind};
use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::multipart::{File, Multipart};
use crate::record::{document, record};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// An uploaded file (source: official page, #create_file; fields seen on recorded replies). Lists show some of these only.
    pub struct Document {
        /// Name.
        name: String,
        /// Where the content can be fetched without a key; the address is signed and does not last.
        url: String,
        /// Address of a small picture of it.
        thumbnail_url: String,
        /// Size in bytes.
        content_file_size: i64,
        /// Size as text, e.g. `17.8 KB`.
        content_file_size_readable: String,
        /// Media type.
        content_content_type: String,
        /// When the content was changed last.
        content_updated_at: RecordTime,
        /// Whether others may see it.
        is_shared: bool,
        /// Whether it is attached to a record.
        is_attached: bool,
        /// User who uploaded it.
        creater_id: i64,
        /// When it was uploaded.
        created_at: RecordTime,
    }
}

record! {
    /// A link on a record (source: official page, #create_link; fields seen on recorded replies). Lists show some of these only.
    pub struct DocumentLink {
        /// Name.
        name: String,
        /// The address it leads to.
        url: String,
        /// Whether others may see it.
        is_shared: bool,
        /// Whether it is attached to a record.
        is_attached: bool,
        /// Id of the record it is on.
        targetable_id: i64,
        /// Kind of the record it is on, e.g. `Contact`.
        targetable_type: String,
        /// User who added it.
        creater_id: i64,
        /// When it was added.
        created_at: RecordTime,
    }
}

record! {
    /// That a file or a link is attached to a record.
    pub struct Association {
        /// The file or link: its kind is `document` or `document_link`.
        attachable: Target,
        /// User who attached it.
        creater_id: i64,
        /// When it was attached.
        created_at: RecordTime,
    }
}

document! {
    /// Everything attached to a record.
    pub struct Attached {
        /// Files.
        documents: Vec<Document>,
        /// Links.
        document_links: Vec<DocumentLink>,
        /// When and by whom each of them was attached.
        document_associations: Vec<Association>,
    }
}

/// Uploads a file onto a record. A repetition uploads it a second time.
pub fn upload(kind: TargetKind, id: i64, file: File) -> Upload {
    Upload { kind, id, file, shared: false }
}

/// See [`upload`].
#[derive(Debug, Clone)]
pub struct Upload {
    kind: TargetKind,
    id: i64,
    file: File,
    shared: bool,
}

impl Upload {
    /// Lets others see the file.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self
    }
}

impl Request for Upload {
    type Output = Document;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let form = Multipart::new()
            .text("file_name", self.file.name())
            .text("is_shared", self.shared.to_string())
            .text("targetable_id", self.id.to_string())
            .text("targetable_type", self.kind.as_str())
            .file("file", self.file.clone());
        RequestParts::new(Method::POST, "documents").form(form)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::enveloped("document", body)
    }
}

/// Adds a link to a record, under a name. A repetition adds it a second time.
pub fn link(kind: TargetKind, id: i64, url: impl Into<String>, name: impl Into<String>) -> AddLink {
    AddLink { kind, id, url: url.into(), name: name.into(), shared: false }
}

/// See [`link`].
#[derive(Debug, Clone)]
pub struct AddLink {
    kind: TargetKind,
    id: i64,
    url: String,
    name: String,
    shared: bool,
}

impl AddLink {
    /// Lets others see the link.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self
    }
}

impl Request for AddLink {
    type Output = DocumentLink;

    /// Unlike other writes the body has no envelope.
    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::new(Method::POST, "document_links").body(json!({
            "url": self.url,
            "name": self.name,
            "is_shared": self.shared,
            "targetable_id": self.id,
            "targetable_type": self.kind.as_str(),
        }))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::enveloped("document_link", body)
    }
}

/// The files and links of a record.
pub fn of_record(kind: TargetKind, id: i64) -> DocumentsOfRecord {
    DocumentsOfRecord { kind, id }
}

/// See [`of_record`].
#[derive(Debug, Clone)]
pub struct DocumentsOfRecord {
    kind: TargetKind,
    id: i64,
}

impl Request for DocumentsOfRecord {
    type Output = Attached;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get(format!("{}/{}/document_associations", self.kind.collection(), self.id)).may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::typed("$", decode::json(body)?)
    }
}
