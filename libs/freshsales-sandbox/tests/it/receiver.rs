//! A receiver of webhooks that remembers what it got and answers as it is told.

use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Hit {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// How a receiver answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    Status(u16),
    RedirectTo(&'static str),
    Silence,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    hits: Arc<Mutex<Vec<Hit>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::answering(Manner::Status(200)).await
    }

    pub(crate) async fn answering(manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self { url, hits: Arc::default() };
        tokio::spawn(receiver.clone().serve(listener, manner));
        receiver
    }

    async fn serve(self, listener: TcpListener, manner: Manner) {
        while let Ok((stream, _)) = listener.accept().await {
            let receiver = self.clone();
            let service = service_fn(move |request| receiver.clone().answer(request, manner));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }

    async fn answer(self, request: Request<Incoming>, manner: Manner) -> hyper::Result<Response<Empty<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap();
        let (method, target) = (parts.method.to_string(), parts.uri.to_string());
        self.hits.lock().unwrap().push(Hit { method, target, headers: parts.headers, body });
        let mut response = Response::new(Empty::new());
        match manner {
            Manner::Status(status) => *response.status_mut() = StatusCode::from_u16(status).unwrap(),
            Manner::RedirectTo(location) => {
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                response.headers_mut().insert("location", location.parse().unwrap());
            }
            Manner::Silence => return std::future::pending().await,
        }
        Ok(response)
    }

    /// What arrived so far, oldest first.
    pub(crate) fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }
}
