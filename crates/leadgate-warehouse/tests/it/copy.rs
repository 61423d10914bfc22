//! What applying a batch does, one rule a test.

use leadgate_core::sync::{Cell, ColumnKind, Stream};
use leadgate_warehouse::{Applied, Batch, Copy, CopyError, Run};

use crate::support::{Copying, at, contact, contacts, own_column, packed, text};

#[test]
fn rows_are_created_updated_left_taken_away_and_restored() {
    let mut copying = Copying::new();
    let created = copying.apply_rows(vec![contact(2, "Bo", 1), contact(1, "Al", 1)]);
    assert_eq!(created, Applied { created: 2, ..Applied::default() });
    let updated = copying.apply_rows(vec![contact(2, "Bob", 2), contact(1, "Al", 1)]);
    assert_eq!(updated, Applied { updated: 1, unchanged: 1, ..Applied::default() });
    assert_eq!(copying.apply_gone(&[2, 99]), Applied { deleted: 1, ..Applied::default() });
    assert_eq!((copying.ids(), copying.copy.count(Stream::Contacts).unwrap()), (vec![1], 1));
    assert_eq!(copying.copy.missing(Stream::Contacts, &[1, 2, 3]).unwrap(), [2, 3]);
    let restored = copying.apply_rows(vec![contact(2, "Bob", 2)]);
    assert_eq!(restored, Applied { restored: 1, ..Applied::default() });
    assert_eq!(copying.ids(), [1, 2]);
}

#[test]
fn changes_tell_field_from_to_and_when() {
    let mut copying = Copying::new();
    copying.apply_rows(vec![contact(1, "Al", 1)]);
    copying.apply_rows(vec![contact(1, "Alma", 5)]);
    copying.apply_gone(&[1]);
    let changes = copying.copy.changes_since(0, 10).unwrap();
    let told: Vec<_> =
        changes.iter().map(|change| (change.field.as_str(), &change.from, &change.to, change.at)).collect();
    let (blank, al, alma) = (Cell::Blank, text("Al"), text("Alma"));
    let expected =
        [("created", &blank, &blank, at(1)), ("name", &al, &alma, at(5)), ("deleted", &blank, &blank, at(1002))];
    assert_eq!(told, expected);
    assert_eq!(changes[1].noticed_at, at(1001));
}

#[test]
fn an_older_version_replaces_nothing_and_restores_nothing() {
    let mut copying = Copying::new();
    copying.apply_rows(vec![contact(1, "new", 9)]);
    assert_eq!(copying.apply_rows(vec![contact(1, "old", 3)]).unchanged, 1);
    copying.apply_gone(&[1]);
    assert_eq!(copying.apply_rows(vec![contact(1, "old", 3)]).unchanged, 1);
    assert_eq!(copying.ids(), Vec::<i64>::new());
}

#[test]
fn the_same_batch_twice_is_out_of_order_and_changes_nothing() {
    let mut copying = Copying::new();
    copying.apply_rows(vec![contact(1, "Al", 1)]);
    let batch = Batch { rows: packed(vec![contact(1, "Bo", 2)]), ..copying.batch(contacts()) };
    copying.apply(batch.clone());
    let before = copying.copy.latest_seq().unwrap();
    let again = copying.copy.apply(batch).unwrap_err();
    assert!(matches!(again, CopyError::OutOfOrder { stream: Stream::Contacts }), "{again}");
    assert_eq!(copying.copy.latest_seq().unwrap(), before);
}

#[test]
fn a_sweep_takes_what_the_pass_did_not_show_and_nothing_that_came_meanwhile() {
    let mut copying = Copying::new();
    copying.apply_rows(vec![contact(1, "seen", 1), contact(2, "unseen", 1), contact(3, "touched", 1)]);
    let first = Batch { rows: packed(vec![contact(1, "seen", 1)]), pass: Some(1), ..copying.batch(contacts()) };
    copying.apply(first);
    copying.apply_rows(vec![contact(3, "touched", 1), contact(4, "new", 1)]);
    let last = Batch { pass: Some(1), sweep: Some(1), ..copying.batch(contacts()) };
    assert_eq!(copying.apply(last).deleted, 1);
    assert_eq!(copying.ids(), [1, 3, 4]);
}

#[test]
fn a_seen_row_that_is_the_same_takes_no_number() {
    let mut copying = Copying::new();
    copying.apply_rows(vec![contact(1, "Al", 1)]);
    let before = copying.copy.latest_seq().unwrap();
    let seen = Batch { rows: packed(vec![contact(1, "Al", 1)]), pass: Some(1), ..copying.batch(contacts()) };
    copying.apply(seen);
    assert_eq!(copying.copy.latest_seq().unwrap(), before);
}

#[test]
fn a_new_column_changes_rows_but_is_no_change_of_the_account() {
    let mut copying = Copying::new();
    copying.apply_rows(vec![contact(1, "Al", 1), contact(2, "Bo", 1)]);
    let mut wider = contacts();
    wider.columns.push(own_column("cf_plan", ColumnKind::Text, "Plan", 7));
    let mut row = contact(1, "Al", 1);
    row.cells.push(text("Gold"));
    let batch = Batch { rows: packed(vec![row.clone()]), ..copying.batch(wider.clone()) };
    assert_eq!(copying.apply(batch).updated, 1);
    let changes = copying.copy.changes_since(0, 10).unwrap();
    assert!(changes.iter().all(|change| change.field == "created"), "{changes:?}");
    let rows = copying.copy.rows_by_id(Stream::Contacts, None, 10).unwrap();
    assert_eq!((&rows[0].row, rows[1].row.cells.last()), (&row, Some(&Cell::Blank)));
    assert_eq!(copying.copy.schema(Stream::Contacts).unwrap(), Some(wider));
}

#[test]
fn rows_since_a_number_are_those_that_changed_after_it() {
    let mut copying = Copying::new();
    copying.apply_rows(vec![contact(1, "Al", 1), contact(2, "Bo", 1), contact(3, "Cy", 1)]);
    let seen = copying.copy.latest_seq().unwrap();
    copying.apply_rows(vec![contact(3, "Cyd", 2)]);
    copying.apply_gone(&[1]);
    let since = copying.copy.rows_since(Stream::Contacts, seen, 10).unwrap();
    let told: Vec<_> = since.iter().map(|copied| (copied.row.id, copied.deleted_at)).collect();
    assert_eq!(told, [(3, None), (1, Some(at(1002)))]);
    assert_eq!(copying.copy.rows_since(Stream::Contacts, seen, 1).unwrap().len(), 1);
}

#[test]
fn a_row_of_the_wrong_shape_is_refused_with_its_whole_batch() {
    let mut copying = Copying::new();
    let mut short = contact(2, "Bo", 1);
    short.cells.pop();
    let batch = Batch { rows: packed(vec![contact(1, "Al", 1), short]), ..copying.batch(contacts()) };
    let error = copying.copy.apply(batch).unwrap_err();
    assert_eq!(error.to_string(), "row 2 of contacts has 3 cells, its schema 4 columns");
    assert_eq!(copying.ids(), Vec::<i64>::new());
}

#[test]
fn runs_are_kept_and_replaced_by_id() {
    let mut copying = Copying::new();
    let run = |id, requests| Run {
        id,
        began: at(0),
        ended: None,
        outcome: None,
        requests,
        streams: [(Stream::Deals, Applied { created: 3, ..Applied::default() })].into(),
        details: serde_json::Value::Null,
    };
    for run in [run(1, 10), run(2, 0), run(2, 20)] {
        copying.copy.put_run(&run).unwrap();
    }
    let reopened = Copy::open(&copying.path()).unwrap();
    assert_eq!(reopened.runs(10).unwrap(), [run(2, 20), run(1, 10)]);
}

#[test]
fn a_file_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Copy::open(&path).unwrap_err();
    assert!(error.to_string().contains("is of version 99, this program knows 2"), "{error}");
}
