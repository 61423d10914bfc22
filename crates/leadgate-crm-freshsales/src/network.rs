//! What talks to the network. Its TLS with the system's certificates takes milliseconds and megabytes to set up, so accounts that are served by one
//! process share it. Connections are kept by host, and a key goes with each request; so nothing of one account is another's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use freshsales::AccountAddress;
use freshsales::transport::{HttpTransport, Timeouts, TransportError};

/// Transports by what they differ in. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Network(Arc<Mutex<HashMap<Kind, HttpTransport>>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    is_loopback: bool,
    timeout: Duration,
}

impl Network {
    /// The one for an account with this address, whose requests may take so long.
    pub(crate) fn to(&self, address: &AccountAddress, timeout: Duration) -> Result<HttpTransport, TransportError> {
        let kind = Kind { is_loopback: address.is_loopback(), timeout };
        // A panic while the lock was held leaves a map that is still whole.
        let mut transports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transport) = transports.get(&kind) {
            return Ok(transport.clone());
        }
        let timeouts = Timeouts::all(timeout);
        let transport = match kind.is_loopback {
            true => HttpTransport::for_loopback(timeouts)?,
            false => HttpTransport::new(timeouts)?,
        };
        transports.insert(kind, transport.clone());
        Ok(transport)
    }
}
