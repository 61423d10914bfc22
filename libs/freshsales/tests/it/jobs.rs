//! Bulk jobs: the id out of a URL, the phase, and the report inside a text.

use freshsales::contacts::ContactAttributes;
use freshsales::jobs::{BulkItem, ItemResult, Job, JobId, JobPhase, status};
use freshsales::verbs::UniqueKey;
use freshsales::{Request, contacts};
use http::StatusCode;
use rstest::rstest;

use crate::script::exchange_named;

fn job(body: &str) -> Job {
    status(JobId::new("1").unwrap()).decode(StatusCode::OK, body.as_bytes()).unwrap()
}

#[test]
fn a_bulk_upsert_starts_a_job() {
    let exchange = exchange_named("bulk_and_jobs", "bulk upsert contacts");
    let items = vec![BulkItem::new(UniqueKey::id(1), ContactAttributes::new())];
    let started = contacts::bulk_upsert(items).decode(StatusCode::OK, &exchange.body).unwrap();
    assert_eq!(started.id.as_str(), "40218000001");
    assert_eq!(started.message.as_deref(), Some("Your request is being processed."));
}

#[rstest]
#[case("https://acme.myfreshworks.com/crm/sales/api/job_statuses/40218000001", Some("40218000001"))]
#[case("https://evil.example.com/job_statuses/ab-1_2/?x=1", Some("ab-1_2"))]
#[case("https://acme.myfreshworks.com/job_statuses/..%2Fcontacts", None)]
#[case("", None)]
#[case("/", None)]
fn a_job_is_known_by_the_last_part_of_its_url(#[case] url: &str, #[case] id: Option<&str>) {
    assert_eq!(JobId::from_url(url).as_ref().map(JobId::as_str), id);
}

#[rstest]
#[case("SUCCESS", JobPhase::Succeeded)]
#[case("success", JobPhase::Succeeded)]
#[case("IN_PROGRESS", JobPhase::Running)]
#[case("In Progress", JobPhase::Running)]
#[case("QUEUED", JobPhase::Running)]
#[case("FAILED", JobPhase::Failed)]
#[case("SOMETHING_NEW", JobPhase::Failed)]
fn a_status_is_a_phase(#[case] status: &str, #[case] phase: JobPhase) {
    assert_eq!(job(&format!(r#"{{"status":"{status}"}}"#)).phase(), phase);
}

#[test]
fn a_successful_job_names_the_items_it_refused() {
    let exchange = exchange_named("bulk_and_jobs", "job finished with one failure");
    let job = job(std::str::from_utf8(&exchange.body).unwrap());
    let report = job.report().unwrap();
    assert_eq!((job.phase(), report.failed()), (JobPhase::Succeeded, 1));
    assert_eq!(report.failures()[0].key(), Some(("id", "40201000002".to_owned())));
    assert_eq!(report.failures()[0].sentences(), ["Contact is not unique"]);
}

#[rstest]
#[case(r#"{"data":null}"#, None)]
#[case(r#"{"data":"not json"}"#, None)]
#[case(r#"{"data":"{}"}"#, Some(0))]
#[case(r#"{"data":"{\"detailed_failure_report\":[{\"emails\":\"a@example.com\",\"message\":\"bad\"}]}"}"#, Some(1))]
#[case(r#"{"data":{"record_status":{"failed":"3"}}}"#, Some(3))]
fn a_report_is_read_tolerantly(#[case] body: &str, #[case] failed: Option<i64>) {
    let report = job(body).report();
    assert_eq!(report.as_ref().map(|report| report.failed()), failed);
    let sentences: Vec<_> =
        report.iter().flat_map(|report| report.failures()).flat_map(|item| item.sentences()).collect();
    assert!(sentences.iter().all(|sentence| sentence == "bad"), "{sentences:?}");
}

fn items(addresses: &[&str]) -> Vec<BulkItem<ContactAttributes>> {
    addresses.iter().map(|&address| BulkItem::new(UniqueKey::emails(address), ContactAttributes::new())).collect()
}

fn shown(results: &[ItemResult]) -> Vec<&'static str> {
    let name = |result: &ItemResult| match result {
        ItemResult::Written => "written",
        ItemResult::Refused(_) => "refused",
        ItemResult::Unknown => "unknown",
        ItemResult::NotSent => "not sent",
    };
    results.iter().map(name).collect()
}

const REFUSES_B: &str =
    r#"{"record_status":{"succeeded":1,"failed":1},"detailed_failure_report":[{"emails":"B@x.c","errors":["no"]}]}"#;
const COUNTS_ONLY: &str = r#"{"record_status":{"succeeded":1,"failed":1}}"#;
const ONE_IS_MISSING: &str = r#"{"record_status":{"succeeded":1,"failed":0}}"#;
const BY_ALIAS: &str = r#"{"detailed_failure_report":[{"email":"b@x.c","message":"no"}]}"#;

#[rstest]
#[case::one_refused("SUCCESS", REFUSES_B, &["a@x.c", "b@x.c"], &["written", "refused"])]
#[case::all_written("SUCCESS", r#"{"record_status":{"succeeded":2,"failed":0}}"#, &["a@x.c", "b@x.c"], &["written", "written"])]
#[case::failure_not_named("SUCCESS", COUNTS_ONLY, &["a@x.c", "b@x.c"], &["unknown", "unknown"])]
#[case::fewer_than_sent("SUCCESS", ONE_IS_MISSING, &["a@x.c", "b@x.c"], &["unknown", "unknown"])]
#[case::same_key_twice("SUCCESS", REFUSES_B, &["b@x.c", "b@x.c"], &["unknown", "unknown"])]
#[case::other_name_of_the_key("FAILED", BY_ALIAS, &["a@x.c", "b@x.c"], &["written", "refused"])]
#[case::running("IN_PROGRESS", REFUSES_B, &["a@x.c", "b@x.c"], &["unknown", "unknown"])]
#[case::no_report("SUCCESS", "null", &["a@x.c"], &["unknown"])]
fn each_item_has_its_result(
    #[case] status: &str,
    #[case] data: &str,
    #[case] addresses: &[&str],
    #[case] expected: &[&str],
) {
    let job = job(&serde_json::json!({"status": status, "data": data}).to_string());
    assert_eq!(shown(&job.item_results(&items(addresses))), expected);
}

use freshsales::follow::{Patience, upsert_all};

use crate::script::{Answer, Script};

const STARTED: &str = r#"{"job_status_url":"https://acme.example/job_statuses/7"}"#;
const RUNNING: &str = r#"{"status":"IN_PROGRESS","data":null}"#;
const DONE: &str = r#"{"status":"SUCCESS","data":"{\"record_status\":{\"succeeded\":1,\"failed\":0}}"}"#;

/// Results, requests and the class of the error.
async fn followed(answers: &[Answer], count: usize) -> (Vec<&'static str>, u32, Option<&'static str>) {
    let script = Script::of(answers.to_vec());
    let addresses: Vec<String> = (0..count).map(|at| format!("a{at}@x.c")).collect();
    let items = items(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let followed = upsert_all::<contacts::Contact>(&script.client(), &items, Patience::default()).await;
    (shown(&followed.results), followed.requests, followed.error.map(|error| error.class().name()))
}

#[rstest]
#[case::in_time(&[Answer::Reply(200, STARTED), Answer::Reply(200, RUNNING), Answer::Reply(200, DONE)], "written", 3, None)]
#[case::busy_at_first(&[Answer::Reply(405, ""), Answer::Reply(200, STARTED), Answer::Reply(200, DONE)], "written", 3, None)]
#[case::a_reading_fails(&[Answer::Reply(200, STARTED), Answer::Reply(502, ""), Answer::Reply(200, DONE)], "written", 3, None)]
#[case::lost(&[Answer::Reply(502, "")], "unknown", 1, Some("outcome_unknown"))]
#[case::refused(&[Answer::Reply(400, "{}")], "not sent", 1, Some("validation"))]
#[case::no_quota_left(&[Answer::Reply(200, STARTED), Answer::Reply(429, "")], "unknown", 2, Some("quota_exceeded"))]
#[tokio::test(start_paused = true)]
async fn a_batch_is_followed_to_its_end(
    #[case] answers: &[Answer],
    #[case] result: &'static str,
    #[case] requests: u32,
    #[case] error: Option<&'static str>,
) {
    assert_eq!(followed(answers, 1).await, (vec![result], requests, error));
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_failure_is_not_sent() {
    let (results, requests, _) = followed(&[Answer::Reply(502, "")], 150).await;
    assert_eq!((results[0], results[99], results[100], requests), ("unknown", "unknown", "not sent", 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_never_ends_is_given_up() {
    let mut answers = vec![Answer::Reply(200, STARTED)];
    answers.extend(vec![Answer::Reply(200, RUNNING); 150]);
    assert_eq!(followed(&answers, 1).await, (vec!["unknown"], 151, None));
}
