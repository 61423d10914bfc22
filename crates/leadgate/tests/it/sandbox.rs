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
