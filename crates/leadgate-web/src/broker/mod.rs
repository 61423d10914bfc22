//! `/crm/{account}/…`: requests of other programs that go through to an account. The key is swapped: the caller sends the app's, the account sees its own.
//!
//! Cast: `pass` is the handler, the same for every method; `door` says whose requests are taken and which account a path names; `problem` is
//! why a request was not passed on. Nothing is decided here about the budget: that is the port's, [`leadgate_core::broker::Broker`].

mod door;
mod problem;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ACCEPT, AGE, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use leadgate_core::broker::wish::{self, LANE_HEADER, WAIT_HEADER};
use leadgate_core::broker::{NoReply, Origin, PassAnswer, PassMethod, PassRequest, RawReply, RawRequest};
use tokio::sync::OwnedSemaphorePermit;

pub use self::door::{BrokerDoor, BrokerKeys, Brokers};
pub(crate) use self::problem::PassError;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::intake::body::{self, BodyLimits};
use crate::state::Gateway;

const CACHE: HeaderName = HeaderName::from_static("leadgate-cache");
/// Tells an answer of the account from one of the gateway's own.
const ANSWER_OF: HeaderName = HeaderName::from_static("leadgate-answer");

/// Any method below `/crm/{account}/api/` or `/crm/{account}/crm/sales/api/`.
pub(crate) async fn pass(
    State(gateway): State<Gateway>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let (broker, path) = gateway.brokers.of(parts.uri.path())?;
    let door = &gateway.settings.broker;
    door.check(&caller)?;
    let method = method(&parts.method).ok_or(PassError::Method)?;
    let lane = wish::lane(text(&parts.headers, LANE_HEADER)).map_err(PassError::Wish)?;
    let wait = wish::wait(text(&parts.headers, WAIT_HEADER), door.waits).map_err(PassError::Wish)?;
    let fresh = wish::is_fresh(text(&parts.headers, CACHE_CONTROL.as_str()));
    let slot = gateway.brokers.slot()?;
    body::check_plain(&parts.headers)?;
    let limits = BodyLimits { bytes: door.body_limit, within: gateway.settings.body_within };
    let body = body::read_bytes(&parts.headers, body, limits).await?;
    let owned = |name: HeaderName| text(&parts.headers, name.as_str()).map(str::to_owned);
    let ask = RawRequest {
        method,
        path,
        query: parts.uri.query().map(str::to_owned),
        content_type: owned(CONTENT_TYPE),
        accept: owned(ACCEPT),
        body,
    };
    match broker.pass(PassRequest { ask, lane, wait, fresh }).await {
        PassAnswer::Reply(reply, origin) => handed_on(reply, method, origin, slot),
        PassAnswer::Refused(no_room) => Err(PassError::no_room(no_room, gateway.clock.now()).into()),
        PassAnswer::Lost(why) => Err(PassError::Lost { why, is_write: !method.is_read() }.into()),
    }
}

fn method(method: &Method) -> Option<PassMethod> {
    match *method {
        // What a HEAD leaves out is left out of the answer to it.
        Method::GET | Method::HEAD => Some(PassMethod::Get),
        Method::POST => Some(PassMethod::Post),
        Method::PUT => Some(PassMethod::Put),
        Method::PATCH => Some(PassMethod::Patch),
        Method::DELETE => Some(PassMethod::Delete),
        _ => None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A body that is handed on, and the slot that it holds until the caller has taken it.
struct Held {
    reply: Arc<RawReply>,
    _slot: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.reply.body
    }
}

fn handed_on(
    reply: Arc<RawReply>,
    method: PassMethod,
    origin: Origin,
    slot: OwnedSemaphorePermit,
) -> Result<Response, ApiError> {
    let unreadable = || PassError::Lost { why: NoReply::Broke, is_write: !method.is_read() };
    let status = StatusCode::from_u16(reply.status).ok().filter(|status| !status.is_informational());
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status.ok_or_else(unreadable)?;
    let headers = response.headers_mut();
    let is_of_now = !matches!(origin, Origin::Remembered(_));
    // What a remembered reply said of the quota was true then.
    for (name, value) in reply.headers.iter().filter(|(name, _)| is_of_now || !name.starts_with("x-ratelimit-")) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(ANSWER_OF, HeaderValue::from_static("account"));
    if method.is_read() {
        let (word, age) = match origin {
            Origin::Asked => ("miss", 0),
            Origin::Shared => ("shared", 0),
            Origin::Remembered(age) => ("hit", age.as_secs().max(0)),
        };
        headers.insert(CACHE, HeaderValue::from_static(word));
        headers.insert(AGE, HeaderValue::from(age));
    }
    *response.body_mut() = Body::from(Bytes::from_owner(Held { reply, _slot: slot }));
    Ok(response)
}
