//! Values of custom fields: from Rust to JSON for a field, and back. Pure.
//!
//! Reading takes every spelling that was seen: numbers and checkboxes as text, several choices as one text joined with `;` or as a list.

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Number, Value};

use super::{CustomField, CustomFieldError, FieldType, LONGEST_LINE};
use crate::value::{FieldValue, RecordTime};

/// Between several choices (seen in the wild; none of a field's choices holds it).
const SEPARATOR: &str = ";";

/// The typed value of a custom field.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CustomValue {
    /// Nothing: empties the field.
    Empty,
    /// A text, or one choice.
    Text(String),
    /// A number, exact.
    Number(Decimal),
    /// Yes or no.
    Checkbox(bool),
    /// Several choices.
    Choices(Vec<String>),
    /// A day.
    Date(Date),
    /// A point in time.
    Time(RecordTime),
    /// The id of another record.
    Record(i64),
    /// What a field of unknown type holds.
    Json(Value),
}

impl CustomValue {
    /// The text or the choice.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number.
    pub fn as_number(&self) -> Option<Decimal> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The number, if it is whole; or the id of a record.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) if number.is_integer() => number.to_i64(),
            Self::Record(id) => Some(*id),
            _ => None,
        }
    }

    /// Whether the box is ticked.
    pub fn as_checkbox(&self) -> Option<bool> {
        if let Self::Checkbox(ticked) = self { Some(*ticked) } else { None }
    }

    /// The choices.
    pub fn as_choices(&self) -> Option<&[String]> {
        if let Self::Choices(choices) = self { Some(choices) } else { None }
    }

    /// The day.
    pub fn as_date(&self) -> Option<Date> {
        if let Self::Date(date) = self { Some(*date) } else { None }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $into:expr;)*) => {$(
        impl From<$type> for CustomValue {
            fn from($value: $type) -> Self {
                $into
            }
        }
    )*};
}

from! {
    &str => |text| Self::Text(text.to_owned());
    String => |text| Self::Text(text);
    bool => |ticked| Self::Checkbox(ticked);
    i32 => |number| Self::Number(number.into());
    i64 => |number| Self::Number(number.into());
    Decimal => |number| Self::Number(number);
    Date => |date| Self::Date(date);
    RecordTime => |time| Self::Time(time);
    Vec<String> => |choices| Self::Choices(choices);
    &[&str] => |choices| Self::Choices(choices.iter().map(|&choice| choice.to_owned()).collect());
}

impl<const N: usize> From<[&str; N]> for CustomValue {
    fn from(choices: [&str; N]) -> Self {
        choices.as_slice().into()
    }
}

impl<T: Into<CustomValue>> From<Option<T>> for CustomValue {
    /// `None` empties the field.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// The JSON of a value for a field.
pub(super) fn write(field: &CustomField, value: &CustomValue) -> Result<Value, CustomFieldError> {
    if field.field_type.is_read_only() {
        return Err(CustomFieldError::ReadOnly { field: field.to_string() });
    }
    match (&field.field_type, value) {
        (_, CustomValue::Empty) => Ok(Value::Null),
        (FieldType::Text, CustomValue::Text(text)) => line(field, text),
        (FieldType::LongText, CustomValue::Text(text)) => Ok(text.clone().into()),
        (FieldType::Number, CustomValue::Number(number)) => Ok(number_json(*number)),
        (FieldType::Checkbox, CustomValue::Checkbox(ticked)) => Ok((*ticked).into()),
        (FieldType::Dropdown, CustomValue::Text(text)) => choice(field, text).map(Value::String),
        (FieldType::MultiSelect, CustomValue::Choices(texts)) => choices(field, texts.iter().map(String::as_str)),
        (FieldType::MultiSelect, CustomValue::Text(text)) => choices(field, text.split(SEPARATOR)),
        (FieldType::Date, CustomValue::Date(date)) => Ok(date.to_string().into()),
        (FieldType::DateTime, CustomValue::Time(time)) => Ok(time.as_str().into()),
        (FieldType::Lookup, value) => value.as_integer().map(Value::from).ok_or_else(|| field.wrong_type()),
        (FieldType::Other(_), value) => Ok(untyped(value)),
        _ => Err(field.wrong_type()),
    }
}

fn line(field: &CustomField, text: &str) -> Result<Value, CustomFieldError> {
    if text.chars().count() > LONGEST_LINE {
        return Err(CustomFieldError::TooLong { field: field.to_string(), longest: LONGEST_LINE });
    }
    if text.contains(['\n', '\r']) {
        return Err(field.wrong_type());
    }
    Ok(text.into())
}

/// The choice in the CRM's own spelling; letter case and outer white space do not matter. A field that lists none takes any.
fn choice(field: &CustomField, text: &str) -> Result<String, CustomFieldError> {
    if field.choices.is_empty() {
        return Ok(text.to_owned());
    }
    let exact = field.choices.iter().find(|choice| *choice == text);
    let plain = |text: &str| text.trim().to_lowercase();
    let alike = || field.choices.iter().find(|choice| plain(choice) == plain(text));
    exact.or_else(alike).cloned().ok_or_else(|| field.not_a_choice())
}

fn choices<'a>(field: &CustomField, texts: impl Iterator<Item = &'a str>) -> Result<Value, CustomFieldError> {
    let one = |text: &str| {
        let chosen = choice(field, text)?;
        // It would be read as several.
        if chosen.contains(SEPARATOR) { Err(field.wrong_type()) } else { Ok(chosen) }
    };
    let chosen: Vec<String> =
        texts.map(str::trim).filter(|text| !text.is_empty()).map(one).collect::<Result<_, _>>()?;
    Ok(if chosen.is_empty() { Value::Null } else { chosen.join(SEPARATOR).into() })
}

/// A JSON number where that is read as the same number, else a text.
fn number_json(number: Decimal) -> Value {
    if let Some(whole) = number.to_i64().filter(|whole| Decimal::from(*whole) == number) {
        return whole.into();
    }
    let as_float = number.to_f64().and_then(Number::from_f64).map(Value::Number);
    let is_exact = |float: &Value| Decimal::read(float) == Some(number);
    as_float.filter(is_exact).unwrap_or_else(|| number.to_string().into())
}

fn untyped(value: &CustomValue) -> Value {
    match value {
        CustomValue::Empty => Value::Null,
        CustomValue::Text(text) => text.clone().into(),
        CustomValue::Number(number) => number_json(*number),
        CustomValue::Checkbox(ticked) => (*ticked).into(),
        CustomValue::Choices(texts) => texts.join(SEPARATOR).into(),
        CustomValue::Date(date) => date.to_string().into(),
        CustomValue::Time(time) => time.as_str().into(),
        CustomValue::Record(id) => (*id).into(),
        CustomValue::Json(json) => json.clone(),
    }
}

/// The typed value of a field's JSON. A choice that was taken off the list since is still read.
pub(super) fn read(field: &CustomField, json: &Value) -> Result<Option<CustomValue>, CustomFieldError> {
    if json.is_null() || json.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    let read = match &field.field_type {
        FieldType::Text | FieldType::LongText | FieldType::Dropdown => scalar_text(json).map(CustomValue::Text),
        FieldType::Number => Decimal::read(json).map(CustomValue::Number),
        FieldType::Checkbox => ticked(json).map(CustomValue::Checkbox),
        FieldType::MultiSelect => match chosen(json) {
            Some(choices) if choices.is_empty() => return Ok(None),
            choices => choices.map(CustomValue::Choices),
        },
        FieldType::Date => day(json).map(CustomValue::Date),
        FieldType::DateTime => RecordTime::read(json).map(CustomValue::Time),
        FieldType::Lookup => i64::read(json.get("id").unwrap_or(json)).map(CustomValue::Record),
        FieldType::AutoNumber | FieldType::Formula => Some(computed(json)),
        FieldType::Other(_) => Some(CustomValue::Json(json.clone())),
    };
    read.map(Some).ok_or_else(|| field.wrong_type())
}

fn scalar_text(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn ticked(json: &Value) -> Option<bool> {
    match scalar_text(json)?.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn chosen(json: &Value) -> Option<Vec<String>> {
    let texts: Vec<String> = match json {
        Value::String(text) => text.split(SEPARATOR).map(str::to_owned).collect(),
        Value::Array(items) => items.iter().map(scalar_text).collect::<Option<_>>()?,
        _ => return None,
    };
    Some(texts.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect())
}

/// A day; of a date with a time, the day in its own offset.
fn day(json: &Value) -> Option<Date> {
    let text = json.as_str()?.trim();
    text.get(..10)?.parse().ok().filter(|_| text.len() == 10 || text[10..].starts_with(['T', ' ']))
}

/// Formulas and automatic numbers are of any type.
fn computed(json: &Value) -> CustomValue {
    match json {
        Value::Number(_) => Decimal::read(json).map_or_else(|| CustomValue::Json(json.clone()), CustomValue::Number),
        Value::Bool(flag) => CustomValue::Checkbox(*flag),
        Value::String(text) => CustomValue::Text(text.clone()),
        _ => CustomValue::Json(json.clone()),
    }
}
