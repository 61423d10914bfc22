//! Several accounts in one process: each with a store, an engine and a sandbox account of its own, all in one line for their rounds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use freshsales::Credentials;
use freshsales_sandbox::{Account, Clock as SandboxClock, Generation, Sandbox, SandboxConfig};
use futures::future::join_all;
use jiff::SignedDuration;
use leadgate_core::crm::{Crm, CrmAnswer, CrmCall};
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use leadgate_engine::{Engine, EngineParts, EngineSettings, Rounds};
use leadgate_outbound::Courier;
use leadgate_store::model::{Dedupe, NewSubmission};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use crate::gateway::AccountClock;
use crate::store::{Place, TestStore};

/// The accounts.
pub struct TestCrowd {
    members: Vec<Member>,
    calls: Calls,
    _sandbox: Sandbox,
    _folder: tempfile::TempDir,
}

/// One of them.
struct Member {
    account: Account,
    store: TestStore,
    engine: Engine,
}

/// Which account each call was made for, in order.
type Calls = Arc<Mutex<Vec<usize>>>;

/// A port that notes whose call it is.
struct CountedCrm {
    inner: FreshsalesCrm,
    member: usize,
    calls: Calls,
}

#[async_trait::async_trait]
impl Crm for CountedCrm {
    async fn call(&self, call: CrmCall) -> CrmAnswer {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(self.member);
        self.inner.call(call).await
    }
}

impl TestCrowd {
    /// So many accounts whose engines work as told.
    pub async fn open(count: usize, settings: EngineSettings, rounds: Rounds) -> TestCrowd {
        let start = "2026-06-15T14:00:00Z".parse().unwrap();
        let config = |name: String| SandboxConfig {
            subdomain: name,
            clock: SandboxClock::Stepped(start),
            index_lag: Duration::ZERO,
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::start(config("first".to_owned()), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (folder, calls) = (tempfile::tempdir().unwrap(), Calls::default());
        let mut members = Vec::new();
        for member in 0..count {
            let name = format!("member{member}");
            let account = sandbox.add_account(config(name.clone())).unwrap();
            let folder = folder.path().join(&name);
            std::fs::create_dir(&folder).unwrap();
            let store = TestStore::open(&folder, Place::Usual).await;
            let clock = Arc::new(AccountClock(account.clone()));
            let url = sandbox.url_of(&name, Generation::Suite);
            let credentials = Credentials::parse("sandbox-key", &url).unwrap();
            let crm = FreshsalesSettings {
                credentials,
                timeout: Duration::from_secs(30),
                remembered: None,
                network: Network::default(),
            };
            let inner = FreshsalesCrm::new(crm, Arc::clone(&clock) as _);
            let parts = EngineParts {
                store: store.shared(),
                crm: Arc::new(CountedCrm { inner, member, calls: Arc::clone(&calls) }),
                outbound: Arc::new(Courier::new(&settings.reading.rules.destinations)),
                clock,
                settings: settings.clone(),
                rounds: rounds.clone(),
            };
            members.push(Member { account, store, engine: Engine::open(parts).await.unwrap() });
        }
        TestCrowd { members, calls, _sandbox: sandbox, _folder: folder }
    }

    /// Hands over so many leads for an account.
    pub async fn accept_leads(&self, member: usize, count: usize) -> Vec<SubmissionId> {
        let Member { account, store, .. } = &self.members[member];
        let lead = |number: usize| {
            let body = json!({"email": format!("lead{number}@example.com"), "last_name": "King"}).to_string();
            let dedupe =
                Dedupe::Content { content: (number as u128).to_be_bytes(), within: SignedDuration::from_secs(60) };
            let raw = RawSubmission::new(Route::Lead, None, body.into_bytes());
            NewSubmission { id: SubmissionId(Uuid::now_v7()), raw, dedupe, lane: Lane::Interactive }
        };
        let leads: Vec<NewSubmission> = (0..count).map(lead).collect();
        let ids = leads.iter().map(|lead| lead.id).collect();
        store.store().accept_many(leads, account.now()).await.unwrap();
        ids
    }

    /// Has all work side by side until these submissions, each of an account, have ended.
    pub async fn work_until_ended(&self, submissions: &[(usize, SubmissionId)]) {
        let signals = |member: &usize| self.members[*member].store.store().signals();
        let mut ends: Vec<_> = submissions.iter().map(|(member, id)| signals(member).subscribe(*id)).collect();
        let (stop, stopped) = watch::channel(false);
        let engines = self.members.iter().map(|member| {
            let (engine, mut stopped) = (member.engine.clone(), stopped.clone());
            tokio::spawn(async move { engine.run(async move { drop(stopped.wait_for(|stop| *stop).await) }).await })
        });
        let engines: Vec<_> = engines.collect();
        join_all(ends.iter_mut().map(leadgate_store::signals::EndSignal::wait)).await;
        stop.send_replace(true);
        join_all(engines).await.into_iter().for_each(Result::unwrap);
    }

    /// Which account each call was made for, in order.
    pub fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
