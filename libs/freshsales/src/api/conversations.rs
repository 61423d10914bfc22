//! Conversations of a person: the e-mails that the CRM knows of. There is no request that sends one.

use http::StatusCode;
use serde_json::{Map, Value};

use super::notes::TargetKind;
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::record::record;
use crate::request::{Base, Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// An e-mail of a conversation (seen on replies).
    pub struct EmailConversation {
        /// Which way it went.
        direction: String,
        /// Subject.
        subject: String,
        /// When it was sent.
        conversation_time: RecordTime,
        /// Text without HTML.
        display_content: String,
        /// Text as HTML.
        html_content: String,
        /// Text as HTML, without what it quotes.
        current_html_content: String,
        /// First words of the text.
        shrink_content: String,
        /// Whether it was read.
        is_read: bool,
        /// State of the delivery.
        status: String,
        /// Whether it waits for an answer.
        needs_response: bool,
        /// Attached files.
        attachments: Vec<Map<String, Value>>,
        /// More about it.
        conversation_meta: Map<String, Value>,
    }
}

/// The e-mails of a person, newest first. In both generations the route is one of the product's own pages (without `/api`).
pub fn of_record(kind: TargetKind, id: i64) -> Conversations {
    Conversations { kind, id, base: Base::Pages, page: None, include: Vec::new() }
}

/// The same by the API's own route, which Classic accounts have (seen in other clients' requests).
pub fn of_record_in_api(kind: TargetKind, id: i64) -> Conversations {
    Conversations { base: Base::Api, ..of_record(kind, id) }
}

/// See [`of_record`] and [`of_record_in_api`].
#[derive(Debug, Clone)]
pub struct Conversations {
    kind: TargetKind,
    id: i64,
    base: Base,
    page: Option<(u32, u32)>,
    include: Vec<String>,
}

impl Conversations {
    /// Asks for one page, counted from 1, of so many e-mails.
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        self.page = Some((page, per_page));
        self
    }

    /// Asks for related records: `email_conversation_recipients`, `targetable`, `phone_number`, `phone_caller`, `note`, `user`.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl Request for Conversations {
    type Output = Page<EmailConversation>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let path = format!("{}/{}/conversations", self.kind.collection(), self.id);
        let parts = match self.base {
            Base::Api => RequestParts::get(path).may_be_missing(),
            Base::Pages => RequestParts::get(path + "/all").without_api(),
        };
        let parts = parts.include(&self.include);
        match self.page {
            Some((page, per_page)) => parts.query("page", page.to_string()).query("per_page", per_page.to_string()),
            None => parts,
        }
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page("email_conversations", body)
    }
}
