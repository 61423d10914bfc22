//! `leadgate route`: who would own a lead, and what draft rules would have changed.

use std::path::Path;
use std::time::Duration;

use freshsales_sandbox::Clock;
use jiff::{SignedDuration, Timestamp};
use leadgate_testkit::TestGateway;
use serde_json::{Value, json};

use crate::process::{Ended, Running, request, run};

const RULES: &str = r#"
[routing]
default = { owner = "kim@example.com" }
[[routing.rules]]
name = "Nordics"
when = { country = ["NO"] }
owner = "mara@example.com"
"#;

/// The Nordics go to somebody else, everything else stays as it was.
const DRAFT: &str = r#"
[routing]
default = { owner = "kim@example.com" }
[[routing.rules]]
name = "North"
when = { country = ["NO", "SE"] }
owner = "lena@example.com"
"#;

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn document(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

fn explained(folder: &Path, more: &[&str]) -> Value {
    document(&run(folder, &[&["route", "explain", "lead.json", "--json"], more].concat(), &[]))
}

#[test]
fn a_lead_is_explained_by_the_rules_that_hold_and_by_a_draft() {
    let lead = r#"{"email": "ada@firm.example", "country": "Sweden"}"#;
    let folder = folder_with(&[("leadgate-rules.toml", RULES), ("draft.toml", DRAFT), ("lead.json", lead)]);
    let now = explained(folder.path(), &[]);
    assert_eq!(now["routing"], json!({"owner": "kim@example.com", "then": [], "territory": null, "rule": null}));
    assert_eq!(now["passed_over"][0]["rule"], "Nordics");
    let draft = explained(folder.path(), &["--rules", "draft.toml"]);
    assert_eq!((&draft["routing"]["owner"], &draft["routing"]["rule"]), (&json!("lena@example.com"), &json!("North")));
    let told = run(folder.path(), &["route", "explain", "lead.json"], &[]).out;
    assert!(told.contains("owner        kim@example.com") && told.contains("passed over  Nordics: "), "{told}");
}

#[test]
fn a_moment_decides_who_is_at_work() {
    let hours = "hours = { days = [\"mon\"], from = \"09:00\", to = \"17:00\" }";
    let rules = RULES.replace("country = [\"NO\"]", hours);
    let folder = folder_with(&[("leadgate-rules.toml", &rules), ("lead.json", r#"{"email": "a@firm.example"}"#)]);
    let owner = |at: &str| explained(folder.path(), &["--at", at])["routing"]["owner"].clone();
    assert_eq!(owner("2026-06-15T10:00:00Z"), "mara@example.com");
    assert_eq!(owner("2026-06-16T10:00:00Z"), "kim@example.com");
}

#[test]
fn what_is_no_lead_and_what_are_no_rules_is_said() {
    let folder =
        folder_with(&[("lead.json", r#"{"phone": "12"}"#), ("draft.toml", "[routing]\ndefault = { owner = 7 }")]);
    let refused = run(folder.path(), &["route", "explain", "lead.json"], &[]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("the lead would not be taken"), "{}", refused.err);
    let wrong = run(folder.path(), &["route", "explain", "lead.json", "--rules", "draft.toml"], &[]);
    assert_eq!(wrong.code, 3, "{wrong:?}");
    assert!(wrong.err.contains("draft.toml"), "{}", wrong.err);
}

#[expect(clippy::disallowed_methods, reason = "the command counts back from the clock of the machine")]
fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

/// Leads of forty and of ten days ago; of those, one whose sender named the owner.
async fn gateway_with_leads() -> TestGateway {
    let start = days_ago(40);
    let clock = |config: &mut freshsales_sandbox::SandboxConfig| config.clock = Clock::Stepped(start);
    let gateway = TestGateway::builder().sandbox(clock).rules(RULES).open().await;
    for name in ["kim", "mara"] {
        gateway.account().add_owner(name, &format!("{name}@example.com"), true);
    }
    gateway.land("/v1/leads", &json!({ "email": "old@firm.example", "country": "NO" })).await;
    gateway.account().advance(Duration::from_secs(30 * 24 * 3600));
    let recent = [
        json!({ "email": "ada@firm.example", "country": "NO" }),
        json!({ "email": "eva@firm.example", "country": "DE" }),
        json!({ "email": "bob@firm.example", "country": "NO", "owner": "kim@example.com" }),
    ];
    for lead in recent {
        gateway.land("/v1/leads", &lead).await;
    }
    gateway
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_tells_what_differs_among_the_leads_of_the_last_days() {
    let gateway = gateway_with_leads().await;
    let folder = folder_with(&[("new.toml", DRAFT)]);
    let replay = |since: &str, more: &[&str]| {
        let flags = ["route", "replay", "--since", since, "--rules", "new.toml", "--url", gateway.url()];
        tokio::task::block_in_place(|| run(folder.path(), &[&flags[..], more].concat(), &[]))
    };
    let told = document(&replay("30d", &["--json"]));
    assert_eq!((&told["leads"], &told["not_routed"]), (&json!(2), &json!(1)), "{told:#}");
    assert_eq!(told["before"], json!({"kim@example.com": 1, "mara@example.com": 1}));
    assert_eq!(told["after"], json!({"kim@example.com": 1, "lena@example.com": 1}));
    let [change] = &told["changed"].as_array().unwrap()[..] else { panic!("{told:#}") };
    assert_eq!((&change["before"]["rule"], &change["after"]["rule"]), (&json!("Nordics"), &json!("North")));
    let words = replay("30d", &[]).out;
    assert!(words.starts_with("1 of 2 leads would differ") && !words.contains("firm.example"), "{words}");
    assert_eq!(document(&replay("60d", &["--json"]))["leads"], 3);
    assert_eq!(document(&replay("1d", &["--json"]))["leads"], 0);
}

#[test]
fn a_store_is_replayed_and_explained_without_a_gateway() {
    let folder = folder_with(&[("leadgate-rules.toml", RULES), ("new.toml", DRAFT)]);
    let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let lead = json!({ "email": "ada@firm.example", "country": "NO" });
    let (status, kept) =
        request("POST", &format!("{}/v1/leads", dev.text("url")), Some(&dev.text("app_key")), Some(lead));
    assert!((200..300).contains(&status), "{kept}");
    assert!(dev.terminate().success());
    let nobody = [("PORT", "1")];
    let replay = run(folder.path(), &["route", "replay", "--rules", "new.toml", "--json"], &nobody);
    assert_eq!(document(&replay)["changed"][0]["after"]["owner"], "lena@example.com");
    let id = kept["id"].as_str().or(kept["submission"].as_str()).unwrap();
    let told = document(&run(folder.path(), &["route", "explain", "--submission", id, "--json"], &nobody));
    assert_eq!(told["routing"]["rule"], "Nordics", "{told:#}");
}
