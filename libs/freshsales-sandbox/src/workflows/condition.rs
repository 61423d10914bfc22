//! What must hold of a record, before and after the write, for a workflow to fire.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields;
use crate::model::{Record, State};

/// A condition on a record. The default holds always.
///
/// As JSON: `{"all": [..]}`, `{"any": [..]}`, or one test such as
/// `{"field": "deal_stage_id", "operator": "changed", "from": "New", "to": "Won"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Condition {
    /// Every one holds; of an empty list nothing is asked.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// One field passes its test.
    #[serde(untagged)]
    Field(FieldCondition),
}

/// A test of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldCondition {
    /// The field, by the name it has in simple content.
    pub field: String,
    /// What is asked of it.
    #[serde(flatten)]
    pub test: FieldTest,
}

/// What is asked of a field. Text is compared without letter case, numbers by value, and an id of a picklist also by
/// the name of its entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldTest {
    /// It has this value after the write.
    Is {
        /// The value.
        value: Value,
    },
    /// It has another value after the write.
    IsNot {
        /// The value.
        value: Value,
    },
    /// Its text holds this text.
    Contains {
        /// The part.
        value: String,
    },
    /// Its text does not hold this text.
    DoesNotContain {
        /// The part.
        value: String,
    },
    /// It has no value, an empty text or an empty list.
    IsEmpty,
    /// It has a value.
    IsNotEmpty,
    /// The write changed it; a record that is made changes every field that it fills.
    Changed {
        /// The value before, where that matters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Value>,
        /// The value after, where that matters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Value>,
    },
}

impl Default for Condition {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Condition {
    /// The field has this value.
    #[must_use]
    pub fn is(field: &str, value: impl Into<Value>) -> Self {
        Self::of(field, FieldTest::Is { value: value.into() })
    }

    /// The write changed the field, from and to whatever.
    #[must_use]
    pub fn changed(field: &str) -> Self {
        Self::of(field, FieldTest::Changed { from: None, to: None })
    }

    /// The write gave the field this value.
    #[must_use]
    pub fn changed_to(field: &str, value: impl Into<Value>) -> Self {
        Self::of(field, FieldTest::Changed { from: None, to: Some(value.into()) })
    }

    /// A test of one field.
    #[must_use]
    pub fn of(field: &str, test: FieldTest) -> Self {
        Self::Field(FieldCondition { field: field.to_owned(), test })
    }

    /// Every field it asks about.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Field(one) => vec![one.field.as_str()],
        }
    }

    /// Whether it holds of a write.
    pub(crate) fn holds(&self, write: &Write<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(write)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(write)),
            Self::Field(one) => one.test.holds(write, &one.field),
        }
    }
}

/// A record before and after a write.
#[derive(Clone, Copy)]
pub(crate) struct Write<'a> {
    pub(crate) state: &'a State,
    /// Absent where the write made the record.
    pub(crate) before: Option<&'a Record>,
    pub(crate) after: &'a Record,
}

impl Write<'_> {
    fn after(&self, field: &str) -> Seen {
        Seen::of(self.state, self.after, field)
    }

    fn before(&self, field: &str) -> Seen {
        self.before.map_or_else(Seen::default, |before| Seen::of(self.state, before, field))
    }
}

impl FieldTest {
    fn holds(&self, write: &Write<'_>, field: &str) -> bool {
        let after = write.after(field);
        match self {
            Self::Is { value } => after.is(value),
            Self::IsNot { value } => !after.is(value),
            Self::Contains { value } => after.contains(value),
            Self::DoesNotContain { value } => !after.contains(value),
            Self::IsEmpty => after.is_empty(),
            Self::IsNotEmpty => !after.is_empty(),
            Self::Changed { from, to } => {
                let before = write.before(field);
                before.value != after.value
                    && !(before.is_empty() && after.is_empty())
                    && from.as_ref().is_none_or(|from| before.is(from))
                    && to.as_ref().is_none_or(|to| after.is(to))
            }
        }
    }
}

/// A field's value, and its name where the value is an id of a picklist.
#[derive(Debug, Default)]
struct Seen {
    value: Value,
    name: Option<String>,
}

impl Seen {
    fn of(state: &State, record: &Record, field: &str) -> Self {
        let value = fields::read(state, record, field).map(|field| field.value).unwrap_or_default();
        Self { value, name: fields::entry_name(state, record, field) }
    }

    fn is(&self, wanted: &Value) -> bool {
        if is_blank(wanted) {
            return self.is_empty();
        }
        let name = self.name.as_deref().is_some_and(|name| wanted.as_str().is_some_and(|text| same_text(name, text)));
        name || same(&self.value, wanted)
    }

    fn contains(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        let texts = self.name.iter().cloned().chain([fields::text_of(&self.value)]);
        !self.is_empty() && texts.into_iter().any(|text| text.to_lowercase().contains(&part))
    }

    fn is_empty(&self) -> bool {
        is_blank(&self.value)
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn same_text(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Numbers may be sent as text and amounts are text on the wire, so digits are compared by value.
fn same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| fields::text_of(value).trim().parse::<f64>().ok();
    let (one_text, other_text) = (fields::text_of(one), fields::text_of(other));
    match (number(one), number(other)) {
        (Some(a), Some(b)) if one_text.len() < 16 && other_text.len() < 16 => (a - b).abs() < 1e-9,
        _ => same_text(&one_text, &other_text),
    }
}
