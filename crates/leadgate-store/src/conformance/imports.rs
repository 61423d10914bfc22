//! Imports: rows are kept once, wait while they are to wait, and tell what they came to.

use leadgate_core::identity::Email;
use leadgate_core::job::Outcome;
use leadgate_core::record::{RecordKind, RecordRef, WrittenPerson};
use serde_json::Value;
use uuid::Uuid;

use super::samples::*;
use crate::Store;
use crate::imports::{
    BeginOutcome, ImportChange, ImportId, ImportRow, ImportState, NOT_SURELY_OURS, NewImport, RowContent, RowEnd,
    RowsOutcome,
};
use crate::model::{Then, TurnRecord};

fn import_id(number: u64) -> ImportId {
    ImportId(Uuid::from_u128(u128::from(number)))
}

fn new_import(number: u64, file: u64) -> NewImport {
    NewImport {
        id: import_id(number),
        name: "leads.csv".to_owned(),
        digest: digest(file),
        rows: 3,
        mapping: Value::Null,
    }
}

fn lead(row: u64) -> ImportRow {
    ImportRow { row, content: RowContent::Lead(Box::new(submission(row))) }
}

async fn begin(store: &dyn Store) -> ImportId {
    assert_eq!(store.begin_import(new_import(1, 1), at(0)).await.unwrap(), BeginOutcome::Begun);
    import_id(1)
}

async fn accept_rows(store: &dyn Store, rows: Vec<ImportRow>) -> u64 {
    match store.accept_rows(import_id(1), rows, at(1)).await.unwrap() {
        RowsOutcome::Kept { new } => new,
        other => panic!("{other:?}"),
    }
}

async fn ends(store: &dyn Store) -> Vec<(u64, RowEnd)> {
    let rows = store.row_results(import_id(1), 0, 100).await.unwrap();
    rows.into_iter().map(|row| (row.row, row.end)).collect()
}

/// The same file is imported once, until that is undone.
pub async fn a_file_is_imported_once_until_that_is_undone(store: &dyn Store) {
    let first = begin(store).await;
    match store.begin_import(new_import(2, 1), at(1)).await.unwrap() {
        BeginOutcome::Known(known) => assert_eq!((known.id, known.rows), (first, 3)),
        BeginOutcome::Begun => panic!("begun twice"),
    }
    assert_eq!(store.begin_import(new_import(3, 2), at(2)).await.unwrap(), BeginOutcome::Begun);
    assert_eq!(store.set_import_state(first, ImportState::Undone, at(3)).await.unwrap(), ImportChange::Done);
    assert_eq!(store.begin_import(new_import(4, 1), at(4)).await.unwrap(), BeginOutcome::Begun);
    assert_eq!(
        store.imports(10).await.unwrap().iter().map(|import| import.id.0.as_u128()).collect::<Vec<_>>(),
        [4, 3, 1]
    );
}

/// Rows that are sent again are kept once, also by two callers at the same time.
pub async fn rows_are_kept_once(store: &dyn Store) {
    begin(store).await;
    let rows = || vec![lead(1), lead(2)];
    let (one, other) = futures::future::join(accept_rows(store, rows()), accept_rows(store, rows())).await;
    assert_eq!(one + other, 2);
    assert_eq!(accept_rows(store, vec![lead(2), lead(3)]).await, 1);
    assert_eq!(store.unplanned([10; 4]).await.unwrap().len(), 3);
}

/// Without its import no row is kept, and an import that was undone takes none.
pub async fn rows_of_no_import_are_not_kept(store: &dyn Store) {
    assert_eq!(store.accept_rows(import_id(9), vec![lead(1)], at(0)).await.unwrap(), RowsOutcome::NoSuchImport);
    let id = begin(store).await;
    store.set_import_state(id, ImportState::Undone, at(1)).await.unwrap();
    assert_eq!(store.accept_rows(id, vec![lead(1)], at(2)).await.unwrap(), RowsOutcome::Undone);
    assert_eq!(store.set_import_state(id, ImportState::Running, at(3)).await.unwrap(), ImportChange::Undone);
    assert_eq!(
        store.set_import_state(import_id(9), ImportState::Paused, at(3)).await.unwrap(),
        ImportChange::NoSuchImport
    );
    assert!(store.unplanned([10; 4]).await.unwrap().is_empty() && store.import(import_id(9)).await.unwrap().is_none());
}

/// Each row tells what it came to: refused, repeated, created with its record, or still waiting.
pub async fn rows_tell_what_they_came_to(store: &dyn Store) {
    let id = begin(store).await;
    let refused = ImportRow { row: 2, content: RowContent::Refused("email is missing".to_owned()) };
    let repeat = ImportRow { row: 3, content: RowContent::DuplicateOf(1) };
    accept_rows(store, vec![lead(1), refused, repeat, lead(4)]).await;
    record_plan(store, super::samples::id(1), job(&["a"]), 2).await;
    record_plan(store, super::samples::id(4), job(&["b"]), 2).await;
    assert_eq!(ends(store).await[2], (3, RowEnd::Waiting));
    let person = RecordRef { kind: RecordKind::Contact, id: 7 };
    let outcome = Outcome { person: Some(person), existing: Some(false), as_of: Some(at(3)), ..Outcome::default() };
    let leased = claim(store, 3).await;
    record(store, turn(&leased[0], Then::Finished(outcome)), 4).await;
    let expected = [(1, RowEnd::Created), (2, RowEnd::Refused), (3, RowEnd::Duplicate), (4, RowEnd::Waiting)];
    assert_eq!(ends(store).await, expected);
    let rows = store.row_results(id, 0, 3).await.unwrap();
    assert_eq!((rows[0].record, rows[0].made_as_of, rows[2].record), (Some(person), Some(at(3)), Some(person)));
    assert_eq!(rows[1].reason.as_deref(), Some("email is missing"));
    let counts = store.import(id).await.unwrap().unwrap().counts;
    assert_eq!([counts.received, counts.created, counts.refused, counts.duplicates, counts.waiting], [4, 1, 1, 1, 1]);
}

/// A row whose person nobody looked at tells what they are found by. What cannot be kept as it is breaks nothing.
pub async fn a_row_tells_whom_it_made_unseen(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, vec![lead(1)]).await;
    record_plan(store, super::samples::id(1), job(&["a"]), 2).await;
    let fields = [("first_name".to_owned(), "Ad\u{0}a".into())].into();
    let written = WrittenPerson { email: Email::parse("ada@example.com").unwrap(), fields, since: at(2), until: at(3) };
    let outcome = Outcome { existing: Some(false), written: Some(written.clone()), ..Outcome::default() };
    let leased = claim(store, 3).await;
    record(store, turn(&leased[0], Then::Finished(outcome)), 4).await;
    let row = store.row_results(id, 0, 1).await.unwrap().remove(0);
    let told = row.written.map(|told| (told.email, told.since, told.until));
    assert_eq!((row.end, row.record, told), (RowEnd::Created, None, Some((written.email, at(2), at(3)))));
}

/// While an import is paused its rows are neither planned nor leased, and their identities are free for others; then they go on.
pub async fn a_paused_import_waits(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, vec![lead(1), lead(2)]).await;
    record_plan(store, super::samples::id(1), job(&["a"]), 2).await;
    store.set_import_state(id, ImportState::Paused, at(3)).await.unwrap();
    assert!(store.unplanned([10; 4]).await.unwrap().is_empty() && claim(store, 4).await.is_empty());
    accept_rows(store, vec![lead(3)]).await;
    accept(store, 4, 5).await;
    record_plan(store, super::samples::id(4), job(&["a"]), 5).await;
    let other = claim(store, 6).await;
    assert_eq!(other.iter().map(|job| job.submission).collect::<Vec<_>>(), [super::samples::id(4)]);
    store.set_import_state(id, ImportState::Running, at(7)).await.unwrap();
    assert_eq!(store.unplanned([10; 4]).await.unwrap().len(), 2);
    assert!(claim(store, 8).await.is_empty(), "it waits behind whom it let go");
    record(store, turn(&other[0], Then::Finished(Outcome::default())), 9).await;
    assert_eq!(claim(store, 10).await.len(), 1);
}

/// A job that is leased while its import is paused is set aside when its turn ends.
pub async fn a_leased_row_is_set_aside_after_its_turn(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, vec![lead(1)]).await;
    record_plan(store, super::samples::id(1), job(&["a"]), 2).await;
    let leased = claim(store, 3).await;
    store.set_import_state(id, ImportState::Paused, at(4)).await.unwrap();
    record(store, turn(&leased[0], Then::DueAt(at(5))), 5).await;
    assert!(claim(store, 6).await.is_empty());
    store.set_import_state(id, ImportState::Running, at(7)).await.unwrap();
    assert_eq!(claim(store, 8).await.len(), 1);
}

/// A row has one removal, however often it is asked for; what waited is withdrawn.
pub async fn undoing_keeps_one_removal_for_a_row(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, vec![lead(1), lead(2)]).await;
    store.set_import_state(id, ImportState::Undone, at(2)).await.unwrap();
    assert_eq!(ends(store).await, [(1, RowEnd::Withdrawn), (2, RowEnd::Withdrawn)]);
    assert_eq!(store.accept_removals(id, vec![(1, submission(11))], at(3)).await.unwrap(), 1);
    assert_eq!(store.accept_removals(id, vec![(1, submission(12))], at(4)).await.unwrap(), 0);
    let waiting = store.unplanned([10; 4]).await.unwrap();
    assert_eq!(waiting.iter().map(|entry| entry.id).collect::<Vec<_>>(), [super::samples::id(11)]);
}

/// Undoing tells whom it leaves alone without a look, and why.
pub async fn undoing_tells_of_whom_it_cannot_be_certain(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, vec![lead(1)]).await;
    record_plan(store, super::samples::id(1), job(&["a"]), 2).await;
    let person = RecordRef { kind: RecordKind::Contact, id: 7 };
    let outcome = Outcome { person: Some(person), existing: Some(false), ..Outcome::default() };
    record(store, turn(&claim_one(store, 3).await, Then::Finished(outcome)), 4).await;
    assert_eq!(ends(store).await, [(1, RowEnd::Created)]);
    store.set_import_state(id, ImportState::Undone, at(5)).await.unwrap();
    let row = store.row_results(id, 0, 1).await.unwrap().remove(0);
    assert_eq!((row.end, row.record, row.reason.as_deref()), (RowEnd::LeftAlone, Some(person), Some(NOT_SURELY_OURS)));
    assert_eq!(store.import(id).await.unwrap().unwrap().counts.left_alone, 1);
}

/// A row for which something may have been written goes on to its end when its import is undone, also when it was paused before; the others are
/// withdrawn.
pub async fn undoing_lets_what_may_be_written_already_end(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, (1..=6).map(lead).collect()).await;
    for (number, key) in (1..=6).zip(["a", "b", "c", "d", "e", "f"]) {
        record_plan(store, super::samples::id(number), job(&[key]), 2).await;
    }
    let leased = claim(store, 3).await;
    let after = |job, state| TurnRecord { state, ..turn(job, Then::DueAt(at(9))) };
    record(store, after(&leased[0], state_that_wrote()), 4).await;
    record(store, after(&leased[1], state()), 4).await;
    store.set_import_state(id, ImportState::Paused, at(5)).await.unwrap();
    record(store, after(&leased[2], state_that_wrote()), 5).await;
    record(store, after(&leased[3], state()), 5).await;
    store.set_import_state(id, ImportState::Undone, at(6)).await.unwrap();
    record(store, after(&leased[4], state_that_wrote()), 7).await;
    record(store, after(&leased[5], state()), 7).await;
    assert_eq!(waiting(store).await, [1, 3, 5]);
    assert_eq!(submissions(&claim(store, 10).await), [1, 3, 5].map(super::samples::id));
}

/// The same without a pause. What a process did with a row in its hands when it died nobody knows, so that one goes on as well.
pub async fn undoing_lets_what_was_in_a_dead_hand_end(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, (1..=4).map(lead).collect()).await;
    for (number, key) in [(1, "a"), (2, "b"), (3, "c")] {
        record_plan(store, super::samples::id(number), job(&[key]), 2).await;
    }
    let leased = claim(store, 3).await;
    record(store, TurnRecord { state: state_that_wrote(), ..turn(&leased[1], Then::DueAt(at(9))) }, 4).await;
    record(store, turn(&leased[2], Then::DueAt(at(9))), 4).await;
    store.abandon_leases(None, at(5)).await.unwrap();
    store.set_import_state(id, ImportState::Undone, at(8)).await.unwrap();
    assert_eq!(waiting(store).await, [1, 2]);
    let taken_over = claim_one(store, 8).await;
    assert_eq!(taken_over.abandoned_since, Some(at(3)));
    record(store, turn(&taken_over, Then::DueAt(at(10))), 9).await;
    assert_eq!(waiting(store).await, [2], "the other was not writing");
}

/// A row that was in a dead hand when its import was paused goes on when it is undone.
pub async fn undoing_a_pause_lets_what_was_in_a_dead_hand_end(store: &dyn Store) {
    let id = begin(store).await;
    accept_rows(store, vec![lead(1)]).await;
    record_plan(store, super::samples::id(1), job(&["a"]), 2).await;
    claim_one(store, 3).await;
    store.abandon_leases(None, at(5)).await.unwrap();
    store.set_import_state(id, ImportState::Paused, at(6)).await.unwrap();
    assert!(claim(store, 7).await.is_empty());
    store.set_import_state(id, ImportState::Undone, at(8)).await.unwrap();
    assert_eq!(claim_one(store, 9).await.abandoned_since, Some(at(3)));
}

/// The rows that have not ended; the others were withdrawn.
async fn waiting(store: &dyn Store) -> Vec<u64> {
    let ends = ends(store).await;
    assert!(ends.iter().all(|(_, end)| matches!(end, RowEnd::Waiting | RowEnd::Withdrawn)), "{ends:?}");
    ends.into_iter().filter(|(_, end)| *end == RowEnd::Waiting).map(|(row, _)| row).collect()
}
