//! Hooks for what the client does: one event before each request and one after, for metrics and logs.
//!
//! Events hold no body, no key, no query and no id: a path comes as its template, `contacts/{id}`.
//!
//! ```no_run
//! use freshsales::observe::ResponseEvent;
//! use freshsales::{Client, Credentials};
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder(Credentials::from_env()?)
//!     .observer(|event: &ResponseEvent<'_>| println!("{} {} {:?} in {:?}", event.method, event.path, event.status, event.elapsed))
//!     .build()?;
//! # let _ = client;
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use http::Method;

use crate::rate_limit::RateLimit;
use crate::request::Idempotency;

/// What is told before a request is sent.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RequestEvent<'a> {
    /// HTTP method.
    pub method: &'a Method,
    /// Template of the path below the API's root, e.g. `contacts/{id}/notes`.
    pub path: &'a str,
    /// How safe the request is to repeat.
    pub kind: Idempotency,
}

/// What is told after a reply was read, or did not come.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ResponseEvent<'a> {
    /// HTTP method.
    pub method: &'a Method,
    /// Template of the path below the API's root, e.g. `contacts/{id}/notes`.
    pub path: &'a str,
    /// How safe the request is to repeat.
    pub kind: Idempotency,
    /// HTTP status; `None` if no reply arrived.
    pub status: Option<u16>,
    /// Time from sending to the end of the body, or to the failure.
    pub elapsed: Duration,
    /// The account's quota, where the reply told it.
    pub rate_limit: Option<&'a RateLimit>,
    /// Name of the [`ErrorClass`](crate::ErrorClass) of a failure.
    pub error: Option<&'static str>,
}

/// Is told of each request. A closure that takes a [`ResponseEvent`] is one. It is called on the task that sends, so it must not block.
pub trait Observer: Send + Sync + 'static {
    /// A request is about to be sent.
    fn on_request(&self, event: &RequestEvent<'_>) {
        let _unused = event;
    }

    /// A request is over.
    fn on_response(&self, event: &ResponseEvent<'_>);
}

impl<F: Fn(&ResponseEvent<'_>) + Send + Sync + 'static> Observer for F {
    fn on_response(&self, event: &ResponseEvent<'_>) {
        self(event);
    }
}

/// A path with `{id}` for what differs between records: numbers, long mixed ids, and whatever is no plain word.
pub fn path_template(path: &str) -> String {
    let segment = |segment: &str| {
        let digits = segment.bytes().filter(u8::is_ascii_digit).count();
        let is_word = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        let is_id = digits > 0 && (digits == segment.len() || segment.len() >= 16);
        if is_word && !is_id { segment.to_owned() } else { "{id}".to_owned() }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}
