//! The client: takes a request value, makes one HTTP request of it, reads the reply or classifies the failure.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};
use url::Url;

use crate::Generation;
use crate::credentials::{AccountAddress, Credentials};
use crate::detect;
use crate::error::{Error, ErrorClass, FailedReply, classify_failure, classify_reply};
use crate::observe::{Observer, RequestEvent, ResponseEvent, path_template};
use crate::reply::{Reply, ResponseMeta};
use crate::request::{Base, Request, RequestParts};
use crate::transport::{AuthLayer, BoxTransport, HttpTransport, Timeouts, TransportError};

/// A client of one account. Cheap to clone; clones share connections.
///
/// [`send`](Client::send) makes exactly one HTTP request. To repeat what is safe to repeat, see [`crate::retry::RetryingClient`].
///
/// ```no_run
/// use freshsales::{Client, Credentials, contacts};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::detect(Credentials::from_env()?).await?;
/// let attributes = contacts::ContactAttributes::new().first_name("Ingrid").last_name("Halvorsen").email("ingrid@example.com");
/// let key = contacts::UniqueKey::emails("ingrid@example.com");
/// let reply = client.send(&contacts::upsert(key, attributes)).await?;
/// println!("contact {} in {}", reply.output.record.id, client.generation());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    transport: BoxTransport,
    generation: Generation,
    root: Url,
    observer: Option<Arc<dyn Observer>>,
}

impl Client {
    /// A client of an account whose address tells its generation; sends nothing.
    ///
    /// # Errors
    /// [`ErrorClass::Setup`] if the address does not tell the generation (then use [`Client::detect`]) or TLS cannot be set up.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// A client of any account: makes one or two requests to see whether the key works and which generation answers.
    ///
    /// # Errors
    /// [`ErrorClass::Auth`] for a wrong key, [`ErrorClass::WrongAccount`] if no account answers, or what else went wrong.
    pub async fn detect(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).detect().await
    }

    /// A client with time-outs, layers or a transport of yours.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder {
            credentials,
            generation: None,
            timeouts: Timeouts::default(),
            transport: None,
            observer: None,
            wrap: Box::new(|inner| inner),
        }
    }

    /// The generation of the account.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The root of the account's API, e.g. `https://acme.freshsales.io/api`.
    pub fn root(&self) -> &Url {
        &self.root
    }

    pub(crate) fn bound(transport: BoxTransport, generation: Generation, root: Url) -> Self {
        Self { transport, generation, root, observer: None }
    }

    fn observed_by(self, observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, ..self }
    }

    /// Makes exactly one HTTP request and reads its reply.
    ///
    /// # Errors
    /// See [`ErrorClass`]; [`Error::may_have_happened`] tells whether a failed write may have taken effect.
    pub async fn send<R: Request + ?Sized>(&self, request: &R) -> Result<Reply<R::Output>, Error> {
        request.check().map_err(Error::setup)?;
        let parts = request.to_parts(self.generation);
        let exchange = Exchange { kind: request.kind(), parts: &parts, started: Instant::now() };
        let http_request = self.http_request(&parts).map_err(Error::setup)?;
        let Some(observer) = self.observer.as_deref() else {
            return self.exchange(request, &exchange, http_request).await;
        };
        let path = path_template(&parts.path);
        observer.on_request(&RequestEvent { method: &parts.method, path: &path, kind: exchange.kind });
        let result = self.exchange(request, &exchange, http_request).await;
        observer.on_response(&exchange.event(&path, &result));
        result
    }

    async fn exchange<R: Request + ?Sized>(
        &self,
        request: &R,
        exchange: &Exchange<'_>,
        http_request: http::Request<Bytes>,
    ) -> Result<Reply<R::Output>, Error> {
        let answer = self.transport.clone().oneshot(http_request).await;
        let reply = answer.map_err(|error| exchange.failed(error))?;
        let meta = exchange.meta(&reply);
        exchange.trace(&meta);
        if !reply.status().is_success() {
            return Err(exchange.refused(&reply, meta));
        }
        match request.decode(reply.status(), reply.body()) {
            Ok(output) => Ok(Reply { output, meta }),
            Err(place) => Err(exchange.error(ErrorClass::Malformed { place }, meta)),
        }
    }

    fn http_request(&self, parts: &RequestParts) -> Result<http::Request<Bytes>, String> {
        let request = http::Request::builder().method(parts.method.clone()).uri(self.url(parts)?.as_str());
        if let Some(form) = &parts.form {
            let (content_type, body) = form.encode();
            let request = request.header(http::header::CONTENT_TYPE, content_type).body(body);
            return request
                .map_err(|error| format!("the form for {} could not be built: {error}", parts.printable_path()));
        }
        let body = parts.body.as_ref().map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| format!("the body of {} is no JSON: {error}", parts.printable_path()))?;
        request
            .body(body.map(Bytes::from).unwrap_or_default())
            .map_err(|error| format!("the request to {} could not be built: {error}", parts.printable_path()))
    }

    fn url(&self, parts: &RequestParts) -> Result<Url, String> {
        let mut url = self.root.clone();
        let below_api = url.path().trim_end_matches('/').ends_with("/api");
        let mut segments = url.path_segments_mut().map_err(|()| "the account's address is no http URL".to_owned())?;
        segments.pop_if_empty();
        if parts.base == Base::Pages && below_api {
            segments.pop();
        }
        segments.extend(parts.path.split('/'));
        drop(segments);
        if !parts.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&parts.query);
        }
        Ok(url)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("generation", &self.generation)
            .field("root", &self.root.as_str())
            .finish_non_exhaustive()
    }
}

/// One request under way: what its errors and its log line need.
struct Exchange<'a> {
    kind: crate::request::Idempotency,
    parts: &'a RequestParts,
    started: Instant,
}

impl Exchange<'_> {
    #[expect(clippy::disallowed_methods, reason = "only relative headers are read against it; absolute ones are not")]
    fn meta(&self, reply: &http::Response<Bytes>) -> ResponseMeta {
        ResponseMeta::read(reply.status(), reply.headers(), Timestamp::now(), self.started.elapsed())
    }

    fn event<'a, T>(&'a self, path: &'a str, result: &'a Result<Reply<T>, Error>) -> ResponseEvent<'a> {
        let (meta, error) = match result {
            Ok(reply) => (&reply.meta, None),
            Err(error) => (error.meta(), Some(error.class().name())),
        };
        ResponseEvent {
            method: &self.parts.method,
            path,
            kind: self.kind,
            status: meta.status,
            elapsed: meta.elapsed,
            rate_limit: meta.rate_limit.as_ref(),
            error,
        }
    }

    fn error(&self, class: ErrorClass, meta: ResponseMeta) -> Error {
        Error::new(class, meta, self.kind, self.parts.method.clone(), self.parts.printable_path())
    }

    fn failed(&self, error: TransportError) -> Error {
        let meta = ResponseMeta::without_reply(self.started.elapsed());
        self.trace(&meta);
        self.error(classify_failure(error.failure(), self.kind), meta).with_source(error)
    }

    fn refused(&self, reply: &http::Response<Bytes>, meta: ResponseMeta) -> Error {
        let headers: &HeaderMap = reply.headers();
        let class = classify_reply(&FailedReply {
            status: reply.status(),
            headers,
            body: reply.body(),
            meta: &meta,
            kind: self.kind,
            route: self.parts.route,
            path: &self.parts.path,
        });
        self.error(class, meta)
    }

    /// Path without query: the query holds e-mail addresses.
    fn trace(&self, meta: &ResponseMeta) {
        tracing::debug!(
            http.method = %self.parts.method,
            crm.path = %self.parts.printable_path(),
            http.status = meta.status,
            crm.elapsed_ms = u64::try_from(meta.elapsed.as_millis()).unwrap_or(u64::MAX),
            "crm request"
        );
    }
}

/// Puts a [`Client`] together.
pub struct ClientBuilder {
    credentials: Credentials,
    generation: Option<Generation>,
    timeouts: Timeouts,
    transport: Option<BoxTransport>,
    observer: Option<Arc<dyn Observer>>,
    wrap: Box<dyn FnOnce(BoxTransport) -> BoxTransport + Send>,
}

impl ClientBuilder {
    /// Says the generation where the address does not tell it. An address that tells another one is refused.
    #[must_use]
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = Some(generation);
        self
    }

    /// How long to wait; has no effect on a transport of yours.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The same limit for connecting, reading and the whole request.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.timeouts(Timeouts::all(limit))
    }

    /// Replaces what talks to the network.
    #[must_use]
    pub fn transport<S>(mut self, transport: S) -> Self
    where
        S: Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = TransportError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.transport = Some(BoxCloneSyncService::new(transport));
        self
    }

    /// Tells somebody of each request and its reply, see [`crate::observe`]. The requests of [`detect`](Self::detect) are not told.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Puts a tower layer around the transport. The layer added last is the outermost.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxTransport> + Send + 'static,
        L::Service: Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = TransportError>,
        L::Service: Clone + Send + Sync + 'static,
        <L::Service as Service<http::Request<Bytes>>>::Future: Send + 'static,
    {
        let inner_layers = self.wrap;
        self.wrap = Box::new(move |transport| BoxCloneSyncService::new(layer.layer(inner_layers(transport))));
        self
    }

    /// Builds the client; sends nothing.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn build(mut self) -> Result<Client, Error> {
        let observer = self.observer.take();
        let address = self.credentials.address();
        let generation = self.generation.or(address.generation()).ok_or_else(|| {
            Error::setup("the address does not tell the generation: detect it, or name it when building the client")
        })?;
        let root = address.api_root(generation).ok_or_else(|| {
            Error::setup(format!("the address is not one of {generation}: give the address of that generation"))
        })?;
        Ok(Client::bound(self.connect()?, generation, root).observed_by(observer))
    }

    /// Builds the client, checks the key and finds the generation, with one or two requests.
    ///
    /// # Errors
    /// As [`Client::detect`].
    pub async fn detect(mut self) -> Result<Client, Error> {
        let observer = self.observer.take();
        let address: AccountAddress = self.credentials.address().clone();
        let wanted = self.generation;
        Ok(detect::detect(&address, wanted, self.connect()?).await?.observed_by(observer))
    }

    fn connect(self) -> Result<BoxTransport, Error> {
        let network = match self.transport {
            Some(transport) => transport,
            None => BoxCloneSyncService::new(network(self.credentials.address(), self.timeouts)?),
        };
        let authorized = AuthLayer::new(self.credentials.key()).layer((self.wrap)(network));
        Ok(BoxCloneSyncService::new(authorized))
    }
}

fn network(address: &AccountAddress, timeouts: Timeouts) -> Result<HttpTransport, Error> {
    let transport = match address.is_loopback() {
        true => HttpTransport::for_loopback(timeouts),
        false => HttpTransport::new(timeouts),
    };
    transport.map_err(|error| {
        Error::setup("TLS could not be set up: install the system's root certificates").with_source(error)
    })
}
