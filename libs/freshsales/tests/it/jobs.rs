//! Bulk jobs: the id out of a URL, the phase, and the report inside a text.

use freshsales::contacts::ContactAttributes;
use freshsales::jobs::{BulkItem, Job, JobId, JobPhase, status};
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
