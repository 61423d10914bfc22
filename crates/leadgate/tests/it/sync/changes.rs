//! What runs cost, and what they land.

use std::time::Duration;

use freshsales_sandbox::{Generation, Kind};
use jiff::SignedDuration;
use leadgate_core::sync::Stream;
use leadgate_engine::sync::{NotesRead, Outcome, RunReport, SyncService};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::json;

use super::{Mirror, contacts, fill, oracle, pace};

fn requests(report: &RunReport, stream: Stream) -> u64 {
    report.streams[&stream].requests
}

#[tokio::test]
async fn everything_is_read_once_and_then_what_changed() {
    let mirror = Mirror::open(TestGateway::builder()).await;
    let (account, count) = (mirror.account(), contacts());
    fill(&account, count);
    let first = mirror.run().await;
    eprintln!("{count} contacts: {} requests, {:?}", first.requests, first.streams);
    assert_eq!((first.outcome, &first.problems), (Some(Outcome::Complete), &Vec::new()));
    for (stream, rows) in [(Stream::Contacts, count), (Stream::Deals, count / 5)] {
        assert_eq!(first.streams[&stream].applied.created, rows as u64);
        let pages = (rows as u64).div_ceil(100);
        assert!(requests(&first, stream) <= pages + 3.max(pages / 50), "{stream}: {}", requests(&first, stream));
    }
    oracle::everything_is_equal(&mirror.copy(), &account);

    let (changed, deleted) = (count / 100, count / 1_000);
    let people = account.contacts();
    for person in &people[..changed] {
        mirror.gateway.change("contacts", person["id"].as_i64().unwrap(), &json!({"job_title": "Chief"})).await;
    }
    for person in &people[people.len() - deleted..] {
        account.delete(Kind::Contact, person["id"].as_i64().unwrap());
    }
    mirror.wait(SignedDuration::from_mins(5));
    let second = mirror.run().await;
    eprintln!("then {changed} changed, {deleted} deleted: {} requests, {:?}", second.requests, second.streams);
    let landed = second.streams[&Stream::Contacts].applied;
    assert_eq!((landed.updated, landed.deleted, landed.created), (changed as u64, deleted as u64, 0));
    assert_eq!(second.streams[&Stream::Deals].applied.updated, 0);
    assert!(second.requests <= 30 + (changed as u64).div_ceil(100), "{}", second.requests);
    oracle::everything_is_equal(&mirror.copy(), &account);
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn both_generations_are_read(#[case] generation: Generation) {
    let mirror = Mirror::open(TestGateway::builder().generation(generation)).await;
    mirror.account().seed_records(300, 7);
    mirror.account().advance(Duration::from_secs(60));
    let report = mirror.run().await;
    assert_eq!((report.outcome, &report.problems), (Some(Outcome::Complete), &Vec::new()));
    match generation {
        Generation::Suite => oracle::everything_is_equal(&mirror.copy(), &mirror.account()),
        Generation::Classic => oracle::nothing_differs(&mirror.copy(), &mirror.account()),
    }
    let again = mirror.run().await;
    let changes: u64 =
        again.streams.values().map(|of| of.applied.created + of.applied.updated + of.applied.deleted).sum();
    assert_eq!((again.outcome, changes), (Some(Outcome::Complete), 0), "{again:?}");
}

#[tokio::test]
async fn what_vanished_without_a_trace_is_missed_by_the_count() {
    let mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    fill(&mirror.account(), 250);
    mirror.run().await;
    let person = mirror.account().contacts()[17]["id"].as_i64().unwrap();
    let forgotten = reqwest_delete(&mirror, &format!("contacts/{person}/forget")).await;
    assert!(forgotten < 300, "{forgotten}");
    mirror.wait(SignedDuration::from_mins(5));
    let report = mirror.run().await;
    assert_eq!(report.streams[&Stream::Contacts].applied.deleted, 1, "{report:?}");
    oracle::copy_equals_account(&mirror.copy(), &mirror.account(), Stream::Contacts, Kind::Contact);
}

async fn reqwest_delete(mirror: &Mirror, path: &str) -> u16 {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let request = http.delete(format!("{}/{path}", mirror.gateway.crm()));
    request.header("authorization", "Token token=sandbox-key").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_restored_record_is_back() {
    let mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Deals]);
    fill(&mirror.account(), 50);
    let deal = mirror.account().deals()[3]["id"].as_i64().unwrap();
    mirror.run().await;
    mirror.account().delete(Kind::Deal, deal);
    mirror.wait(SignedDuration::from_mins(5));
    assert_eq!(mirror.run().await.streams[&Stream::Deals].applied.deleted, 1);
    mirror.account().undelete(Kind::Deal, deal);
    mirror.wait(SignedDuration::from_mins(5));
    assert_eq!(mirror.run().await.streams[&Stream::Deals].applied.restored, 1);
    oracle::copy_equals_account(&mirror.copy(), &mirror.account(), Stream::Deals, Kind::Deal);
}

#[tokio::test]
async fn a_full_run_reads_everything_and_changes_nothing() {
    let mut mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Contacts]);
    fill(&mirror.account(), 350);
    mirror.run().await;
    mirror.settings.pace = pace(true);
    let again = mirror.run().await.streams[&Stream::Contacts].applied;
    assert_eq!((again.unchanged, again.created + again.updated + again.deleted), (350, 0));
}

#[tokio::test]
async fn one_run_at_a_time() {
    let mirror = Mirror::open(TestGateway::builder()).await;
    let run = mirror.begin().await;
    let refused = leadgate_engine::sync::SyncRun::begin(mirror.gateway.engine().clone(), mirror.settings.clone()).await;
    assert!(refused.err().unwrap().to_string().contains("another sync is at work"));
    drop(run);
    mirror.begin().await;
}

#[tokio::test]
async fn runs_begin_at_their_times_and_a_missed_one_is_made_up_for() {
    let mut mirror = Mirror::open(TestGateway::builder()).await.only(&[Stream::Users]);
    mirror.settings.schedule = Some("0 3 * * * UTC".parse().unwrap());
    let service = SyncService::new(mirror.gateway.engine().clone(), mirror.settings.clone());
    let due = async || service.due().await.unwrap().unwrap().to_string();
    assert_eq!(due().await, "2026-06-16T03:00:00Z");
    mirror.wait(SignedDuration::from_hours(72));
    assert!(service.due().await.unwrap().unwrap() <= mirror.account().now());
    assert_eq!(service.run_once().await.unwrap().outcome, Some(Outcome::Complete));
    assert_eq!(due().await, "2026-06-19T03:00:00Z");
    drop(mirror.begin().await);
    // A run that was interrupted is gone on with at once.
    assert!(service.due().await.unwrap().unwrap() <= mirror.account().now());
}

#[tokio::test]
async fn notes_come_beside_people_and_others_are_asked_for_if_wanted() {
    let mut mirror = Mirror::open(TestGateway::builder()).await;
    let account = mirror.account();
    let person = account.seed(Kind::Contact, &json!({"last_name": "Lovelace", "email": "ada@example.com"}));
    let deal = account.seed(Kind::Deal, &json!({"name": "Engine", "amount": 1}));
    for (kind, id) in [("Contact", person), ("Deal", deal)] {
        account.seed(Kind::Note, &json!({"description": "Hello", "targetable_type": kind, "targetable_id": id}));
    }
    mirror.wait(SignedDuration::from_mins(5));
    assert_eq!(mirror.run().await.streams[&Stream::Notes].applied.created, 1);
    let copy = tempfile::tempdir().unwrap();
    mirror.settings.copy = copy.path().join("copy.db");
    mirror.settings.notes = NotesRead::All;
    assert_eq!(mirror.run().await.streams[&Stream::Notes].applied.created, 2);
    assert_eq!(mirror.run().await.streams[&Stream::Notes].requests, 0);
}
