//! Requests that are made as they are: with the account's key and under the root of its API, and nothing else of the gateway's.

use bytes::Bytes;
use freshsales::error::{FailedReply, classify_failure, classify_reply};
use freshsales::transport::{HttpTransport, TransportError, TransportFailure};
use freshsales::{ApiKey, Idempotency, ResponseMeta, Route};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response};
use leadgate_core::broker::{NoReply, PassMethod, RawAnswer, RawCrm, RawReply, RawRequest, SAFE_HEADERS};
use leadgate_core::crm::CrmFailure;
use tower::ServiceExt as _;
use url::Url;

use crate::{Conversation, FreshsalesCrm, failures};

/// The largest reply that is handed on, in bytes. A page of a hundred records with many custom fields is about one million.
const LARGEST_REPLY: usize = 16 * 1024 * 1024;
/// What is asked for where the caller takes anything: an account sends browsers to its sign-in page.
const JSON: &str = "application/json";

#[async_trait::async_trait]
impl RawCrm for FreshsalesCrm {
    async fn pass(&self, request: &RawRequest) -> RawAnswer {
        let mut conversation = Conversation::new(&*self.clock);
        let (reply, failure) = self.exchange(request, &mut conversation).await;
        let Conversation { requests, quota, .. } = conversation;
        RawAnswer { reply, failure, quota, requests }
    }
}

type Came = (Result<RawReply, NoReply>, Option<CrmFailure>);

impl FreshsalesCrm {
    async fn exchange(&self, request: &RawRequest, conversation: &mut Conversation<'_>) -> Came {
        let root = match self.client(conversation).await {
            Ok(client) => client.root().clone(),
            Err(failure) => return (Err(NoReply::NotSent), Some(failure)),
        };
        let key = self.settings.credentials.key();
        let not_sent = |what: &str| (Err(NoReply::NotSent), Some(CrmFailure::Transient(what.to_owned())));
        let Some(http_request) = http_request(&root, request, key) else {
            return not_sent("the request could not be built");
        };
        let Ok(transport) = self.raw_transport() else { return not_sent("TLS could not be set up") };
        conversation.requests += 1;
        match transport.oneshot(http_request).await {
            Ok(reply) => came(&reply, request, key, conversation),
            Err(error) => did_not_come(&error, kind_of(request.method)),
        }
    }

    fn raw_transport(&self) -> Result<HttpTransport, TransportError> {
        let transport = self.settings.network.to(self.settings.credentials.address(), self.settings.timeout)?;
        Ok(transport.largest_reply(LARGEST_REPLY))
    }
}

/// The request, if its address is one below the root, whatever the path was checked for before.
fn http_request(root: &Url, request: &RawRequest, key: &ApiKey) -> Option<Request<Bytes>> {
    let base = format!("{}/", root.as_str().trim_end_matches('/'));
    let mut url = Url::parse(&format!("{base}{}", request.path.as_str())).ok()?;
    url.set_query(request.query.as_deref());
    if !url.as_str().starts_with(&base) {
        return None;
    }
    let body = Bytes::copy_from_slice(&request.body);
    let mut http_request = Request::builder().method(request.method.name()).uri(url.as_str()).body(body).ok()?;
    let headers = http_request.headers_mut();
    let mut authorization = HeaderValue::try_from(format!("Token token={}", key.expose())).ok()?;
    authorization.set_sensitive(true);
    headers.insert(AUTHORIZATION, authorization);
    let accept = request.accept.as_deref().filter(|accept| !accept.trim().starts_with("*/*"));
    headers.insert(ACCEPT, HeaderValue::try_from(accept.unwrap_or(JSON)).ok()?);
    let content_type = request.content_type.as_deref().unwrap_or(JSON);
    headers.insert(CONTENT_TYPE, HeaderValue::try_from(content_type).ok()?);
    Some(http_request)
}

fn kind_of(method: PassMethod) -> Idempotency {
    if method.is_read() { Idempotency::Read } else { Idempotency::Write }
}

fn came(reply: &Response<Bytes>, request: &RawRequest, key: &ApiKey, conversation: &mut Conversation<'_>) -> Came {
    let now = conversation.clock.now();
    let meta = ResponseMeta::read(reply.status(), reply.headers(), now, std::time::Duration::ZERO);
    conversation.note(&meta);
    let class = classify_reply(&FailedReply {
        status: reply.status(),
        headers: reply.headers(),
        body: reply.body(),
        meta: &meta,
        kind: kind_of(request.method),
        route: Route::MayBeMissing,
        path: request.path.as_str(),
    });
    let failure = (!reply.status().is_success()).then(|| failures::trouble_of(&class, &meta, now)).flatten();
    let headers = safe_headers(reply.headers());
    let is_told = std::iter::once(reply.body().as_ref()).chain(headers.iter().map(|(_, value)| value.as_slice()));
    if is_told.into_iter().any(|text| holds(text, key.expose().as_bytes())) {
        return (Err(NoReply::HoldsKey), failure);
    }
    (Ok(RawReply { status: reply.status().as_u16(), headers, body: reply.body().to_vec() }), failure)
}

fn did_not_come(error: &TransportError, kind: Idempotency) -> Came {
    let why = match error.failure() {
        TransportFailure::NotSent => NoReply::NotSent,
        TransportFailure::TimedOut => NoReply::TimedOut,
        // Whoever sends too much is there.
        TransportFailure::ReplyTooLarge => return (Err(NoReply::TooLarge), None),
        _ => NoReply::Broke,
    };
    let class = classify_failure(error.failure(), kind);
    let told = error.to_string();
    let failure = match class {
        freshsales::ErrorClass::OutcomeUnknown => CrmFailure::OutcomeUnknown(told),
        _ => CrmFailure::Transient(told),
    };
    (Err(why), Some(failure))
}

fn safe_headers(headers: &HeaderMap) -> Vec<(&'static str, Vec<u8>)> {
    let value = |name: &'static str| headers.get(name).map(|value| (name, value.as_bytes().to_vec()));
    SAFE_HEADERS.into_iter().filter_map(value).collect()
}

fn holds(text: &[u8], secret: &[u8]) -> bool {
    let Some(first) = secret.first() else { return false };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(secret) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", false)]
    #[case("the-ke", false)]
    #[case("a the-the-key b", true)]
    #[case("the-key", true)]
    #[case("the-kez", false)]
    fn a_key_is_found(#[case] text: &str, #[case] found: bool) {
        assert_eq!(holds(text.as_bytes(), b"the-key"), found);
    }
}
