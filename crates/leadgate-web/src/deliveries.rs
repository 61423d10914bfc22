//! What operators see and do of deliveries and destinations. What is handed over is in no document: it is people's data.
//!
//! The documents are also made by the command line, which looks into the store itself where no gateway runs.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::destinations::{Destination, Destinations};
use leadgate_core::identity::IdentityKey;
use leadgate_store::deliveries::{
    DeliveryAttempt, DeliveryFilter, DeliveryProgress, DeliveryStory, DeliverySummary, DestinationStanding,
    ReplayOutcome,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::json as answer;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::path_name::PathName;
use crate::state::Gateway;

/// Deliveries in one list, at most.
const MOST_LISTED: u32 = 1_000;
const QUERY_MEND: &str =
    "the query takes `status` (waiting, delivered or parked), `destination` and `limit` (a whole number)";

/// What the lists may be asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    status: Option<String>,
    destination: Option<String>,
    limit: Option<String>,
}

type Asked = Result<Query<ListQuery>, QueryRejection>;

/// `GET /v1/deliveries`: the youngest first.
pub(crate) async fn list(State(gateway): State<Gateway>, _: Caller, query: Asked) -> Result<Response, ApiError> {
    let wrong = || ApiError::QueryWrong(QUERY_MEND);
    let Query(query) = query.map_err(|_| wrong())?;
    let progress = query.status.map(|name| DeliveryProgress::from_name(&name).ok_or_else(wrong)).transpose()?;
    let limit: Option<u32> = query.limit.map(|limit| limit.parse().map_err(|_| wrong())).transpose()?;
    let limit = limit.unwrap_or_default().min(MOST_LISTED);
    let found = gateway.store.deliveries(DeliveryFilter { progress, destination: query.destination, limit }).await?;
    Ok(answer(StatusCode::OK, &list_document(&found)))
}

/// `GET /v1/deliveries/{id}`: the whole story.
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _: Caller,
    PathName(id): PathName,
) -> Result<Response, ApiError> {
    let story = gateway.store.delivery(&id).await?.ok_or(ApiError::NoSuchDelivery)?;
    Ok(answer(StatusCode::OK, &story_document(&story)))
}

/// `POST /v1/deliveries/{id}/retry`: another attempt under the same id, also of one that was delivered.
pub(crate) async fn retry(
    State(gateway): State<Gateway>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Response, ApiError> {
    match gateway.store.replay_delivery(&id, gateway.clock.now()).await? {
        ReplayOutcome::Due => {
            tracing::info!(delivery.id = %id, caller.name = %caller.name, "delivery {id} is made again");
            Ok(answer(StatusCode::OK, &json!({"delivery": id, "retried": true})))
        }
        ReplayOutcome::WaitsAlready => Err(ApiError::DeliveryWaits),
        ReplayOutcome::NoSuchDelivery => Err(ApiError::NoSuchDelivery),
    }
}

/// `POST /v1/deliveries/retry`: every parked delivery, or with `destination` every one of that.
pub(crate) async fn retry_all(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Asked,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|_| ApiError::QueryWrong(QUERY_MEND))?;
    let retried = gateway.store.replay_parked(query.destination.as_deref(), gateway.clock.now()).await?;
    tracing::info!(deliveries.retried = retried, caller.name = %caller.name, "{retried} deliveries are made again");
    Ok(answer(StatusCode::OK, &retried_document(retried)))
}

/// `GET /v1/destinations`: those of the rules, and those that something still waits for.
pub(crate) async fn destinations(State(gateway): State<Gateway>, _: Caller) -> Result<Response, ApiError> {
    let standings = gateway.store.destination_standings().await?;
    let destinations = &gateway.settings.reading.rules.destinations;
    Ok(answer(StatusCode::OK, &destinations_document(destinations, &standings)))
}

/// `POST /v1/destinations/{id}/test`: sends a test the way everything else goes. Its story tells what came of it.
pub(crate) async fn test(
    State(gateway): State<Gateway>,
    caller: Caller,
    PathName(name): PathName,
) -> Result<Response, ApiError> {
    let destination = gateway.settings.reading.rules.destinations.get(&name).ok_or(ApiError::NoSuchDestination)?;
    let now = gateway.clock.now();
    let delivery = test_delivery(&name, destination, now);
    let id = delivery.id.clone();
    gateway.store.add_delivery(delivery, true, now).await?;
    tracing::info!(delivery.id = %id, caller.name = %caller.name, "a test is sent to {name}");
    Ok(answer(StatusCode::ACCEPTED, &json!({"delivery": id, "destination": name})))
}

/// `POST /v1/destinations/{id}/enable`: one that said it was gone takes deliveries again.
pub(crate) async fn enable(
    State(gateway): State<Gateway>,
    caller: Caller,
    PathName(name): PathName,
) -> Result<Response, ApiError> {
    let was_off = gateway.store.switch_on(&name, gateway.clock.now()).await?;
    // One that was taken out of the rules while it was off can be switched on too.
    if !was_off && gateway.settings.reading.rules.destinations.get(&name).is_none() {
        return Err(ApiError::NoSuchDestination);
    }
    tracing::info!(delivery.destination = %name, caller.name = %caller.name, "destination {name} was switched on");
    Ok(answer(StatusCode::OK, &json!({"destination": name, "was_off": was_off})))
}

fn test_delivery(name: &str, destination: &Destination, now: Timestamp) -> NewDelivery {
    let id = format!("msg_{}", Uuid::now_v7().simple());
    // A line of its own: it waits for nobody.
    let ordering = IdentityKey::from_stored(format!("test:{id}"));
    NewDelivery { ordering, destination: name.to_owned(), content: destination.kind.test_content(now), id }
}

/// Deliveries as a document.
pub fn list_document(deliveries: &[DeliverySummary]) -> Value {
    json!({"deliveries": deliveries.iter().map(summary_document).collect::<Vec<_>>()})
}

/// How many deliveries are made again, as a document.
pub fn retried_document(retried: u64) -> Value {
    json!({"retried": retried})
}

/// A delivery's story as a document.
pub fn story_document(story: &DeliveryStory) -> Value {
    let mut document = summary_document(&story.summary);
    document["attempts_made"] = story.attempts.iter().map(attempt_document).collect();
    document
}

fn summary_document(delivery: &DeliverySummary) -> Value {
    json!({
        "id": delivery.id,
        "destination": delivery.destination,
        "status": delivery.progress.name(),
        "test": delivery.test,
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "due_at": delivery.due_at,
        "ended_at": delivery.ended_at,
        "parked_because": delivery.parked_because,
    })
}

fn attempt_document(attempt: &DeliveryAttempt) -> Value {
    json!({
        "at": attempt.at,
        "took_ms": attempt.took_ms,
        "status": attempt.status,
        "class": attempt.class,
        "message": attempt.message,
    })
}

/// Destinations as a document.
pub fn destinations_document(destinations: &Destinations, standings: &[DestinationStanding]) -> Value {
    let standing_of = |name: &str| standings.iter().find(|standing| standing.name == name);
    let mut documents: Vec<Value> = destinations
        .iter()
        .map(|(name, destination)| destination_document(name, Some(destination), standing_of(name)))
        .collect();
    let strangers = standings.iter().filter(|standing| destinations.get(&standing.name).is_none());
    documents.extend(strangers.map(|standing| destination_document(&standing.name, None, Some(standing))));
    json!({ "destinations": documents })
}

fn destination_document(
    name: &str,
    destination: Option<&std::sync::Arc<Destination>>,
    standing: Option<&DestinationStanding>,
) -> Value {
    let off = standing.and_then(|standing| standing.switched_off.as_ref());
    json!({
        "name": name,
        "kind": destination.map(|destination| destination.kind.name()),
        "waiting": standing.map_or(0, |standing| standing.waiting),
        "parked": standing.map_or(0, |standing| standing.parked),
        "oldest_waiting": standing.and_then(|standing| standing.oldest_waiting),
        "switched_off": off.map(|(since, why)| json!({"since": since, "why": why})),
    })
}
