//! Whose requests are taken, how many at once, and which account a path names.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use leadgate_core::broker::wish::WaitLimits;
use leadgate_core::broker::{ApiPath, Broker};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::PassError;
use crate::auth::Caller;

/// Requests that are passed through at once, waiting ones and answers that are not taken yet included: each may hold a body and a reply.
const MOST_AT_ONCE: usize = 64;
/// What stands between an account and a path of its API, as clients of either generation write it.
const PREFIXES: [&str; 2] = ["api/", "crm/sales/api/"];

/// How requests of other programs are treated at the door.
#[derive(Clone, Debug)]
pub struct BrokerDoor {
    /// Whose are passed through.
    pub keys: BrokerKeys,
    /// How long they wait for room.
    pub waits: WaitLimits,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
}

impl Default for BrokerDoor {
    /// Nobody's; 10 s of waiting, 60 s on demand; 1 MiB.
    fn default() -> Self {
        let waits = WaitLimits { usual: SignedDuration::from_secs(10), longest: SignedDuration::from_secs(60) };
        BrokerDoor { keys: BrokerKeys::default(), waits, body_limit: 1024 * 1024 }
    }
}

/// The app keys, by name, that may pass requests through. Such a key can do whatever the account's own key can.
#[derive(Clone, Debug, Default)]
pub struct BrokerKeys(Vec<String>);

impl BrokerKeys {
    /// Those of these names; `*` is every key.
    pub fn new(names: Vec<String>) -> BrokerKeys {
        BrokerKeys(names)
    }

    fn hold(&self, name: &str) -> bool {
        self.0.iter().any(|held| held == "*" || held == name)
    }
}

impl BrokerDoor {
    /// Whether this caller's requests are passed through.
    pub(super) fn check(&self, caller: &Caller) -> Result<(), PassError> {
        if self.keys.hold(&caller.name) { Ok(()) } else { Err(PassError::KeyMayNot) }
    }
}

/// The accounts that requests can be passed through to. This is the one place where the name in a path is looked up.
#[derive(Clone)]
pub struct Brokers {
    accounts: BTreeMap<String, Arc<dyn Broker>>,
    slots: Arc<Semaphore>,
}

impl Default for Brokers {
    fn default() -> Self {
        Brokers { accounts: BTreeMap::new(), slots: Arc::new(Semaphore::new(MOST_AT_ONCE)) }
    }
}

impl Brokers {
    pub(crate) fn add(&mut self, account: &str, broker: Arc<dyn Broker>) {
        self.accounts.insert(account.to_owned(), broker);
    }

    /// The account that a path names, as it was sent, and the path below the root of that account's API.
    pub(super) fn of(&self, path: &str) -> Result<(&Arc<dyn Broker>, ApiPath), PassError> {
        let named = path.strip_prefix("/crm/").and_then(|rest| rest.split_once('/'));
        let (account, rest) = named.ok_or(PassError::NoSuchAccount)?;
        let broker = self.accounts.get(account).ok_or(PassError::NoSuchAccount)?;
        let below = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)).unwrap_or_default();
        Ok((broker, ApiPath::parse(below)?))
    }

    pub(super) fn slot(&self) -> Result<OwnedSemaphorePermit, PassError> {
        Arc::clone(&self.slots).try_acquire_owned().map_err(|_| PassError::Busy)
    }
}
