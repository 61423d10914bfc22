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

#[test]
fn a_second_start_keeps_the_key_and_the_jobs_and_knows_that_the_account_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let key = first.text("app_key");
    request("POST", &format!("{}/leads", first.text("url")), Some(&key), Some(lead()));
    assert!(first.terminate().success());

    let second = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    assert_eq!(second.text("app_key"), key);
    let other = json!({"email": "ada@example.com", "firstName": "Augusta"});
    let (_, body) = request("POST", &format!("{}/leads", second.text("url")), Some(&key), Some(other));
    assert_eq!((&body["existing"], contacts(&second)), (&json!(false), 1), "{body}");
    let (_, jobs) = request("GET", &format!("{}/v1/jobs", second.text("url")), Some(&key), None);
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 2);
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
