//! One POST, with its limits, and what the answer means. No redirect is followed and no proxy of the environment is used: what is sent goes to the
//! address that was checked, and nowhere else.

use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use leadgate_core::delivery::retry::parse_retry_after;
use leadgate_core::delivery::{DeliveryAnswer, DeliveryFailure};
use leadgate_core::destinations::Limits;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, Url};

use crate::dialing::{DialError, ForbiddenAddress, Guard};
use crate::webhook::Letter;

/// So much of an answer is read, so that its connection can be used again. Nothing of it is kept.
const LARGEST_ANSWER: usize = 64 * 1024;
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// Posts to one destination.
pub(crate) struct Poster {
    client: Client,
    guard: Guard,
    url: Url,
    timeout: Duration,
}

impl Poster {
    pub(crate) fn new(url: &str, guard: Guard, limits: &Limits) -> Result<Poster, String> {
        let url = Url::parse(url).map_err(|error| format!("its URL cannot be read: {error}"))?;
        // An error means that a provider was installed before, and any will do.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(limits.timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(usize::try_from(limits.concurrency).unwrap_or(usize::MAX))
            .tcp_nodelay(true)
            .user_agent(concat!("leadgate/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.clone());
        if url.scheme() == "http" {
            // Without TLS no certificates are needed, and reading the system's takes longer than a request.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| format!("no connection can be set up: {error}"))?;
        Ok(Poster { client, guard, url, timeout: limits.timeout })
    }

    /// Makes the request.
    pub(crate) async fn post(&self, letter: Letter, now: Timestamp) -> DeliveryAnswer {
        // An address in the URL is dialled without being looked up.
        if let Err(error) = self.check_literal().await {
            return DeliveryAnswer::failed(dial_failure(&error));
        }
        let request = self.client.post(self.url.clone()).headers(letter.headers).body(letter.body);
        match request.send().await {
            Ok(response) => self.read(response, now).await,
            Err(error) => DeliveryAnswer::failed(self.failure(&error)),
        }
    }

    async fn check_literal(&self) -> Result<(), DialError> {
        match self.url.host() {
            Some(url::Host::Domain(_)) | None => Ok(()),
            Some(address) => self.guard.addresses(&address.to_string()).await.map(drop),
        }
    }

    async fn read(&self, mut response: Response, now: Timestamp) -> DeliveryAnswer {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| parse_retry_after(text, now));
        let mut read = 0;
        // The status decides; an answer that breaks off after it changes nothing.
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > LARGEST_ANSWER {
                break;
            }
        }
        DeliveryAnswer { result: judge(status), status: Some(status.as_u16()), retry_after }
    }

    /// Never shows the URL, which may be a secret as a whole.
    fn failure(&self, error: &reqwest::Error) -> DeliveryFailure {
        let mut cause = error.source();
        let mut last = None;
        while let Some(inner) = cause {
            if let Some(forbidden) = inner.downcast_ref::<ForbiddenAddress>() {
                return DeliveryFailure::Forbidden(forbidden.0.clone());
            }
            if let Some(error) = inner.downcast_ref::<DialError>() {
                return dial_failure(error);
            }
            last = Some(inner);
            cause = inner.source();
        }
        if error.is_timeout() {
            return DeliveryFailure::TimedOut(self.timeout);
        }
        DeliveryFailure::Unreachable(last.map_or_else(|| "the connection failed".to_owned(), ToString::to_string))
    }
}

fn dial_failure(error: &DialError) -> DeliveryFailure {
    match error {
        DialError::Forbidden(forbidden) => DeliveryFailure::Forbidden(forbidden.0.clone()),
        DialError::NotFound(error) => DeliveryFailure::Unreachable(format!("its name was not found: {error}")),
    }
}

/// What a status means: any 2xx is success and nothing else is.
fn judge(status: StatusCode) -> Result<(), DeliveryFailure> {
    match status.as_u16() {
        200..=299 => Ok(()),
        410 => Err(DeliveryFailure::Gone),
        429 => Err(DeliveryFailure::Throttled),
        300..=399 => Err(DeliveryFailure::Refused(format!(
            "{status}: redirects are not followed; write the new URL into the rules"
        ))),
        500..=599 => Err(DeliveryFailure::Trouble(status.to_string())),
        _ => Err(DeliveryFailure::Refused(status.to_string())),
    }
}
