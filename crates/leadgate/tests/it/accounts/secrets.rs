//! The secrets of accounts: sealed at rest, opened by the master key alone, and told to nobody.

use std::path::Path;

use serde_json::json;

use super::{API_KEY, Estate, MASTER, NEWER, add, operate, send, standing, variables};
use crate::process::run;

#[test]
fn a_master_key_is_rotated_across_restarts() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    let key = add(&gateway, "acme", &estate, 0);
    gateway.terminate();
    let both = format!("{NEWER},{MASTER}");
    let gateway = estate.serve_with(&[("LEADGATE_MASTER_KEY", &both)]);
    assert_eq!(operate(&gateway, "POST", "/rotate-keys", None), (200, json!({"resealed": 1})));
    assert_eq!(operate(&gateway, "POST", "/rotate-keys", None), (200, json!({"resealed": 0})));
    gateway.terminate();
    let gateway = estate.serve_with(&[("LEADGATE_MASTER_KEY", NEWER)]);
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201);
}

/// And keeps what comes in until it can be opened.
#[test]
fn an_account_whose_master_key_is_missing_is_broken() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    let key = add(&gateway, "acme", &estate, 0);
    gateway.terminate();
    for settings in [&[("LEADGATE_MASTER_KEY", NEWER)][..], &[]] {
        let gateway = estate.serve_with(settings);
        let broken = standing(&gateway, "acme");
        assert_eq!(broken["standing"], "broken");
        assert!(broken["reason"].as_str().unwrap().contains("LEADGATE_MASTER_KEY"), "{broken}");
        assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 202);
        gateway.terminate();
    }
    let gateway = estate.serve();
    assert_eq!(standing(&gateway, "acme")["standing"], "serving");
    let waiting = || standing(&gateway, "acme")["queue"].clone();
    crate::serve::until(|| waiting()["unplanned"] == 0 && waiting()["open"] == 0);
    assert_eq!(estate.account(0).contacts().len(), 1);
}

#[test]
fn without_a_master_key_no_secret_is_taken() {
    let estate = Estate::of(1);
    let gateway = estate.serve_with(&[]);
    let body = json!({"name": "acme", "domain": estate.domain(0), "api_key": API_KEY});
    let (status, refused) = operate(&gateway, "POST", "/accounts", Some(body));
    assert_eq!(status, 422);
    assert!(refused["detail"].as_str().unwrap().contains("LEADGATE_MASTER_KEY"), "{refused}");
    assert_eq!(operate(&gateway, "GET", "/accounts", None).1["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn no_secret_is_in_a_file_an_answer_or_a_log() {
    let estate = Estate::of(1);
    let variable = "a-variable-that-nobody-may-read";
    let verbose =
        [("LEADGATE_MASTER_KEY", MASTER), ("LEADGATE__LOG__LEVEL", "trace"), ("LEADGATE__LOG__FORMAT", "json")];
    let mut command = crate::process::leadgate(estate.path(), &["serve", "--port", "0"], &variables(&verbose));
    let log = estate.path().join("log");
    command.stderr(std::fs::File::create(&log).unwrap());
    let gateway = crate::process::Running::spawn(command);
    let key = add(&gateway, "acme", &estate, 0);
    let change = json!({"variables": {"HOOK": variable}});
    let (_, changed) = operate(&gateway, "PATCH", "/accounts/acme", Some(change));
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201);
    let told = [changed, standing(&gateway, "acme"), operate(&gateway, "GET", "/accounts", None).1];
    gateway.terminate();
    let secrets = [API_KEY, variable, MASTER, super::OPERATOR, &key];
    for secret in secrets {
        assert!(told.iter().all(|answer| !answer.to_string().contains(secret)));
        assert_absent(estate.path(), secret);
    }
}

/// In no file of a folder, the log included.
fn assert_absent(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_absent(&path, secret);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn a_master_key_that_is_none_is_told_before_anything_starts() {
    let estate = Estate::of(0);
    let ended = run(estate.path(), &["serve", "--port", "0"], &variables(&[("LEADGATE_MASTER_KEY", "too-short")]));
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains("openssl rand -base64 32") && !ended.err.contains("too-short"), "{}", ended.err);
}
