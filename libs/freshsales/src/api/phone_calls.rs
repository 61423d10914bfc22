//! Calls: logging one by hand that was had with a record, or with somebody the CRM does not know yet.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::notes::{Target, TargetKind};
use crate::Generation;
use crate::decode::{self, DecodeError, Single};
use crate::record::{Attributes, record};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// A call (source: official page, #manual_call_log; fields seen on replies).
    pub struct PhoneCall {
        /// Whether the call came in; else it went out.
        call_direction: bool,
        /// When the call was.
        conversation_time: RecordTime,
        /// Length in seconds.
        call_duration: i64,
        /// Whom it was with. The kind is in lower case: `contact`.
        targetable: Target,
        /// User who had it.
        user_id: i64,
        /// Note; side-loaded under `notes`.
        note_id: i64,
        /// Outcome.
        outcome_id: i64,
        /// State of the call.
        status: String,
        /// Price of the call, where it went through the CRM.
        cost: String,
        /// Whether it was logged by hand.
        is_manual: bool,
        /// Address of the recording.
        recording: String,
        /// Length of the recording in seconds.
        recording_duration: i64,
        /// Whether the recording is kept outside the CRM.
        is_external_recording_url: bool,
        /// Call that this one was forwarded from.
        root_phone_call_id: i64,
        /// Calls that this one was forwarded to.
        child_phone_calls: Vec<i64>,
        /// Number of the account.
        phone_number_id: i64,
        /// Number of the other side.
        phone_caller_id: i64,
        /// Id in Freshcaller.
        freshcaller_id: i64,
        /// Number in Freshcaller.
        freshcaller_number: String,
        /// Program that logged it.
        source: String,
    }
}

/// Which way a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Somebody called us.
    Incoming,
    /// We called.
    Outgoing,
}

/// Logs a call with a record. A repetition logs a second one.
///
/// The reply is wide: beside the call it has `notes`, `users`, `targetables` and the record in question, under the name of its kind, as
/// side loads.
pub fn log(direction: Direction, kind: TargetKind, id: i64) -> LogCall {
    let mut target = Map::new();
    target.insert("id".to_owned(), Value::String(id.to_string()));
    LogCall { direction, kind, target, note: None }
}

/// Logs a call with somebody the CRM does not know: the contact or lead is made of the attributes.
pub fn log_new(direction: Direction, kind: TargetKind, attributes: &impl Attributes) -> LogCall {
    LogCall { direction, kind, target: attributes.as_map().clone(), note: None }
}

/// See [`log`].
#[derive(Debug, Clone)]
pub struct LogCall {
    direction: Direction,
    kind: TargetKind,
    target: Map<String, Value>,
    note: Option<String>,
}

impl LogCall {
    /// Writes a note about the call.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }

    /// Sends an attribute of the person along, e.g. the number that was used.
    #[must_use]
    pub fn person(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.target.insert(name.to_owned(), value.into());
        self
    }
}

/// `SalesAccount` as this call wants it: `sales_account`.
fn singular(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Contact => "contact",
        TargetKind::SalesAccount => "sales_account",
        TargetKind::Deal => "deal",
        TargetKind::Lead => "lead",
    }
}

impl Request for LogCall {
    type Output = Single<PhoneCall>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let mut call = json!({
            "call_direction": self.direction == Direction::Incoming,
            "targetable_type": singular(self.kind),
            "targetable": self.target,
        });
        if let Some(text) = &self.note {
            call["note"] = json!({ "description": text });
        }
        RequestParts::new(Method::POST, "phone_calls").body(json!({ "phone_call": call }))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::first_row("phone_calls", body)
    }
}
