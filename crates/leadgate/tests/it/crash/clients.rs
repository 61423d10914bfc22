//! The apps: each submission is sent until it is acknowledged, whatever happens to the process that takes it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::workload::{Submission, Workload};

const CLIENTS: usize = 32;
/// One of so many submissions is sent to two gateways at once.
const TWICE_EVERY: usize = 8;
/// How soon a client tries again, and looks again.
const POLL: Duration = Duration::from_millis(25);
/// How often to look whether all is done.
const LOOK: Duration = Duration::from_millis(100);
/// Longer than the gateway can make a client wait.
const GIVES_UP_AFTER: Duration = Duration::from_secs(10);

/// Sends all; returns the ids of all that was acknowledged.
pub(super) async fn post_all(client: Client, workload: Arc<Workload>) -> BTreeSet<String> {
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(post_some(client.clone(), Arc::clone(&workload), Arc::clone(&next))))
        .collect();
    let mut acknowledged = BTreeSet::new();
    for task in tasks {
        acknowledged.extend(task.await.unwrap());
    }
    acknowledged
}

/// Sends all, of each person one after another, and now and then one to two gateways at once; returns the ids of all that was acknowledged.
pub(super) async fn post_all_in_order(client: Client, workload: Arc<Workload>) -> BTreeSet<String> {
    let (chains, next) = (Arc::new(workload.by_person()), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, workload) = (client.clone(), Arc::clone(&workload));
            tokio::spawn(post_chains(client, workload, (Arc::clone(&chains), Arc::clone(&next))))
        })
        .collect();
    let mut acknowledged = BTreeSet::new();
    for task in tasks {
        acknowledged.extend(task.await.unwrap());
    }
    acknowledged
}

async fn post_chains(
    client: Client,
    workload: Arc<Workload>,
    (chains, next): (Arc<Vec<Vec<usize>>>, Arc<AtomicUsize>),
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while let Some(chain) = chains.get(next.fetch_add(1, Ordering::Relaxed)) {
        for place in chain {
            let submission = &workload.submissions[*place];
            acknowledged.push(match place % TWICE_EVERY {
                0 => client.post_twice(*place, submission).await,
                _ => client.post_from(*place, submission).await,
            });
        }
    }
    acknowledged
}

async fn post_some(client: Client, workload: Arc<Workload>, next: Arc<AtomicUsize>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while let Some(submission) = workload.submissions.get(next.fetch_add(1, Ordering::Relaxed)) {
        acknowledged.push(client.post_until_acknowledged(submission).await);
    }
    acknowledged
}

/// What speaks to the gateway, or to several that do the same.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    urls: Arc<[String]>,
    key: &'static str,
}

impl Client {
    pub(super) fn new(urls: Vec<String>, key: &'static str) -> Client {
        // Another test in this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(GIVES_UP_AFTER);
        Client { http: builder.build().unwrap(), urls: urls.into(), key }
    }

    /// Sends the same request until it is acknowledged; returns the id.
    pub(super) async fn post_until_acknowledged(&self, submission: &Submission) -> String {
        self.post_from(0, submission).await
    }

    /// Sends the same request until it is acknowledged, first to that gateway and then to one after the other; returns the id.
    async fn post_from(&self, first: usize, submission: &Submission) -> String {
        for url in self.urls.iter().cycle().skip(first % self.urls.len()) {
            if let Some(id) = self.post(url, submission).await {
                return id;
            }
            tokio::time::sleep(POLL).await;
        }
        unreachable!("there is always one more to try");
    }

    /// Sends the same request to two gateways at once, as a double click behind a balancer does; returns the one id.
    async fn post_twice(&self, first: usize, submission: &Submission) -> String {
        let (one, other) = tokio::join!(self.post_from(first, submission), self.post_from(first + 1, submission));
        assert_eq!(one, other, "one submission has two ids: {}", submission.body);
        one
    }

    async fn post(&self, url: &str, submission: &Submission) -> Option<String> {
        let prefer = if submission.waits { "wait=2" } else { "respond-async" };
        let mut request = self.http.post(format!("{url}/v1/leads")).bearer_auth(self.key);
        request = request.header(CONTENT_TYPE, "application/json").header("prefer", prefer);
        if let Some(key) = &submission.key {
            request = request.header("idempotency-key", key);
        }
        let reply = request.body(submission.body.clone()).send().await.ok()?;
        let status = reply.status();
        let answer: Value = serde_json::from_str(&reply.text().await.ok()?).ok()?;
        // One that is parked is acknowledged too; the oracle tells why it is.
        let id = answer["id"].as_str().or(answer["submission"].as_str());
        assert!(status.is_success() || status.is_server_error() || id.is_some(), "refused with {status}: {answer}");
        id.map(str::to_owned)
    }

    /// Sends a body until it is taken; returns the answer.
    pub(super) async fn post_json(&self, path: &str, body: &Value) -> Value {
        loop {
            let request = self.http.post(format!("{}{path}", self.urls[0])).bearer_auth(self.key).json(body);
            if let Ok(reply) = request.send().await
                && reply.status().is_success()
                && let Ok(answer) = reply.json().await
            {
                return answer;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Reads a page of the gateway, as soon as there is one.
    pub(super) async fn get(&self, path: &str) -> String {
        for url in self.urls.iter().cycle() {
            let reply = self.http.get(format!("{url}{path}")).bearer_auth(self.key).send().await;
            if let Ok(reply) = reply
                && reply.status().is_success()
                && let Ok(text) = reply.text().await
            {
                return text;
            }
            tokio::time::sleep(POLL).await;
        }
        unreachable!("there is always one more to ask");
    }

    pub(super) async fn get_json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await).unwrap()
    }

    pub(super) async fn metrics(&self) -> String {
        self.get("/metrics").await
    }

    /// Submissions that have not ended.
    pub(super) async fn open_jobs(&self) -> u64 {
        let metrics = self.metrics().await;
        let is_open =
            |line: &&str| line.starts_with("leadgate_queue_jobs{") || line.starts_with("leadgate_queue_unplanned ");
        let open = metrics.lines().filter(is_open).filter_map(|line| line.rsplit(' ').next());
        open.map(|count| count.parse::<u64>().unwrap()).sum()
    }

    pub(super) async fn until_drained(&self, within: Duration) {
        let deadline = Instant::now() + within;
        loop {
            let open = self.open_jobs().await;
            if open == 0 {
                return;
            }
            if Instant::now() > deadline {
                let jobs = self.get("/v1/jobs?status=working&limit=20").await;
                panic!("{open} jobs are open after {within:?}: {jobs}\n{}", self.metrics().await);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
