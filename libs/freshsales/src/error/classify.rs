//! From a reply outside 2xx, or a transport failure, to the class of the error. Pure.

use http::{HeaderMap, StatusCode, header};

use super::clues::{is_id_field, says_empty, says_not_unique, stale_id_field, unique_field, wraps_429};
use super::{ErrorBody, ErrorClass};
use crate::reply::ResponseMeta;
use crate::request::{Idempotency, Route};
use crate::transport::TransportFailure;

/// `errors.error_code` of a value that another record has (seen in the wild).
const NOT_UNIQUE_CODE: i64 = 3002;

/// A reply outside 2xx with what is needed to understand it.
#[derive(Debug, Clone, Copy)]
pub struct FailedReply<'a> {
    /// HTTP status.
    pub status: StatusCode,
    /// HTTP headers.
    pub headers: &'a HeaderMap,
    /// The body as received.
    pub body: &'a [u8],
    /// Status and headers as read by [`ResponseMeta::read`].
    pub meta: &'a ResponseMeta,
    /// How safe it is to repeat the request.
    pub kind: Idempotency,
    /// Whether every account has the route.
    pub route: Route,
    /// Path of the request below the API's root.
    pub path: &'a str,
}

/// Sorts a reply outside 2xx by what the caller can do.
pub fn classify_reply(reply: &FailedReply<'_>) -> ErrorClass {
    match reply.status.as_u16() {
        401 => ErrorClass::Auth,
        403 => ErrorClass::Forbidden,
        404 => not_found(reply),
        405 if is_bulk_call(reply.path) => ErrorClass::BusyTryLater,
        408 => cut_short(reply.kind),
        429 => throttled(reply.meta),
        300..=399 if leads_to_sign_in(reply.headers) => ErrorClass::Auth,
        500..=599 => cut_short(reply.kind),
        400..=499 => refused(reply),
        _ => ErrorClass::Unexpected,
    }
}

/// Sorts a failure to get a reply. Of a write nobody knows the outcome, unless it was never sent.
pub fn classify_failure(failure: TransportFailure, kind: Idempotency) -> ErrorClass {
    match failure {
        TransportFailure::NotSent => ErrorClass::Transient,
        TransportFailure::TimedOut | TransportFailure::Cut | TransportFailure::ReplyTooLarge => cut_short(kind),
    }
}

fn cut_short(kind: Idempotency) -> ErrorClass {
    if kind.is_write() { ErrorClass::OutcomeUnknown } else { ErrorClass::Transient }
}

/// The CRM answers an unknown id with JSON, and an id that it cannot read with nothing; the edge answers an unknown account with a page or
/// nothing (all seen in the wild). That the account is wrong is said only where no record can be meant, for callers stop everything on it.
fn not_found(reply: &FailedReply<'_>) -> ErrorClass {
    let body = reply.body.trim_ascii();
    let from_edge = match body.is_empty() {
        true => !names_record(reply.path),
        false => !ErrorBody::read(body).is_json,
    };
    if from_edge && reply.route == Route::InEveryAccount { ErrorClass::WrongAccount } else { ErrorClass::NotFound }
}

fn names_record(path: &str) -> bool {
    let is_id = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    path.split('/').any(is_id)
}

/// The CRM's own 429 reports the quota and has no `Retry-After`; the edge's has one (both seen in the wild).
fn throttled(meta: &ResponseMeta) -> ErrorClass {
    let quota = meta.rate_limit.as_ref();
    let quota_is_spent = quota.is_some_and(|quota| quota.remaining == Some(0));
    match meta.retry_after {
        Some(wait) if !quota_is_spent => ErrorClass::EdgeThrottled { retry_after: Some(wait) },
        _ => ErrorClass::QuotaExceeded { reset: quota.and_then(|quota| quota.reset) },
    }
}

/// A 429 wrapped into another status is that of a system behind the CRM. The account's own quota is spent only if the headers say so too; to take
/// it for spent would stop everything until the hour ends.
fn throttled_behind(meta: &ResponseMeta) -> ErrorClass {
    let quota_is_spent = meta.rate_limit.as_ref().is_some_and(|quota| quota.remaining == Some(0));
    if quota_is_spent || meta.retry_after.is_some() { throttled(meta) } else { ErrorClass::BusyTryLater }
}

fn leads_to_sign_in(headers: &HeaderMap) -> bool {
    let target = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase();
    ["signin", "sign_in", "sign-in", "login"].iter().any(|page| target.contains(page))
}

fn is_bulk_call(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|action| action.starts_with("bulk_"))
}

fn refused(reply: &FailedReply<'_>) -> ErrorClass {
    let body = ErrorBody::read(reply.body);
    if body.sentences.iter().any(|sentence| wraps_429(sentence)) || wraps_429(&String::from_utf8_lossy(reply.body)) {
        return throttled_behind(reply.meta);
    }
    if reply.status == StatusCode::METHOD_NOT_ALLOWED {
        return ErrorClass::Unexpected;
    }
    not_unique(&body)
        .or_else(|| stale_id(&body))
        .unwrap_or(ErrorClass::Validation { sentences: body.sentences, fields: body.fields })
}

fn not_unique(body: &ErrorBody) -> Option<ErrorClass> {
    let hint = body.fields.iter().find(|hint| says_not_unique(&hint.sentence)).map(|hint| hint.field.clone());
    let sentence = body.sentences.iter().find(|sentence| says_not_unique(sentence));
    if body.error_code != Some(NOT_UNIQUE_CODE) && sentence.is_none() {
        return None;
    }
    let said = sentence.or(body.sentences.first());
    let only_field = || body.fields.first().map(|hint| hint.field.clone());
    let field = hint.or_else(|| said.and_then(|sentence| unique_field(sentence))).or_else(only_field);
    Some(ErrorClass::NotUnique { field, sentences: body.sentences.clone() })
}

/// Only a refusal that is about one thing: with several sentences the caller has more to mend than an id.
fn stale_id(body: &ErrorBody) -> Option<ErrorClass> {
    if body.sentences.len() != 1 {
        return None;
    }
    let sentence = body.sentences.first()?;
    let hint = body.fields.first().filter(|hint| is_id_field(&hint.field)).map(|hint| hint.field.clone());
    let said = stale_id_field(sentence);
    let field = hint.filter(|_| !says_empty(sentence)).or(said)?;
    Some(ErrorClass::StaleId { field: Some(field), sentences: body.sentences.clone() })
}
