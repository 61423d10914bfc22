//! Lists of the records that hang on another: the contacts and deals of a sales account, the deals of a contact, the contacts of a deal.
//!
//! Only the contacts of an account were seen in the wild; an account may lack the other lists (404). `include=deals` or `include=contacts` on the
//! record itself always works.

use std::marker::PhantomData;

use http::StatusCode;

use super::views::Paging;
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::record::Record;
use crate::request::{Idempotency, Request, RequestParts};

/// One page of the records of kind `T` that hang on a record of kind `Of`.
#[derive(Debug, Clone)]
pub struct RelatedRows<Of, T> {
    id: i64,
    paging: Paging,
    records: PhantomData<fn() -> (Of, T)>,
}

impl<Of, T> RelatedRows<Of, T> {
    pub(crate) fn new(id: i64) -> Self {
        Self { id, paging: Paging::default(), records: PhantomData }
    }

    /// Which page, counted from 1, of how many rows (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.paging.page, self.paging.per_page) = (page, per_page);
        self
    }

    /// Asks for related records of the rows.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.paging.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl<Of: Record, T: Record> Request for RelatedRows<Of, T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get(format!("{}/{}/{}", Of::PLURAL, self.id, T::PLURAL))
            .query("page", self.paging.page.to_string())
            .query("per_page", self.paging.per_page.to_string())
            .include(&self.paging.include)
            .may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(T::PLURAL, body)
    }
}
