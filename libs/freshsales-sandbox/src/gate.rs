//! What happens around a route, in the order of the real thing: edge limiter, host, sign-in, quota, faults, answer.

use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::model::State;
use crate::model::agenda::{Event, LateCall};
use crate::model::faults::Target;
use crate::model::quota::RateHeaders;
use crate::model::request_log::RequestSeen;
use crate::switches::QuotaBody;
use crate::wire::{Call, Form, Manner, NOT_FOUND_PAGE, Refusal, Reply};
use crate::{FaultKind, Generation, routes};

/// A request as it came over the wire.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Host and path prefix as the caller named them, for absolute links.
    pub(crate) base: String,
    /// Whether host or prefix name this account.
    pub(crate) addressed: bool,
    pub(crate) authorization: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) caller: String,
    pub(crate) body: Bytes,
    /// The body where it is a form.
    pub(crate) form: Option<Form>,
}

/// What the connection does.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply(Reply),
    /// The reply in small pieces.
    Slow {
        reply: Reply,
        chunk_bytes: usize,
        pause_milliseconds: u64,
    },
    /// Close without a byte.
    Cut,
    /// Never reply.
    Hang,
}

/// Serves one request and remembers it. The state has been ticked when it was locked.
pub(crate) fn serve(state: &mut State, arrival: Arrival) -> Outcome {
    let mut fault = None;
    let outcome = decide(state, &arrival, &mut fault);
    let status = match &outcome {
        Outcome::Reply(reply) | Outcome::Slow { reply, .. } => Some(reply.status.as_u16()),
        Outcome::Cut | Outcome::Hang => None,
    };
    let fault = fault.and_then(|kind| serde_json::to_value(kind).ok()?.get("kind")?.as_str().map(str::to_owned));
    if arrival.method != Method::GET && !arrival.path.contains("/filtered_search/") {
        state.changes.touch();
    }
    let Arrival { method, path, query, caller, body, .. } = arrival;
    let at = state.now();
    state.log.push(RequestSeen { at, method: method.to_string(), path, query, status, fault, caller, body });
    outcome
}

fn decide(state: &mut State, arrival: &Arrival, fault: &mut Option<FaultKind>) -> Outcome {
    let body = arrival.body.clone();
    let mut call = Call::new(arrival.method.clone(), &arrival.path, &arrival.query, body, arrival.base.clone());
    call.form.clone_from(&arrival.form);
    let resource_path = format!("/{}", call.path.join("/"));
    let method = arrival.method.as_str();
    let target = Target { method, full_path: &arrival.path, resource_path: &resource_path, now: state.now() };
    if let Some(kind) = state.faults.draw_edge(target) {
        let outcome = edge_outcome(&kind);
        *fault = Some(kind);
        return outcome;
    }
    if let Some(reply) = before_sign_in(state, arrival, &call) {
        return Outcome::Reply(reply);
    }
    if !signed_in(state, arrival, &call) {
        return Outcome::Reply(refused_sign_in(state, arrival, &call));
    }
    let now = state.now();
    let headers = match state.quota.take(now) {
        Ok(headers) => headers,
        Err(headers) => return Outcome::Reply(quota_refusal(state, headers)),
    };
    *fault = state.faults.draw_application(target);
    faulted(state, &call, fault.clone(), headers)
}

fn edge_outcome(kind: &FaultKind) -> Outcome {
    let retry_after = if let FaultKind::EdgeThrottle { retry_after } = kind { *retry_after } else { 1 };
    let reply = Reply::empty(StatusCode::TOO_MANY_REQUESTS).with_header("retry-after", retry_after.to_string());
    Outcome::Reply(reply.with_header("server", "istio-envoy".to_owned()))
}

/// Unknown host, unknown path, and the paths that need no key.
fn before_sign_in(state: &State, arrival: &Arrival, call: &Call) -> Option<Reply> {
    let page = |status, text| Some(Reply::html(status, text));
    let is_known = arrival.addressed && !state.switches.account_is_unknown;
    if !is_known || !state.config.profile.serves(call.generation) {
        return page(StatusCode::NOT_FOUND, NOT_FOUND_PAGE);
    }
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["track", ..] => Some(Reply::json(json!({}))),
        ["files", signature, id, _name] if call.method == Method::GET => Some(routes::file(state, signature, id)),
        ["signin"] if call.generation == Generation::Suite => page(StatusCode::OK, SIGN_IN_PAGE),
        ["sign_in"] if call.method == Method::POST && call.generation == Generation::Classic => {
            Some(password_sign_in(state, call))
        }
        [] => page(StatusCode::NOT_FOUND, NOT_FOUND_PAGE),
        _ => None,
    }
}

const SIGN_IN_PAGE: &str =
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to your account</h1></body></html>";

fn first_user_email(state: &State) -> String {
    let user = state.catalog.list(crate::model::List::Users).first();
    user.and_then(|user| user.extra("email").as_str()).unwrap_or_default().to_owned()
}

/// Classic's `sign_in`: the first user's address and the account's password give the key.
fn password_sign_in(state: &State, call: &Call) -> Reply {
    let body = call.object().unwrap_or_default();
    let user = body.get("user").unwrap_or(&Value::Null);
    if user["email"] == json!(first_user_email(state)) && user["password"] == json!(state.config.password) {
        return Reply::json(json!({"login": "success", "auth_token": state.config.key}));
    }
    let message = "Invalid email or password.";
    Reply::json(json!({"login": "failed", "message": message})).with_status(StatusCode::UNAUTHORIZED)
}

fn signed_in(state: &State, arrival: &Arrival, call: &Call) -> bool {
    let header = arrival.authorization.as_deref().unwrap_or_default();
    if header.strip_prefix("Token token=").is_some_and(|key| key == state.config.key) {
        return true;
    }
    let basic = header.strip_prefix("Basic ").filter(|_| call.generation == Generation::Classic);
    let expected = format!("{}:{}", first_user_email(state), state.config.password);
    basic.and_then(decode_base64).is_some_and(|credentials| credentials == expected.as_bytes())
}

/// Standard alphabet, padding optional.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.trim().trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|&other| other == letter)?;
        buffer = (buffer << 6 | u32::try_from(value).ok()?) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// Suite sends callers that do not ask for JSON to its sign-in page; everything else is a JSON 401.
fn refused_sign_in(state: &State, arrival: &Arrival, call: &Call) -> Reply {
    let asks_for_json = arrival.accept.as_deref().is_some_and(|accept| accept.contains("json"));
    let wants_json = asks_for_json && !state.switches.accept_header_is_lost;
    if call.generation == Generation::Suite && !wants_json {
        let location = format!("http://{}/crm/sales/signin", arrival.base);
        return Reply::html(StatusCode::FOUND, "").with_header("location", location);
    }
    Reply::json(json!({"login": "failed", "message": null})).with_status(StatusCode::UNAUTHORIZED)
}

fn quota_refusal(state: &State, headers: RateHeaders) -> Reply {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let reply = match state.switches.quota_body {
        QuotaBody::Empty => Reply::empty(status),
        QuotaBody::Json => Manner::of(state).errors(status, &["Too many requests".to_owned()]),
    };
    with_rate_headers(reply, Some(headers))
}

/// `x-ratelimit-reset` is not an epoch: day, month, two-digit year, hour, minute, second. Source: seen in the wild.
fn with_rate_headers(reply: Reply, headers: Option<RateHeaders>) -> Reply {
    let Some(headers) = headers else { return reply };
    let reset = headers.reset.to_zoned_datetime(TimeZone::UTC).strftime("%d%m%y%H%M%S").to_string();
    reply
        .with_header("x-ratelimit-limit", headers.limit.to_string())
        .with_header("x-ratelimit-remaining", headers.remaining.to_string())
        .with_header("x-ratelimit-reset", reset)
}

/// Answers the call, or does what the drawn fault says instead, before or after the effect.
fn faulted(state: &mut State, call: &Call, fault: Option<FaultKind>, headers: Option<RateHeaders>) -> Outcome {
    let instead = |reply: Reply| Outcome::Reply(with_rate_headers(reply, headers));
    let manner = Manner::of(state);
    match fault {
        None => instead(answered(state, call)),
        Some(FaultKind::FailBeforeCommit) => instead(server_error(manner)),
        Some(FaultKind::ServerErrorHtml { status }) => Outcome::Reply(proxy_error(status)),
        Some(FaultKind::Forbidden) => instead(manner.refuse(Refusal::Forbidden)),
        Some(FaultKind::CutBeforeCommit) => Outcome::Cut,
        Some(FaultKind::CutThenCommit { delay_milliseconds }) => {
            put_off(state, call, delay_milliseconds);
            Outcome::Cut
        }
        Some(FaultKind::Hang { then_commit: false }) => Outcome::Hang,
        Some(FaultKind::Quota429 { reset_after_seconds }) => {
            let injected = state.quota.injected(state.now(), reset_after_seconds.unwrap_or(1));
            Outcome::Reply(quota_refusal(state, injected))
        }
        Some(FaultKind::Quota429In400) => {
            let sentence = "UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests";
            instead(manner.errors(StatusCode::BAD_REQUEST, &[sentence.to_owned()]))
        }
        Some(FaultKind::BulkBusy405) => instead(Reply::empty(StatusCode::METHOD_NOT_ALLOWED)),
        Some(FaultKind::EdgeThrottle { .. }) => edge_outcome(&FaultKind::EdgeThrottle { retry_after: 1 }),
        Some(FaultKind::CommitThenFail) => {
            drop(answered(state, call));
            instead(server_error(manner))
        }
        Some(FaultKind::CommitThenCut) => {
            drop(answered(state, call));
            Outcome::Cut
        }
        Some(FaultKind::Hang { then_commit: true }) => {
            drop(answered(state, call));
            Outcome::Hang
        }
        Some(FaultKind::SlowBody { chunk_bytes, pause_milliseconds }) => {
            let reply = with_rate_headers(answered(state, call), headers);
            Outcome::Slow { reply, chunk_bytes: chunk_bytes.max(1), pause_milliseconds }
        }
    }
}

/// Notes down a request for later.
fn put_off(state: &mut State, call: &Call, milliseconds: u64) {
    let delay = jiff::SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
    let due = state.now().checked_add(delay).unwrap_or(jiff::Timestamp::MAX);
    let (method, host, body) = (call.method.to_string(), call.host.clone(), call.body.to_vec());
    let late = LateCall { method, path: call.full_path.clone(), query: call.raw_query.clone(), host, body };
    state.agenda.put(due, Event::Commit(late));
}

/// Carries out a request that was put off. Nobody waits for its answer.
pub(crate) fn commit_late(state: &mut State, late: LateCall) {
    let Ok(method) = Method::from_bytes(late.method.as_bytes()) else { return };
    let call = Call::new(method, &late.path, &late.query, late.body.into(), late.host);
    drop(answered(state, &call));
}

fn answered(state: &mut State, call: &Call) -> Reply {
    routes::answer(state, call).unwrap_or_else(|refusal| Manner::of(state).refuse(refusal))
}

fn server_error(manner: Manner) -> Reply {
    manner.errors(StatusCode::INTERNAL_SERVER_ERROR, &["Something went wrong. Please try again.".to_owned()])
}

fn proxy_error(status: u16) -> Reply {
    if status == 502 {
        Reply::html(StatusCode::BAD_GATEWAY, "<html><head><title>502 Bad Gateway</title></head><body></body></html>")
    } else {
        let page = "<html><head><title>503 Service Temporarily Unavailable</title></head><body></body></html>";
        Reply::html(StatusCode::SERVICE_UNAVAILABLE, page)
    }
}
