//! The operator's API: which accounts there are, and what is done with them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use leadgate_store::accounts::{AccountName, AccountState};
use leadgate_store::scopes::{Scope, Scopes};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::desk::{AccountDesk, DeskError, account_document, accounts_document, keys_document, new_key_document};
use super::export;
use crate::answers;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::intake;
use crate::path_name::PathName;
use crate::routes::{Door, RouteAccess, RouteEntry, router_of};
use crate::state::Gateway;

/// The largest body: a rules text and some settings.
const LARGEST_BODY: usize = 1024 * 1024;

const WISH_MEND: &str = "the body is a JSON object with `name` (of a new account), `domain`, `api_key`, `variables` (texts by name) and `settings` \
                         (an object)";
const KEY_MEND: &str =
    "the body is a JSON object with `name` and, if the key may not do everything, `may`, such as \"submit,read\"";

/// What is behind a route of the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperatorDoor {
    Accounts,
    Account,
    Pause,
    Resume,
    Keys,
    Export,
    RotateKeys,
    Metrics,
}

const fn route(method: &'static str, path: &'static str, door: OperatorDoor) -> RouteEntry {
    RouteEntry::new(method, path, RouteAccess::Key(Scope::Operate), Door::Operator(door))
}

/// Every route of the operator's. A method that is not in the table may also be there; see [`RouteEntry::method`].
pub static OPERATOR_ROUTES: &[RouteEntry] = &[
    route("POST", "/operator/accounts", OperatorDoor::Accounts),
    route("PATCH", "/operator/accounts/{name}", OperatorDoor::Account),
    route("POST", "/operator/accounts/{name}/pause", OperatorDoor::Pause),
    route("POST", "/operator/accounts/{name}/resume", OperatorDoor::Resume),
    route("POST", "/operator/accounts/{name}/keys", OperatorDoor::Keys),
    route("GET", "/operator/accounts/{name}/export", OperatorDoor::Export),
    route("POST", "/operator/rotate-keys", OperatorDoor::RotateKeys),
    route("GET", "/operator/metrics", OperatorDoor::Metrics),
];

impl OperatorDoor {
    pub(crate) fn allowed(self) -> &'static str {
        match self {
            OperatorDoor::Accounts | OperatorDoor::Keys => "GET, HEAD, POST",
            OperatorDoor::Account => "GET, HEAD, PATCH, DELETE",
            OperatorDoor::Pause | OperatorDoor::Resume | OperatorDoor::RotateKeys => "POST",
            OperatorDoor::Export | OperatorDoor::Metrics => "GET, HEAD",
        }
    }

    pub(crate) fn handler(self) -> MethodRouter<Gateway> {
        match self {
            OperatorDoor::Accounts => post(add).get(list),
            OperatorDoor::Account => get(show).patch(change).delete(remove),
            OperatorDoor::Pause => post(pause),
            OperatorDoor::Resume => post(resume),
            OperatorDoor::Keys => post(add_key).get(keys),
            OperatorDoor::Export => get(export_account),
            OperatorDoor::RotateKeys => post(rotate_keys),
            OperatorDoor::Metrics => get(crate::health::metrics),
        }
    }
}

/// The router of the operator's API. The gateway's access is the operator's key alone.
pub fn operator_router(gateway: Gateway, desk: Arc<dyn AccountDesk>) -> Router {
    router_of(OPERATOR_ROUTES, gateway).layer(Extension(desk))
}

type Desk = Extension<Arc<dyn AccountDesk>>;

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> ApiError {
        match error {
            DeskError::NoSuchAccount => ApiError::NoSuchAccount,
            DeskError::NameTaken => ApiError::AccountNameTaken,
            DeskError::Refused(why) => ApiError::AccountRefused(why),
            DeskError::Store(error) => ApiError::Store(error),
        }
    }
}

/// `GET /operator/accounts`.
async fn list(Extension(desk): Desk, _: Caller) -> Result<Response, ApiError> {
    Ok(answers::json(StatusCode::OK, &accounts_document(&desk.accounts().await?)))
}

/// `GET /operator/accounts/{name}`: also what waits.
async fn show(Extension(desk): Desk, _: Caller, PathName(name): PathName) -> Result<Response, ApiError> {
    Ok(answers::json(StatusCode::OK, &account_document(&desk.account(&named(&name)?).await?)))
}

/// `POST /operator/accounts`.
async fn add(
    State(gateway): State<Gateway>,
    Extension(desk): Desk,
    _: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let account = desk.add(read(&gateway, request, WISH_MEND).await?).await?;
    tracing::info!(account.name = %account.name, "account {} was added", account.name);
    Ok(answers::json(StatusCode::CREATED, &account_document(&account)))
}

/// `PATCH /operator/accounts/{name}`: what is not said stays.
async fn change(
    State(gateway): State<Gateway>,
    Extension(desk): Desk,
    PathName(name): PathName,
    request: Request,
) -> Result<Response, ApiError> {
    let account = desk.change(&named(&name)?, read(&gateway, request, WISH_MEND).await?).await?;
    tracing::info!(account.name = %account.name, "account {} was changed", account.name);
    Ok(answers::json(StatusCode::OK, &account_document(&account)))
}

/// `POST /operator/accounts/{name}/pause`: what comes in is kept, and nothing is asked of the CRM.
async fn pause(desk: Desk, _: Caller, name: PathName) -> Result<Response, ApiError> {
    set_state(desk, name, (AccountState::Paused, StatusCode::OK)).await
}

/// `POST /operator/accounts/{name}/resume`.
async fn resume(desk: Desk, _: Caller, name: PathName) -> Result<Response, ApiError> {
    set_state(desk, name, (AccountState::Active, StatusCode::OK)).await
}

/// `DELETE /operator/accounts/{name}`: everything of it is erased, in the background. There is no way back.
async fn remove(desk: Desk, _: Caller, name: PathName) -> Result<Response, ApiError> {
    set_state(desk, name, (AccountState::Removing, StatusCode::ACCEPTED)).await
}

async fn set_state(
    Extension(desk): Desk,
    PathName(name): PathName,
    (state, status): (AccountState, StatusCode),
) -> Result<Response, ApiError> {
    let account = desk.set_state(&named(&name)?, state).await?;
    tracing::info!(account.name = %account.name, account.state = state.name(), "account {} is {}", account.name, state.name());
    Ok(answers::json(status, &account_document(&account)))
}

/// What a key is made of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyWish {
    name: String,
    may: Option<String>,
}

/// `POST /operator/accounts/{name}/keys`: a key for an app, shown this once.
async fn add_key(
    State(gateway): State<Gateway>,
    Extension(desk): Desk,
    PathName(name): PathName,
    request: Request,
) -> Result<Response, ApiError> {
    let wish: KeyWish = read(&gateway, request, KEY_MEND).await?;
    let may: Scopes = wish.may.as_deref().map_or(Ok(Scopes::ALL), str::parse).map_err(refused)?;
    let name = named(&name)?;
    let key = desk.add_key(&name, &wish.name, may).await?;
    tracing::info!(account.name = %name, "a key was made for an app of account {name}");
    Ok(answers::json(StatusCode::CREATED, &new_key_document(&wish.name, may, &key)))
}

/// `GET /operator/accounts/{name}/keys`: their names and what they may do.
async fn keys(Extension(desk): Desk, _: Caller, PathName(name): PathName) -> Result<Response, ApiError> {
    Ok(answers::json(StatusCode::OK, &keys_document(&desk.keys(&named(&name)?).await?)))
}

/// `POST /operator/rotate-keys`: every account's data key is sealed under the newest master key.
async fn rotate_keys(Extension(desk): Desk, _: Caller) -> Result<Response, ApiError> {
    let resealed = desk.rotate_keys().await?;
    tracing::info!(accounts.resealed = resealed, "the data keys of {resealed} accounts were sealed anew");
    Ok(answers::json(StatusCode::OK, &json!({"resealed": resealed})))
}

/// `GET /operator/accounts/{name}/export`: everything of the account, a line for each thing.
async fn export_account(Extension(desk): Desk, _: Caller, PathName(name): PathName) -> Result<Response, ApiError> {
    let name = named(&name)?;
    let account = desk.account(&name).await?;
    let lines = export::lines(account_document(&account), desk.store(&name).await?);
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// What is no name at all names no account either.
fn named(text: &str) -> Result<AccountName, ApiError> {
    text.parse().map_err(|_| ApiError::NoSuchAccount)
}

/// The body as JSON. What is wrong with it is not repeated, because it may hold a secret.
async fn read<T: DeserializeOwned>(gateway: &Gateway, request: Request, mend: &str) -> Result<T, ApiError> {
    let (parts, body) = request.into_parts();
    intake::check_json(&parts.headers)?;
    let bytes = intake::read_bytes_up_to(gateway, &parts.headers, body, LARGEST_BODY).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::AccountRefused(format!("{mend}; line {}, column {} is not so", error.line(), error.column()))
    })
}

fn refused(error: impl std::fmt::Display) -> ApiError {
    ApiError::AccountRefused(error.to_string())
}
