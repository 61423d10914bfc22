//! Conversations of a person: the e-mails that the CRM knows of. There is no request that sends one.

use serde_json::{Map, Value};

use super::notes::TargetKind;
use super::of_record::OfRecord;
use crate::listing::list_row;
use crate::record::record;
use crate::request::Base;
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

list_row!(EmailConversation);

/// The e-mails of a person, newest first. In both generations the route is one of the product's own pages (without `/api`). Includes:
/// `email_conversation_recipients`, `targetable`, `phone_number`, `phone_caller`, `note`, `user`.
pub fn of_record(kind: TargetKind, id: i64) -> OfRecord<EmailConversation> {
    OfRecord::listed(Base::Pages, kind, id, "conversations/all", "email_conversations")
}

/// The same by the API's own route, which Classic accounts have (seen in other clients' requests).
pub fn of_record_in_api(kind: TargetKind, id: i64) -> OfRecord<EmailConversation> {
    OfRecord::listed(Base::Api, kind, id, "conversations", "email_conversations")
}
