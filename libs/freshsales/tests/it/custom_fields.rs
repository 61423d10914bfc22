//! Custom fields through the account's metadata: every type read and written, and what does not fit refused by name.

use freshsales::contacts::Contact;
use freshsales::custom_fields::{CustomFieldError, CustomFields, CustomValue, FieldType};
use freshsales::fields::{self, FieldDefinition};
use freshsales::leads::Lead;
use freshsales::{RecordTime, Request};
use http::StatusCode;
use proptest::prelude::*;
use rstest::rstest;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::script::{Answer, Script, exchange_named};

fn definitions(rows: &[(&str, &str, &[&str])]) -> Vec<FieldDefinition> {
    let row = |(name, field_type, choices): &(&str, &str, &[&str])| {
        let choices: Vec<Value> =
            choices.iter().zip(1..).map(|(value, id)| json!({"id": id.to_string(), "value": value})).collect();
        let label = name.trim_start_matches("cf_");
        let field = json!({"name": name, "label": label, "type": field_type, "default": false, "base_model": "Contact", "choices": choices});
        FieldDefinition::from_value(field).unwrap()
    };
    rows.iter().map(row).collect()
}

fn schema() -> CustomFields<Contact> {
    let regions: &[&str] = &["Nordics", "West Africa"];
    CustomFields::of(&definitions(&[
        ("cf_text", "text", &[]),
        ("cf_long", "textarea", &[]),
        ("cf_number", "number", &[]),
        ("cf_price", "decimal", &[]),
        ("cf_box", "checkbox", &[]),
        ("cf_region", "dropdown", regions),
        ("cf_radio", "radio", regions),
        ("cf_many", "multi_select_dropdown", regions),
        ("cf_open", "multi_select_dropdown", &[]),
        ("cf_day", "date", &[]),
        ("cf_time", "date_time_split", &[]),
        ("cf_link", "lookup", &[]),
        ("cf_serial", "auto_number", &[]),
        ("cf_sum", "formula", &[]),
        ("cf_new", "hologram", &[]),
    ]))
}

fn decimal(text: &str) -> CustomValue {
    text.parse::<Decimal>().unwrap().into()
}

#[rstest]
#[case("cf_text", "Oslo".into(), json!("Oslo"))]
#[case("cf_long", "a\nb".into(), json!("a\nb"))]
#[case("cf_number", 80.into(), json!(80))]
#[case("cf_number", decimal("80.0"), json!(80))]
#[case("cf_price", decimal("19.99"), json!(19.99))]
#[case("cf_price", decimal("1234567890123456789.01"), json!("1234567890123456789.01"))]
#[case("cf_box", true.into(), json!(true))]
#[case("cf_region", " nordics".into(), json!("Nordics"))]
#[case("cf_radio", "West Africa".into(), json!("West Africa"))]
#[case("cf_many", ["West Africa", "nordics"].into(), json!("West Africa;Nordics"))]
#[case("cf_many", "Nordics;West Africa".into(), json!("Nordics;West Africa"))]
#[case("cf_many", Vec::<String>::new().into(), Value::Null)]
#[case("cf_open", [" Oslo", "Bergen "].into(), json!("Oslo;Bergen"))]
#[case("cf_day", jiff::civil::date(2026, 6, 15).into(), json!("2026-06-15"))]
#[case("cf_time", RecordTime::parse("2026-06-15T10:00:00+02:00").unwrap().into(), json!("2026-06-15T10:00:00+02:00"))]
#[case("cf_link", CustomValue::Record(40201000001), json!(40201000001_i64))]
#[case("cf_new", CustomValue::Json(json!({"a": 1})), json!({"a": 1}))]
#[case("cf_region", CustomValue::Empty, Value::Null)]
#[case("region", "Nordics".into(), json!("Nordics"))]
fn a_value_is_written_as_its_field_wants_it(#[case] name: &str, #[case] value: CustomValue, #[case] json: Value) {
    let written = schema().write([(name, value)]).unwrap();
    assert_eq!(written.values().collect::<Vec<_>>(), [&json]);
    assert!(written.keys().all(|key| key.starts_with("cf_")));
}

#[rstest]
#[case("cf_text", true.into(), "the value of `cf_text` (text) does not fit: a text of one line is expected")]
#[case("cf_text", "a\nb".into(), "the value of `cf_text` (text) does not fit: a text of one line is expected")]
#[case("cf_text", "x".repeat(256).into(), "the value of `cf_text` (text) is too long: at most 255 characters")]
#[case("cf_number", "80".into(), "the value of `cf_number` (number) does not fit: a number is expected")]
#[case("cf_box", "yes".into(), "the value of `cf_box` (box) does not fit: yes or no (true or false) is expected")]
#[case("cf_region", "Secret".into(), "the value of `cf_region` (region) is none of its choices: Nordics, West Africa")]
#[case("cf_many", ["Nordics", "Secret"].into(), "the value of `cf_many` (many) is none of its choices: Nordics, West Africa")]
#[case("cf_open", ["Oslo;Bergen"].into(), "the value of `cf_open` (open) does not fit: a list of its choices, none with a semicolon, is expected")]
#[case("cf_day", "tomorrow".into(), "the value of `cf_day` (day) does not fit: a date (YYYY-MM-DD) is expected")]
#[case("cf_link", "Acme".into(), "the value of `cf_link` (link) does not fit: the id of a record is expected")]
#[case("cf_serial", 7.into(), "`cf_serial` (serial) is set by the CRM and cannot be written")]
#[case("cf_sum", CustomValue::Empty, "`cf_sum` (sum) is set by the CRM and cannot be written")]
fn a_value_that_does_not_fit_is_refused_by_name(#[case] name: &str, #[case] value: CustomValue, #[case] message: &str) {
    assert_eq!(schema().write([(name, value)]).unwrap_err().to_string(), message);
}

#[test]
fn an_unknown_field_is_told_with_those_there_are() {
    let schema = CustomFields::<Contact>::of(&definitions(&[("cf_seats", "number", &[]), ("cf_plan", "text", &[])]));
    let error = schema.write([("cf_seat", 1.into())]).unwrap_err();
    assert_eq!(error.to_string(), "contacts have no custom field `cf_seat`: they have cf_seats, cf_plan");
    let none = CustomFields::<Contact>::of(&[]).field("cf_a").unwrap_err();
    assert_eq!(none.to_string(), "contacts have no custom field `cf_a`: they have none");
}

#[rstest]
#[case("cf_number", json!("25.50"), Some(decimal("25.50")))]
#[case("cf_box", json!("1"), Some(true.into()))]
#[case("cf_box", json!(false), Some(false.into()))]
#[case("cf_region", json!("Gone since"), Some("Gone since".into()))]
#[case("cf_many", json!("Nordics; West Africa;"), Some(["Nordics", "West Africa"].into()))]
#[case("cf_many", json!(["Nordics"]), Some(["Nordics"].into()))]
#[case("cf_many", json!([" Nordics ", ""]), Some(["Nordics"].into()))]
#[case("cf_many", json!([""]), None)]
#[case("cf_many", json!(" ; "), None)]
#[case("cf_day", json!("2026-06-15T00:00:00+02:00"), Some(jiff::civil::date(2026, 6, 15).into()))]
#[case("cf_link", json!("40201000001"), Some(CustomValue::Record(40201000001)))]
#[case("cf_link", json!({"id": 7, "name": "Acme"}), Some(CustomValue::Record(7)))]
#[case("cf_sum", json!(12.5), Some(decimal("12.5")))]
#[case("cf_serial", json!("L-0007"), Some("L-0007".into()))]
#[case("cf_text", json!(""), None)]
#[case("cf_text", Value::Null, None)]
fn a_value_is_read_in_every_spelling(#[case] name: &str, #[case] json: Value, #[case] value: Option<CustomValue>) {
    let contact = Contact::from_value(json!({"id": 1, "custom_field": {name: json}})).unwrap();
    assert_eq!(schema().value(&contact, name).unwrap(), value);
}

#[test]
fn a_value_of_another_shape_is_an_error_and_a_missing_one_is_none() {
    let contact = Contact::from_value(json!({"id": 1, "custom_field": {"cf_day": "soon"}})).unwrap();
    assert!(matches!(schema().value(&contact, "cf_day"), Err(CustomFieldError::WrongType { .. })));
    assert_eq!(schema().value(&contact, "cf_number").unwrap(), None);
    assert_eq!(schema().value(&Contact::from_id(1), "cf_day").unwrap(), None);
}

#[test]
fn the_schema_is_read_from_the_account() {
    let exchange = exchange_named("fields_metadata", "contact fields");
    let body: &'static str = String::leak(String::from_utf8(exchange.body).unwrap());
    let script = Script::of([Answer::Reply(200, body)]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let schema = runtime.block_on(CustomFields::<Contact>::read(&script.client())).unwrap();
    let types: Vec<(&str, &FieldType)> = schema.iter().map(|field| (field.name.as_str(), &field.field_type)).collect();
    let expected = [
        ("cf_region", &FieldType::Dropdown),
        ("cf_interests", &FieldType::MultiSelect),
        ("cf_is_active", &FieldType::Checkbox),
        ("cf_seats", &FieldType::Number),
    ];
    assert_eq!(types, expected);
    assert_eq!(schema.field("cf_interests").unwrap().choices, ["Quotes", "Forecasting"]);
}

#[test]
fn sections_are_opened_and_other_kinds_left_out() {
    let body = json!({"forms": [{"id": 1, "fields": [{"name": "basic", "type": "section", "custom": false, "fields": [
        {"id": "a-uuid", "name": "cf_seats", "label": "Seats", "type": "number", "custom": true, "required": true, "fields": []}]}]}]});
    let forms = fields::forms::<Contact>().decode(StatusCode::OK, body.to_string().as_bytes()).unwrap();
    let schema = CustomFields::<Contact>::of(forms[0].fields.as_deref().unwrap());
    assert!(schema.field("cf_seats").unwrap().required);
    let of = |model: &str| {
        FieldDefinition::from_value(json!({"name": "cf_a", "default": false, "base_model": model})).unwrap()
    };
    let schema = CustomFields::<Lead>::of(&[of("LeadCompany"), of("Lead"), of("LeadDeal")]);
    assert_eq!(schema.iter().count(), 1);
}

#[test]
fn a_long_fraction_is_not_read_as_its_neighbour() {
    let number = Decimal::new(-1_054_139_366_711_030_100, 3);
    let field = schema();
    let json = field.field("cf_number").unwrap().write(&number.into()).unwrap();
    let read = field.field("cf_number").unwrap().read(&serde_json::from_str(&json.to_string()).unwrap()).unwrap();
    assert_eq!(read, Some(number.into()));
}

#[test]
fn a_small_fraction_with_zeros_before_it_is_read_back() {
    let field = schema();
    let number = |json: &Value| field.field("cf_number").unwrap().read(json).unwrap();
    let read = number(&json!("00.00000000000016699859825"));
    let json = field.field("cf_number").unwrap().write(&read.clone().unwrap()).unwrap();
    assert_eq!(number(&json), read, "{json}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_survive_writing_and_reading(mantissa in any::<i64>(), scale in 0..18_u32) {
        let number = Decimal::new(mantissa, scale);
        let field = schema();
        let json = field.field("cf_number").unwrap().write(&number.into()).unwrap();
        let text = serde_json::to_string(&json).unwrap();
        let read = field.field("cf_number").unwrap().read(&serde_json::from_str(&text).unwrap()).unwrap();
        prop_assert_eq!(read, Some(number.into()));
    }
}
