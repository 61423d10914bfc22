//! Repeating what is safe to repeat: a pure policy, and a client that follows it.

use std::time::Duration;

use crate::client::Client;
use crate::error::{Error, ErrorClass};
use crate::reply::Reply;
use crate::request::{Idempotency, Request};

/// When to repeat and how long to wait before. Pure: the same failure gives the same answer.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Requests in all, the first included.
    pub attempts: u32,
    /// Wait before the first repetition; doubles with each.
    pub first_wait: Duration,
    /// Longest wait of the policy's own. A wait that the CRM asks for is kept even if longer, up to `longest_asked_wait`.
    pub longest_wait: Duration,
    /// Longest wait that the CRM may ask for; a longer one ends the attempts.
    pub longest_asked_wait: Duration,
}

impl Default for RetryPolicy {
    /// 4 requests; waits of 1 s doubling up to 30 s; up to 2 min if the CRM asks.
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(30),
            longest_asked_wait: Duration::from_secs(120),
        }
    }
}

/// The CRM's bulk calls take about 5 s to become free again (seen in the wild).
const BUSY_WAIT: Duration = Duration::from_secs(5);

impl RetryPolicy {
    /// A policy with another number of requests in all.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How long to wait before repeating a request that failed for the `attempt`-th time (from 1); `None` to give up.
    ///
    /// `jitter` (0 to 1) spreads waits of the policy's own over the upper half of their length, so that many clients do not repeat in step.
    /// A plain write is repeated only where the CRM certainly did nothing; a spent quota is never waited for here.
    pub fn wait_before_retry(
        &self,
        attempt: u32,
        kind: Idempotency,
        error: &ErrorClass,
        jitter: f64,
    ) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        match error {
            ErrorClass::Transient => Some(self.own_wait(attempt, jitter)),
            ErrorClass::OutcomeUnknown | ErrorClass::Malformed { .. } if kind == Idempotency::KeyedWrite => {
                Some(self.own_wait(attempt, jitter))
            }
            ErrorClass::BusyTryLater => Some(self.own_wait(attempt, jitter).max(BUSY_WAIT)),
            ErrorClass::EdgeThrottled { retry_after } => {
                let asked = retry_after.unwrap_or(self.longest_wait);
                // Asking on at once keeps a ban alive, even if the edge names no wait.
                (asked <= self.longest_asked_wait).then(|| asked.max(self.own_wait(attempt, jitter)))
            }
            _ => None,
        }
    }

    fn own_wait(&self, attempt: u32, jitter: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(16);
        let full = self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait);
        full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

/// A client that repeats reads and keyed writes as its policy says; each repetition is one more request of the account's quota.
#[derive(Debug, Clone)]
pub struct RetryingClient {
    client: Client,
    policy: RetryPolicy,
}

impl RetryingClient {
    /// Puts a policy around a client.
    pub fn new(client: Client, policy: RetryPolicy) -> Self {
        Self { client, policy }
    }

    /// The client inside, which makes exactly one request per call.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request, and repeats it as long as the policy says so.
    ///
    /// # Errors
    /// The last failure, see [`Client::send`].
    pub async fn send<R: Request + ?Sized>(&self, request: &R) -> Result<Reply<R::Output>, Error> {
        let mut attempt = 1;
        loop {
            let error = match self.client.send(request).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let wait = self.policy.wait_before_retry(attempt, request.kind(), error.class(), jitter());
            let Some(wait) = wait else { return Err(error) };
            tracing::debug!(crm.error = error.class().name(), crm.attempt = attempt, "repeating a crm request");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }
}

/// A number from 0 to 1 that differs between processes and calls; it spreads load and need not be unpredictable.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let drawn = RandomState::new().hash_one(());
    f64::from(u32::try_from(drawn >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
