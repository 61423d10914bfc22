//! What counts as a difference, and what a report never shows.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Recorded, Report, compare};

fn recorded(body: &Value) -> Recorded {
    Recorded::new("GET /things", Some(200), |_| Some("application/json"), (body.to_string().as_bytes(), None))
}

fn told(real: &Value, reference: &Value) -> String {
    let report = Report::new(vec![recorded(real)], &[recorded(reference)], "salt");
    report.lines().join("; ").replace("GET /things: ", "")
}

#[rstest]
#[case::equal(json!({"a": 1}), json!({"a": 2}), "")]
#[case::whole_and_broken_numbers(json!({"a": 1.5}), json!({"a": 2}), "")]
#[case::a_key_less(json!({}), json!({"a": 2}), "a is missing")]
#[case::a_key_that_not_all_rows_have(json!([{}]), json!([{"a": 2}, {}]), "")]
#[case::a_key_more(json!({"a": 1, "a_id": 1}), json!({"a": 2, "id": 1}), "id is missing; a_id is not known")]
#[case::text_for_number(json!({"a": "1"}), json!({"a": 2}), "a is text, digits, expected number")]
#[case::an_id_that_is_no_number(json!({"a": "x"}), json!({"a": "2"}), "a is text, expected text, digits")]
#[case::any_text_for_free_text(json!({"a": "2026-06-15"}), json!({"a": "x"}), "")]
#[case::another_zone(json!({"a": "2026-06-15T14:00:00+02:00"}), json!({"a": "2026-06-15T14:00:00Z"}), "")]
#[case::another_format(json!({"a": "15 June 2026"}), json!({"a": "2026-06-15T14:00:00Z"}), "a is text, expected text, date and time")]
#[case::null_is_a_note(json!({"a": null}), json!({"a": 2}), "a is null, never so in the reference (a note)")]
#[case::nothing_known_of_nulls(json!({"a": {"b": 1}}), json!({"a": null}), "")]
#[case::rows(json!({"a": [{"b": 1}, {"b": true}]}), json!({"a": [{"b": 2}]}), "a[].b is boolean, expected number")]
#[case::no_rows(json!({"a": []}), json!({"a": [{"b": 2}]}), "")]
#[case::own_custom_fields(json!({"custom_field": {"cf_x": 1}}), json!({"custom_field": {"cf_y": "z"}}), "")]
#[case::ids_as_keys(json!({"a": {"70": null}}), json!({"a": {"80": null, "90": null}}), "")]
#[case::array_for_object(json!({"a": []}), json!({"a": {}}), "a is array, expected object")]
fn differences(#[case] real: Value, #[case] reference: Value, #[case] expected: &str) {
    assert_eq!(told(&real, &reference), expected);
}

#[test]
fn another_status_is_the_only_difference_that_is_told() {
    let real = Recorded { status: Some(200), ..recorded(&json!({"b": 1})) };
    let reference = Recorded { status: Some(201), ..recorded(&json!({"a": 1})) };
    assert_eq!(compare(&real, &reference).len(), 1);
    let report = Report::new(vec![real], &[reference], "salt");
    assert_eq!(
        (report.difference_count(), report.lines()),
        (1, vec!["GET /things: answered 200, expected 201".to_owned()])
    );
}

#[test]
fn headers_are_compared_by_what_they_hold() {
    let with = |kind: &'static str| {
        Recorded::new("GET /x", Some(200), move |name| (name == "content-type").then_some(kind), (b"{}", None))
    };
    let report = Report::new(vec![with("text/html; x=ingrid")], &[with("application/json; charset=utf-8")], "salt");
    assert_eq!(report.lines(), ["GET /x: header content-type is text/html, expected application/json"]);
}

#[test]
fn a_list_without_rows_is_compared_by_status_and_headers_only() {
    let list = |rows: Value| {
        let body = json!({"rows": rows, "meta": {"total": 1}}).to_string();
        Recorded::new("GET /x", Some(200), |_| None, (body.as_bytes(), Some("rows")))
    };
    let empty = Recorded::new("GET /x", Some(200), |_| None, (br#"{"rows": []}"#, Some("rows")));
    assert_eq!(compare(&empty, &list(json!([{"a": 1}]))), []);
}

#[test]
fn keys_that_may_be_somebodys_words_are_hidden() {
    let real = json!({"id": 1, "ingrid@example.com": 1, "quirina": {"halvorsen": "x"}, "owner_id_name": 1});
    let report = Report::new(vec![recorded(&real)], &[recorded(&json!({"id": 1, "owner_name": 1}))], "salt");
    let text = report.document().to_string() + &report.lines().join("\n");
    for secret in ["ingrid", "example.com", "quirina", "halvorsen"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("owner_id_name is not known"), "{text}");
    let other_salt = Report::new(vec![recorded(&real)], &[recorded(&json!({"id": 1}))], "pepper");
    assert_ne!(other_salt.lines().last(), report.lines().last());
}
