//! What names a person, and what only looks like it.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;

fn ada() -> Marks {
    let person = Person {
        emails: vec![Email::parse("ada@b.co").unwrap()],
        phones: vec![Phone::parse("+14155552671", None)],
        records: vec![RecordRef { kind: RecordKind::Contact, id: 123 }],
    };
    Marks::new(&person, [7; 16])
}

#[rstest]
#[case::json(r#"{"lead":{"email":"Ada@B.co"}}"#)]
#[case::json_escaped(r#"{"email":"ada\u0040b.co"}"#)]
#[case::json_in_json(r#"{"payload":"{\"email\":\"ada@b.co\"}"}"#)]
#[case::json_in_json_in_json(r#"["{\"a\":\"{\\\"e\\\":\\\"ada@b.co\\\"}\"}"]"#)]
#[case::member_name(r#"{"ada@b.co":true}"#)]
#[case::form("name=Ada&email=ada%40b.co&note=hi")]
#[case::form_after_a_space("note=write+ada%40b.co+soon")]
#[case::link(r#"{"url":"https://x.com/?email=ada%40b.co&q=1"}"#)]
#[case::xml("<lead><email>ada@b.co</email></lead>")]
#[case::entities("<p>ada&#64;b&#x2e;co</p>")]
#[case::sentence("Please write to ada@b.co.")]
#[case::named("Ada <ada@b.co>")]
#[case::assigned("email=ada@b.co")]
#[case::quoted("'ada@b.co'")]
#[case::after_dots("see ...ada@b.co")]
#[case::cut("{\"email\":\"ada@b.co\"")]
#[case::phone(r#"{"phone":"+1 (415) 555-2671"}"#)]
#[case::phone_national(r#"{"phone":"(415) 555-2671"}"#)]
#[case::phone_in_text("call 001 415 555 2671 now")]
#[case::phone_of_digits(r#"{"phone":14155552671}"#)]
#[case::phone_in_form("tel=%2B1+415+555+2671")]
#[case::record(r#"{"target":{"kind":"contact","id":123}}"#)]
#[case::record_key(r#"{"key":"contact:123"}"#)]
#[case::contact_id(r#"{"contact_id":"123"}"#)]
#[case::contact_inside(r#"{"contact":{"id":123,"name":"A"}}"#)]
#[case::contact_form("contact_id=123&name=A")]
#[case::user_id_is_the_address(r#"{"userId":"ada@b.co"}"#)]
fn a_body_names_the_person(#[case] body: &str) {
    assert!(ada().are_in_body(body.as_bytes()));
}

#[rstest]
#[case::longer_local("aada@b.co")]
#[case::tagged("tom+ada@b.co")]
#[case::tagged_in_json(r#"{"email":"tom+ada@b.co"}"#)]
#[case::dotted("tom.ada@b.co")]
#[case::apostrophe("o'ada@b.co")]
#[case::longer_domain("ada@b.com")]
#[case::subdomain("ada@b.co.uk")]
#[case::other_domain("ada@bb.co")]
#[case::escape_is_no_letter(r#"{"a":"n\ada@c.co"}"#)]
#[case::longer_number("+141555526712")]
#[case::number_elsewhere("+44 415 555 2671")]
#[case::part_of_an_id(r#"{"id":4155552671999}"#)]
#[case::other_kind(r#"{"kind":"deal","id":123}"#)]
#[case::other_id(r#"{"contact_id":1234}"#)]
#[case::bare_id(r#"{"id":123}"#)]
#[case::empty("")]
fn another_is_not_taken_for_the_person(#[case] body: &str) {
    assert!(!ada().are_in_body(body.as_bytes()));
}

#[test]
fn keys_are_known_and_no_address_is_in_the_marks() {
    let mut marks = ada();
    assert!(marks.is_key(IdentityKey::of_email(&Email::parse("ADA@b.co").unwrap()).as_str()));
    assert!(marks.is_key("contact:123") && !marks.is_key("contact:124") && !marks.is_key("lead:123"));
    marks.add_key("user:00ff");
    assert!(marks.is_key("user:00ff"));
    let kept = serde_json::to_string(&marks).unwrap();
    assert!(!kept.contains("ada@") && !kept.contains("4155552671"), "{kept}");
    assert_eq!(serde_json::from_str::<Marks>(&kept).unwrap(), marks);
}

#[test]
fn only_what_names_the_person_is_blanked() {
    let mut tree = json!({"name": "ada@b.co's deal", "amount": 7, "more": ["ada@b.co", "bob@b.co"]});
    assert!(ada().blank(&mut tree));
    assert_eq!(tree, json!({"name": null, "amount": 7, "more": [null, "bob@b.co"]}));
}

/// Ways in which a text comes to be inside of a body.
fn packed(text: String) -> impl Strategy<Value = String> {
    let json = |text: &String| json!({ "a": [text, { "b": text }] }).to_string();
    let form = |text: &String| form_urlencoded::Serializer::new(String::new()).append_pair("a", text).finish();
    let html = |text: &String| format!("<p>{}</p>", text.replace('&', "&amp;").replace('@', "&#64;"));
    let text = Just(text);
    prop_oneof![
        text.clone(),
        text.clone().prop_map(move |text| json(&text)),
        text.clone().prop_map(move |text| json(&json(&text))),
        text.clone().prop_map(move |text| form(&text)),
        text.prop_map(move |text| json(&html(&text))),
    ]
}

proptest! {
    #[test]
    fn an_address_is_found_wherever_it_is_put(
        body in ("[ a-zäß,;:!\"<>()\n]{0,12}", "[ ,;:!\"<>()\n]", "[ ,;:)\n]", "[ a-z\"]{0,9}")
            .prop_map(|(before, left, right, after)| format!("{before}{left}ada@b.co{right}{after}"))
            .prop_flat_map(packed)
    ) {
        prop_assert!(ada().are_in_body(body.as_bytes()), "{}", body);
    }

    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..80), text in "[@%&\\\\u0-9a-f#;.+ x]{0,40}") {
        ada().are_in_body(&body);
        ada().are_in_body(text.as_bytes());
    }
}
