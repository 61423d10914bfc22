//! The records of a custom module. Path and envelope are the module's `entity_name`, so a request carries it as a value.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::enveloped;
use crate::Generation;
use crate::api::filtered_search::{Rule, search_parts};
use crate::api::verbs::nothing_to_merge;
use crate::decode::{self, DecodeError, Done, Page, SideLoads, Single};
use crate::listing::{ListOrder, ListRequest, Place, list_row};
use crate::merge::{Guard, MergeUpdate, Wanted};
use crate::record::{Attributes, attributes, custom_field_attributes, record};
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

custom_field_attributes!(ModuleRecordAttributes);

list_row!(ModuleRecord);

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

    fn write(&self, below: &str, attributes: &ModuleRecordAttributes) -> CreateRecord {
        let body = enveloped(&self.entity, attributes.as_map());
        CreateRecord { entity: self.entity.clone(), path: self.path(below), body }
    }

    /// Creates a record. A repetition creates a second one.
    pub fn create(&self, attributes: &ModuleRecordAttributes) -> CreateRecord {
        self.write("", attributes)
    }

    /// Reads a record.
    pub fn view(&self, id: i64) -> ViewRecord {
        ViewRecord { entity: self.entity.clone(), path: self.path(&format!("/{id}")) }
    }

    /// Changes a record, by [`Client::update`](crate::Client::update), which merges custom fields.
    pub fn update(&self, id: i64, attributes: &ModuleRecordAttributes) -> UpdateRecord {
        UpdateRecord { module: self.clone(), id, attributes: attributes.clone(), guard: Guard::default() }
    }

    /// Copies a record, with these attributes in place of the original's. A repetition makes another copy.
    pub fn clone_record(&self, id: i64, attributes: &ModuleRecordAttributes) -> CreateRecord {
        self.write(&format!("/{id}/clone"), attributes)
    }

    /// Deletes a record.
    pub fn delete(&self, id: i64) -> DeleteRecord {
        DeleteRecord { path: self.path(&format!("/{id}")) }
    }

    /// Removes a record for good.
    pub fn forget(&self, id: i64) -> ForgetRecord {
        ForgetRecord { path: self.path(&format!("/{id}/forget")) }
    }

    /// Deletes several records.
    pub fn bulk_destroy(&self, ids: impl IntoIterator<Item = i64>) -> BulkDestroyRecords {
        BulkDestroyRecords { path: self.path("/bulk_destroy"), ids: ids.into_iter().collect() }
    }

    /// Searches records by rules; the only way to list them. Rows are partial unless [`SearchRecords::full_rows`] is asked for.
    pub fn search(&self, rules: Vec<Rule>) -> SearchRecords {
        SearchRecords { entity: self.entity.clone(), rules, paging: Paging::default(), full_rows: false }
    }
}

fn parts(method: Method, path: &str) -> RequestParts {
    RequestParts::new(method, path).may_be_missing()
}

/// Creates or copies a record; see [`Module::create`] and [`Module::clone_record`].
#[derive(Debug, Clone)]
pub struct CreateRecord {
    entity: String,
    path: String,
    body: Value,
}

impl Request for CreateRecord {
    type Output = Single<ModuleRecord>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        parts(Method::POST, &self.path).body(self.body.clone())
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single_under(&self.entity, body)
    }
}

/// Changes a record; see [`Module::update`].
#[derive(Debug, Clone)]
pub struct UpdateRecord {
    module: Module,
    id: i64,
    attributes: ModuleRecordAttributes,
    guard: Guard,
}

impl UpdateRecord {
    /// How [`Client::update`](crate::Client::update) watches for others who change the record at the same time.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }
}

impl Request for UpdateRecord {
    type Output = Single<ModuleRecord>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let body = enveloped(&self.module.entity, self.attributes.as_map());
        parts(Method::PUT, &self.module.path(&format!("/{}", self.id))).body(body)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn check(&self) -> Result<(), String> {
        nothing_to_merge(&self.attributes, &self.module.entity, "use `Client::update`, or ")
    }

    /// A confirmation without a body (204) gives a record of which only the id is known.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        match body.trim_ascii().is_empty() {
            true => Ok(Single { record: ModuleRecord::from_id(self.id), side_loads: SideLoads::default() }),
            false => decode::single_under(&self.module.entity, body),
        }
    }
}

impl MergeUpdate for UpdateRecord {
    type Record = ModuleRecord;
    type Reading = ViewRecord;

    fn reading(&self) -> ViewRecord {
        self.module.view(self.id)
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            envelope: &self.module.entity,
            attributes: self.attributes.as_map(),
            merges: self.attributes.merges(),
            guard: self.guard,
        }
    }
}

/// Reads a record.
#[derive(Debug, Clone)]
pub struct ViewRecord {
    entity: String,
    path: String,
}

impl Request for ViewRecord {
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
pub struct DeleteRecord {
    path: String,
}

impl Request for DeleteRecord {
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
pub struct ForgetRecord {
    path: String,
}

impl Request for ForgetRecord {
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
pub struct BulkDestroyRecords {
    path: String,
    ids: Vec<i64>,
}

impl Request for BulkDestroyRecords {
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
pub struct SearchRecords {
    entity: String,
    rules: Vec<Rule>,
    paging: Paging,
    full_rows: bool,
}

impl SearchRecords {
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

    /// Asks for related records.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.paging.include.extend(names.into_iter().map(Into::into));
        self
    }

    /// Asks for whole rows instead of partial ones.
    #[must_use]
    pub fn full_rows(mut self) -> Self {
        self.full_rows = true;
        self
    }
}

impl ListRequest for SearchRecords {
    type Row = ModuleRecord;

    fn order(&self) -> ListOrder {
        self.paging.list_order()
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        Self { paging: self.paging.at(place, rows), ..self.clone() }
    }
}

impl Request for SearchRecords {
    type Output = Page<ModuleRecord>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = parts(Method::POST, &format!("filtered_search/{}", self.entity));
        search_parts(parts, &self.rules, &self.paging, self.full_rows)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    /// The rows are under the plural of the module's name, which is not told anywhere: the only list of the reply is taken.
    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::only_page(body)
    }
}
