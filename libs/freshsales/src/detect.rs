//! Which generation answers, and whether the key works: at most two cheap reads.
//!
//! Flow: [`probes`] lists what to ask, in order; each is sent until one is answered. An answer of 403 counts: the account is there and
//! knows the key. What to make of a failure is decided by the pure `next_step`.

use http::StatusCode;
use url::Url;

use crate::Generation;
use crate::client::Client;
use crate::credentials::AccountAddress;
use crate::decode::DecodeError;
use crate::error::{Error, ErrorClass};
use crate::request::{Idempotency, Request, RequestParts};
use crate::transport::BoxTransport;

/// One question: does this generation answer here?
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// The generation that is asked for.
    pub generation: Generation,
    /// The root of the API it would have.
    pub root: Url,
    /// What is read there.
    pub path: &'static str,
}

/// What to ask, in order: one question where the generation is known, else two.
///
/// Suite is asked first: its host answers an unknown alias with a plain 404, while the Classic host answers for a Suite account from an
/// edge that throttles everything, and asking there keeps that throttle warm (seen in the wild).
pub fn probes(address: &AccountAddress, wanted: Option<Generation>) -> Vec<Probe> {
    let known = wanted.or(address.generation());
    let candidates = match known {
        Some(generation) => vec![generation],
        None => vec![Generation::Suite, Generation::Classic],
    };
    let probe = |generation| {
        let path = if known.is_some() { "selector/owners" } else { distinctive_selector(generation) };
        Some(Probe { generation, root: address.api_root(generation)?, path })
    };
    candidates.into_iter().filter_map(probe).collect()
}

/// A list that only accounts of the generation have, for servers that answer under both prefixes.
fn distinctive_selector(generation: Generation) -> &'static str {
    match generation {
        Generation::Suite => "selector/lifecycle_stages",
        Generation::Classic => "selector/lead_stages",
    }
}

struct ProbeRequest(&'static str);

impl Request for ProbeRequest {
    type Output = ();

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get(self.0)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    /// Any JSON object will do; a page of some other server will not.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<(), DecodeError> {
        crate::decode::object(body).map(|_| ())
    }
}

/// What an answer to a probe means.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The account is there and knows the key.
    Found,
    /// It may be at the next candidate.
    AskNext,
    /// Asking on would not help.
    Stop,
}

fn next_step(class: &ErrorClass, one_host: bool) -> Step {
    match class {
        ErrorClass::Forbidden => Step::Found,
        // On one host the key is refused for both; a bare subdomain may be someone else's in the other generation.
        ErrorClass::Auth if one_host => Step::Stop,
        ErrorClass::Auth | ErrorClass::WrongAccount | ErrorClass::NotFound => Step::AskNext,
        ErrorClass::Malformed { .. } | ErrorClass::Transient => Step::AskNext,
        _ => Step::Stop,
    }
}

pub(crate) async fn detect(
    address: &AccountAddress,
    wanted: Option<Generation>,
    transport: BoxTransport,
) -> Result<Client, Error> {
    let mut told: Option<Error> = None;
    for probe in probes(address, wanted) {
        let client = Client::bound(transport.clone(), probe.generation, probe.root);
        let Err(error) = client.send(&ProbeRequest(probe.path)).await else { return Ok(client) };
        let error = with_hint_on_migration(error, &client);
        let step = next_step(error.class(), address.is_one_host());
        if step == Step::Found {
            return Ok(client);
        }
        told = Some(more_telling(told, error));
        if step == Step::Stop {
            break;
        }
    }
    Err(told.map(as_wrong_account).unwrap_or_else(|| {
        Error::setup("the address is not one of the generation asked for: give the address of that generation")
    }))
}

/// The Classic host throttles every request for an account that was moved to Suite (seen in the wild); the bare advice to wait would mislead.
fn with_hint_on_migration(error: Error, client: &Client) -> Error {
    let on_classic_host = client.root().host_str().is_some_and(|host| host.ends_with(".freshsales.io"));
    match error.class() {
        ErrorClass::EdgeThrottled { .. } if on_classic_host => error.with_hint(MIGRATION_HINT),
        _ => error,
    }
}

const MIGRATION_HINT: &str = "Freshsales Suite accounts are not served on freshsales.io: if the browser shows myfreshworks.com, use that address";

/// Of two failures the one that says more about the mend: a refused key before a fault, a fault before "nothing there".
fn more_telling(first: Option<Error>, second: Error) -> Error {
    let weight = |error: &Error| match error.class() {
        ErrorClass::Auth => 2,
        ErrorClass::WrongAccount | ErrorClass::NotFound => 0,
        _ => 1,
    };
    match first {
        Some(first) if weight(&first) >= weight(&second) => first,
        _ => second,
    }
}

/// Every account has one of the probed lists, so "not found" in the end means that there is no account.
fn as_wrong_account(error: Error) -> Error {
    if *error.class() == ErrorClass::NotFound { error.with_class(ErrorClass::WrongAccount) } else { error }
}
