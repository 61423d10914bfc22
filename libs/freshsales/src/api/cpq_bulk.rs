//! Calls that change many products or documents at once. They are carried out before the reply; there is no job to wait for.

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::recycle_bin::Restorable;
use super::verbs::collection;
use crate::Generation;
use crate::decode::{self, DecodeError, Done};
use crate::record::Attributes;
use crate::request::{Idempotency, Request, RequestParts};

/// One call for several records of a kind. See [`products`](crate::products) and [`cpq_documents`](crate::cpq_documents).
#[derive(Debug, Clone)]
pub struct CpqBulk<T> {
    method: Method,
    action: &'static str,
    body: Map<String, Value>,
    record: PhantomData<fn() -> T>,
}

impl<T: Restorable> CpqBulk<T> {
    fn selected(action: &'static str, ids: impl IntoIterator<Item = i64>) -> Self {
        let mut body = Map::new();
        body.insert("selected_ids".to_owned(), ids.into_iter().collect());
        Self { method: Method::POST, action, body, record: PhantomData }
    }

    pub(super) fn assign(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> Self {
        let mut bulk = Self::selected("assign", ids);
        bulk.body.insert("owner_id".to_owned(), owner_id.into());
        bulk
    }

    pub(super) fn delete(ids: impl IntoIterator<Item = i64>) -> Self {
        Self::selected("delete", ids)
    }

    pub(super) fn restore(ids: impl IntoIterator<Item = i64>) -> Self {
        Self::selected("restore", ids)
    }

    pub(super) fn update(ids: impl IntoIterator<Item = i64>, attributes: &T::Attributes) -> Self {
        let mut body = Map::new();
        body.insert("ids".to_owned(), ids.into_iter().collect());
        body.insert(T::SINGULAR.to_owned(), json!(attributes.as_map()));
        Self { method: Method::PUT, action: "update", body, record: PhantomData }
    }
}

impl<T: Restorable> Request for CpqBulk<T> {
    type Output = Done;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let below = format!("{}_bulk_{}", T::PLURAL, self.action);
        collection::<T>(self.method.clone(), &below).body(Value::Object(self.body.clone()))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Done, DecodeError> {
        decode::message(body)
    }
}
