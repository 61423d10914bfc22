//! Workflows: which writes fire them and what the receiver gets.

use freshsales_sandbox::{
    Authentication, Condition, Content, CustomField, CustomFieldType, Encoding, FieldTest, Kind, SandboxConfig,
    Switches, Trigger, Webhook, WebhookMethod, Workflow,
};
use jiff::tz::{TimeZone, offset};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, config, id};
use crate::receiver::Receiver;

/// A workflow that sends these fields to the receiver.
fn sending(kind: Kind, receiver: &Receiver, fields: &[&str]) -> Workflow {
    Workflow::new("test", kind, Webhook::post(&receiver.url, Content::simple(fields)))
}

async fn bodies(app: &App, receiver: &Receiver) -> Vec<Value> {
    app.account.webhooks_settled().await;
    receiver.hits().iter().map(crate::receiver::Hit::json).collect()
}

#[tokio::test]
async fn simple_content_has_the_recorded_keys_and_formats() {
    let config = SandboxConfig { zone: TimeZone::fixed(offset(2)), ..config() };
    let (app, receiver) = (App::with(config).await, Receiver::start().await);
    app.account.add_custom_field(CustomField::new(Kind::Deal, "cf_seats", CustomFieldType::Number));
    let fixture: Value = serde_json::from_str(include_str!("../../../../fixtures/freshsales/webhooks.json")).unwrap();
    let recorded = fixture["examples"][0]["delivery"]["body"].as_object().unwrap();
    let fields: Vec<&str> = recorded.keys().map(|key| key.strip_prefix("deal_").unwrap()).collect();
    app.account.add_workflow(sending(Kind::Deal, &receiver, &fields)).unwrap();
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Fjordline Logistics", "phone": "+4755000100"}));
    let deal = app.account.seed_deal(&json!({"name": "Fjordline - 70 seats", "amount": 5600,
        "expected_close": "2026-07-31", "sales_account_id": account, "deal_stage_id": app.account.stage_id("Negotiation"),
        "custom_field": {"cf_licence_type": "Annual", "cf_seats": 70}}));
    let body = bodies(&app, &receiver).await.remove(0);
    let mut expected = recorded.clone();
    for (key, value) in [("deal_id", json!(deal)), ("deal_sales_account_id", json!(account))] {
        expected[key] = value;
    }
    expected["deal_owner_id"] = app.account.deals()[0]["owner_id"].clone();
    for key in ["deal_created_at", "deal_stage_updated_time"] {
        // Half past noon in UTC is half past two in the account's zone, and no offset says so.
        expected[key] = json!("06-15-2026 14:30:30");
    }
    assert_eq!(body, Value::Object(expected));
}

#[rstest]
#[case(1, Kind::Contact, Content::simple(&["id", "contact_status_name"]))]
#[case(2, Kind::Contact, Content::Advanced(CONTACT.to_owned()))]
#[case(3, Kind::SalesAccount, Content::Advanced(ACCOUNT.to_owned()))]
#[case(4, Kind::Lead, Content::Advanced(r#"{"leadId": {{lead.id}}}"#.to_owned()))]
#[case(5, Kind::Deal, Content::simple(&["id"]))]
#[tokio::test]
async fn deliveries_have_the_recorded_keys_types_and_headers(
    #[case] at: usize,
    #[case] kind: Kind,
    #[case] content: Content,
) {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let recorded = crate::fixtures::fixture("webhooks").remove(at)["delivery"].take();
    let mut webhook = Webhook::post(&receiver.url, content);
    for (name, value) in recorded["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "Content-Type") {
        match value.as_str().unwrap().strip_prefix("Token ") {
            Some(token) => webhook.authentication = Authentication::Token { token: token.into() },
            None => webhook = webhook.header(name, value.as_str().unwrap()),
        }
    }
    app.account.add_workflow(Workflow::new("test", kind, webhook)).unwrap();
    app.account.add_custom_field(CustomField::new(kind, "cf_case_number", CustomFieldType::Text));
    let record = json!({"name": "A", "amount": 1, "first_name": "Ingrid", "last_name": "Halvorsen", "mobile_number": "+1",
        "email": "ingrid@example.com", "custom_field": {"cf_case_number": "X-1"}});
    app.account.seed(kind, &record);
    let mut faults = Vec::new();
    crate::fixtures::same_shape(&recorded["body"], &bodies(&app, &receiver).await[0], "body", &mut faults);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let hit = &receiver.hits()[0];
    for (name, value) in recorded["headers"].as_object().unwrap() {
        assert!(hit.header(&name.to_lowercase()).starts_with(value.as_str().unwrap()), "{name}: {:?}", hit.headers);
    }
}

const CONTACT: &str = r#"{"contact": {"id": {{contact.id}}, "first_name": "{{contact.first_name}}", "last_name":
    "{{contact.last_name}}", "email": "{{contact.email}}", "mobile_number": "{{contact.mobile_number}}"}}"#;
const ACCOUNT: &str = r#"{"sales_account": {"id": {{sales_account.id}}, "custom_field":
    {"cf_case_number": "{{sales_account.custom_field.cf_case_number}}"}}}"#;

#[rstest]
#[case(false, 1)]
#[case(true, 2)]
#[tokio::test]
async fn an_update_that_changes_nothing_fires_where_it_is_set_so(#[case] fires: bool, #[case] hits: usize) {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let switches = Switches { webhook_on_unchanged_update: fires, ..app.account.switches() };
    app.account.set_switches(switches);
    app.account.add_workflow(sending(Kind::Contact, &receiver, &["city"]).on(Trigger::Updated)).unwrap();
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    for _ in 0..2 {
        app.put(&format!("/contacts/{contact}"), &json!({"city": "Oslo"})).await.ok(200);
    }
    assert_eq!(bodies(&app, &receiver).await.len(), hits);
}

#[tokio::test]
async fn advanced_content_and_url_are_filled_in_and_escaped() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let template = r#"{"contact": {"id": {{contact.id}}, "name": "{{ contact.first_name }}", "co": "{{contact.sales_account.name}}",
        "cf": "{{contact.custom_field.cf_region}}", "owner": "{{contact.owner.email}}", "none": "{{contact.nothing}}"}}"#;
    let mut webhook = Webhook::post(&receiver.url, Content::Advanced(template.to_owned()));
    webhook.url = format!("{}/{{{{contact.id}}}}?who={{{{contact.email}}}}", receiver.url);
    app.account.add_workflow(Workflow::new("test", Kind::Contact, webhook)).unwrap();
    let contact = app.account.seed_contact(&json!({"first_name": "O\"Neil\\", "email": "a+b@example.com",
        "sales_account": {"name": "A & B"}, "custom_field": {"cf_region": "Nordics"}}));
    let body = bodies(&app, &receiver).await.remove(0);
    let expected = json!({"id": contact, "name": "O\"Neil\\", "co": "A & B", "cf": "Nordics",
        "owner": "mara.lindqvist@example.com", "none": ""});
    assert_eq!(body["contact"], expected);
    assert_eq!(receiver.hits()[0].target, format!("/hook/{contact}?who=a%2Bb%40example.com"));
}

#[tokio::test]
async fn raw_placeholders_can_break_a_body() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let mut switches = app.account.switches();
    switches.webhook_placeholders_escaped = false;
    app.account.set_switches(switches);
    let content = Content::Advanced(r#"{"n": "{{contact.first_name}}"}"#.to_owned());
    app.account.add_workflow(Workflow::new("test", Kind::Contact, Webhook::post(&receiver.url, content))).unwrap();
    app.account.seed_contact(&json!({"first_name": "A\"B"}));
    app.account.webhooks_settled().await;
    assert_eq!(receiver.hits()[0].body, r#"{"n": "A"B"}"#);
}

#[rstest]
#[case(Trigger::Created, &["A"])]
#[case(Trigger::Updated, &["B"])]
#[case(Trigger::CreatedOrUpdated, &["A", "B"])]
#[tokio::test]
async fn a_trigger_looks_at_its_writes_only(#[case] trigger: Trigger, #[case] names: &[&str]) {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    app.account.add_workflow(sending(Kind::Lead, &receiver, &["last_name"]).on(trigger)).unwrap();
    let lead = id(&app.classic_post("/leads", &json!({"last_name": "A"})).await.ok(200), "lead");
    app.account.webhooks_settled().await;
    app.classic_put(&format!("/leads/{lead}"), &json!({"last_name": "B"})).await.ok(200);
    app.classic_put(&format!("/leads/{lead}"), &json!({"last_name": "B"})).await.ok(200);
    app.classic_delete(&format!("/leads/{lead}")).await.ok(200);
    let seen: Vec<Value> = bodies(&app, &receiver).await.iter().map(|body| body["lead_last_name"].clone()).collect();
    assert_eq!(seen, names);
}

fn any_of(parts: Vec<Condition>) -> Condition {
    Condition::Any(parts)
}

fn test(field: &str, test: Value) -> Condition {
    let mut condition = json!({"field": field});
    condition.as_object_mut().unwrap().extend(test.as_object().unwrap().clone());
    serde_json::from_value(condition).unwrap()
}

#[rstest]
#[case(test("city", json!({"operator": "is", "value": "oslo"})), true)]
#[case(test("city", json!({"operator": "is_not", "value": "Oslo"})), false)]
#[case(test("city", json!({"operator": "contains", "value": "SL"})), true)]
#[case(test("city", json!({"operator": "does_not_contain", "value": "SL"})), false)]
#[case(test("city", json!({"operator": "changed"})), true)]
#[case(test("city", json!({"operator": "changed", "from": "Bergen", "to": "Oslo"})), true)]
#[case(test("city", json!({"operator": "changed", "from": "Tromso"})), false)]
#[case(test("state", json!({"operator": "is_empty"})), true)]
#[case(test("state", json!({"operator": "changed", "from": "Troms"})), true)]
#[case(test("first_name", json!({"operator": "changed"})), false)]
#[case(test("cf_seats", json!({"operator": "is", "value": "70"})), true)]
#[case(test("lifecycle_stage_id", json!({"operator": "is", "value": "Customer"})), true)]
#[case(test("owner_name", json!({"operator": "is", "value": "Mara Lindqvist"})), true)]
#[case(test("email", json!({"operator": "is_not_empty"})), true)]
#[case(Condition::All(vec![Condition::changed("city"), Condition::is("state", "Oslo")]), false)]
#[case(any_of(vec![Condition::changed("city"), Condition::is("state", "Oslo")]), true)]
#[case(any_of(vec![Condition::All(vec![]), Condition::of("city", FieldTest::IsEmpty)]), true)]
#[tokio::test]
async fn conditions_look_at_the_record_before_and_after(#[case] condition: Condition, #[case] fires: bool) {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let contact = app.account.seed_contact(&json!({"first_name": "Ingrid", "email": "i@example.com", "city": "Bergen",
        "state": "Troms"}));
    let workflow = sending(Kind::Contact, &receiver, &["id"]).on(Trigger::Updated).when(condition);
    app.account.add_workflow(workflow).unwrap();
    let stage = app.account.selector_id("lifecycle_stages", "Customer").unwrap();
    let change = json!({"city": "Oslo", "state": null, "custom_field": {"cf_seats": 70}, "lifecycle_stage_id": stage});
    app.put(&format!("/contacts/{contact}"), &change).await.ok(200);
    assert_eq!(!bodies(&app, &receiver).await.is_empty(), fires);
}

#[rstest]
#[case(Authentication::None, "")]
#[case(Authentication::Token { token: "s3cret".into() }, "Token s3cret")]
#[case(Authentication::Basic { username: "me".to_owned(), password: "pw".into() }, "Basic bWU6cHc=")]
#[tokio::test]
async fn the_receiver_is_greeted_as_the_admin_typed(#[case] way: Authentication, #[case] header: &str) {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let mut workflow = sending(Kind::Contact, &receiver, &["id"]);
    workflow.webhook.authentication = way;
    workflow.webhook = workflow.webhook.header("X-Freshsales-Webhook-Secret", "static");
    app.account.add_workflow(workflow).unwrap();
    app.account.seed_contact(&json!({"last_name": "A"}));
    app.account.webhooks_settled().await;
    let hit = receiver.hits().remove(0);
    assert_eq!((hit.header("authorization"), hit.header("x-freshsales-webhook-secret")), (header, "static"));
}

#[rstest]
#[case(WebhookMethod::Put, Encoding::Json, "PUT", "application/json", r#"{"contact_city":"A & B"}"#)]
#[case(
    WebhookMethod::Patch,
    Encoding::Xml,
    "PATCH",
    "application/xml",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><contact><contact_city>A &amp; B</contact_city></contact>"
)]
#[case(WebhookMethod::Post, Encoding::Form, "POST", "application/x-www-form-urlencoded", "contact_city=A%20%26%20B")]
#[case(WebhookMethod::Get, Encoding::Json, "GET", "", "")]
#[case(WebhookMethod::Delete, Encoding::Json, "DELETE", "", "")]
#[tokio::test]
async fn methods_and_encodings(
    #[case] method: WebhookMethod,
    #[case] encoding: Encoding,
    #[case] name: &str,
    #[case] content_type: &str,
    #[case] body: &str,
) {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let mut workflow = sending(Kind::Contact, &receiver, &["city"]);
    (workflow.webhook.method, workflow.webhook.encoding) = (method, encoding);
    app.account.add_workflow(workflow).unwrap();
    app.account.seed_contact(&json!({"last_name": "A", "city": "A & B"}));
    app.account.webhooks_settled().await;
    let hit = receiver.hits().remove(0);
    assert_eq!((hit.method.as_str(), hit.header("content-type"), hit.body.as_str()), (name, content_type, body));
}

#[tokio::test]
async fn a_conversion_fires_once_for_each_record_it_writes() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let lead = app.account.seed_lead(&json!({"last_name": "Haddad", "company": {"name": "Fjordline"},
        "deal": {"name": "Seats", "amount": 10}}));
    for kind in [Kind::Lead, Kind::Contact, Kind::SalesAccount, Kind::Deal] {
        app.account.add_workflow(sending(kind, &receiver, &["id", "created_at"])).unwrap();
    }
    app.classic_post(&format!("/leads/{lead}/convert"), &json!({})).await.ok(200);
    let bodies = bodies(&app, &receiver).await;
    let of = |key: &str| bodies.iter().filter(|body| body.get(key).is_some()).count();
    assert_eq!(["lead_id", "contact_id", "sales_account_id", "deal_id"].map(of), [1, 1, 1, 1]);
}

#[tokio::test]
async fn bulk_jobs_and_bulk_assignments_fire() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    app.account.add_workflow(sending(Kind::Contact, &receiver, &["email", "owner_name"])).unwrap();
    let rows = json!({"contacts": [{"emails": "a@example.com", "data": {"last_name": "A"}}]});
    app.post("/contacts/bulk_upsert", &rows).await.ok(200);
    assert_eq!(bodies(&app, &receiver).await.len(), 0);
    app.account.advance(std::time::Duration::from_secs(2));
    assert_eq!(bodies(&app, &receiver).await[0]["contact_email"], "a@example.com");
    let (contact, owner) = (&app.account.contacts()[0]["id"], app.account.selector_id("owners", "Nadia Rahman"));
    let assignment = json!({"selected_ids": [contact], "owner_id": owner});
    app.post("/contacts/bulk_assign_owner", &assignment).await.ok(200);
    assert_eq!(bodies(&app, &receiver).await[1]["contact_owner_name"], "Nadia Rahman");
}

#[tokio::test]
async fn a_note_does_not_count_as_an_update_of_its_record() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    app.account.add_workflow(sending(Kind::Contact, &receiver, &["id"])).unwrap();
    let note = json!({"description": "called", "targetable_type": "Contact", "targetable_id": contact});
    app.post("/notes", &note).await.ok(200);
    assert!(bodies(&app, &receiver).await.is_empty());
    assert_eq!(app.account.contacts()[0]["recent_note"], "called");
}

#[tokio::test]
async fn a_rule_that_fires_once_keeps_count_by_record() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let workflow = Workflow { once: true, ..sending(Kind::Contact, &receiver, &["city"]) };
    app.account.add_workflow(workflow).unwrap();
    let contact = app.account.seed_contact(&json!({"last_name": "A", "city": "Oslo"}));
    app.account.webhooks_settled().await;
    app.put(&format!("/contacts/{contact}"), &json!({"city": "Bergen"})).await.ok(200);
    app.account.seed_contact(&json!({"last_name": "B", "city": "Tromso"}));
    let cities: Vec<Value> = bodies(&app, &receiver).await.iter().map(|body| body["contact_city"].clone()).collect();
    assert_eq!(cities, ["Oslo", "Tromso"]);
}

#[tokio::test]
async fn tasks_have_workflows_and_a_disabled_rule_is_silent() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    app.account.add_workflow(sending(Kind::Task, &receiver, &["title", "due_date"])).unwrap();
    app.account.add_workflow(Workflow { enabled: false, ..sending(Kind::Task, &receiver, &["id"]) }).unwrap();
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    app.account.seed(
        Kind::Task,
        &json!({"title": "Call", "due_date": "2026-06-16T09:00:00Z",
        "targetable_type": "Contact", "targetable_id": contact}),
    );
    let expected = json!({"task_title": "Call", "task_due_date": "06-16-2026 09:00:00"});
    assert_eq!(bodies(&app, &receiver).await, [expected]);
}
