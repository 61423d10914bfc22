//! Rows written without a copy.

use std::fs;
use std::path::Path;

use leadgate_warehouse::{RowWriter, SinkError, SinkSpec, Written};
use rstest::rstest;

use crate::samples::{copied, deals, publish, some_deals};

fn writer(folder: &Path, name: &str) -> RowWriter {
    SinkSpec::parse(folder.join(name).to_str().unwrap()).unwrap().writer(&deals()).unwrap()
}

#[rstest]
#[case("won.csv")]
#[case("won.ndjson")]
#[case("won.parquet")]
#[case("won.db")]
#[tokio::test]
async fn rows_are_there_when_the_writer_has_finished_and_not_before(#[case] name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), name);
    some_deals().iter().for_each(|row| writer.write(row).unwrap());
    assert!(!folder.path().join(name).exists());
    assert_eq!(writer.finish().await.unwrap(), Written { rows: 3, rounded: 0 });
    assert!(folder.path().join(name).exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_writer_that_is_dropped_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("won.csv"), "old").unwrap();
    let mut writer = writer(folder.path(), "won.csv");
    writer.write(&some_deals()[0]).unwrap();
    drop(writer);
    assert_eq!(fs::read_to_string(folder.path().join("won.csv")).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_writer_writes_what_a_sink_publishes() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), "deals.csv");
    let mut rows = some_deals();
    rows.sort_by_key(|row| row.id);
    rows.iter().for_each(|row| writer.write(row).unwrap());
    writer.finish().await.unwrap();
    let out = folder.path().join("out/");
    publish(&copied(), &SinkSpec::parse(&format!("{}/", out.display())).unwrap()).await;
    assert_eq!(fs::read(folder.path().join("deals.csv")).unwrap(), fs::read(out.join("deals.csv")).unwrap());
}

#[tokio::test]
async fn a_table_is_replaced_by_the_rows_and_of_two_with_one_id_the_later_counts() {
    let folder = tempfile::tempdir().unwrap();
    let spec = SinkSpec::parse(folder.path().join("won.db").to_str().unwrap()).unwrap();
    let mut first = spec.writer(&deals()).unwrap();
    some_deals().iter().for_each(|row| first.write(row).unwrap());
    first.finish().await.unwrap();
    let mut writer = spec.writer(&deals()).unwrap();
    writer.check().await.unwrap();
    let mut again = some_deals().remove(2);
    writer.write(&again).unwrap();
    again.cells[1] = crate::support::text("later");
    writer.write(&again).unwrap();
    writer.finish().await.unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("won.db")).unwrap();
    let names: String = connection.query_row("SELECT group_concat(name) FROM deals", [], |row| row.get(0)).unwrap();
    assert_eq!(names, "later");
}

#[tokio::test]
async fn a_table_that_follows_a_copy_is_not_replaced_and_one_that_was_exported_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let spec = SinkSpec::parse(folder.path().join("won.db").to_str().unwrap()).unwrap();
    let mut writer = spec.writer(&deals()).unwrap();
    writer.write(&some_deals()[0]).unwrap();
    writer.finish().await.unwrap();
    publish(&copied(), &spec).await;
    let writer = spec.writer(&deals()).unwrap();
    assert!(writer.check().await.unwrap_err().to_string().contains("is kept equal to the account"));
    assert!(writer.finish().await.is_err());
    let connection = rusqlite::Connection::open(folder.path().join("won.db")).unwrap();
    let count = |table: &str| -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("deals"), count("changes")), (3, 3));
}

#[test]
fn a_row_of_the_wrong_shape_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut row = some_deals().remove(0);
    row.cells.pop();
    let error = writer(folder.path(), "won.csv").write(&row).unwrap_err();
    assert!(matches!(error, SinkError::Misshapen { cells: 7, columns: 8, .. }), "{error}");
}
