//! What operators see and do: jobs, the release of parked ones, and the names of the account's deal stages.
//!
//! The documents are also made by the command line, which looks into the store itself where no gateway runs. No body that was sent is in them.

use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use leadgate_core::catalog::{Catalog, NamedId, Section, SectionContent};
use leadgate_store::model::{JobFilter, JobId, JobSummary, Progress, ReleaseOutcome, SubmissionStory};
use leadgate_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answers;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::path_name::PathName;
use crate::state::Gateway;
use crate::submissions::Document;

/// Jobs in one list, at most.
const MOST_LISTED: u32 = 1_000;

/// What `GET /v1/jobs` may be asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    status: Option<String>,
    limit: Option<String>,
}

/// `GET /v1/jobs`: the youngest first; `status` and `limit` narrow it.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _: Caller,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|_| ApiError::QueryWrong(QUERY_MEND))?;
    let progress = match query.status.as_deref() {
        None => None,
        Some(name) => Some(Progress::from_name(name).ok_or(ApiError::QueryWrong(QUERY_MEND))?),
    };
    let limit: Option<u32> =
        query.limit.map(|limit| limit.parse().map_err(|_| ApiError::QueryWrong(QUERY_MEND))).transpose()?;
    let filter = JobFilter { progress, job: None, limit: limit.unwrap_or_default().min(MOST_LISTED) };
    let jobs = gateway.store.jobs(filter).await?;
    Ok(answers::json(StatusCode::OK, &jobs_document(&jobs)))
}

const QUERY_MEND: &str = "the query takes `status` (received, working, done or parked) and `limit` (a whole number)";

/// `GET /v1/jobs/{id}`: the whole story.
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _: Caller,
    PathName(id): PathName,
) -> Result<Response, ApiError> {
    let story = story_of_job(&*gateway.store, job_id(&id)?).await?.ok_or(ApiError::NoSuchJob)?;
    Ok(answers::json(StatusCode::OK, &Document::of(&story)))
}

/// `POST /v1/jobs/{id}/release`: a parked job is due again.
pub(crate) async fn release(
    State(gateway): State<Gateway>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Response, ApiError> {
    let job = job_id(&id)?;
    match gateway.store.release(job, gateway.clock.now()).await? {
        ReleaseOutcome::Released => {
            tracing::info!(job.id = job.0, caller.name = %caller.name, "job {job} was released");
            Ok(answers::json(StatusCode::OK, &json!({"job": job, "released": true})))
        }
        ReleaseOutcome::NotParked(progress) => Err(ApiError::NotParked(progress)),
        ReleaseOutcome::NoSuchJob => Err(ApiError::NoSuchJob),
    }
}

/// `POST /v1/jobs/release`: every parked job is due again.
pub(crate) async fn release_all(State(gateway): State<Gateway>, caller: Caller) -> Result<Response, ApiError> {
    let released = gateway.store.release_all(gateway.clock.now()).await?;
    tracing::info!(jobs.released = released, caller.name = %caller.name, "{released} jobs were released");
    Ok(answers::json(StatusCode::OK, &released_document(released)))
}

/// How many parked jobs were released, as a document.
pub fn released_document(released: u64) -> Value {
    json!({"released": released})
}

/// `GET /v1/stages`: the account's deal stages, as they were last read.
pub(crate) async fn stages(State(gateway): State<Gateway>, _: Caller) -> Result<Response, ApiError> {
    Ok(answers::json(StatusCode::OK, &stages_document(&gateway.store.catalog().await?)))
}

/// Jobs as a document.
pub fn jobs_document(jobs: &[JobSummary]) -> Value {
    json!({"jobs": jobs.iter().map(job_document).collect::<Vec<_>>()})
}

fn job_document(job: &JobSummary) -> Value {
    let parking = job
        .parking
        .as_ref()
        .map(|parking| json!({"reason": parking.reason.name(), "message": parking.message, "valid": parking.valid}));
    json!({
        "id": job.id,
        "submission": job.submission,
        "status": job.progress.name(),
        "lane": job.lane.name(),
        "step": job.step,
        "failures": job.failures,
        "due_at": job.due_at,
        "accepted_at": job.accepted_at,
        "parking": parking,
    })
}

/// The story of a submission as the document that `GET /v1/submissions/{id}` answers.
pub fn story_document(story: &SubmissionStory) -> Value {
    serde_json::to_value(Document::of(story)).expect("the document is made of texts, numbers and lists")
}

/// The story behind a job's number.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn story_of_job(store: &dyn Store, job: JobId) -> Result<Option<SubmissionStory>, StoreError> {
    let found = store.jobs(JobFilter { progress: None, job: Some(job), limit: 1 }).await?;
    match found.first() {
        Some(summary) => store.story(summary.submission).await,
        None => Ok(None),
    }
}

/// The deal stages as a document; with a hint where they are not known.
pub fn stages_document(catalog: &Catalog) -> Value {
    let read = catalog.get(Section::Stages);
    match read.map(|read| (&read.content, read.read_at)) {
        Some((SectionContent::Names(names), read_at)) => {
            json!({"read_at": read_at, "stages": names.iter().map(stage_document).collect::<Vec<_>>()})
        }
        Some((_, read_at)) => json!({
            "read_at": read_at,
            "stages": [],
            "hint": "the API key's user may not read the deal stages; write the stage's id instead of its name",
        }),
        None => json!({
            "read_at": null,
            "stages": [],
            "hint": "the deal stages were not read yet: the gateway reads them when a deal first names a stage",
        }),
    }
}

fn stage_document(stage: &NamedId) -> Value {
    json!({"id": stage.id, "name": stage.name, "pipeline": stage.parent.as_ref().map(|parent| &parent.name)})
}

fn job_id(text: &str) -> Result<JobId, ApiError> {
    text.parse().map(JobId).map_err(|_| ApiError::NoSuchJob)
}
