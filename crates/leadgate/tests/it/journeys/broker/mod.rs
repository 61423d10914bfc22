//! Requests of other programs that go through the gateway to the account, on the stepped clock.

mod budget;
mod clients;
mod keys;
mod memory;
mod outcomes;

use leadgate_testkit::{Answer, TestGateway};
use serde_json::{Value, json};

/// Waits, without sleeping, until the account was asked so often.
pub(super) async fn asked(gateway: &TestGateway, times: u64) {
    while gateway.account().request_count() < times {
        tokio::task::yield_now().await;
    }
}

pub(super) fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

pub(super) fn contact(email: &str) -> Value {
    json!({ "contact": { "last_name": "Halvorsen", "emails": email } })
}
