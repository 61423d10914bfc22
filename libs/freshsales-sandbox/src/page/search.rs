//! Search: exact look-ups, which see every record at once, and then what the account's own search finds, which lags.

use std::sync::Arc;

use maud::html;

use super::layout::{self, Frame};
use super::lists;
use super::visit::Visit;
use crate::model::table::Key;
use crate::model::{Kind, Record, State};
use crate::wire::Reply;

/// Hits that are shown; more mean that the words should be narrowed.
const HITS: usize = 50;

pub(super) fn page(state: &State, visit: &Visit) -> Reply {
    let words = visit.query("q").unwrap_or_default().trim();
    let hits = find(state, words);
    let pending = state.index.pending();
    let content = html! {
        h1 { "Search" @if !words.is_empty() { " for “" (words) "”" } }
        @if pending > 0 {
            p.hint {
                (layout::grouped(pending)) " writes have not reached the search index yet. Full names, addresses, numbers "
                "and ids are found all the same."
            }
        }
        @if words.is_empty() { p.empty { "Type a name, an address, a phone number or an id." } }
        @else if hits.is_empty() { p.empty { "Nothing found." } }
        @for kind in Kind::SEARCHABLE {
            @let rows: Vec<Arc<Record>> = hits.iter().filter(|hit| hit.kind == kind).cloned().collect();
            @if !rows.is_empty() {
                h2 { (lists::heading(kind)) }
                (lists::table(state, kind, &rows))
            }
        }
        @if hits.len() >= HITS { p.hint { "Only the first " (HITS) " are shown." } }
    };
    Frame::new("Search", "").around(state, visit, &content)
}

fn find(state: &State, words: &str) -> Vec<Arc<Record>> {
    if words.is_empty() {
        return Vec::new();
    }
    let mut hits: Vec<Arc<Record>> = Vec::new();
    for kind in Kind::SEARCHABLE {
        let table = state.table(kind);
        let by_id = words.parse().ok().and_then(|id| table.get(id));
        let keys = [Key::Email, Key::Mobile, Key::Name, Key::ExternalId];
        let by_key = keys.into_iter().flat_map(|key| table.find(key, words)).filter_map(|id| table.get(id));
        hits.extend(by_id.into_iter().chain(by_key).cloned());
    }
    // The index may hold an older state of a record, or one that was deleted since.
    let indexed = state.index.find(words, &Kind::SEARCHABLE, HITS);
    hits.extend(indexed.iter().filter_map(|hit| state.record(hit.kind, hit.id).cloned()));
    let mut seen = std::collections::BTreeSet::new();
    hits.retain(|hit| seen.insert((hit.kind, hit.id)));
    hits.truncate(HITS);
    hits
}
