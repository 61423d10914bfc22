//! People who are to be forgotten, in front of a CRM that fails a fifth of its requests, by a gateway that is killed while it forgets.

use std::path::Path;

use serde_json::{Value, json};

use super::*;

const PEOPLE: usize = 60;
const FORGOTTEN: usize = 12;
/// So short that a demand takes several lives.
const LIFE: std::ops::Range<u64> = 20..700;
const LEAST_KILLS: usize = 15;
const FORGOTTEN_WITHIN: Duration = Duration::from_secs(120);

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_while_forgetting_leaves_nothing_and_takes_nobody_else(#[case] generation: Generation) {
    let (seed, sandbox) = (seed(), account(seed()).await);
    let mut lives = Lives::begin(&sandbox.url(generation), SmallRng::seed_from_u64(seed));
    let client = lives.client();
    for number in 0..PEOPLE {
        client.post_until_acknowledged(&lead(number)).await;
    }
    client.until_drained(DRAINED_WITHIN).await;
    sandbox.account().set_faults(faults::mix(generation));
    let mut demands = Vec::new();
    for number in 0..FORGOTTEN {
        let demand = client.post_json("/v1/forget", &json!({ "email": address(number) })).await;
        demands.push(demand["id"].as_str().unwrap().to_owned());
        lives.kill_at_a_random_moment(LIFE).await;
    }
    while lives.kills() < LEAST_KILLS {
        lives.kill_at_a_random_moment(LIFE).await;
    }
    let started = Instant::now();
    for demand in &demands {
        until_receipt(&client, demand, started).await;
    }

    let account = sandbox.account();
    let left = account.contacts().len() + account.leads().len();
    let kept = bytes_below(lives.end().path());
    let names = |number: usize| kept.windows(address(number).len()).any(|window| window == address(number).as_bytes());
    let named: Vec<usize> = (0..PEOPLE).filter(|number| names(*number)).collect();
    assert_eq!((left, named), (PEOPLE - FORGOTTEN, (FORGOTTEN..PEOPLE).collect()), "seed {seed}");
}

fn address(number: usize) -> String {
    format!("person-{number:02}@example.com")
}

fn lead(number: usize) -> workload::Submission {
    let body = json!({ "email": address(number), "last_name": "P", "note": format!("Write to {}", address(number)) });
    workload::Submission { person: address(number), body: body.to_string(), key: None, waits: false }
}

async fn until_receipt(client: &Client, demand: &str, started: Instant) {
    loop {
        let state: Value = client.get_json(&format!("/v1/forget/{demand}")).await;
        if !state["receipt"].is_null() {
            return;
        }
        assert!(started.elapsed() < FORGOTTEN_WITHIN, "it is not forgotten: {state}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The bytes of every file in a folder and below it.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(&path).unwrap() });
    }
    bytes
}
