//! Whether the process is there, whether it can do its work, and its counts.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::Gateway;

/// How long the store may take to answer before it counts as gone.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// The process runs: in the guide's words.
pub(crate) async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The process can take submissions: its store answers and it is not about to stop.
pub(crate) async fn ready(State(gateway): State<Gateway>) -> Result<Response, ApiError> {
    if gateway.lifecycle.is_draining() {
        return Err(ApiError::NotReady("the process is about to stop".to_owned()));
    }
    // The smallest read there is: anyone may ask, so asking must cost nothing.
    let read = tokio::time::timeout(STORE_WITHIN, gateway.store.budget()).await;
    match read {
        Ok(Ok(_)) => Ok(Json(json!({ "status": "ready" })).into_response()),
        Ok(Err(error)) => Err(ApiError::NotReady(error.to_string())),
        Err(_) => Err(ApiError::NotReady(format!("the store did not answer within {STORE_WITHIN:?}"))),
    }
}

/// The counts, in the Prometheus text format.
pub(crate) async fn metrics(State(gateway): State<Gateway>, _: Caller) -> Result<Response, ApiError> {
    let render = gateway.render_metrics.as_ref().ok_or(ApiError::NoMetrics)?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render()).into_response())
}
