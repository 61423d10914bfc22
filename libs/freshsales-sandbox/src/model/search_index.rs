//! The asynchronous index behind `search` and `filtered_search`.
//!
//! A write is queued and becomes visible once the lag has passed on the account's clock; until then searches see the
//! record as it was. Look-ups and GETs do not go through here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::Ids;
use super::table::{UpdateOrder, nanoseconds};
use super::{Kind, Record};

/// What becomes visible to searches when its time has come.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put(Arc<Record>),
    Remove(Kind, i64),
}

/// What searches can see.
impl Change {
    /// The record that it is about.
    pub(crate) fn subject(&self) -> (Kind, i64) {
        match self {
            Self::Put(record) => (record.kind, record.id),
            Self::Remove(kind, id) => (*kind, *id),
        }
    }
}

/// The start of a term: terms that differ only later are told apart by looking at the record.
type TermStart = [u8; 16];

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SearchIndex {
    lag: SignedDuration,
    #[serde(skip)]
    queue: BTreeMap<(Timestamp, u64), Change>,
    sequence: u64,
    /// Counts what was changed of what searches see.
    #[serde(skip)]
    revision: u64,
    #[serde(skip)]
    documents: [BTreeMap<i64, Arc<Record>>; Kind::ALL.len()],
    #[serde(skip)]
    terms: [BTreeMap<TermStart, Ids>; Kind::ALL.len()],
    #[serde(skip)]
    updates: [BTreeSet<UpdateOrder>; Kind::ALL.len()],
}

impl SearchIndex {
    pub(crate) fn new(lag: SignedDuration) -> Self {
        Self { lag, ..Self::default() }
    }

    pub(crate) fn lag(&self) -> SignedDuration {
        self.lag
    }

    /// Applies to later writes; what is queued keeps its time.
    pub(crate) fn set_lag(&mut self, lag: SignedDuration) {
        self.lag = lag;
    }

    pub(crate) fn pending(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn record_written(&mut self, record: Arc<Record>, now: Timestamp) {
        if Kind::SEARCHABLE.contains(&record.kind) {
            self.enqueue(Change::Put(record), now);
        }
    }

    pub(crate) fn record_forgotten(&mut self, kind: Kind, id: i64, now: Timestamp) {
        if Kind::SEARCHABLE.contains(&kind) {
            self.enqueue(Change::Remove(kind, id), now);
        }
    }

    /// The changes that searches do not show yet, the earliest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (Timestamp, &Change)> {
        self.queue.iter().map(|((due, _), change)| (*due, change))
    }

    /// Puts back a change that had been waiting.
    pub(crate) fn wait_again(&mut self, due: Timestamp, change: Change) {
        self.sequence += 1;
        self.queue.insert((due, self.sequence), change);
    }

    /// Takes in many records that searches show at once, in less time and space than one by one.
    pub(crate) fn fill(&mut self, kind: Kind, documents: &[Arc<Record>]) {
        self.revision += 1;
        let at = kind.index();
        for document in documents {
            self.index(document);
        }
        self.updates[at].append(&mut documents.iter().map(|record| update_order(record)).collect());
        self.documents[at].append(&mut documents.iter().map(|record| (record.id, Arc::clone(record))).collect());
        self.terms[at].values_mut().for_each(Ids::shrink);
    }

    /// What searches see, out of one index into another that has nothing.
    pub(crate) fn move_documents_from(&mut self, other: &mut Self) {
        self.revision += 1;
        self.queue = std::mem::take(&mut other.queue);
        self.documents = std::mem::take(&mut other.documents);
        self.terms = std::mem::take(&mut other.terms);
        self.updates = std::mem::take(&mut other.updates);
        self.sequence = self.sequence.max(other.sequence);
    }

    fn enqueue(&mut self, change: Change, now: Timestamp) {
        let due = now.checked_add(self.lag).unwrap_or(Timestamp::MAX);
        self.sequence += 1;
        self.queue.insert((due, self.sequence), change);
    }

    /// Makes every change visible whose time has come.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        while let Some(next) = self.queue.first_entry() {
            if next.key().0 > now {
                return;
            }
            self.revision += 1;
            match next.remove() {
                Change::Put(record) => self.put(record),
                Change::Remove(kind, id) => self.remove(kind, id),
            }
        }
    }

    fn put(&mut self, record: Arc<Record>) {
        let (kind, id) = (record.kind, record.id);
        self.remove(kind, id);
        self.index(&record);
        self.updates[kind.index()].insert(update_order(&record));
        self.documents[kind.index()].insert(id, record);
    }

    fn index(&mut self, record: &Record) {
        let terms = &mut self.terms[record.kind.index()];
        for term in terms_of(record) {
            terms.entry(start_of(&term, 0)).and_modify(|ids| ids.add(record.id)).or_insert(Ids::One(record.id));
        }
    }

    fn remove(&mut self, kind: Kind, id: i64) {
        let Some(old) = self.documents[kind.index()].remove(&id) else { return };
        let terms = &mut self.terms[kind.index()];
        for term in terms_of(&old) {
            let start = start_of(&term, 0);
            if terms.get_mut(&start).is_some_and(|ids| ids.remove(id)) {
                terms.remove(&start);
            }
        }
        self.updates[kind.index()].remove(&update_order(&old));
    }

    /// Another number whenever searches see something else.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Every document of a kind, by id, deleted ones included.
    pub(crate) fn documents(&self, kind: Kind) -> impl Iterator<Item = &Arc<Record>> {
        self.documents[kind.index()].values()
    }

    /// What searches see of one record.
    pub(crate) fn document(&self, kind: Kind, id: i64) -> Option<&Arc<Record>> {
        self.documents[kind.index()].get(&id)
    }

    /// Documents with this address, whatever the letter case.
    pub(crate) fn by_email<'a>(&'a self, kind: Kind, address: &str) -> impl Iterator<Item = &'a Arc<Record>> {
        let address = address.to_lowercase();
        let ids = self.terms[kind.index()].get(&start_of(&address, 0)).map_or(&[][..], Ids::as_slice);
        let documents = ids.iter().filter_map(move |id| self.documents[kind.index()].get(id));
        documents.filter(move |record| record.emails.iter().any(|email| email.address.to_lowercase() == address))
    }

    /// Documents updated after an instant, oldest first.
    pub(crate) fn updated_after(&self, kind: Kind, after: Timestamp) -> impl Iterator<Item = &Arc<Record>> {
        self.updates[kind.index()]
            .range((nanoseconds(after), i64::MAX)..)
            .filter_map(move |(_, id)| self.documents[kind.index()].get(id))
    }

    /// Live documents every word of the query is a prefix of some term of, oldest first, at most `limit`.
    pub(crate) fn find(&self, query: &str, kinds: &[Kind], limit: usize) -> Vec<Arc<Record>> {
        let words: Vec<String> = split(query).collect();
        let Some(first) = words.first() else { return Vec::new() };
        let range = start_of(first, 0)..=start_of(first, u8::MAX);
        let mut candidates: Vec<(Kind, i64)> = Vec::new();
        for &kind in kinds {
            let ids = self.terms[kind.index()].range(range.clone()).flat_map(|(_, ids)| ids.as_slice());
            candidates.extend(ids.map(|&id| (kind, id)));
        }
        candidates.sort_unstable();
        candidates.dedup();
        let documents = candidates.iter().filter_map(|(kind, id)| self.documents[kind.index()].get(id));
        documents.filter(|record| !record.deleted && has_words(record, &words)).take(limit).cloned().collect()
    }
}

fn update_order(record: &Record) -> UpdateOrder {
    (nanoseconds(record.updated_at), record.id)
}

/// The first bytes of a term, filled up.
fn start_of(term: &str, filling: u8) -> TermStart {
    let mut start = [filling; 16];
    let length = term.len().min(start.len());
    start[..length].copy_from_slice(&term.as_bytes()[..length]);
    start
}

fn has_words(record: &Record, words: &[String]) -> bool {
    let terms = terms_of(record);
    words.iter().all(|word| terms.iter().any(|term| term.starts_with(word.as_str())))
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(str::to_lowercase)
}

/// What a record can be found by: words of its name and company, whole addresses and their parts, phone numbers.
fn terms_of(record: &Record) -> Vec<String> {
    let mut terms: Vec<String> = split(&record.display_name()).collect();
    for email in &record.emails {
        terms.push(email.address.to_lowercase());
        let (local, domain) = email.address.split_once('@').unwrap_or((&email.address, ""));
        terms.push(domain.to_lowercase());
        terms.extend(local.split(['.', '+', '-', '_']).map(str::to_lowercase));
    }
    for name in ["mobile_number", "work_number", "phone", "external_id", "website"] {
        terms.extend(record.text(name).map(str::to_lowercase));
    }
    terms.extend(record.get("company").get("name").and_then(|name| name.as_str()).into_iter().flat_map(split));
    terms.retain(|term| !term.is_empty());
    terms.sort_unstable();
    terms.dedup();
    terms
}
