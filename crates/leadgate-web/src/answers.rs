//! The caller's answer, in the words of the route it came through.

mod guide;
mod v1;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use leadgate_core::steps::{ParkReason, Parking};
use leadgate_core::submission::{Route, SubmissionId};
use leadgate_store::model::{Progress, SubmissionStory};
use serde::Serialize;

use crate::error::ApiError;
use crate::intake::Standing;

/// Said beside the reason of a parked submission: what was acknowledged is never dropped, so sending it again would double it.
const KEPT: &str = "the submission is kept: put the cause right and have it released instead of sending it again";

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The integration guide's server.
    Guide,
    /// The `/v1` API.
    V1,
}

impl Dialect {
    /// The words of a route.
    pub(crate) fn of(route: Route) -> Dialect {
        match route {
            Route::GuideLead | Route::GuideNote | Route::GuideStage => Dialect::Guide,
            Route::Lead | Route::Note | Route::Stage | Route::Form | Route::Event => Dialect::V1,
            Route::Notification | Route::Sighting | Route::Removal | Route::Forget => Dialect::V1,
        }
    }
}

/// The answer to the sender of a submission.
pub(crate) fn answer(route: Route, id: SubmissionId, standing: Standing) -> Result<Response, ApiError> {
    match (standing, Dialect::of(route)) {
        (Standing::Ended(story), _) if story.progress == Progress::Parked => Err(parked(*story)),
        (Standing::Ended(story), Dialect::Guide) => Ok(json(StatusCode::OK, &guide::done(&story))),
        (Standing::Ended(story), Dialect::V1) => Ok(v1::done(&story)),
        (Standing::Open(_), Dialect::Guide) => Ok(accepted(id, &guide::Accepted::of(id))),
        (Standing::Open(progress), Dialect::V1) => Ok(accepted(id, &v1::Accepted::of(id, progress))),
    }
}

/// The answer to several events: where to ask for each, in their order.
pub(crate) fn kept_events(ids: &[SubmissionId]) -> Response {
    json(StatusCode::ACCEPTED, &v1::KeptEvents::of(ids))
}

/// The answer that analytics libraries expect.
pub(crate) fn success() -> Response {
    json(StatusCode::OK, &serde_json::json!({ "success": true }))
}

/// The body of a refusal and its content type.
pub(crate) fn refusal(dialect: Dialect, error: &ApiError) -> (&'static str, Vec<u8>) {
    match dialect {
        Dialect::Guide => ("application/json", to_bytes(&guide::refusal(error))),
        Dialect::V1 => ("application/problem+json", to_bytes(&v1::problem(error))),
    }
}

tokio::task_local! {
    /// The account, of those that are served by name, whose request is being answered.
    static ACCOUNT: Arc<str>;
}

/// Answers a request of an account that is served by its name: addresses in the answer are below that.
pub(crate) async fn under_account<T>(account: Arc<str>, answered: impl Future<Output = T>) -> T {
    ACCOUNT.scope(account, answered).await
}

/// Where to ask what became of a submission.
pub(crate) fn status_url(id: SubmissionId) -> String {
    let prefix = ACCOUNT.try_with(|account| format!("/accounts/{account}")).unwrap_or_default();
    format!("{prefix}/v1/submissions/{id}")
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], to_bytes(body)).into_response()
}

fn to_bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("answers are made of texts, numbers and maps with text keys")
}

fn accepted(id: SubmissionId, body: &impl Serialize) -> Response {
    let mut response = json(StatusCode::ACCEPTED, body);
    let headers = response.headers_mut();
    let location = HeaderValue::try_from(status_url(id)).expect("an id in hexadecimal is a header value");
    headers.insert(LOCATION, location);
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn parked(story: SubmissionStory) -> ApiError {
    // A store that parks without a reason is wrong, but the caller must hear of the parking all the same.
    let parking = story.parking.unwrap_or_else(|| Parking {
        reason: ParkReason::Unreadable,
        message: "the submission is parked for an unknown reason; look at it in the gateway".to_owned(),
        valid: Vec::new(),
    });
    ApiError::Parked { submission: story.id, parking: Box::new(parking) }
}
