//! Bodies as tables: what comes in, and what is understood.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Catalog, NamedId, Parent, Section, SectionContent, SectionRead};
use crate::mirror::{SeenBy, Sighting};
use crate::record::RecordKind;
use crate::rules::Rules;
use crate::submission::{RawSubmission, Route};

fn rules(text: &str) -> HookRules {
    Rules::parse(&format!("[notifications]\ntime_zone = \"CET-1CEST,M3.5.0,M10.5.0/3\"\n{text}"), &|_| None)
        .unwrap()
        .hooks
}

fn read(label: &str, body: &str) -> Result<Sighting, String> {
    let raw = RawSubmission::new(Route::Notification, None, body.as_bytes().to_vec());
    let raw = RawSubmission { label: Some(label.to_owned()), ..raw };
    notification(&raw, &rules(MAPPINGS)).map_err(|error| error.to_string())
}

const MAPPINGS: &str = "ignore = [\"cf_noise\"]\n[notifications.mappings.erp]\nkind = \"deal\"\nid = \"/row/no\"\n\
    updated_at = \"/row/at\"\nevent = \"/what\"\nfields.stage = \"/row/phase\"\nfields.cf_seats = \"/row/seats\"";

/// The recorded body of a deal, as fields.
const DEAL: &str = r#"{"deal_id": 40203000001, "deal_name": "Fjordline - 70 seats", "deal_amount": 5600,
    "deal_base_currency_amount": 5600, "deal_owner_id": 40200000101, "deal_deal_pipeline_name": "Default Pipeline",
    "deal_deal_stage_name": "Negotiation", "deal_stage_updated_time": "06-15-2026 14:30:00",
    "deal_created_at": "03-01-2026 01:00:00", "deal_updated_at": "06-15-2026 14:30:05", "deal_expected_close": "07-31-2026",
    "deal_lost_reason": null, "deal_lost_reason_id": null, "deal_sales_account_id": 40202000001,
    "deal_sales_account_name": "Fjordline Logistics", "deal_sales_account_phone": "+4755000100",
    "deal_cf_licence_type": "Annual", "deal_cf_seats": "70"}"#;

#[test]
fn simple_content_of_a_deal() {
    let seen = read("json", DEAL).unwrap();
    assert_eq!((seen.record.kind, seen.record.id), (RecordKind::Deal, 40_203_000_001));
    assert_eq!(seen.version.unwrap().to_string(), "2026-06-15T12:30:05Z");
    assert_eq!(seen.created_at.unwrap().to_string(), "2026-03-01T00:00:00Z");
    let expected = json!({
        "amount": "5600", "cf_licence_type": "Annual", "cf_seats": "70", "company": "Fjordline Logistics",
        "company_id": "40202000001", "expected_close": "2026-07-31", "lost_reason": null, "name": "Fjordline - 70 seats",
        "owner_id": "40200000101", "pipeline": "Default Pipeline", "stage": "Negotiation",
    });
    assert_eq!(json!(seen.fields), expected);
}

#[rstest]
#[case::guide("json", r#"{"event":"deal_updated","object_type":"deal","object":{"id":7,"deal_stage_name":"Won"}}"#, "deal 7", json!({"stage":"Won"}))]
#[case::guide_by_event("json", r#"{"event":"onContactUpdate","object":{"id":"7","city":"Oslo"}}"#, "contact 7", json!({"city":"Oslo"}))]
#[case::guide_account("json", r#"{"event":"x","object_type":"Accounts","object":{"id":7,"name":"A"}}"#, "company 7", json!({"name":"A"}))]
#[case::guide_deleted("json", r#"{"event":"deal.deleted","object_type":"deal","object":{"id":7}}"#, "deal 7", json!({"deleted":true}))]
#[case::status("json", r#"{"contact_id":7,"contact_contact_status_name":"Qualified"}"#, "contact 7", json!({"status":"Qualified"}))]
#[case::nested("json", r#"{"contact":{"id":7,"first_name":"Ingrid","email":"Ingrid@Example.com","mobile_number":"+4790000011"}}"#, "contact 7", json!({"first_name":"Ingrid","email":"ingrid@example.com","mobile_number":"+4790000011"}))]
#[case::custom("json", r#"{"sales_account":{"id":7,"custom_field":{"cf_case_number":"X-1"}}}"#, "company 7", json!({"cf_case_number":"X-1"}))]
#[case::lead_id("json", r#"{"leadId":5000000100}"#, "lead 5000000100", json!({}))]
#[case::only_an_id("json", r#"{"deal_id":7}"#, "deal 7", json!({}))]
#[case::deal_of_contact("json", r#"{"deal_id":7,"deal_contact_email":"a@b.c","deal_contact_id":9}"#, "deal 7", json!({}))]
#[case::text_id("json", r#"{"deal_id":"7","deal_amount":"5600.00"}"#, "deal 7", json!({"amount":"5600"}))]
#[case::blank("json", r#"{"deal_id":7,"deal_name":"  ","deal_amount":null}"#, "deal 7", json!({"name":null,"amount":null}))]
#[case::fraction("json", r#"{"deal_id":7,"deal_amount":1250.50,"deal_cf_x":"1.50","deal_cf_code":"007"}"#, "deal 7", json!({"amount":"1250.5","cf_x":"1.5","cf_code":"007"}))]
#[case::ignored("json", r#"{"deal_id":7,"deal_cf_noise":"1","deal_probability":70,"deal_age":3}"#, "deal 7", json!({}))]
#[case::flag("json", r#"{"contact_id":7,"contact_cf_vip":"true","contact_name":"true"}"#, "contact 7", json!({"cf_vip":true,"name":"true"}))]
#[case::tags("json", r#"{"contact":{"id":7,"tags":["a","b"]}}"#, "contact 7", json!({"tags":"a,b"}))]
#[case::stage_object("json", r#"{"deal":{"id":7,"deal_stage":{"id":3,"name":"Won"}}}"#, "deal 7", json!({"stage":"Won"}))]
#[case::owner_mail("json", r#"{"deal_id":7,"deal_owner_email":"Mara@Example.com"}"#, "deal 7", json!({"owner":"mara@example.com"}))]
#[case::form("form", "deal_id=7&deal_deal_stage_name=Under+review&deal_amount=12.0", "deal 7", json!({"stage":"Under review","amount":"12"}))]
#[case::xml("xml", "<?xml version=\"1.0\"?><deal><deal_id>7</deal_id><deal_name>A &amp; B &#33;</deal_name><deal_cf_x/></deal>", "deal 7", json!({"name":"A & B !","cf_x":null}))]
#[case::xml_nested("xml", "<contact>\n <id>7</id>\n <city><![CDATA[Oslo]]></city>\n</contact>\n", "contact 7", json!({"city":"Oslo"}))]
#[case::mapped("json/erp", r#"{"what":"moved","row":{"no":7,"phase":"Won","at":"2026-06-15T12:00:00Z","seats":70}}"#, "deal 7", json!({"stage":"Won","cf_seats":"70"}))]
fn a_body_is_understood(#[case] label: &str, #[case] body: &str, #[case] record: &str, #[case] fields: Value) {
    let seen = read(label, body).unwrap();
    assert_eq!((seen.record.to_string().as_str(), json!(seen.fields)), (record, fields));
    assert_eq!(seen.by, SeenBy::Webhook);
}

#[rstest]
#[case("json", r#"{"task_id":7}"#, "names no deal")]
#[case("json", r#"{"event":"x","object_type":"task","object":{"id":7}}"#, "names no deal")]
#[case("json", r#"{"deal":{"name":"x"}}"#, "has no id of a deal")]
#[case("json", r#"{"deal_id":-1}"#, "has no id of a deal")]
#[case("json", r#"{"deal_id":7"#, "is not JSON")]
#[case("xml", "<deal><deal_id>7</deal_id>", "is not XML")]
#[case("xml", "<deal>7</deal><deal/>", "is not XML")]
#[case("xml", "<!DOCTYPE d [<!ENTITY a \"b\">]><deal><id>&a;</id></deal>", "is not XML")]
#[case("form", "", "no data")]
#[case("json/else", r#"{"deal_id":7}"#, "mapping else")]
fn what_is_not_understood_says_why(#[case] label: &str, #[case] body: &str, #[case] why: &str) {
    let error = read(label, body).unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[test]
fn xml_that_nests_without_end_is_refused() {
    let body = "<a>".repeat(10_000);
    assert!(read("xml", &body).is_err());
}

fn catalog() -> Catalog {
    let parent = Some(Parent { id: 1, name: "Default Pipeline".into() });
    let mut catalog = Catalog::default();
    let mut put = |section, content| {
        catalog.put(section, SectionRead { content, read_at: jiff::Timestamp::UNIX_EPOCH });
    };
    let stage = NamedId { id: 11, name: "Negotiation".into(), alias: None, parent, stage: None };
    put(Section::Stages, SectionContent::Names(vec![stage]));
    let mara = NamedId {
        id: 40_200_000_101,
        name: "Mara Lindqvist".into(),
        alias: Some("Mara@Example.com".into()),
        parent: None,
        stage: None,
    };
    put(Section::Owners, SectionContent::Names(vec![mara]));
    put(Section::Sources, SectionContent::Unreadable);
    catalog
}

#[rstest]
#[case(json!({"deal_stage_id": 11, "deal_pipeline_id": 1}), json!({"stage": "Negotiation", "pipeline": "Default Pipeline"}), &[])]
#[case(json!({"deal_stage_id": "11", "deal_stage_name": "Won"}), json!({"stage": "Won"}), &[])]
#[case(json!({"owner_id": 40_200_000_101_i64}), json!({"owner": "mara@example.com"}), &[])]
#[case(json!({"owner_name": "Mara Lindqvist"}), json!({"owner": "mara@example.com"}), &[])]
#[case(json!({"owner_id": null}), json!({"owner": null}), &[])]
#[case(json!({"owner_id": 5}), json!({}), &["owner"])]
#[case(json!({"deal_stage_id": 12, "name": "x"}), json!({"name": "x"}), &["stage"])]
#[case(json!({"lead_source_id": 5}), json!({"source": "5"}), &[])]
#[case(json!({"campaign_id": 5}), json!({}), &["campaign"])]
fn ids_become_names(#[case] shown: Value, #[case] fields: Value, #[case] nameless: &[&str]) {
    let shown = shown.as_object().unwrap();
    let mut read = words::read(RecordKind::Deal, shown, &rules("")).fields;
    assert_eq!(words::resolve(&mut read, &catalog()), nameless);
    assert_eq!(json!(read), fields);
}

/// What the API shows of the recorded deal says the same as what its webhook says.
#[test]
fn the_api_and_a_webhook_say_the_same() {
    let row = json!({
        "id": 40_203_000_001_i64, "name": "Fjordline - 70 seats", "amount": "5600.0", "base_currency_amount": "5600.0",
        "owner_id": 40_200_000_101_i64, "owner_email": "mara@example.com", "deal_pipeline_id": 1, "deal_stage_id": 11,
        "stage_updated_time": "2026-06-15T14:30:00+02:00", "created_at": "2026-03-01T01:00:00+01:00",
        "updated_at": "2026-06-15T14:30:05+02:00", "expected_close": "2026-07-31", "deal_reason_id": null,
        "sales_account_id": 40_202_000_001_i64, "sales_account_name": "Fjordline Logistics", "age": 67,
        "custom_field": {"cf_licence_type": "Annual", "cf_seats": 70}, "links": {"notes": "/x"}, "is_deleted": false,
    });
    let raw = RawSubmission::new(Route::Sighting, None, row.to_string().into_bytes());
    let raw = RawSubmission { label: Some("deal".to_owned()), ..raw };
    let (mut polled, mut told) = (super::row(&raw, &rules("")).unwrap(), read("json", DEAL).unwrap());
    for seen in [&mut polled, &mut told] {
        words::resolve(&mut seen.fields, &catalog());
    }
    assert_eq!(json!(polled.fields), json!(told.fields));
    assert_eq!((polled.version, polled.created_at), (told.version, told.created_at));
}

#[rstest]
#[case("secrets = [\"short\"]", "notifications.secrets[0]: is shorter than 16")]
#[case("secrets = [\"a-long-enough-secret\", \"b-long-enough-secret\", \"c-long-enough-secret\"]", "has more than two")]
#[case("secrets = [\"$MISSING\"]", "no variable MISSING")]
#[case("time_zone = \"Mars\"", "notifications.time_zone")]
#[case("every = \"10ms\"", "notifications.every")]
#[case("watch = [\"task\"]", "task")]
#[case(
    "[notifications.mappings.x]\nkind = \"deal\"\nid = \"row.id\"",
    "notifications.mappings.x: row.id is no JSON pointer"
)]
fn a_mistake_in_the_rules_is_told(#[case] text: &str, #[case] why: &str) {
    let error = Rules::parse(&format!("[notifications]\n{text}"), &|_| None).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
    assert!(!error.contains("long-enough"), "a secret is told: {error}");
}

#[test]
fn a_recipe_names_what_to_paste() {
    let recipe = recipe::recipe(RecordKind::Deal, "https://gw.example.com/");
    assert_eq!(recipe.url, "https://gw.example.com/freshsales/webhook");
    assert!(
        recipe.fields.contains(&"updated_at") && recipe.advanced.contains("\"updated_at\": \"{{deal.updated_at}}\"")
    );
}
