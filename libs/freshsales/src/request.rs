//! A request is a plain value: what to send, how safe it is to repeat, and how to read the answer.
//!
//! Nothing in here touches the network. A new endpoint is a type with these three functions; the client sends any of them.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::Generation;
use crate::decode::DecodeError;
use crate::multipart::Multipart;

/// One call of the API as a value.
///
/// The client makes exactly one HTTP request for it. See the modules of [`crate::api`] for the requests this crate knows and
/// [`crate::api::raw`] for any other.
pub trait Request: Send + Sync {
    /// What a successful answer is read into.
    type Output: Send;

    /// Method, path, query and body for an account of the given generation.
    fn to_parts(&self, generation: Generation) -> RequestParts;

    /// What a repetition of the request would do.
    fn kind(&self) -> Idempotency;

    /// Why the request must not be sent as it is; the client then sends nothing and says so.
    ///
    /// # Errors
    /// The reason, with the mend.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Reads a successful (2xx) answer.
    ///
    /// # Errors
    /// Where the body has not the expected shape; the error names the place and quotes nothing of it.
    fn decode(&self, status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError>;
}

/// What a repetition of a request would do to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Changes nothing; may be repeated at will.
    Read,
    /// Writes under an id or another unique key: a repetition leads to the same state.
    KeyedWrite,
    /// Each repetition may add one more record. After an unknown outcome, read back before sending it again.
    Write,
}

impl Idempotency {
    /// Whether the request changes the account at all.
    pub fn is_write(self) -> bool {
        self != Self::Read
    }
}

/// Whether every account has the route. It decides what a bare 404 page means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Every account has it: a 404 without a JSON body then means that there is no such account.
    InEveryAccount,
    /// Some accounts lack it (leads in a Suite account, bulk calls in Classic): a 404 may mean just that.
    MayBeMissing,
}

/// What the path of a request is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Base {
    /// The root of the account's API, which ends in `/api`.
    #[default]
    Api,
    /// The same without `/api`: the routes of the product's own pages, which take the same key (seen in the wild).
    Pages,
}

/// The pieces of an HTTP request, relative to the root of the account's API.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RequestParts {
    /// HTTP method.
    pub method: Method,
    /// What the path is relative to.
    pub base: Base,
    /// Path below the base, without a leading slash, e.g. `contacts/upsert`.
    pub path: String,
    /// Query parameters in order, unescaped.
    pub query: Vec<(String, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// A form to send instead of a JSON body.
    pub form: Option<Multipart>,
    /// Whether every account has the route.
    pub route: Route,
}

impl RequestParts {
    /// A request without query and body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            base: Base::Api,
            path: path.into(),
            query: Vec::new(),
            body: None,
            form: None,
            route: Route::InEveryAccount,
        }
    }

    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds `include=a,b` if there is anything to include.
    #[must_use]
    pub fn include(self, names: &[String]) -> Self {
        if names.is_empty() { self } else { self.query("include", names.join(",")) }
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets a form, which is sent instead of a JSON body.
    #[must_use]
    pub fn form(mut self, form: Multipart) -> Self {
        self.form = Some(form);
        self
    }

    /// Makes the path one of the product's own pages, without `/api`. Not every account has each of them.
    #[must_use]
    pub fn without_api(mut self) -> Self {
        self.base = Base::Pages;
        self.may_be_missing()
    }

    /// The path for messages and logs: a segment that holds an e-mail address is masked.
    pub fn printable_path(&self) -> String {
        let mask = |segment| if str::contains(segment, ['@', '?']) { "…" } else { segment };
        self.path.split('/').map(mask).collect::<Vec<_>>().join("/")
    }

    /// Says that some accounts lack the route.
    #[must_use]
    pub fn may_be_missing(mut self) -> Self {
        self.route = Route::MayBeMissing;
        self
    }
}
