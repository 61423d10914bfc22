//! `leadgate sandbox`.

use std::process::Stdio;

use rstest::rstest;
use serde_json::json;

use crate::process::{Running, leadgate, request, run};

#[test]
fn it_says_its_port_answers_and_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path(), &["sandbox", "--port", "0", "--profile", "classic"], &[]);
    let (status, body) = request("GET", &sandbox.text("control"), None, None);
    assert_eq!((status, &body["profile"]), (200, &json!("classic")));
    assert!(sandbox.terminate().success());
}

#[test]
fn it_has_the_quota_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path(), &["sandbox", "--port", "0", "--quota", "pro"], &[]);
    let (_, body) = request("GET", &format!("{}/quota", sandbox.text("control")), None, None);
    assert_eq!(body["hour"]["limit"], json!(2000));
}

#[test]
fn it_has_the_switches_and_the_language_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "sandbox",
        "--port",
        "0",
        "--switch",
        "deleted_record=shown",
        "--switch",
        "per_page_maximum=50",
        "--language",
        "nl",
    ];
    let sandbox = Running::start(folder.path(), &flags, &[]);
    let (_, switches) = request("GET", &format!("{}/switches", sandbox.text("control")), None, None);
    assert_eq!((&switches["deleted_record"], &switches["per_page_maximum"]), (&json!("shown"), &json!(50)));
    let (_, language) = request("GET", &format!("{}/language", sandbox.text("control")), None, None);
    assert_eq!(language["language"], "nl");
}

#[test]
fn a_snapshot_carries_the_accounts_from_one_run_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["sandbox", "--port", "0", "--records", "30", "--snapshot", "all.jsonl", "--account", "name=globex,plan=pro"];
    let first = Running::start(folder.path(), &arguments, &[]);
    assert_eq!(first.ready["accounts"], json!(["acme", "globex"]));
    let contacts = |running: &Running, control: &str| {
        request("GET", &format!("{}{control}/records/contacts", running.text("url")), None, None).1
    };
    request("POST", &format!("{}/@globex/__sandbox/seed", first.text("url")), None, Some(json!({"records": 5})));
    let (acme, globex) = (contacts(&first, "/__sandbox"), contacts(&first, "/@globex/__sandbox"));
    assert_eq!((acme["contacts"].as_array().unwrap().len(), globex["contacts"].as_array().unwrap().len()), (30, 5));
    assert!(first.terminate().success());
    let second = Running::start(folder.path(), &arguments, &[]);
    assert_eq!((contacts(&second, "/__sandbox"), contacts(&second, "/@globex/__sandbox")), (acme, globex));
}

#[test]
fn it_writes_its_port_to_a_file_and_ends_when_standard_input_closes() {
    let folder = tempfile::tempdir().unwrap();
    let mut command =
        leadgate(folder.path(), &["sandbox", "--port", "0", "--port-file", "port", "--until-stdin-closes"], &[]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let port: u16 = std::fs::read_to_string(folder.path().join("port")).unwrap().trim().parse().unwrap();
    assert!(line.starts_with(&format!("sandbox account ready at http://127.0.0.1:{port} ")), "{line}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[rstest]
#[case("stepped:2026-06-15T12:00:00Z", json!(0.0))]
#[case("x60", json!(60.0))]
#[case("real", json!(1.0))]
fn its_clock_is_chosen(#[case] clock: &str, #[case] factor: serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path(), &["sandbox", "--port", "0", "--clock", clock], &[]);
    let (_, body) = request("GET", &format!("{}/clock", sandbox.text("control")), None, None);
    assert_eq!(body["factor"], factor);
    if factor == json!(0.0) {
        assert_eq!(body["now"], "2026-06-15T12:00:00Z");
    }
}

#[test]
fn accounts_come_from_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let list = json!([{"name": "globex", "key": "k2", "profile": "suite"}, {"name": "initech", "records": 10}]);
    std::fs::write(folder.path().join("accounts.json"), list.to_string()).unwrap();
    let sandbox = Running::start(folder.path(), &["sandbox", "--port", "0", "--accounts", "accounts.json"], &[]);
    let (_, body) = request("GET", &format!("{}/accounts", sandbox.text("control")), None, None);
    assert_eq!((&body["accounts"][1]["key"], &body["accounts"][2]["name"]), (&json!("k2"), &json!("initech")));
}

#[rstest]
#[case(&["--account", "plan=pro"], 2)]
#[case(&["--clock", "never"], 2)]
#[case(&["--account", "name=acme"], 3)]
#[case(&["--accounts", "missing.json"], 1)]
fn what_cannot_be_served_is_said(#[case] flags: &[&str], #[case] code: i32) {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &[&["sandbox", "--port", "0"], flags].concat(), &[]);
    assert_eq!(ended.code, code, "{}", ended.err);
}
