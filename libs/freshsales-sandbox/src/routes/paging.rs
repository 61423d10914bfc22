//! Pages: 1-based, 25 rows by default, clamped to the account's largest page unless a switch says otherwise.

use serde_json::{Value, json};

use crate::model::State;
use crate::switches::PageAboveMaximum;
use crate::wire::Call;

const DEFAULT_ROWS: usize = 25;

/// How many rows a page has of which so many were asked.
pub(super) fn rows_of(state: &State, asked: usize) -> usize {
    let maximum = state.switches.per_page_maximum;
    match state.switches.page_above_maximum {
        PageAboveMaximum::Clamp => asked.min(maximum),
        PageAboveMaximum::Ignore if asked > maximum => DEFAULT_ROWS.min(maximum),
        PageAboveMaximum::Honour | PageAboveMaximum::Ignore => asked,
    }
}

/// One page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) rows: usize,
}

impl Page {
    /// From the query, with the body's numbers as a fallback.
    pub(super) fn of(state: &State, call: &Call, body: Option<&serde_json::Map<String, Value>>) -> Self {
        let in_body = |name: &str| body.and_then(|body| body.get(name)).and_then(crate::write::read_id);
        let positive = |name: &str| in_body(name).and_then(|number| usize::try_from(number).ok()).filter(|&n| n > 0);
        let number = |name: &str| call.number(name).or_else(|| positive(name));
        let rows = rows_of(state, number("per_page").unwrap_or(DEFAULT_ROWS));
        Self { number: number("page").unwrap_or(1), rows }
    }

    pub(super) fn skipped(self) -> usize {
        (self.number - 1).saturating_mul(self.rows)
    }

    pub(super) fn of_rows<T>(self, rows: impl Iterator<Item = T>) -> Vec<T> {
        rows.skip(self.skipped()).take(self.rows).collect()
    }

    /// `{total_pages,total}`.
    pub(super) fn meta(self, state: &State, total: usize) -> Value {
        let beyond = self.number > 1 && self.skipped() >= total;
        if beyond && state.switches.page_beyond_end_is_zero {
            return json!({"total_pages": 0, "total": 0});
        }
        json!({"total_pages": total.div_ceil(self.rows), "total": total})
    }
}
