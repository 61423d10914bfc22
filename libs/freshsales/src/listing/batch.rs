//! What one round of requests of a stream brought.

use super::{Listed, Place};
use crate::reply::ResponseMeta;

/// A round of a list: see [`ListStream::next_batch`](super::ListStream::next_batch).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Batch<T> {
    /// The rows, none of which the stream gave before.
    pub rows: Vec<Listed<T>>,
    /// Requests made for them, since the last batch; repetitions by a policy are not counted.
    pub requests: u32,
    /// Number of rows in the list, as the CRM said last.
    pub total: Option<i64>,
    /// The pages that were asked for, in that order.
    pub pages: Vec<PageSeen>,
    /// What came beside the last reply: the quota, the status.
    pub meta: Option<ResponseMeta>,
}

/// A page as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageSeen {
    /// Where in the list.
    pub place: Place,
    /// How many rows it held.
    pub rows: usize,
    /// How many rows the list has, by this reply.
    pub total: Option<i64>,
    /// How many pages the list has, by this reply.
    pub total_pages: Option<i64>,
    /// Whether its rows count; those of other pages will be read again.
    pub counts: bool,
}
