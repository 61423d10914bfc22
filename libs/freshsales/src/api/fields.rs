//! Field and form metadata: which fields a kind of record has in this account, and their choices.

use std::marker::PhantomData;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::{Record, document};
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
    }
}

document! {
    /// A form: the fields of a kind of record, in sections.
    pub struct Form {
        /// Id.
        id: i64,
        /// Internal name.
        name: String,
        /// Record it belongs to.
        field_class: String,
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
