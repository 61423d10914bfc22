//! Records keep what they do not understand, and understand ids, money and times in all their spellings.

use freshsales::contacts::Contact;
use freshsales::deals::Deal;
use freshsales::leads::Lead;
use freshsales::sales_accounts::SalesAccount;
use freshsales::{RecordTime, Request, contacts, search};
use http::StatusCode;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, Value, json};

use crate::script::exchanges;

fn contact(fields: Value) -> Contact {
    Contact::from_value(fields).unwrap()
}

#[test]
fn unknown_fields_nulls_and_odd_values_are_kept() {
    let fields =
        json!({"id": 7, "first_name": 5, "last_name": null, "lead_score": "36", "new_field": {"a": [1, null]}});
    let contact = contact(fields.clone());
    assert_eq!((contact.first_name.as_deref(), contact.lead_score), (None, Some(36)));
    assert_eq!(contact.field("last_name"), Some(Value::Null));
    assert_eq!(contact.field("owner_id"), None);
    assert_eq!(
        contact.to_value(),
        json!({"id": 7, "first_name": 5, "last_name": null, "lead_score": 36, "new_field": {"a": [1, null]}})
    );
}

#[test]
fn large_integers_are_exact() {
    let body = r#"{"contact":{"id":"9223372036854775807","mcr_id":1801439850948198409,"big":18446744073709551615}}"#;
    let record = contacts::view(1).decode(StatusCode::OK, body.as_bytes()).unwrap().record;
    assert_eq!((record.id, record.mcr_id), (i64::MAX, Some(1801439850948198409)));
    assert_eq!(record.extra["big"], json!(u64::MAX));
}

#[rstest]
#[case(json!("5600.0"), Some("5600.0"))]
#[case(json!(1000), Some("1000"))]
#[case(json!(0.1), Some("0.1"))]
#[case(json!("1.5e3"), Some("1500"))]
#[case(json!(""), None)]
#[case(json!("many"), None)]
fn money_is_decimal(#[case] amount: Value, #[case] expected: Option<&str>) {
    let deal = Deal::from_value(json!({"id": 1, "amount": amount})).unwrap();
    assert_eq!(deal.amount.map(|amount| amount.to_string()).as_deref(), expected);
}

#[rstest]
#[case("2023-05-10T20:48:27+02:00", Some("2023-05-10T18:48:27Z"))]
#[case("2019-09-18T06:55:54Z", Some("2019-09-18T06:55:54Z"))]
#[case("2023-05-10", None)]
#[case("2023-05-10T20:48:27", None)]
fn a_time_keeps_its_offset(#[case] text: &str, #[case] instant: Option<&str>) {
    let contact = contact(json!({"id": 1, "created_at": text}));
    let read = contact.created_at.as_ref().map(|time| time.timestamp().to_string());
    assert_eq!(read.as_deref(), instant);
    assert_eq!(contact.to_value()["created_at"], text);
}

#[test]
fn a_search_hit_has_a_number_for_its_id_and_its_type() {
    let hits =
        search::query("x", ["contact"]).decode(StatusCode::OK, br#"[{"id":"2009495244","type":"contact"}]"#).unwrap();
    assert_eq!((hits[0].id, hits[0].r#type.as_deref()), (2009495244, Some("contact")));
    assert!(hits[0].extra.is_empty());
}

#[rstest]
#[case("[]", "an object expected at `$` of the reply")]
#[case("<html>", "JSON (broken at line 1 column 1) expected at `$` of the reply")]
#[case("{}", "an object expected at `contact` of the reply")]
#[case(
    r#"{"contact":{"first_name":"Secret"}}"#,
    "a Contact object with a whole number as id expected at `contact` of the reply"
)]
fn a_reply_of_another_shape_names_the_place_and_quotes_nothing(#[case] body: &str, #[case] expected: &str) {
    let error = contacts::view(1).decode(StatusCode::OK, body.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_update_that_is_confirmed_without_a_body_has_its_id() {
    let update = contacts::update(7, contacts::ContactAttributes::new());
    assert_eq!(update.decode(StatusCode::NO_CONTENT, b"").unwrap().record, Contact::from_id(7));
    assert!(contacts::view(7).decode(StatusCode::NO_CONTENT, b"").is_err());
}

#[test]
fn a_record_without_its_envelope_is_understood() {
    let reply = contacts::view(7).decode(StatusCode::OK, br#"{"id":7,"email":"a@example.com"}"#).unwrap();
    assert_eq!(reply.record.email.as_deref(), Some("a@example.com"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9 .:T+-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
}

proptest! {
    #[test]
    fn no_field_is_ever_lost(id: i64, fields in prop::collection::btree_map("first_name|emails|tags|created_at|owner_id|custom_field|[a-z]{3}", any_json(), 0..8)) {
        let mut object: serde_json::Map<String, Value> = fields.into_iter().collect();
        object.insert("id".into(), id.into());
        let written = contact(Value::Object(object.clone())).to_value();
        prop_assert_eq!(written.as_object().unwrap().keys().collect::<std::collections::BTreeSet<_>>(), object.keys().collect());
        prop_assert_eq!(&written["tags"], object.get("tags").unwrap_or(&Value::Null));
    }

    #[test]
    fn no_text_panics_as_a_time(text in "\\PC{0,30}|[0-9T:+-]{0,30}") {
        if let Some(time) = RecordTime::parse(&text) {
            prop_assert_eq!(time.as_str(), text);
        }
    }
}

/// What replies are known to say has a typed field; `extra` is for what this crate does not know. Ids under these keys come with an include only.
#[test]
fn recorded_records_leave_nothing_known_untyped() {
    let untyped: std::collections::BTreeSet<String> = ["contact", "lead_classic", "sales_account", "deal", "search"]
        .into_iter()
        .flat_map(exchanges)
        .flat_map(|exchange| left_over(&serde_json::from_slice(&exchange.body).unwrap_or_default()))
        .collect();
    assert!(untyped.is_empty(), "{untyped:?}");
}

fn left_over(body: &Value) -> Vec<String> {
    let named = |kind: &str, extra: &Map<String, Value>| {
        extra.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| format!("{kind}.{key}")).collect::<Vec<_>>()
    };
    let of = |key: &str, plural: &str| {
        let listed = body[plural].as_array().cloned().unwrap_or_default();
        body.get(key).cloned().into_iter().chain(listed).filter(|row| row["partial"] != true)
    };
    let mut left = Vec::new();
    left.extend(of("contact", "contacts").filter_map(Contact::from_value).flat_map(|it| named("contact", &it.extra)));
    left.extend(of("lead", "leads").filter_map(Lead::from_value).flat_map(|it| {
        let company = it.company.map(|it| it.extra).unwrap_or_default();
        named("lead", &it.extra).into_iter().chain(named("lead.company", &company)).collect::<Vec<_>>()
    }));
    let accounts = of("sales_account", "sales_accounts").filter_map(SalesAccount::from_value);
    left.extend(accounts.flat_map(|it| named("sales_account", &it.extra)));
    left.extend(of("deal", "deals").filter_map(Deal::from_value).flat_map(|it| named("deal", &it.extra)));
    left
}
