//! Pages of rows on their way into the copy: what the quick walk takes is what a parser reads, and what it does not take breaks nothing.
#![no_main]

use std::sync::Arc;

use leadgate_core::sync::{RawJson, RawMembers, RawRow, Rows, RowsIn};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let text: Arc<str> = String::from_utf8_lossy(input).into();
    let Some(walked) = RowsIn::new(&text).members() else { return };
    let read: RawMembers<'_> = serde_json::from_str(&text).expect("only JSON is walked to its end");
    assert_eq!(walked.len(), read.iter().count(), "a member was left out or made up");
    for ((name, held), (read_name, json)) in walked.into_iter().zip(read.iter()) {
        assert_eq!(name, read_name);
        match held {
            Rows::Of(rows) => {
                let read = RowsIn::new(&text).read(json.as_str()).expect("only lists of objects are rows");
                assert_eq!(members(&rows), members(&read));
                rows.iter().flat_map(RawRow::own).for_each(|(_, json)| parts_are_equal(json));
            }
            Rows::None(other) => assert_eq!(other.as_str(), json.as_str()),
        }
    }
});

fn members(rows: &[RawRow]) -> Vec<Vec<(&str, &str)>> {
    rows.iter().map(|row| row.own().map(|(name, json)| (name, json.as_str())).collect()).collect()
}

/// The parts of a cell, walked and read.
fn parts_are_equal(cell: RawJson<'_>) {
    let items: Vec<&str> = cell.items().map(RawJson::as_str).collect();
    let read: Vec<&RawValue> = serde_json::from_str(cell.as_str()).unwrap_or_default();
    assert_eq!(items, read.iter().map(|item| item.get()).collect::<Vec<_>>());
    let read: Option<RawMembers<'_>> = serde_json::from_str(cell.as_str()).ok();
    let told = |members: RawMembers<'_>| {
        members.iter().map(|(name, json)| (name.to_owned(), json.as_str().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(cell.members().map(told), read.map(told));
}
