//! Imports: a file's rows come in a batch at a time and become submissions like any lead; what came of each can be read while they land.
//!
//! Cast: this file begins imports, shows them and has them wait; [`rows`] takes rows in; [`results`] tells what came of them; [`undo`] asks for
//! what an import made to be taken away again.

mod results;
mod rows;
mod undo;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::StatusCode;
use leadgate_core::import::{Expected, expected};
use leadgate_core::intake::{IntakeError, Problem};
use leadgate_core::pack::CROWD;
use leadgate_store::imports::{BeginOutcome, ImportChange, ImportId, ImportState, ImportSummary, NewImport};
use leadgate_store::model::Digest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use results::results;
pub(crate) use rows::rows;
pub(crate) use undo::undo;

use crate::answers;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::intake::{check_json, new_id, read_bytes_up_to};
use crate::state::Gateway;

/// Imports in one list, at most.
const MOST_LISTED: u32 = 100;
/// The longest name of an import, in characters.
const LONGEST_NAME: usize = 255;

type ImportPath = Result<Path<String>, PathRejection>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeginBody {
    name: String,
    digest: String,
    rows: u64,
    #[serde(default)]
    mapping: Value,
}

/// `POST /v1/imports`: 201 with the new import, or 200 with the one that the same file and mapping began before.
pub(crate) async fn begin(State(gateway): State<Gateway>, _: Caller, request: Request) -> Result<Response, ApiError> {
    let body: BeginBody = read_json(&gateway, request, gateway.settings.body_limit).await?;
    let now = gateway.clock.now();
    let id = ImportId(new_id(now).0);
    let digest = parse_digest(&body.digest)
        .ok_or_else(|| wrong("digest", "is not 32 hexadecimal digits: the first 16 bytes of a SHA-256"))?;
    let name: String = body.name.chars().filter(|sign| !sign.is_control()).take(LONGEST_NAME).collect();
    let import = NewImport { id, name, digest, rows: body.rows, mapping: body.mapping };
    match gateway.store.begin_import(import, now).await? {
        BeginOutcome::Known(known) => Ok(answers::json(StatusCode::OK, &document(&gateway, &known, true).await?)),
        BeginOutcome::Begun => {
            let begun = gateway.store.import(id).await?.ok_or(ApiError::NoSuchImport)?;
            Ok(answers::json(StatusCode::CREATED, &document(&gateway, &begun, false).await?))
        }
    }
}

fn parse_digest(text: &str) -> Option<Digest> {
    u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32).map(u128::to_be_bytes)
}

/// `GET /v1/imports`: the youngest first.
pub(crate) async fn list(State(gateway): State<Gateway>, _: Caller) -> Result<Response, ApiError> {
    let mut listed = Vec::new();
    for import in gateway.store.imports(MOST_LISTED).await? {
        listed.push(document(&gateway, &import, true).await?);
    }
    Ok(answers::json(StatusCode::OK, &json!({ "imports": listed })))
}

/// `GET /v1/imports/{id}`: how many rows came to what, and when the rest will be done.
pub(crate) async fn show(State(gateway): State<Gateway>, _: Caller, id: ImportPath) -> Result<Response, ApiError> {
    let import = gateway.store.import(import_id(id)?).await?.ok_or(ApiError::NoSuchImport)?;
    Ok(answers::json(StatusCode::OK, &document(&gateway, &import, true).await?))
}

/// `POST /v1/imports/{id}/pause`.
pub(crate) async fn pause(State(gateway): State<Gateway>, _: Caller, id: ImportPath) -> Result<Response, ApiError> {
    set(&gateway, import_id(id)?, ImportState::Paused).await
}

/// `POST /v1/imports/{id}/resume`.
pub(crate) async fn resume(State(gateway): State<Gateway>, _: Caller, id: ImportPath) -> Result<Response, ApiError> {
    set(&gateway, import_id(id)?, ImportState::Running).await
}

async fn set(gateway: &Gateway, id: ImportId, state: ImportState) -> Result<Response, ApiError> {
    changed(gateway.store.set_import_state(id, state, gateway.clock.now()).await?)?;
    let import = gateway.store.import(id).await?.ok_or(ApiError::NoSuchImport)?;
    Ok(answers::json(StatusCode::OK, &document(gateway, &import, true).await?))
}

fn changed(change: ImportChange) -> Result<(), ApiError> {
    match change {
        ImportChange::Done => Ok(()),
        ImportChange::Undone => Err(ApiError::ImportUndone),
        ImportChange::NoSuchImport => Err(ApiError::NoSuchImport),
    }
}

/// An import as people see it. `known`: it was there before this request.
async fn document(gateway: &Gateway, import: &ImportSummary, known: bool) -> Result<Value, ApiError> {
    let counts = &import.counts;
    let to_arrive = if import.state == ImportState::Undone { 0 } else { import.rows.saturating_sub(counts.received) };
    let waiting = counts.waiting + to_arrive;
    let account = gateway.store.catalog().await?.account().cloned();
    let ended = counts.received.saturating_sub(counts.waiting + counts.refused + counts.duplicates);
    let (cost_milli, budget) = (counts.cost_milli, gateway.store.budget().await?.value);
    // Until enough rows have ended to tell: large files are imported without ids unless somebody asks for them.
    let so_far = Expected { waiting, ended, cost_milli, without_ids: import.rows >= u64::from(CROWD) };
    let rest = expected(&so_far, account.as_ref(), budget, gateway.clock.now());
    let is_running = import.state == ImportState::Running;
    Ok(json!({
        "id": import.id,
        "name": import.name,
        "state": import.state.name(),
        "known": known,
        "rows": import.rows,
        "created_at": import.created_at,
        "mapping": import.mapping,
        "counts": {
            "received": counts.received,
            "waiting": waiting,
            "created": counts.created,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "parked": counts.parked,
            "refused": counts.refused,
            "duplicate": counts.duplicates,
            "withdrawn": counts.withdrawn,
            "removed": counts.removed,
            "left_alone": counts.left_alone,
        },
        "requests": thousandths(counts.cost_milli),
        "requests_expected": rest.requests,
        "seconds_expected": rest.seconds.filter(|_| is_running),
    }))
}

#[expect(clippy::cast_precision_loss, reason = "a cost is far below what a float holds exactly")]
fn thousandths(milli: u64) -> f64 {
    milli as f64 / 1_000.0
}

/// What is no id at all names no import either.
fn import_id(path: ImportPath) -> Result<ImportId, ApiError> {
    path.ok().and_then(|Path(text)| text.parse::<Uuid>().ok()).map(ImportId).ok_or(ApiError::NoSuchImport)
}

fn wrong(field: &str, message: &str) -> ApiError {
    let problem = Problem { field: field.to_owned(), message: message.to_owned() };
    ApiError::Intake(IntakeError::Invalid(vec![problem]))
}

pub(crate) async fn read_json<T: DeserializeOwned>(
    gateway: &Gateway,
    request: Request,
    limit: usize,
) -> Result<T, ApiError> {
    let (parts, body) = request.into_parts();
    check_json(&parts.headers)?;
    let bytes = read_bytes_up_to(gateway, &parts.headers, body, limit).await?;
    leadgate_core::intake::read_json(&bytes).map_err(ApiError::Intake)
}
