//! The gateway, the sandbox and the accounts that both have.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::{Setting, until};
use crate::server::{CRM_KEY, OPERATOR_KEY, Server};

/// An event of the name "Signed up" makes a person in the CRM, one of the name "Called" adds a note to a person; of others nothing comes.
const RULES: &str = r#"
[[playbook.rules]]
name = "signed up"
event = "Signed up"
steps = [{ do = "person", create = true }]
[[playbook.rules]]
name = "called"
event = "Called"
steps = [{ do = "person", create = true }, { do = "note", text = "{{ properties.number }}" }]
"#;
/// Requests of the measurement's own under way at once, where many accounts are asked.
const AT_ONCE: usize = 4;
/// Events that one request may hold.
const MOST_AT_ONCE: usize = 2_500;
/// How long the first requests to the CRM may take after the accounts were added.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

/// One account.
pub(super) struct Tenant {
    pub(super) name: String,
    /// Of its app.
    pub(super) key: String,
}

/// What a sandbox account has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) requests: u64,
    pub(super) people: u64,
}

/// Everything that is measured.
pub(super) struct Estate {
    pub(super) sandbox: Server,
    pub(super) gateway: Server,
    pub(super) tenants: Vec<Tenant>,
    client: reqwest::Client,
    runs: AtomicU32,
}

impl Estate {
    /// Starts both and adds the accounts, one after the other.
    pub(super) async fn open(setting: &Setting, folder: &Path) -> anyhow::Result<Estate> {
        let names: Vec<String> = (0..setting.accounts).map(|number| format!("tenant{number:04}")).collect();
        let specs =
            names.iter().map(|name| json!({"name": name, "key": CRM_KEY, "profile": "suite", "index_lag": 0.0}));
        let file = folder.join("accounts.json");
        std::fs::write(&file, Value::from_iter(specs).to_string())?;
        let sandbox = Server::sandbox_of_many(&setting.leadgate, &file).await?;
        let gateway = Server::gateway_of_many(&setting.leadgate, folder, setting.store.as_deref()).await?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut estate = Estate { sandbox, gateway, tenants: Vec::new(), client, runs: AtomicU32::new(0) };
        let began = Instant::now();
        for name in names {
            let tenant = estate.add(name).await?;
            estate.tenants.push(tenant);
        }
        println!("added, with a key each, in {:.1} s", began.elapsed().as_secs_f64());
        Ok(estate)
    }

    async fn add(&self, name: String) -> anyhow::Result<Tenant> {
        let domain = format!("http://127.0.0.1:{}/@{name}/crm/sales/api", self.sandbox.port);
        let wish = json!({"name": name, "domain": domain, "api_key": CRM_KEY, "settings": {"rules": RULES}});
        self.operate("POST", "/accounts", Some(wish)).await?;
        let wish = json!({"name": "bench", "may": "all"});
        let made = self.operate("POST", &format!("/accounts/{name}/keys"), Some(wish)).await?;
        let key = made["key"].as_str().context("a key that is no text")?.to_owned();
        Ok(Tenant { name, key })
    }

    /// A request of the operator's.
    pub(super) async fn operate(&self, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let url = format!("http://127.0.0.1:{}/operator{path}", self.gateway.port);
        let mut request = self.client.request(method.parse()?, url).bearer_auth(OPERATOR_KEY);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let reply = request.send().await?;
        let (status, text) = (reply.status(), reply.text().await?);
        ensure!(status.is_success(), "the operator's {method} {path} was answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// A number that no run has had: the people of one are not those of another.
    pub(super) fn next_run(&self) -> u32 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }

    /// Hands in events for an account. Returns when all of them are kept.
    pub(super) async fn hand_in(&self, tenant: &Tenant, events: Vec<Value>) -> anyhow::Result<()> {
        let url = format!("http://127.0.0.1:{}/accounts/{}/v1/events", self.gateway.port, tenant.name);
        for batch in events.chunks(MOST_AT_ONCE) {
            let body = json!({ "events": batch }).to_string();
            let request = self.client.post(&url).bearer_auth(&tenant.key).header("content-type", "application/json");
            let reply = request.body(body).send().await?;
            let status = reply.status();
            ensure!(status.is_success(), "events were answered {status}: {}", reply.text().await.unwrap_or_default());
        }
        Ok(())
    }

    /// How many submissions of an account have not ended.
    pub(super) async fn waiting(&self, tenant: &Tenant) -> anyhow::Result<u64> {
        let shown = self.operate("GET", &format!("/accounts/{}", tenant.name), None).await?;
        let count = |name: &str| shown["queue"][name].as_u64().unwrap_or(0);
        Ok(count("unplanned") + count("open"))
    }

    /// The same of every account.
    pub(super) async fn all_waiting(&self) -> anyhow::Result<Vec<u64>> {
        let all = futures::stream::iter(&self.tenants).map(|tenant| self.waiting(tenant)).buffered(AT_ONCE);
        all.collect::<Vec<_>>().await.into_iter().collect()
    }

    /// What the sandbox account of each has seen, in the order of the accounts.
    pub(super) async fn seen(&self) -> anyhow::Result<Vec<Seen>> {
        let all = futures::stream::iter(&self.tenants).map(|tenant| self.seen_by(tenant)).buffered(AT_ONCE);
        all.collect::<Vec<_>>().await.into_iter().collect()
    }

    pub(super) async fn seen_by(&self, tenant: &Tenant) -> anyhow::Result<Seen> {
        let url = format!("http://127.0.0.1:{}/@{}/__sandbox", self.sandbox.port, tenant.name);
        let shown: Value = serde_json::from_str(&self.client.get(url).send().await?.error_for_status()?.text().await?)?;
        let count = |value: &Value| value.as_u64().context("the sandbox counts otherwise");
        Ok(Seen { requests: count(&shown["requests"])?, people: count(&shown["records"]["contacts"]["live"])? })
    }

    /// Waits until nothing is asked of the CRM any more. Returns whether that came.
    pub(super) async fn settled(&self) -> anyhow::Result<bool> {
        let mut before = self.seen().await?;
        until(SETTLED_WITHIN, async || {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let now = self.seen().await?;
            let is_settled = now == before;
            before = now;
            Ok(is_settled)
        })
        .await
    }
}

/// What all have seen together.
pub(super) fn sum(seen: &[Seen]) -> Seen {
    seen.iter().fold(Seen::default(), |sum, one| Seen {
        requests: sum.requests + one.requests,
        people: sum.people + one.people,
    })
}
