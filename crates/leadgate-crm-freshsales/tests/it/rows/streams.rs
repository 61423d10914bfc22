//! What each stream gives.

use std::time::Duration;

use freshsales_sandbox::{Generation, Kind};
use jiff::Timestamp;
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::sync::{FieldRow, Part, RawRow, RowsQuery, Schema, Stream, shape};
use rstest::rstest;
use serde_json::{Value, json};

use super::{ids, keys, kind_of, read, seeded, set};
use crate::port::Port;

const RECORDS: [Stream; 4] = [Stream::Contacts, Stream::SalesAccounts, Stream::Deals, Stream::Leads];

#[rstest]
#[tokio::test]
async fn a_whole_stream_is_read_once_for_a_request_per_hundred_rows(
    #[values(Generation::Classic, Generation::Suite)] generation: Generation,
    #[values(1, 3, 50)] pages: u32,
) {
    let port = seeded(generation, 700).await;
    for stream in RECORDS.into_iter().chain([Stream::Tasks]) {
        if stream == Stream::Leads && generation == Generation::Suite {
            continue;
        }
        let all = ids(&port, kind_of(stream).unwrap());
        let read = read(&port, stream, Part::Whole, pages).await.unwrap();
        assert_eq!((keys(&read), read.came, read.withheld), (all.clone(), all.len(), 0), "{stream}");
        let due = u32::try_from(all.len().div_ceil(100)).unwrap();
        assert!(read.requests <= due + 2 + u32::from(stream == Stream::Tasks), "{stream}: {} for {due}", read.requests);
    }
}

#[tokio::test]
async fn an_account_without_leads_has_none() {
    let port = seeded(Generation::Suite, 20).await;
    let read = read(&port, Stream::Leads, Part::Whole, 5).await.unwrap();
    assert_eq!((read.rows.len(), read.calls), (0, 1));
}

#[rstest]
#[tokio::test]
async fn every_stream_is_shaped_by_its_schema(
    #[values(Generation::Classic, Generation::Suite)] generation: Generation,
) {
    let port = seeded(generation, 200).await;
    let fields = read(&port, Stream::Fields, Part::Whole, 2).await.unwrap();
    let fields: Vec<FieldRow> =
        fields.rows.values().filter_map(|row| FieldRow::of_raw(&RawRow::of_object(row))).collect();
    assert!(fields.len() > 50, "{}", fields.len());
    for stream in Stream::ALL.into_iter().filter(|stream| *stream != Stream::Notes) {
        let schema = Schema::of(stream, &fields);
        let read = read(&port, stream, Part::Whole, 4).await.unwrap();
        for row in read.rows.values() {
            let shaped = shape(&schema, &RawRow::of_object(row)).unwrap();
            assert_eq!(shaped.id, row["id"].as_i64().unwrap());
        }
        let notes = Schema::of(Stream::Notes, &fields);
        assert!(read.beside.values().all(|note| shape(&notes, &RawRow::of_object(note)).is_ok()));
    }
}

#[tokio::test]
async fn what_a_row_points_at_has_its_name() {
    let port = Port::open(Generation::Suite).await;
    let account = port.account();
    let company = account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    let owner = account.selector_id("owners", "Tomas Ferreira").unwrap();
    let stage = account.stage_id("Negotiation").unwrap();
    let contact = account.seed_contact(
        &json!({"last_name": "King", "email": "king@example.com", "owner_id": owner, "sales_accounts": [{"id": company, "is_primary": true}]}),
    );
    let deal = account.seed_deal(
        &json!({"name": "Engine", "amount": "12.50", "owner_id": owner, "deal_stage_id": stage, "sales_account_id": company, "contacts_added_list": [contact]}),
    );
    account.seed(Kind::Task, &json!({"title": "Call", "owner_id": owner, "targetable_type": "Deal", "targetable_id": deal, "due_date": "2026-07-01T10:00:00Z"}));
    account.advance(Duration::from_secs(10));
    let deals = read(&port, Stream::Deals, Part::Whole, 9).await.unwrap();
    let told = |row: &serde_json::Map<String, Value>, names: &[&str]| -> Vec<String> {
        names.iter().map(|name| row.get(*name).and_then(Value::as_str).unwrap_or("-").to_owned()).collect()
    };
    let names = ["owner_name", "deal_stage_name", "forecast_type", "deal_pipeline_name", "sales_account_name"];
    let pipeline = told(&deals.rows[&deal], &names[3..4]);
    assert_eq!(told(&deals.rows[&deal], &names), ["Tomas Ferreira", "Negotiation", "Open", &pipeline[0], "Acme"]);
    assert_ne!(pipeline, ["-"]);
    assert_eq!(deals.rows[&deal]["contact_ids"], json!([contact]));
    assert_eq!(told(&deals.rows[&deal], &["contact_names", "contact_emails"]), ["King", "king@example.com"]);
    let contacts = read(&port, Stream::Contacts, Part::Whole, 9).await.unwrap();
    assert_eq!(told(&contacts.rows[&contact], &["owner_name", "sales_account_name"]), ["Tomas Ferreira", "Acme"]);
    let tasks = read(&port, Stream::Tasks, Part::Whole, 9).await.unwrap();
    let task = tasks.rows.values().next().unwrap();
    assert_eq!(told(task, &["owner_name", "target_type", "target_name"]), ["Tomas Ferreira", "deal", "Engine"]);
    assert_eq!(task["target_id"], json!(deal));
}

#[rstest]
#[case::classic(Generation::Classic, Kind::Lead, Stream::Leads, RecordKind::Lead)]
#[case::suite(Generation::Suite, Kind::Contact, Stream::Contacts, RecordKind::Contact)]
#[tokio::test]
async fn notes_come_with_people_and_of_one_record(
    #[case] generation: Generation,
    #[case] kind: Kind,
    #[case] stream: Stream,
    #[case] record: RecordKind,
) {
    let port = Port::open(generation).await;
    let person = port.account().seed(kind, &json!({"last_name": "King"}));
    let note = port
        .account()
        .seed(Kind::Note, &json!({"description": "hello", "targetable_type": kind.class(), "targetable_id": person}));
    port.account().advance(Duration::from_secs(10));
    let people = read(&port, stream, Part::Whole, 4).await.unwrap();
    assert_eq!(people.beside.keys().copied().collect::<Vec<_>>(), [note]);
    let of = Part::Of(RecordRef { kind: record, id: person });
    let alone = read(&port, Stream::Notes, of, 4).await.unwrap();
    for row in [&people.beside[&note], &alone.rows[&note]] {
        assert_eq!((&row["description"], &row["target_id"]), (&json!("hello"), &json!(person)));
        assert_eq!(row["target_type"], record_name(record));
    }
}

fn record_name(kind: RecordKind) -> &'static str {
    if kind == RecordKind::Lead { "lead" } else { "contact" }
}

#[rstest]
#[tokio::test]
async fn only_what_changed_is_read(
    #[values(Stream::Contacts, Stream::Deals, Stream::SalesAccounts, Stream::Tasks)] stream: Stream,
    #[values(false, true)] heeds_sort: bool,
) {
    let port = seeded(Generation::Suite, 4600).await;
    set(&port, |switches| switches.activities_heed_sort = heeds_sort);
    let kind = kind_of(stream).unwrap();
    let moment = port.account().now();
    port.account().advance(Duration::from_secs(60));
    let mut changed = ids(&port, kind)[2..5].to_vec();
    for id in &changed {
        touch(&port, kind, *id).await;
    }
    let contact = ids(&port, Kind::Contact)[0];
    changed.push(port.account().seed(kind, &new(kind, contact)));
    changed.sort_unstable();
    port.account().advance(Duration::from_secs(60));
    let read = read(&port, stream, Part::ChangedAfter(moment), 4).await.unwrap();
    assert_eq!(keys(&read), changed);
    if stream != Stream::Tasks || heeds_sort {
        assert!(read.requests <= 5, "{} requests", read.requests);
    }
}

/// Writes to a record as any program would.
async fn touch(port: &Port, kind: Kind, id: i64) {
    let name = if kind == Kind::Task {
        "title"
    } else if kind == Kind::Contact {
        "city"
    } else {
        "name"
    };
    let body = json!({ kind.singular(): { name: format!("touched {id}") } });
    port.put(&format!("{}/{id}", kind.plural()), body).await;
}

fn new(kind: Kind, contact: i64) -> Value {
    match kind {
        Kind::Task => json!({
            "title": "New",
            "due_date": "2027-07-01T10:00:00Z",
            "targetable_type": "Contact",
            "targetable_id": contact,
        }),
        Kind::Contact => json!({"last_name": "New"}),
        _ => json!({"name": "New", "amount": 1}),
    }
}

#[rstest]
#[tokio::test]
async fn deleted_records_are_told(
    #[values(Stream::Contacts, Stream::Deals, Stream::SalesAccounts)] stream: Stream,
    #[values(true, false)] whole_rows: bool,
) {
    let port = seeded(Generation::Suite, 300).await;
    set(&port, |switches| switches.search_gives_whole_rows = whole_rows);
    let kind = kind_of(stream).unwrap();
    let all = ids(&port, kind);
    port.account().delete(kind, all[3]);
    port.account().advance(Duration::from_secs(60));
    let moment = port.account().now();
    port.account().advance(Duration::from_secs(60));
    port.account().delete(kind, all[7]);
    port.account().advance(Duration::from_secs(60));
    let deleted = |after: Option<Timestamp>| read(&port, stream, Part::Deleted { after }, 3);
    assert_eq!(keys(&deleted(None).await.unwrap()), [all[3], all[7]]);
    assert_eq!(keys(&deleted(Some(moment)).await.unwrap()), [all[7]]);
    let live = read(&port, stream, Part::Whole, 3).await;
    if stream == Stream::Deals && !whole_rows {
        assert!(matches!(live, Err(CrmFailure::Incomplete(_))), "views do not show all pipelines");
    } else {
        assert_eq!(live.unwrap().rows.len(), all.len() - 2);
    }
}

#[rstest]
#[tokio::test]
async fn an_account_whose_searches_give_parts_of_rows_is_read_by_its_views(
    #[values(Stream::Contacts, Stream::SalesAccounts)] stream: Stream,
) {
    let port = seeded(Generation::Suite, 1900).await;
    port.account().set_language(freshsales_sandbox::Language::Dutch);
    set(&port, |switches| switches.search_gives_whole_rows = false);
    let kind = kind_of(stream).unwrap();
    let read = read(&port, stream, Part::Whole, 4).await.unwrap();
    assert_eq!(keys(&read), ids(&port, kind));
    assert!(read.rows.values().all(|row| row.contains_key("custom_field") && row.contains_key("owner_id")));
}

#[tokio::test]
async fn a_place_of_another_reading_is_refused() {
    let port = seeded(Generation::Suite, 300).await;
    let query = |stream, from| CrmCall::ReadRows(RowsQuery { stream, part: Part::Whole, from, pages: 1 });
    let CrmReply::Rows(page) = port.reply(query(Stream::Contacts, None)).await else { panic!() };
    for from in [page.next.clone(), Some("{}".to_owned()), Some(String::new())] {
        let answer = port.call(query(Stream::Deals, from)).await;
        assert!(matches!(answer.result, Err(CrmFailure::Invalid { .. })), "{answer:?}");
    }
}
