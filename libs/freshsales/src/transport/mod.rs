//! From an HTTP request to an HTTP reply, and what can be put around it.
//!
//! Cast: a transport is any [`tower::Service`] from `http::Request<Bytes>` to `http::Response<Bytes>` whose error is [`TransportError`];
//! [`HttpTransport`] is the one that talks to the network; [`AuthLayer`] adds the key and the fixed headers; [`PacingLayer`] spaces
//! requests out. Flow: client → `AuthLayer` → layers of yours → `HttpTransport`. Each is replaceable by another tower layer or service.

mod auth;
mod http;
mod pacing;

use std::fmt;

use bytes::Bytes;
use tower::util::BoxCloneSyncService;

pub use self::auth::{AuthLayer, Authorized};
pub use self::http::{HttpTransport, Timeouts};
pub use self::pacing::{Paced, PacingLayer};

/// A transport in a box: what the client holds.
pub type BoxTransport = BoxCloneSyncService<::http::Request<Bytes>, ::http::Response<Bytes>, TransportError>;

/// Why no whole reply arrived, sorted by what may have happened at the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportFailure {
    /// No connection came about (refused, no such host, TLS, time-out while connecting): the CRM has not seen the request.
    NotSent,
    /// The request was sent, and the reply took too long.
    TimedOut,
    /// The request was sent or was being sent, and the connection broke.
    Cut,
    /// The reply is larger than the client takes.
    ReplyTooLarge,
}

/// No whole reply arrived. `Display` holds no address and no part of a body.
#[derive(Debug)]
pub struct TransportError {
    failure: TransportFailure,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error without a cause worth keeping.
    pub fn new(failure: TransportFailure) -> Self {
        Self { failure, source: None }
    }

    /// An error with its cause. The cause must not print query parameters: they hold e-mail addresses.
    pub fn caused_by(failure: TransportFailure, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { failure, source: Some(cause.into()) }
    }

    /// What may have happened at the CRM.
    pub fn failure(&self) -> TransportFailure {
        self.failure
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.failure {
            TransportFailure::NotSent => "no connection to the CRM",
            TransportFailure::TimedOut => "the CRM did not answer in time",
            TransportFailure::Cut => "the connection to the CRM broke",
            TransportFailure::ReplyTooLarge => "the reply of the CRM is larger than this client takes",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
