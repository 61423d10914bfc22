//! A running sandbox: a listener and the account behind it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::model::State;
use crate::page::Guard;
use crate::workflows::sender;
use crate::{Account, Generation, SandboxConfig, server};

/// A Freshsales account served over HTTP by background tasks. Dropping it stops accepting connections.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use freshsales_sandbox::{Generation, Sandbox, SandboxConfig};
/// let sandbox = Sandbox::start(SandboxConfig::default(), ([127, 0, 0, 1], 0).into()).await?;
/// assert!(sandbox.url(Generation::Classic).ends_with("/api"));
/// sandbox.shutdown().await;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    account: Account,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    sending: JoinHandle<()>,
}

impl Sandbox {
    /// Starts serving at an address; port 0 picks a free one.
    ///
    /// # Errors
    /// Where the address cannot be bound, or a workflow of the configuration is not usable.
    pub async fn start(config: SandboxConfig, addr: SocketAddr) -> io::Result<Self> {
        for workflow in &config.workflows {
            let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
            workflow.check().map_err(|why| wrong(format!("cannot set up the workflow {}: {why}", workflow.name)))?;
        }
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let guard = Arc::new(Guard::new(addr)?);
        let account = Account::new(State::new(config));
        let (stop, stopped) = watch::channel(false);
        let sending = tokio::spawn(sender::run(account.clone(), stopped.clone()));
        let accepting = tokio::spawn(server::run(listener, account.clone(), guard, stopped));
        Ok(Self { addr, account, stop, accepting, sending })
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://address`, without a path. The control API is under `/__sandbox`.
    #[must_use]
    pub fn root_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The base URL of a generation's API, without a trailing slash.
    #[must_use]
    pub fn url(&self, generation: Generation) -> String {
        format!("{}{}", self.root_url(), generation.api_prefix())
    }

    /// The account behind it.
    #[must_use]
    pub fn account(&self) -> Account {
        self.account.clone()
    }

    /// Stops accepting, lets running requests finish and cuts those that hang.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        // An error here means the task panicked, and then it accepts nothing either.
        drop(self.accepting.await);
        drop(self.sending.await);
    }
}
