//! The custom values of one record. Most records have none, and then they take no space.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Behaves as the map from `cf_` names to values that it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub(crate) struct CustomValues(#[serde(serialize_with = "as_map")] Option<Box<Map<String, Value>>>);

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

#[expect(clippy::ref_option, reason = "serde hands a reference")]
fn as_map<S: serde::Serializer>(held: &Option<Box<Map<String, Value>>>, serializer: S) -> Result<S::Ok, S::Error> {
    held.as_deref().unwrap_or(&EMPTY).serialize(serializer)
}

impl From<Map<String, Value>> for CustomValues {
    fn from(map: Map<String, Value>) -> Self {
        Self((!map.is_empty()).then(|| Box::new(map)))
    }
}

impl From<CustomValues> for Map<String, Value> {
    fn from(values: CustomValues) -> Self {
        values.0.map_or_else(Map::new, |map| *map)
    }
}

impl Deref for CustomValues {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().unwrap_or(&EMPTY)
    }
}

impl DerefMut for CustomValues {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.get_or_insert_default()
    }
}

impl<'a> IntoIterator for &'a CustomValues {
    type Item = (&'a String, &'a Value);
    type IntoIter = serde_json::map::Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
