//! Passing requests of other programs through to the account, inside its one budget.
//!
//! Cast: [`Broker`] is the port that the HTTP side hands a [`PassRequest`] to; [`RawCrm`] is the port that a broker makes a [`RawRequest`] on;
//! [`ApiPath`] is a path that cannot leave the account's API; [`wish`] reads what a caller asks for in headers; [`ReplyCache`] keeps replies
//! that change seldom. Flow: the caller's request is read → the broker looks at what it remembers, at equal reads under way and at the ledger →
//! the request is made with the account's key → the reply goes back as it came, but for headers that are not [safe](SAFE_HEADERS).
//!
//! Neither a request nor a reply can be printed: both are people's data.

mod cache;
mod path;
pub mod wish;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use cache::{CacheLimits, ReplyCache};
pub use path::{ApiPath, PathProblem};

use crate::crm::{CrmFailure, QuotaReading};
use crate::lane::Lane;

/// Headers of a reply that are handed on, in lower case. Whatever else a reply carries (cookies, places to go to) is about the gateway's own
/// dealings with the account.
pub const SAFE_HEADERS: [&str; 8] = [
    "content-type",
    "content-disposition",
    "content-encoding",
    "content-language",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// What a request does with what its path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PassMethod {
    /// Reads.
    Get,
    /// Makes, or asks in a body.
    Post,
    /// Changes.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl PassMethod {
    /// The method of HTTP.
    pub fn name(self) -> &'static str {
        match self {
            PassMethod::Get => "GET",
            PassMethod::Post => "POST",
            PassMethod::Put => "PUT",
            PassMethod::Patch => "PATCH",
            PassMethod::Delete => "DELETE",
        }
    }

    /// Whether it changes nothing, so that it may be repeated and shared. A search that is sent as a `POST` does not count: only the account
    /// knows that it is one.
    pub fn is_read(self) -> bool {
        self == PassMethod::Get
    }
}

/// One request as it is sent to the account: nothing else is taken from the caller.
#[derive(Clone)]
pub struct RawRequest {
    /// The method.
    pub method: PassMethod,
    /// The path below the root of the account's API.
    pub path: ApiPath,
    /// The query as sent, without the question mark.
    pub query: Option<String>,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// `Accept`, as sent.
    pub accept: Option<String>,
    /// The body, as sent.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// What equal reads have in common: path, query and the kind of answer. It may hold people's data.
    pub fn key(&self) -> String {
        let query = self.query.as_deref().unwrap_or_default();
        format!("{}?{query}\n{}", self.path.as_str(), self.accept.as_deref().unwrap_or_default())
    }
}

/// A reply of the account.
#[derive(Clone)]
pub struct RawReply {
    /// HTTP status.
    pub status: u16,
    /// Its [safe headers](SAFE_HEADERS).
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// Why there is no reply to hand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// The request was not sent.
    NotSent,
    /// The account did not answer in time.
    TimedOut,
    /// The connection broke after the request was sent, or the gateway failed meanwhile.
    Broke,
    /// The reply is larger than what is handed on.
    TooLarge,
    /// The reply holds the account's key.
    HoldsKey,
}

impl NoReply {
    /// A name for programs.
    pub fn name(self) -> &'static str {
        match self {
            NoReply::NotSent => "not_sent",
            NoReply::TimedOut => "timed_out",
            NoReply::Broke => "broke",
            NoReply::TooLarge => "too_large",
            NoReply::HoldsKey => "holds_key",
        }
    }

    /// Whether a write may have happened or not.
    pub fn leaves_outcome_open(self) -> bool {
        matches!(self, NoReply::TimedOut | NoReply::Broke | NoReply::TooLarge)
    }
}

/// What came of a raw request, with what it cost.
#[derive(Clone)]
pub struct RawAnswer {
    /// The reply, whatever its status, or why there is none.
    pub reply: Result<RawReply, NoReply>,
    /// What is wrong with the account or the way to it, if the reply or its absence tells of that: its quota is spent, its edge asks to wait, it failed, or
    /// was silent. A refusal of what was asked is none of these.
    pub failure: Option<CrmFailure>,
    /// What the reply said of the quota.
    pub quota: Option<QuotaReading>,
    /// How many HTTP requests were made: finding out what kind of account it is takes one or two.
    pub requests: u32,
}

/// An account that takes requests as they are. Implemented beside [`Crm`](crate::crm::Crm).
#[async_trait::async_trait]
pub trait RawCrm: Send + Sync + 'static {
    /// Makes one request with the account's key. Follows no redirect and repeats nothing.
    async fn pass(&self, request: &RawRequest) -> RawAnswer;
}

/// A request of another program, and how it is to be treated.
#[derive(Clone)]
pub struct PassRequest {
    /// What to send.
    pub ask: RawRequest,
    /// In which lane.
    pub lane: Lane,
    /// How long to wait for room.
    pub wait: SignedDuration,
    /// Neither a remembered reply will do nor that of a request under way.
    pub fresh: bool,
}

/// Where a reply comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The account was asked.
    Asked,
    /// The account was being asked the same already.
    Shared,
    /// It is remembered; so old it is.
    Remembered(SignedDuration),
}

/// Why nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRoom {
    /// When there will be room, as far as can be known: others may use it.
    pub until: Timestamp,
    /// `hour`, `minute`, `outage`, `ending`, or the class of what stopped the account, such as `quota`.
    pub cause: String,
    /// The lane that has none.
    pub lane: Lane,
    /// The account's hour, where it has a limit.
    pub hour: Option<HourShown>,
}

/// The account's hour as the ledger knows it, for the headers of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourShown {
    /// Requests it holds.
    pub limit: u32,
    /// Requests that nobody has used.
    pub remaining: u32,
    /// When it ends.
    pub ends: Timestamp,
}

/// What came of a request of another program.
#[derive(Clone)]
pub enum PassAnswer {
    /// A reply of the account.
    Reply(Arc<RawReply>, Origin),
    /// Nothing was sent.
    Refused(NoRoom),
    /// There is no reply to hand on.
    Lost(NoReply),
}

/// Who passes requests through to one account.
#[async_trait::async_trait]
pub trait Broker: Send + Sync + 'static {
    /// Passes a request through, or says why not.
    async fn pass(&self, request: PassRequest) -> PassAnswer;
}
