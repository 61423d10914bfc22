//! What became of deliveries, newest last, within a bound.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Kind;

/// What became of one attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryResult {
    /// The receiver answered 2xx.
    Delivered,
    /// The receiver answered something else. Redirects count here: they are not followed.
    Refused,
    /// No answer within the time-out.
    TimedOut,
    /// No connection, or one that broke.
    Unreachable,
    /// Never sent, because a fault said so.
    Dropped,
    /// Never sent, because the record or the workflow was gone by then.
    Obsolete,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeliverySeen {
    /// Number of the delivery; its attempts share it. The receiver does not get it.
    pub delivery: u64,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Id of the workflow.
    pub workflow: u64,
    /// Name of the workflow.
    pub name: String,
    /// Kind of the record.
    pub kind: Kind,
    /// Id of the record.
    pub record: i64,
    /// When the attempt ended, on the account's clock.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Where it went, placeholders filled in.
    pub url: String,
    /// The body as sent; empty where the method has none.
    pub body: String,
    /// What became of it.
    pub result: DeliveryResult,
    /// The receiver's status, where it answered.
    pub status: Option<u16>,
    /// How long the attempt took, in milliseconds of real time.
    pub duration_milliseconds: u64,
    /// What went wrong, where no answer came.
    pub error: Option<String>,
    /// The fault that acted on it.
    pub fault: Option<super::WebhookFaultKind>,
    /// Whether a person asked for it as a test.
    pub test: bool,
}

/// The attempts an account remembers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryLog {
    /// Snapshots carry these on lines of their own.
    #[serde(skip_serializing, default)]
    kept: VecDeque<DeliverySeen>,
    bound: usize,
    total: u64,
}

impl DeliveryLog {
    pub(super) fn new(bound: usize) -> Self {
        Self { kept: VecDeque::new(), bound, total: 0 }
    }

    pub(super) fn push(&mut self, attempt: DeliverySeen) {
        self.total += 1;
        self.put_back(attempt);
    }

    /// Remembers an attempt that has been counted.
    pub(crate) fn put_back(&mut self, attempt: DeliverySeen) {
        if self.bound == 0 {
            return;
        }
        if self.kept.len() >= self.bound {
            self.kept.pop_front();
        }
        self.kept.push_back(attempt);
    }

    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &DeliverySeen> {
        self.kept.iter()
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The attempts behind the first so many of all.
    pub(crate) fn since(&self, total: u64) -> impl Iterator<Item = &DeliverySeen> {
        let new = usize::try_from(self.total.saturating_sub(total)).unwrap_or(usize::MAX);
        self.kept.iter().skip(self.kept.len().saturating_sub(new))
    }

    /// What is remembered, out of one value into another that has none; nothing where it was forgotten meanwhile.
    pub(super) fn move_from(&mut self, other: &mut Self) {
        if self.total >= other.total {
            self.kept.append(&mut other.kept);
        }
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.total = 0;
    }
}
