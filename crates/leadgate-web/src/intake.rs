//! The one way in for submissions, whichever route they come through.
//!
//! Flow: [`body`] takes the bytes within limits of size and time; core's reading says whether they can be taken at all; [`idempotency`] and
//! [`dedupe`] say what a repeat is recognised by; the store keeps the submission durably; [`waiting`] watches for its end for as long as
//! [`prefer`] says. [`events`] is the same for events, of which many come in one request, maybe [`packed`]. From the commit on nothing here can fail: what happens then, the caller is at least told where to ask.

pub(crate) mod body;
pub(crate) mod dedupe;
mod events;
mod idempotency;
mod packed;
mod prefer;
mod waiting;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use jiff::Timestamp;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::model::{AcceptOutcome, NewSubmission, Progress};
use uuid::Uuid;

pub(crate) use self::events::submit as submit_events;
use self::prefer::Preference;
pub(crate) use self::waiting::Standing;
use crate::answers;
use crate::auth::Caller;
use crate::edge::Kept;
use crate::error::ApiError;
use crate::metrics;
use crate::state::Gateway;

/// Who sends, and through which door.
pub(crate) struct Sender {
    /// The door.
    pub(crate) route: Route,
    /// The number in the path.
    pub(crate) target: Option<i64>,
    /// The app.
    pub(crate) caller: Caller,
}

/// Takes a submission and answers its sender.
pub(crate) async fn submit(gateway: &Gateway, sender: Sender, request: Request) -> Result<Response, ApiError> {
    let route = sender.route;
    let preference = prefer::read(request.headers(), &gateway.settings);
    let id = keep(gateway, sender, request).await?;
    let standing = if preference.patience.is_zero() {
        Standing::Open(Progress::Received)
    } else {
        waiting::for_end(gateway, id, preference.patience).await
    };
    Ok(answer(route, id, standing, preference))
}

fn answer(route: Route, id: SubmissionId, standing: Standing, preference: Preference) -> Response {
    let deferred = preference.patience.is_zero();
    let mut response = answers::answer(route, id, standing).into_response();
    if let Some(applied) = preference.applied {
        response.headers_mut().insert(prefer::PREFERENCE_APPLIED, applied);
    }
    response.extensions_mut().insert(Kept { submission: id, deferred });
    response
}

async fn keep(gateway: &Gateway, sender: Sender, request: Request) -> Result<SubmissionId, ApiError> {
    let route = sender.route;
    let kept = match checked(gateway, sender, request).await {
        Ok((submission, now)) => {
            let id = submission.id;
            gateway.store.accept(submission, now).await.map(|outcome| (id, outcome)).map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    let (counted, result) = match kept {
        Ok((id, AcceptOutcome::Accepted)) => ("accepted", Ok(id)),
        Ok((_, AcceptOutcome::Repeat(first))) => ("repeat", Ok(first)),
        Ok((_, AcceptOutcome::KeyReused(first))) => ("key_reused", Err(ApiError::IdempotencyKeyReused(first))),
        Err(error) => ("refused", Err(error)),
    };
    metrics::accepted(route, counted);
    result
}

/// Everything that can be wrong with a request is found here, before anything is kept.
async fn checked(gateway: &Gateway, sender: Sender, request: Request) -> Result<(NewSubmission, Timestamp), ApiError> {
    let (parts, body) = request.into_parts();
    let raw = RawSubmission::new(sender.route, sender.target, read_body(gateway, &parts.headers, body).await?);
    let lane = leadgate_core::intake::read(&raw, &gateway.settings.reading)?.lane();
    let key = idempotency::read(&parts.headers)?;
    let now = gateway.clock.now();
    let id = new_id(now);
    let dedupe = dedupe::of((id, &sender.caller.digest), &raw, key.as_deref(), &gateway.settings);
    Ok((NewSubmission { id, raw, dedupe, lane }, now))
}

pub(crate) use body::check_type as check_json;

async fn read_body(gateway: &Gateway, headers: &HeaderMap, body: axum::body::Body) -> Result<Vec<u8>, ApiError> {
    body::check_type(headers)?;
    body::read(headers, body, body_limits(gateway)).await
}

/// Reads a body of any type within the same limits, unless it is compressed.
pub(crate) async fn read_bytes(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<Vec<u8>, ApiError> {
    body::check_plain(headers)?;
    body::read_bytes(headers, body, body_limits(gateway)).await
}

/// Reads a body within a size of its own, and the usual time.
pub(crate) async fn read_bytes_up_to(
    gateway: &Gateway,
    headers: &http::HeaderMap,
    body: axum::body::Body,
    limit: usize,
) -> Result<Vec<u8>, ApiError> {
    body::read(headers, body, body::BodyLimits { bytes: limit, ..body_limits(gateway) }).await
}

fn body_limits(gateway: &Gateway) -> body::BodyLimits {
    body::BodyLimits { bytes: gateway.settings.body_limit, within: gateway.settings.body_within }
}

pub(crate) fn new_id(now: Timestamp) -> SubmissionId {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    SubmissionId(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds)))
}
