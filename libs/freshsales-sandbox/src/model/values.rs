//! The attribute values of one record, in little space: records with the same attributes share one list of their names,
//! and equal values can be shared between records.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Kind;
use super::columns::columns;

/// Names and values, position by position.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    names: Arc<[&'static str]>,
    held: Box<[Arc<Value>]>,
}

static NO_NAMES: LazyLock<Arc<[&'static str]>> = LazyLock::new(|| Arc::from([]));

impl Default for Values {
    fn default() -> Self {
        Self { names: Arc::clone(&NO_NAMES), held: Box::default() }
    }
}

impl Values {
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> &Value {
        let position = self.names.iter().position(|key| *key == name);
        position.and_then(|at| self.held.get(at)).map_or(&Value::Null, AsRef::as_ref)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.names.iter().copied().zip(self.held.iter().map(AsRef::as_ref))
    }

    /// Stores a value; null removes it.
    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        let position = self.names.iter().position(|key| *key == name);
        match (position, value.is_null()) {
            (Some(at), true) => {
                let others = self.held.iter().enumerate().filter(|(position, _)| *position != at);
                self.held = others.map(|(_, value)| Arc::clone(value)).collect();
                self.names = self.names.iter().copied().filter(|key| *key != name).collect();
            }
            (Some(at), false) => self.held[at] = Arc::new(value),
            (None, true) => {}
            (None, false) => {
                let mut held = std::mem::take(&mut self.held).into_vec();
                held.reserve_exact(1);
                held.push(Arc::new(value));
                self.held = held.into_boxed_slice();
                self.names = self.names.iter().copied().chain([name]).collect();
            }
        }
    }

    /// Uses the pool's names and values where it has equal ones, and adds the others to it.
    pub(crate) fn share(&mut self, pool: &mut Pool) {
        self.names = pool.names(&self.names);
        for value in &mut self.held {
            *value = pool.value(value);
        }
    }
}

/// Lists of names and values that many records may share. Needed only while the records are made.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    names: HashSet<Arc<[&'static str]>>,
    values: HashSet<Arc<Value>>,
}

impl Pool {
    fn names(&mut self, names: &Arc<[&'static str]>) -> Arc<[&'static str]> {
        if let Some(known) = self.names.get(names) {
            return Arc::clone(known);
        }
        self.names.insert(Arc::clone(names));
        Arc::clone(names)
    }

    /// Long texts with a digit are numbers or addresses, which hardly any two records share: the pool need not know them.
    fn value(&mut self, value: &Arc<Value>) -> Arc<Value> {
        let is_peculiar = |text: &str| text.len() > 10 && text.bytes().any(|byte| byte.is_ascii_digit());
        if value.as_str().is_some_and(is_peculiar) {
            return Arc::clone(value);
        }
        if let Some(known) = self.values.get(value) {
            return Arc::clone(known);
        }
        self.values.insert(Arc::clone(value));
        Arc::clone(value)
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.held.len()))?;
        for (name, value) in self.names.iter().zip(&self.held) {
            map.serialize_entry(name, value.as_ref())?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Values;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the attributes of a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Values, A::Error> {
                let (mut names, mut held) = (Vec::new(), Vec::new());
                while let Some((name, value)) = entries.next_entry::<String, Value>()? {
                    names.push(known_name(&name));
                    held.push(Arc::new(value));
                }
                Ok(Values { names: names.into(), held: held.into() })
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The program's own copy of an attribute name. A name that no column has is kept for the rest of the process, once.
fn known_name(name: &str) -> &'static str {
    static NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        Kind::ALL.into_iter().flat_map(|kind| columns(kind).iter().map(|column| column.name)).collect()
    });
    static OTHERS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    if let Some(known) = NAMES.get(name) {
        return known;
    }
    let mut others = OTHERS.lock().unwrap_or_else(PoisonError::into_inner);
    let others = others.get_or_insert_default();
    if let Some(known) = others.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    others.insert(kept);
    kept
}
