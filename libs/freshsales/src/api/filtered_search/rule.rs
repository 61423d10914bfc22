//! Rules of a filtered search: a field, an operator and values of a type.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::custom_fields::CustomValue;
use crate::record::Record;

/// How a rule compares. `IsIn`, `IsAfter`, `IsBefore`, `Is`, `Contains` and `StartsWith` are seen to work; the others are offered by the CRM's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operator {
    /// One of several values, or a single one.
    IsIn,
    /// Later than a date or time.
    IsAfter,
    /// Earlier than a date or time.
    IsBefore,
    /// Exactly this value.
    Is,
    /// Has this text inside.
    Contains,
    /// Starts with this text.
    StartsWith,
    /// Anything but this value.
    IsNot,
    /// None of several values.
    IsNotIn,
    /// Has not this text inside.
    DoesNotContain,
    /// Has no value.
    IsEmpty,
    /// Has a value.
    IsNotEmpty,
    /// More than a number.
    GreaterThan,
    /// Less than a number.
    LessThan,
    /// From the first to the second of two values, both included.
    Between,
    /// Any other operator by the CRM's name.
    Other(String),
}

impl Operator {
    fn as_str(&self) -> &str {
        match self {
            Self::IsIn => "is_in",
            Self::IsAfter => "is_after",
            Self::IsBefore => "is_before",
            Self::Is => "is",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
            Self::IsNot => "is_not",
            Self::IsNotIn => "is_not_in",
            Self::DoesNotContain => "does_not_contain",
            Self::IsEmpty => "is_empty",
            Self::IsNotEmpty => "is_not_empty",
            Self::GreaterThan => "greater_than",
            Self::LessThan => "less_than",
            Self::Between => "between",
            Self::Other(name) => name,
        }
    }
}

/// A value that a rule compares with.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RuleValue {
    /// A text, or a choice of a dropdown.
    Text(String),
    /// A whole number or an id.
    Integer(i64),
    /// A number, exact.
    Number(Decimal),
    /// Yes or no.
    Flag(bool),
    /// A day.
    Date(Date),
    /// A point in time.
    Time(Timestamp),
}

impl RuleValue {
    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Integer(number) => (*number).into(),
            Self::Number(number) => number.to_string().into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Date(date) => date.to_string().into(),
            Self::Time(time) => time.to_string().into(),
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $into:expr;)*) => {$(
        impl From<$type> for RuleValue {
            fn from($value: $type) -> Self {
                $into
            }
        }
    )*};
}

from! {
    &str => |text| Self::Text(text.to_owned());
    String => |text| Self::Text(text);
    i32 => |number| Self::Integer(number.into());
    i64 => |number| Self::Integer(number);
    Decimal => |number| Self::Number(number);
    bool => |flag| Self::Flag(flag);
    Date => |date| Self::Date(date);
    Timestamp => |time| Self::Time(time);
}

/// A field of the record by the CRM's name: `city`, `updated_at`, `cf_region`; in a table of its own as `contact_email.email`.
pub fn field(name: impl Into<String>) -> Field {
    Field(name.into())
}

/// See [`field`]. Each function makes a rule of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field(String);

impl Field {
    /// It is exactly this.
    pub fn is(self, value: impl Into<RuleValue>) -> Rule {
        self.rule(Operator::Is, value.into().to_json())
    }

    /// It is anything but this.
    pub fn is_not(self, value: impl Into<RuleValue>) -> Rule {
        self.rule(Operator::IsNot, value.into().to_json())
    }

    /// It is one of these.
    pub fn is_in<V: Into<RuleValue>>(self, values: impl IntoIterator<Item = V>) -> Rule {
        self.rule(Operator::IsIn, list(values))
    }

    /// It is none of these.
    pub fn is_not_in<V: Into<RuleValue>>(self, values: impl IntoIterator<Item = V>) -> Rule {
        self.rule(Operator::IsNotIn, list(values))
    }

    /// It has this text inside.
    pub fn contains(self, text: impl Into<String>) -> Rule {
        self.rule(Operator::Contains, text.into().into())
    }

    /// It has not this text inside.
    pub fn does_not_contain(self, text: impl Into<String>) -> Rule {
        self.rule(Operator::DoesNotContain, text.into().into())
    }

    /// It starts with this text.
    pub fn starts_with(self, text: impl Into<String>) -> Rule {
        self.rule(Operator::StartsWith, text.into().into())
    }

    /// It is later than this day or time.
    pub fn is_after(self, when: impl Into<RuleValue>) -> Rule {
        self.rule(Operator::IsAfter, when.into().to_json())
    }

    /// It is earlier than this day or time.
    pub fn is_before(self, when: impl Into<RuleValue>) -> Rule {
        self.rule(Operator::IsBefore, when.into().to_json())
    }

    /// It is more than this.
    pub fn greater_than(self, number: impl Into<RuleValue>) -> Rule {
        self.rule(Operator::GreaterThan, number.into().to_json())
    }

    /// It is less than this.
    pub fn less_than(self, number: impl Into<RuleValue>) -> Rule {
        self.rule(Operator::LessThan, number.into().to_json())
    }

    /// It is from the first to the second of these, both included: numbers, days or times.
    pub fn between<V: Into<RuleValue>>(self, low: V, high: V) -> Rule {
        self.rule(Operator::Between, list([low, high]))
    }

    /// It has no value.
    pub fn is_empty(self) -> Rule {
        self.rule(Operator::IsEmpty, Value::Null)
    }

    /// It has a value.
    pub fn is_not_empty(self) -> Rule {
        self.rule(Operator::IsNotEmpty, Value::Null)
    }

    fn rule(self, operator: Operator, value: Value) -> Rule {
        Rule { attribute: self.0, operator, value }
    }
}

fn list<V: Into<RuleValue>>(values: impl IntoIterator<Item = V>) -> Value {
    values.into_iter().map(|value| value.into().to_json()).collect()
}

/// One condition. Rules are joined by "and".
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    attribute: String,
    operator: Operator,
    value: Value,
}

impl Rule {
    /// A rule of any shape. Attributes of the record go by their name (`updated_at`, `cf_region`), those in tables of their own by
    /// `{kind}_{table}.{column}`, e.g. `contact_email.email`. See [`field`] for typed rules.
    pub fn new(attribute: impl Into<String>, operator: Operator, value: impl Into<Value>) -> Self {
        Self { attribute: attribute.into(), operator, value: value.into() }
    }

    /// The record has this e-mail address. `T` must be contacts or leads.
    pub fn email<T: Record>(address: impl Into<String>) -> Self {
        Self::new(format!("{}_email.email", T::SINGULAR), Operator::IsIn, address.into())
    }

    /// The record was changed after this time.
    pub fn updated_after(time: Timestamp) -> Self {
        field("updated_at").is_after(time)
    }

    /// The record is in the recycle bin. Without this rule only records that are not are found.
    pub fn deleted() -> Self {
        field("deleted").is(1)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "attribute": self.attribute, "operator": self.operator.as_str(), "value": self.value })
    }
}

/// A value that was read of a custom field, to search for the same; several choices, an empty and an untyped value have no single value.
impl TryFrom<CustomValue> for RuleValue {
    type Error = CustomValue;

    fn try_from(value: CustomValue) -> Result<Self, CustomValue> {
        match value {
            CustomValue::Text(text) => Ok(Self::Text(text)),
            CustomValue::Number(number) => Ok(Self::Number(number)),
            CustomValue::Checkbox(flag) => Ok(Self::Flag(flag)),
            CustomValue::Date(date) => Ok(Self::Date(date)),
            CustomValue::Time(time) => Ok(Self::Time(time.timestamp())),
            CustomValue::Record(id) => Ok(Self::Integer(id)),
            other => Err(other),
        }
    }
}
