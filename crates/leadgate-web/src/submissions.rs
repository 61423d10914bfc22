//! The whole story of a submission, as JSON. The body that was sent is never in it.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use leadgate_core::record::RecordRef;
use leadgate_core::routing::Decided;
use leadgate_core::steps::Parking;
use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{Attempt, JobStory, Progress, SubmissionStory};
use serde::Serialize;

use crate::answers::json;
use crate::auth::Caller;
use crate::edge::Kept;
use crate::error::ApiError;
use crate::listing::routing_of;
use crate::state::Gateway;

/// `GET /v1/submissions/{id}`.
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    // What is no id at all names no submission either.
    let id: SubmissionId = id.ok().and_then(|Path(text)| text.parse().ok()).ok_or(ApiError::NoSuchSubmission)?;
    let story = gateway.store.story(id).await?.ok_or(ApiError::NoSuchSubmission)?;
    let mut response = json(StatusCode::OK, &Document::of(&story));
    response.extensions_mut().insert(Kept { submission: id, deferred: false });
    Ok(response)
}

/// A submission as its sender sees it.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    id: SubmissionId,
    route: &'static str,
    status: &'static str,
    accepted_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// How often it was sent again.
    repeats: u32,
    lane: Option<&'static str>,
    outcome: Option<OutcomeView>,
    /// What routing decided, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    routing: Option<Decided>,
    /// What was decided and why, in order.
    decisions: Vec<&'a str>,
    steps: Vec<StepView>,
    attempts: Vec<AttemptView<'a>>,
    /// What all attempts cost of the account's budget, in requests.
    cost: f64,
    next_due: Option<Timestamp>,
    parking: Option<ParkingView<'a>>,
}

#[derive(Serialize)]
struct OutcomeView {
    person: Option<RecordRef>,
    existing: Option<bool>,
    company: Option<i64>,
    deal: Option<i64>,
    note: Option<i64>,
}

#[derive(Serialize)]
struct StepView {
    name: &'static str,
    state: &'static str,
}

#[derive(Serialize)]
struct AttemptView<'a> {
    call: &'a str,
    at: Timestamp,
    took_ms: u64,
    status: Option<u16>,
    class: &'a str,
    /// In requests; part of one where it was made for several submissions.
    cost: f64,
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct ParkingView<'a> {
    reason: &'static str,
    message: &'a str,
    valid: &'a [String],
}

impl<'a> Document<'a> {
    /// The document of a story.
    pub(crate) fn of(story: &'a SubmissionStory) -> Document<'a> {
        let job = story.job.as_ref();
        let attempts = job.map_or(&[][..], |job| &job.attempts);
        Document {
            id: story.id,
            route: story.raw.route.name(),
            status: story.progress.name(),
            accepted_at: story.accepted_at,
            ended_at: job.and_then(|job| job.ended_at),
            repeats: story.repeats,
            lane: job.map(|job| job.lane.name()),
            outcome: job.and_then(outcome),
            routing: job.and_then(|job| routing_of(&job.state)),
            decisions: job.map(|job| job.state.story()).unwrap_or_default(),
            steps: job.map(|job| steps(job, story.progress)).unwrap_or_default(),
            attempts: attempts.iter().map(attempt).collect(),
            cost: requests(attempts.iter().map(|attempt| u64::from(attempt.cost_milli)).sum()),
            next_due: job.and_then(|job| job.due_at),
            parking: story.parking.as_ref().map(parking),
        }
    }
}

fn outcome(job: &JobStory) -> Option<OutcomeView> {
    job.outcome.as_ref().map(|outcome| OutcomeView {
        person: outcome.person,
        existing: outcome.existing,
        company: outcome.company,
        deal: outcome.deal,
        note: outcome.note,
    })
}

fn steps(job: &JobStory, progress: Progress) -> Vec<StepView> {
    let current = job.state.current;
    let state_of = |index| match progress {
        _ if index < current => "done",
        _ if index > current => "waiting",
        Progress::Parked => "parked",
        Progress::Done => "done",
        Progress::Received | Progress::Working => "working",
    };
    let steps = job.state.steps.iter().enumerate();
    steps.map(|(index, step)| StepView { name: step.name(), state: state_of(index) }).collect()
}

fn attempt(attempt: &Attempt) -> AttemptView<'_> {
    AttemptView {
        call: &attempt.call,
        at: attempt.at,
        took_ms: attempt.took_ms,
        status: attempt.status,
        class: &attempt.class,
        cost: requests(u64::from(attempt.cost_milli)),
        message: attempt.message.as_deref(),
    }
}

fn parking(parking: &Parking) -> ParkingView<'_> {
    ParkingView { reason: parking.reason.name(), message: &parking.message, valid: &parking.valid }
}

/// Thousandths are summed before they become a fraction, so that no rounding adds up.
#[allow(clippy::cast_precision_loss)]
fn requests(thousandths: u64) -> f64 {
    thousandths as f64 / 1000.0
}
