//! Runs that begin by themselves: at the times of the schedule, and once after a start where a time was missed or a run was interrupted.

use std::time::Duration;

use jiff::Timestamp;
use leadgate_core::sync::Ran;

use super::report::{Outcome, RunReport};
use super::run::{SyncRun, Turn};
use super::settings::SyncSettings;
use super::{CopyKeeper, SyncError, runs_of};
use crate::engine::Engine;

/// The longest wait: another process may have run meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
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
}

impl SyncService {
    /// A service that nothing is due for before its schedule's next time, unless a time was missed.
    pub fn new(engine: Engine, settings: SyncSettings) -> SyncService {
        let since = engine.now();
        SyncService { engine, settings, since }
    }

    /// When the next run begins; none without a schedule.
    ///
    /// # Errors
    /// [`SyncError`] if the copy cannot be read.
    pub async fn due(&self) -> Result<Option<Timestamp>, SyncError> {
        let Some(schedule) = &self.settings.schedule else { return Ok(None) };
        let copy = CopyKeeper::open(&self.settings.copy).await?;
        let runs = runs_of(&copy, LOOKED_AT).await?;
        let now = self.engine.now();
        if runs.first().is_some_and(is_unfinished) {
            return Ok(Some(now));
        }
        let all = self.settings.in_order();
        let of_all = runs.iter().filter(|run| all.iter().all(|stream| run.asked.contains(stream)));
        let ran = of_all.map(|run| Ran { began: run.began, is_good: run.outcome != Some(Outcome::Failed) });
        Ok(schedule.due_after(&ran.collect::<Vec<_>>(), self.since, now))
    }

    /// Runs when it is due, until `shutdown` resolves. A run in the middle stops after its call; the next start goes on there.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let wait = match self.due().await {
                Ok(None) => return,
                Ok(Some(due)) if due <= self.engine.now() => {
                    tokio::select! {
                        () = &mut shutdown => return,
                        ended = self.run_once() => after(ended),
                    }
                }
                Ok(Some(due)) => wait_until(due, self.engine.now()),
                Err(error) => after(Err(error)),
            };
            tokio::select! {
                () = &mut shutdown => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One run, to its end.
    ///
    /// # Errors
    /// [`SyncError`] if another run is at work, or the copy or the store fails.
    pub async fn run_once(&self) -> Result<RunReport, SyncError> {
        let mut run = SyncRun::begin(self.engine.clone(), self.settings.clone()).await?;
        loop {
            match run.step().await? {
                Turn::Worked => {}
                Turn::Wait(until) => tokio::time::sleep(wait_until(until, self.engine.now())).await,
                Turn::Ended(_) => return Ok(run.report().clone()),
            }
        }
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
