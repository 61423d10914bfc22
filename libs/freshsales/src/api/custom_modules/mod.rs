//! Custom modules of Suite accounts: kinds of records that the account itself has defined.
//!
//! Flow: [`all`] or [`create`] gives a [`CustomModule`]; its `entity_name` (`cm_project`) is the path of its records and the envelope of each; [`of`]
//! makes the requests for the records; [`fields::forms_of`](crate::fields::forms_of) tells their fields and
//! [`fields::create`](crate::fields::create) adds one.

mod records;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::{Record, attributes, record};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

use super::verbs::{Create, Delete, Update, View, collection};

pub use records::{
    BulkDestroyRecords, CreateRecord, DeleteRecord, ForgetRecord, Module, ModuleRecord, ModuleRecordAttributes,
    SearchRecords, UpdateRecord, ViewRecord, of,
};

record! {
    /// A module (source: official page, #create_custom_modules).
    pub struct CustomModule {
        /// Its name in paths and envelopes, e.g. `cm_project`.
        entity_name: String,
        /// What people call one record.
        singular_name: String,
        /// What people call several records.
        plural_name: String,
        /// What it is for.
        description: String,
        /// Name of its icon.
        icon: String,
        /// Whether it is one of the account's own; the CRM's own modules are in the list too.
        custom: bool,
        /// 1 for a module in use (by observation).
        status: i64,
        /// Place in the menu.
        position: i64,
        /// Whether the menu shows it.
        show_in_navigation_menu: bool,
        /// The CRM's own name of its storage.
        table_name: String,
        /// The CRM's own id of its storage.
        coll_id: String,
        /// Where the menu leads.
        resource_path_for_navigation: String,
        /// Switches of its pages.
        configs: Map<String, Value>,
        /// How its pages are laid out.
        layout_customizations: Map<String, Value>,
        /// What was renamed.
        renaming_customizations: Map<String, Value>,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

attributes! {
    /// What a write of a module sets. On creation all but the description and the menu are required.
    pub struct CustomModuleAttributes {
        /// Sets its name in paths and envelopes.
        entity_name: String,
        /// Sets what people call one record.
        singular_name: String,
        /// Sets what people call several records.
        plural_name: String,
        /// Sets the icon; on creation only.
        icon: String,
        /// Sets what it is for.
        description: String,
        /// Sets whether the menu shows it.
        show_in_navigation_menu: bool,
    }
}

impl Record for CustomModule {
    type Attributes = CustomModuleAttributes;
    const SINGULAR: &'static str = "module_customization";
    const PLURAL: &'static str = "module_customizations";
    const PATH: &'static str = "settings/module_customizations";
    const IN_EVERY_ACCOUNT: bool = false;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// All modules, the CRM's own among them (see [`CustomModule::custom`]).
pub fn all() -> AllModules {
    AllModules
}

/// See [`all`].
#[derive(Debug, Clone, Copy)]
pub struct AllModules;

impl Request for AllModules {
    type Output = Vec<CustomModule>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<CustomModule>(Method::GET, "")
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows(CustomModule::PLURAL, body)
    }
}

/// Reads a module.
pub fn view(id: i64) -> View<CustomModule> {
    View::new(id)
}

/// Creates a module.
pub fn create(attributes: CustomModuleAttributes) -> Create<CustomModule> {
    Create::new(attributes)
}

/// Changes a module. Another `entity_name` changes the path of its records.
pub fn update(id: i64, attributes: CustomModuleAttributes) -> Update<CustomModule> {
    Update::new(id, attributes)
}

/// Deletes a module with all its records.
pub fn delete(id: i64) -> Delete<CustomModule> {
    Delete::new(id)
}

/// A body under a key that only the account knows.
fn enveloped(key: &str, fields: &Map<String, Value>) -> Value {
    json!({ key: fields })
}
