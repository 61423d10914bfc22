//! Bulk calls that act at once: deleting and handing over many records in one request. For bulk upserts see [`crate::jobs`].

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::verbs::collection;
use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::Record;
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::FieldValue;

/// What the CRM said to a bulk call. It does not say which records were meant: ids that do not exist are passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BulkDone {
    /// Its sentence, e.g. how many records it took; localised.
    pub message: Option<String>,
}

/// A bulk call on records by their ids.
#[derive(Debug, Clone)]
pub struct BulkCall<T> {
    action: &'static str,
    body: Map<String, Value>,
    record: PhantomData<fn() -> T>,
}

impl<T> BulkCall<T> {
    /// Moves the records to the recycle bin (source: official page, #bulk_delete_contact).
    pub(crate) fn destroy(ids: impl IntoIterator<Item = i64>) -> Self {
        Self::new("bulk_destroy", ids)
    }

    /// Gives the records to a user (source: official page, #bulk_assign_contact_owner).
    pub(crate) fn assign(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> Self {
        Self::new("bulk_assign_owner", ids).with("owner_id", json!(owner_id))
    }

    fn new(action: &'static str, ids: impl IntoIterator<Item = i64>) -> Self {
        let ids: Vec<i64> = ids.into_iter().collect();
        let body = Map::from_iter([("selected_ids".to_owned(), json!(ids))]);
        Self { action, body, record: PhantomData }
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.body.insert(name.to_owned(), value);
        self
    }
}

impl<T: Record> Request for BulkCall<T> {
    type Output = BulkDone;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<T>(Method::POST, self.action).body(Value::Object(self.body.clone()))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    /// Any object without errors and an empty body count as done: the texts are not documented.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<BulkDone, DecodeError> {
        decode::confirmation(body)?;
        let fields = decode::object(body).unwrap_or_default();
        Ok(BulkDone { message: fields.get("message").and_then(String::read) })
    }
}
