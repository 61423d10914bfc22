//! A delivery: something to hand to a destination outside the CRM, such as a Slack channel, a subscriber's address or a mailbox.
//!
//! It comes about as the effect of a step, in the transaction that records the step, and lives in a queue of its own from then on: the CRM's
//! budget and breaker do not concern it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
