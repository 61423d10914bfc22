//! What comes of one call of a run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_core::catalog::Section;
use leadgate_core::crm::{CrmCall, CrmFailure};
use leadgate_core::lane::Lane;
use leadgate_core::sync::{CellRef, Landing, PackedRow, PageRead, Phase, RawRow, RowsPage, RowsQuery, Schema, Stream};
use leadgate_warehouse::Batch;

use super::SyncError;
use super::asking::Asked;
use super::run::{StreamOpen, SyncRun, Turn};
use super::shaping::{ShapedRows, shaped};
use crate::metrics;

/// What was asked before its turn, and what came of it.
pub(super) struct Ahead {
    query: RowsQuery,
    asked: Asked,
    /// The rows of the page.
    shaped: Option<ShapedRows>,
}

/// Begun anew so often, a stream fails.
const MOST_RESTARTS: u8 = 1;

impl SyncRun {
    /// Whether the account keeps leads: on others, contacts and leads are one. Asked for if nobody has asked before.
    pub(super) async fn has_leads(&mut self) -> Result<bool, SyncError> {
        let engine = self.engine.clone();
        if engine.shared.catalog.current().account().is_none() {
            let now = engine.now();
            let Ok(permit) = engine.take_permit(Lane::Sync, now).await? else { return Ok(true) };
            let call = CrmCall::ReadCatalog(Section::Account);
            let answer = engine.ask(permit, call.clone()).await;
            metrics::watched(&call, &answer.result);
            self.asker.count(answer.requests);
            self.report.requests = self.asker.requests();
            // What went wrong shows with the next call.
            let taken = engine.shared.catalog.take_in(&*engine.shared.store, &call, answer.result, now).await?;
            drop(taken);
        }
        Ok(engine.shared.catalog.current().account().is_none_or(|account| account.separate_leads))
    }

    /// Asks for pages and counts what that costs.
    pub(super) async fn rows(&mut self, query: RowsQuery) -> Asked {
        let (stream, before) = (query.stream, self.asker.requests());
        let asked = self.asker.ask(query).await;
        self.report.requests = self.asker.requests();
        self.progress.requests = self.report.requests;
        self.report.streams.entry(stream).or_default().requests += self.report.requests - before;
        asked
    }

    /// Asks for pages and types their rows before they are wanted: both while others are written.
    pub(super) async fn read_ahead(&mut self, schema: &Schema, query: RowsQuery) -> Ahead {
        let mut asked = self.rows(query.clone()).await;
        let shaped = if let Asked::Page(page) = &mut asked { Some(taken_out(schema, page)) } else { None };
        Ahead { query, asked, shaped }
    }

    pub(super) async fn ask(&mut self, open: &mut StreamOpen, query: RowsQuery) -> Result<Turn, SyncError> {
        let stream = query.stream;
        let (asked, shaped) = match open.ahead.take() {
            Some(ahead) if ahead.query == query => (ahead.asked, ahead.shaped),
            _ => (self.rows(query).await, None),
        };
        match asked {
            Asked::Page(page) => self.take(open, page, shaped).await?,
            Asked::Wait(until) => {
                self.wait = Some(until);
                return Ok(Turn::Wait(until));
            }
            Asked::Restart(failure) if open.restarts < MOST_RESTARTS => {
                tracing::warn!(
                    sync.stream = stream.name(),
                    crm.class = failure.class(),
                    "{stream} is read from the beginning: {failure}"
                );
                open.restarts += 1;
                let reading = open.reading.clone().restarted(self.account_now());
                self.store(open, reading).await?;
            }
            Asked::Restart(failure) => {
                let reading = open.reading.clone().restarted(self.account_now());
                self.store(open, reading).await?;
                self.stream_fails(stream, &failure);
            }
            Asked::StreamFails(failure) => self.stream_fails(stream, &failure),
            Asked::RunFails(failure) => {
                self.is_cut_off = true;
                self.stream_fails(stream, &failure);
            }
        }
        Ok(Turn::Worked)
    }

    pub(super) fn stream_fails(&mut self, stream: Stream, failure: &CrmFailure) {
        tracing::error!(sync.stream = stream.name(), crm.class = failure.class(), "{stream} cannot be read: {failure}");
        self.report.problem(stream.name(), failure.to_string());
    }

    /// Lands a page with the state that it leads to.
    async fn take(
        &mut self,
        open: &mut StreamOpen,
        mut page: RowsPage,
        shaped: Option<ShapedRows>,
    ) -> Result<(), SyncError> {
        let stream = open.reading.stream();
        let is_bin = matches!(open.reading.phase(), Phase::Deleted { .. });
        let ShapedRows { rows, mut unfit, of } = match shaped {
            Some(shaped) => shaped,
            None if is_bin => ShapedRows { of: page.rows.len() as u64, ..ShapedRows::default() },
            None => taken_out(&open.schema, &mut page),
        };
        unfit.extend(self.land_beside(&page.beside).await?);
        let read = PageRead {
            next: page.next,
            total: page.total,
            withheld: page.withheld,
            rows: of,
            younger: younger_than(&open.schema, &rows, open.reading.until()),
            fills_new_columns: fills_new_columns(open, &rows),
            is_unchecked: page.is_unchecked,
            unfit,
        };
        let taken = open.reading.took(&read, self.account_now(), &self.settings.pace);
        self.progress.rows += rows.len() as u64;
        let is_whole = matches!(open.reading.phase(), Phase::Whole { .. });
        self.progress.of = page.total.filter(|_| is_whole).or(self.progress.of);
        let mut batch = self.batch_of(open, &taken.reading);
        match taken.landing {
            Landing::Rows { pass, sweep } => {
                (batch.rows, batch.pass, batch.sweep) = (rows, pass, sweep);
            }
            Landing::Gone => batch.gone = page.rows.iter().filter_map(RawRow::id).collect(),
        }
        self.report.streams.entry(stream).or_default().whole |= is_whole && read.next.is_none();
        let begins_window = is_whole && matches!(taken.reading.phase(), Phase::Changed { .. });
        self.land(open, batch, taken.reading).await?;
        if begins_window {
            open.moved = 0;
        }
        Ok(())
    }

    /// Lands rows of other streams that came beside those that were asked for, whether these are wanted or not: later they would not come again.
    /// Returns what of them did not fit, by `stream.column`.
    async fn land_beside(&mut self, beside: &[(Stream, RawRow)]) -> Result<BTreeMap<String, u64>, SyncError> {
        let mut all_unfit = BTreeMap::new();
        for stream in [Stream::Notes] {
            let rows: Vec<&RawRow> = beside.iter().filter(|(of, _)| *of == stream).map(|(_, row)| row).collect();
            if rows.is_empty() {
                // Its columns may not be known yet.
                continue;
            }
            let schema = self.shaping_of(stream).await?.schema(stream);
            let ShapedRows { rows, unfit, .. } = shaped(&schema, rows);
            if !rows.is_empty() {
                self.land_hanging(schema, rows, None).await?;
            }
            all_unfit.extend(unfit.into_iter().map(|(column, cells)| (format!("{stream}.{column}"), cells)));
        }
        Ok(all_unfit)
    }

    /// Lands rows that hang on records, with the state that they lead to, or without one.
    pub(super) async fn land_hanging(
        &mut self,
        schema: Schema,
        rows: Vec<PackedRow>,
        state: Option<(Option<String>, String)>,
    ) -> Result<(), SyncError> {
        let (stream, at) = (schema.stream, self.engine.now());
        let applied = self.copy.with(move |copy| {
            let (from_state, to_state) = match state {
                Some(states) => states,
                None => {
                    let stored = copy.state(stream)?;
                    (stored.clone(), stored.unwrap_or_default())
                }
            };
            let (gone, pass, sweep) = (Vec::new(), None, None);
            copy.apply(Batch { stream, schema, rows, gone, pass, sweep, from_state, to_state, at })
        });
        let applied = applied.await?;
        if self.settings.streams.contains(&stream) {
            self.report.streams.entry(stream).or_default().applied += applied;
        }
        Ok(())
    }
}

/// The rows of a page, typed. The page does not keep what they were made of.
fn taken_out(schema: &Schema, page: &mut RowsPage) -> ShapedRows {
    shaped(schema, &std::mem::take(&mut page.rows))
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
fn fills_new_columns(open: &StreamOpen, rows: &[PackedRow]) -> bool {
    let Phase::Count { window, .. } = open.reading.phase() else { return false };
    let new: Vec<usize> = open.reading.unsampled().iter().filter_map(|name| open.schema.position(name)).collect();
    let is_filled =
        |row: &PackedRow| new.iter().any(|at| row.cells.get(*at).is_some_and(|cell| cell != CellRef::Blank));
    rows.iter().any(|row| row.updated_at.is_none_or(|updated| updated <= window.since) && is_filled(row))
}
