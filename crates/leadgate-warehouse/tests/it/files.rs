//! Files of every format, published whole and only when something changed.

use std::fs;
use std::path::Path;

use leadgate_core::sync::Stream;
use leadgate_warehouse::{SinkError, SinkSpec, TablePublished};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use rstest::rstest;

use crate::samples::{copied, damage, evolved, move_on, of_deals, publish};
use crate::support::Copying;

fn folder(path: &Path, format: &str) -> SinkSpec {
    SinkSpec::parse_with(&format!("{}/", path.display()), Some(format), None).unwrap()
}

/// Every file of a folder, by name, the manifest aside.
fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| read(entry.unwrap())).collect();
    files.retain(|(name, _)| name != "leadgate-manifest.json");
    files.sort();
    files
}

#[tokio::test]
async fn csv_is_as_the_standard_and_spreadsheets_want_it() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    publish(&copying, &folder(out.path(), "csv")).await;
    let written = fs::read_to_string(out.path().join("deals.csv")).unwrap();
    let expected = "id,name,amount,won,expected_close,updated_at,tags,cf_plan\r\n\
        2,,,,,,,\r\n\
        3,\"two\r\nlines\tand \\N\",-5,false,,2026-09-21T14:13:20Z,{},\"\"\r\n\
        9007199254740993123,\"Größe \"\"XL\"\", 日本\",1234567890123456.78,true,2026-02-28,2026-11-27T04:30:00.5Z,\
        \"[\"\"a,b\"\",{\"\"c\"\":null}]\",\"'=HYPERLINK(\"\"x\"\")\"\r\n";
    assert_eq!(written, expected);
}

#[tokio::test]
async fn ndjson_keeps_ids_as_numbers_and_decimals_as_strings() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    publish(&copying, &folder(out.path(), "ndjson")).await;
    let written = fs::read_to_string(out.path().join("deals.ndjson")).unwrap();
    let expected = r#"{"id":9007199254740993123,"name":"Größe \"XL\", 日本","amount":"1234567890123456.78","won":true,"expected_close":"2026-02-28","updated_at":"2026-11-27T04:30:00.5Z","tags":["a,b",{"c":null}],"cf_plan":"=HYPERLINK(\"x\")"}"#;
    assert_eq!(written.lines().nth(2), Some(expected));
    assert!(written.lines().next().unwrap().starts_with(r#"{"id":2,"name":null,"#));
}

#[tokio::test]
async fn parquet_is_typed() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    publish(&copying, &folder(out.path(), "parquet")).await;
    let file = fs::File::open(out.path().join("deals.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let columns = reader.metadata().file_metadata().schema_descr().columns().to_vec();
    let types: Vec<_> = columns.iter().map(|column| format!("{:?}", column.logical_type_ref())).collect();
    assert!(
        types[2].contains("scale: 9, precision: 38") && types[5].contains("is_adjusted_to_u_t_c: true"),
        "{types:?}"
    );
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows[2].contains("id: 9007199254740993123"), "{}", rows[2]);
    assert!(rows[2].contains("amount: 1234567890123456.780000000"), "{}", rows[2]);
    assert!(rows[0].contains("amount: null"), "{}", rows[0]);
}

#[rstest]
#[case("csv")]
#[case("ndjson")]
#[case("parquet")]
#[tokio::test]
async fn publishing_after_changes_equals_publishing_afresh(#[case] format: &str) {
    let mut copying = copied();
    let (followed, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    publish(&copying, &folder(followed.path(), format)).await;
    move_on(&mut copying);
    assert_eq!(of_deals(&publish(&copying, &folder(followed.path(), format)).await), (3, 0));
    publish(&copying, &folder(fresh.path(), format)).await;
    assert_eq!(files(followed.path()), files(fresh.path()));
    assert_eq!(files(fresh.path()).len(), 2, "deals and changes; contacts were never read");
}

#[tokio::test]
async fn nothing_is_written_if_nothing_changed() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    let spec = folder(out.path(), "csv");
    publish(&copying, &spec).await;
    let written = |name: &str| fs::metadata(out.path().join(name)).unwrap().modified().unwrap();
    let before = [written("deals.csv"), written("changes.csv"), written("leadgate-manifest.json")];
    let again = publish(&copying, &spec).await;
    assert!(again.tables.values().all(|table| *table == TablePublished::default()), "{again:?}");
    assert_eq!([written("deals.csv"), written("changes.csv"), written("leadgate-manifest.json")], before);
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_written_again() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    publish(&copying, &folder(out.path(), "csv")).await;
    fs::remove_file(out.path().join("deals.csv")).unwrap();
    assert_eq!(of_deals(&publish(&copying, &folder(out.path(), "csv")).await), (3, 0));
}

#[rstest]
#[case("csv")]
#[case("parquet")]
#[tokio::test]
async fn a_publish_that_is_cut_leaves_the_old_files(#[case] format: &str) {
    let mut copying = copied();
    let out = tempfile::tempdir().unwrap();
    let spec = folder(out.path(), format);
    publish(&copying, &spec).await;
    let before = files(out.path());
    move_on(&mut copying);
    damage(&copying);
    let error = spec.open().unwrap().publish(&copying.path(), &[Stream::Deals]).await.unwrap_err();
    assert!(matches!(error, SinkError::Copy(_)), "{error}");
    assert_eq!(files(out.path()), before);
}

#[tokio::test]
async fn what_a_dead_process_left_is_removed_and_what_a_living_one_writes_is_not() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    fs::write(out.path().join(".leadgate-dead.part"), "half").unwrap();
    let living = fs::File::create(out.path().join(".leadgate-living.part")).unwrap();
    living.lock().unwrap();
    publish(&copying, &folder(out.path(), "csv")).await;
    let names: Vec<_> = files(out.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [".leadgate-living.part", "changes.csv", "deals.csv"]);
}

#[tokio::test]
async fn the_manifest_says_what_is_there_and_new_columns_are_told() {
    let mut copying = copied();
    let out = tempfile::tempdir().unwrap();
    publish(&copying, &folder(out.path(), "csv")).await;
    let (schema, row) = evolved();
    let batch = leadgate_warehouse::Batch { rows: vec![row.into()], ..copying.batch(schema) };
    copying.apply(batch);
    let deals = publish(&copying, &folder(out.path(), "csv")).await.tables["deals"].clone();
    assert_eq!(deals.added, ["cf_seats"]);
    assert_eq!(deals.renamed, [("cf_plan".to_owned(), "cf_tier".to_owned())]);
    assert_eq!(deals.retired, ["tags"]);
    let manifest = fs::read_to_string(out.path().join("leadgate-manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["tables"]["deals"]["rows"], 3);
    assert_eq!(manifest["tables"]["deals"]["columns"][2]["kind"], "decimal");
    assert_eq!(manifest["tables"]["deals"]["file"], "deals.csv");
}

#[tokio::test]
async fn one_file_holds_one_stream() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    let path = out.path().join("won.csv");
    let spec = SinkSpec::parse(path.to_str().unwrap()).unwrap();
    let error = spec.open().unwrap().publish(&copying.path(), &[Stream::Deals, Stream::Leads]).await.unwrap_err();
    assert!(error.to_string().contains("is one file, but 2 streams are to go there"), "{error}");
    spec.open().unwrap().publish(&copying.path(), &[Stream::Deals]).await.unwrap();
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 5);
    assert!(!out.path().join("changes.csv").exists());
}

#[tokio::test]
async fn a_copy_made_anew_is_published_whole() {
    let out = tempfile::tempdir().unwrap();
    for copying in [copied(), copied()] as [Copying; 2] {
        assert_eq!(of_deals(&publish(&copying, &folder(out.path(), "csv")).await), (3, 0));
    }
}

#[tokio::test]
async fn a_file_that_somebody_else_wrote_is_written_again() {
    let (copying, out) = (copied(), tempfile::tempdir().unwrap());
    let (spec, file) = (folder(out.path(), "csv"), out.path().join("deals.csv"));
    publish(&copying, &spec).await;
    let whole = fs::read(&file).unwrap();
    let mut writer = spec.writer(&crate::samples::deals()).unwrap();
    writer.write(&crate::samples::some_deals()[0]).unwrap();
    writer.finish().await.unwrap();
    let manifest = fs::read_to_string(out.path().join("leadgate-manifest.json")).unwrap();
    assert!(!manifest.contains("deals.csv"), "{manifest}");
    assert_eq!(of_deals(&publish(&copying, &spec).await), (3, 0));
    fs::write(&file, "mine").unwrap();
    publish(&copying, &spec).await;
    assert_eq!(fs::read(&file).unwrap(), whole);
}

#[tokio::test]
async fn one_file_holds_the_stream_that_was_published_last() {
    let (mut copying, out) = (copied(), tempfile::tempdir().unwrap());
    copying.apply_rows(vec![crate::support::contact(1, "Ada", 1)]);
    let path = out.path().join("x.csv");
    let spec = SinkSpec::parse(path.to_str().unwrap()).unwrap();
    for stream in [Stream::Deals, Stream::Contacts, Stream::Deals] {
        spec.open().unwrap().publish(&copying.path(), &[stream]).await.unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 5);
}

#[tokio::test]
async fn changes_of_a_stream_go_as_far_as_its_file() {
    let (mut copying, out) = (copied(), tempfile::tempdir().unwrap());
    let spec = folder(out.path(), "csv");
    copying.apply_rows(vec![crate::support::contact(1, "Ada", 1)]);
    publish(&copying, &spec).await;
    copying.apply_rows(vec![crate::support::contact(1, "Grace", 2)]);
    move_on(&mut copying);
    let changes = async |streams: &[Stream]| {
        spec.open().unwrap().publish(&copying.path(), streams).await.unwrap();
        fs::read_to_string(out.path().join("changes.csv")).unwrap()
    };
    let some = changes(&[Stream::Deals]).await;
    assert!(some.contains("renamed") && !some.contains("Grace"), "{some}");
    assert!(changes(&[Stream::Contacts]).await.contains("Grace"));
}
