//! Every recorded reply of the resources is read, written back and compared: a lost field fails.

use freshsales::appointments::{Appointment, AppointmentFilter};
use freshsales::contacts::Contact;
use freshsales::deals::Deal;
use freshsales::leads::Lead;
use freshsales::multipart::File;
use freshsales::notes::{Note, TargetKind};
use freshsales::phone_calls::Direction;
use freshsales::sales_accounts::SalesAccount;
use freshsales::sales_activities::SalesActivity;
use freshsales::tasks::{Task, TaskFilter};
use freshsales::{
    Page, Record, Request, Single, activities, appointments, conversations, documents, fields, filtered_search, jobs,
    leads, lookup, notes, phone_calls, sales_activities, search, selectors, tasks, views,
};
use http::StatusCode;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::script::{Exchange, exchange_named, exchanges};

/// Equal as JSON, where a decimal text equals the same number: ids and money come in both spellings.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        _ => left == right || decimal(left).is_some_and(|number| decimal(right) == Some(number)),
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[track_caller]
pub(crate) fn assert_written_back(exchange: &Exchange, written: Value) {
    let mut read: Value = serde_json::from_slice(&exchange.body).unwrap();
    if let Some(fields) = read.as_object_mut() {
        fields.retain(|key, value| key != "meta" || value.as_object().is_some_and(|meta| !meta.is_empty()));
    }
    assert!(same(&read, &written), "{}: read {read:#} but wrote {written:#}", exchange.name);
}

#[track_caller]
pub(crate) fn read<R: Request>(exchange: &Exchange, request: &R) -> R::Output {
    let status = StatusCode::from_u16(exchange.status).unwrap();
    request.decode(status, &exchange.body).unwrap_or_else(|error| panic!("{}: {error}", exchange.name))
}

fn without_meta(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.shift_remove("meta");
    fields
}

pub(crate) fn single<T: Record>(output: &Single<T>) -> Value {
    let mut fields = without_meta(output.side_loads.as_map().clone());
    fields.insert(T::SINGULAR.to_owned(), json!(output.record));
    Value::Object(fields)
}

pub(crate) fn page<T: Serialize>(key: &str, output: &Page<T>) -> Value {
    let mut fields = output.side_loads.as_map().clone();
    let mut meta = output.meta.clone();
    meta.extend(output.total.map(|total| ("total".to_owned(), total.into())));
    meta.extend(output.total_pages.map(|pages| ("total_pages".to_owned(), pages.into())));
    fields.insert(key.to_owned(), json!(output.records));
    if !meta.is_empty() {
        fields.insert("meta".to_owned(), Value::Object(meta));
    }
    Value::Object(fields)
}

/// Replies with one record, of every verb of its resource.
#[track_caller]
pub(crate) fn single_replies<T: Record>(file: &str, expected: usize) {
    let view = |exchange: &Exchange| read(exchange, &freshsales::verbs::view::<T>(1));
    let is_single = |exchange: &Exchange| {
        let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        exchange.status < 300 && body.get(T::SINGULAR).is_some()
    };
    let replies: Vec<Exchange> = exchanges(file).into_iter().filter(is_single).collect();
    assert_eq!(replies.len(), expected, "a fixture of {file} is not read");
    for exchange in replies {
        assert_written_back(&exchange, single(&view(&exchange)));
    }
}

#[test]
fn single_records_lose_nothing() {
    single_replies::<Contact>("contact", 7);
    single_replies::<Lead>("lead_classic", 2);
    single_replies::<Contact>("lead_classic", 2);
    single_replies::<SalesAccount>("sales_account", 5);
    single_replies::<Deal>("deal", 8);
    single_replies::<Note>("note", 2);
    single_replies::<Note>("lead_classic", 1);
    single_replies::<Task>("task", 3);
    single_replies::<Appointment>("appointment", 2);
    single_replies::<SalesActivity>("sales_activity", 2);
}

#[test]
fn deletions_are_confirmed_in_all_their_spellings() {
    let files = ["contact", "lead_classic", "sales_account", "deal", "note", "task", "appointment", "sales_activity"];
    let confirmations = files.into_iter().flat_map(exchanges);
    let deletions: Vec<_> = confirmations.filter(|exchange| exchange.method == "DELETE").collect();
    assert_eq!(deletions.len(), 9);
    for exchange in deletions {
        read(&exchange, &freshsales::contacts::delete(1));
    }
    for (body, confirmed) in
        [("", true), ("true", true), ("false", false), ("<html>", false), (r#"{"errors":{}}"#, false)]
    {
        let result = freshsales::contacts::delete(1).decode(StatusCode::OK, body.as_bytes());
        assert_eq!(result.is_ok(), confirmed, "{body}");
    }
}

#[test]
fn pages_of_views_lose_nothing() {
    for exchange in exchanges("filters_and_views") {
        let written = match exchange.path.split(['/', '?']).next().unwrap() {
            _ if exchange.path.ends_with("/filters") => {
                json!({ "filters": read(&exchange, &views::saved::<Contact>()) })
            }
            "contacts" => page("contacts", &read(&exchange, &views::rows::<Contact>(1))),
            "sales_accounts" => page("sales_accounts", &read(&exchange, &views::rows::<SalesAccount>(1))),
            "deals" => page("deals", &read(&exchange, &views::rows::<Deal>(1))),
            other => panic!("no reader for {other}"),
        };
        assert_written_back(&exchange, written);
    }
    let leads = exchange_named("lead_classic", "list");
    assert_written_back(&leads, page("leads", &read(&leads, &views::rows::<Lead>(1))));
}

#[test]
fn lists_of_tasks_and_notes_lose_nothing() {
    let exchange = exchange_named("task", "list");
    let output = read(&exchange, &tasks::list(TaskFilter::Open));
    assert_eq!((output.records.len(), output.total, output.total_pages), (3, Some(3), None));
    assert_written_back(&exchange, page("tasks", &output));
    let exchange = exchange_named("contact", "notes of a contact");
    assert_written_back(&exchange, page("notes", &read(&exchange, &notes::of_record(TargetKind::Contact, 1))));
}

#[test]
fn lists_of_appointments_and_sales_activities_lose_nothing() {
    let exchange = exchange_named("appointment", "list");
    let output = read(&exchange, &appointments::list(AppointmentFilter::Upcoming));
    assert_eq!((output.total, output.total_pages), (Some(1), None));
    assert_written_back(&exchange, page("appointments", &output));
    let exchange = exchange_named("sales_activity", "list");
    let output = read(&exchange, &sales_activities::list());
    assert_eq!((output.total, output.total_pages), (Some(1), Some(1)));
    assert_written_back(&exchange, page("sales_activities", &output));
}

#[test]
fn a_logged_call_loses_nothing_of_its_wide_reply() {
    let exchange = exchange_named("phone_call", "manual call log");
    let output = read(&exchange, &phone_calls::log(Direction::Incoming, TargetKind::Contact, 1));
    assert_eq!(output.record.targetable.as_ref().and_then(|target| target.id), Some(40201000001));
    assert_eq!(output.side_loads.rows::<Note>("notes")[0].source_id, Some(output.record.id));
    let mut fields = output.side_loads.as_map().clone();
    fields.insert("phone_calls".to_owned(), json!([output.record]));
    assert_written_back(&exchange, Value::Object(fields));
}

#[test]
fn files_and_links_lose_nothing() {
    let upload = documents::upload(TargetKind::Contact, 1, File::new("x", "text/plain", "x"));
    let exchange = exchange_named("documents", "upload a file");
    assert_written_back(&exchange, json!({ "document": read(&exchange, &upload) }));
    let exchange = exchange_named("documents", "add a link");
    let link = read(&exchange, &documents::link(TargetKind::Contact, 1, "x", "x"));
    assert_written_back(&exchange, json!({ "document_link": link }));
    let exchange = exchange_named("documents", "files and links of a record");
    let attached = read(&exchange, &documents::of_record(TargetKind::Contact, 1));
    assert_eq!(attached.documents.as_ref().map(Vec::len), Some(1));
    assert_written_back(&exchange, json!(attached));
}

#[test]
fn an_upload_is_confirmed_without_an_envelope_too() {
    let upload = documents::upload(TargetKind::Contact, 1, File::new("x", "text/plain", "x"));
    let document = upload.decode(StatusCode::OK, br#"{"id":7,"msg":"done","url":"https://x.example"}"#).unwrap();
    assert_eq!((document.id, document.extra["msg"].as_str()), (7, Some("done")));
}

#[test]
fn activities_timelines_and_conversations_lose_nothing() {
    let exchange = exchange_named("activities_timeline", "activities");
    let output = read(&exchange, &activities::of_record(TargetKind::Contact, 1));
    assert!(!output.has_next(1));
    assert_written_back(&exchange, page("activities", &output));
    let exchange = exchange_named("activities_timeline", "timeline of a deal");
    assert_written_back(
        &exchange,
        page("timeline_feeds", &read(&exchange, &activities::timeline(TargetKind::Deal, 1))),
    );
    let exchange = exchange_named("activities_timeline", "e-mail conversations (no /api)");
    let output = read(&exchange, &conversations::of_record(TargetKind::Contact, 1));
    assert_written_back(&exchange, page("email_conversations", &output));
}

#[test]
fn searches_and_lookups_lose_nothing() {
    for exchange in exchanges("search") {
        let written = match exchange.path.split('?').next().unwrap() {
            "search" => json!(read(&exchange, &search::query("x", ["contact"]))),
            "lookup" => found(&exchange),
            "filtered_search/contact" => {
                page("contacts", &read(&exchange, &filtered_search::by_rules::<Contact>(vec![])))
            }
            "filtered_search/deal" => page("deals", &read(&exchange, &filtered_search::by_rules::<Deal>(vec![]))),
            other => panic!("no reader for {other}"),
        };
        assert_written_back(&exchange, written);
    }
}

/// Writes the nesting back for the kinds that the reply named.
pub(crate) fn found(exchange: &Exchange) -> Value {
    let output = read(exchange, &lookup::by("email", "x", []));
    assert!(output.extra.is_empty());
    let asked: Map<String, Value> = serde_json::from_slice(&exchange.body).unwrap();
    let rows = |key: &str| match key {
        "contacts" => json!({ key: output.contacts }),
        "leads" => json!({ key: output.leads }),
        other => panic!("no reader for {other}"),
    };
    Value::Object(asked.keys().map(|key| (key.clone(), rows(key))).collect())
}

macro_rules! selector {
    ($exchange:expr, $request:expr) => {{
        let path = $request.to_parts(freshsales::Generation::Suite).path;
        (path == $exchange.path).then(|| json!(read($exchange, &$request)))
    }};
}

/// A selector's list, by the path that it was asked under.
pub(crate) fn selected(exchange: &Exchange) -> Value {
    let rows = selector!(exchange, selectors::owners())
        .or_else(|| selector!(exchange, selectors::territories()))
        .or_else(|| selector!(exchange, selectors::deal_stages()))
        .or_else(|| selector!(exchange, selectors::deal_pipelines()))
        .or_else(|| selector!(exchange, selectors::deal_stages_of(40204000001)))
        .or_else(|| selector!(exchange, selectors::currencies()))
        .or_else(|| selector!(exchange, selectors::contact_statuses()))
        .or_else(|| selector!(exchange, selectors::lifecycle_stages()))
        .or_else(|| selector!(exchange, selectors::lead_stages()))
        .or_else(|| selector!(exchange, selectors::lead_sources()))
        .or_else(|| selector!(exchange, selectors::deal_reasons()))
        .or_else(|| selector!(exchange, selectors::deal_types()))
        .or_else(|| selector!(exchange, selectors::deal_payment_statuses()))
        .or_else(|| selector!(exchange, selectors::industry_types()))
        .or_else(|| selector!(exchange, selectors::business_types()))
        .or_else(|| selector!(exchange, selectors::campaigns()))
        .or_else(|| selector!(exchange, selectors::sales_activity_types()))
        .or_else(|| selector!(exchange, selectors::sales_activity_outcomes()))
        .or_else(|| selector!(exchange, selectors::sales_activity_outcomes_of(40207000002)))
        .or_else(|| selector!(exchange, selectors::sales_activity_entity_types()))
        .or_else(|| selector!(exchange, selectors::deal_products()))
        .or_else(|| selector!(exchange, selectors::designations()))
        .or_else(|| selector!(exchange, selectors::lead_reasons()))
        .unwrap_or_else(|| panic!("no selector for {}", exchange.path));
    let key = serde_json::from_slice::<Map<String, Value>>(&exchange.body).unwrap().keys().next().unwrap().clone();
    json!({ key: rows })
}

#[test]
fn selectors_lose_nothing() {
    for exchange in &exchanges("selectors") {
        assert_written_back(exchange, selected(exchange));
    }
}

#[test]
fn field_and_form_metadata_lose_nothing() {
    for exchange in exchanges("fields_metadata") {
        let written = match exchange.path.as_str() {
            "settings/contacts/forms" => json!({ "forms": read(&exchange, &fields::forms::<Contact>()) }),
            _ => json!({ "fields": read(&exchange, &fields::list::<Contact>()) }),
        };
        assert_written_back(&exchange, written);
    }
}

#[test]
fn jobs_lose_nothing() {
    for name in ["job running", "job finished with one failure"] {
        let exchange = exchange_named("bulk_and_jobs", name);
        assert_written_back(&exchange, json!(read(&exchange, &jobs::status(jobs::JobId::new("1").unwrap()))));
    }
}

#[test]
fn a_converted_lead_is_a_contact_with_side_loads() {
    let exchange = exchange_named("lead_classic", "convert");
    let output = read(&exchange, &leads::convert(5000000100, leads::LeadAttributes::new()));
    assert_eq!(output.record.id, 5000000501);
    assert_eq!(output.side_loads.rows::<SalesAccount>("sales_accounts")[0].id, 5000000502);
    assert_eq!(output.side_loads.rows::<Deal>("deals")[0].id, 5000000503);
}
