//! A running sandbox: a listener and the accounts behind it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::accounts::Accounts;
use crate::page::Guard;
use crate::snapshot::{Loader, write_file};
use crate::{Account, AccountsError, Generation, SandboxConfig, SnapshotError, SnapshotOptions, server};

/// One or more Freshsales accounts served over HTTP by background tasks. Dropping it stops accepting connections.
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
    accounts: Accounts,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Sandbox {
    /// Starts serving an account at an address; port 0 picks a free one.
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
        let (stop, stopped) = watch::channel(false);
        let accounts = Accounts::new(config, stopped.clone());
        let accepting = tokio::spawn(server::run(listener, accounts.clone(), guard, stopped));
        Ok(Self { addr, accounts, stop, accepting })
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

    /// The base URL of one account's API, by path prefix: for callers that cannot choose the host name.
    #[must_use]
    pub fn url_of(&self, name: &str, generation: Generation) -> String {
        format!("{}/@{name}{}", self.root_url(), generation.api_prefix())
    }

    /// The first account.
    #[must_use]
    pub fn account(&self) -> Account {
        self.accounts.first().clone()
    }

    /// The account of this name.
    #[must_use]
    pub fn account_named(&self, name: &str) -> Option<Account> {
        self.accounts.get(name)
    }

    /// The first account, then the others by name.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        self.accounts.all()
    }

    /// Adds an account, which is reached by its subdomain as the first label of the host, or under `/@subdomain`.
    ///
    /// # Errors
    /// Where there is one of this name.
    pub fn add_account(&self, config: SandboxConfig) -> Result<Account, AccountsError> {
        self.accounts.add(config)
    }

    /// Removes an account; requests for it are then answered as for one that never was.
    ///
    /// # Errors
    /// Where there is none of this name, or it is the first.
    pub fn remove_account(&self, name: &str) -> Result<(), AccountsError> {
        self.accounts.remove(name)
    }

    /// Saves every account to one file, in one step: the old file stays whole until the new one is.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, file: &Path, options: SnapshotOptions) -> io::Result<()> {
        let captures =
            self.accounts.all().iter().map(|account| account.capture(options)).collect::<Result<Vec<_>, _>>()?;
        write_file(file, captures).map(drop)
    }

    /// Restores every account of a file: one of the same name becomes it, another is added. A file with one account is
    /// restored to the first account, whatever its name was.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no whole snapshot; accounts before the first mistake are restored.
    pub fn restore(&self, file: &Path) -> Result<(), SnapshotError> {
        let mut loaders = Vec::new();
        let mut loader = Loader::default();
        for line in BufReader::with_capacity(256 * 1024, File::open(file)?).split(b'\n') {
            let line = line?;
            if loader.begins_another(&line) {
                loaders.push(std::mem::take(&mut loader));
            }
            loader.feed(&line)?;
        }
        if loaders.is_empty() {
            return self.accounts.first().become_loaded(loader);
        }
        loaders.into_iter().chain([loader]).try_for_each(|loader| self.restore_one(loader))
    }

    fn restore_one(&self, loader: Loader) -> Result<(), SnapshotError> {
        let name = loader.subdomain().unwrap_or_default().to_owned();
        if let Some(account) = self.accounts.get(&name) {
            return account.become_loaded(loader);
        }
        let state = loader.finish()?;
        let config = state.config.clone();
        // Between the look and this somebody may have added one of the same name; it becomes the saved one.
        let account = self.accounts.add(config).ok().or_else(|| self.accounts.get(&name));
        if let Some(account) = account {
            account.lock().become_state(state);
        }
        Ok(())
    }

    /// Stops accepting, lets running requests finish and cuts those that hang.
    pub async fn shutdown(mut self) {
        self.stop().await;
    }

    /// The same, for a sandbox whose accounts are still wanted. Call it once.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        // An error here means the task panicked, and then it accepts nothing either.
        drop((&mut self.accepting).await);
        self.accounts.senders_ended().await;
    }
}
