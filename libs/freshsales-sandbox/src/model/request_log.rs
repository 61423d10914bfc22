//! What the account was asked, newest last, within a bound.

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

/// One request that reached the account, the control API's own excepted.
#[derive(Clone, Debug)]
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
    pub body: Bytes,
}

impl RequestSeen {
    /// The body as JSON, where it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

#[derive(Debug)]
pub(crate) struct RequestLog {
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

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.total = 0;
    }
}
