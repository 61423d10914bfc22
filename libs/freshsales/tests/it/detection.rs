//! Which generation answers: what is asked, in which order, and what the answers mean.

use freshsales::transport::TransportFailure;
use freshsales::{AccountAddress, ErrorClass, Generation, detect};
use rstest::rstest;

use crate::script::{Answer, Script};

#[rstest]
#[case("acme", None, &["https://acme.myfreshworks.com/crm/sales/api selector/lifecycle_stages", "https://acme.freshsales.io/api selector/lead_stages"])]
#[case("acme.freshsales.io", None, &["https://acme.freshsales.io/api selector/owners"])]
#[case("acme.freshworks.com", None, &["https://acme.freshworks.com/crm/sales/api selector/owners"])]
#[case("acme", Some(Generation::Classic), &["https://acme.freshsales.io/api selector/owners"])]
#[case("acme.freshsales.io", Some(Generation::Suite), &[])]
#[case("http://127.0.0.1:1", None, &["http://127.0.0.1:1/crm/sales/api selector/lifecycle_stages", "http://127.0.0.1:1/api selector/lead_stages"])]
fn what_is_asked(#[case] address: &str, #[case] wanted: Option<Generation>, #[case] expected: &[&str]) {
    let address = AccountAddress::parse(address).unwrap();
    let asked = detect::probes(&address, wanted);
    let asked: Vec<_> = asked.iter().map(|probe| format!("{} {}", probe.root, probe.path)).collect();
    assert_eq!(asked, expected);
}

const OK: Answer = Answer::Reply(200, r#"{"rows":[]}"#);
const EDGE_404: Answer = Answer::Headers(404, &[("content-type", "text/html")], "<html></html>");
const API_404: Answer = Answer::Reply(404, r#"{"errors":{"code":404,"message":["Not found"]}}"#);
const REFUSED_KEY: Answer = Answer::Reply(401, r#"{"login":"failed","message":null}"#);
const NO_RIGHT: Answer = Answer::Reply(403, r#"{"errors":{"code":403,"message":["no"]}}"#);
const EDGE_429: Answer = Answer::Headers(429, &[("retry-after", "240")], "");
const UNREACHABLE: Answer = Answer::Fail(TransportFailure::NotSent);

const SUITE: Generation = Generation::Suite;
const CLASSIC: Generation = Generation::Classic;

#[rstest]
#[case::suite("acme", &[OK], SUITE)]
#[case::classic("acme", &[EDGE_404, OK], CLASSIC)]
#[case::no_suite_host("acme", &[UNREACHABLE, OK], CLASSIC)]
#[case::name_taken_in_suite("acme", &[REFUSED_KEY, OK], CLASSIC)]
#[case::few_rights("acme", &[NO_RIGHT], SUITE)]
#[case::one_host("http://127.0.0.1:1", &[API_404, OK], CLASSIC)]
#[case::told("acme.freshsales.io", &[OK], CLASSIC)]
#[tokio::test]
async fn a_generation_is_found(#[case] address: &str, #[case] answers: &[Answer], #[case] expected: Generation) {
    let script = Script::of(answers.iter().cloned());
    assert_eq!(script.detect(address).await.unwrap().generation(), expected);
    assert_eq!(script.urls().len(), answers.len());
}

#[rstest]
#[case::wrong_key("acme", &[REFUSED_KEY, EDGE_404], ErrorClass::Auth)]
#[case::wrong_key_for_both("acme", &[REFUSED_KEY, REFUSED_KEY], ErrorClass::Auth)]
#[case::wrong_key_on_one_host("http://127.0.0.1:1", &[REFUSED_KEY], ErrorClass::Auth)]
#[case::nobody("acme", &[EDGE_404, EDGE_404], ErrorClass::WrongAccount)]
#[case::nobody_told("acme.freshsales.io", &[EDGE_404], ErrorClass::WrongAccount)]
#[case::other_server("http://127.0.0.1:1", &[API_404, API_404], ErrorClass::WrongAccount)]
#[case::throttled("acme", &[EDGE_429], ErrorClass::EdgeThrottled { retry_after: Some(std::time::Duration::from_secs(240)) })]
#[case::offline("acme", &[UNREACHABLE, UNREACHABLE], ErrorClass::Transient)]
#[tokio::test]
async fn a_failure_says_the_mend(#[case] address: &str, #[case] answers: &[Answer], #[case] expected: ErrorClass) {
    let script = Script::of(answers.iter().cloned());
    assert_eq!(*script.detect(address).await.unwrap_err().class(), expected);
    assert_eq!(script.urls().len(), answers.len());
}

#[tokio::test]
async fn an_address_of_the_other_generation_is_refused_unsent() {
    let script = Script::default();
    let error = script.builder("acme.freshsales.io").generation(SUITE).detect().await.unwrap_err();
    assert_eq!(error.class().name(), "setup");
    let error = script.builder("acme.freshsales.io").generation(SUITE).build().unwrap_err();
    assert_eq!(error.to_string(), "the address is not one of Freshsales Suite: give the address of that generation");
    assert!(script.builder("acme").build().is_err());
    assert!(script.urls().is_empty());
}

#[tokio::test]
async fn a_throttled_classic_host_hints_at_a_moved_account() {
    let hinted = Script::of([EDGE_429]).detect("acme.freshsales.io").await.unwrap_err().to_string();
    assert!(hinted.contains("wait 240 s\nhint: Freshsales Suite accounts are not served on freshsales.io"), "{hinted}");
    let plain = Script::of([EDGE_429]).detect("acme.myfreshworks.com").await.unwrap_err().to_string();
    assert!(!plain.contains("hint"), "{plain}");
}
