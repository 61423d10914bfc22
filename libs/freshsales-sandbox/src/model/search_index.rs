//! The asynchronous index behind `search` and `filtered_search`.
//!
//! A write is queued and becomes visible once the lag has passed on the account's clock; until then searches see the
//! record as it was. Look-ups and GETs do not go through here.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Kind, Record};

#[derive(Debug)]
enum Change {
    Put(Arc<Record>),
    Remove(Kind, i64),
}

/// What searches can see.
#[derive(Debug)]
pub(crate) struct SearchIndex {
    lag: SignedDuration,
    queue: BTreeMap<(Timestamp, u64), Change>,
    sequence: u64,
    documents: [BTreeMap<i64, Arc<Record>>; Kind::ALL.len()],
    /// A set rather than lists per term: a domain is a term of every record, and must not cost a scan per write.
    terms: BTreeSet<(Box<str>, Kind, i64)>,
    emails: HashMap<(Kind, String), Vec<i64>>,
    updates: BTreeSet<(Kind, Timestamp, i64)>,
}

impl SearchIndex {
    pub(crate) fn new(lag: SignedDuration) -> Self {
        Self {
            lag,
            queue: BTreeMap::new(),
            sequence: 0,
            documents: Default::default(),
            terms: BTreeSet::new(),
            emails: HashMap::new(),
            updates: BTreeSet::new(),
        }
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
            match next.remove() {
                Change::Put(record) => self.put(record),
                Change::Remove(kind, id) => self.remove(kind, id),
            }
        }
    }

    fn put(&mut self, record: Arc<Record>) {
        let (kind, id) = (record.kind, record.id);
        self.remove(kind, id);
        for term in terms_of(&record) {
            self.terms.insert((term.into_boxed_str(), kind, id));
        }
        for email in &record.emails {
            self.emails.entry((kind, email.address.to_lowercase())).or_default().push(id);
        }
        self.updates.insert((kind, record.updated_at, id));
        self.documents[kind.index()].insert(id, record);
    }

    fn remove(&mut self, kind: Kind, id: i64) {
        let Some(old) = self.documents[kind.index()].remove(&id) else { return };
        for term in terms_of(&old) {
            self.terms.remove(&(term.into_boxed_str(), kind, id));
        }
        for email in &old.emails {
            let key = (kind, email.address.to_lowercase());
            if let Some(ids) = self.emails.get_mut(&key) {
                ids.retain(|&other| other != id);
                if ids.is_empty() {
                    self.emails.remove(&key);
                }
            }
        }
        self.updates.remove(&(kind, old.updated_at, id));
    }

    /// Every document of a kind, by id, deleted ones included.
    pub(crate) fn documents(&self, kind: Kind) -> impl Iterator<Item = &Arc<Record>> {
        self.documents[kind.index()].values()
    }

    /// Documents with this address, whatever the letter case.
    pub(crate) fn by_email<'a>(&'a self, kind: Kind, address: &str) -> impl Iterator<Item = &'a Arc<Record>> {
        let ids = self.emails.get(&(kind, address.to_lowercase())).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(move |id| self.documents[kind.index()].get(id))
    }

    /// Documents updated after an instant, oldest first.
    pub(crate) fn updated_after(&self, kind: Kind, after: Timestamp) -> impl Iterator<Item = &Arc<Record>> {
        self.updates
            .range((kind, after, i64::MAX)..=(kind, Timestamp::MAX, i64::MAX))
            .filter_map(move |(_, _, id)| self.documents[kind.index()].get(id))
    }

    /// Live documents every word of the query is a prefix of some term of, oldest first, at most `limit`.
    pub(crate) fn find(&self, query: &str, kinds: &[Kind], limit: usize) -> Vec<Arc<Record>> {
        let mut words: VecDeque<String> = split(query).collect();
        let Some(first) = words.pop_front() else { return Vec::new() };
        let mut candidates: Vec<(Kind, i64)> = self
            .terms
            .range((first.clone().into_boxed_str(), Kind::Lead, i64::MIN)..)
            .take_while(|(term, _, _)| term.starts_with(&first))
            .filter(|(_, kind, _)| kinds.contains(kind))
            .map(|&(_, kind, id)| (kind, id))
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        let documents = candidates.iter().filter_map(|(kind, id)| self.documents[kind.index()].get(id));
        documents.filter(|record| !record.deleted && has_words(record, &words)).take(limit).cloned().collect()
    }
}

fn has_words(record: &Record, words: &VecDeque<String>) -> bool {
    if words.is_empty() {
        return true;
    }
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
