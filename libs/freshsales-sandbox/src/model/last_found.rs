//! What the last filtered search found: a program that reads a long list asks for its pages one after another, and walking the index anew for each
//! would cost more than showing the rows.

use std::sync::Arc;

use super::{Kind, Record};

/// The rows of one search, good as long as the index shows the same.
#[derive(Debug, Default)]
pub(crate) struct LastFound {
    search: Option<(Kind, String)>,
    revision: u64,
    rows: Arc<Vec<Arc<Record>>>,
}

impl LastFound {
    /// The rows, if this very search was the last one and the index has not changed since.
    pub(crate) fn again(&self, kind: Kind, search: &str, revision: u64) -> Option<Arc<Vec<Arc<Record>>>> {
        let same = self.search.as_ref().is_some_and(|(of, last)| *of == kind && last == search);
        (same && self.revision == revision).then(|| Arc::clone(&self.rows))
    }

    /// Keeps the rows of a search.
    pub(crate) fn keep(&mut self, kind: Kind, search: String, revision: u64, rows: Arc<Vec<Arc<Record>>>) {
        *self = Self { search: Some((kind, search)), revision, rows };
    }
}
