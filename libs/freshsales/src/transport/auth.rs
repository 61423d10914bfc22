//! The layer that adds the key and the headers every request needs.

use std::task::{Context, Poll};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use tower::{Layer, Service};

use crate::credentials::ApiKey;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Adds `Authorization: Token token=…`, `Accept` and, where the request has none, `Content-Type` (source: official page, #authentication).
///
/// `Accept` is always sent: without it a wrong key is answered with a redirect instead of a 401 (seen in the wild).
#[derive(Debug, Clone)]
pub struct AuthLayer {
    authorization: HeaderValue,
}

impl AuthLayer {
    /// A layer for one key. The header is marked sensitive, so that nothing prints it.
    pub fn new(key: &ApiKey) -> Self {
        let mut authorization = HeaderValue::from_str(&format!("Token token={}", key.expose()))
            .expect("a parsed key consists of visible ASCII");
        authorization.set_sensitive(true);
        Self { authorization }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Authorized<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorized { inner, authorization: self.authorization.clone() }
    }
}

/// A transport behind [`AuthLayer`].
#[derive(Debug, Clone)]
pub struct Authorized<S> {
    inner: S,
    authorization: HeaderValue,
}

impl<S, B> Service<Request<B>> for Authorized<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(ACCEPT, JSON);
        // An upload brings its own.
        headers.entry(CONTENT_TYPE).or_insert(JSON);
        self.inner.call(request)
    }
}
