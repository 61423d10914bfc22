//! The account's own dump, and the copy beside it.

use std::collections::BTreeMap;
use std::path::Path;

use freshsales_sandbox::{Account, Kind};
use leadgate_core::sync::schema::known_columns;
use leadgate_core::sync::{Cell, RawRow, Row, Schema, Stream, shape};
use leadgate_warehouse::Copy;
use serde_json::Value;

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

/// A cell with something in it: lists and the dump differ in how they show that there is nothing.
fn filled(cell: &Cell) -> Option<&Cell> {
    match cell {
        Cell::Blank => None,
        Cell::Json(Value::Array(values)) if values.is_empty() => None,
        Cell::Text(text) if text.is_empty() => None,
        other => Some(other),
    }
}
