//! The loop: passes while there is work, sleep while there is none, and an orderly end: when told to, or, if so asked, when rest has come.

use std::future::Future;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::lane::Lane;
use leadgate_core::looks::{Ahead, Company};
use leadgate_store::StoreError;
use leadgate_store::duties::PLANNING;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::Engine;
use crate::patience::Patience;
use crate::rest::Rest;

/// How long to stay away from a store that fails.
const STORE_TROUBLE_SLEEP: Duration = Duration::from_secs(1);

/// How often a planner whose load is full looks whether others have worked any of it off.
const ROOM_LOOKED_FOR_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// How long calls that end are gathered: little beside the time that a call takes.
const ENDS_TOGETHER: Duration = Duration::from_millis(4);

type Calls = JoinSet<Result<usize, StoreError>>;

/// What starting calls came to.
struct Start {
    /// Something was planned, claimed or tried.
    moved: bool,
    /// How long there is nothing else to do.
    sleep: Duration,
    /// What was planned and claimed. The next round is taken for as large.
    rows: usize,
}

impl Start {
    fn moved(sleep: Duration) -> Start {
        Start { moved: true, sleep, rows: 0 }
    }
}

impl Engine {
    /// Works until `shutdown` resolves, or until rest has come where the settings ask for that; then lets the calls that are under way end and
    /// records them.
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
        // Beats go on while the calls under way end.
        let (ended, told) = watch::channel(false);
        let engine = self.clone();
        let beating = tokio::spawn(async move { engine.keep_beating(told).await });
        self.work_until(shutdown, &mut calls).await;
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
        ended.send_replace(true);
        if let Err(error) = beating.await {
            tracing::error!(error = %error, "the loop of beats panicked; others took over what this process held");
        }
        if let Err(error) = self.leave_to_others().await {
            self.store_trouble(&error);
        }
    }

    async fn work_until(&self, shutdown: impl Future<Output = ()>, calls: &mut Calls) {
        let mut rest = Rest::new(self.shared.settings.ends_at_rest, self.now());
        let (mut patience, mut was_woken, mut rows) = (Patience::default(), false, 0);
        tokio::pin!(shutdown);
        loop {
            let start = match self.start_calls(calls, rows).await {
                Ok(start) => start,
                Err(error) => Start::moved(self.store_trouble(&error)),
            };
            rows = start.rows;
            if std::mem::take(&mut was_woken) {
                patience.woken(start.moved);
            }
            if self.rests(&mut rest, start.moved || !calls.is_empty()).await {
                return;
            }
            tokio::select! {
                () = &mut shutdown => return,
                Some(ended) = calls.join_next() => {
                    self.note_end(ended);
                    patience.end();
                }
                () = self.woken(patience.pause()) => was_woken = true,
                () = tokio::time::sleep(start.sleep) => {}
            }
            while let Some(ended) = calls.try_join_next() {
                self.note_end(ended);
            }
            self.let_more_end(calls).await;
        }
    }

    /// Where a round is a dozen round trips to a database and more waits than there are slots, a round is not begun for each call that ends, but when
    /// half of the slots are free or a moment has passed.
    async fn let_more_end(&self, calls: &mut Calls) {
        if !self.is_behind() {
            return;
        }
        let half_ended = async {
            while calls.len() > self.shared.settings.concurrency / 2 {
                let Some(ended) = calls.join_next().await else { return };
                self.note_end(ended);
            }
        };
        // Whether they ended in time is all the same.
        let _ = tokio::time::timeout(ENDS_TOGETHER, half_ended).await;
    }

    /// Waits until something is announced, but no less than a pause: what is announced meanwhile is not missed.
    async fn woken(&self, pause: Duration) {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        self.shared.store.signals().work().await;
    }

    /// Whether the loop may end by itself. A delivery under way is let end before it does.
    async fn rests(&self, rest: &mut Rest, moves: bool) -> bool {
        if !rest.is_wanted() {
            return false;
        }
        if moves || self.shared.desks.are_busy() {
            rest.moved(self.now());
            return false;
        }
        match self.next_due().await {
            Ok(due) => rest.has_come(due, self.now()),
            Err(error) => {
                self.store_trouble(&error);
                false
            }
        }
    }

    /// Plans, claims and starts what there are slots for, in a round of its own, for about so many rows.
    async fn start_calls(&self, calls: &mut Calls, rows: usize) -> Result<Start, StoreError> {
        let _batch = self.begin_batch(rows).await;
        let _round = self.shared.rounds.begin().await;
        // Whatever was announced up to now, this round sees.
        let _ = self.shared.store.signals().work().now_or_never();
        if self.watch_due().is_some_and(|due| due <= self.now()) && !self.is_watching() {
            let engine = self.clone();
            calls.spawn(async move { engine.watch_once().await.map(usize::from) });
        }
        let planned = self.plan_arrived().await?;
        let free = self.shared.settings.concurrency.saturating_sub(calls.len());
        if free == 0 {
            return Ok(Start { moved: true, sleep: self.sleep(None, None), rows: planned });
        }
        let claimed = self.claim(free).await?;
        let idle = planned == 0 && claimed.leased == 0;
        for pack in claimed.packs {
            let engine = self.clone();
            calls.spawn(async move { engine.work(pack).await });
        }
        if idle {
            self.count_now_and_then().await?;
            return Ok(Start { moved: false, sleep: self.sleep_until_due(free).await?, rows: 0 });
        }
        Ok(Start { moved: true, sleep: Duration::ZERO, rows: planned + claimed.leased })
    }

    async fn sleep_until_due(&self, free: usize) -> Result<Duration, StoreError> {
        let watch_due = self.watch_due().filter(|_| !self.is_watching());
        let due = self.next_due().await?.into_iter().chain(watch_due);
        let due = due.chain(self.duty_wanted_at(PLANNING)).chain(self.room_looked_for_at()).min();
        Ok(self.sleep(due, self.may_claim_at(free, self.now())))
    }

    /// When a planner that has no room to plan looks for some: what others finish they do not announce.
    fn room_looked_for_at(&self) -> Option<Timestamp> {
        let is_full = || Lane::ALL.into_iter().any(|lane| self.room_to_plan(lane) == 0);
        let is_planner = !self.shared.settings.is_alone() && self.has_duty(PLANNING);
        (is_planner && is_full()).then(|| self.now().saturating_add(ROOM_LOOKED_FOR_EVERY).unwrap_or(Timestamp::MAX))
    }

    /// How long to sleep with something due then, which may be begun then.
    pub(crate) fn sleep(&self, due: Option<Timestamp>, may_begin: Option<Timestamp>) -> Duration {
        let company = match self.shared.settings.is_alone() {
            true => Company::Nobody,
            false if self.has_duty(PLANNING) => Company::Others,
            false => Company::OthersInDuty,
        };
        let sleep = Ahead { due, may_begin, company }.sleep(self.now());
        // Who ends at rest has to see that it has come.
        let sleep = self.shared.settings.ends_at_rest.map_or(sleep, |ahead| sleep.min(ahead));
        Duration::try_from(sleep).unwrap_or(Duration::ZERO)
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
                self.shared.hand.doubt();
            }
            Err(error) => {
                tracing::error!(error = %error, "a call ended in a panic; its jobs are taken up again");
                self.shared.hand.doubt();
            }
        }
    }
}
