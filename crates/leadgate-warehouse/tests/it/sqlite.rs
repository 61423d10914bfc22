//! Tables in a SQLite file.

use std::path::{Path, PathBuf};

use leadgate_core::sync::Stream;
use leadgate_warehouse::{Batch, SinkSpec};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::samples::{copied, damage, evolved, forget, move_on, name_somebody, of_deals, publish};

fn target() -> (TempDir, PathBuf, SinkSpec) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    let spec = SinkSpec::parse(path.to_str().unwrap()).unwrap();
    (folder, path, spec)
}

/// Every cell of a table as `type value`, in the order of its keys.
fn dump(path: &Path, table: &str) -> Vec<Vec<String>> {
    let connection = Connection::open(path).unwrap();
    let mut query = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
    let count = query.column_count();
    let cell = |row: &rusqlite::Row<'_>, index| format!("{:?}", row.get_ref(index).unwrap().to_owned_for_test());
    let rows = query.query_map([], |row| Ok((0..count).map(|index| cell(row, index)).collect())).unwrap();
    rows.map(Result::unwrap).collect()
}

trait Shown {
    fn to_owned_for_test(&self) -> rusqlite::types::Value;
}

impl Shown for rusqlite::types::ValueRef<'_> {
    fn to_owned_for_test(&self) -> rusqlite::types::Value {
        (*self).try_into().unwrap()
    }
}

#[tokio::test]
async fn tables_are_typed_and_exact() {
    let (_folder, path, spec) = target();
    publish(&copied(), &spec).await;
    let rows = dump(&path, "deals");
    let expected = [
        "Integer(9007199254740993123)",
        "Text(\"Größe \\\"XL\\\", 日本\")",
        "Text(\"1234567890123456.78\")",
        "Integer(1)",
        "Text(\"2026-02-28\")",
        "Text(\"2026-11-27T04:30:00.5Z\")",
        "Text(\"[\\\"a,b\\\",{\\\"c\\\":null}]\")",
        "Text(\"=HYPERLINK(\\\"x\\\")\")",
    ];
    assert_eq!(rows[2], expected);
    assert!(rows[0][1..].iter().all(|cell| cell == "Null"), "{rows:?}");
    assert_eq!(dump(&path, "changes").len(), 3);
}

#[tokio::test]
async fn publishing_after_changes_equals_publishing_afresh_and_twice_changes_nothing() {
    let (_folder, path, spec) = target();
    let (_other_folder, fresh, fresh_spec) = target();
    let mut copying = copied();
    publish(&copying, &spec).await;
    move_on(&mut copying);
    assert_eq!(of_deals(&publish(&copying, &spec).await), (2, 1));
    assert_eq!(of_deals(&publish(&copying, &spec).await), (0, 0));
    publish(&copying, &fresh_spec).await;
    assert_eq!(dump(&path, "deals"), dump(&fresh, "deals"));
    assert_eq!(dump(&path, "changes"), dump(&fresh, "changes"));
}

#[tokio::test]
async fn columns_are_added_renamed_and_retired() {
    let (_folder, path, spec) = target();
    let mut copying = copied();
    publish(&copying, &spec).await;
    let (schema, row) = evolved();
    let batch = Batch { rows: vec![row.into()], ..copying.batch(schema) };
    copying.apply(batch);
    let deals = publish(&copying, &spec).await.tables["deals"].clone();
    assert_eq!((deals.added.len(), deals.renamed.len(), deals.retired), (1, 1, vec!["tags".to_owned()]));
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT cf_tier, cf_seats, tags FROM deals ORDER BY id DESC";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let first: (String, i64, String) = connection.query_row(sql, [], read).unwrap();
    assert_eq!(first, ("=HYPERLINK(\"x\")".into(), 12, "[\"a,b\",{\"c\":null}]".into()));
}

#[tokio::test]
async fn a_publish_that_is_cut_leaves_the_old_rows() {
    let (_folder, path, spec) = target();
    let mut copying = copied();
    publish(&copying, &spec).await;
    let before = (dump(&path, "deals"), dump(&path, "changes"));
    move_on(&mut copying);
    damage(&copying);
    spec.open().unwrap().publish(&copying.path(), &[Stream::Deals]).await.unwrap_err();
    assert_eq!((dump(&path, "deals"), dump(&path, "changes")), before);
}

#[tokio::test]
async fn a_copy_made_anew_replaces_what_the_old_one_said() {
    let (_folder, path, spec) = target();
    let mut old = copied();
    move_on(&mut old);
    publish(&old, &spec).await;
    assert_eq!(of_deals(&publish(&copied(), &spec).await), (3, 0));
    assert_eq!(dump(&path, "deals").len(), 3);
}

#[tokio::test]
async fn the_history_of_a_copy_before_this_one_stays() {
    let (_folder, path, spec) = target();
    let mut old = copied();
    move_on(&mut old);
    publish(&old, &spec).await;
    let before = dump(&path, "changes");
    let mut new = copied();
    publish(&new, &spec).await;
    let after = dump(&path, "changes");
    assert_eq!(after[..before.len()], before);
    let created = |row: &Vec<String>| (row[2].clone(), row[3].clone());
    assert_eq!(
        after[before.len()..].iter().map(created).collect::<Vec<_>>().len(),
        1,
        "the row that was gone: {after:?}"
    );
    move_on(&mut new);
    publish(&new, &spec).await;
    assert_eq!(dump(&path, "changes").len(), after.len() + 3);
}

#[tokio::test]
async fn the_history_of_a_copy_that_somebody_was_taken_out_of_goes() {
    let ((_folder, path, spec), mut copying) = (target(), copied());
    name_somebody(&mut copying, "ada@example.org");
    publish(&copying, &spec).await;
    assert!(format!("{:?}", dump(&path, "changes")).contains("ada@example.org"));
    forget(&mut copying, "ada@example.org");
    publish(&copying, &spec).await;
    let (_other, fresh, to_fresh) = target();
    publish(&copying, &to_fresh).await;
    assert!(!format!("{:?}", dump(&path, "changes")).contains("ada@example.org"));
    assert_eq!(dump(&path, "changes"), dump(&fresh, "changes"));
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    let (_folder, path, spec) = target();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE deals (mine TEXT)").unwrap();
    let copying = copied();
    let error = spec.open().unwrap().publish(&copying.path(), &[Stream::Deals]).await.unwrap_err();
    assert!(error.to_string().contains("could not write to the SQLite file"), "{error}");
    let error = spec.open().unwrap().check(&[Stream::Deals]).await.unwrap_err();
    assert!(error.to_string().contains("has a table deals that is not leadgate's"), "{error}");
    assert_eq!(dump(&path, "deals").len(), 0);
}
