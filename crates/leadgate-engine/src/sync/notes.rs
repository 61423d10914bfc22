//! Notes that do not come beside their record: asked for record by record, if the settings say so.

use std::collections::BTreeMap;

use leadgate_core::crm::CrmFailure;
use leadgate_core::sync::{Hanging, RawRow, Stream};

use super::SyncError;
use super::asking::Asked;
use super::run::{SyncRun, Turn};
use super::settings::NotesRead;
use crate::metrics;

/// Records of which nothing comes beside.
const RECORDS: [Stream; 2] = [Stream::SalesAccounts, Stream::Deals];
/// Changed rows that are looked at, at once, for one that is not gone.
const LOOKED_AT: usize = 100;

/// The notes in the middle of being read.
pub(super) struct NotesOpen {
    hanging: Hanging,
    stored: Option<String>,
}

impl SyncRun {
    pub(super) async fn open_notes(&mut self) -> Result<NotesOpen, SyncError> {
        let all = self.settings.notes == NotesRead::All;
        let opened = self.copy.with(move |copy| {
            let stored = copy.state(Stream::Notes)?;
            let latest = if all { 0 } else { copy.latest_seq()? };
            let seen: BTreeMap<Stream, i64> = RECORDS.into_iter().map(|records| (records, latest)).collect();
            let hanging = Hanging::resume(stored.as_deref()).unwrap_or_else(|| Hanging::new(seen));
            Ok(NotesOpen { hanging, stored })
        });
        opened.await
    }

    pub(super) async fn read_notes(&mut self, mut open: Box<NotesOpen>) -> Result<Turn, SyncError> {
        if open.hanging.next().is_none() {
            open.hanging = self.next_record(open.hanging.clone()).await?;
        }
        let Some(query) = open.hanging.next() else {
            self.land_notes(&mut open, &[]).await?;
            let report = self.report.streams.entry(Stream::Notes).or_default();
            report.read = true;
            metrics::synced(Stream::Notes, &report.applied);
            return Ok(Turn::Worked);
        };
        match self.rows(query).await {
            Asked::Page(page) => {
                open.hanging = open.hanging.took(page.next);
                self.land_notes(&mut open, &page.rows).await?;
            }
            // The record went between its row and its notes.
            Asked::StreamFails(CrmFailure::NotFound) => open.hanging = open.hanging.took(None),
            Asked::Wait(until) => {
                self.wait = Some(until);
                self.open_again(open);
                return Ok(Turn::Wait(until));
            }
            Asked::Restart(failure) | Asked::StreamFails(failure) => {
                self.stream_fails(Stream::Notes, &failure);
                return Ok(Turn::Worked);
            }
            Asked::RunFails(failure) => {
                self.is_cut_off = true;
                self.stream_fails(Stream::Notes, &failure);
                return Ok(Turn::Worked);
            }
        }
        self.open_again(open);
        Ok(Turn::Worked)
    }

    /// The next record whose notes are to be asked for; where there is none, all have been passed.
    async fn next_record(&self, mut hanging: Hanging) -> Result<Hanging, SyncError> {
        if self.settings.notes == NotesRead::Beside {
            return Ok(hanging);
        }
        let records = RECORDS.into_iter().filter(|records| self.settings.streams.contains(records));
        let records: Vec<Stream> = records.collect();
        let found = self.copy.with(move |copy| {
            for records in records {
                loop {
                    let rows = copy.rows_since(records, hanging.seen(records), LOOKED_AT)?;
                    let Some(last) = rows.last().map(|row| row.seq) else { break };
                    if let Some(row) = rows.into_iter().find(|row| row.deleted_at.is_none()) {
                        return Ok(hanging.begin(records, row.row.id, row.seq));
                    }
                    hanging = hanging.passed(records, last);
                }
            }
            Ok(hanging)
        });
        found.await
    }

    async fn land_notes(&mut self, open: &mut NotesOpen, rows: &[RawRow]) -> Result<(), SyncError> {
        let state = open.hanging.stored();
        if rows.is_empty() && open.stored.as_deref() == Some(&state) {
            return Ok(());
        }
        self.land_hanging(Stream::Notes, rows, Some((open.stored.clone(), state.clone()))).await?;
        open.stored = Some(state);
        Ok(())
    }
}
