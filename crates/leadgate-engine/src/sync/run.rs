//! One run: the streams one after the other, each step by step, then the sinks.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::sync::{Counted, Phase, Reading, RowsQuery, Schema, Step, Stream};
use leadgate_warehouse::{Batch, Copy, CopyError};
use serde::Serialize;

use super::asking::{Asked, Asker};
use super::landing::Landed;
use super::lease::Lease;
use super::notes::NotesOpen;
use super::report::{Outcome, RunReport};
use super::settings::{SyncSettings, WithheldRows};
use super::shaping::NewColumns;
use super::{CopyKeeper, Shaping, SyncError, runs_of};
use crate::engine::Engine;
use crate::metrics;

/// Requests after which the ledger is kept in the store, beside the end of the run.
const KEEP_LEDGER_EVERY: u64 = 20;
/// Clocks that differ by more are told.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(1);

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Something; there is more.
    Worked,
    /// Nothing can be asked before then.
    Wait(Timestamp),
    /// The run has ended; see [`SyncRun::report`].
    Ended(Outcome),
}

/// How far a run is, for people who watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncProgress {
    /// What is being read; none between streams.
    pub stream: Option<Stream>,
    /// Rows of it that were read in this run.
    pub rows: u64,
    /// How many there are, if everything is read and the CRM has said it.
    pub of: Option<u64>,
    /// Requests of the whole run so far.
    pub requests: u64,
}

/// One run. Stepped by its owner; dropped at any moment, the next run goes on where it was.
pub struct SyncRun {
    pub(super) engine: Engine,
    pub(super) copy: CopyKeeper,
    pub(super) settings: SyncSettings,
    pub(super) report: RunReport,
    pub(super) progress: SyncProgress,
    pub(super) shaping: Option<Shaping>,
    pub(super) asker: Asker,
    /// Nothing is asked before then.
    pub(super) wait: Option<Timestamp>,
    /// Nothing can be asked any more.
    pub(super) is_cut_off: bool,
    streams: VecDeque<Stream>,
    open: Open,
    kept_at: u64,
    _lease: Lease,
}

/// What is being read.
enum Open {
    /// Nothing yet: first each sink is tried.
    Start,
    Nothing,
    Stream(Box<StreamOpen>),
    Notes(Box<NotesOpen>),
    Sinks(usize),
    Ended(Outcome),
}

/// A stream in the middle of being read.
pub(super) struct StreamOpen {
    pub(super) reading: Reading,
    /// The state of the reading as the copy has it.
    pub(super) stored: Option<String>,
    pub(super) schema: Schema,
    /// Rows that the open window has made, deleted or brought back.
    pub(super) moved: u64,
    /// How often it was begun anew because an answer could not be gone on from.
    pub(super) restarts: u8,
    /// What was asked while the rows before it were written, and what came of it.
    pub(super) ahead: Option<(RowsQuery, Asked)>,
}

impl SyncRun {
    /// Begins a run, unless another one is at work on the copy.
    ///
    /// # Errors
    /// [`SyncError::AtWork`], or if the copy or the store fails.
    pub async fn begin(engine: Engine, settings: SyncSettings) -> Result<SyncRun, SyncError> {
        let lease = Lease::take(&settings.copy)?;
        let copy = CopyKeeper::open(&settings.copy).await?;
        mark_interrupted(&copy).await?;
        let streams = settings.in_order();
        let report = RunReport::begun(engine.now(), streams.clone());
        let asker = Asker::new(engine.clone());
        let run = SyncRun {
            engine,
            copy,
            settings,
            report,
            progress: SyncProgress::default(),
            shaping: None,
            asker,
            wait: None,
            is_cut_off: false,
            streams: streams.into(),
            open: Open::Start,
            kept_at: 0,
            _lease: lease,
        };
        run.keep().await?;
        Ok(run)
    }

    /// What it has come to so far.
    pub fn report(&self) -> &RunReport {
        &self.report
    }

    /// How far it is.
    pub fn progress(&self) -> &SyncProgress {
        &self.progress
    }

    /// The copy that it reads into.
    pub fn copy(&self) -> &CopyKeeper {
        &self.copy
    }

    /// One step: one call at most, and, while its rows are written, the one after it.
    ///
    /// # Errors
    /// [`SyncError`] if the copy or the store fails. What was read is kept, and the next run goes on there.
    pub async fn step(&mut self) -> Result<Turn, SyncError> {
        if let Some(until) = self.wait.take_if(|until| *until > self.engine.now()) {
            self.wait = Some(until);
            return Ok(Turn::Wait(until));
        }
        let turn = match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Start => {
                self.try_sinks().await;
                Turn::Worked
            }
            Open::Nothing => self.open_next().await?,
            Open::Stream(open) => self.read_stream(open).await?,
            Open::Notes(open) => self.read_notes(open).await?,
            Open::Sinks(next) => self.publish_next(next).await?,
            Open::Ended(outcome) => {
                self.open = Open::Ended(outcome);
                Turn::Ended(outcome)
            }
        };
        if self.report.requests >= self.kept_at + KEEP_LEDGER_EVERY {
            self.keep_ledger().await?;
        }
        Ok(turn)
    }

    async fn open_next(&mut self) -> Result<Turn, SyncError> {
        let Some(stream) = self.streams.pop_front().filter(|_| !self.is_cut_off) else {
            // Sinks that were told of rows which a power cut then took back would never ask for them again.
            self.copy.with(Copy::settle).await?;
            self.open = Open::Sinks(0);
            return Ok(Turn::Worked);
        };
        if stream == Stream::Leads && !self.has_leads().await? {
            return Ok(Turn::Worked);
        }
        self.progress =
            SyncProgress { stream: Some(stream), requests: self.report.requests, ..SyncProgress::default() };
        self.report.streams.entry(stream).or_default();
        let open = if stream == Stream::Notes {
            Open::Notes(Box::new(self.open_notes().await?))
        } else {
            Open::Stream(Box::new(self.open_stream(stream).await?))
        };
        self.open = open;
        Ok(Turn::Worked)
    }

    async fn open_stream(&mut self, stream: Stream) -> Result<StreamOpen, SyncError> {
        let schema = self.shaping_of(stream).await?.schema(stream);
        let (stored, known) = self.copy.with(move |copy| Ok((copy.state(stream)?, copy.schema(stream)?))).await?;
        let reading = Reading::resume(stream, stored.as_deref());
        let reading = match self.note_columns(stream, known.as_ref(), &schema) {
            NewColumns::None => reading,
            NewColumns::PerhapsInAllRows(columns) => reading.widened(columns),
            NewColumns::InAllRows => reading.reshaped(self.began()),
        };
        let reading = reading.begin(self.began(), &self.settings.pace);
        let mut open = StreamOpen { reading: reading.clone(), stored, schema, moved: 0, restarts: 0, ahead: None };
        // What is read is fixed before anything is fetched.
        self.store(&mut open, reading).await?;
        Ok(open)
    }

    async fn read_stream(&mut self, mut open: Box<StreamOpen>) -> Result<Turn, SyncError> {
        let turn = match open.reading.next(self.settings.pages) {
            Step::Ask(query) => self.ask(&mut open, query).await?,
            Step::Count => self.count(&mut open).await?,
            Step::Rest if open.reading.is_current(self.began()) => {
                self.close(&open, true);
                return Ok(Turn::Worked);
            }
            Step::Rest => {
                // What was open from an earlier run has been read; now what came after it.
                let reading = open.reading.clone().begin(self.began(), &self.settings.pace);
                self.store(&mut open, reading).await?;
                Turn::Worked
            }
        };
        match self.report.streams.get(&open.reading.stream()) {
            Some(_) if !self.is_cut_off && !self.has_failed(open.reading.stream()) => self.open = Open::Stream(open),
            _ => self.close(&open, false),
        }
        Ok(turn)
    }

    /// When the run began, by the CRM's clock.
    fn began(&self) -> Timestamp {
        moved(self.report.began, self.asker.clock_ahead())
    }

    /// The moment by the CRM's clock: what it says of changes is read by that, whatever this machine's says.
    pub(super) fn account_now(&self) -> Timestamp {
        moved(self.engine.now(), self.asker.clock_ahead())
    }

    fn has_failed(&self, stream: Stream) -> bool {
        self.report.problems.iter().any(|problem| problem.of == stream.name())
    }

    fn close(&mut self, open: &StreamOpen, read: bool) {
        let stream = open.reading.stream();
        let report = self.report.streams.entry(stream).or_default();
        report.read = read;
        report.withheld = open.reading.withheld();
        report.hidden = open.reading.hidden();
        report.unfit = open.reading.unfit().clone();
        report.unchecked = open.reading.is_unchecked();
        report.doubts = doubts(&open.reading);
        metrics::synced(stream, &report.applied);
    }

    async fn count(&mut self, open: &mut StreamOpen) -> Result<Turn, SyncError> {
        let stream = open.reading.stream();
        let landed = self.copy.with(move |copy| copy.count(stream)).await?;
        let (now, pace) = (self.account_now(), self.settings.pace);
        let reading = match open.reading.counted(landed, open.moved, now, &pace) {
            Counted::Fits(reading) => reading,
            Counted::Again(reading) => {
                tracing::info!(sync.stream = stream.name(), "the counts of {stream} differ: looking again");
                reading
            }
            Counted::Short(shortfall, reading) => {
                tracing::error!(sync.stream = stream.name(), "{shortfall}");
                self.report.problem(stream.name(), shortfall.to_string());
                reading
            }
        };
        open.moved = 0;
        self.store(open, reading).await?;
        Ok(Turn::Worked)
    }

    /// Keeps a new state of a reading, without rows.
    pub(super) async fn store(&mut self, open: &mut StreamOpen, reading: Reading) -> Result<(), SyncError> {
        if open.stored.as_deref() == Some(&reading.stored()) {
            open.reading = reading;
            return Ok(());
        }
        let batch = self.batch_of(open, &reading);
        let (next, state) = (reading.clone(), batch.to_state.clone());
        let work = move |copy: &mut Copy| Ok(Landed { applied: copy.apply(batch)?, reading, state, rows: 0 });
        self.land(open, &next, work).await
    }

    /// A batch without rows.
    fn batch_of(&self, open: &StreamOpen, reading: &Reading) -> Batch {
        Batch {
            stream: reading.stream(),
            schema: open.schema.clone(),
            rows: Vec::new(),
            gone: Vec::new(),
            pass: None,
            sweep: None,
            from_state: open.stored.clone(),
            to_state: reading.stored(),
            at: self.engine.now(),
        }
    }

    /// Applies a batch and goes on from its state. While a pass goes on, what comes next is asked for meanwhile: what `next`, the reading as it will be, says.
    pub(super) async fn land(
        &mut self,
        open: &mut StreamOpen,
        next: &Reading,
        work: impl FnOnce(&mut Copy) -> Result<Landed, CopyError> + Send + 'static,
    ) -> Result<(), SyncError> {
        let copy = self.copy.clone();
        let writing = copy.with(work);
        let landed = match self.next_of_pass(open, next) {
            Some(query) => {
                let (landed, asked) = tokio::join!(writing, self.rows(query.clone()));
                open.ahead = Some((query, asked));
                landed?
            }
            None => writing.await?,
        };
        let Landed { applied, reading, state, rows } = landed;
        open.stored = Some(state);
        open.moved += applied.created + applied.deleted + applied.restored;
        self.progress.rows += rows;
        self.report.streams.entry(reading.stream()).or_default().applied += applied;
        open.reading = reading;
        Ok(())
    }

    /// What a pass that was under way and goes on asks next.
    fn next_of_pass(&self, open: &StreamOpen, next: &Reading) -> Option<RowsQuery> {
        let is_read = |reading: &Reading| matches!(reading.phase(), Phase::Whole { cursor: Some(_), .. });
        match next.next(self.settings.pages) {
            Step::Ask(query) if is_read(next) && open.ahead.is_none() => Some(query),
            _ => None,
        }
    }

    /// Goes on without the sinks' being tried, or ends where there is none that can be used.
    pub(super) fn settle_sinks(&mut self, may_go_on: bool) {
        self.is_cut_off = !may_go_on;
        self.open = Open::Nothing;
    }

    pub(super) fn open_again(&mut self, open: Box<NotesOpen>) {
        self.open = Open::Notes(open);
    }

    async fn publish_next(&mut self, next: usize) -> Result<Turn, SyncError> {
        if self.publish(next).await {
            self.open = Open::Sinks(next + 1);
            return Ok(Turn::Worked);
        }
        self.end().await
    }

    async fn end(&mut self) -> Result<Turn, SyncError> {
        let accepts = self.settings.withheld == WithheldRows::Accept;
        let outcome = match () {
            () if !self.report.problems.is_empty() => Outcome::Failed,
            () if self.report.unfit() > 0 => Outcome::Incomplete,
            () if !accepts && (self.report.withheld() > 0 || !self.report.unchecked().is_empty()) => {
                Outcome::Incomplete
            }
            () => Outcome::Complete,
        };
        self.tell_clocks();
        self.report.ended = Some(self.engine.now());
        self.report.outcome = Some(outcome);
        self.progress = SyncProgress { requests: self.report.requests, ..SyncProgress::default() };
        metrics::sync_ended(outcome.name());
        self.keep().await?;
        self.clear_the_past().await?;
        self.keep_ledger().await?;
        self.open = Open::Ended(outcome);
        Ok(Turn::Ended(outcome))
    }

    fn tell_clocks(&mut self) {
        let ahead = self.asker.clock_ahead();
        if ahead.abs() > CLOCKS_APART {
            let (minutes, way) = (ahead.abs().as_mins(), if ahead.is_negative() { "ahead of" } else { "behind" });
            let remark = format!(
                "this machine's clock is {minutes} min {way} the account's: what changed is read by the account's, but set it, for times of this machine are \
                 off as well"
            );
            tracing::warn!("{remark}");
            self.report.remarks.push(remark);
        }
    }

    /// Keeps what is known of the run in the copy.
    async fn keep(&self) -> Result<(), SyncError> {
        let run = self.report.kept();
        self.copy.with(move |copy| copy.put_run(&run)).await
    }

    /// Keeps the ledger, so that who comes next knows what was used.
    async fn keep_ledger(&mut self) -> Result<(), SyncError> {
        self.kept_at = self.report.requests;
        let shared = &self.engine.shared;
        Ok(shared.budget.keep(&*shared.store, self.engine.now()).await?)
    }
}

fn moved(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_add(by).unwrap_or(moment)
}

/// What a reading that came to its end leaves open, for people.
fn doubts(reading: &Reading) -> Vec<String> {
    let (stream, drift, hidden) = (reading.stream(), reading.drift(), reading.hidden());
    let mut doubts = Vec::new();
    if drift != 0 {
        let (count, than) = (drift.unsigned_abs(), if drift > 0 { "more" } else { "fewer" });
        doubts.push(format!(
            "the account counts {count} {stream} {than} than the copy has, as many as came or went while it was read: the next run looks into it"
        ));
    }
    if hidden > 0 {
        doubts.push(format!(
            "{hidden} {stream} that were there before are not shown to the key's user any more, and are not in the recycle bin: they are kept as they were"
        ));
    }
    if reading.is_unchecked() {
        doubts.push(format!("nothing that the account tells of its {stream} says whether these are all"));
    }
    doubts
}

/// A run that has no end although nobody is at work was interrupted.
async fn mark_interrupted(copy: &CopyKeeper) -> Result<(), SyncError> {
    for mut report in runs_of(copy, 1).await?.into_iter().filter(|report| report.outcome.is_none()) {
        report.outcome = Some(Outcome::Interrupted);
        let run = report.kept();
        copy.with(move |copy| copy.put_run(&run)).await?;
    }
    Ok(())
}
