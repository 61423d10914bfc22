//! A receiver of webhooks: what it was sent, and how it behaves.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A request that a [`TestReceiver`] was sent.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its method.
    pub method: Method,
    /// Its path, with the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub raw: Bytes,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// When it had arrived, on a clock that nobody steps.
    pub at: Instant,
}

impl Received {
    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// How a receiver answers.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// With this status.
    Answer(u16),
    /// With this status and this header.
    AnswerWith(u16, &'static str, String),
    /// With 200 after a while.
    Slow(Duration),
    /// Never.
    Dead,
}

#[derive(Debug)]
struct Shared {
    received: watch::Sender<Vec<Received>>,
    next: Mutex<VecDeque<Behaviour>>,
    usual: Mutex<Behaviour>,
}

/// A small server on this machine that records what it is sent. It answers 200 unless told otherwise.
#[derive(Clone, Debug)]
pub struct TestReceiver {
    shared: Arc<Shared>,
    url: String,
}

impl TestReceiver {
    /// Starts one that runs until the test ends.
    pub async fn start() -> TestReceiver {
        let shared = Arc::new(Shared {
            received: watch::Sender::new(Vec::new()),
            next: Mutex::default(),
            usual: Mutex::new(Behaviour::Answer(200)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        TestReceiver { shared, url }
    }

    /// Where it listens, such as `http://127.0.0.1:4711`. Rules must `allow = ["127.0.0.1"]`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How it answers from now on.
    pub fn behave(&self, usual: Behaviour) {
        *self.shared.usual.lock().unwrap() = usual;
    }

    /// How it answers the next requests, one after another; then as usual.
    pub fn next(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.next.lock().unwrap().extend(behaviours);
    }

    /// What it was sent, in order.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// Waits until it was sent so many requests. What it was sent then.
    ///
    /// # Panics
    /// After half a minute: only a failing test waits for so long.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut received = self.shared.received.subscribe();
        let enough = received.wait_for(|received| received.len() >= count);
        tokio::time::timeout(Duration::from_secs(30), enough).await.unwrap().unwrap().clone()
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    raw: Bytes,
) -> Response {
    let body = serde_json::from_slice(&raw).unwrap_or_default();
    let received = Received { method, path: uri.to_string(), headers, raw, body, at: Instant::now() };
    shared.received.send_modify(|all| all.push(received));
    let next = shared.next.lock().unwrap().pop_front();
    let behaviour = next.unwrap_or_else(|| shared.usual.lock().unwrap().clone());
    let status = |status| StatusCode::from_u16(status).unwrap();
    match behaviour {
        Behaviour::Answer(code) => status(code).into_response(),
        Behaviour::AnswerWith(code, name, value) => (status(code), [(name, value)]).into_response(),
        Behaviour::Slow(wait) => {
            tokio::time::sleep(wait).await;
            StatusCode::OK.into_response()
        }
        Behaviour::Dead => std::future::pending().await,
    }
}
