//! An optional layer that spaces requests out, for programs without a request budget of their own.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

/// Lets at most one request start per interval, over all clones of the client.
///
/// The CRM counts 400 requests a minute and 1000 to 5000 an hour per account (source: official pages on API request limits): 3.6 s between
/// requests never spends the smallest plan, 150 ms never the minute.
#[derive(Debug, Clone)]
pub struct PacingLayer {
    interval: Duration,
    next_start: Arc<Mutex<Option<Instant>>>,
}

impl PacingLayer {
    /// One request per interval.
    pub fn new(interval: Duration) -> Self {
        Self { interval, next_start: Arc::default() }
    }

    /// Evenly spaced requests, so many an hour.
    pub fn per_hour(requests: u32) -> Self {
        Self::new(Duration::from_secs(3600) / requests.max(1))
    }
}

impl<S> Layer<S> for PacingLayer {
    type Service = Paced<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Paced { inner, pacing: self.clone() }
    }
}

/// A transport behind [`PacingLayer`].
#[derive(Debug, Clone)]
pub struct Paced<S> {
    inner: S,
    pacing: PacingLayer,
}

impl<S> Paced<S> {
    /// Takes the next free start.
    fn reserve_start(&self) -> Instant {
        let mut next_start = self.pacing.next_start.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let start = next_start.map_or(now, |next| next.max(now));
        *next_start = Some(start + self.pacing.interval);
        start
    }
}

impl<S, Q> Service<Q> for Paced<S>
where
    S: Service<Q> + Clone + Send + 'static,
    S::Future: Send,
    Q: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Q) -> Self::Future {
        let start = self.reserve_start();
        // The service that was polled ready is the one to call; the clone takes its place.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        Box::pin(async move {
            sleep_until(start).await;
            inner.call(request).await
        })
    }
}
