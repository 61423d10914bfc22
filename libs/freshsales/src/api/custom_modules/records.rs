//! The records of a custom module. Path and envelope are the module's `entity_name`, so a request carries it as a value.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::enveloped;
use crate::Generation;
use crate::decode::{self, DecodeError, Done, Page, SideLoads, Single};
use crate::filtered_search::Rule;
use crate::record::{Attributes, attributes, record, shared_attributes};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;
use crate::views::{Paging, SortDirection};

record! {
    /// A record of a custom module. Which fields it has beside these is the account's choice; they are in `custom_field` or `extra`.
    pub struct ModuleRecord {
        /// Name.
        name: String,
        /// Fields of the module by key (`cf_…`).
        custom_field: Map<String, Value>,
        /// Owner, where the account shows it.
        owner_id: i64,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

attributes! {
    /// What a write of a module's record sets.
    pub struct ModuleRecordAttributes {
        /// Sets the name.
        name: String,
        /// Sets the owner.
        owner_id: i64,
    }
}

shared_attributes!(ModuleRecordAttributes);

/// The module of this name; makes requests for its records.
///
/// ```
/// use freshsales::custom_modules::{self, ModuleRecordAttributes};
/// use freshsales::{Generation, Request};
///
/// let projects = custom_modules::of("cm_project");
/// let create = projects.create(&ModuleRecordAttributes::new().name("Warehouse roll-out").custom_field("cf_budget", 10_000));
/// assert_eq!(create.to_parts(Generation::Suite).path, "custom_module/cm_project");
/// ```
pub fn of(entity_name: impl Into<String>) -> Module {
    Module { entity: entity_name.into() }
}

/// See [`of`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    entity: String,
}

impl Module {
    /// The module's name in paths and envelopes.
    pub fn entity_name(&self) -> &str {
        &self.entity
    }

    fn path(&self, below: &str) -> String {
        format!("custom_module/{}{below}", self.entity)
    }

    fn write(&self, method: Method, below: &str, kind: Idempotency, attributes: &ModuleRecordAttributes) -> Write {
        let body = enveloped(&self.entity, attributes.as_map());
        Write { entity: self.entity.clone(), method, path: self.path(below), kind, body }
    }

    /// Creates a record. A repetition creates a second one.
    pub fn create(&self, attributes: &ModuleRecordAttributes) -> Write {
        self.write(Method::POST, "", Idempotency::Write, attributes)
    }

    /// Reads a record.
    pub fn view(&self, id: i64) -> Read {
        Read { entity: self.entity.clone(), path: self.path(&format!("/{id}")) }
    }

    /// Changes a record.
    pub fn update(&self, id: i64, attributes: &ModuleRecordAttributes) -> Write {
        self.write(Method::PUT, &format!("/{id}"), Idempotency::KeyedWrite, attributes)
    }

    /// Copies a record, with these attributes in place of the original's.
    pub fn clone_record(&self, id: i64, attributes: &ModuleRecordAttributes) -> Write {
        self.write(Method::POST, &format!("/{id}/clone"), Idempotency::Write, attributes)
    }

    /// Deletes a record.
    pub fn delete(&self, id: i64) -> Delete {
        Delete { path: self.path(&format!("/{id}")) }
    }

    /// Removes a record for good.
    pub fn forget(&self, id: i64) -> Forget {
        Forget { path: self.path(&format!("/{id}/forget")) }
    }

    /// Deletes several records.
    pub fn bulk_destroy(&self, ids: impl IntoIterator<Item = i64>) -> BulkDestroy {
        BulkDestroy { path: self.path("/bulk_destroy"), ids: ids.into_iter().collect() }
    }

    /// Searches records by rules; the only way to list them. Rows are partial unless [`Search::full_rows`] is asked for.
    pub fn search(&self, rules: Vec<Rule>) -> Search {
        Search { entity: self.entity.clone(), rules, paging: Paging::default(), full_rows: false }
    }
}

fn parts(method: Method, path: &str) -> RequestParts {
    RequestParts::new(method, path).may_be_missing()
}

/// Creates, changes or copies a record.
#[derive(Debug, Clone)]
pub struct Write {
    entity: String,
    method: Method,
    path: String,
    kind: Idempotency,
    body: Value,
}

impl Request for Write {
    type Output = Single<ModuleRecord>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        parts(self.method.clone(), &self.path).body(self.body.clone())
    }

    fn kind(&self) -> Idempotency {
        self.kind
    }

    /// An update that is confirmed without a body (204) gives a record of which only the id is known.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        match self.path.rsplit('/').next().and_then(|id| id.parse().ok()) {
            Some(id) if body.trim_ascii().is_empty() => {
                Ok(Single { record: ModuleRecord::from_id(id), side_loads: SideLoads::default() })
            }
            _ => decode::single_under(&self.entity, body),
        }
    }
}

/// Reads a record.
#[derive(Debug, Clone)]
pub struct Read {
    entity: String,
    path: String,
}

impl Request for Read {
    type Output = Single<ModuleRecord>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        parts(Method::GET, &self.path)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single_under(&self.entity, body)
    }
}

/// Deletes a record.
#[derive(Debug, Clone)]
pub struct Delete {
    path: String,
}

impl Request for Delete {
    type Output = Done;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        parts(Method::DELETE, &self.path)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Done, DecodeError> {
        decode::message(body)
    }
}

/// Removes a record for good.
#[derive(Debug, Clone)]
pub struct Forget {
    path: String,
}

impl Request for Forget {
    type Output = ();

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        parts(Method::DELETE, &self.path)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<(), DecodeError> {
        decode::confirmation(body)
    }
}

/// Deletes several records.
#[derive(Debug, Clone)]
pub struct BulkDestroy {
    path: String,
    ids: Vec<i64>,
}

impl Request for BulkDestroy {
    type Output = Done;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        parts(Method::POST, &self.path).body(json!({ "selected_ids": self.ids }))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Done, DecodeError> {
        decode::message(body)
    }
}

/// Searches records by rules.
#[derive(Debug, Clone)]
pub struct Search {
    entity: String,
    rules: Vec<Rule>,
    paging: Paging,
    full_rows: bool,
}

impl Search {
    /// Which page, counted from 1, of how many rows (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.paging.page, self.paging.per_page) = (page, per_page);
        self
    }

    /// Sorts by an attribute.
    #[must_use]
    pub fn sort(mut self, attribute: impl Into<String>, direction: SortDirection) -> Self {
        self.paging.sort = Some((attribute.into(), direction));
        self
    }

    /// Asks for whole rows instead of partial ones.
    #[must_use]
    pub fn full_rows(mut self) -> Self {
        self.full_rows = true;
        self
    }
}

impl Request for Search {
    type Output = Page<ModuleRecord>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let rules: Vec<Value> = self.rules.iter().map(Rule::to_json).collect();
        let mut body = json!({ "filter_rule": rules });
        if let Some((attribute, direction)) = &self.paging.sort {
            body["sort"] = attribute.as_str().into();
            body["sort_type"] = direction.as_str().into();
        }
        if self.full_rows {
            body["detail"] = true.into();
        }
        let parts = parts(Method::POST, &format!("filtered_search/{}", self.entity));
        let paging = &self.paging;
        parts.query("page", paging.page.to_string()).query("per_page", paging.per_page.to_string()).body(body)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    /// The rows are under the plural of the module's name, which is not told anywhere: the only list of the reply is taken.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::only_page(body)
    }
}
