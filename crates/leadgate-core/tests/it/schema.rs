//! Rows are shaped as their columns say, whatever the CRM sends; and `docs/streams.md` shows the columns that there are.

use std::fmt::Write as _;
use std::path::PathBuf;

use leadgate_core::sync::schema::{known_columns, shown};
use leadgate_core::sync::{Cell, ColumnKind, FieldRow, RawRow, Schema, Shaped, Shaper, Stream, shape};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, Value, json};

fn object(value: Value) -> RawRow {
    RawRow::of_object(value.as_object().unwrap())
}

fn field(name: &str, kind: &str) -> FieldRow {
    let row = json!({"record": "deals", "field_id": 7, "name": name, "label": name, "type": kind, "is_custom": true});
    FieldRow::of_raw(&object(row)).unwrap()
}

/// The cell of one column of a deal, or what was expected of it.
fn cell(schema: &Schema, column: &str, value: Value) -> Result<Cell, &'static str> {
    let row = if column.starts_with("cf_") {
        json!({"id": 1, "custom_field": {column: value}})
    } else {
        json!({"id": 1, column: value})
    };
    match shape(schema, &object(row)) {
        Ok(row) => Ok(row.cells[schema.position(column).unwrap()].clone()),
        Err(error) => Err(error.expected),
    }
}

#[rstest]
#[case("amount", json!("5600.0"), r#"{"decimal":"5600"}"#)]
#[case("amount", json!(0.1), r#"{"decimal":"0.1"}"#)]
#[case("amount", json!("123456789012345678.12"), r#"{"decimal":"123456789012345678.12"}"#)]
#[case("amount", json!(null), r#""blank""#)]
#[case("amount", json!(""), r#""blank""#)]
#[case("owner_id", json!("71010794477"), r#"{"integer":71010794477}"#)]
#[case("owner_id", json!(1_656_220_499_163_897_856_i64), r#"{"integer":1656220499163897856}"#)]
#[case("owner_id", json!(7.0), r#"{"integer":7}"#)]
#[case("stage_updated_time", json!("2023-05-10T20:48:27+02:00"), r#"{"time":"2023-05-10T18:48:27Z"}"#)]
#[case("expected_close", json!("2026-06-30"), r#"{"date":"2026-06-30"}"#)]
#[case("has_products", json!(1), r#"{"boolean":true}"#)]
#[case("has_products", json!("false"), r#"{"boolean":false}"#)]
#[case("name", json!(17), r#"{"text":"17"}"#)]
#[case("tags", json!(["a"]), r#"{"json":["a"]}"#)]
#[case("cf_seats", json!("12"), r#"{"decimal":"12"}"#)]
#[case("cf_picks", json!("a;b c; "), r#"{"json":["a","b c"]}"#)]
#[case("cf_trial", json!(true), r#"{"boolean":true}"#)]
fn values_become_cells(#[case] column: &str, #[case] value: Value, #[case] expected: &str) {
    let own = [field("cf_seats", "number"), field("cf_picks", "multi_select_dropdown"), field("cf_trial", "checkbox")];
    let schema = Schema::of(Stream::Deals, &own);
    assert_eq!(serde_json::to_string(&cell(&schema, column, value).unwrap()).unwrap(), expected);
}

#[rstest]
#[case("amount", json!("much"))]
#[case("owner_id", json!(1.5))]
#[case("owner_id", json!("9223372036854775808"))]
#[case("stage_updated_time", json!("yesterday"))]
#[case("expected_close", json!("30.06.2026"))]
#[case("expected_close", json!("0000-01-01"))]
#[case("stage_updated_time", json!("0001-01-01T00:00:00+05:30"))]
#[case("amount", json!(1e30))]
#[case("has_products", json!("perhaps"))]
#[case("name", json!({"first": "a"}))]
fn what_a_column_cannot_hold_is_an_error_without_the_value(#[case] column: &str, #[case] value: Value) {
    let schema = Schema::of(Stream::Deals, &[]);
    let error = shape(&schema, &object(json!({"id": 42, column: value}))).unwrap_err();
    let told = error.to_string();
    assert_eq!((error.row, error.column.as_str()), (Some(42), column));
    assert!(told.starts_with(&format!("column {column} of row 42 of deals holds no ")), "{told}");
    assert!(!value.as_str().is_some_and(|value| told.contains(value)), "{told}");
}

#[test]
fn a_row_needs_its_id_and_tells_when_it_was_changed() {
    let schema = Schema::of(Stream::Users, &[]);
    assert_eq!(shape(&schema, &object(json!({}))).unwrap_err().column, "id");
    let row = shape(&schema, &object(json!({"id": "5", "updated_at": "2026-06-15T14:20:00Z"}))).unwrap();
    assert_eq!((row.id, row.updated_at), (5, "2026-06-15T14:20:00Z".parse().ok()));
}

#[test]
fn a_value_that_does_not_fit_is_left_out_of_its_row_alone() {
    let schema = Schema::of(Stream::Deals, &[field("cf_seats", "number")]);
    let row = json!({"id": 42, "name": "Engine", "custom_field": {"cf_seats": 1e30}});
    let Shaped { row, unfit } = Shaper::new(&schema).shape_what_fits(&object(row)).unwrap();
    let cell = |column: &str| &row.cells[schema.position(column).unwrap()];
    assert_eq!((cell("name"), cell("cf_seats")), (&Cell::Text("Engine".into()), &Cell::Blank));
    assert_eq!(unfit.iter().map(|error| error.column.as_str()).collect::<Vec<_>>(), ["cf_seats"]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9.eE+-]{1,30}".prop_map(Value::from),
        "20[0-9]{2}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:00:00(Z|[+-]0[0-9]:00))?".prop_map(Value::from),
        "[a-c;, ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,8}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A row of the stream with some columns given, and an own field of each type.
fn any_row() -> impl Strategy<Value = (Schema, RawRow)> {
    let own: Vec<FieldRow> = ["number", "checkbox", "date", "date_time", "text", "multi_select_dropdown", "lookup"]
        .iter()
        .map(|kind| field(&format!("cf_{kind}"), kind))
        .collect();
    let schema = Schema::of(Stream::Deals, &own);
    let names: Vec<String> = schema.columns.iter().map(|column| column.name.clone()).collect();
    let cells = prop::collection::hash_map(prop::sample::select(names), any_json(), 0..6);
    let row = (any::<i64>(), cells).prop_map(|(id, cells)| {
        let (own, plain): (Map<_, _>, Map<_, _>) = cells.into_iter().partition(|(name, _)| name.starts_with("cf_"));
        let mut row = plain;
        row.insert("id".into(), id.into());
        row.insert("custom_field".into(), own.into());
        RawRow::of_object(&row)
    });
    (Just(schema), row)
}

proptest! {
    #[test]
    fn shaping_what_was_shaped_changes_nothing((schema, row) in any_row()) {
        if let Ok(shaped) = shape(&schema, &row) {
            prop_assert_eq!(shaped.cells.len(), schema.columns.len());
            prop_assert_eq!(shape(&schema, &RawRow::of_object(&shown(&schema, &shaped))), Ok(shaped));
        }
    }
}

const INTRODUCTION: &str = "# Streams and their columns

What `leadgate sync` copies, stream by stream. This page is generated from the tables in `crates/leadgate-core/src/sync/schema/known`;
`UPDATE_DOCS=1 cargo nextest run -p leadgate-core streams_page` writes it anew.

Beside these columns a stream has one for each field that the account added to it: `cf_` and the rest of the field's name, with `_` for what a column's name
cannot have. Its type follows the field's: a number is a `decimal`, a checkbox a `boolean`, a date a `date`, a date with a time a `time`, a lookup an `integer`, a
choice of several a `json` list, anything else `text`.

Ids have up to 19 digits. Times are in UTC, whatever zone the account shows. Decimals are exact. A cell is blank where the account has no value, or is of the
other generation. `json` cells hold lists and objects as the CRM shows them; several choices in one text become a list.

A column marked with `*` can change without the CRM telling the row as changed: names of what a row points at, and what is counted or derived from other records. It is
right as of the last time the row was read.

Left out is what differs at every read or with every day: links, pictures, tokens, ages, forecasts by the CRM, the next activity of a deal.
";

fn kind_name(kind: ColumnKind) -> String {
    serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default()
}

fn ways(stream: Stream) -> String {
    let changes = if stream.tells_changes() { "those that changed can be asked for" } else { "always read whole" };
    let deleted =
        if stream.tells_deletions() { "deleted ones from the recycle bin" } else { "deleted ones by comparing" };
    let beside: Vec<String> = stream.beside().iter().map(|other| format!("; brings {other}")).collect();
    format!("{changes}; {deleted}{}", beside.concat())
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for stream in Stream::ALL {
        let _ = write!(page, "\n## {stream}\n\n{}.\n\n| column | type | meaning |\n|---|---|---|\n", ways(stream));
        for column in known_columns(stream) {
            let mark = if column.lags { "\\*" } else { "" };
            let _ = writeln!(page, "| `{}`{mark} | {} | {} |", column.name, kind_name(column.kind), column.meaning);
        }
    }
    page
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the test asks for the page by it")]
fn streams_page_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/streams.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page(), "docs/streams.md has drifted; UPDATE_DOCS=1 writes it anew");
}
