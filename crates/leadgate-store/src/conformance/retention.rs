//! What is removed of the past, and what stays however old it is.

use leadgate_core::delivery::NewDelivery;
use leadgate_core::job::Outcome;
use leadgate_core::mirror::{Change, MirrorUpdate, Mirrored, SeenBy, Tally, Told};
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use serde_json::json;

use super::samples::*;
use crate::Store;
use crate::deliveries::{
    DeliveryAttempt, DeliveryClaim, DeliveryProgress, DeliveryThen, DeliveryTurn, DestinationRoom, ReplayOutcome,
};
use crate::imports::{ImportId, ImportRow, NewImport, RowContent};
use crate::model::{AcceptOutcome, PlannedSubmission, Progress, SubmissionFilter, Then, TurnRecord};
use crate::retention::{OldRows, RemovedRows};

/// Nothing may go.
fn nothing(seconds: i64) -> OldRows {
    OldRows::none(at(seconds), 100)
}

async fn remove(store: &dyn Store, old: OldRows) -> RemovedRows {
    store.remove_old(old).await.unwrap()
}

/// Removes what had ended before that moment, a thousand seconds in.
async fn remove_done(store: &dyn Store, before: i64) -> RemovedRows {
    let before = Some(at(before));
    remove(store, OldRows { done_before: before, deliveries_before: before, ..nothing(1_000) }).await
}

/// Plans a job and finishes it with one request.
async fn land(store: &dyn Store, number: u64, seconds: i64) {
    plan(store, number, job(&["x"])).await;
    let claimed = claim_one(store, seconds).await;
    let done = turn(&claimed, Then::Finished(Outcome::default()));
    record(store, TurnRecord { attempt: Some(attempt("find_person", seconds)), ..done }, seconds).await;
}

async fn is_there(store: &dyn Store, number: u64) -> bool {
    store.story(id(number)).await.unwrap().is_some()
}

/// With their jobs and requests.
pub async fn submissions_that_landed_long_ago_are_removed(store: &dyn Store) {
    land(store, 1, 10).await;
    land(store, 2, 60).await;
    land(store, 3, 10).await;
    let removed = remove_done(store, 50).await;
    assert_eq!(removed, RemovedRows { submissions: 1, attempts: 1, ..RemovedRows::default() });
    assert!(!is_there(store, 1).await && is_there(store, 2).await);
    assert!(is_there(store, 3).await, "the youngest stays, so that its number is not given again");
    assert_eq!(store.jobs(Default::default()).await.unwrap().len(), 2);
    assert_eq!(remove(store, nothing(1_000)).await, RemovedRows::default());
}

/// Requests go before their submissions where that is asked for; receipts have a time of their own.
pub async fn requests_can_go_before_their_submissions(store: &dyn Store) {
    land(store, 1, 10).await;
    land(store, 2, 60).await;
    let removed = remove(store, OldRows { attempts_before: Some(at(50)), ..nothing(1_000) }).await;
    assert_eq!(removed, RemovedRows { attempts: 1, ..RemovedRows::default() });
    assert!(story(store, id(1)).await.job.unwrap().attempts.is_empty());
    assert_eq!(story(store, id(2)).await.job.unwrap().attempts.len(), 1);
}

/// Rows of imports go with their submissions, and what is left of the import after its own time.
pub async fn imports_go_with_their_rows(store: &dyn Store) {
    let import = ImportId(uuid::Uuid::from_u128(1));
    let begin = NewImport { id: import, name: "a.csv".to_owned(), digest: digest(1), rows: 2, mapping: json!({}) };
    store.begin_import(begin, at(0)).await.unwrap();
    let lead = ImportRow { row: 1, content: RowContent::Lead(Box::new(submission(1))) };
    let refused = ImportRow { row: 2, content: RowContent::Refused("has no address".to_owned()) };
    store.accept_rows(import, vec![lead, refused], at(0)).await.unwrap();
    record_plan(store, id(1), job(&["x"]), 0).await;
    let claimed = claim_one(store, 10).await;
    finish(store, &claimed, 10).await;
    accept(store, 2, 60).await;
    let old = OldRows { imports_before: Some(at(50)), ..nothing(1_000) };
    assert_eq!(remove(store, old).await, RemovedRows::default(), "a row has a submission");
    assert_eq!(remove_done(store, 50).await.submissions, 1);
    assert_eq!(store.row_results(import, 0, 10).await.unwrap().len(), 1);
    assert_eq!(remove(store, old).await, RemovedRows { imports: 1, ..RemovedRows::default() });
    assert!(store.import(import).await.unwrap().is_none());
}

/// A list goes on where the last one of the page before stood.
pub async fn a_list_goes_on_after_what_was_removed(store: &dyn Store) {
    for (number, seconds) in [(1, 60), (2, 10), (4, 60), (3, 60)] {
        land(store, number, seconds).await;
    }
    assert_eq!(remove_done(store, 50).await.submissions, 1);
    let page = |after| SubmissionFilter { since: at(0), after: Some(after), routes: Vec::new(), limit: 1 };
    let listed = store.submissions(page(id(2))).await.unwrap();
    assert_eq!(listed.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id(4)]);
    assert!(store.submissions(page(id(9))).await.unwrap().is_empty(), "after all that there are");
}

/// However old they are.
pub async fn what_is_open_or_parked_stays(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    park(store, &claim_one(store, 1).await, 1).await;
    accept(store, 2, 0).await;
    store.record_plans(vec![planned(id(2), Err(parking()))], None, at(0)).await.unwrap();
    plan(store, 3, job(&["b"])).await;
    claim_one(store, 1).await;
    land(store, 5, 2).await;
    accept(store, 4, 0).await;
    assert_eq!(remove_done(store, 900).await.submissions, 1);
    for number in 1..=5 {
        assert_eq!(is_there(store, number).await, number != 5, "{number}");
    }
    assert_eq!(story(store, id(1)).await.progress, Progress::Parked);
}

/// By its key or by its content.
pub async fn a_submission_stays_while_a_repeat_is_recognised_by_it(store: &dyn Store) {
    land(store, 1, 0).await;
    accept(store, 2, 0).await;
    let old = |seconds| OldRows { done_before: Some(at(seconds)), ..nothing(seconds) };
    assert_eq!(remove(store, old(59)).await.submissions, 0);
    assert_eq!(store.accept(submission(1), at(59)).await.unwrap(), AcceptOutcome::Repeat(id(1)));
    assert_eq!(remove(store, old(60)).await.submissions, 1);
    assert_eq!(store.accept(submission(1), at(60)).await.unwrap(), AcceptOutcome::Accepted);
}

/// What was learned through a submission outlives it.
pub async fn what_is_known_of_an_identity_stays(store: &dyn Store) {
    plan(store, 1, job(&["a"])).await;
    let done = turn(&claim_one(store, 0).await, Then::Finished(Outcome::default()));
    record(store, TurnRecord { effects: vec![learned("a", known(5, &["email"]))], ..done }, 0).await;
    plan(store, 2, job(&["a"])).await;
    assert_eq!(remove_done(store, 500).await.submissions, 1);
    assert_eq!(claim_one(store, 500).await.known[&key("a")], known(5, &["email"]));
}

fn delivery(id: &str) -> NewDelivery {
    NewDelivery { id: id.to_owned(), destination: "a".to_owned(), ordering: key(id), content: json!({"text": id}) }
}

/// Adds a delivery and ends it like this.
async fn hand_over(store: &dyn Store, id: &str, then: DeliveryThen, seconds: i64) {
    store.add_delivery(delivery(id), false, at(0)).await.unwrap();
    let room = DestinationRoom { name: "a".to_owned(), room: 1, tests_only: false, lease_until: at(seconds + LEASE) };
    let claim = DeliveryClaim { worker: "one".to_owned(), now: at(seconds), destinations: vec![room] };
    let claimed = store.claim_deliveries(claim).await.unwrap();
    let attempt = DeliveryAttempt { at: at(seconds), took_ms: 1, status: Some(200), class: "ok".into(), message: None };
    let turn = DeliveryTurn { lease: claimed[0].lease, attempt, then, switch_off: None };
    store.finish_delivery(turn, at(seconds)).await.unwrap();
}

/// Those that wait, are parked or arrived lately stay; and a delivery that is gone cannot be made again.
pub async fn deliveries_that_arrived_long_ago_are_removed(store: &dyn Store) {
    hand_over(store, "old", DeliveryThen::Delivered, 10).await;
    hand_over(store, "late", DeliveryThen::Delivered, 60).await;
    hand_over(store, "parked", DeliveryThen::Parked("refused".to_owned()), 10).await;
    hand_over(store, "youngest", DeliveryThen::Delivered, 10).await;
    assert_eq!(remove_done(store, 50).await, RemovedRows { deliveries: 1, ..RemovedRows::default() });
    let left = store.deliveries(Default::default()).await.unwrap();
    assert_eq!(left.iter().map(|left| left.id.as_str()).collect::<Vec<_>>(), ["youngest", "parked", "late"]);
    assert_eq!(left[1].progress, DeliveryProgress::Parked);
    assert_eq!(store.replay_delivery("old", at(1_000)).await.unwrap(), ReplayOutcome::NoSuchDelivery);
    store.add_delivery(delivery("waits"), false, at(0)).await.unwrap();
    store.add_delivery(delivery("waits too"), false, at(0)).await.unwrap();
    assert_eq!(remove_done(store, 900).await.deliveries, 2);
    assert_eq!(store.deliveries(Default::default()).await.unwrap().len(), 3);
}

/// Plans a submission that saw a deal change, and lands it.
async fn see(store: &dyn Store, number: u64, revision: i64, seconds: i64) {
    let record = RecordRef { kind: RecordKind::Deal, id: 7 };
    let (from, to, by) = (None, json!(revision), SeenBy::Webhook);
    let change = Change { record, field: "stage".to_owned(), from, to, at: at(seconds), by };
    let mirrored = Mirrored { record, version: None, fields: Fields::new(), revision, told: Told::default() };
    let update = MirrorUpdate { record: mirrored, changes: vec![change], tally: Tally::default() };
    accept(store, number, 0).await;
    let effects = PlanEffects { mirror: vec![update], ..PlanEffects::default() };
    let planned = PlannedSubmission { submission: id(number), job: Ok(job(&["x"])), effects };
    store.record_plans(vec![planned], None, at(0)).await.unwrap();
    finish(store, &claim_one(store, seconds).await, seconds).await;
}

/// And with a change its submission, not before. The record and the counts stay.
pub async fn changes_from_long_ago_are_removed(store: &dyn Store) {
    for (number, seconds) in [(1, 10), (2, 20), (3, 60), (4, 10)] {
        see(store, number, i64::try_from(number).unwrap(), seconds).await;
    }
    assert_eq!(remove_done(store, 900).await.submissions, 0, "changes name them");
    let old = OldRows { changes_before: Some(at(50)), done_before: Some(at(50)), ..nothing(1_000) };
    let removed = remove(store, old).await;
    assert_eq!((removed.changes, removed.submissions), (2, 2));
    let left = store.changes(0, 10).await.unwrap();
    assert_eq!(left.iter().map(|seen| seen.submission).collect::<Vec<_>>(), [id(3), id(4)]);
    see(store, 5, 5, 70).await;
    let next = store.changes(left[1].seq, 10).await.unwrap();
    assert_eq!(next.iter().map(|seen| seen.submission).collect::<Vec<_>>(), [id(5)], "a number means one change");
    assert_eq!(store.mirrored(vec![RecordRef { kind: RecordKind::Deal, id: 7 }]).await.unwrap()[0].revision, 5);
}

/// Keeps a profile at that moment.
async fn profile(store: &dyn Store, number: u64, name: &str, seconds: i64) {
    accept(store, number, 0).await;
    let profiles = [(name.to_owned(), json!({"email": "a@example.com"}))].into();
    let effects = PlanEffects { profiles, ..PlanEffects::default() };
    let planned = PlannedSubmission { submission: id(number), job: Ok(job(&[])), effects };
    store.record_plans(vec![planned], None, at(seconds)).await.unwrap();
}

/// Unless something waits for its plan, which may need any of them.
pub async fn profiles_that_nothing_was_added_to_are_removed(store: &dyn Store) {
    for (number, name, seconds) in [(1, "a", 10), (2, "b", 10), (3, "c", 60), (4, "a", 60)] {
        profile(store, number, name, seconds).await;
    }
    let old = OldRows { profiles_before: Some(at(50)), ..nothing(1_000) };
    accept(store, 5, 0).await;
    assert_eq!(remove(store, old).await, RemovedRows::default());
    record_plan(store, id(5), job(&[]), 60).await;
    assert_eq!(remove(store, old).await, RemovedRows { profiles: 1, ..RemovedRows::default() });
    let left = store.profiles(["a", "b", "c"].map(str::to_owned).to_vec()).await.unwrap();
    assert_eq!(left.into_keys().collect::<Vec<_>>(), ["a", "c"]);
}

/// The oldest first.
pub async fn so_many_are_removed_at_once(store: &dyn Store) {
    for number in 1..=6 {
        land(store, number, i64::try_from(number).unwrap()).await;
    }
    let old = OldRows { done_before: Some(at(900)), most: 2, ..nothing(1_000) };
    let mut counts = Vec::new();
    loop {
        let removed = remove(store, old).await;
        counts.push(removed.submissions);
        assert_eq!(is_there(store, 3).await, counts.len() == 1);
        if !removed.may_be_more(2) {
            break;
        }
    }
    assert_eq!(counts, [2, 2, 1]);
}
