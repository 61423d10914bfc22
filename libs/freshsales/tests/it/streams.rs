//! Streams of lists against a list that changes while it is read: nothing twice, nothing missed, and the real ends of lists.

mod batches;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use freshsales::appointments::{self, AppointmentFilter};
use freshsales::contacts::Contact;
use freshsales::filtered_search;
use freshsales::listing::{ListCursor, ListRequest, ListStream, Listed};
use freshsales::notes::{self, TargetKind};
use freshsales::tasks::{self, TaskFilter};
use freshsales::transport::PacingLayer;
use freshsales::views::{self, SortDirection};
use freshsales::{
    Client, Credentials, Error, ErrorClass, Generation, ListRow, activities, contacts, conversations, custom_modules,
    deals, lists, sales_activities,
};
use http::{Request, Response};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

/// What the `meta` of the list says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meta {
    TotalPages,
    Total,
    Nothing,
}

/// What happens to the list after a request.
#[derive(Debug, Clone, Copy)]
enum Change {
    Nothing,
    Create,
    /// Deletes the row at this share of the list.
    Delete(u8),
    /// A row enters before the one at this share, as a restored one does.
    Enter(u8),
    /// Changes the row at this share, which makes it the last by update.
    Touch(u8),
}

/// A list at the CRM: rows by id with whether the key may see them and when they were updated.
#[derive(Debug)]
struct List {
    rows: BTreeMap<i64, (bool, u64)>,
    next_id: i64,
    changes: Vec<Change>,
    meta: Meta,
    /// The size of pages whatever is asked.
    fixed_size: Option<usize>,
    /// Pages from this one on come back empty, as if the list had ended.
    deepest_page: usize,
    key: &'static str,
    /// How long each request is under way, in turns: requests that are sent side by side arrive in another order.
    delays: Vec<u8>,
    requests: Vec<String>,
}

impl List {
    fn of(rows: impl IntoIterator<Item = bool>) -> Self {
        let rows = rows.into_iter().zip(1..).map(|(seen, id)| (id * 10, (seen, 0))).collect();
        let (meta, key) = (Meta::TotalPages, "contacts");
        Self {
            rows,
            next_id: 100_000,
            changes: Vec::new(),
            meta,
            fixed_size: None,
            deepest_page: usize::MAX,
            key,
            delays: Vec::new(),
            requests: Vec::new(),
        }
    }

    fn next_delay(&mut self) -> u8 {
        self.delays.pop().unwrap_or(0)
    }

    fn visible(&self) -> BTreeSet<i64> {
        self.rows.iter().filter(|(_, (seen, _))| *seen).map(|(id, _)| *id).collect()
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Value {
        let url = url::Url::parse(&request.uri().to_string()).unwrap();
        self.requests.push(url.query().unwrap_or_default().to_owned());
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let number = |name: &str| asked.get(name).and_then(|text| text.parse::<usize>().ok());
        let body = match url.path().contains("/scroll/") {
            true => self.batch(number("last_fetched_id").unwrap_or(0), number("limit").unwrap()),
            false => self.page(number("page").unwrap(), number("per_page").unwrap(), asked.get("sort")),
        };
        match self.changes.pop() {
            None | Some(Change::Nothing) => {}
            Some(change) => self.change(change),
        }
        body
    }

    fn batch(&self, after: usize, limit: usize) -> Value {
        let after = i64::try_from(after).unwrap();
        let rows = self.rows.range(after + 1..).filter(|(_, (seen, _))| *seen).take(limit);
        json!({ self.key: rows.map(|(id, _)| json!({"id": id})).collect::<Vec<_>>() })
    }

    fn page(&self, page: usize, asked: usize, sort: Option<&String>) -> Value {
        let size = self.fixed_size.unwrap_or(asked);
        let mut ids: Vec<i64> = self.rows.keys().copied().collect();
        if sort.is_some_and(|sort| sort == "updated_at") {
            ids.sort_by_key(|id| (self.rows[id].1, *id));
        }
        let window = ids.iter().skip((page - 1) * size).take(if page < self.deepest_page { size } else { 0 });
        let rows: Vec<Value> = window.clone().filter(|id| self.rows[id].0).map(|id| json!({"id": id})).collect();
        let beyond = window.count() == 0 && page > 1;
        let (total, pages) = if beyond { (0, 0) } else { (ids.len(), ids.len().div_ceil(size)) };
        let meta = match self.meta {
            Meta::TotalPages => json!({"total": total, "total_pages": pages}),
            Meta::Total => json!({"total": total}),
            Meta::Nothing => json!({}),
        };
        json!({ "meta": meta, self.key: rows })
    }

    fn change(&mut self, change: Change) {
        let at = |share: u8| self.rows.keys().nth(usize::from(share) * self.rows.len() / 256).copied();
        match change {
            Change::Nothing => {}
            Change::Create => {
                self.next_id += 10;
                self.rows.insert(self.next_id, (true, 0));
            }
            Change::Delete(share) => {
                if let Some(id) = at(share) {
                    self.rows.remove(&id);
                }
            }
            Change::Enter(share) => {
                if let Some(id) = at(share) {
                    self.rows.insert(id - 5, (true, 0));
                }
            }
            Change::Touch(share) => {
                let newest = self.rows.values().map(|(_, updated)| updated + 1).max().unwrap_or(0);
                if let Some(id) = at(share) {
                    self.rows.get_mut(&id).unwrap().1 = newest;
                }
            }
        }
    }
}

type Shared = Arc<Mutex<List>>;

fn serve(list: List) -> (Client, Shared) {
    let list = Arc::new(Mutex::new(list));
    let served = Arc::clone(&list);
    let transport = tower::service_fn(move |request: Request<Bytes>| {
        let served = Arc::clone(&served);
        async move {
            let delays = served.lock().unwrap().next_delay();
            for _ in 0..delays {
                tokio::task::yield_now().await;
            }
            let body = served.lock().unwrap().answer(&request);
            Ok(Response::new(Bytes::from(body.to_string())))
        }
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").unwrap();
    (Client::builder(credentials).generation(Generation::Suite).transport(transport).build().unwrap(), list)
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn ids<T: ListRow>(rows: &[Listed<T>]) -> Vec<i64> {
    rows.iter().map(|row| row.row_id()).collect()
}

/// Reads a list in pieces: after so many rows the stream is dropped and another goes on from the stored cursor.
async fn read_in_pieces<R: ListRequest>(
    make: impl Fn() -> ListStream<R>,
    mut pieces: Vec<usize>,
) -> Result<Vec<i64>, Error> {
    let (mut stream, mut read) = (make(), Vec::new());
    let mut left = pieces.pop().unwrap_or(usize::MAX);
    loop {
        while left == 0 {
            let stored = serde_json::to_string(&stream.cursor()).unwrap();
            stream = make().resume(serde_json::from_str::<ListCursor>(&stored).unwrap()).unwrap();
            left = pieces.pop().unwrap_or(usize::MAX);
        }
        match stream.next_row().await {
            None => return Ok(read),
            Some(row) => read.push(row?.row_id()),
        }
        left -= 1;
    }
}

#[track_caller]
fn assert_exact(list: &Shared, before: &BTreeSet<i64>, read: &[i64]) {
    let list = list.lock().unwrap();
    let throughout: BTreeSet<i64> = before.intersection(&list.visible()).copied().collect();
    let once: BTreeSet<i64> = read.iter().copied().collect();
    assert_eq!(once.len(), read.len(), "a row came twice: {read:?}");
    let missed: Vec<&i64> = throughout.difference(&once).collect();
    assert!(missed.is_empty(), "missed {missed:?} after {:?}", list.requests);
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Nothing),
        2 => Just(Change::Create),
        3 => any::<u8>().prop_map(Change::Delete),
        1 => any::<u8>().prop_map(Change::Touch),
    ]
}

/// A list with hidden rows that changes after each of the first requests.
fn list() -> impl Strategy<Value = List> {
    let rows = prop::collection::vec(prop::bool::weighted(0.7), 0..120);
    let meta = prop_oneof![Just(Meta::TotalPages), Just(Meta::Total)];
    (rows, prop::collection::vec(change(), 0..20), meta, prop::option::weighted(0.2, Just(25)))
        .prop_map(|(rows, changes, meta, fixed_size)| List { changes, meta, fixed_size, ..List::of(rows) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_view_in_the_order_of_ids_is_exact(list in list(), size in 1..40_u32, pieces in prop::collection::vec(0..40_usize, 0..4)) {
        let before = list.visible();
        // One size of pages for all: an account that has its own does not take a smaller one.
        let size = if list.fixed_size.is_some() { size.max(25) } else { size };
        let (client, list) = serve(list);
        let read = block(read_in_pieces(|| client.stream(views::rows::<Contact>(7)).page_size(size), pieces)).unwrap();
        assert_exact(&list, &before, &read);
    }

    #[test]
    fn a_scroll_is_exact(list in list(), size in 1..40_u32, pieces in prop::collection::vec(0..40_usize, 0..4)) {
        let before = list.visible();
        let (client, list) = serve(list);
        let read = block(read_in_pieces(|| client.stream(views::scroll::<Contact>(7)).page_size(size), pieces)).unwrap();
        assert_exact(&list, &before, &read);
        prop_assert!(read.is_sorted());
    }

    #[test]
    fn a_list_that_stands_still_is_whole_in_any_order(
        rows in prop::collection::vec(prop::bool::weighted(0.7), 0..120),
        meta in prop_oneof![Just(Meta::TotalPages), Just(Meta::Total)],
        size in 1..40_u32,
        width in 1..5_u32,
        touched in prop::collection::vec(any::<u8>(), 0..10),
    ) {
        let mut list = List { meta, ..List::of(rows) };
        touched.into_iter().for_each(|share| list.change(Change::Touch(share)));
        let before = list.visible();
        let (client, list) = serve(list);
        let sorted = views::rows::<Contact>(7).sort("updated_at", SortDirection::Descending);
        let read = block(client.stream(sorted).page_size(size).concurrency(width).collect_all()).unwrap();
        assert_exact(&list, &before, &ids(&read));
        let read = block(client.stream(views::rows::<Contact>(7)).page_size(size).concurrency(width).collect_all()).unwrap();
        assert_exact(&list, &before, &ids(&read));
    }

    #[test]
    fn deletions_alone_are_harmless_side_by_side_too(
        deleted in prop::collection::vec(any::<u8>(), 0..20),
        quiet in 0..6_usize,
        delays in prop::collection::vec(0..6_u8, 40),
        size in 1..12_u32,
        width in 2..6_u32,
    ) {
        let mut changes: Vec<Change> = deleted.into_iter().map(Change::Delete).collect();
        changes.extend(vec![Change::Nothing; quiet]);
        let list = List { changes, delays, ..List::of([true; 90]) };
        let before = list.visible();
        let (client, list) = serve(list);
        let read = block(client.stream(views::rows::<Contact>(7)).page_size(size).concurrency(width).collect_all()).unwrap();
        assert_exact(&list, &before, &ids(&read));
    }

    #[test]
    fn a_row_that_enters_in_the_middle_pushes_none_out(share in any::<u8>(), quiet in 0..12_usize, size in 1..20_u32) {
        let changes = [vec![Change::Enter(share)], vec![Change::Nothing; quiet]].concat();
        let list = List { changes, ..List::of([true; 90]) };
        let before = list.visible();
        let (client, list) = serve(list);
        let read = block(client.stream(views::rows::<Contact>(7)).page_size(size).collect_all()).unwrap();
        assert_exact(&list, &before, &ids(&read));
    }

    #[test]
    fn nothing_comes_twice_in_an_order_that_moves(list in list(), size in 1..40_u32) {
        let (client, _) = serve(list);
        let sorted = views::rows::<Contact>(7).sort("updated_at", SortDirection::Ascending);
        let read = ids(&block(client.stream(sorted).page_size(size).collect_all()).unwrap());
        prop_assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len());
    }
}

#[test]
fn other_lists_end_where_the_crm_says() {
    let whole = |key, meta| List { key, meta, ..List::of([true; 60]) };
    let (client, list) = serve(whole("tasks", Meta::Total));
    assert_eq!(block(client.stream(tasks::list(TaskFilter::Open)).collect_all()).unwrap().len(), 60);
    assert_eq!(list.lock().unwrap().requests.len(), 1);
    let (client, _) = serve(whole("contacts", Meta::Total));
    let search = filtered_search::by_rules::<Contact>(vec![]);
    assert_eq!(block(client.stream(search).page_size(25).collect_all()).unwrap().len(), 60);
    let (client, _) = serve(whole("notes", Meta::Nothing));
    let notes = notes::of_record(TargetKind::Contact, 1);
    assert_eq!(block(client.stream(notes).page_size(7).collect_all()).unwrap().len(), 60);
}

#[test]
fn a_list_that_ignores_page_numbers_ends() {
    let (client, list) =
        serve(List { key: "notes", meta: Meta::Nothing, fixed_size: Some(1000), ..List::of([true; 60]) });
    let same_page = tower::service_fn(move |_| {
        let body = list.lock().unwrap().page(1, 1000, None).to_string();
        std::future::ready(Ok(Response::new(Bytes::from(body))))
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").unwrap();
    let generation = client.generation();
    let client = Client::builder(credentials).generation(generation).transport(same_page).build().unwrap();
    let notes = notes::of_record(TargetKind::Contact, 1);
    assert_eq!(block(client.stream(notes).collect_all()).unwrap().len(), 60);
}

#[rstest]
#[case::one_page(20, 25, 1)]
#[case::several_pages(60, 25, 4)]
#[case::empty(0, 25, 1)]
fn a_view_costs_one_request_a_page_and_the_first_one_again(
    #[case] rows: usize,
    #[case] size: u32,
    #[case] requests: usize,
) {
    let (client, list) = serve(List::of(vec![true; rows]));
    block(client.stream(views::rows::<Contact>(7)).page_size(size).collect_all()).unwrap();
    assert_eq!(list.lock().unwrap().requests.len(), requests);
}

#[test]
fn pages_that_are_kept_back_are_an_error_and_not_the_end() {
    let (client, _) = serve(List { deepest_page: 3, ..List::of([true; 50]) });
    let mut stream = client.stream(views::rows::<Contact>(7)).page_size(10);
    let (mut read, mut failure) = (0, None);
    block(async {
        while let Some(row) = stream.next_row().await {
            match row {
                Ok(_) => read += 1,
                Err(error) => failure = Some(error.class().clone()),
            }
        }
    });
    assert_eq!((read, failure), (20, Some(ErrorClass::ListCutShort { first_missing: 3, pages: 5 })));
}

#[test]
fn a_list_that_shrinks_and_grows_in_turn_is_not_cut_short() {
    let changes = [Change::Create, Change::Delete(0)].repeat(10);
    let (client, _) = serve(List { changes, ..List::of([true; 2]) });
    assert!(block(client.stream(views::rows::<Contact>(7)).page_size(1).collect_all()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn pages_side_by_side_keep_the_pace_of_the_client() {
    let list = Arc::new(Mutex::new(List::of([true; 60])));
    let served = Arc::clone(&list);
    let transport = tower::service_fn(move |request: Request<Bytes>| {
        let body = served.lock().unwrap().answer(&request);
        std::future::ready(Ok(Response::new(Bytes::from(body.to_string()))))
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").unwrap();
    let builder = Client::builder(credentials).generation(Generation::Suite).transport(transport);
    let client = builder.layer(PacingLayer::new(Duration::from_secs(1))).build().unwrap();
    let start = tokio::time::Instant::now();
    client.stream(views::rows::<Contact>(7)).page_size(15).concurrency(4).collect_all().await.unwrap();
    assert_eq!((list.lock().unwrap().requests.len(), start.elapsed().as_secs()), (5, 4));
}

#[test]
fn a_cursor_is_small_and_belongs_to_its_list() {
    let (client, _) = serve(List::of([true; 500]));
    let mut stream = client.stream(views::rows::<Contact>(7)).page_size(10);
    block(async {
        for _ in 0..333 {
            stream.next_row().await.unwrap().unwrap();
        }
    });
    let cursor = stream.cursor();
    assert!(serde_json::to_string(&cursor).unwrap().len() < 400);
    let error = client.stream(views::rows::<Contact>(8)).resume(cursor).unwrap_err();
    assert!(error.to_string().starts_with("the cursor is of the list `contacts/view/7#"), "{error}");
    assert!(error.to_string().contains("and not of `contacts/view/8#"), "{error}");
}

#[test]
fn a_failure_ends_the_stream_and_the_cursor_goes_on() {
    let (client, list) = serve(List::of([true; 30]));
    let calls = Arc::new(Mutex::new(0));
    let failing = tower::service_fn(move |request: Request<Bytes>| {
        *calls.lock().unwrap() += 1;
        let is_third = *calls.lock().unwrap() == 3;
        let body = list.lock().unwrap().answer(&request);
        let status = if is_third { 500 } else { 200 };
        std::future::ready(Ok(Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap()))
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").unwrap();
    let client = Client::builder(credentials).generation(client.generation()).transport(failing).build().unwrap();
    let mut stream = client.stream(views::rows::<Contact>(7)).page_size(10);
    let read = block(async {
        let mut read = Vec::new();
        while let Some(Ok(row)) = stream.next_row().await {
            read.push(row.id);
        }
        assert!(stream.next_row().await.is_none());
        let rest = client.stream(views::rows::<Contact>(7)).resume(stream.cursor()).unwrap();
        read.extend(ids(&rest.collect_all().await.unwrap()));
        read
    });
    assert_eq!(read, (1..=30).rev().map(|id| id * 10).collect::<Vec<_>>());
}

#[test]
fn a_cursor_belongs_to_its_filter_rules_and_order() {
    let (client, _) = serve(List::of([true; 50]));
    let cursor = |search: filtered_search::FilteredSearch<Contact>| client.stream(search).cursor();
    let oslo = || filtered_search::by_rules::<Contact>(vec![filtered_search::field("city").contains("Oslo")]);
    let mine = cursor(oslo());
    assert!(!serde_json::to_string(&mine).unwrap().contains("Oslo"));
    client.stream(oslo().page(3, 10)).resume(mine.clone()).unwrap();
    let others =
        [oslo().sort("updated_at", SortDirection::Ascending), filtered_search::by_rules(vec![]), oslo().full_rows()];
    for other in others {
        client.stream(other).resume(mine.clone()).unwrap_err();
    }
    client
        .stream(tasks::list(TaskFilter::Open))
        .resume(client.stream(tasks::list(TaskFilter::Overdue)).cursor())
        .unwrap_err();
}

/// Reads 60 rows through a request for the first page of a list.
fn read_sixty<R: ListRequest>(key: &'static str, meta: Meta, request: R) {
    let (client, _) = serve(List { key, meta, ..List::of([true; 60]) });
    let rows = block(client.stream(request).page_size(25).collect_all()).unwrap();
    assert_eq!(rows.len(), 60, "{key}");
}

#[test]
fn every_list_can_be_streamed() {
    read_sixty("appointments", Meta::Total, appointments::list(AppointmentFilter::Past));
    read_sixty("sales_activities", Meta::TotalPages, sales_activities::list());
    read_sixty("lists", Meta::TotalPages, lists::all());
    read_sixty("contacts", Meta::Nothing, lists::contacts(7));
    read_sixty("contacts", Meta::TotalPages, contacts::of_account(7));
    read_sixty("deals", Meta::Nothing, deals::of_contact(7));
    read_sixty("email_conversations", Meta::Nothing, conversations::of_record(TargetKind::Contact, 7));
    read_sixty("cm_projects", Meta::Total, custom_modules::of("cm_project").search(vec![]));
}

/// A history of 60 entries in pages of 25, the second of which is all hidden from the key.
fn history() -> Client {
    let transport = tower::service_fn(|request: Request<Bytes>| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let page: i64 = query.split('&').find_map(|pair| pair.strip_prefix("page=")).unwrap().parse().unwrap();
        let ids = if page == 2 { 0..0 } else { (page - 1) * 25..(page * 25).min(60) };
        let rows = ids.map(|id| json!({"id": format!("a-{id}"), "created_at": format!("2026-06-15T10:00:{id:02}Z")}));
        let rows = rows.collect::<Vec<_>>();
        let body = json!({"activities": rows, "timeline_feeds": rows, "meta": {"has_next": page < 3}});
        std::future::ready(Ok(Response::new(Bytes::from(body.to_string()))))
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").unwrap();
    Client::builder(credentials).generation(Generation::Suite).transport(transport).build().unwrap()
}

#[test]
fn a_history_ends_where_the_crm_says_that_there_is_no_next_page() {
    let activities_of = activities::of_record(TargetKind::Contact, 1);
    let rows = block(history().stream(activities_of).collect_all()).unwrap();
    assert_eq!((rows.len(), rows[0].id.as_deref()), (35, Some("a-0")));
    let timeline = activities::timeline(TargetKind::Contact, 1);
    let mut stream = history().stream(timeline.clone());
    block(stream.next_row()).unwrap().unwrap();
    let rest = history().stream(timeline).resume(stream.cursor()).unwrap();
    assert_eq!(block(rest.collect_all()).unwrap().len(), 34);
}
