//! Single plain requests to an account, counted, with everything the reply says: for looking at an account rather than working with it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use freshsales::transport::{HttpTransport, Timeouts, TransportError, TransportFailure};
use freshsales::{ApiKey, Credentials, ResponseMeta};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use leadgate_core::clock::Clock;
use leadgate_core::conformance::Recorded;
use leadgate_core::crm::QuotaReading;
use leadgate_core::doctor::observed::{Answer, BodyKind, Came, ClockSeen, ReplySeen, Went};
use serde_json::Value;
use tower::ServiceExt as _;
use url::Url;

use crate::failures;

/// The longest refusal that is repeated, in characters.
const LONGEST_SENTENCE: usize = 200;

/// The way to an account. Clones share the counts.
#[derive(Clone)]
pub struct Wire {
    transport: HttpTransport,
    key: ApiKey,
    clock: Arc<dyn Clock>,
    sent: Arc<AtomicU32>,
    quota: Arc<Mutex<Vec<QuotaNote>>>,
}

/// What a reply said of the quota, and how many requests had been made by then.
#[derive(Clone, Copy, Debug)]
pub struct QuotaNote {
    /// Requests made, this one included.
    pub sent: u32,
    /// What it said.
    pub reading: QuotaReading,
    /// When it came.
    pub at: Timestamp,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its method.
    pub method: Method,
    /// Its path below the API's root.
    pub path: String,
    /// Its query.
    pub query: Vec<(&'static str, String)>,
    /// Its JSON body.
    pub body: Option<Value>,
    /// Whether the key goes with it.
    pub with_key: bool,
    /// Whether JSON is asked for, as it always should be.
    pub asks_for_json: bool,
}

impl Ask {
    /// A read.
    pub fn get(path: impl Into<String>) -> Ask {
        Ask::new(Method::GET, path, None)
    }

    /// A request with a body.
    pub fn with_body(method: Method, path: impl Into<String>, body: Value) -> Ask {
        Ask::new(method, path, Some(body))
    }

    /// A removal.
    pub fn delete(path: impl Into<String>) -> Ask {
        Ask::new(Method::DELETE, path, None)
    }

    fn new(method: Method, path: impl Into<String>, body: Option<Value>) -> Ask {
        Ask { method, path: path.into(), query: Vec::new(), body, with_key: true, asks_for_json: true }
    }

    /// The same with a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.query.push((name, value.into()));
        self
    }

    /// The same without a key.
    #[must_use]
    pub fn without_key(mut self) -> Ask {
        self.with_key = false;
        self
    }

    /// The same without asking for JSON.
    #[must_use]
    pub fn without_accept(mut self) -> Ask {
        self.asks_for_json = false;
        self
    }
}

/// A request and what came of it.
#[derive(Debug)]
pub struct Exchange {
    /// Method and path, without the query: that holds addresses.
    pub asked: String,
    /// The reply, or why there is none.
    pub reply: Result<Response<Bytes>, TransportFailure>,
    sent_at: Timestamp,
    arrived_at: Timestamp,
}

impl Wire {
    /// A way that is not used yet.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(credentials: &Credentials, timeout: Duration, clock: Arc<dyn Clock>) -> Result<Wire, TransportError> {
        let timeouts = Timeouts::all(timeout);
        let transport = match credentials.address().is_loopback() {
            true => HttpTransport::for_loopback(timeouts)?,
            false => HttpTransport::new(timeouts)?,
        };
        let key = credentials.key().clone();
        Ok(Wire { transport, key, clock, sent: Arc::default(), quota: Arc::default() })
    }

    /// Requests made.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Counts requests that were made on another way to the same account.
    pub fn count(&self, requests: u32, reading: Option<QuotaReading>) {
        let sent = self.sent.fetch_add(requests, Ordering::Relaxed) + requests;
        if let Some(reading) = reading {
            let note = QuotaNote { sent, reading, at: self.clock.now() };
            self.quota.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        }
    }

    /// What replies said of the quota, in order.
    #[must_use]
    pub fn quota(&self) -> Vec<QuotaNote> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The clock that exchanges are timed by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes one request under the root of an API. Neither repeats it nor follows redirects.
    pub async fn ask(&self, root: &Url, ask: Ask) -> Exchange {
        let asked = format!("{} {}", ask.method, ask.path);
        let sent_at = self.clock.now();
        let reply = match self.request(root, ask) {
            Some(request) => self.transport.clone().oneshot(request).await.map_err(|error| error.failure()),
            None => Err(TransportFailure::NotSent),
        };
        let exchange = Exchange { asked, reply, sent_at, arrived_at: self.clock.now() };
        self.count(1, exchange.quota());
        exchange
    }

    fn request(&self, root: &Url, ask: Ask) -> Option<Request<Bytes>> {
        let mut url = root.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(ask.path.split('/'));
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        let body = ask.body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let mut request = Request::builder().method(ask.method).uri(url.as_str()).body(body).ok()?;
        let headers = request.headers_mut();
        if ask.with_key {
            let mut key = HeaderValue::try_from(format!("Token token={}", self.key.expose())).ok()?;
            key.set_sensitive(true);
            headers.insert(AUTHORIZATION, key);
        }
        if ask.asks_for_json {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(request)
    }
}

impl Exchange {
    /// The status, if a reply came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.reply.as_ref().ok().map(|reply| reply.status().as_u16())
    }

    /// The body as JSON; `Null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        self.reply.as_ref().ok().and_then(|reply| serde_json::from_slice(reply.body()).ok()).unwrap_or_default()
    }

    /// What is kept of it: shapes, no values. `rows` is the key of the rows, where it is a list.
    #[must_use]
    pub fn recorded(&self, request: &str, rows: Option<&str>) -> Recorded {
        match &self.reply {
            Ok(reply) => {
                let header = |name: &str| reply.headers().get(name).and_then(|value| value.to_str().ok());
                Recorded::new(request, self.status(), header, (reply.body(), rows))
            }
            Err(_) => Recorded::new(request, None, |_| None, (&[], None)),
        }
    }

    /// Whether it did what was asked.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    /// What came, for judging.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let came = match &self.reply {
            Ok(reply) => Came::Reply(self.seen(reply)),
            Err(TransportFailure::NotSent) => Came::NoConnection,
            Err(TransportFailure::TimedOut) => Came::TimedOut,
            Err(_) => Came::Broke,
        };
        Answer { asked: self.asked.clone(), came }
    }

    /// How an attempt went that should have succeeded.
    #[must_use]
    pub fn went(&self) -> Went {
        match self.status() {
            Some(200..=299) => Went::Well,
            Some(403) => Went::Forbidden,
            Some(status @ (400 | 422)) => Went::Refused(format!("{status}: {}", self.sentences())),
            Some(status) => Went::Failed(format!("{} answered {status}", self.asked)),
            None => Went::Failed(format!("{} was not answered", self.asked)),
        }
    }

    /// What the CRM says in a refusal, in the language of the key's owner.
    fn sentences(&self) -> String {
        let body = self.json();
        let said = &body["errors"]["message"];
        let sentences: Vec<&str> = match said {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        sentences.join("; ").chars().take(LONGEST_SENTENCE).collect()
    }

    fn seen(&self, reply: &Response<Bytes>) -> ReplySeen {
        ReplySeen {
            status: reply.status().as_u16(),
            body: body_kind(reply.body()),
            to_sign_in: leads_to_sign_in(reply.headers()),
            retry_after: self.meta(reply).retry_after.map(|wait| wait.as_secs()),
            quota: self.quota(),
            clock: self.clock(reply.headers()),
        }
    }

    fn meta(&self, reply: &Response<Bytes>) -> ResponseMeta {
        let elapsed = Duration::try_from(self.arrived_at.duration_since(self.sent_at)).unwrap_or_default();
        ResponseMeta::read(reply.status(), reply.headers(), self.arrived_at, elapsed)
    }

    fn quota(&self) -> Option<QuotaReading> {
        failures::quota_of(&self.meta(self.reply.as_ref().ok()?), self.arrived_at)
    }

    /// The reply was dated somewhere on its way, to a whole second.
    fn clock(&self, headers: &HeaderMap) -> Option<ClockSeen> {
        let half_a_second = SignedDuration::from_millis(500);
        let date = jiff::fmt::rfc2822::parse(headers.get(DATE)?.to_str().ok()?).ok()?.timestamp();
        let half_way = self.arrived_at.duration_since(self.sent_at) / 2;
        let ahead = date.duration_since(self.sent_at) + half_a_second - half_way;
        Some(ClockSeen { ahead, uncertainty: half_way + half_a_second })
    }
}

fn body_kind(body: &[u8]) -> BodyKind {
    if body.trim_ascii().is_empty() {
        BodyKind::Empty
    } else if serde_json::from_slice::<Value>(body).is_ok() {
        BodyKind::Json
    } else {
        BodyKind::Page
    }
}

fn leads_to_sign_in(headers: &HeaderMap) -> bool {
    let target = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase();
    ["signin", "sign_in", "sign-in", "login"].iter().any(|page| target.contains(page))
}
