//! From replies and failures to classes, by tables and by the recorded error bodies.

use std::time::Duration;

use freshsales::error::{ErrorBody, ErrorClass, FailedReply, classify_failure, classify_reply};
use freshsales::transport::TransportFailure;
use freshsales::{Idempotency, ResponseMeta, Route};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;

use crate::script::{exchange_named, exchanges};

struct Given<'a> {
    status: u16,
    headers: &'a [(String, String)],
    body: &'a [u8],
    kind: Idempotency,
    route: Route,
    path: &'a str,
}

impl Given<'_> {
    fn class(&self) -> ErrorClass {
        let name = |name: &str| name.to_lowercase().parse::<HeaderName>().unwrap();
        let headers: HeaderMap =
            self.headers.iter().map(|(key, value)| (name(key), HeaderValue::from_str(value).unwrap())).collect();
        let status = StatusCode::from_u16(self.status).unwrap();
        let meta = ResponseMeta::read(status, &headers, Timestamp::UNIX_EPOCH, Duration::ZERO);
        let (body, kind, route, path) = (self.body, self.kind, self.route, self.path);
        classify_reply(&FailedReply { status, headers: &headers, body, meta: &meta, kind, route, path })
    }
}

fn class_of(status: u16, body: &str, kind: Idempotency) -> ErrorClass {
    let (route, path) = (Route::InEveryAccount, "contacts");
    Given { status, headers: &[], body: body.as_bytes(), kind, route, path }.class()
}

#[rstest]
#[case("wrong key, JSON asked", "auth")]
#[case("wrong key, no Accept header", "auth")]
#[case("unknown alias", "wrong_account")]
#[case("list without a view id", "forbidden")]
#[case("unknown numeric id", "not_found")]
#[case("status does not fit lifecycle stage", "stale_id")]
#[case("admin-made mandatory fields missing", "validation")]
#[case("required-field rule, label interpolated", "validation")]
#[case("duplicate on a unique field", "not_unique")]
#[case("bad phone number", "validation")]
#[case("bulk_upsert refused for the moment", "busy_try_later")]
#[case("account quota spent", "quota_exceeded")]
#[case("edge throttle by IP", "edge_throttled")]
fn a_recorded_error_is_classified(#[case] name: &str, #[case] expected: &str) {
    let exchange = exchange_named("errors", name);
    let kind = if exchange.method == "GET" { Idempotency::Read } else { Idempotency::Write };
    let path = exchange.path.split('?').next().unwrap();
    let given = Given {
        status: exchange.status,
        headers: &exchange.headers,
        body: &exchange.body,
        kind,
        route: Route::InEveryAccount,
        path,
    };
    assert_eq!(given.class().name(), expected);
}

#[test]
fn refusals_of_the_resources_are_classified() {
    let all = ["contact", "lead_classic", "sales_account", "deal", "task"].into_iter().flat_map(exchanges);
    let refused: Vec<_> = all.filter(|exchange| exchange.status >= 400).collect();
    let names = refused.iter().map(|exchange| {
        class_of(exchange.status, std::str::from_utf8(&exchange.body).unwrap(), Idempotency::Write).name()
    });
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["validation", "not_found", "not_unique", "validation", "validation"]);
}

#[rstest]
#[case("The mobile number already exists.", Some("mobile_number"))]
#[case("mobileNumber is not unique", Some("mobile_number"))]
#[case("email is not unique", Some("email"))]
#[case("El correo electrónico ya existe", Some("email"))]
#[case("cf_license-key has already been taken", Some("cf_license-key"))]
#[case("Contact is not unique", None)]
fn a_taken_value_names_its_field(#[case] sentence: &str, #[case] field: Option<&str>) {
    let body = serde_json::json!({"errors": {"code": 400, "message": [sentence]}}).to_string();
    let ErrorClass::NotUnique { field: found, sentences } = class_of(400, &body, Idempotency::Write) else { panic!() };
    assert_eq!(found.as_deref(), field);
    assert_eq!(&*sentences, [sentence.to_owned()]);
}

#[test]
fn a_code_tells_a_taken_value_in_any_language() {
    let body = r#"{"errors":{"code":400,"error_code":3002,"message":["Kontakt ist schon vergeben"]}}"#;
    assert_eq!(class_of(400, body, Idempotency::Write).name(), "not_unique");
}

#[rstest]
#[case("Invalid contact status provided.", Some("contact_status_id"))]
#[case("Invalid deal stage", Some("deal_stage_id"))]
#[case("owner_id is invalid", Some("owner_id"))]
#[case("Owner can't be found", Some("owner_id"))]
#[case("Sales account does not exist", Some("sales_account_id"))]
#[case("Source can't be empty", None)]
#[case("Invalid value for mobile_number.", None)]
#[case("Invalid external_id", None)]
#[case("Need to fill this Mobile to submit the form.", None)]
fn an_unknown_id_names_its_field(#[case] sentence: &str, #[case] field: Option<&str>) {
    let body = serde_json::json!({"errors": {"code": 400, "message": sentence}}).to_string();
    let found = match class_of(400, &body, Idempotency::Write) {
        ErrorClass::StaleId { field, .. } => field,
        ErrorClass::Validation { .. } => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(found.as_deref(), field);
}

#[rstest]
#[case(r#"{"errors":{"code":400,"message":["one","two"]}}"#, &["one", "two"], &[])]
#[case(r#"{"errors":{"code":400,"message":"one"}}"#, &["one"], &[])]
#[case(r#"{"errors":{"email":["is invalid"],"name":"is too long"}}"#, &["is invalid", "is too long"], &["email", "name"])]
#[case(r#"{"errors":{"code":400,"message":{"email":["is invalid"]}}}"#, &["is invalid"], &["email"])]
#[case(r#"{"errors":["one",{"message":"two"}]}"#, &["one", "two"], &[])]
#[case(r#"{"errors":"one"}"#, &["one"], &[])]
#[case(r#"{"message":"one"}"#, &["one"], &[])]
#[case(r#"{"error":"one","description":"two"}"#, &["one", "two"], &[])]
#[case(r#""one""#, &["one"], &[])]
#[case("plain text", &["plain text"], &[])]
#[case("<html><body>nothing to read</body></html>", &[], &[])]
#[case("", &[], &[])]
fn an_error_body_is_read_tolerantly(#[case] body: &str, #[case] sentences: &[&str], #[case] fields: &[&str]) {
    let read = ErrorBody::read(body.as_bytes());
    assert_eq!(&*read.sentences, sentences);
    assert_eq!(read.fields.iter().map(|hint| hint.field.as_str()).collect::<Vec<_>>(), fields);
}

#[rstest]
#[case(500, Idempotency::Read, "transient")]
#[case(502, Idempotency::Write, "outcome_unknown")]
#[case(503, Idempotency::KeyedWrite, "outcome_unknown")]
#[case(408, Idempotency::Read, "transient")]
#[case(422, Idempotency::Write, "validation")]
#[case(405, Idempotency::Write, "unexpected")]
#[case(304, Idempotency::Read, "unexpected")]
fn a_status_without_words_is_classified(#[case] status: u16, #[case] kind: Idempotency, #[case] expected: &str) {
    assert_eq!(class_of(status, "<html></html>", kind).name(), expected);
}

#[test]
fn a_429_inside_another_status_is_not_the_accounts_own_quota() {
    for body in [r#"{"errors":{"code":400,"message":["response_code :: 429"]}}"#, "response_code :: 429, body"] {
        assert_eq!(class_of(400, body, Idempotency::Write).name(), "busy_try_later");
    }
    assert_eq!(class_of(400, "response_code :: 400", Idempotency::Write).name(), "validation");
}

#[test]
fn a_429_with_a_spent_quota_is_the_accounts_even_with_retry_after() {
    let headers = [("retry-after", "60"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "150626150000")];
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (kind, route, path) = (Idempotency::Read, Route::InEveryAccount, "lookup");
    let class = Given { status: 429, headers: &headers, body: b"", kind, route, path }.class();
    assert_eq!(class, ErrorClass::QuotaExceeded { reset: Some("2026-06-15T15:00:00Z".parse().unwrap()) });
}

const NOT_FOUND: &str = r#"{"errors":{"code":404,"message":["Not found"]}}"#;

#[rstest]
#[case("<html>", Route::InEveryAccount, "contacts", "wrong_account")]
#[case("", Route::InEveryAccount, "contacts", "wrong_account")]
#[case("<html>", Route::InEveryAccount, "contacts/1", "wrong_account")]
#[case("", Route::InEveryAccount, "contacts/1", "not_found")]
#[case("<html>", Route::MayBeMissing, "leads", "not_found")]
#[case(NOT_FOUND, Route::InEveryAccount, "contacts/1", "not_found")]
fn a_404_means_no_account_only_where_no_record_can_be_meant(
    #[case] body: &str,
    #[case] route: Route,
    #[case] path: &str,
    #[case] expected: &str,
) {
    let given = Given { status: 404, headers: &[], body: body.as_bytes(), kind: Idempotency::Read, route, path };
    assert_eq!(given.class().name(), expected);
}

#[rstest]
#[case(TransportFailure::NotSent, Idempotency::Write, "transient")]
#[case(TransportFailure::TimedOut, Idempotency::Read, "transient")]
#[case(TransportFailure::TimedOut, Idempotency::Write, "outcome_unknown")]
#[case(TransportFailure::Cut, Idempotency::KeyedWrite, "outcome_unknown")]
#[case(TransportFailure::ReplyTooLarge, Idempotency::Write, "outcome_unknown")]
fn a_failure_is_classified(#[case] failure: TransportFailure, #[case] kind: Idempotency, #[case] expected: &str) {
    assert_eq!(classify_failure(failure, kind).name(), expected);
}

proptest! {
    #[test]
    fn no_body_panics_and_no_class_prints_its_sentences(status in 300_u16..=599, word in "[a-z]{8}@example\\.com") {
        let body = serde_json::json!({"errors": {"message": [format!("{word} is not unique")], word.clone(): "bad"}}).to_string();
        let printed = format!("{:?}", class_of(status, &body, Idempotency::Write));
        prop_assert!(!printed.contains("unique\"") && !printed.contains('@'), "{}", printed);
    }

    #[test]
    fn any_bytes_are_read(body in prop::collection::vec(any::<u8>(), 0..200), status in 300_u16..=599) {
        let (kind, route, path) = (Idempotency::Write, Route::InEveryAccount, "x");
        let _ = Given { status, headers: &[], body: &body, kind, route, path }.class();
    }
}

#[rstest]
#[case("Het mobiele nummer bestaat al.", "not_unique", Some("mobile_number"))]
#[case("El número de móvil ya existe.", "not_unique", Some("mobile_number"))]
#[case("Die Mobilnummer existiert bereits.", "not_unique", Some("mobile_number"))]
#[case("Ongeldige contactstatus opgegeven.", "stale_id", Some("contact_status_id"))]
#[case("El estado de contacto no es válido", "stale_id", Some("contact_status_id"))]
#[case("Der Kontaktstatus ist ungültig", "stale_id", Some("contact_status_id"))]
#[case("Bron mag niet leeg zijn", "validation", None)]
#[case("Fuente no puede estar vacío", "validation", None)]
#[case("Ungültig: Quelle darf nicht leer sein", "validation", None)]
#[case("Onbekend veld", "validation", None)]
fn a_sentence_is_understood_in_other_languages(
    #[case] sentence: &str,
    #[case] name: &str,
    #[case] field: Option<&str>,
) {
    let body = serde_json::json!({"errors": {"code": 400, "message": [sentence]}}).to_string();
    let class = class_of(400, &body, Idempotency::Write);
    let found = match &class {
        ErrorClass::StaleId { field, .. } | ErrorClass::NotUnique { field, .. } => field.as_deref(),
        _ => None,
    };
    assert_eq!((class.name(), found), (name, field));
}

#[rstest]
#[case(r#"{"errors":{"lead_source_id":["Ongeldige bron"]}}"#, "stale_id")]
#[case(r#"{"errors":{"lead_source_id":["Bron mag niet leeg zijn"]}}"#, "validation")]
#[case(r#"{"errors":{"base":["Something is wrong"],"error_code":3002}}"#, "not_unique")]
fn a_map_of_fields_is_classified_by_its_names(#[case] body: &str, #[case] name: &str) {
    assert_eq!(class_of(400, body, Idempotency::Write).name(), name);
    assert!(ErrorBody::read(body.as_bytes()).fields.iter().all(|hint| hint.field != "base"));
}
