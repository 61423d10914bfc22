//! Ways past the network into what reads requests, for the fuzz targets. Behind the feature `fuzzing`, and no interface: it changes
//! whenever they do.
//!
//! An [`InProcess`] sandbox answers requests as the server does, byte for byte the same code behind the HTTP parser, but nothing runs in the
//! background: no webhook is sent and no file is read.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::page::Guard;
use crate::wire::Form;
use crate::workflows::dry_run;
use crate::{Account, SandboxConfig, server};

/// Where the requests come from and go to.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

/// A sandbox without a listener.
pub struct InProcess {
    accounts: Accounts,
    guard: Arc<Guard>,
    runtime: Runtime,
    _stop: watch::Sender<bool>,
}

impl InProcess {
    /// A sandbox with one account.
    ///
    /// # Errors
    /// Where the system gives no random bytes or no timer.
    pub fn new(config: SandboxConfig) -> io::Result<Self> {
        // Its tasks are never driven: whatever would be sent or read in the background is not.
        let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(1).build()?;
        let (stop, stopped) = watch::channel(false);
        let accounts = {
            let _inside = runtime.enter();
            Accounts::new(config, stopped)
        };
        Ok(Self { accounts, guard: Arc::new(Guard::new(PEER)?), runtime, _stop: stop })
    }

    /// The first account.
    #[must_use]
    pub fn account(&self) -> Account {
        self.accounts.first().clone()
    }

    /// What forms of the page must carry as `token`.
    #[must_use]
    pub fn token(&self) -> &str {
        self.guard.token()
    }

    /// The answer to a request; nothing where the connection is closed without one, hangs, or waits for the background.
    #[must_use]
    pub fn answer(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let _inside = self.runtime.enter();
        let request = request.map(Full::new);
        let answer = server::answer(request, PEER, self.accounts.clone(), Arc::clone(&self.guard));
        let (parts, body) = answer.now_or_never()?.ok()?.into_parts();
        let bytes = body.collect().now_or_never().map(unfailing)?.to_bytes();
        Some(Response::from_parts(parts, bytes))
    }

    /// Makes at most so many deliveries of webhooks that are due, without sending them; gives address and body of each.
    #[must_use]
    pub fn deliver(&self, at_most: usize) -> Vec<(String, Option<String>)> {
        dry_run::deliver(&mut self.account().lock(), at_most)
    }

    /// The account that a host and a path lead to by name, whether it was meant, and the rest of the path.
    #[must_use]
    pub fn addressee<'a>(&self, host: &str, path: &'a str) -> (String, bool, &'a str) {
        let found = self.accounts.addressee(host, path);
        (found.account.subdomain(), found.exists, found.path)
    }
}

fn unfailing<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// How many parts a body has as a form of this content type; nothing where it is none.
#[must_use]
pub fn parts_of_form(content_type: &str, body: &Bytes) -> Option<usize> {
    Form::read(Some(content_type), body).now_or_never().flatten().map(|form| form.count())
}
