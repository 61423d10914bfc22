//! Notifications of the CRM: checked for their secret, kept as they came, answered at once.
//!
//! Nothing is understood here. A body that says something in its encoding is kept, and what it says of which record is found out from the stored
//! row; so a mapping that is wrong can be mended, and nothing is lost. Equal notifications are all kept: there and back and there again is three
//! changes, and only the mirror can tell them from one that is sent three times.

pub(crate) mod secrets;

use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use leadgate_core::hooks::{Encoding, well_formed};
use leadgate_core::intake::{self, IntakeError, Submission};
use leadgate_core::lane::Lane;
use leadgate_core::mirror::Sighting;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::model::{Dedupe, InboxEntry, NewSubmission};
use serde_json::{Value, json};

use crate::answers;
use crate::auth::Caller;
use crate::edge::Kept;
use crate::error::ApiError;
use crate::intake::{new_id, read_bytes};
use crate::metrics;
use crate::state::Gateway;

/// `POST /freshsales/webhook`, and `/freshsales/webhook/{source}` for bodies that a mapping describes.
pub(crate) async fn receive(
    State(gateway): State<Gateway>,
    _: Caller,
    params: RawPathParams,
    request: Request,
) -> Result<Response, ApiError> {
    let source = params.iter().find(|(name, _)| *name == "source").map(|(_, value)| value.to_owned());
    let kept = keep(&gateway, source.as_deref(), request).await;
    metrics::accepted(Route::Notification, if kept.is_ok() { "accepted" } else { "refused" });
    let mut response = answers::json(StatusCode::OK, &json!({"status": "received"}));
    // The CRM waits for nothing more, and a burst of notifications is no news for whoever reads the log.
    response.extensions_mut().insert(Kept { submission: kept?, deferred: true });
    Ok(response)
}

async fn keep(gateway: &Gateway, source: Option<&str>, request: Request) -> Result<SubmissionId, ApiError> {
    let settings = &gateway.settings;
    if source.is_some_and(|source| !settings.reading.rules.hooks.mappings.contains_key(source)) {
        return Err(ApiError::NoSuchMapping);
    }
    let (parts, sent) = request.into_parts();
    let bytes = read_bytes(gateway, &parts.headers, sent).await?;
    let encoding = encoding(&parts.headers, &bytes);
    well_formed(encoding, &bytes)?;
    let label = match source {
        Some(source) => format!("{}/{source}", encoding.name()),
        None => encoding.name().to_owned(),
    };
    let now = gateway.clock.now();
    let id = new_id(now);
    let raw = RawSubmission { label: Some(label), ..RawSubmission::new(Route::Notification, None, bytes) };
    let dedupe = Dedupe::Content { content: *id.0.as_bytes(), within: SignedDuration::ZERO };
    gateway.store.accept(NewSubmission { id, raw, dedupe, lane: Lane::Event }, now).await?;
    Ok(id)
}

/// As declared; where it is not, or as something general, by how the body begins.
fn encoding(headers: &HeaderMap, body: &[u8]) -> Encoding {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let declared = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (declared.as_str(), body.trim_ascii_start().first()) {
        ("application/x-www-form-urlencoded", first) if first != Some(&b'{') => Encoding::Form,
        (declared, _) if declared.ends_with("json") => Encoding::Json,
        (declared, _) if declared.ends_with("xml") => Encoding::Xml,
        (_, Some(b'<')) => Encoding::Xml,
        (_, Some(b'{' | b'[')) | (_, None) => Encoding::Json,
        _ => Encoding::Form,
    }
}

/// `GET /v1/notifications/latest`: what was understood of the youngest notification. For whoever sets up a workflow; it shows values, to those
/// who have a key.
pub(crate) async fn latest(State(gateway): State<Gateway>, _: Caller) -> Result<Response, ApiError> {
    let entry = gateway.store.latest_notification().await?.ok_or(ApiError::NoNotification)?;
    let read = intake::read(&entry.raw, &gateway.settings.reading);
    Ok(answers::json(StatusCode::OK, &latest_document(&entry, &read)))
}

fn latest_document(entry: &InboxEntry, read: &Result<Submission, IntakeError>) -> Value {
    let mut document = json!({
        "id": entry.id,
        "received_at": entry.accepted_at,
        "encoding": entry.raw.label,
        "bytes": entry.raw.body.len(),
    });
    match read {
        Ok(Submission::Sighting(sighting)) => document["understood"] = understood(sighting),
        Ok(_) => {}
        Err(problem) => document["problem"] = problem.to_string().into(),
    }
    document
}

fn understood(sighting: &Sighting) -> Value {
    json!({
        "record": sighting.record,
        "updated_at": sighting.version,
        "created_at": sighting.created_at,
        "event": sighting.event,
        "fields": sighting.fields,
    })
}
