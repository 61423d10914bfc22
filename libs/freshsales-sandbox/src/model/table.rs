//! The records of one kind with the indexes that keep look-ups off linear scans.
//!
//! Only live records are indexed; a deleted one is found by id and by walking the recycle bin. Rows are shared with
//! the search index, so an unchanged record exists once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::ids::Ids;
use super::{Kind, Record};

/// A field that is indexed for exact look-ups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Email,
    Mobile,
    Name,
    ExternalId,
    /// A custom field, by its `cf_` name.
    Custom(String),
}

/// The records of one kind.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<i64, Arc<Record>>,
    live: BTreeSet<UpdateOrder>,
    /// The same by id, so that a page far back is found without walking to it.
    live_ids: Vec<i64>,
    binned: BTreeSet<UpdateOrder>,
    /// By a hash of key and value, because the texts themselves are in the records; a hit is checked there.
    keys: HashMap<u64, Ids>,
    links: HashMap<(Kind, i64), Ids>,
}

/// Nanoseconds of the last update, then the id.
pub(crate) type UpdateOrder = (i64, i64);

pub(crate) fn nanoseconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.as_nanosecond()).unwrap_or(if moment > Timestamp::UNIX_EPOCH { i64::MAX } else { i64::MIN })
}

fn update_order(record: &Record) -> UpdateOrder {
    (nanoseconds(record.updated_at), record.id)
}

impl Table {
    /// The row of this id, deleted or not.
    pub(crate) fn any(&self, id: i64) -> Option<&Arc<Record>> {
        self.rows.get(&id)
    }

    /// The row of this id unless it is deleted.
    pub(crate) fn get(&self, id: i64) -> Option<&Arc<Record>> {
        self.rows.get(&id).filter(|record| !record.deleted)
    }

    /// Every row that is not deleted, by id.
    pub(crate) fn live(&self) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        self.rows.values().filter(|record| !record.deleted)
    }

    /// Rows after this id, by id, deleted ones included.
    pub(crate) fn after(&self, id: i64) -> impl Iterator<Item = &Arc<Record>> {
        self.rows.range(id.saturating_add(1)..).map(|(_, record)| record)
    }

    /// Rows in the order of their last update, either those that are deleted or those that are not.
    pub(crate) fn by_update(&self, deleted: bool) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        let order = if deleted { &self.binned } else { &self.live };
        order.iter().filter_map(|(_, id)| self.rows.get(id))
    }

    /// One page of [`Self::by_update`], without reading the rows before it.
    pub(crate) fn page_by_update(&self, deleted: bool, descending: bool, skip: usize, rows: usize) -> Vec<Arc<Record>> {
        let order = if deleted { &self.binned } else { &self.live };
        let row = |(_, id): &UpdateOrder| self.rows.get(id).cloned();
        if descending {
            order.iter().rev().skip(skip).take(rows).filter_map(row).collect()
        } else {
            order.iter().skip(skip).take(rows).filter_map(row).collect()
        }
    }

    /// One page of [`Self::live`], without reading the rows before it.
    pub(crate) fn page_by_id(&self, descending: bool, skip: usize, rows: usize) -> Vec<Arc<Record>> {
        let row = |id: &i64| self.rows.get(id).cloned();
        if descending {
            self.live_ids.iter().rev().skip(skip).take(rows).filter_map(row).collect()
        } else {
            self.live_ids.iter().skip(skip).take(rows).filter_map(row).collect()
        }
    }

    /// A row that was deleted at this time or before, the oldest first.
    pub(crate) fn deleted_until(&self, limit: Timestamp) -> Option<i64> {
        self.binned.first().filter(|(deleted_at, _)| *deleted_at <= nanoseconds(limit)).map(|&(_, id)| id)
    }

    pub(crate) fn live_count(&self) -> usize {
        self.live.len()
    }

    pub(crate) fn deleted_count(&self) -> usize {
        self.binned.len()
    }

    /// Ids of the live rows with this value, oldest first; letter case does not matter.
    pub(crate) fn find(&self, key: Key, value: &str) -> Vec<i64> {
        let wanted = (key, value.to_lowercase());
        let candidates = self.keys.get(&hash(&wanted)).map_or(&[][..], Ids::as_slice).iter().copied();
        candidates.filter(|id| self.rows.get(id).is_some_and(|record| keys_of(record).contains(&wanted))).collect()
    }

    /// Every row, by id, deleted or not.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.rows.values()
    }

    /// Ids of the live rows that hang on another record, oldest first.
    pub(crate) fn linked_to(&self, kind: Kind, id: i64) -> &[i64] {
        self.links.get(&(kind, id)).map_or(&[], Ids::as_slice)
    }

    /// Stores a record in place of the row with its id.
    pub(crate) fn put(&mut self, record: Arc<Record>) {
        self.unindex(record.id);
        let order = if record.deleted { &mut self.binned } else { &mut self.live };
        order.insert(update_order(&record));
        match (self.live_ids.binary_search(&record.id), record.deleted) {
            (Ok(at), true) => drop(self.live_ids.remove(at)),
            (Err(at), false) => self.live_ids.insert(at, record.id),
            (Ok(_), false) | (Err(_), true) => {}
        }
        self.index(&record);
        self.rows.insert(record.id, record);
    }

    fn index(&mut self, record: &Record) {
        if record.deleted {
            return;
        }
        for key in keys_of(record) {
            Ids::add_to(&mut self.keys, hash(&key), record.id);
        }
        for link in record.links() {
            Ids::add_to(&mut self.links, link, record.id);
        }
    }

    /// Takes in many records whose ids it does not have, in less time and space than one by one.
    pub(crate) fn fill(&mut self, records: &[Arc<Record>]) {
        for record in records {
            self.index(record);
        }
        self.rows.append(&mut records.iter().map(|record| (record.id, Arc::clone(record))).collect());
        let order_of = |deleted| records.iter().filter(move |record| record.deleted == deleted);
        self.live_ids.extend(order_of(false).map(|record| record.id));
        self.live_ids.sort_unstable();
        self.live.append(&mut order_of(false).map(|record| update_order(record)).collect());
        self.binned.append(&mut order_of(true).map(|record| update_order(record)).collect());
        self.keys.values_mut().chain(self.links.values_mut()).for_each(Ids::shrink);
        self.keys.shrink_to_fit();
    }

    /// Removes a row for good.
    pub(crate) fn remove(&mut self, id: i64) -> Option<Arc<Record>> {
        let record = self.unindex(id)?;
        if let Ok(at) = self.live_ids.binary_search(&id) {
            self.live_ids.remove(at);
        }
        Some(record)
    }

    /// Takes a row out of everything but the list of live ids.
    fn unindex(&mut self, id: i64) -> Option<Arc<Record>> {
        let record = self.rows.remove(&id)?;
        self.live.remove(&update_order(&record));
        self.binned.remove(&update_order(&record));
        if !record.deleted {
            for key in keys_of(&record) {
                Ids::remove_from(&mut self.keys, &hash(&key), id);
            }
            for link in record.links() {
                Ids::remove_from(&mut self.links, &link, id);
            }
        }
        Some(record)
    }
}

/// What a record can be looked up by.
pub(crate) fn keys_of(record: &Record) -> Vec<(Key, String)> {
    let mut keys: Vec<_> = record.emails.iter().map(|email| (Key::Email, email.address.to_lowercase())).collect();
    keys.extend(record.text("mobile_number").map(|number| (Key::Mobile, number.to_lowercase())));
    keys.extend(record.text("external_id").map(|id| (Key::ExternalId, id.to_lowercase())));
    let custom = record.custom.iter();
    keys.extend(
        custom.filter_map(|(name, value)| Some((Key::Custom(name.clone()), custom_key(value)?.to_lowercase()))),
    );
    if Kind::SEARCHABLE.contains(&record.kind) {
        keys.push((Key::Name, record.display_name().to_lowercase()));
    }
    keys
}

/// A custom value as look-ups and uniqueness compare it.
pub(crate) fn custom_key(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The same in every process, so that nothing depends on it.
fn hash(key: &(Key, String)) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
