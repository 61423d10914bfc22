//! A port and the sandbox account behind it.

use std::sync::Arc;
use std::time::Duration;

use freshsales::Credentials;
use freshsales_sandbox::{Account, Clock as SandboxClock, Generation, Plan, Sandbox, SandboxConfig};
use jiff::Timestamp;
use leadgate_core::clock::Clock;
use leadgate_core::crm::{Crm as _, CrmAnswer, CrmCall, CrmReply};
use leadgate_core::record::{Fields, RecordRef, Snapshot};
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use serde_json::Value;

/// Follows the account's stepped clock.
struct AccountClock(Account);

impl Clock for AccountClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

pub(crate) struct Port {
    sandbox: Sandbox,
    crm: FreshsalesCrm,
}

pub(crate) fn start_of_time() -> Timestamp {
    "2026-06-15T14:20:00Z".parse().unwrap()
}

impl Port {
    pub(crate) async fn open(generation: Generation) -> Port {
        Port::with_key(generation, "sandbox-key", Plan::Off).await
    }

    pub(crate) async fn with_key(generation: Generation, key: &str, plan: Plan) -> Port {
        Port::waiting(generation, (key, plan), Duration::from_millis(500)).await
    }

    /// A port that waits for long replies.
    pub(crate) async fn patient(generation: Generation) -> Port {
        Port::waiting(generation, ("sandbox-key", Plan::Off), Duration::from_secs(60)).await
    }

    async fn waiting(generation: Generation, (key, plan): (&str, Plan), timeout: Duration) -> Port {
        let config = SandboxConfig { plan, clock: SandboxClock::Stepped(start_of_time()), ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let settings = FreshsalesSettings {
            credentials: Credentials::parse(key, &sandbox.url(generation)).unwrap(),
            timeout,
            remembered: None,
            network: Network::default(),
        };
        let crm = FreshsalesCrm::new(settings, Arc::new(AccountClock(sandbox.account())));
        Port { sandbox, crm }
    }

    pub(crate) fn account(&self) -> Account {
        self.sandbox.account()
    }

    pub(crate) async fn call(&self, call: CrmCall) -> CrmAnswer {
        self.crm.call(call).await
    }

    pub(crate) async fn reply(&self, call: CrmCall) -> CrmReply {
        self.call(call).await.result.unwrap()
    }

    /// Updates a record past the port, as another program would.
    pub(crate) async fn put(&self, path: &str, body: Value) {
        let credentials = Credentials::parse("sandbox-key", &self.sandbox.url(Generation::Suite)).unwrap();
        let client =
            freshsales::Client::builder(credentials).generation(freshsales::Generation::Suite).build().unwrap();
        client.send(&freshsales::raw::request(http::Method::PUT, path).body(body)).await.unwrap();
    }

    pub(crate) async fn created(&self, fields: Value) -> RecordRef {
        self.snapshot(CrmCall::CreatePerson(self::fields(fields))).await.record
    }

    pub(crate) async fn snapshot(&self, call: CrmCall) -> Snapshot {
        match self.reply(call).await {
            CrmReply::Record(snapshot) => snapshot,
            other => panic!("no record: {other:?}"),
        }
    }
}

pub(crate) fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}
