//! Appointments, sales activities, tasks, calls and notes: what is stored, what is refused, and what shows on the records.

use std::time::Duration;

use freshsales_sandbox::Kind;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, id};

fn about(kind: &str, id: i64, mut record: Value) -> Value {
    record["targetable_type"] = json!(kind);
    record["targetable_id"] = json!(id);
    record
}

fn meeting(contact: i64) -> Value {
    let dates = json!({"title": "Demo", "from_date": "2026-06-20T08:00:00Z", "end_date": "2026-06-20T09:00:00Z"});
    about("Contact", contact, dates)
}

fn visit(app: &App, contact: i64) -> Value {
    let kind = app.account.selector_id("sales_activity_types", "Phone").unwrap();
    let visit = json!({"title": "Call", "start_date": "2026-06-10T10:00:00Z", "end_date": "2026-06-10T11:00:00Z",
        "sales_activity_type_id": kind});
    about("Contact", contact, visit)
}

async fn without_api(app: &App, path: String) -> crate::client::Got {
    App::send(app.request(reqwest::Method::GET, &path)).await
}

async fn app_with_contact() -> (App, i64) {
    let app = App::start().await;
    let contact =
        app.account.seed_contact(&json!({"first_name": "Ada", "last_name": "King", "email": "ada@example.com"}));
    (app, contact)
}

#[tokio::test]
async fn attendees_are_added_shown_and_removed() {
    let (app, contact) = app_with_contact().await;
    let user = app.account.selector_id("owners", "Tomas Ferreira").unwrap();
    let mut body = meeting(contact);
    body["appointment_attendees_attributes"] = json!([
        {"attendee_type": "Contact", "attendee_id": contact.to_string()},
        {"attendee_type": "FdMultitenant::User", "attendee_id": user}]);
    let made = app.post("/appointments", &json!({"appointment": body})).await.ok(201);
    let path = format!("/appointments/{}", id(&made, "appointment"));
    let shown = app.get(&path).await.ok(200);
    assert_eq!(shown["appointment_attendees"].as_array().unwrap().len(), 2);
    assert_eq!(shown["appointment"]["targetable"], json!({"type": "contact", "id": contact}));
    assert!(shown["users"].as_array().unwrap().iter().any(|other| other["id"] == user));
    let gone = json!([{"id": shown["appointment_attendees"][0]["id"], "_destroy": true}]);
    let left = app.put(&path, &json!({"appointment": {"appointment_attendees_attributes": gone}})).await.ok(200);
    assert_eq!(left["appointment_attendees"][0]["attendee_id"], user);
    assert_eq!(left["appointment"]["appointment_attendee_ids"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case("upcoming", 1)]
#[case("open", 1)]
#[case("past", 0)]
#[case("complete", 0)]
#[tokio::test]
async fn appointments_are_listed_by_when_they_end(#[case] filter: &str, #[case] before: usize) {
    let (app, contact) = app_with_contact().await;
    app.account.seed(Kind::Appointment, &meeting(contact));
    let path = format!("/appointments?filter={filter}");
    let listed = |body: Value| (body["appointments"].as_array().unwrap().len(), body["meta"]["total"].clone());
    assert_eq!(listed(app.get(&path).await.ok(200)), (before, json!(before)));
    app.account.advance(Duration::from_secs(6 * 24 * 3600));
    assert_eq!(listed(app.get(&path).await.ok(200)), (1 - before, json!(1 - before)));
}

#[rstest]
#[case("appointments", json!({"title": ""}), "Title can't be empty")]
#[case("appointments", json!({"from_date": null}), "From date can't be empty")]
#[case("appointments", json!({"end_date": "soon"}), "Invalid value for end_date.")]
#[case("appointments", json!({"end_date": "2026-06-20T07:59:59Z"}), "End date can't be before from date")]
#[case("appointments", json!({"targetable_id": 1}), "Invalid targetable provided.")]
#[case("appointments", json!({"targetable_type": "Note"}), "Invalid targetable provided.")]
#[case("appointments", json!({"outcome_id": 1}), "Invalid sales activity outcome provided.")]
#[case("appointments", json!({"appointment_attendees_attributes": [{"attendee_type": "Contact", "attendee_id": 1}]}), "Invalid attendee provided.")]
#[case("sales_activities", json!({"sales_activity_type_id": null}), "Sales activity type can't be empty")]
#[case("sales_activities", json!({"sales_activity_type_id": 1}), "Invalid sales activity type provided.")]
#[case("sales_activities", json!({"end_date": "2026-06-01"}), "End date can't be before start date")]
#[case("sales_activities", json!({"owner_id": 1}), "Invalid owner provided.")]
#[case("tasks", json!({"task_type_id": 1}), "Invalid task type provided.")]
#[tokio::test]
async fn what_is_wrong_is_refused(#[case] plural: &str, #[case] wrong: Value, #[case] sentence: &str) {
    let (app, contact) = app_with_contact().await;
    let mut body = match plural {
        "appointments" => meeting(contact),
        "tasks" => about("Contact", contact, json!({"title": "x", "due_date": "2026-06-20"})),
        _ => visit(&app, contact),
    };
    body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
    let kind = Kind::parse(plural).unwrap();
    let got = app.post(&format!("/{plural}"), &json!({kind.singular(): body})).await;
    assert_eq!((got.status, got.message().as_str(), app.account.count(kind)), (400, sentence, 0));
}

#[rstest]
#[case("/appointments", "Filter can't be blank")]
#[case("/appointments?filter=next", "Invalid filter provided.")]
#[tokio::test]
async fn a_list_of_appointments_wants_a_filter(#[case] path: &str, #[case] sentence: &str) {
    let app = App::start().await;
    let got = app.get(path).await;
    assert_eq!((got.status, got.message().as_str()), (400, sentence));
}

#[tokio::test]
async fn an_outcome_must_belong_to_the_type_of_the_activity() {
    let (app, contact) = app_with_contact().await;
    let types = app.get("/selector/sales_activity_types").await.json();
    let of = |at: usize| types["sales_activity_types"][at]["id"].as_i64().unwrap();
    let outcomes = app.get(&format!("/selector/sales_activity_types/{}/sales_activity_outcomes", of(1))).await.json();
    let mut body = visit(&app, contact);
    body["sales_activity_outcome_id"] = outcomes["sales_activity_outcomes"][0]["id"].clone();
    app.post("/sales_activities", &json!({"sales_activity": body})).await.ok(201);
    body["sales_activity_type_id"] = json!(of(2));
    let got = app.post("/sales_activities", &json!({"sales_activity": body})).await;
    assert_eq!((got.status, got.message().as_str()), (400, "Invalid sales activity outcome provided."));
}

#[tokio::test]
async fn sales_activities_are_paged_and_side_load() {
    let (app, contact) = app_with_contact().await;
    for _ in 0..3 {
        app.account.seed(Kind::SalesActivity, &visit(&app, contact));
    }
    let page = app.get("/sales_activities?page=2&per_page=2&include=owner,targetable").await.ok(200);
    assert_eq!(page["meta"], json!({"total_pages": 2, "total": 3}));
    assert_eq!(page["sales_activities"].as_array().unwrap().len(), 1);
    assert_eq!((&page["contacts"][0]["id"], &page["users"][0]["uuid"].is_string()), (&json!(contact), &true));
    assert_eq!(page["sales_activities"][0]["conversation_time"], page["sales_activities"][0]["end_date"]);
}

#[tokio::test]
async fn an_activity_marked_done_has_a_date_and_loses_it_when_reopened() {
    let (app, contact) = app_with_contact().await;
    let path = format!("/sales_activities/{}", app.account.seed(Kind::SalesActivity, &visit(&app, contact)));
    let done = app.put(&path, &json!({"sales_activity": {"status": true}})).await.ok(200);
    assert_eq!(done["sales_activity"]["completed_date"], "2026-06-15T12:30:30Z");
    let open = app.put(&path, &json!({"sales_activity": {"status": false}})).await.ok(200);
    assert_eq!(open["sales_activity"]["completed_date"], Value::Null);
}

#[rstest]
#[case("appointments")]
#[case("sales_activities")]
#[tokio::test]
async fn what_is_deleted_is_gone(#[case] plural: &str) {
    let (app, contact) = app_with_contact().await;
    let kind = Kind::parse(plural).unwrap();
    let body = if kind == Kind::Appointment { meeting(contact) } else { visit(&app, contact) };
    let path = format!("/{plural}/{}", app.account.seed(kind, &body));
    assert_eq!(app.classic_get(&path).await.ok(200)[kind.singular()]["title"], body["title"]);
    assert_eq!(app.delete(&path).await.ok(200), json!({"success": "200"}));
    assert_eq!((app.get(&path).await.status, app.delete(&path).await.status), (404, 404));
}

#[tokio::test]
async fn what_hangs_on_a_record_is_listed_there() {
    let (app, contact) = app_with_contact().await;
    app.account.seed(Kind::Appointment, &meeting(contact));
    let appointments =
        without_api(&app, format!("/crm/sales/contacts/{contact}/appointments?include=creater,targetable"))
            .await
            .ok(200);
    assert_eq!(
        (appointments["appointments"][0]["title"].as_str(), appointments["contacts"][0]["id"].as_i64()),
        (Some("Demo"), Some(contact))
    );
    assert_eq!(without_api(&app, format!("/contacts/{contact}/tasks")).await.ok(200), json!({"tasks": []}));
    assert_eq!(app.get(&format!("/contacts/{contact}/tasks")).await.status, 404);
    let shown = app.get(&format!("/contacts/{contact}?include=appointments")).await.ok(200);
    assert_eq!(
        (&shown["contact"]["appointment_ids"][0], &shown["outcomes"]),
        (&shown["appointments"][0]["id"], &json!([]))
    );
}

#[tokio::test]
async fn a_deal_tells_when_its_next_activity_is() {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "Engine", "amount": 1}));
    app.account.seed(Kind::Task, &about("Deal", deal, json!({"title": "x", "due_date": "2026-06-19T08:00:00Z"})));
    let next = |deal: Value| deal["deal"]["upcoming_activities_time"].clone();
    assert_eq!(next(app.get(&format!("/deals/{deal}")).await.ok(200)), "2026-06-19T08:00:00Z");
    app.account.advance(Duration::from_secs(6 * 24 * 3600));
    assert_eq!(next(app.get(&format!("/deals/{deal}")).await.ok(200)), Value::Null);
}

#[tokio::test]
async fn a_call_with_an_unknown_person_makes_the_person() {
    let app = App::start().await;
    let call = json!({"call_direction": false, "targetable_type": "lead",
        "targetable": {"first_name": "Eve", "last_name": "Lund", "mobile_number": "+4712345678"},
        "note": {"description": "Asked for a quote."}});
    let reply = app.classic_post("/phone_calls", &call).await.ok(200);
    let lead = &app.account.leads()[0];
    assert_eq!(reply["phone_calls"][0]["targetable"], json!({"id": lead["id"], "type": "lead"}));
    assert_eq!(reply["leads"][0]["display_name"], "Eve Lund");
    assert_eq!(
        (&lead["last_contacted_mode"], &lead["recent_note"]),
        (&json!("Call Outgoing"), &json!("Asked for a quote."))
    );
    assert_eq!(app.account.notes()[0]["id"], reply["phone_calls"][0]["note_id"]);
}

#[rstest]
#[case(json!({"call_direction": true, "targetable_type": "contact", "targetable": {"id": "1"}}), "Invalid targetable provided.")]
#[case(json!({"call_direction": true, "targetable_type": "contact"}), "Invalid targetable provided.")]
#[case(json!({"targetable_type": "contact", "targetable": {"last_name": "Lund"}}), "Call direction can't be empty")]
#[tokio::test]
async fn a_call_without_direction_or_target_leaves_nothing(#[case] call: Value, #[case] sentence: &str) {
    let app = App::start().await;
    let got = app.post("/phone_calls", &json!({"phone_call": call})).await;
    assert_eq!((got.status, got.message().as_str()), (400, sentence));
    assert_eq!((app.account.count(Kind::Contact), app.account.count(Kind::PhoneCall)), (0, 0));
}

#[tokio::test]
async fn a_call_about_a_deal_brings_its_stage_and_pipeline() {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "Engine", "amount": 1}));
    let call = json!({"call_direction": true, "targetable_type": "deal", "targetable": {"id": deal}});
    let reply = app.post("/phone_calls", &json!({"phone_call": call})).await.ok(200);
    assert_eq!((&reply["deals"][0]["id"], &reply["deal_stages"][0]["name"]), (&json!(deal), &json!("New")));
    assert_eq!((&reply["deal_pipelines"][0]["is_default"], &reply["notes"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn only_past_activities_are_contacts_and_the_latest_counts() {
    let (app, contact) = app_with_contact().await;
    let last = || {
        let contact = &app.account.contacts()[0];
        (contact["last_contacted_via_sales_activity"].clone(), contact["last_contacted_sales_activity_mode"].clone())
    };
    app.account.seed(Kind::SalesActivity, &visit(&app, contact));
    assert_eq!(last(), (json!("2026-06-10T11:00:00Z"), json!("Phone")));
    for (start, end) in [("2026-06-01", "2026-06-02"), ("2026-07-01", "2026-07-02")] {
        let mut other = visit(&app, contact);
        (other["start_date"], other["end_date"]) = (json!(start), json!(end));
        app.account.seed(Kind::SalesActivity, &other);
    }
    assert_eq!(last().0, json!("2026-06-10T11:00:00Z"));
}

#[tokio::test]
async fn the_newest_note_that_is_left_is_the_recent_one() {
    let (app, contact) = app_with_contact().await;
    let mut ids = Vec::new();
    for text in ["first", "second"] {
        let note = about("Contact", contact, json!({"description": text}));
        ids.push(id(&app.post("/notes", &json!({"note": note})).await.ok(200), "note"));
    }
    assert_eq!(app.account.contacts()[0]["recent_note"], "second");
    app.delete(&format!("/notes/{}", ids[1])).await.ok(200);
    assert_eq!(app.account.contacts()[0]["recent_note"], "first");
}

#[tokio::test]
async fn a_task_that_is_reopened_has_no_date_of_completion() {
    let (app, contact) = app_with_contact().await;
    let task =
        app.account.seed(Kind::Task, &about("Contact", contact, json!({"title": "x", "due_date": "2026-06-20"})));
    let path = format!("/tasks/{task}");
    app.put(&path, &json!({"task": {"status": 1}})).await.ok(200);
    assert_eq!(app.get(&path).await.ok(200)["task"]["completed_date"], "2026-06-15T12:30:30Z");
    let open = app.put(&path, &json!({"task": {"status": 0}})).await.ok(200);
    assert_eq!(open["task"]["completed_date"], Value::Null);
}

#[tokio::test]
async fn custom_fields_of_activities_are_kept_and_listed() {
    use freshsales_sandbox::{CustomField, CustomFieldType};
    let (app, contact) = app_with_contact().await;
    app.account.add_custom_field(CustomField::new(Kind::SalesActivity, "cf_room", CustomFieldType::Text));
    let mut body = visit(&app, contact);
    body["custom_field"] = json!({"cf_room": "B2"});
    let made = app.post("/sales_activities", &json!({"sales_activity": body})).await.ok(201);
    assert_eq!(made["sales_activity"]["custom_field"], json!({"cf_room": "B2"}));
    let fields = app.get("/settings/sales_activities/fields").await.ok(200);
    assert!(fields["fields"].as_array().unwrap().iter().any(|field| field["name"] == "cf_room"));
}

#[rstest]
#[case("appointments", &["appointment_attendees", "conferences", "notes", "appointment"], &["appointment_attendees", "conferences", "notes", "contacts", "users", "appointment"])]
#[case("tasks", &["task"], &["contacts", "users", "task"])]
#[tokio::test]
async fn whether_updates_show_related_records_is_a_switch(
    #[case] plural: &str,
    #[case] older: &[&str],
    #[case] newer: &[&str],
) {
    let (app, contact) = app_with_contact().await;
    let kind = Kind::parse(plural).unwrap();
    let mut body = meeting(contact);
    body["due_date"] = json!("2026-06-20");
    let path = format!("/{plural}/{}", app.account.seed(kind, &body));
    for (updates_show_related, expected) in [(false, older), (true, newer)] {
        app.account.set_switches(freshsales_sandbox::Switches { updates_show_related, ..app.account.switches() });
        let shown = app.put(&path, &json!({kind.singular(): {"title": "Other"}})).await.ok(200);
        assert_eq!(shown.as_object().unwrap().keys().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn an_activity_can_be_about_several_records() {
    let (app, contact) = app_with_contact().await;
    let deal = app.account.seed_deal(&json!({"name": "Engine", "amount": 1}));
    let mut body = meeting(contact);
    body.as_object_mut().unwrap().retain(|name, _| !name.starts_with("targetable"));
    body["targetables"] = json!([{"type": "Contact", "id": contact}, {"type": "deal", "id": deal.to_string()}]);
    let made = app.post("/appointments", &json!({"appointment": body})).await.ok(201);
    assert_eq!(made["appointment"]["targetables"][1], json!({"id": deal, "type": "Deal"}));
    let listed = app.get(&format!("/deals/{deal}/appointments")).await.ok(200);
    assert_eq!(listed["appointments"][0]["id"], made["appointment"]["id"]);
    body["targetables"] = json!([{"type": "Contact", "id": contact}, {"type": "deal", "id": 1}]);
    assert_eq!(
        app.post("/appointments", &json!({"appointment": body})).await.message(),
        "Invalid targetable provided."
    );
}
