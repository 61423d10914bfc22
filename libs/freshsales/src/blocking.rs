//! The same client for programs without an async runtime. It runs one of its own, on the calling thread.
//!
//! ```no_run
//! use freshsales::contacts::Contact;
//! use freshsales::{Credentials, blocking, selectors, views};
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = blocking::Client::detect(Credentials::from_env()?)?;
//! let owners = client.send(&selectors::owners())?.output;
//! for contact in client.rows(views::rows::<Contact>(40200001001)) {
//!     println!("{}", contact?.id);
//! }
//! # let _ = owners;
//! # Ok(())
//! # }
//! ```
//!
//! Use it from plain threads only: inside an async runtime every call is refused with [`ErrorClass::Setup`](crate::ErrorClass::Setup), for it would block that runtime.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::api::verbs::Upsert;
use crate::credentials::Credentials;
use crate::decode::Single;
use crate::error::Error;
use crate::listing::{ListCursor, ListRequest, ListStream, Listed, WrongCursor};
use crate::merge::MergeUpdate;
use crate::record::Record;
use crate::reply::Reply;
use crate::request::Request;
use crate::retry::{RetryPolicy, RetryingClient};

/// A client whose calls block until they are done. Cheap to clone; clones share connections and can be used from several threads, one call at a time each.
#[derive(Clone)]
pub struct Client {
    runtime: Arc<OwnRuntime>,
    client: RetryingClient,
}

impl Client {
    /// As [`crate::Client::new`].
    ///
    /// # Errors
    /// As there.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::from_async(crate::Client::new(credentials)?)
    }

    /// As [`crate::Client::detect`].
    ///
    /// # Errors
    /// As there.
    pub fn detect(credentials: Credentials) -> Result<Self, Error> {
        let runtime = runtime()?;
        let client = block(&runtime, crate::Client::detect(credentials))??;
        Ok(Self { runtime: Arc::new(runtime), client: without_retries(client) })
    }

    /// Wraps a client that was put together with [`crate::Client::builder`].
    ///
    /// # Errors
    /// [`ErrorClass::Setup`](crate::ErrorClass::Setup) if the system gives no resources for a runtime.
    pub fn from_async(client: crate::Client) -> Result<Self, Error> {
        Ok(Self { runtime: Arc::new(runtime()?), client: without_retries(client) })
    }

    /// Repeats what is safe to repeat, as the policy says; unless told nothing is repeated.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.client = RetryingClient::new(self.client.client().clone(), policy);
        self
    }

    /// The async client inside.
    pub fn as_async(&self) -> &crate::Client {
        self.client.client()
    }

    /// As [`crate::Client::send`].
    ///
    /// # Errors
    /// As there.
    pub fn send<R: Request + ?Sized>(&self, request: &R) -> Result<Reply<R::Output>, Error> {
        block(&self.runtime, self.client.send(request))?
    }

    /// As [`crate::Client::update`].
    ///
    /// # Errors
    /// As there.
    pub fn update<U: MergeUpdate>(&self, update: &U) -> Result<Single<U::Record>, Error> {
        block(&self.runtime, self.client.update(update))?
    }

    /// As [`crate::Client::upsert`].
    ///
    /// # Errors
    /// As there.
    pub fn upsert<T: Record>(&self, upsert: &Upsert<T>) -> Result<Single<T>, Error> {
        block(&self.runtime, self.client.upsert(upsert))?
    }

    /// All records of a list, as [`crate::Client::stream`].
    pub fn rows<R: ListRequest>(&self, request: R) -> Rows<R> {
        Rows { runtime: Arc::clone(&self.runtime), stream: self.client.stream(request), refused: false }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("blocking::Client").field("client", self.client.client()).finish_non_exhaustive()
    }
}

fn without_retries(client: crate::Client) -> RetryingClient {
    RetryingClient::new(client, RetryPolicy::default().attempts(1))
}

/// A runtime that may be dropped anywhere: dropped plainly inside another runtime it would panic.
struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for OwnRuntime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OwnRuntime")
    }
}

fn runtime() -> Result<OwnRuntime, Error> {
    let started = Builder::new_multi_thread().worker_threads(1).thread_name("freshsales").enable_all().build();
    let failed = |cause| Error::setup("no thread could be started for the blocking client").with_source(cause);
    started.map(|runtime| OwnRuntime(Some(runtime))).map_err(failed)
}

/// Waits for a future, unless the thread belongs to an async runtime, which would panic.
fn block<T>(runtime: &OwnRuntime, future: impl Future<Output = T>) -> Result<T, Error> {
    match (Handle::try_current(), &runtime.0) {
        (Err(_), Some(runtime)) => Ok(runtime.block_on(future)),
        _ => Err(Error::setup("the blocking client was called inside an async runtime: use the async client there")),
    }
}

/// An iterator over the records of a list. An error ends it.
#[derive(Debug)]
pub struct Rows<R: ListRequest> {
    runtime: Arc<OwnRuntime>,
    stream: ListStream<R>,
    /// Whether it was called inside an async runtime.
    refused: bool,
}

impl<R: ListRequest> Rows<R> {
    /// Changes how the list is read, e.g. `.with(|stream| stream.page_size(50))`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(ListStream<R>) -> ListStream<R>) -> Self {
        self.stream = change(self.stream);
        self
    }

    /// Goes on where another reading of the same list was.
    ///
    /// # Errors
    /// If the cursor is of another list.
    pub fn resume(mut self, cursor: ListCursor) -> Result<Self, WrongCursor> {
        self.stream = self.stream.resume(cursor)?;
        Ok(self)
    }

    /// Where the reading is: after the last record that was given.
    pub fn cursor(&self) -> ListCursor {
        self.stream.cursor()
    }
}

impl<R: ListRequest> Iterator for Rows<R> {
    type Item = Result<Listed<R::Row>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.refused {
            return None;
        }
        block(&self.runtime, self.stream.next_row()).unwrap_or_else(|error| {
            self.refused = true;
            Some(Err(error))
        })
    }
}
