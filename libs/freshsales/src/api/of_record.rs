//! What hangs on one record: its notes, tasks, appointments and e-mails, the contacts and deals of a company, the deals of a contact.
//!
//! The CRM has some of these lists on the product's own pages only, and some accounts lack some of them (404); of the contacts and deals of
//! records only the contacts of a company were seen in the wild. `include=deals` or `include=contacts` on the record itself always works.

use std::marker::PhantomData;

use http::StatusCode;

use super::notes::TargetKind;
use serde::de::DeserializeOwned;

use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::listing::{ListOrder, ListRequest, ListRow, Place};
use crate::record::Record;
use crate::request::{Base, Idempotency, Request, RequestParts};

/// Lists the records of kind `T` that hang on one record, e.g. [`tasks::of_record`](crate::tasks::of_record).
#[derive(Debug, Clone)]
pub struct OfRecord<T> {
    kind: TargetKind,
    id: i64,
    base: Base,
    below: &'static str,
    key: &'static str,
    page: Option<(u32, u32)>,
    include: Vec<String>,
    record: PhantomData<fn() -> T>,
}

impl<T> OfRecord<T> {
    /// Rows under `key` of the list with this path below the record.
    pub(super) fn listed(base: Base, kind: TargetKind, id: i64, below: &'static str, key: &'static str) -> Self {
        Self { kind, id, base, below, key, page: None, include: Vec::new(), record: PhantomData }
    }

    /// Asks for one page, counted from 1, of so many rows (at most 100). The CRM gives the first 25 unasked.
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        self.page = Some((page, per_page));
        self
    }

    /// Asks for related records of the rows: `owner`, `creater`, `updater`, `targetable`, …
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl<T: Record> OfRecord<T> {
    pub(super) fn on_api(kind: TargetKind, id: i64) -> Self {
        Self::listed(Base::Api, kind, id, T::PLURAL, T::PLURAL)
    }

    pub(super) fn on_pages(kind: TargetKind, id: i64) -> Self {
        Self::listed(Base::Pages, kind, id, T::PLURAL, T::PLURAL)
    }
}

impl<T: ListRow + DeserializeOwned> ListRequest for OfRecord<T> {
    type Row = T;

    fn order(&self) -> ListOrder {
        ListOrder::Unpromised
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        self.clone().page(place.page(), rows)
    }
}

impl<T: ListRow + DeserializeOwned> Request for OfRecord<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let path = format!("{}/{}/{}", self.kind.collection(), self.id, self.below);
        let mut parts = RequestParts::get(path).may_be_missing().include(&self.include);
        parts.base = self.base;
        match self.page {
            Some((page, per_page)) => parts.query("page", page.to_string()).query("per_page", per_page.to_string()),
            None => parts,
        }
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(self.key, body)
    }
}
