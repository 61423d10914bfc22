//! What surrounds every handler: the request's id, the caller's key, the body of an error, headers, the log line and the counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use leadgate_core::submission::SubmissionId;
use uuid::Uuid;

use crate::answers;
use crate::auth::{self, Caller};
use crate::error::ApiError;
use crate::forms::Elsewhere;
use crate::hooks::secrets;
use crate::metrics;
use crate::routes::{RouteAccess, RouteEntry};
use crate::state::{Gateway, Shut};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 128;

/// A route and what its surroundings need.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) gateway: Gateway,
    pub(crate) entry: &'static RouteEntry,
}

/// What a handler tells the log about its answer, as an extension of the response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) submission: SubmissionId,
    /// Answered before the end, because the caller asked for that.
    pub(crate) deferred: bool,
}

/// One request and its answer, for the log and the counts.
struct Exchange {
    method: Method,
    entry: &'static RouteEntry,
    request_id: HeaderValue,
    caller: Option<Arc<str>>,
    account: Option<Arc<str>>,
    kept: Option<Kept>,
    status: StatusCode,
    took: Duration,
}

/// Surrounds a handler.
pub(crate) async fn around(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    match edge.gateway.account.clone() {
        Some(account) => answers::under_account(account, answered(edge, request, next)).await,
        None => answered(edge, request, next).await,
    }
}

async fn answered(edge: Edge, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = request_id(request.headers());
    let method = request.method().clone();
    let admitted = admit(&edge, &request);
    let caller = admitted.as_ref().ok().and_then(Option::as_ref).map(|caller| Arc::clone(&caller.name));
    let mut response = match admitted {
        Ok(caller) => {
            caller.map(|caller| request.extensions_mut().insert(caller));
            next.run(request).await
        }
        Err(error) => error.into_response(),
    };
    let refused = response.extensions_mut().remove::<Arc<ApiError>>();
    if let Some(error) = &refused {
        render(error, edge.entry, &request_id, &mut response);
    }
    let told = response.extensions().get::<Kept>().copied();
    let about = refused.and_then(|error| error.submission());
    let kept = told.or(about.map(|submission| Kept { submission, deferred: false }));
    let status = response.status();
    Exchange {
        method,
        entry: edge.entry,
        request_id: request_id.clone(),
        caller,
        account: edge.gateway.account.clone(),
        kept,
        status,
        took: started.elapsed(),
    }
    .record();
    add_headers(response.headers_mut(), request_id);
    response
}

/// Lets in who may do what the route is for. The one place where keys and what they may do are asked for.
fn admit(edge: &Edge, request: &Request) -> Result<Option<Caller>, ApiError> {
    if edge.gateway.shut == Some(Shut::OutOfOrder) {
        return Err(ApiError::NotReady("the account's store cannot be opened".to_owned()));
    }
    let caller = caller(edge, request)?;
    if let Some(caller) = &caller {
        if edge.gateway.shut == Some(Shut::Removed) {
            return Err(ApiError::AccountRemoved);
        }
        match edge.entry.needs(request.method()) {
            Some(scope) if !caller.may.allow(scope) => return Err(ApiError::KeyForbids(scope)),
            _ => {}
        }
    }
    Ok(caller)
}

/// Who is calling, as far as the route asks.
fn caller(edge: &Edge, request: &Request) -> Result<Option<Caller>, ApiError> {
    let settings = &edge.gateway.settings;
    let is_one_of_many = edge.gateway.account.is_some();
    match edge.entry.access {
        // The key of a form is in the body, so its own handler asks for it.
        RouteAccess::Form => Ok(None),
        // Whether there is such an account is nobody's business without a key.
        RouteAccess::Anyone if !is_one_of_many => Ok(None),
        RouteAccess::Anyone | RouteAccess::Key(_) => auth::admit(&settings.access, request.headers()).map(Some),
        RouteAccess::Webhook => {
            let secrets = &settings.reading.rules.hooks.secrets;
            match secrets::admit(secrets, request.headers(), request.uri().query()) {
                Err(ApiError::NoSecrets) if is_one_of_many => Err(ApiError::SecretWrong),
                admitted => admitted.map(Some),
            }
        }
        RouteAccess::CrmKey => auth::admit_crm_client(&settings.access, request.headers()).map(Some),
        RouteAccess::WriteKey => auth::admit_write_key(&settings.access, request.headers()).map(Some),
    }
}

/// The caller's own id for the request, if it is one that can be logged and sent back without harm.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let given = headers
        .get(REQUEST_ID)
        .filter(|value| (1..=LONGEST_REQUEST_ID).contains(&value.len()) && value.as_bytes().iter().all(sane));
    given.cloned().unwrap_or_else(|| {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = Uuid::now_v7().hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).expect("an id in hexadecimal is a header value")
    })
}

/// Writes the error in the route's words, and logs what the caller is not told.
fn render(error: &ApiError, entry: &RouteEntry, request_id: &HeaderValue, response: &mut Response) {
    let dialect = entry.dialect();
    *response.status_mut() = error.status(dialect);
    let (content_type, body) = answers::refusal(dialect, error);
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    match error {
        ApiError::KeyMissing | ApiError::KeyUnknown | ApiError::SecretWrong | ApiError::NoSecrets => {
            let schemes = match entry.access {
                RouteAccess::WriteKey => "Bearer, Basic realm=\"leadgate\"",
                RouteAccess::CrmKey => "Bearer, Token",
                _ => "Bearer",
            };
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(schemes));
        }
        ApiError::MethodNotAllowed(allowed) => drop(headers.insert(ALLOW, HeaderValue::from_static(allowed))),
        ApiError::TooManyPosts(seconds) => drop(headers.insert(RETRY_AFTER, HeaderValue::from(*seconds))),
        ApiError::Pass(error) => error.add_headers(headers),
        ApiError::BodyTooSlow => drop(headers.insert(CONNECTION, HeaderValue::from_static("close"))),
        ApiError::Store(_) | ApiError::NotReady(_) if response.status() == StatusCode::SERVICE_UNAVAILABLE => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        _ => {}
    }
    if let Some(Elsewhere(page)) = response.extensions_mut().remove::<Elsewhere>() {
        *response.status_mut() = StatusCode::SEE_OTHER;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().insert(LOCATION, page);
    }
    if let Some(cause) = error.cause() {
        let request_id = request_id.to_str().unwrap_or_default();
        tracing::error!(request.id = request_id, http.route = entry.path, error.cause = cause, "request failed");
    }
}

fn add_headers(headers: &mut HeaderMap, request_id: HeaderValue) {
    headers.insert(REQUEST_ID, request_id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The line of an exchange. A macro, because the level of an event is a constant.
macro_rules! log_exchange {
    ($level:expr, $exchange:expr, $message:literal) => {
        tracing::event!(
            $level,
            http.method = $exchange.method(),
            http.route = $exchange.entry.path,
            http.status = $exchange.status.as_u16(),
            http.took_ms = $exchange.took_ms(),
            submission.id = $exchange.submission().map(tracing::field::display),
            account.name = $exchange.account.as_deref(),
            caller.name = $exchange.caller.as_deref(),
            request.id = $exchange.request_id.to_str().unwrap_or_default(),
            $message
        )
    };
}

impl Exchange {
    fn record(&self) {
        metrics::answered(self.entry, self.status, self.took);
        // The deferred path is the one for quantity: its lines are for those who look for them.
        if self.kept.is_some_and(|kept| kept.deferred) {
            log_exchange!(tracing::Level::DEBUG, self, "request answered, its end to come");
        } else {
            log_exchange!(tracing::Level::INFO, self, "request answered");
        }
    }

    /// A method of the caller's own making may say anything.
    fn method(&self) -> &str {
        match self.method {
            Method::GET
            | Method::HEAD
            | Method::POST
            | Method::PUT
            | Method::DELETE
            | Method::PATCH
            | Method::OPTIONS => self.method.as_str(),
            _ => "other",
        }
    }

    fn took_ms(&self) -> f64 {
        self.took.as_secs_f64() * 1000.0
    }

    fn submission(&self) -> Option<SubmissionId> {
        self.kept.map(|kept| kept.submission)
    }
}
