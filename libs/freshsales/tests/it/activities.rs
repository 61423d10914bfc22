//! What requests about activities, calls and files send, against recorded ones.

use freshsales::appointments::{AppointmentAttributes, AppointmentFilter, Invited};
use freshsales::contacts::{Contact, ContactAttributes};
use freshsales::multipart::File;
use freshsales::notes::TargetKind;
use freshsales::phone_calls::Direction;
use freshsales::sales_activities::SalesActivityAttributes;
use freshsales::{
    Base, Generation, Idempotency, RecordTime, Request, activities, appointments, conversations, documents, duplicates,
    phone_calls, raw, sales_activities, suggestions, tasks,
};
use http::Method;
use rstest::rstest;
use serde_json::json;

use crate::script::{Answer, Script, exchange_named};

fn time(text: &str) -> RecordTime {
    RecordTime::parse(text).unwrap()
}

#[track_caller]
fn assert_sends<R: Request>(request: &R, file: &str, name: &str) {
    let recorded = exchange_named(file, name);
    let parts = request.to_parts(Generation::Suite);
    assert_eq!(
        (parts.method.as_str(), parts.path.as_str()),
        (recorded.method.as_str(), recorded.path.split('?').next().unwrap())
    );
    assert_eq!(parts.body.unwrap_or_default(), recorded.request);
}

#[test]
fn appointments_are_written_as_recorded() {
    let attributes = AppointmentAttributes::new()
        .title("Product demo")
        .description("Show forecasting.")
        .from_date(time("2026-06-20T08:00:00Z"))
        .end_date(time("2026-06-20T09:00:00Z"))
        .time_zone("Copenhagen")
        .location("Video call")
        .is_allday(false)
        .target(TargetKind::Contact, 40201000001)
        .attendees([Invited::Contact(40201000001), Invited::User(40200000102)]);
    assert_sends(&appointments::create(attributes), "appointment", "create");
    let moved = AppointmentAttributes::new().location("Bergen office");
    assert_sends(&appointments::update(40213000001, moved), "appointment", "update");
    assert_sends(&appointments::delete(40213000001), "appointment", "delete");
    let swapped = AppointmentAttributes::new().remove_attendees([5]).attendees([Invited::User(6)]);
    let body = appointments::update(1, swapped).to_parts(Generation::Suite).body.unwrap();
    assert_eq!(
        body["appointment"]["appointment_attendees_attributes"],
        json!([{"id": 5, "_destroy": true}, {"attendee_type": "FdMultitenant::User", "attendee_id": "6"}])
    );
}

#[test]
fn sales_activities_are_written_as_recorded() {
    let attributes = SalesActivityAttributes::new()
        .title("Site visit Bergen")
        .notes("Toured the warehouse.")
        .start_date(time("2026-06-10T10:30:00Z"))
        .end_date(time("2026-06-10T11:00:00Z"))
        .owner_id(40200000101)
        .sales_activity_type_id(40207000020)
        .target(TargetKind::Contact, 40201000001);
    assert_sends(&sales_activities::create(attributes), "sales_activity", "create");
    let noted = SalesActivityAttributes::new().notes("Toured the warehouse, met the CFO.");
    assert_sends(&sales_activities::update(40214000001, noted), "sales_activity", "update");
    let custom = SalesActivityAttributes::new().custom_field("cf_room", "B2").custom_field("cf_seats", 2);
    let body = sales_activities::create(custom).to_parts(Generation::Classic).body.unwrap();
    assert_eq!(body, json!({"sales_activity": {"custom_field": {"cf_room": "B2", "cf_seats": 2}}}));
}

#[test]
fn calls_and_links_are_written_as_recorded() {
    let call = phone_calls::log(Direction::Incoming, TargetKind::Contact, 40201000001)
        .person("first_name", "Ingrid")
        .person("last_name", "Halvorsen")
        .person("work_number", "+4755000011")
        .note("Asked about delivery.");
    assert_sends(&call, "phone_call", "manual call log");
    let eve = ContactAttributes::new().last_name("Lund");
    let body =
        phone_calls::log_new(Direction::Outgoing, TargetKind::SalesAccount, &eve).to_parts(Generation::Suite).body;
    assert_eq!(
        body.unwrap()["phone_call"],
        json!({"call_direction": false, "targetable_type": "sales_account", "targetable": {"last_name": "Lund"}})
    );
    let link = documents::link(TargetKind::Contact, 40201000001, "https://docs.example.com/spec", "Spec");
    assert_sends(&link, "documents", "add a link");
}

#[test]
fn an_upload_is_a_form_with_the_recorded_fields() {
    let recorded = exchange_named("documents", "upload a file").request["_multipart"].clone();
    let file = File::new("quote.pdf", "application/pdf", "content");
    let parts = documents::upload(TargetKind::Contact, 40201000001, file).to_parts(Generation::Suite);
    assert_eq!((parts.method, parts.path.as_str(), parts.body), (Method::POST, "documents", None));
    let (_, body) = parts.form.unwrap().encode();
    let body = String::from_utf8(body.to_vec()).unwrap();
    for (name, value) in recorded.as_object().unwrap().iter().filter(|(name, _)| *name != "file") {
        let part = format!("form-data; name=\"{name}\"\r\n\r\n{}\r\n", value.as_str().unwrap());
        assert!(body.contains(&part), "{part}");
    }
    assert!(body.contains("name=\"file\"; filename=\"quote.pdf\"\r\nContent-Type: application/pdf\r\n\r\ncontent\r\n"));
}

#[rstest]
#[case::tasks(tasks::of_record(TargetKind::Deal, 1).include(["owner"]).to_parts(Generation::Suite), "deals/1/tasks", &[("include", "owner")])]
#[case::mail(conversations::of_record(TargetKind::Contact, 1).page(1, 3).to_parts(Generation::Suite), "contacts/1/conversations/all", &[("page", "1"), ("per_page", "3")])]
#[case::duplicates(duplicates::of_contact(1).to_parts(Generation::Suite), "contacts/1/duplicates", &[])]
#[case::counts(activities::counts(TargetKind::Contact, 1, ["notes"]).to_parts(Generation::Suite), "contacts/1/activity_counts", &[("types[]", "notes")])]
#[case::tags(suggestions::tags::<Contact>("vip").to_parts(Generation::Suite), "search/auto_suggest/tags.json", &[("tag_type", "contact"), ("q", "vip")])]
#[case::people(suggestions::contacts("ki", None).to_parts(Generation::Suite), "search/auto_suggest/contacts_full_details.json", &[("sales_account_id", ""), ("q", "ki")])]
#[case::lists(suggestions::lists("ne").to_parts(Generation::Suite), "search/auto_suggest/lists.json", &[("q", "ne")])]
#[case::companies(suggestions::sales_accounts("fj").to_parts(Generation::Suite), "search/auto_suggest/sales_accounts_full_details.json", &[("q", "fj")])]
fn some_routes_are_without_api(
    #[case] parts: freshsales::RequestParts,
    #[case] path: &str,
    #[case] query: &[(&str, &str)],
) {
    let sent: Vec<_> = parts.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((parts.base, parts.path.as_str(), &sent[..]), (Base::Pages, path, query));
}

#[rstest]
#[case::classic(Generation::Classic, "acme", "https://acme.freshsales.io/deals/1/tasks")]
#[case::suite(Generation::Suite, "acme", "https://acme.myfreshworks.com/crm/sales/deals/1/tasks")]
#[case::loopback(Generation::Suite, "http://127.0.0.1:1/crm/sales/api", "http://127.0.0.1:1/crm/sales/deals/1/tasks")]
#[tokio::test]
async fn pages_are_beside_the_api(#[case] generation: Generation, #[case] address: &str, #[case] url: &str) {
    let script = Script::of([Answer::Reply(200, r#"{"tasks":[]}"#), Answer::Reply(200, "{}")]);
    let client = script.builder(address).generation(generation).build().unwrap();
    client.send(&tasks::of_record(TargetKind::Deal, 1)).await.unwrap();
    client.send(&raw::request(Method::GET, "deals/1/tasks").without_api()).await.unwrap();
    assert_eq!(script.urls(), [url, url]);
}

#[tokio::test]
async fn a_form_names_its_own_content_type_and_json_stays_the_rule() {
    let script = Script::of([
        Answer::Reply(200, r#"{"document":{"id":1}}"#),
        Answer::Reply(200, r#"{"document_link":{"id":1}}"#),
    ]);
    let client = script.client();
    let file = File::new("x", "text/plain", "x");
    client.send(&documents::upload(TargetKind::Lead, 1, file).shared()).await.unwrap();
    client.send(&documents::link(TargetKind::Lead, 1, "https://x.example", "x").shared()).await.unwrap();
    let types = script.headers("content-type");
    assert!(types[0].starts_with("multipart/form-data; boundary="), "{types:?}");
    assert_eq!(types[1], "application/json");
}

#[test]
fn lists_and_histories_name_their_page() {
    let query = |parts: freshsales::RequestParts| -> Vec<String> {
        parts.query.iter().map(|(name, value)| format!("{name}={value}")).collect()
    };
    let list =
        appointments::list(AppointmentFilter::Past).page(2, 100).include(["creater"]).to_parts(Generation::Suite);
    assert_eq!(query(list), ["filter=past", "page=2", "per_page=100", "include=creater"]);
    let list = sales_activities::list().page(1, 100).to_parts(Generation::Suite);
    assert_eq!(query(list), ["page=1", "per_page=100"]);
    let history =
        activities::of_record(TargetKind::Contact, 1).limit(2).page(3).with_users().to_parts(Generation::Suite);
    assert_eq!(
        (history.path.as_str(), query(history.clone())),
        ("contacts/1/activities", vec!["limit=2".into(), "page=3".into(), "include=user".into()])
    );
}

#[test]
fn kinds_tell_what_a_repetition_does() {
    let file = || File::new("x", "text/plain", "x");
    assert_eq!(documents::upload(TargetKind::Lead, 1, file()).kind(), Idempotency::Write);
    assert_eq!(documents::link(TargetKind::Lead, 1, "x", "x").kind(), Idempotency::Write);
    assert_eq!(phone_calls::log(Direction::Incoming, TargetKind::Lead, 1).kind(), Idempotency::Write);
    assert_eq!(appointments::create(AppointmentAttributes::new()).kind(), Idempotency::Write);
    assert_eq!(sales_activities::delete(1).kind(), Idempotency::KeyedWrite);
    assert_eq!(activities::timeline(TargetKind::Lead, 1).kind(), Idempotency::Read);
}

#[test]
fn custom_fields_of_an_activity_are_merged() {
    let update = sales_activities::update(1, SalesActivityAttributes::new().custom_field("cf_room", "B2"));
    assert!(update.check().unwrap_err().contains("`Client::update`"));
}

#[test]
fn a_row_without_an_id_would_be_added_once_more_by_a_repetition() {
    let invite = AppointmentAttributes::new().attendees([Invited::Contact(2)]);
    assert_eq!(appointments::update(1, invite).kind(), Idempotency::Write);
    let uninvite = AppointmentAttributes::new().title("Demo").remove_attendees([2]);
    assert_eq!(appointments::update(1, uninvite).kind(), Idempotency::KeyedWrite);
}
