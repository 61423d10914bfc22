//! What the doctor must never do: print a secret, leave a record behind, write unasked.

use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Kind, Profile};
use rstest::rstest;
use serde_json::Value;

use super::Patient;
use super::states::{STATES, with_gateway};
use crate::process::leadgate;

#[test]
fn in_no_state_is_the_key_printed() {
    for state in STATES {
        let mut patient = Patient::new();
        let running = (state.bring_about)(&mut patient);
        patient.arguments.push("-vv");
        let ended = patient.doctor();
        drop(running);
        for key in ["sandbox-key", "mistyped-key", "a-long-app-key-for-tests"] {
            assert!(!ended.out.contains(key) && !ended.err.contains(key), "{}: {ended:?}", state.title);
        }
    }
}

#[rstest]
#[case(Profile::Suite)]
#[case(Profile::Classic)]
#[case(Profile::Tutorial)]
fn what_it_makes_it_removes(#[case] profile: Profile) {
    let mut patient = Patient::of(profile);
    patient.arguments = vec!["--write", "--json"];
    let ended = patient.doctor();
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &report["failed"]), (0, &0.into()), "{}", ended.out);
    let account = patient.sandbox.account();
    let written = account.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!(written, 4);
    assert!(Kind::ALL.iter().all(|kind| account.count(*kind) == 0));
    assert_eq!(report["requests"], account.request_count());
}

#[test]
fn without_write_nothing_but_reads_is_asked() {
    let patient = Patient::new();
    patient.doctor();
    assert!(patient.sandbox.account().requests().iter().all(|request| request.method == "GET"));
}

/// The answer to each create is lost in turn, after the record was made.
#[rstest]
#[case("/contacts")]
#[case("/sales_accounts")]
#[case("/deals")]
fn a_record_whose_answer_was_lost_is_removed_too(#[case] path: &str) {
    let mut patient = Patient::new();
    patient.arguments = vec!["--write"];
    let account = patient.sandbox.account();
    account.set_faults(vec![Fault::new(FaultKind::CommitThenCut).on("POST", path)]);
    let ended = patient.doctor();
    assert!(ended.out.contains("write-failed"), "{}", ended.out);
    assert!(Kind::ALL.iter().all(|kind| account.count(*kind) == 0), "{}", ended.out);
    assert!(account.faults()[0].remaining.is_none());
}

#[cfg(unix)]
#[test]
fn ctrl_c_removes_what_was_made() {
    let patient = Patient::new();
    let account = patient.sandbox.account();
    account.set_index_lag(Duration::from_secs(3600));
    let (url, arguments) = (patient.sandbox.root_url(), ["doctor", "--write", "--search-within", "10m"]);
    let variables = [("FRESHSALES_API_KEY", "sandbox-key"), ("FRESHSALES_SUBDOMAIN", url.as_str())];
    let mut command = leadgate(patient.folder(), &arguments, &variables);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // It searches for the contact that it has made.
    while !account.requests().iter().any(|request| request.path.ends_with("/search")) {
        std::thread::yield_now();
    }
    assert_eq!(account.count(Kind::Contact), 1);
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), account.count(Kind::Contact)), (Some(1), 0));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("nothing that it made is left"));
}

#[test]
fn a_gateway_that_runs_is_seen_and_reached_through_its_own_address() {
    let mut patient = Patient::new();
    let running = with_gateway(&mut patient);
    patient.set("LEADGATE__SERVER__PUBLIC_URL", running[0].text("url"));
    patient.arguments = vec!["--json"];
    let report: Value = serde_json::from_str(&patient.doctor().out).unwrap();
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    for code in ["gateway-ready", "loopback-arrives", "store-in-use"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
}
