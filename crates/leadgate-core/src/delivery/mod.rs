//! A delivery: something to hand to a destination outside the CRM, such as a Slack channel, a subscriber's address or a mailbox.
//!
//! It comes about as the effect of a step, in the transaction that records the step, and lives in a queue of its own from then on: the CRM's
//! budget and breaker do not concern it. [`Outbound`] is the port to the world; [`retry`] says what an answer means; [`pace`] how fast a
//! destination is asked. Whether it is asked at all is a [`crate::breaker::Breaker`] of its own.

pub mod pace;
pub mod retry;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::breaker::Heard;
use crate::identity::IdentityKey;

/// A delivery to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDelivery {
    /// Its id, the same for every attempt, by which a receiver tells a repeat.
    pub id: String,
    /// The destination's name in the rules.
    pub destination: String,
    /// Deliveries to one destination that share this go out one after another, in the order in which they came about.
    pub ordering: IdentityKey,
    /// What is handed over, in the shape of the destination's kind.
    pub content: Value,
}

/// The port to the receivers.
#[async_trait]
pub trait Outbound: Send + Sync + 'static {
    /// Makes one attempt. Ends within the destination's time limit, whatever the receiver does.
    async fn deliver(&self, parcel: Parcel) -> DeliveryAnswer;
}

/// What one attempt hands over.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The delivery's id.
    pub id: String,
    /// The destination's name in the rules.
    pub destination: String,
    /// What is handed over.
    pub content: Value,
    /// The moment of this attempt.
    pub sent_at: Timestamp,
    /// It is a test, and says so.
    pub test: bool,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAnswer {
    /// Whether the receiver took it.
    pub result: Result<(), DeliveryFailure>,
    /// The HTTP or SMTP status, if a reply came.
    pub status: Option<u16>,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<SignedDuration>,
}

impl DeliveryAnswer {
    /// Without a reply.
    pub fn failed(failure: DeliveryFailure) -> DeliveryAnswer {
        DeliveryAnswer { result: Err(failure), status: None, retry_after: None }
    }

    /// `ok`, or the class of the failure, as metrics and answers name it.
    pub fn class(&self) -> &'static str {
        self.result.as_ref().err().map_or("ok", DeliveryFailure::class)
    }

    /// What it tells of the receiver as a whole.
    pub fn heard(&self) -> Heard {
        match &self.result {
            Ok(()) | Err(DeliveryFailure::Refused(_) | DeliveryFailure::Gone) => Heard::Answer,
            Err(DeliveryFailure::Unusable(_)) => Heard::Nothing,
            Err(_) => Heard::Silence,
        }
    }
}

/// Why a receiver did not take a delivery. The texts are for the operator; none of them holds what was sent, or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryFailure {
    /// It answered, and not with success.
    #[error("the receiver refused it: {0}")]
    Refused(String),
    /// It says that it wants nothing any more (410).
    #[error(
        "the receiver says that it is gone (410); the destination is switched off until somebody switches it on again"
    )]
    Gone,
    /// It asks to be left alone for a while (429).
    #[error("the receiver takes no more for now (429)")]
    Throttled,
    /// It, or what stands before it, is in trouble.
    #[error("the receiver is in trouble: {0}")]
    Trouble(String),
    /// It did not answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(std::time::Duration),
    /// No connection came about, or it broke.
    #[error("the receiver could not be reached: {0}")]
    Unreachable(String),
    /// It is at an address that must not be dialled.
    #[error(
        "{0} is not an address of the public internet and was not dialled; if it is meant, add it to the destination's `allow`"
    )]
    Forbidden(String),
    /// What was to be handed over cannot be made into a message, or there is no such destination. Nothing was sent.
    #[error("nothing could be sent: {0}")]
    Unusable(String),
}

impl DeliveryFailure {
    /// A short name for metrics, answers and logs.
    pub fn class(&self) -> &'static str {
        match self {
            DeliveryFailure::Refused(_) => "refused",
            DeliveryFailure::Gone => "gone",
            DeliveryFailure::Throttled => "throttled",
            DeliveryFailure::Trouble(_) => "trouble",
            DeliveryFailure::TimedOut(_) => "timed_out",
            DeliveryFailure::Unreachable(_) => "unreachable",
            DeliveryFailure::Forbidden(_) => "forbidden_address",
            DeliveryFailure::Unusable(_) => "unusable",
        }
    }
}
