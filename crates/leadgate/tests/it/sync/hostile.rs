//! Everything that is hard about reading an account, at once: it changes while it is read, shows pages of a quarter of the size that is asked for, some of
//! them shortened because the key may not see every row, cuts connections and refuses requests; and the real binary is killed again and again. What is
//! published in the end is what the account holds.

use std::time::Duration;

use freshsales_sandbox::{Account, Fault, FaultKind, Kind, PageAboveMaximum, Plan};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::commands::{KILLS, Scene};
use super::{contacts, oracle};

/// One row of so many is not shown.
const HIDDEN: u64 = 40;
/// Rows of a page, whatever is asked for.
const PER_PAGE: usize = 25;
/// How long a life lasts, in milliseconds. A larger account takes longer to read, and is given longer lives.
const SHORTEST_LIFE: u64 = 200;
const LONGEST_LIFE: u64 = 1_000;
/// Somebody does so much between two looks at the clock.
const AT_ONCE: usize = 8;

/// Somebody who works in the account, in it and over its API.
struct Busy {
    account: Account,
    random: SmallRng,
    people: Vec<i64>,
    made: usize,
}

impl Busy {
    fn in_account(account: Account) -> Busy {
        let people = account.contacts().iter().map(|person| person["id"].as_i64().unwrap()).collect();
        Busy { account, random: SmallRng::seed_from_u64(20_261_128), people, made: 0 }
    }

    /// Makes, deletes and brings back people, and makes deals.
    fn work(&mut self) {
        self.made += 1;
        let at = self.random.random_range(0..self.people.len());
        match self.random.random_range(0..4) {
            0 => {
                let person = json!({"last_name": "New", "email": format!("new{}@example.com", self.made)});
                self.people.push(self.account.seed(Kind::Contact, &person));
            }
            1 => assert!(self.account.delete(Kind::Contact, self.people.swap_remove(at))),
            2 => {
                assert!(self.account.delete(Kind::Contact, self.people[at]));
                assert!(self.account.undelete(Kind::Contact, self.people[at]));
            }
            _ => drop(self.account.seed(Kind::Deal, &json!({"name": format!("Late {}", self.made), "amount": 1}))),
        }
    }

    /// Works until it is stopped. Some edits fail, as the faults have it.
    async fn work_on(mut self, crm: String) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        loop {
            (0..AT_ONCE).for_each(|_| self.work());
            let person = self.people[self.random.random_range(0..self.people.len())];
            let edit = http.put(format!("{crm}/contacts/{person}"));
            let edit = edit.header("authorization", "Token token=sandbox-key");
            drop(edit.json(&json!({"job_title": format!("Title {}", self.made)})).send().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn make_hostile(account: &Account) {
    let mut switches = account.switches();
    (switches.per_page_maximum, switches.page_above_maximum) = (PER_PAGE, PageAboveMaximum::Ignore);
    switches.hidden_one_in = HIDDEN;
    account.set_switches(switches);
    account.set_faults(vec![
        Fault::new(FaultKind::CutBeforeCommit).with_probability(0.02),
        Fault::new(FaultKind::ServerErrorHtml { status: 502 }).with_probability(0.02),
        // Few, for each makes the gateway leave more of the next hour to those who must have used up this one.
        Fault::new(FaultKind::Quota429 { reset_after_seconds: Some(1) }).with_probability(0.02).times(5),
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_a_hostile_account_is_published_as_it_is() {
    let scene = Scene::open(|config| config.plan = Plan::Custom { hour: 10_000_000, minute: 10_000_000 }).await;
    let (account, count) = (scene.sandbox.account(), contacts());
    account.seed_records(count, 3);
    for number in 0..count / 10 {
        account.seed(Kind::Deal, &json!({"name": format!("Deal {number}"), "amount": number}));
    }
    make_hostile(&account);
    let busy = tokio::spawn(Busy::in_account(scene.sandbox.account()).work_on(scene.url.clone()));
    let mut random = SmallRng::seed_from_u64(20_260_615);
    let longest = LONGEST_LIFE + count as u64 / 10;
    for _ in 0..KILLS {
        scene.sync_for(Duration::from_millis(random.random_range(SHORTEST_LIFE..longest))).await;
    }
    busy.abort();
    assert!(busy.await.unwrap_err().is_cancelled(), "nobody worked in the account any more");
    let variables = [("LEADGATE__SYNC__WITHHELD", "accept")];
    let ended = scene.run_with(&["sync", "--json", "--to", "out/?format=ndjson"], &variables);
    assert_eq!(ended.code, 0, "{ended:?}");
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let people = &report["streams"]["contacts"];
    let sizes = oracle::RECORDS.map(|(stream, kind)| (stream, account.count(kind)));
    eprintln!("{sizes:?}, {} requests, the last run's {}: {people}", account.request_count(), report["requests"]);
    assert!(people["withheld"].as_u64().unwrap() > 0, "every row was shown");
    let runs: Vec<Value> = serde_json::from_str(&scene.run_with(&["sync", "runs", "--json"], &[]).out).unwrap();
    assert!(runs[1..].iter().any(|run| run["outcome"] == "interrupted"), "{runs:?}");
    let (copy, out) = (scene.data().join("leadgate-data/copy.db"), scene.data().join("out"));
    let is_shown = |id: i64| !id.unsigned_abs().is_multiple_of(HIDDEN);
    for (stream, kind) in oracle::RECORDS {
        oracle::file_equals_account((&copy, &out), &account, (stream, kind), is_shown);
    }
}
