//! The task that makes the requests. It holds the account's lock only to take a delivery and to write down its end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::log::DeliveryResult;
use super::outgoing::Outgoing;
use super::rule::WebhookMethod;
use super::state::{Attempt, Outcome, Ticket, finish, take_ready};
use crate::Account;

static NEXT_TICKET: AtomicU64 = AtomicU64::new(1);

/// Sends what becomes due until the stop signal, then cuts what is under way.
pub(crate) async fn run(account: Account, mut stop: watch::Receiver<bool>) {
    let mut client = None;
    let mut under_way = JoinSet::new();
    loop {
        while let Some(attempt) = next_attempt(&account) {
            let client = client.get_or_insert_with(new_client).clone();
            under_way.spawn(deliver(account.clone(), client, attempt));
        }
        account.signals().settled.notify_waiters();
        let wait = until_next_due(&account);
        tokio::select! {
            () = account.signals().wake.notified() => {}
            Some(_) = under_way.join_next() => {}
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|&stopped| stopped) => return,
        }
    }
}

fn next_attempt(account: &Account) -> Option<Attempt> {
    let ticket = Ticket(NEXT_TICKET.fetch_add(1, Ordering::Relaxed));
    let mut state = account.lock();
    if state.workflows.is_ready() {
        state.changes.touch();
    }
    take_ready(&mut state, ticket)
}

/// On a clock that stands still the account wakes the task when it is moved.
fn until_next_due(account: &Account) -> Duration {
    const LONGEST: Duration = Duration::from_secs(3600);
    let state = account.lock();
    let now = state.now();
    let due = state.workflows.next_due().filter(|_| !state.clock.is_stepped());
    due.and_then(|due| Duration::try_from(due.duration_since(now)).ok()).map_or(LONGEST, |wait| wait.min(LONGEST))
}

/// Redirects are not followed and proxies not asked: a record goes to the address a person named and nowhere else.
fn new_client() -> Result<reqwest::Client, String> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be first; then its provider is as good.
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
    }
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.build().map_err(|error| format!("cannot make an HTTP client: {error}"))
}

async fn deliver(account: Account, client: Result<reqwest::Client, String>, attempt: Attempt) {
    let started = Instant::now();
    let answer = match client {
        Ok(client) => request(&client, &attempt.outgoing, attempt.timeout).await,
        Err(error) => Err((DeliveryResult::Unreachable, error)),
    };
    let duration = started.elapsed();
    let outcome = match answer {
        Ok(status) => {
            let delivered = (200..300).contains(&status);
            let result = if delivered { DeliveryResult::Delivered } else { DeliveryResult::Refused };
            Outcome { result, status: Some(status), error: None, duration }
        }
        Err((result, error)) => Outcome { result, status: None, error: Some(error), duration },
    };
    finish(&mut account.steer(), attempt, outcome);
}

/// The status of the answer; its body is not read.
async fn request(
    client: &reqwest::Client,
    outgoing: &Outgoing,
    timeout: Duration,
) -> Result<u16, (DeliveryResult, String)> {
    let mut request = client.request(method(outgoing.method), &outgoing.url).timeout(timeout);
    if let Some((username, password)) = &outgoing.basic {
        request = request.basic_auth(username, Some(password));
    }
    request = request.headers(headers(&outgoing.headers));
    if let Some(body) = &outgoing.body {
        request = request.body(body.clone());
    }
    match request.send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => {
            Err((DeliveryResult::TimedOut, format!("no answer within {} s", timeout.as_secs())))
        }
        Err(error) => Err((DeliveryResult::Unreachable, cause(&error))),
    }
}

/// A header of one's own replaces what the other settings would send under its name.
fn headers(pairs: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value.as_str())) {
            headers.insert(name, value);
        }
    }
    headers
}

const fn method(method: WebhookMethod) -> reqwest::Method {
    match method {
        WebhookMethod::Get => reqwest::Method::GET,
        WebhookMethod::Post => reqwest::Method::POST,
        WebhookMethod::Put => reqwest::Method::PUT,
        WebhookMethod::Patch => reqwest::Method::PATCH,
        WebhookMethod::Delete => reqwest::Method::DELETE,
    }
}

/// The innermost cause: the outer ones only say that a request failed.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
