//! What a record is, and the three macros that declare one: `record!` (has an id), `document!` (has none) and
//! `attributes!` (what a write sets).
//!
//! A declared record has typed fields for what callers decide on, and `extra` for everything else. Reading a reply and
//! writing it back loses nothing: unknown fields, `null`s and values of an unexpected shape all stay in `extra`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::merge::Merges;

/// A kind of CRM record with its own collection, e.g. contacts under `/contacts`.
pub trait Record: DeserializeOwned + Serialize + Clone + Send + Sync + Unpin + 'static {
    /// What a write of this record can set.
    type Attributes: Attributes;
    /// Envelope key of one record, e.g. `contact`; also its name in `filtered_search` and `lookup`.
    const SINGULAR: &'static str;
    /// Envelope key of several, e.g. `contacts`; mostly the path of the collection too.
    const PLURAL: &'static str;
    /// Path of the collection below `/api`, where it is another than [`PLURAL`](Self::PLURAL), e.g. `cpq/products`.
    const PATH: &'static str = Self::PLURAL;
    /// Whether accounts of both generations have this collection. Leads are missing in most Suite accounts.
    const IN_EVERY_ACCOUNT: bool;
    /// A record of which only the id is known: the answer to an update that the CRM confirmed without a body.
    fn from_id(id: i64) -> Self;
    /// The record's id.
    fn id(&self) -> i64;

    /// One field by the CRM's name, typed or not: `Some(Null)` if the CRM said null, `None` if it did not send it.
    fn field_value(&self, name: &str) -> Option<Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(mut fields)) => fields.shift_remove(name),
            _ => None,
        }
    }
}

/// A set of attributes to write: only what was set is sent.
pub trait Attributes: Clone + Send + Sync + 'static {
    /// The attributes as they go into the request body.
    fn as_map(&self) -> &Map<String, Value>;

    /// Which of them are to be merged into what the record has, on an update; `None` for kinds without tags and custom fields.
    fn merges(&self) -> Option<&Merges> {
        None
    }
}

/// Shared body of `record!` and `document!`: one JSON object split into typed fields and the rest, and put together again.
macro_rules! typed_object {
    ($name:ident, [$($id:ident)?], [$($field:ident),*]) => {
        impl $name {
            /// Splits a JSON object into typed fields and `extra`; `None` if it is no object or lacks its id.
            pub fn from_value(value: serde_json::Value) -> Option<Self> {
                let serde_json::Value::Object(mut fields) = value else { return None };
                Some(Self {
                    $($id: $crate::value::take_field(&mut fields, stringify!($id))?,)?
                    $($field: $crate::value::take_field(&mut fields, stringify!($field)),)*
                    extra: fields,
                })
            }

            /// The whole object as JSON, with nothing lost that was read.
            pub fn to_value(&self) -> serde_json::Value {
                let mut fields = serde_json::Map::new();
                $($crate::value::put_field(&mut fields, stringify!($id), Some(&self.$id));)?
                $($crate::value::put_field(&mut fields, stringify!($field), self.$field.as_ref());)*
                fields.extend(self.extra.clone());
                serde_json::Value::Object(fields)
            }

            /// One field by the CRM's name, typed or not: `Some(Null)` if the CRM said null, `None` if it did not send it.
            pub fn field(&self, name: &str) -> Option<serde_json::Value> {
                self.to_value().get(name).cloned()
            }
        }

        impl $crate::value::FieldValue for $name {
            fn read(value: &serde_json::Value) -> Option<Self> {
                Self::from_value(value.clone())
            }
            fn write(&self) -> serde_json::Value {
                self.to_value()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.to_value().serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                let expected = concat!("a ", stringify!($name), " object", $(" with a whole number as ", stringify!($id))?);
                Self::from_value(value).ok_or_else(|| serde::de::Error::custom(expected))
            }
        }
    };
}

/// Declares a record with an id. Every field is an `Option`: absent, null and unexpected values are `None`.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            /// Identifies the record within its kind and account; 10 to 11 digits, does not fit 32 bits.
            pub id: i64,
            $($(#[$about])* pub $field: Option<$type>,)*
            /// Every other field as received, and those above whose value was null or of an unexpected shape.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }
        $crate::record::typed_object!($name, [id], [$($field),*]);

        impl $name {
            /// A record of which only the id is known.
            pub fn from_id(id: i64) -> Self {
                Self { id, $($field: None,)* extra: serde_json::Map::new() }
            }
        }
    };
}

/// Declares a JSON object without an id.
macro_rules! document {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$about])* pub $field: Option<$type>,)*
            /// Every other field as received, and those above whose value was null or of an unexpected shape.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }
        $crate::record::typed_object!($name, [], [$($field),*]);
    };
}

/// Declares what a write can set: one setter per attribute, and `field` for any other.
macro_rules! attributes {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$about:meta])* $field:ident: $type:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name(serde_json::Map<String, serde_json::Value>, $crate::merge::Merges);

        impl $name {
            /// Nothing set yet.
            pub fn new() -> Self {
                Self::default()
            }

            $($crate::record::setter!($(#[$about])* $field: $type);)*

            /// Sets any attribute by the CRM's name; `Value::Null` empties it.
            #[must_use]
            pub fn field(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.0.insert(name.into(), value.into());
                self
            }
        }

        impl $crate::record::Attributes for $name {
            fn as_map(&self) -> &serde_json::Map<String, serde_json::Value> {
                &self.0
            }

            fn merges(&self) -> Option<&$crate::merge::Merges> {
                Some(&self.1)
            }
        }

        impl From<serde_json::Map<String, serde_json::Value>> for $name {
            fn from(fields: serde_json::Map<String, serde_json::Value>) -> Self {
                Self(fields, $crate::merge::Merges::default())
            }
        }
    };
}

/// One setter. Only texts are generic: a generic number would make a literal id an `i32`, which no id fits.
macro_rules! setter {
    ($(#[$about:meta])* $field:ident: String) => {
        $(#[$about])*
        #[must_use]
        pub fn $field(self, value: impl Into<String>) -> Self {
            self.field(stringify!($field), value.into())
        }
    };
    ($(#[$about:meta])* $field:ident: $type:ident) => {
        $(#[$about])*
        #[must_use]
        pub fn $field(self, value: $type) -> Self {
            self.field(stringify!($field), $crate::value::FieldValue::write(&value))
        }
    };
}

/// Adds tags and custom fields, which people, companies and deals share.
macro_rules! shared_attributes {
    ($name:ident) => {
        $crate::record::custom_field_attributes!($name);

        impl $name {
            /// Gives the record these tags. [`Client::update`](crate::Client::update) adds them to those that it has.
            #[must_use]
            pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
                self.1.add_tags(&mut self.0, tags.into_iter().map(Into::into));
                self
            }

            /// Takes these tags off the record; for [`Client::update`](crate::Client::update).
            #[must_use]
            pub fn remove_tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
                self.1.remove_tags(tags.into_iter().map(Into::into));
                self
            }

            /// Gives the record exactly these tags: those it has besides are lost.
            #[must_use]
            pub fn replace_tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
                self.1.replace_tags(&mut self.0, tags.into_iter().map(Into::into));
                self
            }
        }
    };
}

/// Adds custom fields, for kinds that have no tags.
macro_rules! custom_field_attributes {
    ($name:ident) => {
        impl $name {
            /// Sets one custom field by its key, e.g. `cf_seats`; `Value::Null` empties it. [`Client::update`](crate::Client::update) leaves the other custom
            /// fields of the record as they are.
            #[must_use]
            pub fn custom_field(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.1.set_custom_field(&mut self.0, key.into(), value.into());
                self
            }

            /// Sets several custom fields, beside those set already; a later value of the same key wins.
            #[must_use]
            pub fn custom_fields(self, fields: serde_json::Map<String, serde_json::Value>) -> Self {
                fields.into_iter().fold(self, |attributes, (key, value)| attributes.custom_field(key, value))
            }

            /// Gives the record exactly these custom fields: all others become empty.
            #[must_use]
            pub fn replace_custom_fields(mut self, fields: serde_json::Map<String, serde_json::Value>) -> Self {
                self.1.replace_custom_fields(&mut self.0, fields);
                self
            }
        }
    };
}

pub(crate) use {attributes, custom_field_attributes, document, record, setter, shared_attributes, typed_object};
