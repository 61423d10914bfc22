//! What the account was asked, newest last, within a bound.

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One request that reached the account, the control API's own excepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestSeen {
    /// When it arrived, on the account's clock.
    pub at: Timestamp,
    /// HTTP method in upper case.
    pub method: String,
    /// Path as sent, without the query.
    pub path: String,
    /// Query as sent, without the question mark; empty where there is none.
    pub query: String,
    /// Status of the reply; absent where no reply was sent.
    pub status: Option<u16>,
    /// The fault that hit it, by its kind in the control API.
    pub fault: Option<String>,
    /// Who called: the `x-sandbox-caller` header, else `User-Agent`, else empty.
    pub caller: String,
    /// The body as sent.
    #[serde(with = "body")]
    pub body: Bytes,
}

impl RequestSeen {
    /// The body as JSON, where it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A body in a snapshot: text where it is text, else its bytes.
mod body {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Shown {
        Text(String),
        Bytes(Vec<u8>),
    }

    pub(super) fn serialize<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(body) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => body.as_ref().serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        Ok(match Shown::deserialize(deserializer)? {
            Shown::Text(text) => Bytes::from(text),
            Shown::Bytes(bytes) => Bytes::from(bytes),
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RequestLog {
    /// Snapshots carry these on lines of their own, where they carry them at all.
    #[serde(skip)]
    kept: VecDeque<RequestSeen>,
    bound: usize,
    total: u64,
}

impl RequestLog {
    pub(crate) fn new(bound: usize) -> Self {
        Self { kept: VecDeque::new(), bound, total: 0 }
    }

    pub(crate) fn push(&mut self, request: RequestSeen) {
        self.total += 1;
        if self.bound == 0 {
            return;
        }
        if self.kept.len() == self.bound {
            self.kept.pop_front();
        }
        self.kept.push_back(request);
    }

    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &RequestSeen> {
        self.kept.iter()
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Puts back what a snapshot remembered; the total is part of the account.
    pub(crate) fn remember(&mut self, requests: impl IntoIterator<Item = RequestSeen>) {
        self.kept = requests.into_iter().collect();
    }

    pub(crate) fn set_total(&mut self, total: u64) {
        self.total = total;
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.total = 0;
    }
}
