//! `leadgate sandbox`.

use serde_json::json;

use crate::process::{Running, request};

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
