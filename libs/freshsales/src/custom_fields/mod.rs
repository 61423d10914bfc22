//! Custom fields as what they are: numbers, choices, dates, rather than JSON.
//!
//! Cast: [`CustomFields`] is what an account added to one kind of record, read once; a [`CustomField`] has a [`FieldType`] and its choices; a [`CustomValue`] is a typed
//! value. Flow: read the schema, [`write`](CustomFields::write) values through it into a map for `custom_fields`, [`value`](CustomFields::value) reads them out of
//! records. A name or value that does not fit is refused before anything is sent, with an error that names the field and what it takes.
//!
//! ```no_run
//! use freshsales::contacts::{self, Contact, ContactAttributes};
//! use freshsales::custom_fields::CustomFields;
//!
//! # async fn run(client: freshsales::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let schema = CustomFields::<Contact>::read(&client).await?;
//! let fields = schema.write([("cf_region", "Nordics".into()), ("cf_seats", 80.into()), ("cf_interests", ["Quotes", "Forecasting"].into())])?;
//! let contact = client.update(&contacts::update(40201000001, ContactAttributes::new().custom_fields(fields))).await?.record;
//! let seats = schema.value(&contact, "cf_seats")?.and_then(|value| value.as_integer());
//! # let _ = seats;
//! # Ok(())
//! # }
//! ```

mod value;

use std::fmt;
use std::marker::PhantomData;

use serde_json::{Map, Value};

use crate::api::fields::{self, FieldDefinition};
use crate::client::Client;
use crate::error::Error;
use crate::record::Record;

pub use value::CustomValue;

/// Most characters of a one-line text (seen in the wild; longer ones are refused).
const LONGEST_LINE: usize = 255;

/// What kind of values a custom field holds, and who sets it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// One line of text, at most 255 characters.
    Text,
    /// Text of several lines.
    LongText,
    /// A number, whole or decimal.
    Number,
    /// Yes or no.
    Checkbox,
    /// One of the choices.
    Dropdown,
    /// Several of the choices.
    MultiSelect,
    /// A day.
    Date,
    /// A day with a time.
    DateTime,
    /// The id of another record.
    Lookup,
    /// Counted by the CRM; read-only.
    AutoNumber,
    /// Computed by the CRM; read-only.
    Formula,
    /// A type that this crate does not know; values go as they are.
    Other(String),
}

impl FieldType {
    /// By the CRM's name: `multi_select_dropdown`. Names of formulas, roll-ups and automatic numbers are inferred.
    pub fn parse(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "text" | "single_line" | "email" | "phone" | "url" => Self::Text,
            "textarea" | "paragraph" | "multi_line" => Self::LongText,
            "number" | "decimal" | "currency" | "percent" => Self::Number,
            "checkbox" | "boolean" => Self::Checkbox,
            "dropdown" | "radio" => Self::Dropdown,
            "multi_select_dropdown" | "multiselect" | "multi_select" => Self::MultiSelect,
            "date" => Self::Date,
            "date_time_split" | "date_time" | "datetime" => Self::DateTime,
            "lookup" | "auto_complete" => Self::Lookup,
            "auto_number" | "autonumber" => Self::AutoNumber,
            "formula" | "rollup" | "roll_up" | "rollup_summary" => Self::Formula,
            _ => Self::Other(name.to_owned()),
        }
    }

    /// Whether only the CRM sets such fields.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::AutoNumber | Self::Formula)
    }

    /// What a value must be, for people.
    fn expected(&self) -> &'static str {
        match self {
            Self::Text => "a text of one line",
            Self::LongText => "a text",
            Self::Number => "a number",
            Self::Checkbox => "yes or no (true or false)",
            Self::Dropdown => "one of its choices",
            Self::MultiSelect => "a list of its choices, none with a semicolon,",
            Self::Date => "a date (YYYY-MM-DD)",
            Self::DateTime => "a date and time with an offset",
            Self::Lookup => "the id of a record",
            Self::AutoNumber | Self::Formula => "nothing, for the CRM sets it",
            Self::Other(_) => "a value",
        }
    }
}

/// One field that the account added.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CustomField {
    /// Name in requests and records: `cf_region`.
    pub name: String,
    /// Label as shown; localised.
    pub label: String,
    /// What it holds.
    pub field_type: FieldType,
    /// What a dropdown can be set to, in order.
    pub choices: Vec<String>,
    /// Whether a record needs it.
    pub required: bool,
}

impl CustomField {
    fn of(definition: &FieldDefinition) -> Option<Self> {
        let name = definition.name.clone()?;
        let choices = definition.choices.iter().flatten().filter_map(|choice| choice.value.clone());
        Some(Self {
            label: definition.label.clone().unwrap_or_else(|| name.clone()),
            name,
            field_type: FieldType::parse(definition.r#type.as_deref().unwrap_or_default()),
            choices: choices.collect(),
            required: definition.required.unwrap_or(false),
        })
    }

    /// The JSON of a value for this field.
    ///
    /// # Errors
    /// If the value does not fit the field.
    pub fn write(&self, value: &CustomValue) -> Result<Value, CustomFieldError> {
        value::write(self, value)
    }

    /// The typed value of this field's JSON; `None` for null and an empty text.
    ///
    /// # Errors
    /// If the JSON is not what the field holds.
    pub fn read(&self, json: &Value) -> Result<Option<CustomValue>, CustomFieldError> {
        value::read(self, json)
    }

    fn wrong_type(&self) -> CustomFieldError {
        CustomFieldError::WrongType { field: self.to_string(), expected: self.field_type.expected() }
    }

    fn not_a_choice(&self) -> CustomFieldError {
        CustomFieldError::NotAChoice { field: self.to_string(), choices: self.choices.clone() }
    }
}

/// Name and label, as errors show it.
impl fmt::Display for CustomField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label == self.name {
            true => write!(formatter, "`{}`", self.name),
            false => write!(formatter, "`{}` ({})", self.name, self.label),
        }
    }
}

/// A name or value that does not fit the account's custom fields. It names the field and shows no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CustomFieldError {
    /// The kind of record has no such field.
    #[error("{record} have no custom field `{name}`: they have {}", shown(known))]
    Unknown {
        /// The kind of record, in the plural.
        record: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The value is of another type than the field.
    #[error("the value of {field} does not fit: {expected} is expected")]
    WrongType {
        /// The field.
        field: String,
        /// What it takes.
        expected: &'static str,
    },
    /// The value is none of the field's choices.
    #[error("the value of {field} is none of its choices: {}", shown(choices))]
    NotAChoice {
        /// The field.
        field: String,
        /// What it can be set to.
        choices: Vec<String>,
    },
    /// The text is longer than a line may be.
    #[error("the value of {field} is too long: at most {longest} characters")]
    TooLong {
        /// The field.
        field: String,
        /// Most characters.
        longest: usize,
    },
    /// Only the CRM sets the field.
    #[error("{field} is set by the CRM and cannot be written")]
    ReadOnly {
        /// The field.
        field: String,
    },
}

/// Most names or choices that a message lists.
const MOST_SHOWN: usize = 30;

fn shown(names: &[String]) -> String {
    let listed: Vec<&str> = names.iter().take(MOST_SHOWN).map(String::as_str).collect();
    match names.len().checked_sub(MOST_SHOWN) {
        _ if names.is_empty() => "none".to_owned(),
        Some(more) if more > 0 => format!("{} and {more} more", listed.join(", ")),
        _ => listed.join(", "),
    }
}

/// The custom fields of one kind of record, e.g. `CustomFields::<Contact>`.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomFields<T> {
    fields: Vec<CustomField>,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> CustomFields<T> {
    /// Reads the account's field metadata, one request. Keep the result: it changes only when an admin changes the fields.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn read(client: &Client) -> Result<Self, Error> {
        Ok(Self::of(&client.send(&fields::list::<T>()).await?.output))
    }

    /// The custom ones of field definitions, those inside sections of a form too. Fields of other kinds of record (a lead's company) are left out.
    pub fn of(definitions: &[FieldDefinition]) -> Self {
        let mut fields = Vec::new();
        collect(definitions, &class_name(T::SINGULAR), &mut fields);
        Self { fields, record: PhantomData }
    }

    /// All fields, in the CRM's order.
    pub fn iter(&self) -> impl Iterator<Item = &CustomField> {
        self.fields.iter()
    }

    /// A field by its name, or else by its label.
    ///
    /// # Errors
    /// [`CustomFieldError::Unknown`] with the names there are.
    pub fn field(&self, name: &str) -> Result<&CustomField, CustomFieldError> {
        let by_name = self.fields.iter().find(|field| field.name == name);
        let by_label = || self.fields.iter().find(|field| field.label == name);
        by_name.or_else(by_label).ok_or_else(|| CustomFieldError::Unknown {
            record: T::PLURAL,
            name: name.to_owned(),
            known: self.fields.iter().map(|field| field.name.clone()).collect(),
        })
    }

    /// The value that a record has in a field; `None` if it is empty, or if the record came without its custom fields (rows of a filtered search).
    ///
    /// # Errors
    /// If there is no such field, or the CRM sent something else than the field holds.
    pub fn value(&self, record: &T, name: &str) -> Result<Option<CustomValue>, CustomFieldError> {
        let field = self.field(name)?;
        let custom = record.field_value("custom_field").unwrap_or_default();
        custom.get(&field.name).map_or(Ok(None), |json| field.read(json))
    }

    /// The JSON of several values by the names of their fields, for the `custom_fields` of attributes. `CustomValue::Empty` empties a field.
    ///
    /// # Errors
    /// The first name or value that does not fit.
    pub fn write<N: AsRef<str>>(
        &self,
        values: impl IntoIterator<Item = (N, CustomValue)>,
    ) -> Result<Map<String, Value>, CustomFieldError> {
        let write = |(name, value): (N, CustomValue)| {
            let field = self.field(name.as_ref())?;
            Ok((field.name.clone(), field.write(&value)?))
        };
        values.into_iter().map(write).collect()
    }
}

fn collect(definitions: &[FieldDefinition], class: &str, found: &mut Vec<CustomField>) {
    for definition in definitions {
        let is_of_record = definition.base_model.as_deref().is_none_or(|model| model == class);
        let is_new = |name: &Option<String>| found.iter().all(|field| Some(&field.name) != name.as_ref());
        if is_of_record
            && definition.is_custom()
            && definition.fields.iter().flatten().next().is_none()
            && is_new(&definition.name)
        {
            found.extend(CustomField::of(definition));
        }
        collect(definition.fields.as_deref().unwrap_or_default(), class, found);
    }
}

/// `sales_account` as `SalesAccount`, the name of the kind in field metadata.
fn class_name(singular: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    singular.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_class_of_a_kind_is_its_name_in_capitals() {
        assert_eq!(super::class_name("sales_account"), "SalesAccount");
        assert_eq!(super::class_name("lead"), "Lead");
    }
}
