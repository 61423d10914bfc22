//! What comes back beside the decoded output: status, quota, waiting time and duration.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

use crate::rate_limit::RateLimit;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reply<T> {
    /// What the body was read into.
    pub output: T,
    /// What the reply said beside its body.
    pub meta: ResponseMeta,
}

/// What a reply said beside its body. Errors carry it too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResponseMeta {
    /// HTTP status; `None` if no reply arrived.
    pub status: Option<u16>,
    /// The account's quota, where the reply told it.
    pub rate_limit: Option<RateLimit>,
    /// How long the `Retry-After` header asks to wait. Only the edge in front of the CRM sends it (seen in the wild).
    pub retry_after: Option<Duration>,
    /// When the reply was made by the server's clock, to the whole second, where its `Date` header says so.
    pub date: Option<Timestamp>,
    /// Time from sending to the end of the body, or to the failure.
    pub elapsed: Duration,
}

impl ResponseMeta {
    /// Reads status and headers. `now` serves relative resets and a `Retry-After` given as a date.
    pub fn read(status: StatusCode, headers: &HeaderMap, now: Timestamp, elapsed: Duration) -> Self {
        Self {
            status: Some(status.as_u16()),
            rate_limit: RateLimit::from_headers(headers, now),
            retry_after: retry_after(headers, now),
            date: date(headers),
            elapsed,
        }
    }

    /// The meta of a request that got no reply.
    pub fn without_reply(elapsed: Duration) -> Self {
        Self { elapsed, ..Self::default() }
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text.trim()).ok().map(|date| date.timestamp())
}

/// `Retry-After` as seconds or as an HTTP date; a date in the past is no waiting time.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Duration::try_from(date.timestamp().duration_since(now)).unwrap_or_default())
}
