//! What hangs on one record: its tasks, appointments, e-mails and files. Some of these paths exist only without `/api`.

use crate::model::{Kind, Record, State};
use crate::wire::{Call, Render, Reply, WrittenList};

/// Live records of a kind that hang on another record, oldest first.
pub(super) fn linked(state: &State, kind: Kind, to: (Kind, i64)) -> impl DoubleEndedIterator<Item = &Record> {
    let table = state.table(kind);
    table.linked_to(to.0, to.1).iter().filter_map(|&id| table.get(id)).map(AsRef::as_ref)
}

/// Records in the order that the call asks for, where the account heeds it; else as they are.
pub(super) fn ordered<'a>(state: &State, call: &Call, records: impl Iterator<Item = &'a Record>) -> Vec<&'a Record> {
    let mut records: Vec<&Record> = records.collect();
    if state.switches.activities_heed_sort && call.query("sort") == Some("updated_at") {
        records.sort_by_key(|record| (record.updated_at, record.id));
        if call.query("sort_type").is_some_and(|word| word.eq_ignore_ascii_case("desc")) {
            records.reverse();
        }
    }
    records
}

/// A list of records with the side loads that were asked for.
pub(super) fn rows<'a>(
    state: &State,
    call: &Call,
    kind: Kind,
    records: impl Iterator<Item = &'a Record>,
    meta: Option<serde_json::Value>,
) -> Reply {
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let mut list = WrittenList::new(render);
    records.for_each(|record| list.add(record));
    list.reply(kind, meta.as_ref())
}
