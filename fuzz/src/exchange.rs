//! HTTP requests as they stand in an input: a line `METHOD target`, header lines, an empty line, the body.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};

use crate::first_line;

/// The request of one piece of an input; nothing where the HTTP parser of the server would refuse it.
#[must_use]
pub fn request(piece: &[u8]) -> Option<Request<Bytes>> {
    let (line, mut rest) = first_line(piece);
    let (method, target) = line.split_once(' ')?;
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).ok()?).uri(target);
    loop {
        let (header, after) = first_line(rest);
        rest = after;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request = request.header(name, HeaderValue::from_bytes(value.trim().as_bytes()).ok()?);
    }
    // The parser gives the server targets that begin with a path, or with a scheme and a host.
    let request = request.body(Bytes::copy_from_slice(rest)).ok()?;
    let usable = request.uri().path().starts_with('/');
    usable.then_some(request)
}

/// The same with a key, an `Accept` and a `Content-Type` where it has none, so that most inputs get past the door.
#[must_use]
pub fn signed(mut request: Request<Bytes>) -> Request<Bytes> {
    let usual = [
        ("authorization", "Token token=sandbox-key"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("host", "localhost"),
    ];
    for (name, value) in usual {
        request.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    request
}

/// A request that needs only method, target and body.
#[must_use]
pub fn simple(method: &str, target: &str, body: impl Into<Bytes>) -> Option<Request<Bytes>> {
    Request::builder().method(method).uri(target).body(body.into()).ok().map(signed)
}
