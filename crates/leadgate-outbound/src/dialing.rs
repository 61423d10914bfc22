//! Which addresses are dialled. Names are looked up here and nowhere else, and what they stand for is checked right before the connection is
//! made: a name that was harmless when the rules were read may lead elsewhere now.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use leadgate_core::destinations::address::{Network, may_dial};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Finds the addresses of a name.
#[async_trait]
pub trait LookUp: Send + Sync + 'static {
    /// Every address of the name.
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own way.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookUp;

#[async_trait]
impl LookUp for SystemLookUp {
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// A host whose every address must not be dialled.
#[derive(Debug, thiserror::Error)]
#[error("{0} must not be dialled")]
pub(crate) struct ForbiddenAddress(pub(crate) String);

/// Looks up names for one destination.
#[derive(Clone)]
pub(crate) struct Guard {
    look_up: Arc<dyn LookUp>,
    allowed: Arc<[Network]>,
}

/// Why a host cannot be dialled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    #[error(transparent)]
    NotFound(#[from] io::Error),
}

impl Guard {
    pub(crate) fn new(look_up: Arc<dyn LookUp>, allowed: &[Network]) -> Guard {
        Guard { look_up, allowed: allowed.into() }
    }

    /// The addresses of a host, a name or an address, that may be dialled; at least one.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DialError> {
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        let found = match literal {
            Ok(address) => vec![address],
            Err(_) => self.look_up.look_up(host).await?,
        };
        if found.is_empty() {
            return Err(io::Error::other("the name has no address").into());
        }
        let (allowed, forbidden): (Vec<IpAddr>, Vec<IpAddr>) =
            found.into_iter().partition(|address| may_dial(*address, &self.allowed));
        match (allowed.is_empty(), forbidden.first()) {
            (true, Some(address)) => Err(ForbiddenAddress(address.to_string()).into()),
            _ => Ok(allowed),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str()).await?;
            // The port is put in by whoever asks.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
