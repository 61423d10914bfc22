//! How `leadgate serve` ends: in order when a platform asks, at once when it asks twice, by itself when it was started for what waits.

use std::net::TcpStream;

use rstest::rstest;
use serde_json::{Value, json};

use crate::process::{Running, request, run};
use crate::serve::{House, KEY, add, until};

/// Nobody waits for outcomes, and a cut call is read back at once.
const IMPATIENT: [(&str, &str); 2] = [("LEADGATE__INTAKE__PATIENCE", "0s"), ("LEADGATE__RETRY__SETTLE", "0s")];

fn person(number: usize) -> Value {
    json!({"email": format!("person-{number}@example.com")})
}

fn jobs_by_status(gateway: &Running, status: &str) -> usize {
    let (_, jobs) = request("GET", &format!("{}/v1/jobs?status={status}", gateway.text("url")), Some(KEY), None);
    jobs["jobs"].as_array().unwrap().len()
}

/// Serves until nothing is due, at most so long; returns the exit code.
fn serve_until_idle(house: &House, within: &str, settings: &[(&str, &str)]) -> i32 {
    let arguments = ["serve", "--port", "0", "--until-idle=2s", "--within", within];
    run(house.folder.path(), &arguments, &house.variables(settings)).code
}

#[test]
fn what_was_accepted_before_the_signal_lands_once() {
    let house = House::new();
    // Replies that take their time, so that the signal comes while calls are under way.
    house.fault(json!({"kind": "slow_body", "chunk_bytes": 200, "pause_milliseconds": 50}), 20);
    let first = house.serve_with(&IMPATIENT);
    for number in 0..20 {
        assert_eq!(add(&first, person(number)).0, 202);
    }
    assert!(first.terminate().success());
    let second = house.serve_with(&IMPATIENT);
    until(|| jobs_by_status(&second, "done") == 20);
    assert_eq!(house.contacts(), 20);
}

#[test]
fn callers_who_wait_at_the_signal_are_told_that_their_leads_are_kept() {
    let house = House::new();
    house.fault(json!({"kind": "hang", "then_commit": true}), 4);
    let settings = [("LEADGATE__SERVER__SHUTDOWN_DEADLINE", "100ms"), ("LEADGATE__RETRY__SETTLE", "0s")];
    let first = house.serve_with(&settings);
    let answers = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn({
                    let first = &first;
                    move || add(first, person(number)).0
                })
            })
            .collect();
        house.until_met();
        first.signal_end();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(answers, [202; 4]);
    assert!(first.wait().success());
    assert_eq!(serve_until_idle(&house, "5m", &settings), 0);
    assert_eq!(house.contacts(), 4);
}

#[test]
fn a_second_signal_ends_at_once_and_loses_nothing() {
    let house = House::new();
    house.fault(json!({"kind": "hang", "then_commit": true}), 1);
    let first = house.serve_with(&[IMPATIENT[0], ("LEADGATE__SERVER__SHUTDOWN_DEADLINE", "30s")]);
    assert_eq!(add(&first, person(1)).0, 202);
    house.until_met();
    first.signal_end();
    // Signals of one kind are one until they are heard, and this one is heard when nobody is let in any more.
    let address = first.text("url").replace("http://", "");
    until(|| TcpStream::connect(&address).is_err());
    assert_eq!(first.terminate().code(), Some(143));
    assert_eq!(serve_until_idle(&house, "5m", &IMPATIENT), 0);
    assert_eq!(house.contacts(), 1);
}

#[rstest]
#[case::nothing_waits(0, 0)]
#[case::work_waits(1, 1)]
fn started_for_what_waits_it_ends_when_that_is_done(#[case] waiting: usize, #[case] landed: usize) {
    let house = House::new();
    house.fault(json!({"kind": "hang"}), u32::try_from(waiting).unwrap());
    let settings = [IMPATIENT[0], IMPATIENT[1], ("LEADGATE__SERVER__SHUTDOWN_DEADLINE", "100ms")];
    let first = house.serve_with(&settings);
    for number in 0..waiting {
        add(&first, person(number));
    }
    house.until_met();
    assert!(first.terminate().success());
    assert_eq!(house.contacts(), 0);
    assert_eq!(serve_until_idle(&house, "5m", &settings), 0);
    assert_eq!(house.contacts(), landed);
}

#[test]
fn started_for_what_waits_it_ends_in_time_and_says_that_work_is_left() {
    let house = House::new();
    house.fault(json!({"kind": "hang", "then_commit": true}), 1);
    let settings = [IMPATIENT[0], IMPATIENT[1], ("LEADGATE__SERVER__SHUTDOWN_DEADLINE", "100ms")];
    let first = house.serve_with(&settings);
    add(&first, person(1));
    house.until_met();
    assert!(first.terminate().success());
    let all = json!({"faults": [{"kind": "hang"}]});
    house.control("PUT", "/faults", Some(all));
    assert_eq!(serve_until_idle(&house, "500ms", &settings), 6);
    house.control("PUT", "/faults", Some(json!({"faults": []})));
    assert_eq!(serve_until_idle(&house, "5m", &settings), 0);
    assert_eq!(house.contacts(), 1);
}

#[test]
fn started_for_what_waits_it_does_not_wait_for_the_next_hour_of_the_quota() {
    let house = House::new();
    let settings = [IMPATIENT[0], ("LEADGATE__BUDGET__PER_HOUR", "1")];
    let first = house.serve_with(&settings);
    for number in 0..3 {
        assert_eq!(add(&first, person(number)).0, 202);
    }
    assert!(first.terminate().success());
    assert_eq!(serve_until_idle(&house, "5m", &settings), 0);
    let looked = run(house.folder.path(), &["jobs", "list", "--status", "working", "--json"], &[("PORT", "1")]);
    assert!(looked.out.contains("\"status\":\"working\""), "{looked:?}");
}

#[test]
fn a_bound_is_for_an_end_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &["serve", "--within", "1m"], &[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("--until-idle"), "{}", ended.err);
}
