//! Saved views and their pages: the only way to list records.
//!
//! Flow: read the [`saved`] views of a kind once, pick one by id, read its [`rows`] page by page. View names are localised.

use std::marker::PhantomData;

use http::{Method, StatusCode};

use super::verbs::collection;
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::record::{Record, record};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// A saved view; the API calls it a filter.
    pub struct SavedView {
        /// Name, in the language of the key's owner.
        name: String,
        /// Kind of its rows: `Contact`, `SalesAccount`, `Deal`, `Lead`.
        model_class_name: String,
        /// User who made it; 0 for the CRM's own.
        user_id: i64,
        /// Whether it is one of the CRM's own.
        is_default: bool,
        /// Whether all users see it.
        is_public: bool,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortDirection {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    Descending,
}

impl SortDirection {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// Page, order and includes of a list.
#[derive(Debug, Clone)]
pub(super) struct Paging {
    pub(super) page: u32,
    pub(super) per_page: u32,
    pub(super) sort: Option<(String, SortDirection)>,
    pub(super) include: Vec<String>,
}

impl Default for Paging {
    /// The first 25 rows, as the CRM does unasked.
    fn default() -> Self {
        Self { page: 1, per_page: 25, sort: None, include: Vec::new() }
    }
}

/// The saved views of a kind of record, e.g. `saved::<Contact>()`.
pub fn saved<T: Record>() -> SavedViews<T> {
    SavedViews { record: PhantomData }
}

/// See [`saved`].
#[derive(Debug, Clone)]
pub struct SavedViews<T> {
    record: PhantomData<fn() -> T>,
}

impl<T: Record> Request for SavedViews<T> {
    type Output = Vec<SavedView>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<T>(Method::GET, "filters")
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows("filters", body)
    }
}

/// One page of a view's rows, e.g. `rows::<Contact>(view_id)`.
pub fn rows<T: Record>(view_id: i64) -> ViewRows<T> {
    ViewRows { view_id, paging: Paging::default(), record: PhantomData }
}

/// See [`rows`].
#[derive(Debug, Clone)]
pub struct ViewRows<T> {
    view_id: i64,
    paging: Paging,
    record: PhantomData<fn() -> T>,
}

impl<T> ViewRows<T> {
    /// Which page, counted from 1, of how many rows (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.paging.page, self.paging.per_page) = (page, per_page);
        self
    }

    /// Sorts by an attribute: `updated_at`, `created_at`, `id`, …
    #[must_use]
    pub fn sort(mut self, attribute: impl Into<String>, direction: SortDirection) -> Self {
        self.paging.sort = Some((attribute.into(), direction));
        self
    }

    /// Asks for related records. Without them rows have no `owner_id` and no other ids of related records.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.paging.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl<T: Record> Request for ViewRows<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let mut parts = collection::<T>(Method::GET, &format!("view/{}", self.view_id))
            .query("page", self.paging.page.to_string())
            .query("per_page", self.paging.per_page.to_string());
        if let Some((attribute, direction)) = &self.paging.sort {
            parts = parts.query("sort", attribute).query("sort_type", direction.as_str());
        }
        parts.include(&self.paging.include)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(T::PLURAL, body)
    }
}

/// A view's rows by id, a batch after the other, without page numbers. Start without `after`, go on with the id of the last row, and stop at a batch
/// that is empty or shorter than the limit. Not for leads, and some accounts lack it.
pub fn scroll<T: Record>(view_id: i64) -> Scroll<T> {
    Scroll { view_id, limit: 100, after: None, include: Vec::new(), record: PhantomData }
}

/// See [`scroll`].
#[derive(Debug, Clone)]
pub struct Scroll<T> {
    view_id: i64,
    limit: u32,
    after: Option<i64>,
    include: Vec<String>,
    record: PhantomData<fn() -> T>,
}

impl<T> Scroll<T> {
    /// Rows of a batch; at most and by default 100.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }

    /// The id of the last row received.
    #[must_use]
    pub fn after(mut self, last_id: i64) -> Self {
        self.after = Some(last_id);
        self
    }

    /// Asks for related records.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl<T: Record> Request for Scroll<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = collection::<T>(Method::GET, &format!("scroll/{}", self.view_id));
        let parts = parts.query("limit", self.limit.to_string());
        let parts = match self.after {
            Some(id) => parts.query("last_fetched_id", id.to_string()),
            None => parts,
        };
        parts.include(&self.include).may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(T::PLURAL, body)
    }
}
