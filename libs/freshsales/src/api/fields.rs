//! Field and form metadata: which fields a kind of record has in this account, and their choices.

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::{Attributes, Record, attributes, document};
use crate::request::{Idempotency, Request, RequestParts};

document! {
    /// A field of a kind of record. Its id is a number in lists of fields and a UUID in forms, and stays in `extra` if it is one.
    pub struct FieldDefinition {
        /// Id, where it is a number.
        id: i64,
        /// Name in requests and records, e.g. `first_name`, `cf_region`.
        name: String,
        /// Label as shown; localised.
        label: String,
        /// `text`, `textarea`, `number`, `date`, `dropdown`, `multi_select_dropdown`, `auto_complete`, `checkbox`, `section`, …
        r#type: String,
        /// Record it belongs to: `Contact`, `Lead`, `LeadCompany`, … (lists of fields).
        base_model: String,
        /// Record it belongs to (forms).
        field_class: String,
        /// Form it is on (forms).
        form_id: i64,
        /// Section or group it is in (forms).
        parent_id: String,
        /// Label before it was changed (forms).
        original_label: String,
        /// Whether it can be edited (forms).
        editable: bool,
        /// What it holds unless it is set (forms).
        default_value: String,
        /// Text that is shown in the empty field (forms).
        placeholder: String,
        /// Text that explains it (forms).
        hint: String,
        /// Place in the short form, if it is there.
        quick_add_position: i64,
        /// Whether it is one of the CRM's own (lists of fields).
        default: bool,
        /// Whether it is one of the account's own (forms).
        custom: bool,
        /// Whether a record needs it.
        required: bool,
        /// Whether it is shown.
        visible: bool,
        /// Place in the form.
        position: i64,
        /// What it can be set to.
        choices: Vec<Choice>,
        /// Fields inside a section (forms).
        fields: Vec<FieldDefinition>,
        /// Uniqueness and other options (forms).
        field_options: Map<String, Value>,
    }
}

document! {
    /// One choice of a field.
    pub struct Choice {
        /// Id; arrives as a number or as text.
        id: i64,
        /// Text as shown, which is also what a dropdown is set to.
        value: String,
        /// Place in the list.
        position: i64,
        /// Whether it can be chosen (forms).
        is_active: bool,
    }
}

document! {
    /// A form: the fields of a kind of record, in sections.
    pub struct Form {
        /// Id.
        id: i64,
        /// Internal name.
        name: String,
        /// What it is for.
        description: String,
        /// Whether it is in use.
        active: bool,
        /// Record it belongs to.
        field_class: String,
        /// Kind of form.
        form_class: String,
        /// Sections and fields.
        fields: Vec<FieldDefinition>,
    }
}

impl FieldDefinition {
    /// Whether the field is one that the account added; its name then starts with `cf_`.
    pub fn is_custom(&self) -> bool {
        self.custom
            .or(self.default.map(|default| !default))
            .unwrap_or_else(|| self.name.as_deref().unwrap_or_default().starts_with("cf_"))
    }
}

/// The fields of a kind of record, e.g. `list::<Contact>()`. A lead's include those of its company and deal, under the same names.
pub fn list<T: Record>() -> ListFields<T> {
    ListFields { record: PhantomData }
}

/// See [`list`].
#[derive(Debug, Clone)]
pub struct ListFields<T> {
    record: PhantomData<fn() -> T>,
}

impl<T: Record> Request for ListFields<T> {
    type Output = Vec<FieldDefinition>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        settings::<T>("fields")
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows("fields", body)
    }
}

/// The forms of a kind of record, with the fields in their sections.
pub fn forms<T: Record>() -> ListForms<T> {
    ListForms { record: PhantomData }
}

/// See [`forms`].
#[derive(Debug, Clone)]
pub struct ListForms<T> {
    record: PhantomData<fn() -> T>,
}

/// The forms of a kind of record by its name in paths: `contacts`, or the `entity_name` of a custom module.
pub fn forms_of(entity: impl Into<String>) -> ListFormsOf {
    ListFormsOf { entity: entity.into() }
}

/// See [`forms_of`].
#[derive(Debug, Clone)]
pub struct ListFormsOf {
    entity: String,
}

impl Request for ListFormsOf {
    type Output = Vec<Form>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get(format!("settings/{}/forms", self.entity)).may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows("forms", body)
    }
}

attributes! {
    /// A field to add to a form.
    pub struct FieldAttributes {
        /// Sets the label; the field's name is made of it (`cf_…`).
        label: String,
        /// Sets the type by the CRM's number for it; no public page lists the numbers.
        field_type: i64,
        /// Sets whether a record needs it.
        required: bool,
    }
}

/// Adds a field to a form (source: official page, #create_custom_field). `entity` is the kind's name in paths: `contacts`, or the `entity_name` of a
/// custom module. A repetition adds a second field.
pub fn create(entity: impl Into<String>, form_id: i64, attributes: FieldAttributes) -> CreateField {
    CreateField { entity: entity.into(), form_id, attributes }
}

/// See [`create`].
#[derive(Debug, Clone)]
pub struct CreateField {
    entity: String,
    form_id: i64,
    attributes: FieldAttributes,
}

impl Request for CreateField {
    type Output = FieldDefinition;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let path = format!("settings/{}/forms/{}/fields", self.entity, self.form_id);
        RequestParts::new(Method::POST, path).may_be_missing().body(json!(self.attributes.as_map()))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single_under("field", body).map(|single| single.record)
    }
}

impl<T: Record> Request for ListForms<T> {
    type Output = Vec<Form>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        settings::<T>("forms").may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows("forms", body)
    }
}

fn settings<T: Record>(what: &str) -> RequestParts {
    let parts = RequestParts::get(format!("settings/{}/{what}", T::PLURAL));
    if T::IN_EVERY_ACCOUNT { parts } else { parts.may_be_missing() }
}
