//! A store in which every table has rows, made by its own methods.

use leadgate_core::catalog::{Section, SectionContent, SectionRead};
use leadgate_core::crm::LookupBy;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::erasure::{Marks, Person};
use leadgate_core::identity::Email;
use leadgate_core::job::Outcome;
use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Change, MirrorUpdate, Mirrored, SeenBy, Tally, Told};
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use leadgate_core::steps::{ForgetPersonStep, StepEffect};
use leadgate_core::submission::{RawSubmission, Route};
use serde_json::json;
use uuid::Uuid;

use super::samples::*;
use crate::Store;
use crate::deliveries::{DeliveryAttempt, DeliveryClaim, DeliveryThen, DeliveryTurn, DestinationRoom};
use crate::duties::CLEARING;
use crate::erasure::{ForgetId, NewCrmForget, NewForget};
use crate::imports::{BeginOutcome, ImportId, ImportRow, NewImport, RowContent, RowsOutcome};
use crate::model::{AppKey, Dedupe, NewSubmission, PlannedSubmission, Then, TurnRecord};
use crate::scopes::Scope;

/// The import of [`fill`].
pub fn import() -> NewImport {
    NewImport {
        id: ImportId(Uuid::from_u128(7)),
        name: "leads.csv".to_owned(),
        digest: digest(7),
        rows: 3,
        mapping: json!({"E-mail": "email"}),
    }
}

/// The record of [`fill`] that the mirror has.
pub const DEAL: RecordRef = RecordRef { kind: RecordKind::Deal, id: 7 };

/// A delivery to the destination `a`.
pub fn delivery(id: &str) -> NewDelivery {
    NewDelivery { id: id.to_owned(), destination: "a".to_owned(), ordering: key("x"), content: json!({"text": id}) }
}

/// A claim of deliveries to the destination `a`.
pub fn delivery_claim(worker: &str, seconds: i64) -> DeliveryClaim {
    let room = DestinationRoom { name: "a".to_owned(), room: 10, tests_only: false, lease_until: at(seconds + LEASE) };
    DeliveryClaim { worker: worker.to_owned(), now: at(seconds), destinations: vec![room] }
}

/// The demand of [`fill`], of a person whom nothing else names.
pub fn demand() -> NewForget {
    let person = Person { emails: vec![Email::parse("grace@example.com").unwrap()], ..Person::default() };
    let step = ForgetPersonStep::new(person.emails.iter().cloned().map(LookupBy::Email).collect(), Vec::new());
    let crm = NewCrmForget { submission: id(14), step, keys: person.keys() };
    NewForget { id: ForgetId(Uuid::from_u128(7)), marks: Marks::new(&person, [1; 16]), crm: Some(crm) }
}

/// Fills an empty store: submission 1 has landed, 2 is parked, 3 leased, 4 waits for its plan, 5 is a notification, 11 and 12 are rows of the
/// import, 13 the removal of the first of them, 14 the job of a demand. The bodies are bytes of every kind, and there are other letters than those of ASCII.
pub async fn fill(store: &dyn Store) {
    fill_jobs(store).await;
    fill_settings(store).await;
    fill_deliveries(store).await;
    fill_import(store).await;
    store.begin_forget(demand(), at(9)).await.unwrap();
    // A worker who stopped left this lease behind.
    store.record_plans(vec![planned(id(3), Ok(job(&["a", "c"])))], None, at(20)).await.unwrap();
    claim_one(store, 20).await;
}

async fn fill_jobs(store: &dyn Store) {
    let body: Vec<u8> = (0..=255).collect();
    let raw = RawSubmission { label: Some("Größe".to_owned()), ..RawSubmission::new(Route::Form, Some(9), body) };
    store.accept(NewSubmission { raw, ..keyed(1, 1, 1) }, at(0)).await.unwrap();
    record_plan_that_saw(store).await;
    let claimed = claim_one(store, 1).await;
    let known = known(5, &["email", "größe"]);
    let record_of = RecordRef { kind: RecordKind::Contact, id: 5 };
    let effect = StepEffect { note: Some((record_of, 50)), delivery: Some(delivery("d1")), ..learned("a", known) };
    let outcome = Outcome { person: Some(record_of), existing: Some(false), ..Outcome::default() };
    let done = turn(&claimed, Then::Finished(outcome));
    let done = TurnRecord { attempt: Some(attempt("find_person", 1)), effects: vec![effect], ..done };
    store.finish_turns(vec![done], Some(budget(3)), at(2)).await.unwrap();
    plan(store, 2, job(&["b"])).await;
    park(store, &claim_one(store, 3).await, 3).await;
    accept(store, 3, 4).await;
    let dedupe = Dedupe::Content { content: digest(5), within: jiff::SignedDuration::from_secs(60) };
    let raw = RawSubmission::new(Route::Notification, None, b"{}".to_vec());
    store.accept(NewSubmission { raw, dedupe, ..submission(5) }, at(5)).await.unwrap();
    accept(store, 4, 6).await;
}

/// Plans submission 1: it saw the deal change, taught a profile and moved the routing on.
async fn record_plan_that_saw(store: &dyn Store) {
    let change = Change {
        record: DEAL,
        field: "stage".to_owned(),
        from: Some(json!("Demo")),
        to: json!("Won \u{0} ü"),
        at: at(0),
        by: SeenBy::Poll,
    };
    let fields: Fields = [("stage".to_owned(), json!("Won \u{0} ü"))].into_iter().collect();
    let record = Mirrored { record: DEAL, version: Some(at(0)), fields, revision: 1, told: Told::default() };
    let update = MirrorUpdate { record, changes: vec![change], tally: Tally { told: 1, lost: -1, late: 0 } };
    let routing = serde_json::from_value(json!({"groups": {"emea": {"ada": 1, "bob": -1}}})).unwrap();
    let profiles = [("p".to_owned(), json!({"email": "ada@example.com"}))].into();
    let effects = PlanEffects { mirror: vec![update], routing: Some(routing), profiles, ..PlanEffects::default() };
    let planned = PlannedSubmission { submission: id(1), job: Ok(job(&["a"])), effects };
    assert_eq!(store.record_plans(vec![planned], None, at(0)).await.unwrap(), [id(1)]);
}

async fn fill_settings(store: &dyn Store) {
    let read = SectionRead { content: SectionContent::Unreadable, read_at: at(1) };
    store.put_section(Section::Owners, read).await.unwrap();
    let key = AppKey { name: "shop".to_owned(), digest: [0xa5; 32], may: Scope::Submit.into() };
    store.put_app_key(key, at(1)).await.unwrap();
    assert!(store.put_watch(RecordKind::Deal, None, WatchState::new(at(1))).await.unwrap());
    assert!(store.hold_duty(CLEARING, "one", at(31), at(1)).await.unwrap());
    assert!(store.begin_planned("nightly", at(1)).await.unwrap());
    store.beat("one").await.unwrap();
}

async fn fill_deliveries(store: &dyn Store) {
    store.add_delivery(delivery("d2"), false, at(3)).await.unwrap();
    store.add_delivery(delivery("d3"), true, at(3)).await.unwrap();
    let claimed = store.claim_deliveries(delivery_claim("one", 3)).await.unwrap();
    let attempt = DeliveryAttempt { at: at(3), took_ms: 5, status: Some(410), class: "gone".into(), message: None };
    let then = DeliveryThen::Parked("gone".to_owned());
    let turn = DeliveryTurn { lease: claimed[0].lease, attempt, then, switch_off: Some("gone".to_owned()) };
    store.finish_delivery(turn, at(4)).await.unwrap();
}

async fn fill_import(store: &dyn Store) {
    let import = import();
    assert_eq!(store.begin_import(import.clone(), at(7)).await.unwrap(), BeginOutcome::Begun);
    let lead = |row, number| ImportRow { row, content: RowContent::Lead(Box::new(submission(number))) };
    let refused = ImportRow { row: 3, content: RowContent::Refused("email is missing".to_owned()) };
    let repeat = ImportRow { row: 4, content: RowContent::DuplicateOf(1) };
    let rows = vec![lead(1, 11), lead(2, 12), refused, repeat];
    assert_eq!(store.accept_rows(import.id, rows, at(7)).await.unwrap(), RowsOutcome::Kept { new: 4 });
    assert_eq!(store.accept_removals(import.id, vec![(1, submission(13))], at(8)).await.unwrap(), 1);
}
