//! The account that requests go to, and what must be true of it whatever they were.

use bytes::Bytes;
use freshsales_sandbox::fuzzing::InProcess;
use freshsales_sandbox::{Account, Clock, Kind, SandboxConfig, SnapshotOptions};
use http::{Method, Request, Response};

/// A sandbox with a few records of each main kind, on a clock that stands still: an input does the same each time.
#[must_use]
pub fn seeded() -> InProcess {
    let sandbox = empty();
    sandbox.account().seed_records(4, 7);
    sandbox.account().seed_lead(&serde_json::json!({"last_name": "Haddad", "email": "amir@example.com"}));
    sandbox
}

/// The same without records.
#[must_use]
pub fn empty() -> InProcess {
    let began = jiff::Timestamp::constant(1_767_225_600, 0);
    let config = SandboxConfig { clock: Clock::Stepped(began), ..SandboxConfig::default() };
    InProcess::new(config).expect("the system has random bytes and a timer")
}

/// Whether a request only asks the process for more than an input should: seeding by the million, or waiting for another thread.
#[must_use]
pub fn is_costly(request: &Request<Bytes>) -> bool {
    let path = request.uri().path();
    let control = path.contains("__sandbox");
    let snapshot = request.method() == Method::GET && path.contains("snapshot");
    control && (snapshot || path.contains("seed") || path.contains('%') || path.contains("accounts"))
}

/// The answer; what is said to be JSON must be, and the account must not have failed by itself.
pub fn answer(sandbox: &InProcess, request: Request<Bytes>) -> Option<Response<Bytes>> {
    let answer = sandbox.answer(request)?;
    let told = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if told.starts_with("application/json; charset") {
        let read = serde_json::from_slice::<serde_json::Value>(answer.body());
        assert!(read.is_ok(), "a reply that is not the JSON it says it is");
    }
    Some(answer)
}

/// The account as its snapshot.
#[must_use]
pub fn saved(account: &Account) -> Vec<u8> {
    let mut saved = Vec::new();
    account.save(&mut saved, SnapshotOptions::default()).expect("memory takes every byte");
    saved
}

/// Tables and counts agree, ids are unique, and a snapshot of the account becomes the same account.
pub fn assert_consistent(account: &Account) {
    for kind in Kind::ALL {
        let records = account.records(kind);
        assert_eq!(records.len(), account.count(kind), "{kind:?}: as many as are counted");
        let mut ids: Vec<i64> = records.iter().filter_map(|record| record["id"].as_i64()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), records.len(), "{kind:?}: every id once");
    }
    // A clock that runs would show another time in each snapshot.
    account.set_clock_factor(0.0);
    let before = saved(account);
    let again = empty().account();
    again.restore(before.as_slice()).expect("what was saved can be restored");
    assert_same(&before, &saved(&again));
}

/// Compares snapshots line by line, so that a difference can be read.
pub fn assert_same(one: &[u8], other: &[u8]) {
    if one == other {
        return;
    }
    let lines = |text: &[u8]| String::from_utf8_lossy(text).lines().map(settled).collect::<Vec<_>>();
    let (mut one, mut other) = (lines(one), lines(other));
    one.sort_unstable();
    other.sort_unstable();
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other, "the account is another after it was saved and restored");
    }
    assert_eq!(one.len(), other.len(), "the account has lost or gained lines");
}

/// A line without what restoring may change: the numbers that waiting changes of the search index are ordered by.
fn settled(line: &str) -> String {
    let Ok(mut read) = serde_json::from_str::<serde_json::Value>(line) else { return line.to_owned() };
    match read.pointer_mut("/account/index/sequence") {
        Some(sequence) => *sequence = serde_json::Value::from(0),
        None => return line.to_owned(),
    }
    read.to_string()
}
