//! The stories of the integration guide, whole: the real binary between the sandbox account and the receivers, webhooks of workflows included.

use std::time::{Duration, Instant};

use freshsales_sandbox::{Account, Content, Generation, Kind, Sandbox, SandboxConfig, Trigger, Webhook, Workflow};
use leadgate_testkit::TestReceiver;
use serde_json::{Value, json};

use crate::process::Running;

const KEY: &str = "an-app-key-of-some-length";
const SECRET: &str = "a-webhook-secret-of-some-length";
/// Only a failing test waits for so long.
const PATIENCE: Duration = Duration::from_secs(30);

const WON_DEALS: &str = r#"
[notifications]
secrets = ["$WEBHOOK_SECRET"]
every = "1s"
grace = "1s"
[destinations.sales]
kind = "slack"
url = "$SLACK_URL"
allow = ["127.0.0.1"]
[[playbook.rules]]
name = "tell sales"
change = "deal.stage"
to = "Won"
steps = [{ do = "send", to = "sales", text = "{{ record.name }}: {{ change.from }} → {{ change.to }}" }]
"#;

const TRIALS: &str = r#"
[[playbook.rules]]
name = "trial started"
event = "Trial Started"
steps = [
  { do = "deal", find = "open" },
  { do = "move", stage = "Trial Active" },
  { do = "note", on = "deal", text = "Trial started {{ event.at | date }} on plan {{ properties.plan }}" },
]
"#;

const FORM: &str = r#"
[routing]
default = { owner = "leo.falk@example.com" }
[[routing.rules]]
name = "large companies"
when = { company = ["Acme*"] }
owner = "ida.nord@example.com"
[forms.demo]
key = "pk_demo_4f1c9a27"
origins = ["https://www.example.com"]
fields = { email = "email", name = "full_name", company = "company", message = "note" }
hidden = { source = "Web", tags = ["demo"] }
"#;

/// A gateway process in front of an account.
struct Stage {
    sandbox: Sandbox,
    gateway: Running,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// With these rules; `prepare` sees the account before the gateway does.
    async fn set(rules: &str, slack: &str, prepare: impl FnOnce(&Account)) -> Stage {
        let sandbox = Sandbox::start(SandboxConfig::default(), ([127, 0, 0, 1], 0).into()).await.unwrap();
        prepare(&sandbox.account());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("leadgate-rules.toml"), rules).unwrap();
        let variables = [
            ("FRESHSALES_API_KEY", "sandbox-key"),
            ("FRESHSALES_SUBDOMAIN", &sandbox.url(Generation::Suite)),
            ("LEADGATE_APP_KEY", KEY),
            ("LEADGATE__SERVER__HOST", "127.0.0.1"),
            ("LEADGATE__LOG__LEVEL", "warn"),
            ("WEBHOOK_SECRET", SECRET),
            ("SLACK_URL", slack),
        ];
        let start = || Running::start(folder.path(), &["serve", "--port", "0"], &variables);
        let gateway = tokio::task::block_in_place(start);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(redirect).build().unwrap();
        Stage { sandbox, gateway, http, _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.gateway.text("url"))
    }

    /// Has the account notify of deals as `leadgate webhook recipe` says.
    fn notify_of_deals(&self) {
        let ticked = Content::simple(&["id", "name", "amount", "deal_stage_name", "updated_at", "created_at"]);
        let webhook = Webhook::post(&self.url("/freshsales/webhook"), ticked).header("X-Leadgate-Secret", SECRET);
        self.sandbox.account().add_workflow(Workflow::new("deals", Kind::Deal, webhook).on(Trigger::Updated)).unwrap();
    }

    async fn page(&self, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.sandbox.root_url())).header("accept", "text/html");
        request.send().await.unwrap().text().await.unwrap()
    }

    /// Moves a deal on the account's own page, as a sales person does.
    async fn move_on_the_page(&self, deal: i64, stage: &str) {
        let stage = self.sandbox.account().stage_id(stage).unwrap();
        let page = self.page(&format!("/-/deals/{deal}")).await;
        let (token, version) = (value_of(&page, "token"), value_of(&page, "version"));
        let body = format!("token={token}&version={version}&deal_stage_id={stage}");
        let request = self.http.post(format!("{}/-/deals/{deal}", self.sandbox.root_url())).body(body);
        let request = request.header("origin", self.sandbox.root_url()).header("accept", "text/html");
        let reply = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(reply.status(), 303);
    }

    async fn report(&self, event: Value) -> Value {
        let request = self.http.post(self.url("/v1/events")).bearer_auth(KEY).header("prefer", "wait=30").json(&event);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Until the gateway knows the account's deals: it has looked often enough for the seeded one to have been at rest.
    async fn until_looked(&self) {
        let looks = "leadgate_crm_requests_total{call=\"list_changed\",class=\"ok\"} ";
        until(async || {
            let request = self.http.get(self.url("/metrics")).bearer_auth(KEY).send().await.unwrap();
            let metrics = request.text().await.unwrap();
            let count = metrics.lines().find_map(|line| line.strip_prefix(looks)?.parse::<u32>().ok());
            count.is_some_and(|count| count >= 5)
        })
        .await;
    }
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The value of the first input of this name, as a form sends it: neither token nor version has a character that is encoded.
fn value_of(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split_once('"').unwrap().0.replace('+', "%2B").replace(':', "%3A")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_that_is_won_on_the_page_is_told_in_slack() {
    let slack = TestReceiver::start().await;
    let mut deal = 0;
    let seed = |account: &Account| deal = account.seed_deal(&json!({ "name": "Fjordline - 70 seats", "amount": 5600 }));
    let stage = Stage::set(WON_DEALS, slack.url(), seed).await;
    stage.until_looked().await;
    stage.notify_of_deals();
    let moved = Instant::now();
    stage.move_on_the_page(deal, "Won").await;
    let told = slack.wait_for(1).await;
    eprintln!("from the page to Slack: {:.0?}", told[0].at.duration_since(moved));
    assert_eq!(told[0].body["text"], "Fjordline - 70 seats: New → Won");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_that_starts_moves_the_deal_and_leaves_a_note() {
    let mut ids = (0, 0);
    let seed = |account: &Account| {
        let contact = account.seed_contact(&json!({ "email": "ada@example.com", "last_name": "King" }));
        let deal = json!({ "name": "Engine", "amount": 10, "contacts_added_list": [contact] });
        ids = (account.seed_deal(&deal), account.add_stage("Trial Active"));
    };
    let stage = Stage::set(TRIALS, "", seed).await;
    let event = json!({
        "event": "Trial Started", "email": "Ada@example.com", "at": "2026-03-03T09:00:00Z", "properties": { "plan": "Pro" },
    });
    let story = stage.report(event).await;
    let account = stage.sandbox.account();
    assert_eq!(account.deals()[0]["deal_stage_id"], json!(ids.1), "{story:#}");
    let note = &account.notes()[0];
    assert_eq!(note["description"], "Trial started 3 March 2026 on plan Pro");
    assert_eq!(note["targetables"][0]["id"].as_i64().or(note["targetable_id"].as_i64()), Some(ids.0), "{note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_becomes_a_lead_with_the_right_owner_tag_and_note() {
    let mut owner = 0;
    let seed = |account: &Account| {
        owner = account.add_owner("Ida Nord", "ida.nord@example.com", true);
        account.add_owner("Leo Falk", "leo.falk@example.com", true);
    };
    let stage = Stage::set(FORM, "", seed).await;
    let body = "form_key=pk_demo_4f1c9a27&email=ada%40example.com&name=Ada+King&company=Acme+Corp&message=Wants+a+demo";
    let request = stage.http.post(stage.url("/forms/demo")).header("origin", "https://www.example.com").body(body);
    let reply = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert!(reply.status().is_success(), "{}", reply.text().await.unwrap());
    let account = stage.sandbox.account();
    until(async || account.notes().len() == 1).await;
    let contact = &account.contacts()[0];
    assert_eq!((&contact["owner_id"], &contact["tags"]), (&json!(owner), &json!(["demo"])));
    assert!(account.notes()[0]["description"].as_str().unwrap().contains("Wants a demo"));
}
