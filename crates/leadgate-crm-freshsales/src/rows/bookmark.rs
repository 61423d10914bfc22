//! Where a reading of a stream is, in a form that can be stored.

use std::collections::BTreeMap;

use freshsales::ListCursor;
use leadgate_core::crm::CrmFailure;
use leadgate_core::sync::RowsQuery;
use serde::{Deserialize, Serialize};

use super::order::Falling;
use super::tally::Tally;
use super::views::Views;

/// The form of stored bookmarks; one of another form is refused rather than misread.
const FORM: u32 = 1;

/// What is done next with the list that is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Next {
    /// Its pages are read.
    #[default]
    Pages,
    /// The page behind its last one must be empty.
    Beyond {
        /// The last page.
        last: u32,
    },
    /// Rows are missing at its end: the same list from its end tells whether the key may not see them.
    End {
        /// How many rows.
        missing: u64,
        /// The number of the first of them.
        first: u64,
    },
    /// Rows are missing on a list of one page, whose ends are the same rows: its last place alone is looked at, and then, turned round, its first one.
    LastPlace {
        /// How many rows.
        missing: u64,
        /// Whether the list is turned round.
        turned: bool,
    },
    /// It came in the order of updates: the opposite order tells whether that was chance.
    Order,
}

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bookmark {
    form: u32,
    /// Stream and part that it is of.
    of: String,
    /// Which of the stream's lists, counted from 0.
    pub(super) list: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<ListCursor>,
    #[serde(default)]
    pub(super) tally: Tally,
    #[serde(default)]
    pub(super) next: Next,
    /// The largest id that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) highest: Option<i64>,
    #[serde(default)]
    pub(super) falling: Falling,
    /// The saved views that are read instead of searches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) views: Option<Views>,
    /// How many rows there are in all, by the search that views are read instead of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) searched_total: Option<u64>,
    /// Names of pipelines by id, for rows that have the id alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pipelines: Option<BTreeMap<i64, String>>,
}

impl Bookmark {
    /// Where the query says, or the beginning.
    pub(super) fn open(query: &RowsQuery) -> Result<Bookmark, CrmFailure> {
        let of = format!("{} {:?}", query.stream, query.part);
        let Some(text) = &query.from else { return Ok(Bookmark::beginning(of)) };
        let refused = |reason: String| CrmFailure::Invalid { sentences: vec![reason], fields: Vec::new() };
        let bookmark: Bookmark = serde_json::from_str(text).map_err(|_| {
            refused(format!("the place in {} cannot be read: read it from its beginning", query.stream))
        })?;
        if bookmark.form != FORM || bookmark.of != of {
            return Err(refused(format!(
                "the place is of {} in form {} and not of {of}: read it from its beginning",
                bookmark.of, bookmark.form
            )));
        }
        Ok(bookmark)
    }

    fn beginning(of: String) -> Bookmark {
        Bookmark {
            form: FORM,
            of,
            list: 0,
            cursor: None,
            tally: Tally::default(),
            next: Next::Pages,
            highest: None,
            falling: Falling::default(),
            views: None,
            searched_total: None,
            pipelines: None,
        }
    }

    /// Goes on with the next list of the stream.
    pub(super) fn turn(&mut self) {
        self.begin_list(self.list + 1);
    }

    /// Reads everything again through saved views.
    pub(super) fn use_views(&mut self) {
        self.views = Some(Views::default());
        self.begin_list(0);
    }

    fn begin_list(&mut self, list: usize) {
        self.list = list;
        (self.cursor, self.tally, self.next) = (None, Tally::default(), Next::Pages);
        (self.highest, self.falling) = (None, Falling::default());
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
