//! Changes in the account, of whose webhooks a third is dropped, a third sent twice and the rest reordered, in front of a gateway that is killed
//! again and again: each change is kept once and told to a subscriber once, and the loss that is reported is the loss that was injected.
//!
//! A change is one field of one deal. Between two changes of a deal lies a look at the CRM, because what a record was for a moment between two
//! looks nobody can find again once its webhook is lost. `LEADGATE_CRASH_CHANGES` makes as many changes as it says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use freshsales_sandbox::{
    Account, Content, DeliveryResult, Generation, Kind, Switches, Webhook, WebhookFault, WebhookFaultKind, Workflow,
};
use leadgate_core::mirror::{Change, Tally};
use leadgate_core::record::RecordKind;
use leadgate_store::Store as _;
use leadgate_store_sqlite::{SqliteConfig, SqliteStore};
use leadgate_testkit::TestReceiver;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use serde_json::{Value, json};

use super::lives::{Lives, WEBHOOK_SECRET};
use super::{Client, account, seed};

/// Each change of a deal is told to a subscriber; `URL` is where that one listens.
const RULES: &str = r#"
[notifications]
secrets = ["$WEBHOOK_SECRET"]
every = "1s"
grace = "8s"
overlap = "20s"
[destinations.app]
kind = "webhook"
url = "URL"
allow = ["127.0.0.1"]
secrets = ["whsec_YS1zaWduaW5nLXNlY3JldC1vZi1zb21lLWxlbmd0aA=="]
concurrency = 16
[[playbook.rules]]
name = "tell the app"
change = "deal.*"
steps = [{ do = "send", to = "app", type = "deal.changed", data = { deal = "{{ record.id }}", field = "{{ change.field }}" } }]
"#;
const KILLS: usize = 10;
/// Each round changes every deal once.
const ROUNDS: usize = 2;
const CHANGES: usize = 1_000;
/// Workflows share the deals, so that their deliveries go side by side.
const WORKFLOWS: usize = 8;
/// A page whose answer came too late is asked for again half a minute later, so that a few of them take minutes.
const SEEN_WITHIN: Duration = Duration::from_secs(400);
/// Longer than the sandbox holds a delivery back.
const HELD: Duration = Duration::from_secs(6);
const LIFE: std::ops::Range<u64> = 800..2_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_each_change_is_kept_once() {
    let (seed, started) = (seed(), Instant::now());
    let deals = changes() / ROUNDS;
    eprintln!("LEADGATE_CRASH_SEED={seed} LEADGATE_CRASH_CHANGES={} draws this run again", changes());
    let sandbox = account(seed).await;
    let ids: Arc<Vec<i64>> = Arc::new((0..deals).map(|number| seed_deal(&sandbox.account(), number)).collect());
    // The deals are from before the watch began, and the first look finds them at rest.
    tokio::time::sleep(Duration::from_secs(9)).await;
    let crm = sandbox.url(Generation::Suite);
    let app = TestReceiver::start().await;
    let mut lives = Lives::begin_with_rules(&crm, SmallRng::seed_from_u64(seed), &RULES.replace("URL", app.url()));
    let client = lives.client();
    until_looked(&client, deals).await;
    set_up_webhooks(&sandbox.account(), &lives.url());

    for round in 0..ROUNDS {
        let changing = tokio::spawn(change_all(crm.clone(), Arc::clone(&ids), round));
        while !changing.is_finished() || lives.kills() < KILLS * (round + 1) / ROUNDS {
            lives.kill_at_a_random_moment(LIFE).await;
        }
        changing.await.unwrap();
        until_seen(&client, (round + 1) * deals).await;
        // One that is late would tell of the next round's change.
        tokio::time::sleep(HELD).await;
        sandbox.account().webhooks_settled().await;
        client.until_drained(Duration::from_secs(60)).await;
    }
    until_told(&app, ROUNDS * deals).await;
    let (kills, injected) = (lives.kills(), dropped(&sandbox.account()));
    let metric = metric(&client.metrics().await, "leadgate_notifications_lost_ratio{").unwrap();
    let folder = lives.end();
    let (seen, tally) = stored(&folder).await;
    eprintln!(
        "seed {seed}: {} changes of {deals} deals, {kills} kills, {injected} webhooks dropped, {tally:?}, ratio {metric}, {:.0?}",
        seen.len(),
        started.elapsed()
    );
    each_is_there_once(&seen, &ids);
    each_was_told_once(&app, &ids);
    assert_eq!(tally.lost, i64::try_from(injected).unwrap(), "{tally:?}");
    assert!((metric - injected as f64 / seen.len() as f64).abs() < 1e-9, "{metric}");
    assert!(kills >= KILLS);
}

#[expect(clippy::disallowed_methods, reason = "the size of a run is no setting of the program")]
fn changes() -> usize {
    std::env::var("LEADGATE_CRASH_CHANGES").ok().map_or(CHANGES, |count| count.parse().unwrap())
}

fn seed_deal(account: &Account, number: usize) -> i64 {
    account.seed_deal(&json!({ "name": format!("Deal {}", number % WORKFLOWS), "amount": 1 }))
}

fn set_up_webhooks(account: &Account, gateway: &str) {
    account.set_switches(Switches {
        // One that meets a gateway that was just killed comes again; the dropped ones do not.
        webhook_tries: 100,
        webhook_retry_after_seconds: 1,
        ..account.switches()
    });
    let url = format!("{gateway}/freshsales/webhook");
    for number in 0..WORKFLOWS {
        let content = Content::simple(&["id", "name", "amount", "deal_stage_name", "updated_at", "created_at"]);
        let webhook = Webhook::post(&url, content).header("X-Leadgate-Secret", WEBHOOK_SECRET);
        let mine =
            serde_json::from_value(json!({ "field": "name", "operator": "is", "value": format!("Deal {number}") }));
        account.add_workflow(Workflow::new("deals", Kind::Deal, webhook).when(mine.unwrap())).unwrap();
    }
    account.set_webhook_faults(vec![
        WebhookFault::new(WebhookFaultKind::Drop).with_probability(1.0 / 3.0),
        WebhookFault::new(WebhookFaultKind::DeliverTwice).with_probability(0.5),
        WebhookFault::new(WebhookFaultKind::Reorder),
    ]);
}

/// The first round moves each deal, the second prices it.
async fn change_all(crm: String, deals: Arc<Vec<i64>>, round: usize) {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    for deal in deals.iter() {
        let fields = if round == 0 {
            json!({ "deal_stage_id": stage_id(&http, &crm).await })
        } else {
            json!({ "amount": 5_000 })
        };
        let request = http.put(format!("{crm}/deals/{deal}")).header("authorization", "Token token=sandbox-key");
        let reply = request.json(&fields).send().await.unwrap();
        assert_eq!(reply.status(), 200);
    }
}

async fn stage_id(http: &reqwest::Client, crm: &str) -> i64 {
    static KNOWN: tokio::sync::OnceCell<i64> = tokio::sync::OnceCell::const_new();
    let read = async || {
        let request =
            http.get(format!("{crm}/selector/deal_stages")).header("authorization", "Token token=sandbox-key");
        let stages: Value = request.send().await.unwrap().json().await.unwrap();
        let stages = stages["deal_stages"].as_array().unwrap().clone();
        stages.iter().find(|stage| stage["name"] == "Demo").unwrap()["id"].as_i64().unwrap()
    };
    *KNOWN.get_or_init(read).await
}

/// Until the first look is done: every page was asked for.
async fn until_looked(client: &Client, deals: usize) {
    let pages = deals.div_ceil(100) as f64;
    until(client, |metrics| {
        let asked = metric(metrics, "leadgate_crm_requests_total{call=\"list_changed\",class=\"ok\"}").unwrap_or(0.0);
        (asked > pages, format!("{asked} pages of the first look were read"))
    })
    .await;
}

async fn until_seen(client: &Client, expected: usize) {
    until(client, |metrics| {
        let seen: f64 = metrics
            .lines()
            .filter(|line| line.starts_with("leadgate_changes_total{"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum();
        (seen >= expected as f64, format!("{seen} of {expected} changes were seen"))
    })
    .await;
}

async fn until(client: &Client, is_so: impl Fn(&str) -> (bool, String)) {
    let deadline = Instant::now() + SEEN_WITHIN;
    loop {
        let metrics = client.metrics().await;
        let (done, told) = is_so(&metrics);
        if done {
            return;
        }
        assert!(Instant::now() < deadline, "{told} after {SEEN_WITHIN:?}: {metrics}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The message of each change, by deal and field: as many as there are ids. A message may come twice, under one id.
fn told(app: &TestReceiver) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut told: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for message in app.received() {
        let data = &message.body["data"];
        let said = |name: &str| data[name].as_str().map_or_else(|| data[name].to_string(), str::to_owned);
        told.entry((said("deal"), said("field"))).or_default().insert(message.header("webhook-id").to_owned());
    }
    told
}

async fn until_told(app: &TestReceiver, changes: usize) {
    let deadline = Instant::now() + SEEN_WITHIN;
    while told(app).len() < changes {
        assert!(Instant::now() < deadline, "{} of {changes} changes were told", told(app).len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn each_was_told_once(app: &TestReceiver, deals: &[i64]) {
    let mut told = told(app);
    for deal in deals {
        for field in ["stage", "amount"] {
            let messages = told.remove(&(deal.to_string(), field.to_owned())).unwrap_or_default();
            assert_eq!(messages.len(), 1, "{field} of deal {deal}: {messages:?}");
        }
    }
    assert!(told.is_empty(), "{told:?}");
}

fn metric(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find(|line| line.starts_with(name))?.rsplit(' ').next()?.parse().ok()
}

fn dropped(account: &Account) -> usize {
    account.deliveries().iter().filter(|seen| seen.result == DeliveryResult::Dropped).count()
}

async fn stored(folder: &tempfile::TempDir) -> (Vec<Change>, Tally) {
    let file = folder.path().join("leadgate-data").join("leadgate.db");
    let store = tokio::task::spawn_blocking(move || SqliteStore::open(SqliteConfig::new(file)).unwrap()).await.unwrap();
    let seen = store.changes(0, u32::MAX).await.unwrap();
    let tallies: BTreeMap<RecordKind, Tally> = store.tallies().await.unwrap().into_iter().collect();
    (seen.into_iter().map(|seen| seen.change).collect(), tallies[&RecordKind::Deal])
}

fn each_is_there_once(seen: &[Change], deals: &[i64]) {
    let mut found: BTreeMap<(i64, &str), Vec<(Value, Value)>> = BTreeMap::new();
    for change in seen {
        let values = (change.from.clone().unwrap_or_default(), change.to.clone());
        found.entry((change.record.id, &change.field)).or_default().push(values);
    }
    for deal in deals {
        let expected = [("stage", json!("New"), json!("Demo")), ("amount", json!("1"), json!("5000"))];
        for (field, from, to) in expected {
            assert_eq!(found.remove(&(*deal, field)), Some(vec![(from, to)]), "{field} of deal {deal}");
        }
    }
    assert!(found.is_empty(), "nobody changed {found:?}");
}
