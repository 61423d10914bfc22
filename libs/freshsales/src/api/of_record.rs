//! What hangs on one record: its tasks, its appointments. The CRM has some of these lists on the product's own pages only.

use std::marker::PhantomData;

use http::StatusCode;

use super::notes::TargetKind;
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::record::Record;
use crate::request::{Base, Idempotency, Request, RequestParts};

/// Lists the records of kind `T` that hang on one record, e.g. [`tasks::of_record`](crate::tasks::of_record).
#[derive(Debug, Clone)]
pub struct OfRecord<T> {
    kind: TargetKind,
    id: i64,
    base: Base,
    include: Vec<String>,
    record: PhantomData<fn() -> T>,
}

impl<T> OfRecord<T> {
    pub(super) fn on_api(kind: TargetKind, id: i64) -> Self {
        Self { kind, id, base: Base::Api, include: Vec::new(), record: PhantomData }
    }

    pub(super) fn on_pages(kind: TargetKind, id: i64) -> Self {
        Self { base: Base::Pages, ..Self::on_api(kind, id) }
    }

    /// Asks for related records: `owner`, `creater`, `updater`, `targetable`, …
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl<T: Record> Request for OfRecord<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let path = format!("{}/{}/{}", self.kind.collection(), self.id, T::PLURAL);
        let mut parts = RequestParts::get(path).may_be_missing().include(&self.include);
        parts.base = self.base;
        parts
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(T::PLURAL, body)
    }
}
