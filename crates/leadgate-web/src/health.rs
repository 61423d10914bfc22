//! Whether the process is there, whether it can do its work, and its counts.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use leadgate_store::{Store, StoreError};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::path_name::PathName;
use crate::state::Gateway;

/// How long the store may take to answer before it counts as gone.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// How long the store is believed to have room after it had.
const ROOM_BELIEVED_FOR: Duration = Duration::from_secs(5);

/// The process runs: in the guide's words.
pub(crate) async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The process can take submissions: its store answers and has room for more, and it is not about to stop.
pub(crate) async fn ready(State(gateway): State<Gateway>) -> Result<Response, ApiError> {
    if gateway.lifecycle.is_draining() {
        return Err(ApiError::NotReady("the process is about to stop".to_owned()));
    }
    // The smallest read there is: anyone may ask, so asking must cost nothing.
    let read = tokio::time::timeout(STORE_WITHIN, gateway.store.budget()).await;
    in_time(read)?;
    gateway.room.check(&*gateway.store).await?;
    Ok(Json(json!({ "status": "ready" })).into_response())
}

fn in_time<T>(answer: Result<Result<T, StoreError>, Elapsed>) -> Result<T, ApiError> {
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(ApiError::NotReady(error.to_string())),
        Err(_) => Err(ApiError::NotReady(format!("the store did not answer within {STORE_WITHIN:?}"))),
    }
}

/// Whether the store has room for more. Looking costs a write, and anyone may ask: so the last good answer is believed for a while, and those
/// who ask at once share a look.
#[derive(Clone, Default)]
pub(crate) struct Room(Arc<Mutex<Option<Instant>>>);

impl Room {
    async fn check(&self, store: &dyn Store) -> Result<(), ApiError> {
        let mut seen = self.0.lock().await;
        if seen.is_some_and(|at| at.elapsed() < ROOM_BELIEVED_FOR) {
            return Ok(());
        }
        in_time(tokio::time::timeout(STORE_WITHIN, store.check_room()).await)?;
        *seen = Some(Instant::now());
        Ok(())
    }
}

/// Says which process answered, with the caller's nonce, so that no cache can answer in its place. `leadgate doctor` asks through the public
/// address.
pub(crate) async fn loopback(State(gateway): State<Gateway>, PathName(nonce): PathName) -> Result<Response, ApiError> {
    let is_nonce = (1..=64).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_nonce {
        return Err(ApiError::QueryWrong("the last segment of the path is not 1 to 64 letters and digits"));
    }
    Ok(Json(json!({ "nonce": nonce, "instance": gateway.instance.to_string() })).into_response())
}

/// The counts, in the Prometheus text format.
pub(crate) async fn metrics(State(gateway): State<Gateway>, _: Caller) -> Result<Response, ApiError> {
    let render = gateway.render_metrics.as_ref().ok_or(ApiError::NoMetrics)?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render()).into_response())
}
