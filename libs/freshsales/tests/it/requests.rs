//! What requests send: paths, queries and bodies, against recorded ones.

use freshsales::contacts::{Contact, ContactAttributes};
use freshsales::deals::{Deal, DealAttributes};
use freshsales::filtered_search::{Operator, Rule, by_rules, field};
use freshsales::jobs::BulkItem;
use freshsales::leads::LeadAttributes;
use freshsales::lookup::Entity;
use freshsales::notes::TargetKind;
use freshsales::sales_accounts::SalesAccountAttributes;
use freshsales::tasks::{TaskAttributes, TaskFilter};
use freshsales::verbs::UniqueKey;
use freshsales::views::SortDirection;
use freshsales::{
    Generation, Idempotency, RecordTime, Request, Route, contacts, deals, leads, lookup, notes, raw, sales_accounts,
    search, tasks, views,
};
use http::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::script::{Script, exchange_named};

/// The request equals the recorded one; amounts are sent as text, which is exact, where the record has a number.
#[track_caller]
pub(crate) fn assert_sends<R: Request>(request: &R, file: &str, name: &str) {
    let recorded = exchange_named(file, name);
    let parts = request.to_parts(Generation::Suite);
    assert_eq!(
        (parts.method.as_str(), parts.path.as_str()),
        (recorded.method.as_str(), recorded.path.split('?').next().unwrap())
    );
    assert_eq!(parts.body.unwrap_or_default(), recorded.request);
}

#[test]
fn contacts_are_written_as_recorded() {
    let attributes = ContactAttributes::new()
        .first_name("Paul")
        .last_name("Okafor")
        .field("emails", "paul.okafor@example.com")
        .mobile_number("+2348000000012")
        .owner_id(40200000101)
        .lead_source_id(40206000201)
        .lifecycle_stage_id(40205000001)
        .contact_status_id(40205000101)
        .tags(["Web"])
        .custom_field("cf_region", "West Africa")
        .custom_field("cf_seats", 25);
    assert_sends(&contacts::create(attributes), "contact", "create");
    let attributes = ContactAttributes::new()
        .field("emails", "ingrid.halvorsen@example.com")
        .first_name("Ingrid")
        .last_name("Halvorsen")
        .city("Oslo")
        .owner_id(40200000101);
    let upsert =
        contacts::upsert(UniqueKey::emails("ingrid.halvorsen@example.com"), attributes).include(["sales_accounts"]);
    assert_sends(&upsert, "contact", "upsert by e-mail");
    assert_eq!(upsert.to_parts(Generation::Suite).query, [("include".to_owned(), "sales_accounts".to_owned())]);
}

#[test]
fn a_bulk_upsert_is_written_as_recorded() {
    let ingrid =
        ContactAttributes::new().first_name("Ingrid").last_name("Halvorsen").city("Oslo").custom_field("cf_seats", 80);
    let items = vec![
        BulkItem::new(UniqueKey::emails("ingrid.halvorsen@example.com"), ingrid),
        BulkItem::new(UniqueKey::id(40201000002), ContactAttributes::new().tags(["Imported"])),
    ];
    assert_sends(&contacts::bulk_upsert(items), "bulk_and_jobs", "bulk upsert contacts");
}

#[test]
fn leads_are_written_as_recorded() {
    let recorded = exchange_named("lead_classic", "create").request["lead"].clone();
    let attributes = LeadAttributes::new()
        .first_name("Amir")
        .last_name("Haddad")
        .email("amir.haddad@example.com")
        .mobile_number("+97140000021")
        .company_name("Desert Rose Trading")
        .field("deal", json!({"name": "Desert Rose - starter", "amount": 1200}))
        .custom_field("cf_seats", 10);
    assert_sends(&leads::create(attributes.clone()), "lead_classic", "create");
    let parts = leads::convert(5, attributes).to_parts(Generation::Classic);
    assert_eq!(
        (parts.path.as_str(), parts.route, &parts.body.unwrap()["lead"]),
        ("leads/5/convert", Route::MayBeMissing, &recorded)
    );
    let deal = LeadAttributes::new().deal("Starter", Decimal::new(12005, 1));
    let body = leads::update(5, deal).to_parts(Generation::Classic).body.unwrap();
    assert_eq!(body, json!({"lead": {"deal": {"name": "Starter", "amount": "1200.5"}}}));
}

#[test]
fn accounts_and_deals_are_written_as_recorded() {
    let oslo = SalesAccountAttributes::new().city("Oslo");
    let upsert = sales_accounts::upsert(UniqueKey::name("Fjordline Logistics"), oslo.name("Fjordline Logistics"));
    assert_sends(&upsert, "sales_account", "upsert by name");
    let won = DealAttributes::new().deal_stage_id(40204000106);
    assert_sends(&deals::update(40203000001, won), "deal", "move to won");
    let lost = DealAttributes::new().deal_stage_id(40204000107).deal_reason_id(40206000302);
    assert_sends(&deals::update(40203000002, lost), "deal", "move to lost with reason");
    let unlinked = DealAttributes::new().remove_contacts([40201000001]);
    assert_sends(&deals::update(40203000001, unlinked), "deal", "unlink a contact");
    let created =
        DealAttributes::new().name("A").amount(Decimal::new(560050, 2)).expected_close(jiff::civil::date(2026, 7, 31));
    let body = deals::create(created).to_parts(Generation::Suite).body.unwrap();
    assert_eq!(body, json!({"deal": {"name": "A", "amount": "5600.50", "expected_close": "2026-07-31"}}));
}

#[test]
fn notes_and_tasks_are_written_as_recorded() {
    let note = notes::create(TargetKind::Contact, 40201000001, "<p>Wants the proposal before the board meeting.</p>");
    assert_sends(&note, "note", "create");
    let task = TaskAttributes::new()
        .title("Send the pricing quote")
        .description("Include the annual option.")
        .due_date(RecordTime::parse("2026-06-19T11:00:00Z").unwrap())
        .owner_id(40200000101)
        .target(TargetKind::Contact, 40201000001)
        .collaborators([40200000102]);
    assert_sends(&tasks::create(task), "task", "create");
    assert_sends(&tasks::update(40212000001, TaskAttributes::new().done(true)), "task", "mark done");
}

#[test]
fn an_upsert_brings_its_key_along() {
    let body = |key: UniqueKey, attributes: ContactAttributes| {
        contacts::upsert(key, attributes).to_parts(Generation::Suite).body.unwrap()["contact"].clone()
    };
    assert_eq!(body(UniqueKey::emails("a@b.c"), ContactAttributes::new()), json!({"emails": "a@b.c"}));
    assert_eq!(body(UniqueKey::emails("a@b.c"), ContactAttributes::new().email("x@b.c")), json!({"email": "x@b.c"}));
    assert_eq!(body(UniqueKey::id(5), ContactAttributes::new()), json!({}));
    let keyed = body(UniqueKey::field("cf_key", "1"), ContactAttributes::new().custom_field("cf_seats", 2));
    assert_eq!(keyed, json!({"custom_field": {"cf_seats": 2, "cf_key": "1"}}));
}

#[test]
fn searches_are_written_as_recorded() {
    let rule = Rule::email::<Contact>("ingrid.halvorsen@example.com");
    assert_sends(&by_rules::<Contact>(vec![rule]).page(1, 100), "search", "filtered search");
    assert_sends(&by_rules::<Contact>(vec![Rule::new("deleted", Operator::Is, 1)]), "search", "deleted rows");
    let sorted = by_rules::<Deal>(vec![Rule::updated_after("2026-06-01T00:00:00Z".parse().unwrap())]);
    let body =
        sorted.sort("updated_at", SortDirection::Descending).full_rows().to_parts(Generation::Suite).body.unwrap();
    assert_eq!(
        (&body["sort"], &body["sort_type"], &body["detail"]),
        (&json!("updated_at"), &json!("desc"), &json!(true))
    );
    assert_eq!(
        body["filter_rule"][0],
        json!({"attribute": "updated_at", "operator": "is_after", "value": "2026-06-01T00:00:00Z"})
    );
}

#[rstest::rstest]
#[case(field("city").contains("Oslo"), "city", "contains", json!("Oslo"))]
#[case(field("city").does_not_contain("Oslo"), "city", "does_not_contain", json!("Oslo"))]
#[case(field("lead_city.city").starts_with("Os"), "lead_city.city", "starts_with", json!("Os"))]
#[case(field("cf_region").is_in(["Nordics", "West"]), "cf_region", "is_in", json!(["Nordics", "West"]))]
#[case(field("owner_id").is_not_in([40200000101_i64]), "owner_id", "is_not_in", json!([40200000101_i64]))]
#[case(field("cf_active").is(true), "cf_active", "is", json!(true))]
#[case(field("name").is_not("Acme"), "name", "is_not", json!("Acme"))]
#[case(field("amount").greater_than(Decimal::new(1050, 2)), "amount", "greater_than", json!("10.50"))]
#[case(field("lead_score").less_than(5), "lead_score", "less_than", json!(5))]
#[case(field("lead_score").between(5, 9), "lead_score", "between", json!([5, 9]))]
#[case(field("expected_close").is_before(jiff::civil::date(2026, 7, 1)), "expected_close", "is_before", json!("2026-07-01"))]
#[case(field("created_at").between(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH), "created_at", "between",
    json!(["1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]))]
#[case(field("cf_plan").is_empty(), "cf_plan", "is_empty", Value::Null)]
#[case(field("cf_plan").is_not_empty(), "cf_plan", "is_not_empty", Value::Null)]
#[case(Rule::deleted(), "deleted", "is", json!(1))]
fn rules_are_typed(#[case] rule: Rule, #[case] attribute: &str, #[case] operator: &str, #[case] value: Value) {
    let body = by_rules::<Deal>(vec![rule]).to_parts(Generation::Suite).body.unwrap();
    let expected = json!({"attribute": attribute, "operator": operator, "value": value});
    assert_eq!(body["filter_rule"], json!([expected]));
}

#[test]
fn a_scroll_goes_on_after_an_id() {
    let parts = views::scroll::<Contact>(7).limit(50).after(40201000001).include(["owner"]).to_parts(Generation::Suite);
    assert_eq!((parts.path.as_str(), parts.route), ("contacts/scroll/7", Route::MayBeMissing));
    let query: Vec<String> = parts.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(query, ["limit=50", "last_fetched_id=40201000001", "include=owner"]);
}

#[tokio::test]
async fn queries_are_escaped() {
    let script = Script::of([crate::script::Answer::Reply(200, "{}"), crate::script::Answer::Reply(200, "[]")]);
    let client = script.client();
    client.send(&lookup::by("email", "a+b@example.com", [Entity::Lead, Entity::Contact])).await.unwrap();
    client.send(&search::query("a&b ü", ["contact"])).await.unwrap();
    let urls = script.urls();
    assert_eq!(urls[0], "https://acme.freshsales.io/api/lookup?q=a%2Bb%40example.com&f=email&entities=lead%2Ccontact");
    assert_eq!(urls[1], "https://acme.freshsales.io/api/search?q=a%26b+%C3%BC&include=contact");
}

#[tokio::test]
async fn a_raw_path_cannot_leave_the_api() {
    let script = Script::of([crate::script::Answer::Reply(200, "")]);
    let request = raw::request(Method::GET, "lists/../../track?x=1#y");
    assert_eq!(script.client().send(&request).await.unwrap().output, Value::Null);
    assert_eq!(script.urls(), ["https://acme.freshsales.io/api/lists/track%3Fx=1%23y"]);
}

#[test]
fn kinds_tell_what_a_repetition_does() {
    let kind = |request: &dyn Fn() -> Idempotency| request();
    assert_eq!(kind(&|| contacts::view(1).kind()), Idempotency::Read);
    assert_eq!(kind(&|| by_rules::<Contact>(vec![]).kind()), Idempotency::Read);
    assert_eq!(kind(&|| contacts::create(ContactAttributes::new()).kind()), Idempotency::Write);
    assert_eq!(kind(&|| leads::convert(1, LeadAttributes::new()).kind()), Idempotency::Write);
    assert_eq!(kind(&|| contacts::update(1, ContactAttributes::new()).kind()), Idempotency::KeyedWrite);
    assert_eq!(kind(&|| contacts::delete(1).kind()), Idempotency::KeyedWrite);
    assert_eq!(kind(&|| raw::request(Method::POST, "lists").kind()), Idempotency::Write);
    assert_eq!(kind(&|| raw::request(Method::GET, "lists").kind()), Idempotency::Read);
}

#[test]
fn lists_name_their_page() {
    let parts = tasks::list(TaskFilter::DueToday).page(2, 100).include(["owner"]).to_parts(Generation::Suite);
    let query: Vec<_> = parts.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(query, ["filter=due today", "page=2", "per_page=100", "include=owner"]);
    let parts = views::rows::<Contact>(7).sort("id", SortDirection::Ascending).to_parts(Generation::Suite);
    let query: Vec<_> = parts.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        (parts.path.as_str(), query),
        ("contacts/view/7", vec!["page=1".into(), "per_page=25".into(), "sort=id".into(), "sort_type=asc".into()])
    );
}

#[tokio::test]
async fn a_client_goes_to_other_tasks_with_any_request() {
    let script = Script::of([crate::script::Answer::Reply(200, r#"{"contact":{"id":1}}"#)]);
    let client = script.client();
    let upsert = contacts::upsert(UniqueKey::emails("a@example.com"), ContactAttributes::new());
    let reply = tokio::spawn(async move { client.send(&upsert).await }).await.unwrap();
    assert_eq!(reply.unwrap().output.record.id, 1);
}

#[test]
fn copies_teams_and_calls_on_many_records_are_written_as_recorded() {
    let request = |file: &str, name: &str| exchange_named(file, name).request;
    let ids = |body: &Value| {
        body["selected_ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect::<Vec<_>>()
    };
    let body = request("bulk_and_jobs", "bulk delete");
    assert_sends(&contacts::bulk_destroy(ids(&body)), "bulk_and_jobs", "bulk delete");
    let body = request("bulk_and_jobs", "bulk assign");
    let owner = body["owner_id"].as_i64().unwrap();
    assert_sends(&contacts::bulk_assign_owner(ids(&body), owner), "bulk_and_jobs", "bulk assign");
    let overrides = request("contact", "clone")["contact"].as_object().unwrap().clone();
    assert_sends(&contacts::clone(40201000001, overrides.into()), "contact", "clone");
    let overrides = request("sales_account", "clone")["sales_account"].as_object().unwrap().clone();
    assert_sends(&sales_accounts::clone(40202000001, overrides.into()), "sales_account", "clone");
    assert_eq!(
        contacts::forget(40201000002).to_parts(Generation::Suite).path,
        exchange_named("contact", "forget (hard)").path
    );
}

#[rstest::rstest]
#[case(leads::forget(5).to_parts(Generation::Classic), "DELETE leads/5/forget", Route::MayBeMissing)]
#[case(leads::bulk_destroy([5]).to_parts(Generation::Classic), "POST leads/bulk_destroy", Route::MayBeMissing)]
#[case(deals::clone(5, DealAttributes::new()).to_parts(Generation::Suite), "POST deals/5/clone", Route::InEveryAccount)]
#[case(deals::of_contact(5).to_parts(Generation::Suite), "GET contacts/5/deals", Route::MayBeMissing)]
#[case(contacts::of_account(5).to_parts(Generation::Suite), "GET sales_accounts/5/contacts", Route::MayBeMissing)]
#[case(views::scroll::<Deal>(5).after(9).to_parts(Generation::Suite), "GET deals/scroll/5", Route::MayBeMissing)]
fn further_calls_have_their_paths(#[case] parts: freshsales::RequestParts, #[case] line: &str, #[case] route: Route) {
    assert_eq!((format!("{} {}", parts.method, parts.path).as_str(), parts.route), (line, route));
}

#[rstest::rstest]
#[case(r#"{"message":"2 contacts updated."}"#, Some("2 contacts updated."))]
#[case("{}", None)]
#[case("", None)]
#[case("true", None)]
fn a_bulk_call_is_done_whatever_it_says(#[case] body: &str, #[case] message: Option<&str>) {
    let done = contacts::bulk_destroy([1]).decode(http::StatusCode::OK, body.as_bytes()).unwrap();
    assert_eq!(done.message.as_deref(), message);
}
