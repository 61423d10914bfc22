//! What is taken at the door, and what is said about what is not.

use leadgate_core::intake::{self, IntakeError, ReadingRules, Submission};
use leadgate_core::submission::{RawSubmission, Route};
use rstest::rstest;

fn read(route: Route, body: &str) -> Result<Submission, IntakeError> {
    let raw = RawSubmission::new(route, Some(7), body.as_bytes().to_vec());
    intake::read(&raw, &ReadingRules::default())
}

#[rstest]
#[case::missing(Route::GuideLead, r#"{"email": "a@x.io"}"#, "email and firstName are required")]
#[case::blank(Route::GuideLead, r#"{"email": " ", "firstName": "A"}"#, "email and firstName are required")]
#[case::not_an_address(
    Route::GuideLead,
    r#"{"email": "a", "firstName": "A"}"#,
    "email is not an e-mail address; send one address such as name@example.com"
)]
#[case::wrong_type(
    Route::GuideLead,
    r#"{"email": {}, "firstName": "A"}"#,
    "email invalid type: map, expected a string"
)]
#[case::nul(
    Route::GuideLead,
    r#"{"email": "a@x.io", "firstName": "A\u0000"}"#,
    "firstName holds control characters; send plain text"
)]
#[case::injection(
    Route::GuideLead,
    r#"{"email": "a@x.io\r\nBcc: b@x.io", "firstName": "A"}"#,
    "email holds control characters; send plain text; email is not an e-mail address; send one address such as name@example.com"
)]
#[case::note(
    Route::GuideNote,
    r#"{"notable_type": "Contact"}"#,
    "notable_type, notable_id, and description are required"
)]
#[case::stage(Route::GuideStage, "{}", "stageId is required")]
#[case::typo(Route::Lead, r#"{"emial": "a@x.io"}"#, "emial unknown field")]
#[case::nobody(Route::Lead, "{}", "email or phone is required: one of them is what a person is recognised by")]
#[case::vague_phone(
    Route::Lead,
    r#"{"phone": "12"}"#,
    "phone could not be understood; send it with its country code, such as +49 30 901820"
)]
#[case::amount(
    Route::Lead,
    r#"{"email": "a@x.io", "deal": {"name": "D", "amount": "much"}}"#,
    "deal.amount is not a decimal number such as 1250.00"
)]
#[case::not_json(Route::Lead, "email=a", "body is not valid JSON (line 1, column 1)")]
#[case::list(Route::Stage, r#"["Won"]"#, "body is a list; send one JSON object")]
#[case::guide_list(
    Route::GuideLead,
    r#" ["a@x.io", "A", "B", "C", "D", null, null]"#,
    "body is a list; send one JSON object"
)]
#[case::string(Route::Lead, r#""a@x.io""#, "body is not an object; send one JSON object")]
#[case::null(Route::GuideNote, "null", "body is not an object; send one JSON object")]
#[case::twice(Route::Lead, r#"{"email": "a@x.io", "email": "b@x.io"}"#, "duplicate field `email`")]
#[case::lane(
    Route::Lead,
    r#"{"email": "a@x.io", "lane": "private"}"#,
    "lane unknown variant …, expected one of `interactive`"
)]
#[case::trailing(Route::Lead, "{} {}", "body has text after the JSON document")]
fn mistakes_are_named(#[case] route: Route, #[case] body: &str, #[case] expected: &str) {
    let message = read(route, body).unwrap_err().to_string();
    assert!(message.starts_with(expected), "{message}");
}

#[rstest]
#[case::guide_lead(Route::GuideLead, r#"{"email": "A@x.io", "firstName": "A", "utm": 1}"#)]
#[case::guide_note(Route::GuideNote, r#"{"notable_type": "SalesAccount", "notable_id": "5", "description": "a\nb"}"#)]
#[case::guide_stage(Route::GuideStage, r#"{"stageId": 12}"#)]
#[case::lead(Route::Lead, r#"{"email": "a@x.io", "company": {"name": "Acme"}, "custom_fields": {"cf_a": 1}, "deal": {"name": "D", "amount": 1.5}}"#)]
#[case::note(Route::Note, r#"{"email": "a@x.io", "text": "hello"}"#)]
#[case::stage(Route::Stage, r#"{"stage": "Won"}"#)]
fn what_is_right_is_taken(#[case] route: Route, #[case] body: &str) {
    read(route, body).unwrap();
}

#[test]
fn a_value_is_never_repeated() {
    let message = read(Route::Lead, r#"{"email": "a@x.io", "employees": "secret-value"}"#).unwrap_err().to_string();
    assert!(!message.contains("secret-value"), "{message}");
}

#[test]
fn deep_nesting_is_refused() {
    let body = format!("{{\"custom_fields\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(read(Route::Lead, &body).is_err());
}

proptest::proptest! {
    #[test]
    fn no_body_breaks_the_reader(body in "\\PC{0,200}") {
        for route in Route::ALL {
            let _ = read(route, &body);
        }
    }
}
