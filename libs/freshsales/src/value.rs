//! Values inside records: how one JSON value becomes a typed field and goes back unchanged.
//!
//! Reading is tolerant on purpose. A CRM changes the type of a side field without notice, and a reply to a write that had
//! an effect must not fail because `lead_score` came as text. A value that does not fit gives `None` here; the record then
//! keeps the raw value under its own name in `extra`.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// A JSON value that a record field can hold.
///
/// `read` answers `None` for a shape that does not fit, and never guesses; `write` gives a value that means the same to the CRM.
pub trait FieldValue: Sized {
    /// The typed value, or `None` if the JSON has another shape.
    fn read(value: &Value) -> Option<Self>;
    /// The JSON to write back.
    fn write(&self) -> Value;
}

/// A point in time as the CRM prints it: ISO 8601 with the offset of the account, e.g. `2023-05-10T20:48:27+02:00`.
///
/// The text is kept because its offset is the only place where the API shows the time zone of the account.
/// Two values are equal if their texts are; compare [`timestamp`](Self::timestamp)s for the instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordTime {
    timestamp: Timestamp,
    text: String,
}

impl RecordTime {
    /// Reads ISO 8601 with an offset or `Z`. Text without an offset is not a point in time and gives `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let timestamp = text.trim().parse().ok()?;
        Some(Self { timestamp, text: text.to_owned() })
    }

    /// The instant.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The text as received, with its offset.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<Timestamp> for RecordTime {
    fn from(timestamp: Timestamp) -> Self {
        Self { timestamp, text: timestamp.to_string() }
    }
}

impl Serialize for RecordTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for RecordTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a date and time with an offset is expected"))
    }
}

impl FieldValue for String {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

impl FieldValue for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

/// Ids arrive as numbers or as decimal text (search hits, choices); both give the same integer, never through a float.
impl FieldValue for i64 {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
    fn write(&self) -> Value {
        Value::from(*self)
    }
}

/// Money arrives as text (`"5600.0"`) on deals and roll-ups and as a number elsewhere; it is written as text, which is exact.
impl FieldValue for Decimal {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => decimal_from_text(&number.to_string()),
            Value::String(text) => decimal_from_text(text.trim()),
            _ => None,
        }
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
}

fn decimal_from_text(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

impl FieldValue for RecordTime {
    fn read(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?)
    }
    fn write(&self) -> Value {
        Value::String(self.text.clone())
    }
}

impl FieldValue for Date {
    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        let date: Self = text.parse().ok()?;
        // A date-time also parses as a date; taking it would lose its time.
        (date.to_string() == text).then_some(date)
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// Anything but null, for fields whose shape differs between accounts.
impl FieldValue for Value {
    fn read(value: &Value) -> Option<Self> {
        (!value.is_null()).then(|| value.clone())
    }
    fn write(&self) -> Value {
        self.clone()
    }
}

impl FieldValue for Number {
    fn read(value: &Value) -> Option<Self> {
        value.as_number().cloned()
    }
    fn write(&self) -> Value {
        Value::Number(self.clone())
    }
}

impl FieldValue for Map<String, Value> {
    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
    fn write(&self) -> Value {
        Value::Object(self.clone())
    }
}

/// All items or nothing: a list with one item of another shape stays raw.
impl<T: FieldValue> FieldValue for Vec<T> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }
    fn write(&self) -> Value {
        Value::Array(self.iter().map(T::write).collect())
    }
}

/// Takes a field out of a JSON object; `null` and values of another shape stay where they are.
pub(crate) fn take_field<T: FieldValue>(fields: &mut Map<String, Value>, name: &str) -> Option<T> {
    let name = crm_name(name);
    let typed = T::read(fields.get(name)?)?;
    fields.shift_remove(name);
    Some(typed)
}

/// Puts a field into a JSON object if it has a value.
pub(crate) fn put_field<T: FieldValue>(fields: &mut Map<String, Value>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        fields.insert(crm_name(name).to_owned(), value.write());
    }
}

/// The CRM's name of a field whose name is a keyword of Rust: `r#type` is `type`.
fn crm_name(field: &str) -> &str {
    field.strip_prefix("r#").unwrap_or(field)
}
