//! The router on a store in memory, and words to talk to it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::request::Builder;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::clock::Clock;
use leadgate_core::job::Outcome;
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::rules::Rules;
use leadgate_core::steps::{ParkReason, Parking};
use leadgate_store::model::AppKey;
use leadgate_store::scopes::Scopes;
use leadgate_web::auth::key_digest;
use leadgate_web::{Access, Gateway, WebSettings, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::memory_store::{End, MemoryStore};

pub(crate) const KEY: &str = "lg_test_key";
pub(crate) const OTHER_KEY: &str = "lg_other_key";

/// A clock that a test steps.
pub(crate) struct SteppedClock(Mutex<Timestamp>);

impl SteppedClock {
    pub(crate) fn step(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Clone)]
pub(crate) struct TestGateway {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<SteppedClock>,
    pub(crate) gateway: Gateway,
    pub(crate) router: Router,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The text of a rules file, ready to be applied.
pub(crate) fn rules(text: &str) -> Arc<Rules> {
    Arc::new(Rules::parse(text, &|_| None).unwrap())
}

pub(crate) fn app_key(name: &str, key: &str) -> AppKey {
    AppKey { name: name.to_owned(), digest: key_digest(key), may: Scopes::ALL }
}

impl TestGateway {
    pub(crate) fn new() -> TestGateway {
        TestGateway::with(|_| {})
    }

    /// One with settings changed.
    pub(crate) fn with(change: impl FnOnce(&mut WebSettings)) -> TestGateway {
        let keys = vec![app_key("shop", KEY), app_key("blog", OTHER_KEY)];
        let mut settings = WebSettings::new(Access::Keys(keys));
        change(&mut settings);
        let store = Arc::new(MemoryStore::default());
        let start = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(SteppedClock(Mutex::new(start)));
        let gateway = Gateway::new(Arc::clone(&store) as _, Arc::clone(&clock) as _, settings);
        TestGateway { store, clock, router: router(gateway.clone()), gateway }
    }

    /// One with a rules file.
    pub(crate) fn with_rules(text: &str) -> TestGateway {
        TestGateway::with(|settings| settings.reading.rules = rules(text))
    }

    /// One whose submissions all end like this at once.
    pub(crate) fn ending(end: End) -> TestGateway {
        let gateway = TestGateway::new();
        gateway.store.end_all(end);
        gateway
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(post(path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(with_key(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(with_key(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Sends without waiting for the answer.
    pub(crate) fn spawn(&self, request: Request<Body>) -> tokio::task::JoinHandle<Answer> {
        let gateway = self.clone();
        tokio::spawn(async move { gateway.send(request).await })
    }
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Answer {
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn with_key(method: Method, path: &str) -> Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {KEY}"))
}

pub(crate) fn post(path: &str) -> Builder {
    with_key(Method::POST, path)
}

pub(crate) trait JsonBody {
    fn json(self, body: Value) -> Request<Body>;
    fn text(self, body: &str) -> Request<Body>;
}

impl JsonBody for Builder {
    fn json(self, body: Value) -> Request<Body> {
        self.text(&body.to_string())
    }

    fn text(self, body: &str) -> Request<Body> {
        self.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap()
    }
}

pub(crate) fn guide_lead() -> Value {
    json!({ "email": "ada@example.com", "firstName": "Ada", "company": "Analytical Engines" })
}

pub(crate) fn lead() -> Value {
    json!({ "email": "ada@example.com", "first_name": "Ada" })
}

pub(crate) fn person(kind: RecordKind, existing: bool) -> End {
    let person = Some(RecordRef { kind, id: 501 });
    End::Done(Outcome { person, existing: Some(existing), ..Outcome::default() })
}

pub(crate) fn parked(reason: ParkReason, valid: &[&str]) -> End {
    let valid = valid.iter().map(|name| (*name).to_owned()).collect();
    End::Parked(Parking { reason, message: "what happened and what to do".to_owned(), valid })
}
