//! Several engines in one process, on one store and in front of one account, as several processes on one database would be.

use std::sync::Arc;
use std::time::Duration;

use freshsales::Credentials;
use freshsales_sandbox::{Account, Clock as SandboxClock, Generation, Sandbox, SandboxConfig};
use futures::future::{join_all, try_join_all};
use jiff::{SignedDuration, Timestamp};
use leadgate_core::clock::Clock;
use leadgate_core::crm::Crm;
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use leadgate_engine::{Engine, EngineParts, EngineSettings, Rounds};
use leadgate_outbound::Courier;
use leadgate_store::Store;
use leadgate_store::model::{Dedupe, NewSubmission};
use serde_json::Value;
use uuid::Uuid;

use crate::gateway::AccountClock;
use crate::store::{Place, TestStore};

/// Engines that share everything but their memory. One that died leaves a gap.
pub struct TestInstances {
    sandbox: Sandbox,
    generation: Generation,
    store: TestStore,
    settings: EngineSettings,
    engines: Vec<Engine>,
    born: u32,
    accepted: u128,
    _folder: tempfile::TempDir,
}

impl TestInstances {
    /// So many engines in front of an account that is started as told.
    pub async fn open(count: usize, generation: Generation, settings: EngineSettings, account: SandboxConfig) -> Self {
        let start = "2026-06-15T14:00:00Z".parse().unwrap();
        let account = SandboxConfig { clock: SandboxClock::Stepped(start), ..account };
        let sandbox = Sandbox::start(account, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = TestStore::open(folder.path(), Place::Usual).await;
        let settings = EngineSettings { polls_every: Some(SignedDuration::from_secs(1)), ..settings };
        let (engines, born, accepted) = (Vec::new(), 0, 0);
        let mut opened =
            TestInstances { sandbox, generation, store, settings, engines, born, accepted, _folder: folder };
        for _ in 0..count {
            opened.start_one().await;
        }
        opened
    }

    /// Starts one more.
    pub async fn start_one(&mut self) {
        self.born += 1;
        let clock: Arc<dyn Clock> = Arc::new(AccountClock(self.account()));
        let crm_settings = FreshsalesSettings {
            credentials: Credentials::parse("sandbox-key", &self.sandbox.url(self.generation)).unwrap(),
            timeout: Duration::from_secs(30),
            remembered: None,
            network: Network::default(),
        };
        let crm: Arc<dyn Crm> = Arc::new(FreshsalesCrm::new(crm_settings, Arc::clone(&clock)));
        let outbound = Arc::new(Courier::new(&self.settings.reading.rules.destinations));
        let settings = EngineSettings {
            worker: format!("instance-{}", self.born),
            jitter_seed: Some(u64::from(self.born)),
            ..self.settings.clone()
        };
        let store = self.store.shared();
        self.engines.push(
            Engine::open(EngineParts { store, crm, outbound, clock, settings, rounds: Rounds::default() })
                .await
                .unwrap(),
        );
    }

    /// The account.
    pub fn account(&self) -> Account {
        self.sandbox.account()
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.store.store()
    }

    /// The engines that live.
    pub fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// Hands over a submission as a caller would; which instance answers the caller makes no difference.
    pub async fn accept(&mut self, route: Route, body: &Value, lane: Lane) -> SubmissionId {
        self.accepted += 1;
        let id = SubmissionId(Uuid::now_v7());
        let raw = RawSubmission::new(route, None, body.to_string().into_bytes());
        let within = SignedDuration::from_secs(60);
        let dedupe = Dedupe::Content { content: self.accepted.to_be_bytes(), within };
        self.store().accept(NewSubmission { id, raw, dedupe, lane }, self.account().now()).await.unwrap();
        id
    }

    /// Lets the first engine take the duties before the others ask: side by side, whoever is quicker would have them.
    pub async fn give_the_first_the_duties(&self) {
        self.engines[0].run_once().await.unwrap();
    }

    /// One pass of every engine, side by side. Returns whether none of them did anything.
    pub async fn pass(&self) -> bool {
        let passes = try_join_all(self.engines.iter().map(Engine::run_once)).await.unwrap();
        passes.iter().all(|pass| pass.is_idle())
    }

    /// Kills one in the middle of a pass, when the account has seen so many requests in all: nothing of it ends, and it tells nobody.
    pub async fn kill_at(&mut self, instance: usize, requests: u64) {
        let account = self.account();
        let victim = self.engines.remove(instance);
        let dying = tokio::spawn(async move { while victim.run_once().await.is_ok() {} });
        while account.request_count() < requests {
            if self.pass().await {
                self.account().advance(Duration::from_secs(1));
            }
            tokio::task::yield_now().await;
        }
        dying.abort();
        // The error is the abort.
        drop(dying.await);
    }

    /// Lets all engines work until nothing is left to do, stepping the clock from one due moment to the next.
    ///
    /// # Panics
    /// If they do not come to rest within a virtual day.
    pub async fn settle(&self) {
        let deadline = self.account().now() + SignedDuration::from_hours(24);
        loop {
            if !self.pass().await {
                continue;
            }
            let due = join_all(self.engines.iter().map(Engine::next_due)).await;
            let due = due.into_iter().filter_map(Result::unwrap).min();
            let unplanned = self.store().unplanned([1; 4]).await.unwrap();
            match due {
                Some(due) => self.advance_to(due),
                // Whoever planned is dead: its duty ends by itself.
                None if !unplanned.is_empty() => self.account().advance(Duration::from_secs(1)),
                None => return,
            }
            assert!(self.account().now() < deadline, "they do not come to rest: {:?}", self.engines[0].standing());
        }
    }

    /// Moves the clock to a moment, or by a tick if that is not ahead.
    pub fn advance_to(&self, due: Timestamp) {
        let ahead = due.duration_since(self.account().now()).max(SignedDuration::from_millis(50));
        self.account().advance(Duration::try_from(ahead).unwrap());
    }
}
