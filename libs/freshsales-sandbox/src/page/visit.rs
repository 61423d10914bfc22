//! One request of a browser, taken apart.

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use super::Guard;
use crate::wire::{query_pairs, segments};

/// A request for a page, or a form that was sent.
pub(super) struct Visit {
    pub(super) posts: bool,
    pub(super) path: Vec<String>,
    pub(super) host: String,
    /// What forms of this page carry, so that those of other sites are told apart.
    pub(super) token: String,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
}

impl Visit {
    pub(super) fn new(parts: &Parts, body: &Bytes, guard: &Guard) -> Self {
        let posts = !matches!(parts.method, Method::GET | Method::HEAD);
        let host = parts.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
        let authority = parts.uri.authority().map(ToString::to_string);
        Self {
            posts,
            path: segments(parts.uri.path()),
            host: authority.or_else(|| host.map(str::to_owned)).unwrap_or_default(),
            token: guard.token().to_owned(),
            query: query_pairs(parts.uri.query().unwrap_or_default()),
            form: if posts { query_pairs(&String::from_utf8_lossy(body)) } else { Vec::new() },
        }
    }

    /// A query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// A field of the form that was sent, without spaces around it.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        find(&self.form, name).map(str::trim)
    }

    /// A field as it was typed, with the line ends of the account rather than those of forms.
    pub(super) fn typed(&self, name: &str) -> Option<String> {
        find(&self.form, name).map(|text| text.replace("\r\n", "\n"))
    }

    /// The page of a list that is asked for, from 1.
    pub(super) fn page(&self) -> usize {
        self.query("page").and_then(|page| page.parse().ok()).filter(|&page| page > 0).unwrap_or(1)
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
