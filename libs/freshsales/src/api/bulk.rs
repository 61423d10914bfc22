//! Bulk calls that act at once: deleting, handing over, restoring and changing many records in one request. There is no job to wait for; for
//! bulk upserts, which have one, see [`crate::jobs`].
//!
//! Products and documents name their actions otherwise than the older kinds of records: `products_bulk_delete`, not `bulk_destroy`.

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::recycle_bin::Restorable;
use super::verbs::collection;
use crate::Generation;
use crate::decode::{self, DecodeError, Done};
use crate::record::{Attributes, Record};
use crate::request::{Idempotency, Request, RequestParts};

/// A call for several records of a kind by their ids, e.g. [`contacts::bulk_destroy`](crate::contacts::bulk_destroy). Ids that do not exist are passed over in
/// silence.
#[derive(Debug, Clone)]
pub struct BulkCall<T> {
    method: Method,
    action: String,
    body: Map<String, Value>,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> BulkCall<T> {
    /// Moves the records to the recycle bin (source: official page, #bulk_delete_contact).
    pub(crate) fn destroy(ids: impl IntoIterator<Item = i64>) -> Self {
        Self::selected("bulk_destroy", ids)
    }

    /// Gives the records to a user (source: official page, #bulk_assign_contact_owner).
    pub(crate) fn assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> Self {
        Self::selected("bulk_assign_owner", ids).with("owner_id", json!(owner_id))
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.body.insert(name.to_owned(), value);
        self
    }

    fn selected(action: impl Into<String>, ids: impl IntoIterator<Item = i64>) -> Self {
        Self::new(Method::POST, action, "selected_ids", ids)
    }

    fn new(method: Method, action: impl Into<String>, key: &str, ids: impl IntoIterator<Item = i64>) -> Self {
        let body = Map::from_iter([(key.to_owned(), ids.into_iter().collect())]);
        Self { method, action: action.into(), body, record: PhantomData }
    }
}

/// The same of products and documents.
impl<T: Restorable> BulkCall<T> {
    pub(super) fn cpq_destroy(ids: impl IntoIterator<Item = i64>) -> Self {
        Self::selected(Self::cpq("delete"), ids)
    }

    pub(super) fn cpq_assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> Self {
        Self::selected(Self::cpq("assign"), ids).with("owner_id", json!(owner_id))
    }

    pub(super) fn cpq_restore(ids: impl IntoIterator<Item = i64>) -> Self {
        Self::selected(Self::cpq("restore"), ids)
    }

    pub(super) fn cpq_update(ids: impl IntoIterator<Item = i64>, attributes: &T::Attributes) -> Self {
        Self::new(Method::PUT, Self::cpq("update"), "ids", ids).with(T::SINGULAR, json!(attributes.as_map()))
    }

    fn cpq(action: &str) -> String {
        format!("{}_bulk_{action}", T::PLURAL)
    }
}

impl<T: Record> Request for BulkCall<T> {
    type Output = Done;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<T>(self.method.clone(), &self.action).body(Value::Object(self.body.clone()))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Done, DecodeError> {
        decode::message(body)
    }
}
