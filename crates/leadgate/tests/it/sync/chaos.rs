//! An account that does not hold still, servers that fail, cut, slow down and lie.

use std::time::Duration;

use freshsales_sandbox::{Account, Fault, FaultKind, Kind, PageAboveMaximum, Plan, Switches};
use jiff::SignedDuration;
use leadgate_core::sync::Stream;
use leadgate_engine::sync::{Outcome, SyncRun, Turn, WithheldRows};
use leadgate_testkit::TestGateway;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use rstest::rstest;
use serde_json::json;

use super::{Mirror, fill, oracle};

/// Somebody who works in the account.
struct Busy {
    random: SmallRng,
    people: Vec<i64>,
    made: usize,
}

impl Busy {
    fn in_account(account: &Account) -> Busy {
        let people = account.contacts().iter().map(|person| person["id"].as_i64().unwrap()).collect();
        Busy { random: SmallRng::seed_from_u64(20_260_615), people, made: 0 }
    }

    fn work(&mut self, account: &Account) {
        for _ in 0..self.random.random_range(0..4) {
            self.made += 1;
            let at = self.random.random_range(0..self.people.len());
            match self.random.random_range(0..4) {
                0 => {
                    let email = format!("new{}@example.com", self.made);
                    self.people.push(account.seed(Kind::Contact, &json!({"last_name": "New", "email": email})));
                }
                1 => assert!(account.delete(Kind::Contact, self.people.swap_remove(at))),
                2 => assert!(
                    account.delete(Kind::Contact, self.people[at]) && account.undelete(Kind::Contact, self.people[at])
                ),
                _ => drop(account.seed(Kind::Deal, &json!({"name": format!("Late {}", self.made), "amount": 1}))),
            }
        }
        account.advance(Duration::from_millis(700));
    }
}

#[tokio::test]
async fn an_account_that_changes_while_it_is_read() {
    let mirror = Mirror::open(TestGateway::builder()).await;
    fill(&mirror.account(), 500);
    let mut busy = Busy::in_account(&mirror.account());
    for _ in 0..3 {
        let report = mirror.run_with(|account| busy.work(account)).await;
        assert_eq!(report.problems, Vec::new());
        mirror.wait(SignedDuration::from_mins(10));
    }
    let calm = mirror.run().await;
    assert_eq!(calm.outcome, Some(Outcome::Complete), "{calm:?}");
    oracle::everything_is_equal(&mirror.copy(), &mirror.account());
}

#[tokio::test]
async fn faults_cut_connections_and_a_quota_only_take_longer() {
    let plan = Plan::Custom { hour: 60, minute: 30 };
    let mirror = Mirror::open(TestGateway::builder().plan(plan).engine(|settings| {
        settings.budget.per_hour = Some(60);
        settings.budget.per_minute = Some(30);
    }))
    .await;
    fill(&mirror.account(), 1_200);
    mirror.account().set_faults(vec![
        Fault::new(FaultKind::CutBeforeCommit).with_probability(0.1),
        Fault::new(FaultKind::ServerErrorHtml { status: 502 }).with_probability(0.1),
        Fault::new(FaultKind::Quota429 { reset_after_seconds: Some(20) }).with_probability(0.05),
        Fault::new(FaultKind::EdgeThrottle { retry_after: 5 }).with_probability(0.05),
    ]);
    let report = mirror.run().await;
    assert_eq!((report.outcome, &report.problems), (Some(Outcome::Complete), &Vec::new()), "{report:?}");
    oracle::everything_is_equal(&mirror.copy(), &mirror.account());
}

#[tokio::test]
async fn pages_of_another_size_than_asked_for() {
    let mirror = Mirror::open(TestGateway::builder()).await;
    switch(&mirror.account(), |switches| {
        (switches.per_page_maximum, switches.page_above_maximum) = (25, PageAboveMaximum::Ignore);
    });
    fill(&mirror.account(), 330);
    let report = mirror.run().await;
    assert_eq!((report.outcome, &report.problems), (Some(Outcome::Complete), &Vec::new()));
    oracle::everything_is_equal(&mirror.copy(), &mirror.account());
}

#[tokio::test]
async fn a_run_that_is_dropped_anywhere_goes_on_there() {
    let mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts, Stream::Deals]);
    fill(&mirror.account(), 1_500);
    let (mut steps, mut requests) = (1, 0);
    let report = loop {
        let mut run: SyncRun = mirror.begin().await;
        let mut ended = false;
        for _ in 0..steps {
            ended = matches!(run.step().await.unwrap(), Turn::Ended(_));
        }
        requests += run.report().requests;
        if ended {
            break run.report().clone();
        }
        steps += 1;
    };
    assert_eq!(report.outcome, Some(Outcome::Complete));
    // Every page was read once, and each beginning lost at most what it had asked ahead.
    assert!(requests < 15 + 3 + 30 + 20 * 6, "{requests}");
    oracle::copy_equals_account(&mirror.copy(), &mirror.account(), Stream::Contacts, Kind::Contact);
}

#[tokio::test]
async fn a_key_that_is_refused_ends_the_run() {
    let mirror = Mirror::open(TestGateway::builder().sandbox(|sandbox| sandbox.key = "another".to_owned())).await;
    let report = mirror.run().await;
    assert_eq!((report.outcome, report.requests), (Some(Outcome::Failed), report.requests));
    assert!(report.requests <= 5 && report.problems.len() == 1, "{report:?}");
}

fn switch(account: &Account, change: impl FnOnce(&mut Switches)) {
    let mut switches = account.switches();
    change(&mut switches);
    account.set_switches(switches);
}

#[rstest]
#[case::too_many(|switches: &mut Switches| switches.total_off_by = 3)]
#[case::too_few(|switches: &mut Switches| switches.total_off_by = -3)]
#[case::stops_early(|switches: &mut Switches| switches.deepest_page = 2)]
#[tokio::test]
async fn a_server_that_lies_or_stops_early_fails_the_run(#[case] lie: fn(&mut Switches)) {
    let mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    fill(&mirror.account(), 450);
    switch(&mirror.account(), lie);
    let report = mirror.run().await;
    assert_eq!(report.outcome, Some(Outcome::Failed), "{report:?}");
    let problem = report.problems.iter().find(|problem| problem.of == "contacts").unwrap();
    assert!(problem.message.chars().any(|sign| sign.is_ascii_digit()), "it says how many: {problem:?}");
}

#[rstest]
#[case::told(WithheldRows::Report, Outcome::Incomplete)]
#[case::accepted(WithheldRows::Accept, Outcome::Complete)]
#[tokio::test]
async fn rows_that_the_key_may_not_see_are_told(#[case] withheld: WithheldRows, #[case] outcome: Outcome) {
    let mut mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    mirror.settings.withheld = withheld;
    fill(&mirror.account(), 450);
    switch(&mirror.account(), |switches| switches.hidden_one_in = 7);
    let ids = mirror.account().contacts().iter().map(|person| person["id"].as_u64().unwrap()).collect::<Vec<_>>();
    let hidden = ids.iter().filter(|id| *id % 7 == 0).count() as u64;
    for _ in 0..2 {
        let report = mirror.run().await;
        assert_eq!((report.outcome, report.withheld(), &report.problems), (Some(outcome), hidden, &Vec::new()));
        mirror.wait(SignedDuration::from_mins(5));
    }
}
