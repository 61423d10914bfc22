//! The playbook: an event through the real app does in the account what its rules say, once, and what a guard holds back is told.

use std::time::Duration;

use freshsales_sandbox::{Generation, Kind};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::{Value, json};

use crate::process::run;

const TRIAL: &str = r#"
[[playbook.rules]]
name = "trial started"
event = "Trial Started"
steps = [
  { do = "person", create = true, fields = { job_title = "{{ traits.title }}" } },
  { do = "convert" },
  { do = "deal", find = "open", create = { name = "{{ traits.company }} trial", stage = "New" } },
  { do = "move", stage = "Demo" },
  { do = "note", on = "deal", text = "Trial on plan {{ properties.plan }}" },
  { do = "task", title = "Call about {{ properties.plan }}", due = "2d" },
  { do = "tag", tags = ["trial"] },
  { do = "set", on = "deal", fields = { amount = "{{ properties.value }}" } },
]
"#;

fn started() -> Value {
    let properties = json!({ "plan": "Pro", "value": "490" });
    json!({ "event": "Trial Started", "email": "ada@example.com", "at": "2026-06-15T14:00:00Z",
            "properties": properties, "traits": { "company": "Acme", "lastName": "King", "title": "Countess" } })
}

async fn gateway(generation: Generation, rules: &str) -> TestGateway {
    TestGateway::builder().generation(generation).rules(rules).open().await
}

/// Somebody with a deal, a minute later, when a search sees them.
async fn with_deal(gateway: &TestGateway) -> i64 {
    let contact =
        gateway.account().seed_contact(&json!({ "email": "ada@example.com", "last_name": "King", "tags": ["vip"] }));
    let deal = json!({ "name": "Engine", "amount": 10, "contacts_added_list": [contact] });
    let deal = gateway.account().seed_deal(&deal);
    gateway.account().advance(Duration::from_secs(60));
    deal
}

async fn story(gateway: &TestGateway, event: &Value) -> Value {
    let answer = gateway.land("/v1/events", event).await;
    gateway.get(&format!("/v1/submissions/{}", answer.submission())).await.body
}

fn stage(gateway: &TestGateway, name: &str) -> Value {
    json!(gateway.account().stage_id(name).unwrap())
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn a_trial_does_all_of_it_to_somebody_with_a_deal(#[case] generation: Generation) {
    let gateway = gateway(generation, TRIAL).await;
    let deal = with_deal(&gateway).await;
    let told = story(&gateway, &started()).await;
    assert_eq!(told["status"], "done", "{told:#}");
    let account = gateway.account();
    let deals = account.deals();
    assert_eq!((deals.len(), &deals[0]["deal_stage_id"]), (1, &stage(&gateway, "Demo")), "{told:#}");
    assert!(deals[0]["amount"].to_string().contains("490"), "{}", deals[0]);
    assert_eq!(account.notes_of(Kind::Deal, deal).len(), 1);
    assert_eq!((account.tasks().len(), &account.tasks()[0]["title"]), (1, &json!("Call about Pro")));
    assert_eq!(account.contacts()[0]["tags"], json!(["vip", "trial"]), "{told:#}");
}

#[tokio::test]
async fn the_same_event_twice_is_done_once() {
    let gateway = gateway(Generation::Suite, TRIAL).await;
    with_deal(&gateway).await;
    let mut event = started();
    event["id"] = json!("evt-1");
    let first = story(&gateway, &event).await;
    assert_eq!(story(&gateway, &event).await["id"], first["id"]);
    assert_eq!((gateway.account().notes().len(), gateway.account().tasks().len()), (1, 1));
}

#[tokio::test]
async fn a_lead_of_classic_is_converted_and_its_deal_made() {
    let gateway = gateway(Generation::Classic, TRIAL).await;
    gateway.account().seed_lead(&json!({ "email": "ada@example.com", "last_name": "King" }));
    gateway.account().advance(Duration::from_secs(60));
    let told = story(&gateway, &started()).await;
    let account = gateway.account();
    assert_eq!(told["outcome"]["person"]["kind"], "contact", "{told:#}");
    assert_eq!((account.contacts().len(), account.deals().len(), account.notes().len()), (1, 1, 1), "{told:#}");
    assert_eq!(account.deals()[0]["name"], "Acme trial");
}

#[rstest]
#[case::backwards("Won", "New", "", "guard")]
#[case::closed("Won", "Demo", "backwards = true", "guard closed")]
#[case::touched("Demo", "Negotiation", "touched_within = \"24h\"", "guard touched_within")]
#[tokio::test]
async fn what_a_guard_holds_back_is_a_skip_in_the_story(
    #[case] from: &str,
    #[case] to: &str,
    #[case] guards: &str,
    #[case] said: &str,
) {
    let step =
        format!("{{ do = \"deal\", find = \"any\" }}, {{ do = \"move\", stage = \"{to}\", guards = {{ {guards} }} }}");
    let rules = format!("[[playbook.rules]]\nname = \"r\"\nevent = \"*\"\nsteps = [{step}]");
    let gateway = gateway(Generation::Suite, &rules).await;
    let deal = with_deal(&gateway).await;
    gateway.change("deals", deal, &json!({ "deal_stage_id": stage(&gateway, from) })).await;
    gateway.account().advance(Duration::from_secs(60));
    let event = json!({ "event": "x", "email": "ada@example.com", "at": gateway.account().now() });
    let told = story(&gateway, &event).await;
    let decisions = told["decisions"].to_string();
    assert!(decisions.contains(said) && decisions.contains("skipped"), "{told:#}");
    assert_eq!(gateway.account().deals()[0]["deal_stage_id"], stage(&gateway, from));
}

/// The calls of a story that are made for this job alone, without what is read once for all.
fn calls(requests: &Value, name: Option<&str>) -> Vec<String> {
    let calls = requests.as_array().unwrap().iter().map(|request| name.map_or(request, |name| &request[name]));
    let calls = calls.map(|call| call.as_str().unwrap().to_owned());
    calls.filter(|call| !["describe_account", "read_catalog"].contains(&call.as_str())).collect()
}

#[rstest]
#[case::known_on_suite(Generation::Suite, true)]
#[case::unknown_on_suite(Generation::Suite, false)]
#[case::known_on_classic(Generation::Classic, true)]
#[case::unknown_on_classic(Generation::Classic, false)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_says_what_is_then_done(#[case] generation: Generation, #[case] known: bool) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leadgate-rules.toml"), TRIAL).unwrap();
    std::fs::write(folder.path().join("event.json"), started().to_string()).unwrap();
    let classic = if generation == Generation::Classic { &["--classic"][..] } else { &[] };
    let flags = [&["playbook", "try", "event.json", "--json"], classic].concat();
    let dry = tokio::task::block_in_place(|| run(folder.path(), &flags, &[]));
    let dry: Value = serde_json::from_str(&dry.out).unwrap_or_else(|_| panic!("{dry:?}"));
    let gateway = gateway(generation, TRIAL).await;
    if known {
        with_deal(&gateway).await;
    }
    let told = story(&gateway, &started()).await;
    let forecast = if known { &dry["requests_if_known"] } else { &dry["requests_if_unknown"] };
    assert_eq!(calls(&told["attempts"], Some("call")), calls(forecast, None), "{told:#}");
}
