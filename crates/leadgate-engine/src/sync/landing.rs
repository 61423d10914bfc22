//! A page on its way into the copy: its rows are typed and written with the state that they lead to, on a thread that may block, while what comes next
//! is asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_core::sync::{
    CellRef, Landing, Pace, PackedRow, PageRead, Phase, RawRow, Reading, RowsPage, Schema, Taken,
};
use leadgate_warehouse::{Applied, Batch, Copy, CopyError};

use super::shaping::{ShapedRows, shaped};

/// A page, and what it takes to land it.
pub(super) struct PageLanding {
    pub(super) page: RowsPage,
    /// The reading that asked for it.
    pub(super) reading: Reading,
    /// The state of the reading as the copy has it.
    pub(super) stored: Option<String>,
    pub(super) schema: Schema,
    /// What did not fit of rows that came beside it.
    pub(super) unfit_beside: BTreeMap<String, u64>,
    /// The moment by the CRM's clock.
    pub(super) now: Timestamp,
    /// The moment by this machine's clock.
    pub(super) at: Timestamp,
    pub(super) pace: Pace,
}

/// What was written, and the state that it led to.
pub(super) struct Landed {
    pub(super) applied: Applied,
    pub(super) reading: Reading,
    pub(super) state: String,
    /// How many rows of the stream there were.
    pub(super) rows: u64,
}

impl PageLanding {
    /// The reading as it will be, as far as the page tells without its rows. Within a pass that is all that says what to ask next.
    pub(super) fn expected(&self) -> Reading {
        self.reading.took(&self.read(), self.now, &self.pace).reading
    }

    /// What the page tells without its rows.
    fn read(&self) -> PageRead {
        PageRead {
            next: self.page.next.clone(),
            total: self.page.total,
            withheld: self.page.withheld,
            rows: self.page.rows.len() as u64,
            is_unchecked: self.page.is_unchecked,
            ..PageRead::default()
        }
    }

    /// Types the rows and applies them. Blocks.
    pub(super) fn land(mut self, copy: &mut Copy) -> Result<Landed, CopyError> {
        let is_bin = matches!(self.reading.phase(), Phase::Deleted { .. });
        let ShapedRows { rows, mut unfit } =
            if is_bin { ShapedRows::default() } else { shaped(&self.schema, &self.page.rows) };
        unfit.append(&mut self.unfit_beside);
        let read = PageRead {
            younger: younger_than(&self.schema, &rows, self.reading.until()),
            fills_new_columns: fills_new_columns(&self.reading, &self.schema, &rows),
            unfit,
            ..self.read()
        };
        let taken = self.reading.took(&read, self.now, &self.pace);
        let (count, batch) = (rows.len() as u64, self.batch(&taken, rows));
        let state = batch.to_state.clone();
        Ok(Landed { applied: copy.apply(batch)?, reading: taken.reading, state, rows: count })
    }

    /// What is applied. The text of the page is not kept for it.
    fn batch(self, taken: &Taken, rows: Vec<PackedRow>) -> Batch {
        let mut batch = Batch {
            stream: self.reading.stream(),
            schema: self.schema,
            rows: Vec::new(),
            gone: Vec::new(),
            pass: None,
            sweep: None,
            from_state: self.stored,
            to_state: taken.reading.stored(),
            at: self.at,
        };
        match taken.landing {
            Landing::Rows { pass, sweep } => (batch.rows, batch.pass, batch.sweep) = (rows, pass, sweep),
            Landing::Gone => batch.gone = self.page.rows.iter().filter_map(RawRow::id).collect(),
        }
        batch
    }
}

/// Rows that were made after that moment; where rows do not say when, those that changed after it.
fn younger_than(schema: &Schema, rows: &[PackedRow], until: Option<Timestamp>) -> u64 {
    let Some(until) = until else { return 0 };
    let made = schema.position("created_at");
    let moment = |row: &PackedRow| match made.and_then(|at| row.cells.get(at)) {
        Some(CellRef::Time(moment)) => Some(moment),
        _ => row.updated_at,
    };
    rows.iter().filter(|row| moment(row).is_some_and(|moment| moment > until)).count() as u64
}

/// Whether a row that has not changed since the window has a value in a column whose old rows nobody has looked at.
fn fills_new_columns(reading: &Reading, schema: &Schema, rows: &[PackedRow]) -> bool {
    let Phase::Count { window, .. } = reading.phase() else { return false };
    let new: Vec<usize> = reading.unsampled().iter().filter_map(|name| schema.position(name)).collect();
    let is_filled =
        |row: &PackedRow| new.iter().any(|at| row.cells.get(*at).is_some_and(|cell| cell != CellRef::Blank));
    rows.iter().any(|row| row.updated_at.is_none_or(|updated| updated <= window.since) && is_filled(row))
}
