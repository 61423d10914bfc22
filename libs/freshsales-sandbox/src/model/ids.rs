//! A sorted set of record ids as an index entry: most have one, a few have very many.

use std::collections::HashMap;
use std::hash::Hash;

/// At least one id, in order.
#[derive(Clone, Debug)]
pub(crate) enum Ids {
    One(i64),
    #[expect(clippy::box_collection, reason = "an entry with one id takes 16 bytes instead of 24")]
    Many(Box<Vec<i64>>),
}

impl Ids {
    pub(crate) fn as_slice(&self) -> &[i64] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    pub(crate) fn add(&mut self, id: i64) {
        match self {
            Self::One(only) if *only == id => {}
            Self::One(only) => *self = Self::Many(Box::new(vec![id.min(*only), id.max(*only)])),
            Self::Many(ids) => {
                if let Err(at) = ids.binary_search(&id) {
                    ids.insert(at, id);
                }
            }
        }
    }

    /// Says whether nothing is left.
    #[must_use]
    pub(crate) fn remove(&mut self, id: i64) -> bool {
        match self {
            Self::One(only) => *only == id,
            Self::Many(ids) => {
                if let Ok(at) = ids.binary_search(&id) {
                    ids.remove(at);
                }
                if let [only] = ids[..] {
                    *self = Self::One(only);
                }
                self.as_slice().is_empty()
            }
        }
    }

    pub(crate) fn shrink(&mut self) {
        if let Self::Many(ids) = self {
            ids.shrink_to_fit();
        }
    }

    pub(crate) fn add_to<K: Eq + Hash>(index: &mut HashMap<K, Self>, key: K, id: i64) {
        index.entry(key).and_modify(|ids| ids.add(id)).or_insert(Self::One(id));
    }

    pub(crate) fn remove_from<K: Eq + Hash>(index: &mut HashMap<K, Self>, key: &K, id: i64) {
        if index.get_mut(key).is_some_and(|ids| ids.remove(id)) {
            index.remove(key);
        }
    }
}
