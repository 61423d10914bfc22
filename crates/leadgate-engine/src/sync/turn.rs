//! What comes of one call of a run.

use std::collections::BTreeMap;

use leadgate_core::catalog::Section;
use leadgate_core::crm::{CrmCall, CrmFailure};
use leadgate_core::lane::Lane;
use leadgate_core::sync::{PackedRow, Phase, RawRow, RowsPage, RowsQuery, Schema, Stream};
use leadgate_warehouse::Batch;

use super::SyncError;
use super::asking::Asked;
use super::landing::PageLanding;
use super::run::{StreamOpen, SyncRun, Turn};
use super::shaping::{ShapedRows, shaped};
use crate::metrics;

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

    pub(super) async fn ask(&mut self, open: &mut StreamOpen, query: RowsQuery) -> Result<Turn, SyncError> {
        let stream = query.stream;
        let asked = match open.ahead.take() {
            Some((before, asked)) if before == query => asked,
            _ => self.rows(query).await,
        };
        match asked {
            Asked::Page(page) => self.take(open, page).await?,
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
    async fn take(&mut self, open: &mut StreamOpen, page: RowsPage) -> Result<(), SyncError> {
        let unfit_beside = self.land_beside(&page.beside).await?;
        let is_whole = matches!(open.reading.phase(), Phase::Whole { .. });
        self.progress.of = page.total.filter(|_| is_whole).or(self.progress.of);
        self.report.streams.entry(open.reading.stream()).or_default().whole |= is_whole && page.next.is_none();
        let landing = PageLanding {
            page,
            reading: open.reading.clone(),
            stored: open.stored.clone(),
            schema: open.schema.clone(),
            unfit_beside,
            now: self.account_now(),
            at: self.engine.now(),
            pace: self.settings.pace,
        };
        let next = landing.expected();
        self.land(open, &next, move |copy| landing.land(copy)).await?;
        if is_whole && matches!(open.reading.phase(), Phase::Changed { .. }) {
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
            let ShapedRows { rows, unfit } = shaped(&schema, rows);
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
