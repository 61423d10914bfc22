//! Exact look-up of records by the value of one field; the result is current, unlike that of a search.

use std::marker::PhantomData;

use http::StatusCode;
use serde_json::{Map, Value};

use super::contacts::Contact;
use super::deals::Deal;
use super::leads::Lead;
use super::sales_accounts::SalesAccount;
use super::verbs::UniqueKey;
use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::Record;
use crate::request::{Idempotency, Request, RequestParts};

/// A kind of record that can be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entity {
    /// Contacts.
    Contact,
    /// Leads (Classic).
    Lead,
    /// Sales accounts.
    SalesAccount,
    /// Deals.
    Deal,
}

impl Entity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Contact => Contact::SINGULAR,
            Self::Lead => Lead::SINGULAR,
            Self::SalesAccount => SalesAccount::SINGULAR,
            Self::Deal => Deal::SINGULAR,
        }
    }
}

/// Looks up records whose field has exactly this value, e.g. `by("email", "ingrid@example.com", [Entity::Contact])`.
///
/// Fields seen to work: `email`, `name`, `mobile_number`, `work_number`, `external_id` and custom fields of type text, number, dropdown and
/// radio. The field must exist on every kind asked for, else the CRM refuses. A phone number is compared as typed.
pub fn by(field: impl Into<String>, value: impl Into<String>, entities: impl IntoIterator<Item = Entity>) -> Lookup {
    Lookup { field: field.into(), value: value.into(), entities: entities.into_iter().collect() }
}

/// See [`by`].
#[derive(Debug, Clone)]
pub struct Lookup {
    field: String,
    value: String,
    entities: Vec<Entity>,
}

/// What was found, by kind; a kind that was not asked for or has no hit is empty.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Found {
    /// Contacts.
    pub contacts: Vec<Contact>,
    /// Leads.
    pub leads: Vec<Lead>,
    /// Sales accounts.
    pub sales_accounts: Vec<SalesAccount>,
    /// Deals.
    pub deals: Vec<Deal>,
    /// Everything else in the reply.
    pub extra: Map<String, Value>,
}

impl Request for Lookup {
    type Output = Found;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let entities: Vec<&str> = self.entities.iter().map(|entity| entity.as_str()).collect();
        RequestParts::get("lookup")
            .query("q", self.value.clone())
            .query("f", self.field.clone())
            .query("entities", entities.join(","))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Found, DecodeError> {
        let mut fields = decode::object(body)?;
        Ok(Found {
            contacts: take_rows(&mut fields)?,
            leads: take_rows(&mut fields)?,
            sales_accounts: take_rows(&mut fields)?,
            deals: take_rows(&mut fields)?,
            extra: fields,
        })
    }
}

/// Takes `{"contacts":{"contacts":[…]}}` apart; a list that is nested only once is understood too.
fn take_rows<T: Record>(fields: &mut Map<String, Value>) -> Result<Vec<T>, DecodeError> {
    match fields.shift_remove(T::PLURAL) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(mut inner)) => {
            let rows = inner.shift_remove(T::PLURAL).unwrap_or(Value::Array(Vec::new()));
            decode::typed(&format!("{0}.{0}", T::PLURAL), rows)
        }
        Some(rows) => decode::typed(T::PLURAL, rows),
    }
}

/// The records of one kind that have the key of an upsert.
pub(crate) struct KeyOf<'a, T> {
    key: &'a UniqueKey,
    record: PhantomData<fn() -> T>,
}

impl<'a, T: Record> KeyOf<'a, T> {
    pub(crate) fn new(key: &'a UniqueKey) -> Self {
        Self { key, record: PhantomData }
    }

    /// The record, where the key is its id: nothing need be looked up.
    pub(crate) fn as_id(&self) -> Option<i64> {
        let (field, value) = self.key.parts();
        (field == "id").then(|| value.trim().parse().ok()).flatten()
    }
}

impl<T: Record> Request for KeyOf<'_, T> {
    type Output = Vec<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let (field, value) = self.key.parts();
        let field = if field == "emails" { "email" } else { field };
        RequestParts::get("lookup").query("q", value).query("f", field).query("entities", T::SINGULAR)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Vec<T>, DecodeError> {
        take_rows(&mut decode::object(body)?)
    }
}
