//! A client whose replies come from an input: each piece is a line with the status and header values, and a body.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use freshsales::transport::{TransportError, TransportFailure};
use freshsales::{Client, ClientBuilder, Credentials};
use http::{HeaderName, HeaderValue, Response};

use crate::{first_line, pieces};

/// What the transport gives, in this order; after the last there is no connection.
pub type Replies = Vec<Option<Response<Bytes>>>;

/// The replies of an input. A first line reads `200 x-ratelimit-remaining=0 retry-after=5`; one that does not begin with a status is a
/// connection that broke.
#[must_use]
pub fn replies(input: &[u8], at_most: usize) -> Replies {
    pieces(input, at_most).map(reply).collect()
}

fn reply(piece: &[u8]) -> Option<Response<Bytes>> {
    let (line, body) = first_line(piece);
    let mut words = line.split(' ');
    let mut reply = Response::builder().status(words.next()?.parse::<u16>().ok()?);
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        reply = reply.header(name, HeaderValue::from_str(&value.replace('_', " ")).ok()?);
    }
    reply.body(Bytes::copy_from_slice(body)).ok()
}

/// A client that is given these replies.
#[must_use]
pub fn client(replies: Replies) -> ClientBuilder {
    let replies = Arc::new(Mutex::new(replies.into_iter()));
    let transport = tower::service_fn(move |_request: http::Request<Bytes>| {
        let next = replies.lock().map(|mut replies| replies.next()).ok().flatten().flatten();
        std::future::ready(next.ok_or_else(|| TransportError::new(TransportFailure::Cut)))
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").expect("both are well formed");
    Client::builder(credentials).transport(transport)
}

/// Runs a future on a clock that jumps over every wait; more than ten years of waits count as without end.
pub fn run<T>(future: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime of one thread needs nothing");
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(315_360_000), future).await.ok() })
}
