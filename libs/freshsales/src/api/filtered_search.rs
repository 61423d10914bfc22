//! Search by rules over fields. Rows are partial, and the index behind it lags behind writes by seconds.
//!
//! Contacts, leads, sales accounts and deals have it, and records of custom modules. A rule is made of a [`field`] and what it must be:
//!
//! ```
//! use freshsales::contacts::Contact;
//! use freshsales::filtered_search::{by_rules, field};
//! use jiff::civil::date;
//!
//! let search = by_rules::<Contact>(vec![
//!     field("city").contains("Oslo"),
//!     field("cf_region").is_in(["Nordics", "West Africa"]),
//!     field("lead_score").between(10, 50),
//!     field("created_at").is_after(date(2026, 6, 1)),
//! ]);
//! # let _ = search;
//! ```
//!
//! [`Client::stream`](crate::Client::stream) reads all pages of it.

mod rule;

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Value, json};

pub use self::rule::{Field, Operator, Rule, RuleValue, field};
use super::views::{Paging, SortDirection};
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::listing::{ListOrder, ListRequest, Place};
use crate::record::Record;
use crate::request::{Idempotency, Request, RequestParts};

/// Searches records of one kind by rules, e.g. `by_rules::<Contact>(vec![Rule::email::<Contact>("a@example.com")])`.
pub fn by_rules<T: Record>(rules: Vec<Rule>) -> FilteredSearch<T> {
    FilteredSearch { rules, paging: Paging::default(), full_rows: false, record: PhantomData }
}

/// See [`by_rules`].
#[derive(Debug, Clone)]
pub struct FilteredSearch<T> {
    rules: Vec<Rule>,
    paging: Paging,
    full_rows: bool,
    record: PhantomData<fn() -> T>,
}

impl<T> FilteredSearch<T> {
    /// Which page, counted from 1, of how many rows (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.paging.page, self.paging.per_page) = (page, per_page);
        self
    }

    /// Sorts by an attribute. Rows can be slightly out of order all the same (seen in the wild).
    #[must_use]
    pub fn sort(mut self, attribute: impl Into<String>, direction: SortDirection) -> Self {
        self.paging.sort = Some((attribute.into(), direction));
        self
    }

    /// Asks for related records.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.paging.include.extend(names.into_iter().map(Into::into));
        self
    }

    /// Asks for whole rows instead of partial ones (`detail`, seen in the wild).
    #[must_use]
    pub fn full_rows(mut self) -> Self {
        self.full_rows = true;
        self
    }
}

impl<T: Record> ListRequest for FilteredSearch<T> {
    type Row = T;

    fn order(&self) -> ListOrder {
        self.paging.list_order()
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        Self { rules: self.rules.clone(), paging: self.paging.at(place, rows), ..*self }
    }
}

impl<T: Record> Request for FilteredSearch<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = RequestParts::new(Method::POST, format!("filtered_search/{}", T::SINGULAR));
        let parts = if T::IN_EVERY_ACCOUNT { parts } else { parts.may_be_missing() };
        search_parts(parts, &self.rules, &self.paging, self.full_rows)
    }

    /// A read, although it is a `POST`.
    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(T::PLURAL, body)
    }
}

/// The query and the body of a search, whatever it searches.
pub(crate) fn search_parts(parts: RequestParts, rules: &[Rule], paging: &Paging, full_rows: bool) -> RequestParts {
    let rules: Vec<Value> = rules.iter().map(Rule::to_json).collect();
    let mut body = json!({ "filter_rule": rules });
    if let Some((attribute, direction)) = &paging.sort {
        body["sort"] = attribute.as_str().into();
        body["sort_type"] = direction.as_str().into();
    }
    if full_rows {
        body["detail"] = true.into();
    }
    parts
        .query("page", paging.page.to_string())
        .query("per_page", paging.per_page.to_string())
        .include(&paging.include)
        .body(body)
}
