//! Suggestions while somebody types, by the routes that the fields of forms name in `auto_suggest_url`.
//!
//! The paths stand in recorded field metadata; the replies were never recorded, so they are handed back as they came.

use http::StatusCode;
use serde_json::Value;

use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::Record;
use crate::request::{Idempotency, Request, RequestParts};

/// Tags of a kind of record that begin with a text, e.g. `tags::<Contact>("vip")`.
pub fn tags<T: Record>(typed: impl Into<String>) -> Suggestions {
    Suggestions::new("tags", vec![("tag_type", T::SINGULAR.to_owned()), ("q", typed.into())])
}

/// Contacts with a name that begins with a text, of one company where it is given.
pub fn contacts(typed: impl Into<String>, sales_account_id: Option<i64>) -> Suggestions {
    let account = sales_account_id.map(|id| id.to_string()).unwrap_or_default();
    Suggestions::new("contacts_full_details", vec![("sales_account_id", account), ("q", typed.into())])
}

/// Companies with a name that begins with a text.
pub fn sales_accounts(typed: impl Into<String>) -> Suggestions {
    Suggestions::new("sales_accounts_full_details", vec![("q", typed.into())])
}

/// Marketing lists with a name that begins with a text.
pub fn lists(typed: impl Into<String>) -> Suggestions {
    Suggestions::new("lists", vec![("q", typed.into())])
}

/// See [`tags`], [`contacts`], [`sales_accounts`] and [`lists`].
#[derive(Debug, Clone)]
pub struct Suggestions {
    name: &'static str,
    query: Vec<(&'static str, String)>,
}

impl Suggestions {
    fn new(name: &'static str, query: Vec<(&'static str, String)>) -> Self {
        Self { name, query }
    }
}

impl Request for Suggestions {
    type Output = Value;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = RequestParts::get(format!("search/auto_suggest/{}.json", self.name)).without_api();
        self.query.iter().fold(parts, |parts, (name, value)| parts.query(name, value))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::json(body)
    }
}
