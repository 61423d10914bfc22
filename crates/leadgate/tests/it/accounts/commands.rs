//! `leadgate accounts` and `leadgate keys --account`, beside a running gateway and without one.

use serde_json::{Value, json};

use super::{API_KEY, Estate, MASTER, add, send, variables};
use crate::process::{Ended, Running, run};

/// Runs a command that prints JSON, beside that gateway or without one.
fn told(estate: &Estate, gateway: Option<&Running>, arguments: &[&str]) -> Value {
    let ended = ended(estate, gateway, arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

fn ended(estate: &Estate, gateway: Option<&Running>, arguments: &[&str]) -> Ended {
    let url = gateway.map(|gateway| gateway.text("url"));
    // Where nothing listens.
    let (port, address) = (("LEADGATE__SERVER__PORT", "1"), url.as_deref().map(|url| ("LEADGATE_URL", url)));
    let settings: Vec<(&str, &str)> = [("LEADGATE_MASTER_KEY", MASTER), port].into_iter().chain(address).collect();
    run(estate.path(), &[arguments, &["--json"]].concat(), &variables(&settings))
}

fn add_arguments<'a>(name: &'a str, domain: &'a str) -> [&'a str; 7] {
    ["accounts", "add", name, "--domain", domain, "--api-key-file", "key"]
}

#[test]
fn accounts_are_managed_beside_a_gateway_and_without_one() {
    let estate = Estate::of(1);
    std::fs::write(estate.path().join("key"), format!("{API_KEY}\n")).unwrap();
    let domain = estate.domain(0);
    let without = told(&estate, None, &add_arguments("first", &domain));
    assert_eq!((&without["state"], &without["standing"]), (&json!("active"), &json!("not served")));
    let key = told(&estate, None, &["keys", "add", "shop", "--account", "first", "--may", "submit"]);
    let gateway = estate.serve();
    assert_eq!(send(&gateway, "first", key["key"].as_str().unwrap(), "ada@example.com").0, 201);
    assert_eq!(told(&estate, Some(&gateway), &add_arguments("second", &domain))["standing"], "serving");
    let key = told(&estate, Some(&gateway), &["keys", "add", "shop", "--account", "second"]);
    assert_eq!(send(&gateway, "second", key["key"].as_str().unwrap(), "bob@example.com").0, 201);
    assert_eq!(told(&estate, Some(&gateway), &["accounts", "pause", "second"])["standing"], "keeping");
    assert_eq!(told(&estate, Some(&gateway), &["accounts", "resume", "second"])["standing"], "serving");
    assert_eq!(told(&estate, Some(&gateway), &["accounts", "list"])["accounts"].as_array().unwrap().len(), 3);
    gateway.terminate();
    let removed = told(&estate, None, &["accounts", "remove", "first", "--yes"]);
    assert_eq!(removed["state"], "removing");
    assert!(!estate.keeps(2) && !estate.files_of(2).exists() && estate.keeps(3));
    let keys = told(&estate, None, &["keys", "list", "--account", "second"]);
    assert_eq!(keys, json!({"keys": [{"name": "shop", "may": "all"}]}));
}

#[test]
fn an_export_has_everything_and_says_that_it_is_whole() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    let key = add(&gateway, "acme", &estate, 0);
    for person in ["ada", "bob", "cleo"] {
        assert_eq!(send(&gateway, "acme", &key, &format!("{person}@example.com")).0, 201);
    }
    let beside = ended(&estate, Some(&gateway), &["accounts", "export", "acme"]).out;
    gateway.terminate();
    let without = ended(&estate, None, &["accounts", "export", "acme"]).out;
    for export in [beside, without] {
        let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let tables: Vec<&str> = lines.iter().map(|line| line["table"].as_str().unwrap()).collect();
        assert_eq!(tables, ["account", "submissions", "submissions", "submissions", "end"]);
        assert_eq!(lines[4]["lines"], 4);
        assert!(lines[1]["body"].as_str().unwrap().contains("ada@example.com"), "{}", lines[1]);
        assert_eq!(lines[1]["status"], "done");
        assert!(!export.contains(API_KEY));
    }
}

#[test]
fn a_removal_must_be_meant() {
    let estate = Estate::of(0);
    assert_ne!(ended(&estate, None, &["accounts", "remove", "acme"]).code, 0);
    let unknown = ended(&estate, None, &["accounts", "remove", "acme", "--yes"]);
    assert_eq!(unknown.code, 4, "{unknown:?}");
}

#[test]
fn a_gateway_that_is_opened_by_another_key_says_so() {
    let estate = Estate::of(0);
    let gateway = estate.serve();
    let url = gateway.text("url");
    let settings = [("LEADGATE_OPERATOR_KEY", "another-operator-key"), ("LEADGATE_URL", &url)];
    let refused = run(estate.path(), &["accounts", "list"], &settings);
    assert!(refused.err.contains("LEADGATE_OPERATOR_KEY"), "{refused:?}");
}
