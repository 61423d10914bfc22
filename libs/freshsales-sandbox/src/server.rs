//! HTTP/1.1 connections served directly, so that a fault can close a socket without a response byte.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};

use crate::accounts::Accounts;
use crate::control;
use crate::gate::{self, Arrival, Outcome};
use crate::page::{self, Guard};
use crate::wire::{Form, Reply, ReplyBody};

/// The body of a request, while it comes in.
pub(crate) trait Incoming:
    Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>> + Display> + Unpin
{
}

impl<B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>> + Display> + Unpin> Incoming for B {}

/// Largest request body, in bytes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Accepts connections until the stop signal, then waits for those that are open.
pub(crate) async fn run(listener: TcpListener, accounts: Accounts, guard: Arc<Guard>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let served = (accounts.clone(), Arc::clone(&guard));
                drop(connections.spawn(connection(stream, peer, served, stop.clone())));
            }
            // The process is short of descriptors; the next connection may fit again.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Resolves at the stop signal, or when the sandbox was dropped without one.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|&stopped| stopped).await);
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    (accounts, guard): (Accounts, Arc<Guard>),
    mut stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = service_fn(move |request| answer(request, peer, accounts.clone(), Arc::clone(&guard)));
    let served = http1::Builder::new().keep_alive(true).serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    tokio::select! {
        // An error is either the caller's broken connection or a cut that a fault asked for.
        _ = served.as_mut() => {}
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            // A hanging request would keep the connection forever.
            drop(tokio::time::timeout(Duration::from_millis(50), served).await);
        }
    }
}

/// Answers one request, whatever its body comes from; an error closes the connection without a byte.
pub(crate) async fn answer<B: Incoming>(
    request: Request<B>,
    peer: SocketAddr,
    accounts: Accounts,
    guard: Arc<Guard>,
) -> io::Result<Response<ReplyStream>> {
    let (parts, body) = request.into_parts();
    let header = |name: HeaderName| text(&parts.headers, &name);
    let host = parts.uri.authority().map(ToString::to_string).or_else(|| header(HOST)).unwrap_or_default();
    let addressee = accounts.addressee(&host, parts.uri.path());
    let path = addressee.path.to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    if let Some(rest) = path.strip_prefix("/__sandbox") {
        let (method, headers, rest) = (parts.method, parts.headers, rest.to_owned());
        let control = control::Request { peer, host, method, headers, rest, query };
        let account = addressee.exists.then_some(addressee.account);
        return Ok(match control::answer(accounts, account, control, body).await {
            control::Answer::Reply(reply) => response(reply, None),
            control::Answer::Lines(lines) => lines_response(lines),
        });
    }
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        // A copy, because the log keeps it and the original would keep the connection's whole read buffer alive.
        Ok(collected) => Bytes::copy_from_slice(&collected.to_bytes()),
        Err(error) => return Err(io::Error::other(error)),
    };
    if page::is_for(&parts, &path) && addressee.exists {
        let account = &addressee.account;
        let reply = if path == parts.uri.path() {
            page::answer(account, &guard, peer, &parts, &body)
        } else {
            page::lead_to_host(account, &host, &path, parts.uri.query())
        };
        return Ok(response(reply, None));
    }
    let caller = header(HeaderName::from_static("x-sandbox-caller")).or_else(|| header(USER_AGENT)).unwrap_or_default();
    let (base, addressed) = (addressee.base, addressee.exists);
    let (authorization, accept) = (header(AUTHORIZATION), header(ACCEPT));
    let form = Form::read(header(CONTENT_TYPE).as_deref(), &body).await;
    let arrival =
        Arrival { method: parts.method, path, query, base, addressed, authorization, accept, caller, body, form };
    let (outcome, now) = {
        let _turn = addressee.account.turn().await;
        let mut state = addressee.account.lock();
        (gate::serve(&mut state, arrival), state.now())
    };
    match outcome {
        Outcome::Reply(reply) => Ok(dated(response(reply, None), now)),
        Outcome::Slow { reply, chunk_bytes, pause_milliseconds } => {
            let pace = (chunk_bytes, Duration::from_millis(pause_milliseconds));
            Ok(dated(response(reply, Some(pace)), now))
        }
        Outcome::Cut => Err(io::Error::other("cut by a fault")),
        Outcome::Hang => std::future::pending().await,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// JSON lines that are written while they are sent.
fn lines_response(lines: mpsc::Receiver<Bytes>) -> Response<ReplyStream> {
    let mut response = Response::new(ReplyStream::Lines(lines));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

fn response(reply: Reply, pace: Option<(usize, Duration)>) -> Response<ReplyStream> {
    let known = |content_type| Some(HeaderValue::from_static(content_type));
    let (content_type, bytes) = match reply.body {
        ReplyBody::Empty => (None, Bytes::new()),
        ReplyBody::Json(value) => {
            (known("application/json; charset=utf-8"), Bytes::from(serde_json::to_vec(&value).unwrap_or_default()))
        }
        ReplyBody::Text(text) => (known("application/json; charset=utf-8"), Bytes::from(text)),
        ReplyBody::Html(page) => (known("text/html; charset=utf-8"), Bytes::from_static(page.as_bytes())),
        ReplyBody::File(content_type, content) => (HeaderValue::try_from(content_type).ok(), content),
    };
    let mut response = Response::new(ReplyStream::Paced(PacedBody::new(bytes, pace)));
    *response.status_mut() = reply.status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// The server's clock shows in every reply; it is the account's, so that callers can see how far theirs is off.
fn dated(mut response: Response<ReplyStream>, now: Timestamp) -> Response<ReplyStream> {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    if let Some(date) = text.ok().and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// What is sent: a body that is there already, or lines as they come.
pub(crate) enum ReplyStream {
    Paced(PacedBody),
    Lines(mpsc::Receiver<Bytes>),
}

impl Body for ReplyStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Paced(body) => Pin::new(body).poll_frame(context),
            Self::Lines(lines) => lines.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Paced(body) => body.is_end_stream(),
            Self::Lines(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Paced(body) => body.size_hint(),
            Self::Lines(_) => SizeHint::default(),
        }
    }
}

/// A body in one piece, or in small pieces with a pause before each.
pub(crate) struct PacedBody {
    rest: Bytes,
    pace: Option<(usize, Duration)>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl PacedBody {
    fn new(rest: Bytes, pace: Option<(usize, Duration)>) -> Self {
        let pause = pace.map(|(_, pause)| Box::pin(tokio::time::sleep(pause)));
        Self { rest, pace, pause }
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let Some((chunk, pause)) = self.pace else {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))));
        };
        if let Some(sleep) = &mut self.pause {
            ready!(sleep.as_mut().poll(context));
            sleep.as_mut().reset(Instant::now() + pause);
        }
        let length = chunk.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use http_body_util::Full;

    use super::*;
    use crate::SandboxConfig;

    async fn status_at(accounts: &Accounts, guard: &Arc<Guard>, subdomain: &str) -> u16 {
        let host = format!("{subdomain}.freshsales.io");
        let request = Request::get("/api/leads/1").header(HOST, host).body(Full::<Bytes>::default()).unwrap();
        let peer = SocketAddr::from(([127, 0, 0, 1], 4000));
        answer(request, peer, accounts.clone(), Arc::clone(guard)).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn requests_to_a_busy_account_keep_no_thread_from_the_others() {
        let (_stop, stopped) = watch::channel(false);
        let accounts =
            Accounts::new(SandboxConfig { subdomain: "busy".to_owned(), ..SandboxConfig::default() }, stopped);
        accounts.add(SandboxConfig { subdomain: "other".to_owned(), ..SandboxConfig::default() }).unwrap();
        let guard = Arc::new(Guard::new(SocketAddr::from(([127, 0, 0, 1], 4000))).unwrap());
        let turn = accounts.first().turn().await;
        let mut waiting = Box::pin(status_at(&accounts, &guard, "busy"));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        assert_eq!(status_at(&accounts, &guard, "other").now_or_never(), Some(401));
        drop(turn);
        assert_eq!(waiting.await, 401);
    }
}
