//! `leadgate playbook try`: what the rules make of one event or change.

use serde_json::{Value, json};

use crate::process::{Ended, run};

const RULES: &str = r#"
[destinations.sales]
kind = "slack"
url = "https://hooks.example.com/T0/B0/x"
[[playbook.rules]]
name = "trial started"
event = "Trial Started"
when = 'properties.plan != "free"'
steps = [
  { do = "person", create = true, tags = ["trial"] },
  { do = "move", stage = "Trial Active" },
  { do = "note", on = "deal", text = "Trial started {{ event.at | date }} on plan {{ properties.plan }}" },
]
[[playbook.rules]]
name = "tell sales"
change = "deal.stage"
to = "Won"
steps = [{ do = "send", to = "sales", text = "{{ record.name }}: {{ change.from }} to {{ change.to }}" }]
"#;

const EVENT: &str = r#"{"event": "Trial Started", "email": "ada@example.com", "timestamp": "2026-03-03T09:00:00Z", "properties": {"plan": "Pro"}}"#;

fn tried(input: &str, arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leadgate-rules.toml"), RULES).unwrap();
    std::fs::write(folder.path().join("input.json"), input).unwrap();
    run(folder.path(), &[&["playbook", "try"], arguments].concat(), &[])
}

fn document(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

#[test]
fn an_event_is_told_as_rules_steps_and_requests() {
    let told = document(&tried(EVENT, &["input.json", "--json"]));
    let steps = told["steps"].to_string();
    assert!(steps.contains("Trial started 3 March 2026 on plan Pro"), "{told:#}");
    assert!(told["decisions"].to_string().contains("trial started"), "{told:#}");
    let known = told["requests_if_known"].to_string();
    assert!(known.contains("move_deal") && known.contains("add_note"), "{told:#}");
    assert!(!told["requests_if_unknown"].to_string().contains("move_deal"), "{told:#}");
    let words = tried(EVENT, &["input.json"]).out;
    assert!(words.contains("requests if the person is known: ") && words.contains("  1. "), "{words}");
}

#[test]
fn a_rule_whose_condition_does_not_hold_does_nothing() {
    let told = document(&tried(&EVENT.replace("Pro", "free"), &["input.json", "--json"]));
    assert_eq!((&told["steps"], &told["requests_if_known"]), (&json!([]), &json!([])), "{told:#}");
}

#[test]
fn a_change_is_told_with_what_would_be_sent() {
    let change =
        r#"{"kind": "deal", "id": 7, "field": "stage", "from": "New", "to": "Won", "record": {"name": "Engine"}}"#;
    let told = document(&tried(change, &["--change", "input.json", "--json"]));
    assert_eq!(told["deliveries"][0]["destination"], "sales", "{told:#}");
    assert_eq!(told["deliveries"][0]["content"]["text"], "Engine: New to Won");
    assert_eq!(told["requests_if_known"], json!([]));
}

#[test]
fn what_is_no_event_is_said_with_its_file() {
    for input in ["{\"name\"", "{\"email\": \"ada@example.com\"}", "{\"event\": \"x\", \"email\": \"nobody\"}"] {
        let ended = tried(input, &["input.json"]);
        assert_ne!(ended.code, 0, "{ended:?}");
        assert!(ended.err.contains("input.json"), "{}", ended.err);
    }
}
