//! The loop: passes while there is work, sleep while there is none, and an orderly end.

use std::future::Future;
use std::time::Duration;

use leadgate_store::StoreError;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::Engine;

/// The longest sleep: what another process put into the store is noticed by then.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// The shortest sleep when nothing could be claimed although something is due: it waits for an identity or for the budget.
const SHORTEST_SLEEP: Duration = Duration::from_millis(20);
/// How long to stay away from a store that fails.
const STORE_TROUBLE_SLEEP: Duration = Duration::from_secs(1);

type Calls = JoinSet<Result<usize, StoreError>>;

impl Engine {
    /// Works until `shutdown` resolves, then lets the calls that are under way end and records them.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut calls = Calls::new();
        let engine = self.clone();
        let warming = tokio::spawn(async move { engine.warm_up().await });
        let (stop, stopped) = watch::channel(false);
        let engine = self.clone();
        let told = stopped.clone();
        let notifying = tokio::spawn(async move { engine.notify(told).await });
        let engine = self.clone();
        let clearing = tokio::spawn(async move { engine.clear_the_past(stopped).await });
        tokio::pin!(shutdown);
        loop {
            let sleep = match self.start_calls(&mut calls).await {
                Ok(sleep) => sleep,
                Err(error) => self.store_trouble(&error),
            };
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = calls.join_next() => self.note_end(ended),
                () = self.shared.store.signals().work() => {}
                () = tokio::time::sleep(sleep) => {}
            }
            while let Some(ended) = calls.try_join_next() {
                self.note_end(ended);
            }
        }
        warming.abort();
        stop.send_replace(true);
        while let Some(ended) = calls.join_next().await {
            self.note_end(ended);
        }
        if let Err(error) = notifying.await {
            tracing::error!(error = %error, "the loop of deliveries panicked; the next start takes them up");
        }
        if let Err(error) = clearing.await {
            tracing::error!(error = %error, "the loop that removes the past panicked; the next start goes on with it");
        }
    }

    /// Plans, claims and starts what there are slots for. Returns how long there is nothing else to do.
    async fn start_calls(&self, calls: &mut Calls) -> Result<Duration, StoreError> {
        if self.watch_due().is_some_and(|due| due <= self.now()) && !self.is_watching() {
            let engine = self.clone();
            calls.spawn(async move { engine.watch_once().await.map(usize::from) });
        }
        let planned = self.plan_arrived().await?;
        let free = self.shared.settings.concurrency.saturating_sub(calls.len());
        if free == 0 {
            return Ok(LONGEST_SLEEP);
        }
        let claimed = self.claim(free).await?;
        let idle = planned == 0 && claimed.leased == 0;
        for pack in claimed.packs {
            let engine = self.clone();
            calls.spawn(async move { engine.work(pack).await });
        }
        if idle {
            self.count_anew().await?;
            return self.sleep_for().await;
        }
        Ok(Duration::ZERO)
    }

    async fn sleep_for(&self) -> Result<Duration, StoreError> {
        let watch_due = self.watch_due().filter(|_| !self.is_watching());
        let Some(due) = self.next_due().await?.into_iter().chain(watch_due).min() else { return Ok(LONGEST_SLEEP) };
        let wait = Duration::try_from(due.duration_since(self.now())).unwrap_or(Duration::ZERO);
        Ok(wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP))
    }

    fn store_trouble(&self, error: &StoreError) -> Duration {
        tracing::error!(error = %error, "the store failed; nothing is lost, trying again");
        STORE_TROUBLE_SLEEP
    }

    fn note_end(&self, ended: Result<Result<usize, StoreError>, tokio::task::JoinError>) {
        match ended {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                self.store_trouble(&error);
            }
            Err(error) => {
                tracing::error!(error = %error, "a call ended in a panic; its jobs are taken up again when their leases end")
            }
        }
    }
}
