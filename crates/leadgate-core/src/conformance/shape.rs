//! The shape of a JSON value: keys, types and formats, and nothing of what it says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What stands in place of a key that is an id.
pub const ID_KEY: &str = "{id}";
/// What stands in place of the name of a custom field.
pub const CUSTOM_KEY: &str = "{custom}";
/// The object whose keys an account's admin has chosen.
const CUSTOM_FIELDS: &str = "custom_field";

/// What was seen of one place in a reply, over all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The types that were seen.
    pub types: BTreeSet<Type>,
    /// The keys, where an object was seen.
    pub keys: Option<BTreeMap<String, Member>>,
    /// What the items have in common, where an array with items was seen.
    pub items: Option<Box<Shape>>,
}

/// One key of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What stands under it.
    pub shape: Shape,
    /// Every object seen has it.
    pub always: bool,
}

/// The type of a value, texts by their format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// Null.
    Null,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A text of a format.
    Text(Format),
    /// An object.
    Object,
    /// An array.
    Array,
}

/// The format of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// No sign.
    Empty,
    /// `2026-06-15T14:00:00Z`, or with an offset.
    DateTime,
    /// `2026-06-15`.
    Date,
    /// Digits only.
    Integer,
    /// Digits and a point.
    Decimal,
    /// `0190…-…`.
    Uuid,
    /// Anything else.
    Plain,
}

impl Type {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Boolean => "boolean",
            Type::Number => "number",
            Type::Text(Format::Empty) => "text, empty",
            Type::Text(Format::DateTime) => "text, date and time",
            Type::Text(Format::Date) => "text, date",
            Type::Text(Format::Integer) => "text, digits",
            Type::Text(Format::Decimal) => "text, decimal number",
            Type::Text(Format::Uuid) => "text, uuid",
            Type::Text(Format::Plain) => "text",
            Type::Object => "object",
            Type::Array => "array",
        }
    }
}

impl Shape {
    /// The shape of one value.
    #[must_use]
    pub fn of(value: &Value) -> Shape {
        let mut shape = Shape { types: BTreeSet::from([type_of(value)]), ..Shape::default() };
        match value {
            Value::Object(members) => {
                let mut keys: BTreeMap<String, Member> = BTreeMap::new();
                for (key, value) in members {
                    let member = Shape::of_member(key, value);
                    let known = keys.entry(kept_key(key)).or_insert(Member { shape: Shape::default(), always: true });
                    known.shape.merge(member);
                }
                shape.keys = Some(keys);
            }
            Value::Array(items) => {
                shape.items = items.iter().map(Shape::of).reduce(Shape::merged).map(Box::new);
            }
            _ => {}
        }
        shape
    }

    /// The keys of custom fields are the admin's own words: not one of them is kept.
    fn of_member(key: &str, value: &Value) -> Shape {
        match value.as_object().filter(|_| key == CUSTOM_FIELDS) {
            Some(fields) => {
                let fields = fields.values().map(Shape::of).reduce(Shape::merged);
                let member = fields.map(|shape| (CUSTOM_KEY.to_owned(), Member { shape, always: false }));
                Shape { types: BTreeSet::from([Type::Object]), keys: Some(member.into_iter().collect()), items: None }
            }
            None => Shape::of(value),
        }
    }

    fn merged(mut self, other: Shape) -> Shape {
        self.merge(other);
        self
    }

    /// Adds what was seen in another row.
    pub fn merge(&mut self, other: Shape) {
        self.types.extend(other.types);
        self.keys = match (self.keys.take(), other.keys) {
            (Some(keys), Some(others)) => Some(merged_keys(keys, others)),
            (keys, others) => keys.or(others),
        };
        self.items = match (self.items.take(), other.items) {
            (Some(items), Some(others)) => Some(Box::new(items.merged(*others))),
            (items, others) => items.or(others),
        };
    }

    /// Every key in it, at any depth.
    pub fn all_keys<'a>(&'a self, into: &mut BTreeSet<&'a str>) {
        for (key, member) in self.keys.iter().flatten() {
            into.insert(key);
            member.shape.all_keys(into);
        }
        if let Some(items) = &self.items {
            items.all_keys(into);
        }
    }
}

fn merged_keys(mut keys: BTreeMap<String, Member>, others: BTreeMap<String, Member>) -> BTreeMap<String, Member> {
    for (key, member) in &mut keys {
        member.always &= others.contains_key(key);
    }
    for (key, other) in others {
        match keys.get_mut(&key) {
            Some(member) => {
                member.always &= other.always;
                member.shape.merge(other.shape);
            }
            None => drop(keys.insert(key, Member { always: false, ..other })),
        }
    }
    keys
}

fn kept_key(key: &str) -> String {
    if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
        ID_KEY.to_owned()
    } else if key.starts_with("cf_") {
        CUSTOM_KEY.to_owned()
    } else {
        key.to_owned()
    }
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Boolean,
        Value::Number(_) => Type::Number,
        Value::String(text) => Type::Text(format_of(text)),
        Value::Array(_) => Type::Array,
        Value::Object(_) => Type::Object,
    }
}

fn format_of(text: &str) -> Format {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if text.is_empty() {
        Format::Empty
    } else if is_number(unsigned) {
        Format::Integer
    } else if unsigned.split_once('.').is_some_and(|(whole, rest)| is_number(whole) && is_number(rest)) {
        Format::Decimal
    } else if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
        Format::Date
    } else if text.parse::<jiff::Timestamp>().is_ok() {
        Format::DateTime
    } else if text.len() == 36 && uuid::Uuid::parse_str(text).is_ok() {
        Format::Uuid
    } else {
        Format::Plain
    }
}
