//! The account's own dump, and the copy beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use freshsales_sandbox::{Account, Kind};
use leadgate_core::sync::schema::known_columns;
use leadgate_core::sync::{Cell, Column, RawRow, Row, Schema, Stream, shape};
use leadgate_warehouse::Copy;
use serde_json::{Map, Value};

pub(super) const RECORDS: [(Stream, Kind); 4] = [
    (Stream::SalesAccounts, Kind::SalesAccount),
    (Stream::Contacts, Kind::Contact),
    (Stream::Deals, Kind::Deal),
    (Stream::Tasks, Kind::Task),
];

/// The live rows of a stream in the copy, by id, and their columns.
fn copied(copy: &Path, stream: Stream) -> (Schema, BTreeMap<i64, Row>) {
    let copy = Copy::open(copy).unwrap();
    let (mut rows, mut after) = (BTreeMap::new(), None);
    loop {
        let page = copy.rows_by_id(stream, after, 1_000).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.row.id);
        rows.extend(page.into_iter().map(|copied| (copied.row.id, copied.row)));
    }
    (copy.schema(stream).unwrap().unwrap(), rows)
}

/// Fails unless the copy has exactly the account's rows of a kind, and their fields.
pub(super) fn copy_equals_account(copy: &Path, account: &Account, stream: Stream, kind: Kind) {
    compare(copy, account, (stream, kind), false);
}

/// `may_lack`: the account's own dump shows fields that its generation does not.
fn compare(copy: &Path, account: &Account, (stream, kind): (Stream, Kind), may_lack: bool) {
    let (schema, mut copied) = copied(copy, stream);
    for shown in account.records(kind) {
        let Value::Object(shown) = shown else { panic!("{shown}") };
        let row = shape(&schema, &RawRow::of_object(&shown)).unwrap();
        let mine = copied.remove(&row.id).unwrap_or_else(|| panic!("{stream}: {} is not in the copy", row.id));
        assert_eq!(mine.updated_at, row.updated_at, "{stream} {}", row.id);
        for ((column, mine), shown_cell) in schema.columns.iter().zip(&mine.cells).zip(&row.cells) {
            let lags = known_columns(stream).any(|known| known.name == column.name && known.lags);
            let is_lacking = may_lack && filled(mine).is_none();
            if shown.contains_key(&column.name) && !lags && !is_lacking {
                assert_eq!(filled(mine), filled(shown_cell), "{stream} {}: {}", row.id, column.name);
            }
        }
    }
    let rest: Vec<&i64> = copied.keys().take(10).collect();
    assert!(rest.is_empty(), "{stream}: {} rows in the copy are not in the account, such as {rest:?}", copied.len());
}

/// The same for every kind of record.
pub(super) fn everything_is_equal(copy: &Path, account: &Account) {
    for (stream, kind) in RECORDS {
        copy_equals_account(copy, account, stream, kind);
    }
}

/// The same for an account whose generation does not show every field that the dump has.
pub(super) fn nothing_differs(copy: &Path, account: &Account) {
    for record in RECORDS {
        compare(copy, account, record, true);
    }
}

/// Fails unless the file of a stream, written as NDJSON, has exactly the account's rows of a kind whose ids are `shown`, and their fields.
/// `copy` says which columns it has.
pub(super) fn file_equals_account(
    (copy, folder): (&Path, &Path),
    account: &Account,
    (stream, kind): (Stream, Kind),
    is_shown: impl Fn(i64) -> bool,
) {
    let schema = Copy::open(copy).unwrap().schema(stream).unwrap().unwrap();
    let lags = |name: &str| known_columns(stream).any(|known| known.name == name && known.lags);
    let file = BufReader::new(File::open(folder.join(format!("{stream}.ndjson"))).unwrap());
    let rows = file.lines().map(|line| serde_json::from_str::<Map<String, Value>>(&line.unwrap()).unwrap());
    let mut published: BTreeMap<i64, Map<String, Value>> = rows.map(|row| (row["id"].as_i64().unwrap(), row)).collect();
    for shown in account.records(kind) {
        let Value::Object(shown) = shown else { panic!("{shown}") };
        let row = shape(&schema, &RawRow::of_object(&shown)).unwrap();
        if !is_shown(row.id) {
            continue;
        }
        let mine = published.remove(&row.id).unwrap_or_else(|| panic!("{stream}: {} was not published", row.id));
        for (Column { name, .. }, cell) in schema.columns.iter().zip(&row.cells) {
            if shown.contains_key(name) && !lags(name) {
                assert!(says(&mine[name], cell), "{stream} {}: {name} is {}, not {cell:?}", row.id, mine[name]);
            }
        }
    }
    let rest: Vec<&i64> = published.keys().take(10).collect();
    assert!(rest.is_empty(), "{stream}: {} published rows are not in the account, such as {rest:?}", published.len());
}

/// Whether JSON says what a cell does.
fn says(json: &Value, cell: &Cell) -> bool {
    let text = json.as_str();
    match filled(cell) {
        None => json.is_null() || text == Some("") || json.as_array().is_some_and(Vec::is_empty),
        Some(Cell::Decimal(number)) => text.and_then(|text| text.parse().ok()) == Some(*number),
        Some(Cell::Date(day)) => text.and_then(|text| text.parse().ok()) == Some(*day),
        Some(Cell::Time(moment)) => text.and_then(|text| text.parse().ok()) == Some(*moment),
        Some(Cell::Integer(number)) => json.as_i64() == Some(*number),
        Some(Cell::Boolean(truth)) => json.as_bool() == Some(*truth),
        Some(Cell::Text(words)) => text == Some(words),
        Some(Cell::Json(parts)) => json == parts,
        Some(Cell::Blank) => false,
    }
}

/// A cell with something in it: lists and the dump differ in how they show that there is nothing.
fn filled(cell: &Cell) -> Option<&Cell> {
    match cell {
        Cell::Blank => None,
        Cell::Json(Value::Array(values)) if values.is_empty() => None,
        Cell::Text(text) if text.is_empty() => None,
        other => Some(other),
    }
}
