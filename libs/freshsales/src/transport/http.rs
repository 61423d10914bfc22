//! The transport that talks to the network: reqwest with rustls and ring, no redirect followed, replies capped in size.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use tower::Service;

use super::{TransportError, TransportFailure};

/// Largest reply taken unless told otherwise, in bytes: a page of 100 records with many custom fields is about 1 MB.
const LARGEST_REPLY: usize = 32 * 1024 * 1024;

/// Room that is taken before a byte has come.
const MOST_AT_ONCE: usize = 1024 * 1024;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// Between two pieces of a reply.
    pub read: Duration,
    /// For the whole request, connection and body included.
    pub total: Duration,
}

impl Default for Timeouts {
    /// 10 s to connect, 30 s between pieces, 60 s in all.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), read: Duration::from_secs(30), total: Duration::from_secs(60) }
    }
}

impl Timeouts {
    /// The same limit for everything.
    pub fn all(limit: Duration) -> Self {
        Self { connect: limit, read: limit, total: limit }
    }
}

/// Sends requests over the network, one HTTP request each: it neither repeats nor follows redirects.
///
/// A wrong key without an `Accept` header is answered with a redirect to the sign-in page, which a client that follows takes for
/// success (seen in the wild).
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    largest_reply: usize,
}

impl HttpTransport {
    /// A transport for any server.
    ///
    /// # Errors
    /// [`TransportFailure::NotSent`] if TLS cannot be set up, e.g. on a system without root certificates.
    pub fn new(timeouts: Timeouts) -> Result<Self, TransportError> {
        Self::build(base_client(timeouts))
    }

    /// A transport for a server on this machine: no proxy, no certificates needed.
    ///
    /// # Errors
    /// As [`HttpTransport::new`].
    pub fn for_loopback(timeouts: Timeouts) -> Result<Self, TransportError> {
        Self::build(base_client(timeouts).no_proxy().tls_certs_only([]))
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self, TransportError> {
        let client = builder.build().map_err(|cause| TransportError::caused_by(TransportFailure::NotSent, cause))?;
        Ok(Self { client, largest_reply: LARGEST_REPLY })
    }

    /// Sets the largest reply that is taken, in bytes.
    #[must_use]
    pub fn largest_reply(mut self, bytes: usize) -> Self {
        self.largest_reply = bytes;
        self
    }

    async fn send(self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(|cause| failed(cause, Phase::Request))?;
        let mut reply = self.client.execute(request).await.map_err(|cause| failed(cause, Phase::Request))?;
        // The room is taken at once where the reply says how much, which a server may get wrong.
        let said = reply.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut body = BytesMut::with_capacity(said.min(MOST_AT_ONCE).min(self.largest_reply));
        while let Some(chunk) = reply.chunk().await.map_err(|cause| failed(cause, Phase::Reply))? {
            if body.len() + chunk.len() > self.largest_reply {
                return Err(TransportError::new(TransportFailure::ReplyTooLarge));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = http::Response::new(body.freeze());
        *answer.status_mut() = reply.status();
        *answer.headers_mut() = std::mem::take(reply.headers_mut());
        Ok(answer)
    }
}

fn base_client(timeouts: Timeouts) -> reqwest::ClientBuilder {
    install_ring();
    reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .timeout(timeouts.total)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("freshsales-rust/", env!("CARGO_PKG_VERSION")))
}

/// rustls needs a process-wide provider of its primitives; one that the application installed before stays.
fn install_ring() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race to another thread is fine: then a provider is installed.
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Request,
    Reply,
}

/// Sorts a failure of reqwest. Its text names the URL with the query, in which there are e-mail addresses: that is taken off.
fn failed(cause: reqwest::Error, phase: Phase) -> TransportError {
    let never_sent = phase == Phase::Request && (cause.is_connect() || cause.is_builder());
    let failure = match never_sent {
        true => TransportFailure::NotSent,
        false if cause.is_timeout() => TransportFailure::TimedOut,
        false => TransportFailure::Cut,
    };
    TransportError::caused_by(failure, cause.without_url())
}

impl Service<http::Request<Bytes>> for HttpTransport {
    type Response = http::Response<Bytes>;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}
