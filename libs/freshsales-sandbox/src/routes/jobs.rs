//! The status of a bulk job: a flat object whose `data` is JSON inside a string.

use http::Method;
use serde_json::json;

use super::path_id;
use crate::model::State;
use crate::wire::{Answer, Call, Refusal, Reply, shown_moment};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["job_statuses", id]) => Some(path_id(id).and_then(|id| status(state, id))),
        _ => None,
    }
}

fn status(state: &State, id: i64) -> Answer {
    let job = state.jobs.get(id).ok_or(Refusal::NotFound)?;
    let failed_status = state.switches.job_of_failures_fails.then_some(state.switches.job_failed_status.as_str());
    let (status, progress, changed_at, data) = job.progress(state.now(), failed_status);
    let zone = &state.config.zone;
    Ok(Reply::json(json!({
        "status": status,
        "status_updated_at": shown_moment(changed_at, zone),
        "created_at": shown_moment(job.created_at, zone),
        "progress": progress,
        "job_type_name": format!("bulk_upsert_{}", job.kind.plural()),
        "data": data,
    })))
}
