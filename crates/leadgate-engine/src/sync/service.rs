//! Runs that begin by themselves: at the times of the schedule, and once after a start where a time was missed or a run was interrupted.
//!
//! Of several instances one begins what is due: it has the duty as long as it runs, and marks the time of the schedule, so that nobody runs for it again, not
//! even from a copy of its own.

use std::cmp::Reverse;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use leadgate_core::sync::Ran;
use leadgate_store::duties::SYNCING;
use tokio::sync::watch;

use super::report::{Outcome, RunReport};
use super::run::{SyncRun, Turn};
use super::settings::SyncSettings;
use super::{CopyKeeper, SyncError, runs_of};
use crate::engine::Engine;

/// The longest wait: another process may have run meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long to wait before looking whether another instance still runs; shorter than it can be away without losing the duty.
const DUTY_WAIT: Duration = Duration::from_secs(10);
/// How long to leave a copy alone that fails, or that another run has.
const TROUBLE_WAIT: Duration = Duration::from_secs(300);

/// Runs that are looked at for the last one of all streams.
const LOOKED_AT: usize = 200;

/// Begins runs when they are due.
pub struct SyncService {
    engine: Engine,
    settings: SyncSettings,
    /// Since when the schedule holds.
    since: Timestamp,
    /// The last time of the schedule that another instance has begun, as far as known.
    begun_elsewhere: Mutex<Option<Timestamp>>,
    at_work: watch::Sender<bool>,
}

/// A run is at work; it is told that it no longer is however it ends.
struct AtWork<'a>(&'a watch::Sender<bool>);

impl<'a> AtWork<'a> {
    fn begin(told: &'a watch::Sender<bool>) -> AtWork<'a> {
        told.send_replace(true);
        AtWork(told)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

/// A run that is due, or will be.
struct NextRun {
    at: Timestamp,
    /// The time of the schedule that it makes up for; none where a run is gone on with.
    planned: Option<Timestamp>,
}

/// What became of a run that was due.
enum Begun {
    Ended(RunReport),
    /// Another instance runs.
    Elsewhere,
    /// Another instance has run, or does, for that time of the schedule.
    Before,
}

impl SyncService {
    /// A service that nothing is due for before its schedule's next time, unless a time was missed.
    pub fn new(engine: Engine, settings: SyncSettings) -> SyncService {
        let since = engine.now();
        // Until it has looked, a run may be due.
        let at_work = watch::Sender::new(settings.schedule.is_some());
        SyncService { engine, settings, since, begun_elsewhere: Mutex::default(), at_work }
    }

    /// Tells whether a run is at work, or may be due already.
    pub fn at_work(&self) -> watch::Receiver<bool> {
        self.at_work.subscribe()
    }

    /// When the next run begins; none without a schedule.
    ///
    /// # Errors
    /// [`SyncError`] if the copy cannot be read.
    pub async fn due(&self) -> Result<Option<Timestamp>, SyncError> {
        Ok(self.next_run().await?.map(|next| next.at))
    }

    async fn next_run(&self) -> Result<Option<NextRun>, SyncError> {
        let Some(schedule) = &self.settings.schedule else { return Ok(None) };
        let copy = CopyKeeper::open(&self.settings.copy).await?;
        let runs = runs_of(&copy, LOOKED_AT).await?;
        let now = self.engine.now();
        if runs.first().is_some_and(is_unfinished) {
            return Ok(Some(NextRun { at: now, planned: None }));
        }
        let ran = self.ran(&runs);
        let planned = schedule.latest(ran.first().map_or(self.since, |run| run.began), now);
        Ok(schedule.due_after(&ran, self.since, now).map(|at| NextRun { at, planned }))
    }

    /// The runs of everything that is synced, here and elsewhere, the last one first.
    fn ran(&self, runs: &[RunReport]) -> Vec<Ran> {
        let all = self.settings.in_order();
        let of_all = runs.iter().filter(|run| all.iter().all(|stream| run.asked.contains(stream)));
        let here = of_all.map(|run| Ran { began: run.began, is_good: run.outcome != Some(Outcome::Failed) });
        // Where another instance has begun, it is the one that makes up for what fails.
        let elsewhere = *self.begun_elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ran: Vec<Ran> = here.chain(elsewhere.map(|began| Ran { began, is_good: true })).collect();
        ran.sort_by_key(|run| Reverse(run.began));
        ran
    }

    /// Runs when it is due, until `shutdown` resolves. A run in the middle stops after its call; the next start goes on there.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let wait = match self.next_run().await {
                Ok(None) => {
                    self.at_work.send_replace(false);
                    return;
                }
                Ok(Some(next)) if next.at <= self.engine.now() => {
                    tokio::select! {
                        () = &mut shutdown => return,
                        begun = self.begin(&next) => after_begun(begun),
                    }
                }
                Ok(Some(next)) => wait_until(next.at, self.engine.now()),
                Err(error) => after(Err(error)),
            };
            self.at_work.send_replace(false);
            tokio::select! {
                () = &mut shutdown => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Runs if a run is due and this instance's to begin. Returns what it came to.
    ///
    /// # Errors
    /// [`SyncError`] if another run is at work, or the copy or the store fails.
    pub async fn run_if_due(&self) -> Result<Option<RunReport>, SyncError> {
        match self.next_run().await?.filter(|next| next.at <= self.engine.now()) {
            Some(next) => match self.begin(&next).await? {
                Begun::Ended(report) => Ok(Some(report)),
                Begun::Elsewhere | Begun::Before => Ok(None),
            },
            None => Ok(None),
        }
    }

    async fn begin(&self, next: &NextRun) -> Result<Begun, SyncError> {
        if !self.engine.hold_duty(SYNCING).await?.is_held() {
            return Ok(Begun::Elsewhere);
        }
        if let Some(planned) = next.planned.filter(|_| !self.engine.shared.settings.is_alone())
            && !self.engine.shared.store.begin_planned(SYNCING, planned).await?
        {
            *self.begun_elsewhere.lock().unwrap_or_else(PoisonError::into_inner) = Some(planned);
            return Ok(Begun::Before);
        }
        self.run_once().await.map(Begun::Ended)
    }

    /// One run, to its end; or until another instance has taken over, which happens only where this one was paused.
    ///
    /// # Errors
    /// [`SyncError`] if another run is at work, or the copy or the store fails.
    pub async fn run_once(&self) -> Result<RunReport, SyncError> {
        let _at_work = AtWork::begin(&self.at_work);
        let mut run = SyncRun::begin(self.engine.clone(), self.settings.clone()).await?;
        loop {
            if !self.engine.hold_duty(SYNCING).await?.is_held() {
                return Err(SyncError::AtWork(self.settings.copy.display().to_string()));
            }
            match run.step().await? {
                Turn::Worked => {}
                Turn::Wait(until) => tokio::time::sleep(self.pause(until)).await,
                Turn::Ended(_) => return Ok(run.report().clone()),
            }
        }
    }

    /// How long a run waits for its next step: not so long that it loses the duty.
    fn pause(&self, until: Timestamp) -> Duration {
        let wait = wait_until(until, self.engine.now());
        if self.engine.shared.settings.is_alone() { wait } else { wait.min(DUTY_WAIT) }
    }
}

fn after_begun(begun: Result<Begun, SyncError>) -> Duration {
    match begun {
        Ok(Begun::Ended(report)) => after(Ok(report)),
        Ok(Begun::Elsewhere) => DUTY_WAIT,
        Ok(Begun::Before) => Duration::ZERO,
        Err(error) => after(Err(error)),
    }
}

fn is_unfinished(run: &RunReport) -> bool {
    matches!(run.outcome, None | Some(Outcome::Interrupted))
}

fn wait_until(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO).min(LONGEST_WAIT)
}

/// Tells how a run ended. Returns how long to wait before looking again.
fn after(ended: Result<RunReport, SyncError>) -> Duration {
    match ended {
        Ok(report) => {
            let outcome = report.outcome.map_or("?", Outcome::name);
            tracing::info!(sync.outcome = outcome, sync.requests = report.requests, "the sync ended: {outcome}");
            for problem in &report.problems {
                tracing::error!(sync.of = problem.of, "the sync of {} failed: {}", problem.of, problem.message);
            }
            Duration::ZERO
        }
        Err(SyncError::AtWork(_)) => LONGEST_WAIT,
        Err(error) => {
            tracing::error!(error = %error, "the sync cannot go on; it is tried again");
            TROUBLE_WAIT
        }
    }
}
