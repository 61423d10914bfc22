//! Answers in the words of the `/v1` API: the submission as a document, or a problem (RFC 9457).

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use leadgate_core::steps::ParkReason;
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{Progress, SubmissionStory};
use serde::Serialize;

use super::{Dialect, KEPT, json, status_url};
use crate::broker::PassError;
use crate::error::ApiError;
use crate::submissions::Document;

/// The answer when the end is to come.
#[derive(Serialize)]
pub(super) struct Accepted {
    id: SubmissionId,
    status: &'static str,
    status_url: String,
}

impl Accepted {
    pub(super) fn of(id: SubmissionId, progress: Progress) -> Accepted {
        Accepted { id, status: progress.name(), status_url: status_url(id) }
    }
}

/// The answer to several events.
#[derive(Serialize)]
pub(super) struct KeptEvents {
    events: Vec<Accepted>,
}

impl KeptEvents {
    pub(super) fn of(ids: &[SubmissionId]) -> KeptEvents {
        KeptEvents { events: ids.iter().map(|id| Accepted::of(*id, Progress::Received)).collect() }
    }
}

/// The answer to a submission that is finished: 201 if it made a person or a note.
pub(super) fn done(story: &SubmissionStory) -> Response {
    let outcome = story.job.as_ref().and_then(|job| job.outcome.as_ref());
    let created = outcome.is_some_and(|outcome| outcome.existing == Some(false) || outcome.note.is_some());
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    json(status, &Document::of(story))
}

/// A problem (RFC 9457), with `errors` for fields, and `reason`, `valid`, `submission` and `status_url` for what is parked; `reason`, `lane`
/// and `room_at` for what the budget has no room for.
#[derive(Serialize)]
pub(super) struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    valid: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<SubmissionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

#[derive(Serialize)]
struct FieldProblem<'a> {
    field: &'a str,
    message: &'a str,
}

pub(super) fn problem(error: &ApiError) -> Problem<'_> {
    let (code, title) = error.kind();
    let parking = match error {
        ApiError::Parked { parking, .. } => Some(parking),
        _ => None,
    };
    let pass = match error {
        ApiError::Pass(error) => Some(error),
        _ => None,
    };
    let room = pass.and_then(PassError::room);
    let fields = error.fields().iter();
    let submission = error.submission();
    Problem {
        kind: format!("urn:leadgate:problem:{code}"),
        title,
        status: error.status(Dialect::V1).as_u16(),
        detail: error.to_string(),
        errors: fields.map(|problem| FieldProblem { field: &problem.field, message: &problem.message }).collect(),
        reason: parking.map(|parking| ParkReason::name(parking.reason)).or(pass.and_then(PassError::reason)),
        valid: parking.map_or(&[], |parking| &parking.valid),
        lane: room.map(|(_, lane)| lane),
        room_at: room.map(|(moment, _)| moment),
        submission,
        status_url: submission.map(status_url),
        hint: parking.map(|_| KEPT),
    }
}
