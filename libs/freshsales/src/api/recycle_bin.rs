//! Taking deleted records out of the recycle bin. How to delete them for good is in their own modules, e.g. [`contacts::forget`](crate::contacts::forget).

use std::marker::PhantomData;

use http::{Method, StatusCode};

use super::verbs::collection;
use crate::Generation;
use crate::decode::{self, DecodeError, Single};
use crate::record::Record;
use crate::request::{Idempotency, Request, RequestParts};

/// Kinds of records that the API can take out of the recycle bin: products and documents only. Of all others only people can do it, in the CRM.
pub trait Restorable: Record {}

/// Takes a record out of the recycle bin (source: official page, #restore_a_product).
pub fn restore<T: Restorable>(id: i64) -> Restore<T> {
    Restore { id, record: PhantomData }
}

/// See [`restore`].
#[derive(Debug, Clone)]
pub struct Restore<T> {
    id: i64,
    record: PhantomData<fn() -> T>,
}

impl<T: Restorable> Request for Restore<T> {
    type Output = Single<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<T>(Method::PUT, &format!("{}/restore", self.id))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single_or_id(self.id, body)
    }
}
