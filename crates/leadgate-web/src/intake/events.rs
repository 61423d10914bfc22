//! Events: one or many in a request, kept all together in one commit.
//!
//! Leadgate's own route refuses a request in which anything is wrong, because whoever wrote it can mend it. The routes of analytics libraries
//! take what can be taken: a library drops what it is refused, all of it, and nobody reads its answers.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use leadgate_core::intake::{self, Arrived, EventCall, EventItem, IntakeError, LARGEST_BATCH, Problem};
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::model::{AcceptOutcome, Dedupe, NewSubmission, Progress};

use super::{Standing, body, dedupe, idempotency, new_id, packed, prefer, waiting};
use crate::answers;
use crate::auth::Caller;
use crate::edge::Kept;
use crate::error::ApiError;
use crate::metrics;
use crate::state::Gateway;

/// The most mistakes that one answer lists.
const MOST_PROBLEMS: usize = 100;

/// Takes events and answers their sender.
pub(crate) async fn submit(
    gateway: &Gateway,
    call: EventCall,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let preference = prefer::read(request.headers(), &gateway.settings);
    let kept =
        keep(gateway, call, caller, request).await.inspect_err(|_| metrics::accepted(Route::Event, "refused"))?;
    match (call, kept.ids.as_slice()) {
        (EventCall::Own, [id]) if kept.alone => Ok(answer_one(gateway, *id, preference).await),
        (EventCall::Own, ids) => Ok(told(answers::kept_events(ids), ids)),
        (EventCall::One(_) | EventCall::Batch, ids) => Ok(told(answers::success(), ids)),
    }
}

/// Who reports an event seldom waits for its end; only who asks for it does.
async fn answer_one(gateway: &Gateway, id: SubmissionId, preference: prefer::Preference) -> Response {
    let waits = preference.applied.is_some() && !preference.patience.is_zero();
    if !waits {
        return super::answer(Route::Event, id, Standing::Open(Progress::Received), preference.without_patience());
    }
    let standing = waiting::for_end(gateway, id, preference.patience).await;
    super::answer(Route::Event, id, standing, preference)
}

/// The log names the first of them.
fn told(mut response: Response, ids: &[SubmissionId]) -> Response {
    let first = ids.first().map(|id| Kept { submission: *id, deferred: true });
    first.map(|kept| response.extensions_mut().insert(kept));
    response.into_response()
}

/// What a request became.
struct KeptEvents {
    /// The submissions, in the order of the events; for a repeat the one that it repeats.
    ids: Vec<SubmissionId>,
    /// It was one event by itself.
    alone: bool,
}

async fn keep(gateway: &Gateway, call: EventCall, caller: Caller, request: Request) -> Result<KeptEvents, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes = read_body(gateway, &parts.headers, body).await?;
    let Arrived { items, alone } = intake::split_events(call, &bytes)?;
    let items = usable(call, items, alone)?;
    let now = gateway.clock.now();
    let mut submissions: Vec<NewSubmission> =
        items.into_iter().map(|item| submission(gateway, &caller, item, now)).collect();
    if let Some(key) = idempotency::read(&parts.headers)? {
        name_by(&key, &mut submissions, (gateway, &caller))?;
    }
    let new: Vec<SubmissionId> = submissions.iter().map(|submission| submission.id).collect();
    let outcomes = gateway.store.accept_many(submissions, now).await?;
    let ids = new.into_iter().zip(outcomes).map(|(id, outcome)| settled(id, outcome)).collect::<Result<_, _>>()?;
    Ok(KeptEvents { ids, alone })
}

async fn read_body(gateway: &Gateway, headers: &http::HeaderMap, body: axum::body::Body) -> Result<Vec<u8>, ApiError> {
    let is_packed = packed::is_packed(headers)?;
    body::check_content_type(headers)?;
    let limits = body::BodyLimits { bytes: LARGEST_BATCH, within: gateway.settings.body_within };
    let bytes = body::read_bytes(headers, body, limits).await?;
    body::utf8(if is_packed { packed::unpack(&bytes, LARGEST_BATCH)? } else { bytes })
}

/// The events to keep. Of Leadgate's own all must be right; of a library's those that are, but at least one if there were any.
fn usable<'a>(
    call: EventCall,
    items: Vec<Result<EventItem<'a>, IntakeError>>,
    alone: bool,
) -> Result<Vec<EventItem<'a>>, ApiError> {
    let count = items.len();
    let mut good = Vec::with_capacity(count);
    let mut bad = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match item {
            Ok(item) => good.push(item),
            Err(error) if alone => return Err(error.into()),
            Err(error) => bad.push((index, error)),
        }
    }
    if bad.is_empty() {
        return Ok(good);
    }
    if call == EventCall::Own || good.is_empty() {
        let field = if call == EventCall::Own { "events" } else { "batch" };
        return Err(refusal(field, bad));
    }
    // What is wrong is said without any value, so it can be logged.
    let first = bad.first().map(|(index, error)| format!("number {index}: {error}")).unwrap_or_default();
    tracing::warn!(
        events.refused = bad.len(),
        events.kept = good.len(),
        first,
        "some events of a batch cannot be read"
    );
    bad.iter().for_each(|_| metrics::accepted(Route::Event, "refused"));
    Ok(good)
}

/// Every mistake with the place of its event.
fn refusal(field: &str, bad: Vec<(usize, IntakeError)>) -> ApiError {
    let placed = |(index, error): (usize, IntakeError)| {
        let problems = match error {
            IntakeError::Malformed(problem) => vec![problem],
            IntakeError::Invalid(problems) => problems,
        };
        problems.into_iter().map(move |problem| Problem {
            field: match problem.field.as_str() {
                "" => format!("{field}[{index}]"),
                inner => format!("{field}[{index}].{inner}"),
            },
            message: problem.message,
        })
    };
    ApiError::Intake(IntakeError::Invalid(bad.into_iter().flat_map(placed).take(MOST_PROBLEMS).collect()))
}

fn submission(gateway: &Gateway, caller: &Caller, item: EventItem<'_>, now: Timestamp) -> NewSubmission {
    let dedupe = dedupe::of_event(&caller.digest, &item, &gateway.settings);
    let raw = RawSubmission { label: Some(item.label.to_owned()), ..RawSubmission::new(Route::Event, None, item.body) };
    NewSubmission { id: new_id(now), raw, dedupe, lane: Lane::Event }
}

/// Lets the header name the one event that has no id of its own.
fn name_by(
    key: &str,
    submissions: &mut [NewSubmission],
    (gateway, caller): (&Gateway, &Caller),
) -> Result<(), ApiError> {
    match submissions {
        [one] if matches!(one.dedupe, Dedupe::Content { .. }) => {
            one.dedupe = dedupe::of((one.id, &caller.digest), &one.raw, Some(key), &gateway.settings);
            Ok(())
        }
        [_] => Ok(()),
        _ => Err(ApiError::KeyForMany),
    }
}

fn settled(id: SubmissionId, outcome: AcceptOutcome) -> Result<SubmissionId, ApiError> {
    let (counted, result) = match outcome {
        AcceptOutcome::Accepted => ("accepted", Ok(id)),
        AcceptOutcome::Repeat(first) => ("repeat", Ok(first)),
        AcceptOutcome::KeyReused(first) => ("key_reused", Err(ApiError::IdempotencyKeyReused(first))),
    };
    metrics::accepted(Route::Event, counted);
    result
}
