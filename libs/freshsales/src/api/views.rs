//! Saved views and their pages: the only way to list records.
//!
//! Flow: read the [`saved`] views of a kind once, pick one by id, read its [`rows`] page by page or its [`scroll`] batch by batch; [`Client::stream`](crate::Client::stream) reads
//! either to its end. View names are localised. A `GET` of the bare collection is refused (403).

use std::marker::PhantomData;

use http::{Method, StatusCode};

use super::verbs::collection;
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::listing::{ListOrder, ListRequest, Place};
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
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// Page, order and includes of a list.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    pub(crate) page: u32,
    pub(crate) per_page: u32,
    pub(crate) sort: Option<(String, SortDirection)>,
    pub(crate) include: Vec<String>,
}

impl Default for Paging {
    /// The first 25 rows, as the CRM does unasked.
    fn default() -> Self {
        Self { page: 1, per_page: 25, sort: None, include: Vec::new() }
    }
}

impl Paging {
    /// Lists that nobody sorted are asked in the order of ids, in which nothing moves but what is deleted (`id` as a sort key: seen in the wild).
    pub(super) fn list_order(&self) -> ListOrder {
        let by_id = |(attribute, direction): &(String, SortDirection)| {
            attribute == "id" && *direction == SortDirection::Ascending
        };
        if self.sort.as_ref().is_none_or(by_id) { ListOrder::ById } else { ListOrder::Chosen }
    }

    pub(super) fn at(&self, place: Place, rows: u32) -> Self {
        let sort = self.sort.clone().or_else(|| Some(("id".to_owned(), SortDirection::Ascending)));
        Self { page: place.page(), per_page: rows, sort, include: self.include.clone() }
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

impl<T: Record> ListRequest for ViewRows<T> {
    type Row = T;

    fn order(&self) -> ListOrder {
        self.paging.list_order()
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        Self { paging: self.paging.at(place, rows), ..*self }
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

/// Rows of a view after an id, oldest id first, e.g. `scroll::<Contact>(view_id)`.
///
/// The one list that stays exact whatever changes meanwhile. Contacts, sales accounts and deals have it (source: official Classic page; not on the Suite page).
/// Some keys are refused here (403) who may read the view's [`rows`].
pub fn scroll<T: Record>(view_id: i64) -> ScrollView<T> {
    ScrollView { view_id, after: None, limit: 100, include: Vec::new(), record: PhantomData }
}

/// See [`scroll`].
#[derive(Debug, Clone)]
pub struct ScrollView<T> {
    view_id: i64,
    after: Option<i64>,
    limit: u32,
    include: Vec<String>,
    record: PhantomData<fn() -> T>,
}

impl<T> ScrollView<T> {
    /// Goes on after the row with this id.
    #[must_use]
    pub fn after(mut self, id: i64) -> Self {
        self.after = Some(id);
        self
    }

    /// How many rows at once, at most 100.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }

    /// Asks for related records.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl<T: Record> ListRequest for ScrollView<T> {
    type Row = T;

    fn order(&self) -> ListOrder {
        ListOrder::Keyset
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        let after = match place {
            Place::After(Some(id)) => Some(id),
            Place::After(None) | Place::Page(_) => self.after,
        };
        Self { after, limit: rows, include: self.include.clone(), ..*self }
    }
}

impl<T: Record> Request for ScrollView<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = collection::<T>(Method::GET, &format!("scroll/{}", self.view_id)).may_be_missing();
        let parts = parts.query("limit", self.limit.to_string());
        match self.after {
            Some(id) => parts.query("last_fetched_id", id.to_string()),
            None => parts,
        }
        .include(&self.include)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(T::PLURAL, body)
    }
}
