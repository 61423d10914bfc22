//! Any request of the API that this crate has no type for.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::multipart::Multipart;
use crate::request::{Idempotency, Request, RequestParts};

/// A request by method and path below `/api`, e.g. `raw::request(Method::GET, "lists")`.
///
/// A `GET` counts as a read and anything else as a plain write, until told otherwise.
pub fn request(method: Method, path: impl Into<String>) -> RawRequest {
    let kind = if method == Method::GET { Idempotency::Read } else { Idempotency::Write };
    RawRequest { parts: RequestParts::new(method, path).may_be_missing(), kind }
}

/// See [`request`].
#[derive(Debug, Clone)]
pub struct RawRequest {
    parts: RequestParts,
    kind: Idempotency,
}

impl RawRequest {
    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parts = self.parts.query(name, value);
        self
    }

    /// Takes the path as one of the product's own pages, without `/api`.
    #[must_use]
    pub fn without_api(mut self) -> Self {
        self.parts = self.parts.without_api();
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.parts = self.parts.body(body);
        self
    }

    /// Sets a form with texts and files as the body, e.g. for an upload to `documents`.
    #[must_use]
    pub fn form(mut self, form: Multipart) -> Self {
        self.parts = self.parts.form(form);
        self
    }

    /// Says what a repetition would do.
    #[must_use]
    pub fn idempotency(mut self, kind: Idempotency) -> Self {
        self.kind = kind;
        self
    }
}

impl Request for RawRequest {
    /// The body as JSON; `Null` for an empty one.
    type Output = Value;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        self.parts.clone()
    }

    fn kind(&self) -> Idempotency {
        self.kind
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Value, DecodeError> {
        if body.trim_ascii().is_empty() { Ok(Value::Null) } else { decode::json(body) }
    }
}
