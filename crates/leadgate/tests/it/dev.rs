//! `leadgate dev`: everything in one process.

use serde_json::json;

use crate::process::{Running, request};

fn lead() -> serde_json::Value {
    json!({"email": "ada@example.com", "firstName": "Ada", "company": "Analytical Engines"})
}

fn contacts(dev: &Running) -> usize {
    let (_, body) = request("GET", &format!("{}/__sandbox/records/contacts", dev.text("sandbox_url")), None, None);
    body["contacts"].as_array().unwrap().len()
}

#[test]
fn a_lead_lands_in_the_sandbox_and_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let (status, body) =
        request("POST", &format!("{}/leads", dev.text("url")), Some(&dev.text("app_key")), Some(lead()));
    assert_eq!((status, &body["existing"]), (200, &json!(false)), "{body}");
    assert_eq!(contacts(&dev), 1);
    let shown = dev.next_line();
    assert_eq!((&shown["email"], &shown["status"]), (&json!("ada@example.com"), &json!("done")));
    assert!(dev.terminate().success());
}

#[test]
fn without_the_key_nothing_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let (status, _) = request("POST", &format!("{}/leads", dev.text("url")), None, Some(lead()));
    assert_eq!((status, contacts(&dev)), (401, 0));
}

fn send(dev: &Running, lead: serde_json::Value) -> serde_json::Value {
    let (status, body) = request("POST", &format!("{}/leads", dev.text("url")), Some(&dev.text("app_key")), Some(lead));
    assert_eq!(status, 200, "{body}");
    body
}

fn first_contact(dev: &Running) -> serde_json::Value {
    let (_, body) = request("GET", &format!("{}/__sandbox/records/contacts", dev.text("sandbox_url")), None, None);
    body["contacts"][0].clone()
}

#[test]
fn the_account_the_key_and_the_jobs_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    send(&first, lead());
    let (key, contact) = (first.text("app_key"), first_contact(&first));
    assert!(first.terminate().success());

    let second = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    assert_eq!((second.text("app_key"), &second.ready["account_returned"]), (key.clone(), &json!(true)));
    assert_eq!(first_contact(&second), contact);
    let body = send(&second, json!({"email": "ada@example.com", "firstName": "Augusta"}));
    assert_eq!((&body["existing"], contacts(&second)), (&json!(true), 1), "{body}");
    let (_, jobs) = request("GET", &format!("{}/v1/jobs", second.text("url")), Some(&key), None);
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_killed_dev_has_forgotten_nothing_that_it_showed() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    send(&first, lead());
    let contact = first_contact(&first);
    // Dropping it kills it.
    drop(first);
    let second = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    assert_eq!(first_contact(&second)["id"], contact["id"]);
    assert_eq!(send(&second, json!({"email": "ada@example.com", "firstName": "Augusta"}))["existing"], json!(true));
}

#[test]
fn without_its_file_the_account_begins_empty_and_the_gateway_knows() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    send(&first, lead());
    assert!(first.terminate().success());
    std::fs::remove_file(folder.path().join("leadgate-data/dev-suite/account.jsonl")).unwrap();
    for _ in 0..2 {
        let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
        send(&dev, json!({"email": "ada@example.com", "firstName": "Augusta"}));
        assert_eq!(contacts(&dev), 1);
    }
}

#[cfg(unix)]
#[test]
fn the_kept_key_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let _dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let mode = folder.path().join("leadgate-data/dev-app-key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
