//! The mirror of CRM records, the changes seen, and how far looking has come.

use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Change, MirrorUpdate, Mirrored, SeenBy, Tally, Told};
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use serde_json::json;

use super::samples::*;
use crate::Store;
use crate::model::{NewSubmission, PlannedSubmission, Progress};

fn deal(id: i64) -> RecordRef {
    RecordRef { kind: RecordKind::Deal, id }
}

fn mirrored(id: i64, stage: &str, revision: i64) -> Mirrored {
    let fields = Fields::from([("stage".to_owned(), json!(stage)), ("city".to_owned(), json!(null))]);
    let told = Told { until: Some(at(revision)), awaited: 1, events: vec!["deal_updated".to_owned()] };
    Mirrored { record: deal(id), version: Some(at(revision)), fields, revision, told }
}

fn update(id: i64, stage: &str, revision: i64) -> MirrorUpdate {
    let change = Change {
        record: deal(id),
        field: "stage".to_owned(),
        from: (revision > 1).then(|| json!("before")),
        to: json!(stage),
        at: at(revision),
        by: SeenBy::Poll,
    };
    let tally = Tally { told: 2, lost: 1, late: -1 };
    MirrorUpdate { record: mirrored(id, stage, revision), changes: vec![change], tally }
}

/// Sees a person of that address.
pub(super) async fn see_person(store: &dyn Store, number: u64, record: RecordRef, email: &str) {
    let fields = Fields::from([("email".to_owned(), json!(email))]);
    let told = Told { until: None, awaited: 0, events: Vec::new() };
    let record = Mirrored { record, version: None, fields, revision: 1, told };
    see(store, number, MirrorUpdate { record, changes: Vec::new(), tally: Tally::default() }).await;
}

/// Accepts a submission and plans it with that change of the mirror.
async fn see(store: &dyn Store, number: u64, update: MirrorUpdate) {
    accept(store, number, 0).await;
    replan(store, number, update).await;
}

/// Returns the submissions whose plans were kept.
async fn replan(store: &dyn Store, number: u64, update: MirrorUpdate) -> Vec<SubmissionId> {
    let effects = PlanEffects { mirror: vec![update], ..PlanEffects::default() };
    let planned = PlannedSubmission { submission: id(number), job: Ok(job(&[])), effects };
    store.record_plans(vec![planned], None, at(0)).await.unwrap()
}

/// The record, its changes and the counts, all with the plan.
pub async fn what_a_plan_saw_is_kept_with_it(store: &dyn Store) {
    let (first, second) = (update(7, "Demo", 1), update(7, "Won", 2));
    see(store, 1, first.clone()).await;
    see(store, 2, second.clone()).await;
    assert_eq!(store.mirrored(vec![deal(7), deal(8)]).await.unwrap(), [second.record]);
    let seen = store.changes(0, 10).await.unwrap();
    assert_eq!(seen.iter().map(|seen| seen.submission).collect::<Vec<_>>(), [id(1), id(2)]);
    let changes: Vec<Change> = seen.iter().map(|seen| seen.change.clone()).collect();
    assert_eq!(changes, [first.changes, second.changes].concat());
    assert_eq!(store.changes(seen[0].seq, 10).await.unwrap(), seen[1..]);
    assert_eq!(store.changes(0, 1).await.unwrap(), seen[..1]);
    let tally = Tally { told: 4, lost: 2, late: -2 };
    assert_eq!(store.tallies().await.unwrap(), [(RecordKind::Deal, tally)]);
}

/// Of two plans that read the same record one is kept; the submission of the other is planned again.
pub async fn a_plan_from_a_record_that_has_changed_is_not_kept(store: &dyn Store) {
    see(store, 1, update(7, "Demo", 1)).await;
    accept(store, 2, 0).await;
    assert_eq!(replan(store, 2, update(7, "Won", 1)).await, []);
    assert_eq!(story(store, id(2)).await.progress, Progress::Received);
    assert_eq!(store.mirrored(vec![deal(7)]).await.unwrap()[0].fields["stage"], json!("Demo"));
    assert_eq!(store.changes(0, 10).await.unwrap().len(), 1);
    assert_eq!(replan(store, 2, update(7, "Won", 2)).await, [id(2)]);
    assert_eq!(story(store, id(2)).await.progress, Progress::Working);
    assert_eq!(store.changes(0, 10).await.unwrap().len(), 2);
}

/// A submission that has its plan already changes nothing again.
pub async fn a_plan_that_was_kept_before_changes_nothing(store: &dyn Store) {
    see(store, 1, update(7, "Demo", 1)).await;
    assert_eq!(replan(store, 1, update(7, "Won", 2)).await, []);
    assert_eq!(store.changes(0, 10).await.unwrap().len(), 1);
}

/// What is there is newer than what is filled in.
pub async fn filling_the_mirror_replaces_nothing(store: &dyn Store) {
    see(store, 1, update(7, "Demo", 1)).await;
    let filled = vec![mirrored(7, "New", 1), mirrored(8, "New", 1)];
    assert_eq!(store.fill_mirror(filled).await.unwrap(), 1);
    let mut stages: Vec<_> = store.mirrored(vec![deal(7), deal(8)]).await.unwrap();
    stages.sort_by_key(|record| record.record);
    assert_eq!(stages.iter().map(|record| &record.fields["stage"]).collect::<Vec<_>>(), ["Demo", "New"]);
    assert_eq!(store.changes(0, 10).await.unwrap().len(), 1);
}

/// By kind; the last one counts.
pub async fn a_watch_goes_on_where_it_was(store: &dyn Store) {
    assert!(store.watches().await.unwrap().is_empty());
    let (deals, contacts) = (WatchState::new(at(1)), WatchState::new(at(2)));
    let later = WatchState { read_until: Some(at(9)), ..deals.clone() };
    for (kind, state) in [(RecordKind::Deal, deals.clone()), (RecordKind::Contact, contacts.clone())] {
        assert!(store.put_watch(kind, None, state).await.unwrap());
    }
    assert!(store.put_watch(RecordKind::Deal, Some(deals), later.clone()).await.unwrap());
    let expected = [(RecordKind::Contact, contacts), (RecordKind::Deal, later)];
    assert_eq!(store.watches().await.unwrap(), expected);
}

/// By another, who had the duty after this one.
pub async fn a_watch_that_was_moved_meanwhile_stays(store: &dyn Store) {
    let [first, second, third] = [1, 2, 3].map(|seconds| WatchState::new(at(seconds)));
    assert!(store.put_watch(RecordKind::Deal, None, first.clone()).await.unwrap());
    assert!(!store.put_watch(RecordKind::Deal, None, second.clone()).await.unwrap());
    assert!(store.put_watch(RecordKind::Deal, Some(first.clone()), second.clone()).await.unwrap());
    assert!(!store.put_watch(RecordKind::Deal, Some(first), third).await.unwrap());
    assert_eq!(store.watches().await.unwrap(), [(RecordKind::Deal, second)]);
}

/// Of notifications only, as it came.
pub async fn the_latest_notification_is_found(store: &dyn Store) {
    assert!(store.latest_notification().await.unwrap().is_none());
    for number in [1, 2] {
        let raw = RawSubmission::new(Route::Notification, None, b"{}".to_vec());
        let raw = RawSubmission { label: Some("json".to_owned()), ..raw };
        store.accept(NewSubmission { raw, ..submission(number) }, at(0)).await.unwrap();
    }
    accept(store, 3, 1).await;
    let latest = store.latest_notification().await.unwrap().unwrap();
    assert_eq!((latest.id, latest.raw.label.as_deref()), (id(2), Some("json")));
}
