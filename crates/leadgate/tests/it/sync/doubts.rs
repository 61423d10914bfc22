//! What a run must not take for true: clocks, lists that show less than before, counts that move, notes that come with other rows, values that do not fit.

use std::time::Duration;

use freshsales_sandbox::{Account, CustomField, CustomFieldType, Kind};
use jiff::SignedDuration;
use leadgate_core::sync::Stream;
use leadgate_engine::sync::{NotesRead, Outcome, RunReport, SyncService, Turn};
use leadgate_testkit::TestGateway;
use leadgate_warehouse::{Copy, SinkSpec};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Mirror, fill, oracle, pace};

fn count(mirror: &Mirror, stream: Stream) -> u64 {
    Copy::open(&mirror.copy()).unwrap().count(stream).unwrap()
}

fn ids(account: &Account) -> Vec<i64> {
    account.contacts().iter().map(|person| person["id"].as_i64().unwrap()).collect()
}

async fn forget(mirror: &Mirror, person: i64) {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let request = http.delete(format!("{}/contacts/{person}/forget", mirror.gateway.crm()));
    request.header("authorization", "Token token=sandbox-key").send().await.unwrap().error_for_status().unwrap();
}

/// A contact and a deal with a note each.
async fn with_notes() -> (Mirror, i64) {
    let mirror = Mirror::open(TestGateway::builder()).await;
    let account = mirror.account();
    let person = account.seed(Kind::Contact, &json!({"last_name": "Lovelace", "email": "ada@example.com"}));
    let deal = account.seed(Kind::Deal, &json!({"name": "Engine", "amount": 1}));
    note(&account, "Contact", person);
    note(&account, "Deal", deal);
    mirror.wait(SignedDuration::from_mins(5));
    (mirror, deal)
}

fn note(account: &Account, kind: &str, id: i64) {
    account.seed(Kind::Note, &json!({"description": "Hello", "targetable_type": kind, "targetable_id": id}));
}

#[tokio::test]
async fn notes_that_were_not_asked_for_are_there_once_they_are() {
    let (mut mirror, _) = with_notes().await;
    mirror.settings.streams = vec![Stream::Contacts];
    assert!(!mirror.run().await.streams.contains_key(&Stream::Notes));
    mirror.settings.streams = Stream::ALL.to_vec();
    let report = mirror.run().await;
    assert_eq!((report.outcome, count(&mirror, Stream::Notes)), (Some(Outcome::Complete), 1));
    assert!(!report.streams[&Stream::Notes].doubts.is_empty(), "{report:?}");
}

#[tokio::test]
async fn notes_alone_bring_the_people_whom_they_come_with() {
    let (mirror, _) = with_notes().await;
    let mirror = mirror.only(&[Stream::Notes]);
    let report = mirror.run().await;
    assert_eq!((report.outcome, report.streams[&Stream::Notes].applied.created), (Some(Outcome::Complete), 1));
}

#[tokio::test]
async fn all_notes_are_read_from_the_run_on_that_asks_for_them_and_anew_with_everything() {
    let (mut mirror, deal) = with_notes().await;
    mirror.run().await;
    mirror.settings.notes = NotesRead::All;
    assert_eq!(mirror.run().await.streams[&Stream::Notes].applied.created, 1);
    note(&mirror.account(), "Deal", deal);
    assert_eq!(mirror.run().await.streams[&Stream::Notes].applied.created, 0);
    mirror.settings.pace = pace(true);
    assert_eq!(mirror.run().await.streams[&Stream::Notes].applied.created, 1);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_told_and_everything_else_lands() {
    let mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    fill(&mirror.account(), 30);
    let odd = json!({"last_name": "Many", "email": "many@example.com", "custom_field": {"cf_seats": 1e30}});
    mirror.account().seed(Kind::Contact, &odd);
    mirror.wait(SignedDuration::from_mins(5));
    for _ in 0..2 {
        let report = mirror.run().await;
        assert_eq!((report.outcome, report.unfit(), &report.problems), (Some(Outcome::Incomplete), 1, &Vec::new()));
        assert_eq!(count(&mirror, Stream::Contacts), 31);
        mirror.wait(SignedDuration::from_mins(5));
    }
}

#[tokio::test]
async fn rows_that_the_key_may_not_see_any_more_are_kept() {
    let mut mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    let account = mirror.account();
    fill(&account, 310);
    mirror.run().await;
    mirror.settings.pace = pace(true);
    let hide = |one_in: u64| {
        let mut switches = account.switches();
        switches.hidden_one_in = one_in;
        account.set_switches(switches);
    };
    hide(10);
    account.delete(Kind::Contact, *ids(&account).iter().find(|id| *id % 10 == 3).unwrap());
    mirror.wait(SignedDuration::from_mins(5));
    for deleted in [1, 0] {
        let report = mirror.run().await;
        let contacts = &report.streams[&Stream::Contacts];
        assert_eq!((report.outcome, contacts.applied.deleted), (Some(Outcome::Incomplete), deleted), "{report:?}");
        assert_eq!(contacts.hidden, contacts.withheld);
    }
    hide(0);
    let report = mirror.run().await;
    assert_eq!((report.outcome, report.streams[&Stream::Contacts].applied.restored), (Some(Outcome::Complete), 0));
    oracle::copy_equals_account(&mirror.copy(), &account, Stream::Contacts, Kind::Contact);
}

#[rstest]
#[case::ahead(10)]
#[case::behind(-10)]
#[tokio::test]
async fn changes_are_seen_and_what_is_gone_is_missed_whatever_this_machines_clock_says(#[case] minutes: i64) {
    let ahead = SignedDuration::from_mins(minutes);
    let mirror = Mirror::open(TestGateway::builder().clock_ahead(ahead)).await.only(&[Stream::Contacts]);
    let account = mirror.account();
    fill(&account, 150);
    let first = mirror.run().await;
    assert_eq!((first.outcome, first.remarks.len()), (Some(Outcome::Complete), 1), "{first:?}");
    let people = ids(&account);
    mirror.wait(SignedDuration::from_secs(200));
    for person in &people[..3] {
        mirror.gateway.change("contacts", *person, &json!({"job_title": "Chief"})).await;
    }
    forget(&mirror, people[9]).await;
    mirror.wait(SignedDuration::from_secs(60));
    let applied = mirror.run().await.streams[&Stream::Contacts].applied;
    assert_eq!((applied.updated, applied.deleted), (3, 1));
    oracle::copy_equals_account(&mirror.copy(), &account, Stream::Contacts, Kind::Contact);
}

#[tokio::test]
async fn a_task_that_is_reopened_while_all_are_read_is_not_gone() {
    let mut mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Tasks]);
    let account = mirror.account();
    let person = account.seed(Kind::Contact, &json!({"last_name": "Lovelace", "email": "ada@example.com"}));
    let on = |title: &str, status: u8| {
        json!({"title": title, "status": status, "targetable_type": "Contact", "targetable_id": person,
               "due_date": "2026-06-20T10:00:00Z"})
    };
    account.seed(Kind::Task, &on("Call", 0));
    let done = account.seed(Kind::Task, &on("Write", 1));
    mirror.wait(SignedDuration::from_mins(5));
    mirror.run().await;
    (mirror.settings.pace, mirror.settings.pages) = (pace(true), 1);
    account.clear_requests();
    let report = reopen_meanwhile(&mirror, done).await;
    assert_eq!(report.streams[&Stream::Tasks].applied.deleted, 0, "{report:?}");
    oracle::copy_equals_account(&mirror.copy(), &account, Stream::Tasks, Kind::Task);
}

/// A run during which a completed task is reopened as soon as the open ones have been read.
async fn reopen_meanwhile(mirror: &Mirror, task: i64) -> RunReport {
    let (mut run, mut reopened) = (mirror.begin().await, false);
    loop {
        match run.step().await.unwrap() {
            Turn::Ended(_) if reopened => return run.report().clone(),
            Turn::Ended(_) => panic!("the open tasks were not asked for by themselves"),
            Turn::Wait(until) => mirror.wait(until.duration_since(mirror.account().now())),
            Turn::Worked => {
                let asked = mirror.account().requests().iter().any(|seen| seen.path.contains("tasks"));
                if asked && !reopened {
                    reopened = true;
                    mirror.gateway.change("tasks", task, &json!({"status": 0})).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn what_saved_views_show_is_counted_as_well() {
    let mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    let account = mirror.account();
    let mut switches = account.switches();
    switches.search_gives_whole_rows = false;
    account.set_switches(switches);
    fill(&account, 60);
    assert_eq!(mirror.run().await.outcome, Some(Outcome::Complete));
    forget(&mirror, ids(&account)[7]).await;
    mirror.wait(SignedDuration::from_mins(5));
    let report = mirror.run().await;
    assert_eq!((report.outcome, report.streams[&Stream::Contacts].applied.deleted), (Some(Outcome::Complete), 1));
}

#[tokio::test]
async fn without_a_sink_that_can_be_used_nothing_is_asked() {
    let mut mirror = Mirror::open(TestGateway::builder()).await;
    std::fs::write(mirror.folder.path().join("file"), "").unwrap();
    let to = |name: &str| SinkSpec::parse(&format!("{}/{name}", mirror.folder.path().display())).unwrap();
    let (bad, good) = (to("file/out/"), to("out/"));
    mirror.settings.sinks = vec![bad.clone()];
    let report = mirror.run().await;
    assert_eq!((report.outcome, report.requests, report.problems.len()), (Some(Outcome::Failed), 0, 1), "{report:?}");
    mirror.settings.sinks = vec![bad, good];
    let report = mirror.run().await;
    assert_eq!((report.outcome, report.problems.len()), (Some(Outcome::Failed), 1));
    assert!(report.requests > 0 && mirror.folder.path().join("out/users.csv").exists());
}

#[tokio::test]
async fn a_run_of_some_streams_does_not_count_as_the_scheduled_one() {
    let mut mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Users, Stream::Stages]);
    mirror.settings.schedule = Some("0 3 * * * UTC".parse().unwrap());
    let service = SyncService::new(mirror.gateway.engine().clone(), mirror.settings.clone());
    assert_eq!(service.run_once().await.unwrap().outcome, Some(Outcome::Complete));
    mirror.account().advance(Duration::from_secs(24 * 3_600));
    mirror.settings.streams = vec![Stream::Users];
    mirror.run().await;
    assert!(service.due().await.unwrap().unwrap() <= mirror.account().now(), "the missed time is not made up for");
}

#[tokio::test]
async fn a_run_that_fails_at_once_is_made_up_for_later_and_not_at_once() {
    let mut mirror = Mirror::open(TestGateway::builder().sandbox(|sandbox| sandbox.key = "another".to_owned())).await;
    mirror.settings.schedule = Some("0 3 * * * UTC".parse().unwrap());
    let service = SyncService::new(mirror.gateway.engine().clone(), mirror.settings.clone());
    assert_eq!(service.run_once().await.unwrap().outcome, Some(Outcome::Failed));
    let due = service.due().await.unwrap().unwrap();
    assert_eq!(due.duration_since(mirror.account().now()), SignedDuration::from_hours(1));
}

#[rstest]
#[case::with_values_in_old_rows(json!({"cf_score": 7}), true)]
#[case::without(json!({}), false)]
#[tokio::test]
async fn a_new_field_is_read_of_all_rows_if_old_ones_have_values_in_it(#[case] own: Value, #[case] is_whole: bool) {
    let mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    let account = mirror.account();
    let mut switches = account.switches();
    switches.unknown_custom_field_refused = false;
    account.set_switches(switches);
    for number in 0..150 {
        let email = format!("p{number}@example.com");
        account.seed(Kind::Contact, &json!({"last_name": "Old", "email": email, "custom_field": own}));
    }
    mirror.wait(SignedDuration::from_mins(5));
    mirror.run().await;
    account.add_custom_field(CustomField::new(Kind::Contact, "cf_score", CustomFieldType::Number));
    mirror.wait(SignedDuration::from_mins(5));
    let report = mirror.run().await;
    let contacts = &report.streams[&Stream::Contacts];
    assert_eq!((report.outcome, contacts.whole), (Some(Outcome::Complete), is_whole), "{report:?}");
    assert_eq!(contacts.applied.updated, if is_whole { 150 } else { 0 });
}
