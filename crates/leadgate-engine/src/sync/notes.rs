//! Notes that do not come beside their record: asked for record by record, if the settings say so.
//!
//! A note alone changes no record. So one that is added to a record which nobody changes otherwise comes when everything is read, and the report says so.

use std::collections::BTreeMap;

use leadgate_core::crm::CrmFailure;
use leadgate_core::sync::{Hanging, RawRow, Stream};

use super::SyncError;
use super::asking::Asked;
use super::run::{SyncRun, Turn};
use super::settings::NotesRead;
use super::shaping::{ShapedRows, shaped};
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
        let (all, whole) = (self.settings.notes == NotesRead::All, self.settings.pace.whole);
        let opened = self.copy.with(move |copy| {
            let stored = copy.state(Stream::Notes)?;
            let latest = if all { 0 } else { copy.latest_seq()? };
            let seen: BTreeMap<Stream, i64> = RECORDS.into_iter().map(|records| (records, latest)).collect();
            let resumed = Hanging::resume(stored.as_deref()).filter(|hanging| !all || hanging.goes_on_with_all(whole));
            let hanging = resumed.unwrap_or_else(|| Hanging::new(seen)).of_all(all);
            Ok(NotesOpen { hanging, stored })
        });
        opened.await
    }

    pub(super) async fn read_notes(&mut self, mut open: Box<NotesOpen>) -> Result<Turn, SyncError> {
        if open.hanging.next().is_none() {
            open.hanging = self.next_record(open.hanging.clone()).await?;
        }
        let Some(query) = open.hanging.next() else {
            open.hanging = open.hanging.ended();
            self.land_notes(&mut open, &[]).await?;
            let read = self.report.has_read(&self.holders());
            let doubts = self.doubts_of_notes();
            let report = self.report.streams.entry(Stream::Notes).or_default();
            (report.read, report.doubts) = (read, doubts);
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

    /// The streams whose records the notes are on, as far as these are asked for.
    fn holders(&self) -> Vec<Stream> {
        let people = [Stream::Leads, Stream::Contacts];
        let others = RECORDS.into_iter().filter(|records| self.settings.streams.contains(records));
        people.into_iter().chain(others.filter(|_| self.settings.notes != NotesRead::Beside)).collect()
    }

    /// What is not known of the notes.
    fn doubts_of_notes(&self) -> Vec<String> {
        let is_whole = |stream: &Stream| self.report.streams.get(stream).is_none_or(|report| report.whole);
        let are_whole = [Stream::Leads, Stream::Contacts].iter().all(is_whole);
        let late = "notes that were added to people who did not change otherwise come when everything is read";
        let late = (!are_whole).then(|| late.to_owned());
        late.into_iter().chain(["notes that were deleted stay in the copy".to_owned()]).collect()
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
        let schema = self.shaping_of(Stream::Notes).await?.schema(Stream::Notes);
        let ShapedRows { rows, unfit } = shaped(&schema, rows);
        open.hanging.note_unfit(unfit);
        self.report.streams.entry(Stream::Notes).or_default().unfit.clone_from(open.hanging.unfit());
        let state = open.hanging.stored();
        if rows.is_empty() && open.stored.as_deref() == Some(&state) {
            return Ok(());
        }
        self.land_hanging(schema, rows, Some((open.stored.clone(), state.clone()))).await?;
        open.stored = Some(state);
        Ok(())
    }
}
