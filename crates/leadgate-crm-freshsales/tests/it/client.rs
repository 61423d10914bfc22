//! The typed client against a sandbox account: lists that change while they are read, merges, side loads, searches, and the examples that people start from.
//!
//! These tests are here because neither the client nor the sandbox may know the other.

use std::time::Duration;

use freshsales::contacts::{self, Contact, ContactAttributes};
use freshsales::custom_fields::{CustomFieldError, CustomFields};
use freshsales::deals::{self, Deal};
use freshsales::filtered_search::{Rule, by_rules, field};
use freshsales::merge::Guard;
use freshsales::observe::ResponseEvent;
use freshsales::tasks::{self, TaskFilter};
use freshsales::{Client, Credentials, ErrorClass, RecordTime, blocking, views};
use freshsales_sandbox::{Account, CustomFieldUpdate, Generation, Kind, Sandbox, SandboxConfig, Switches};
use rstest::rstest;
use serde_json::{Value, json};

#[expect(dead_code, reason = "only what the example does is run, not how it is started")]
#[path = "../../../../libs/freshsales/examples/blocking.rs"]
mod blocking_example;
#[expect(dead_code, reason = "only what the example does is run, not how it is started")]
#[path = "../../../../libs/freshsales/examples/bulk_upsert.rs"]
mod bulk_upsert;
#[expect(dead_code, reason = "only what the example does is run, not how it is started")]
#[path = "../../../../libs/freshsales/examples/custom_fields.rs"]
mod custom_fields;
#[expect(dead_code, reason = "only what the example does is run, not how it is started")]
#[path = "../../../../libs/freshsales/examples/export_list.rs"]
mod export_list;
#[expect(dead_code, reason = "only what the example does is run, not how it is started")]
#[path = "../../../../libs/freshsales/examples/merge_tags.rs"]
mod merge_tags;
#[expect(dead_code, reason = "only what the example does is run, not how it is started")]
#[path = "../../../../libs/freshsales/examples/quickstart.rs"]
mod quickstart;

struct App {
    sandbox: Sandbox,
    account: Account,
    client: Client,
}

impl App {
    async fn open(switches: Switches) -> Self {
        let none = Duration::ZERO;
        let config = SandboxConfig { index_lag: none, job_duration: none, switches, ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let client = Client::new(credentials(&sandbox)).unwrap();
        Self { account: sandbox.account(), sandbox, client }
    }

    fn people(&self, count: usize) -> Vec<i64> {
        let person =
            |number| json!({"last_name": format!("Person {number}"), "email": format!("p{number}@example.com")});
        (0..count).map(|number| self.account.seed_contact(&person(number))).collect()
    }

    async fn view(&self, name: &str) -> i64 {
        let saved = self.client.send(&views::saved::<Contact>()).await.unwrap().output;
        saved.into_iter().find(|view| view.name.as_deref() == Some(name)).unwrap().id
    }

    fn shown(&self, id: i64) -> Value {
        self.account.contacts().into_iter().find(|contact| contact["id"] == id).unwrap()
    }
}

fn credentials(sandbox: &Sandbox) -> Credentials {
    Credentials::parse("sandbox-key", &sandbox.url(Generation::Suite)).unwrap()
}

#[tokio::test]
async fn a_view_that_shrinks_while_it_is_read_is_whole() {
    let app = App::open(Switches::default()).await;
    let people = app.people(60);
    let view = app.view("All Contacts").await;
    let (account, doomed) = (app.account.clone(), std::sync::Mutex::new(people[..10].to_vec()));
    let delete_one = move |_: &ResponseEvent<'_>| {
        if let Some(id) = doomed.lock().unwrap().pop() {
            assert!(account.delete(Kind::Contact, id));
        }
    };
    let client = Client::builder(credentials(&app.sandbox)).observer(delete_one).build().unwrap();
    let rows = client.stream(views::rows::<Contact>(view)).page_size(7).collect_all().await.unwrap();
    let read: Vec<i64> = rows.iter().map(|row| row.id).collect();
    assert!(read.is_sorted_by(|one, next| one > next), "twice or out of order: {read:?}");
    assert!(people[10..].iter().all(|id| read.contains(id)), "missed a row: {read:?}");
}

#[rstest]
#[tokio::test]
async fn every_way_to_list_gives_the_same(#[values(25, 100)] largest_page: usize) {
    let app = App::open(Switches { per_page_maximum: largest_page, ..Switches::default() }).await;
    let mut people = app.people(130);
    let view = app.view("All Contacts").await;
    let rows = views::rows::<Contact>(view);
    let pages = app.client.stream(rows.clone()).collect_all().await.unwrap();
    let side_by_side = app.client.stream(rows).concurrency(3).collect_all().await.unwrap();
    let scrolled = app.client.stream(views::scroll::<Contact>(view)).collect_all().await.unwrap();
    let searched = by_rules::<Contact>(vec![field("last_name").starts_with("Person")]);
    let searched = app.client.stream(searched).collect_all().await.unwrap();
    assert_eq!(scrolled.iter().map(|row| row.id).collect::<Vec<_>>(), people);
    people.reverse();
    for rows in [pages, side_by_side, searched] {
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), people);
    }
}

#[tokio::test]
async fn all_tasks_come_page_by_page() {
    let app = App::open(Switches::default()).await;
    let contact = app.people(1)[0];
    for number in 0..30 {
        let task = json!({"title": number.to_string(), "due_date": "2030-01-01", "targetable_id": contact, "targetable_type": "Contact"});
        app.account.seed(Kind::Task, &task);
    }
    let rows = app.client.stream(tasks::list(TaskFilter::Open)).page_size(10).collect_all().await.unwrap();
    assert_eq!(rows.len(), 30);
}

fn merging() -> ContactAttributes {
    ContactAttributes::new().tags(["New"]).remove_tags(["Cold"]).custom_field("cf_seats", 80)
}

#[rstest]
#[tokio::test]
async fn an_update_keeps_what_it_does_not_mention(
    #[values(CustomFieldUpdate::Replace, CustomFieldUpdate::Merge)] custom_field_update: CustomFieldUpdate,
) {
    let app = App::open(Switches { custom_field_update, ..Switches::default() }).await;
    let person = json!({"last_name": "Halvorsen", "tags": ["Old", "Cold"], "custom_field": {"cf_seats": 10, "cf_region": "Nordics"}});
    let id = app.account.seed_contact(&person);
    app.client.update(&contacts::update(id, merging()).guard(Guard::Around)).await.unwrap();
    let shown = app.shown(id);
    assert_eq!(shown["tags"], json!(["Old", "New"]));
    assert_eq!(
        (&shown["custom_field"]["cf_seats"], &shown["custom_field"]["cf_region"]),
        (&json!(80), &json!("Nordics"))
    );

    let only = serde_json::Map::from_iter([("cf_license_key".to_owned(), json!("K"))]);
    let replacing = ContactAttributes::new().replace_custom_fields(only);
    app.client.update(&contacts::update(id, replacing)).await.unwrap();
    let custom = app.shown(id)["custom_field"].clone();
    let left: Vec<_> = custom.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()).collect();
    assert_eq!(left, [(&"cf_license_key".to_owned(), &json!("K"))]);
}

#[tokio::test]
async fn a_merge_in_one_request_is_refused_before_anything_is_sent() {
    let app = App::open(Switches::default()).await;
    let id = app.people(1)[0];
    app.account.clear_requests();
    let error = app.client.send(&contacts::update(id, merging())).await.unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Setup { .. }));
    assert_eq!(app.account.request_count(), 0);
}

#[tokio::test]
async fn side_loads_of_views_and_records_are_resolved() {
    let app = App::open(Switches::default()).await;
    let contact = app.people(1)[0];
    let owner = app.client.send(&freshsales::selectors::owners()).await.unwrap().output.remove(0);
    let deal = json!({"name": "Big", "amount": 5, "owner_id": owner.id, "contacts_added_list": [contact], "sales_account": {"name": "Acme"}});
    let id = app.account.seed_deal(&deal);
    let includes = ["owner", "deal_stage", "sales_account", "contacts"];
    let deal = app.client.send(&deals::view(id).include(includes)).await.unwrap().output;
    assert_eq!(deal.owner().unwrap().display_name, owner.display_name);
    assert_eq!(deal.deal_stage().unwrap().id, deal.record.deal_stage_id.unwrap());
    assert_eq!(deal.sales_account().unwrap().name.as_deref(), Some("Acme"));
    let saved = app.client.send(&views::saved::<Deal>()).await.unwrap().output;
    let view = saved.iter().find(|view| view.name.as_deref() == Some("Open Deals")).unwrap().id;
    let listed =
        app.client.stream(views::rows::<Deal>(view).include(["owner", "deal_stage"])).collect_all().await.unwrap();
    assert_eq!(listed[0].owner().unwrap().display_name, owner.display_name);
    assert!(listed[0].stage().unwrap().name.is_some());
}

#[rstest]
#[case::text(field("city").contains("osl"), 1)]
#[case::one_of(field("cf_region").is_in(["Nordics", "West Africa"]), 2)]
#[case::not(field("cf_region").is_not("Nordics"), 2)]
#[case::number(field("cf_seats").greater_than(10), 1)]
#[case::range(field("cf_seats").between(10, 80), 2)]
#[case::flag(field("cf_is_active").is(true), 1)]
#[case::empty(field("cf_region").is_empty(), 1)]
#[case::date(field("created_at").is_after(jiff::civil::date(2020, 1, 1)), 3)]
#[case::email(Rule::email::<Contact>("b@example.com"), 1)]
#[case::bin(Rule::deleted(), 1)]
#[tokio::test]
async fn rules_find_what_they_say(#[case] rule: Rule, #[case] found: usize) {
    let app = App::open(Switches::default()).await;
    let custom = |region: Value, seats: i64, active: bool| json!({"cf_region": region, "cf_seats": seats, "cf_is_active": active});
    let person = |name: &str, city: &str, custom: Value| {
        app.account.seed_contact(
            &json!({"last_name": name, "city": city, "email": format!("{name}@example.com"), "custom_field": custom}),
        )
    };
    person("a", "Oslo", custom(json!("Nordics"), 10, true));
    person("b", "Accra", custom(json!("West Africa"), 80, false));
    person("c", "Lima", custom(Value::Null, 5, false));
    let gone = person("d", "Rome", json!({}));
    assert!(app.account.delete(Kind::Contact, gone));
    let rows = app.client.send(&by_rules::<Contact>(vec![rule])).await.unwrap().output.records;
    assert_eq!(rows.len(), found, "{:?}", rows.iter().map(|row| &row.last_name).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_schema_refuses_what_the_account_would_refuse() {
    let app = App::open(Switches::default()).await;
    let schema = CustomFields::<Contact>::read(&app.client).await.unwrap();
    let refused = schema.write([("cf_region", "Atlantis".into())]).unwrap_err();
    assert!(matches!(refused, CustomFieldError::NotAChoice { choices, .. } if choices == ["Nordics", "West Africa"]));
    let id = app.people(1)[0];
    let fields =
        schema.write([("cf_interests", ["Quotes", "Forecasting"].into()), ("cf_is_active", true.into())]).unwrap();
    let written =
        app.client.update(&contacts::update(id, ContactAttributes::new().custom_fields(fields))).await.unwrap();
    let interests = schema.value(&written.record, "cf_interests").unwrap().unwrap();
    assert_eq!(interests.as_choices().unwrap(), ["Quotes", "Forecasting"]);
    assert_eq!(schema.value(&written.record, "cf_is_active").unwrap().unwrap().as_checkbox(), Some(true));
}

#[tokio::test]
async fn the_quickstart_finds_people() {
    let app = App::open(Switches::default()).await;
    app.people(2);
    let found = quickstart::run(&app.client, ["p1@example.com".to_owned(), "x@example.com".to_owned()]).await.unwrap();
    assert_eq!(found, 1);
}

#[tokio::test]
async fn an_export_goes_on_where_it_stopped() {
    let app = App::open(Switches::default()).await;
    app.people(5);
    let mut written = Vec::new();
    let cursor = export_list::run(&app.client, "All Contacts", 3, None, &mut written).await.unwrap();
    assert!(export_list::run(&app.client, "All Contacts", 9, cursor, &mut written).await.unwrap().is_none());
    let lines: Vec<Value> =
        String::from_utf8(written).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = lines.iter().map(|line| line["contact"]["last_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Person 4", "Person 3", "Person 2", "Person 1", "Person 0"]);
    assert!(lines.iter().all(|line| line["owner"].is_string()));
}

#[tokio::test]
async fn the_example_of_tags_merges_them() {
    let app = App::open(Switches::default()).await;
    app.account.seed_contact(&json!({"last_name": "A", "email": "a@example.com", "tags": ["Old", "Cold"]}));
    let tags = merge_tags::run(&app.client, "a@example.com", ["Webinar".to_owned(), "-Cold".to_owned()]).await.unwrap();
    assert_eq!(tags, ["Old", "Webinar"]);
}

#[tokio::test]
async fn the_example_of_custom_fields_sets_one() {
    let app = App::open(Switches::default()).await;
    let id = app.people(1)[0];
    let value = custom_fields::run(&app.client, id, "cf_seats", "80").await.unwrap().unwrap();
    assert_eq!(value.as_integer(), Some(80));
    let error = custom_fields::run(&app.client, id, "cf_region", "Mars").await.unwrap_err();
    assert_eq!(error.to_string(), "the value of `cf_region` (Region) is none of its choices: Nordics, West Africa");
}

#[tokio::test]
async fn the_example_of_bulk_upserts_names_the_rows_that_failed() {
    let app = App::open(Switches::default()).await;
    let row = |address: &str| (address.to_owned(), "Ingrid".to_owned(), "Halvorsen".to_owned());
    let rows: Vec<_> =
        (0..101).map(|number| row(&format!("p{number}@example.com"))).chain([row("no address")]).collect();
    let failed = bulk_upsert::run(&app.client, &rows, Duration::from_millis(1)).await.unwrap();
    assert_eq!(app.account.count(Kind::Contact), 101);
    assert_eq!(failed.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["no address"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_blocking_example_makes_a_task_for_each() {
    let app = App::open(Switches::default()).await;
    app.people(3);
    let credentials = credentials(&app.sandbox);
    let blocked = std::thread::spawn(move || {
        let client = blocking::Client::detect(credentials).unwrap();
        let due = RecordTime::parse("2030-01-01T09:00:00Z").unwrap();
        blocking_example::run(&client, "All Contacts", &due).map_err(|error| error.to_string())
    });
    assert_eq!(tokio::task::spawn_blocking(|| blocked.join().unwrap()).await.unwrap(), Ok(3));
    assert_eq!(app.account.count(Kind::Task), 3);
}
