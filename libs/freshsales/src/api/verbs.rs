//! The requests that every kind of record shares: view, create, update, upsert, clone, delete, forget.
//!
//! A record's own module says which of them it has, e.g. [`contacts::upsert`](crate::contacts::upsert).

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::Generation;
use crate::decode::{self, DecodeError, Single};
use crate::merge::{Guard, Merges};
use crate::record::{Attributes, Record};
use crate::request::{Idempotency, Request, RequestParts};

/// Parts of a request to a collection; those of collections that some accounts lack say so.
pub(crate) fn collection<T: Record>(method: Method, below: &str) -> RequestParts {
    let path = if below.is_empty() { T::PATH.to_owned() } else { format!("{}/{below}", T::PATH) };
    let parts = RequestParts::new(method, path);
    if T::IN_EVERY_ACCOUNT { parts } else { parts.may_be_missing() }
}

/// Adds `include` to a request type that has a field of that name.
macro_rules! with_include {
    ($name:ident) => {
        impl<T: Record> $name<T> {
            /// Asks for related records: `owner`, `sales_accounts`, …
            ///
            /// Ids of related records (`owner_id`, `lead_source_id`, …) are on the record only if the relation is included.
            #[must_use]
            pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
                self.include.extend(names.into_iter().map(Into::into));
                self
            }
        }
    };
}

/// Reads one record by id.
#[derive(Debug, Clone)]
pub struct View<T> {
    id: i64,
    include: Vec<String>,
    record: PhantomData<fn() -> T>,
}

impl<T> View<T> {
    pub(crate) fn new(id: i64) -> Self {
        Self { id, include: Vec::new(), record: PhantomData }
    }
}

with_include!(View);

impl<T: Record> Request for View<T> {
    type Output = Single<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<T>(Method::GET, &self.id.to_string()).include(&self.include)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single(body)
    }
}

/// Reads one record of any kind that has single records, e.g. of a kind you declare yourself.
pub fn view<T: Record>(id: i64) -> View<T> {
    View::new(id)
}

/// Creates a record. A repetition creates another one, unless a unique field forbids it.
#[derive(Debug, Clone)]
pub struct Create<T: Record> {
    attributes: T::Attributes,
    include: Vec<String>,
}

impl<T: Record> Create<T> {
    pub(crate) fn new(attributes: T::Attributes) -> Self {
        Self { attributes, include: Vec::new() }
    }
}

with_include!(Create);

impl<T: Record> Request for Create<T> {
    type Output = Single<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let body = json!({ T::SINGULAR: self.attributes.as_map() });
        collection::<T>(Method::POST, "").include(&self.include).body(body)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    /// 200 and 201 are both seen.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single(body)
    }
}

/// Changes the attributes that were set, of the record with this id.
///
/// The API replaces `tags`, and in some accounts `custom_field`, as a whole. [`Client::update`](crate::Client::update) therefore reads the record and writes the merged
/// values; [`Client::send`](crate::Client::send) makes one request of it, and sends nothing if there is something to merge. See [`crate::merge`].
#[derive(Debug, Clone)]
pub struct Update<T: Record> {
    pub(crate) id: i64,
    pub(crate) attributes: T::Attributes,
    pub(crate) include: Vec<String>,
    pub(crate) guard: Guard,
}

impl<T: Record> Update<T> {
    pub(crate) fn new(id: i64, attributes: T::Attributes) -> Self {
        Self { id, attributes, include: Vec::new(), guard: Guard::default() }
    }

    /// How [`Client::update`](crate::Client::update) watches for others who change the record at the same time.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }
}

with_include!(Update);

impl<T: Record> Request for Update<T> {
    type Output = Single<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let body = json!({ T::SINGULAR: self.attributes.as_map() });
        collection::<T>(Method::PUT, &self.id.to_string()).include(&self.include).body(body)
    }

    /// Attendees and collaborators are rows of their own: a repetition that names no ids of them adds them once more.
    fn kind(&self) -> Idempotency {
        if adds_rows(self.attributes.as_map()) { Idempotency::Write } else { Idempotency::KeyedWrite }
    }

    fn check(&self) -> Result<(), String> {
        nothing_to_merge(&self.attributes, T::SINGULAR, "use `Client::update`, or ")
    }

    /// A confirmation without a body (204) gives a record of which only the id is known.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single_or_id(self.id, body)
    }
}

/// Whether the attributes have `…_attributes` with a row that is not there yet.
fn adds_rows(attributes: &Map<String, Value>) -> bool {
    let nested = attributes.iter().filter(|(name, _)| name.ends_with("_attributes"));
    nested.filter_map(|(_, rows)| rows.as_array()).flatten().any(|row| row.get("id").is_none())
}

/// Refuses what would write over tags and custom fields that nobody mentioned.
pub(crate) fn nothing_to_merge(attributes: &impl Attributes, kind: &str, instead: &str) -> Result<(), String> {
    match attributes.merges().is_some_and(Merges::is_needed) {
        true => Err(to_be_merged(kind, instead)),
        false => Ok(()),
    }
}

fn to_be_merged(kind: &str, instead: &str) -> String {
    format!(
        "tags or custom fields of the {kind} are to be merged, which takes a read first: {instead}`replace_tags` and `replace_custom_fields`"
    )
}

/// What an upsert finds the record by: one field and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueKey {
    field: String,
    value: String,
}

impl UniqueKey {
    /// By any field; it should be a unique one: `emails`, `name`, `id`, `external_id`, a `cf_…` marked unique. An empty value is refused by the CRM.
    pub fn field(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.into() }
    }

    /// By e-mail address (contacts and leads).
    pub fn emails(address: impl Into<String>) -> Self {
        Self::field("emails", address)
    }

    /// By name (sales accounts; of deals the name is not unique).
    pub fn name(name: impl Into<String>) -> Self {
        Self::field("name", name)
    }

    /// By id; the CRM takes it as text here.
    pub fn id(id: i64) -> Self {
        Self::field("id", id.to_string())
    }

    /// By the id that another system gave the record.
    pub fn external_id(id: impl Into<String>) -> Self {
        Self::field("external_id", id)
    }

    /// Whether both find the same record; letter case of the value does not matter.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.field == other.field && self.value.eq_ignore_ascii_case(&other.value)
    }

    /// Field and value.
    pub fn parts(&self) -> (&str, &str) {
        (&self.field, &self.value)
    }
}

/// Updates the record that has the key, or creates it.
///
/// The reply does not tell which of the two happened; compare `created_at` and `updated_at`. Set the owner whenever you know it: accounts exist
/// where an upsert without `owner_id` gives the record to the key's user (seen in the wild).
///
/// A record that is there may lose the tags and custom fields that are not sent. [`Client::upsert`](crate::Client::upsert) therefore looks it up and writes the
/// merged values; [`Client::send`](crate::Client::send) makes one request of it, and sends nothing if there is something to merge. See [`crate::merge`].
#[derive(Debug, Clone)]
pub struct Upsert<T: Record> {
    pub(crate) key: UniqueKey,
    pub(crate) attributes: T::Attributes,
    pub(crate) include: Vec<String>,
}

impl<T: Record> Upsert<T> {
    pub(crate) fn new(key: UniqueKey, attributes: T::Attributes) -> Self {
        Self { key, attributes, include: Vec::new() }
    }

    /// Whether sending it as it is could take tags or custom fields off a record: the key alone is a custom field too.
    pub(crate) fn needs_the_record(&self) -> bool {
        let sends_custom_key =
            self.key.field.starts_with("cf_") && !self.attributes.as_map().contains_key("custom_field");
        sends_custom_key || self.attributes.merges().is_some_and(Merges::is_needed)
    }
}

with_include!(Upsert);

impl<T: Record> Request for Upsert<T> {
    type Output = Single<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let body = json!({
            "unique_identifier": { &self.key.field: self.key.value },
            T::SINGULAR: with_key(&self.key, self.attributes.as_map()),
        });
        collection::<T>(Method::POST, "upsert").include(&self.include).body(body)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn check(&self) -> Result<(), String> {
        match self.needs_the_record() {
            true => Err(to_be_merged(T::SINGULAR, "use `Client::upsert`, or ")),
            false => Ok(()),
        }
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single(body)
    }
}

/// The attributes with the key among them, so that a record that is created has it. An id and a custom key that is set stay as they are.
fn with_key(key: &UniqueKey, attributes: &Map<String, Value>) -> Map<String, Value> {
    let mut attributes = attributes.clone();
    let is_set = |name: &str| attributes.contains_key(name);
    match key.field.as_str() {
        "id" => {}
        "emails" | "email" if is_set("email") || is_set("emails") => {}
        field if field.starts_with("cf_") => {
            let custom = attributes.entry("custom_field").or_insert_with(|| json!({}));
            if let Value::Object(custom) = custom {
                custom.entry(field).or_insert_with(|| key.value.clone().into());
            }
        }
        field => {
            attributes.entry(field).or_insert_with(|| key.value.clone().into());
        }
    }
    attributes
}

/// Deletes a record; it goes to the recycle bin for 90 days (source: official article on restoring deleted records).
#[derive(Debug, Clone)]
pub struct Delete<T> {
    id: i64,
    query: Vec<(String, String)>,
    record: PhantomData<fn() -> T>,
}

impl<T> Delete<T> {
    pub(crate) fn new(id: i64) -> Self {
        Self { id, query: Vec::new(), record: PhantomData }
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl<T: Record> Request for Delete<T> {
    type Output = ();

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let mut parts = collection::<T>(Method::DELETE, &self.id.to_string());
        parts.query.clone_from(&self.query);
        parts
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<(), DecodeError> {
        decode::confirmation(body)
    }
}

/// Deletes a record for good, past the recycle bin; it cannot be brought back.
#[derive(Debug, Clone)]
pub struct Forget<T> {
    id: i64,
    record: PhantomData<fn() -> T>,
}

impl<T> Forget<T> {
    pub(crate) fn new(id: i64) -> Self {
        Self { id, record: PhantomData }
    }
}

impl<T: Record> Request for Forget<T> {
    type Output = ();

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<T>(Method::DELETE, &format!("{}/forget", self.id))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<(), DecodeError> {
        decode::confirmation(body)
    }
}

/// Makes a copy of a record with some attributes set otherwise. A repetition makes another copy.
#[derive(Debug, Clone)]
pub struct CloneRecord<T: Record> {
    id: i64,
    overrides: T::Attributes,
    include: Vec<String>,
}

impl<T: Record> CloneRecord<T> {
    pub(crate) fn new(id: i64, overrides: T::Attributes) -> Self {
        Self { id, overrides, include: Vec::new() }
    }
}

with_include!(CloneRecord);

impl<T: Record> Request for CloneRecord<T> {
    /// The copy.
    type Output = Single<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let body = json!({ T::SINGULAR: self.overrides.as_map() });
        collection::<T>(Method::POST, &format!("{}/clone", self.id)).include(&self.include).body(body)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single(body)
    }
}
