//! Random batches under changing columns, published after each: a sink that follows equals one that is filled afresh.

use std::path::Path;

use leadgate_core::sync::{Cell, ColumnKind, Row, Schema, Stream};
use leadgate_warehouse::{Batch, SinkSpec};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::support::{Copying, at, contacts, own_column, text};

#[derive(Clone, Debug)]
struct Step {
    /// Which columns the account has.
    variant: usize,
    rows: Vec<(i64, u8)>,
    gone: Vec<i64>,
}

/// The same field under two names and of two kinds, another field of the same name, two fields that swap names, and no field.
fn schema(variant: usize) -> Schema {
    let mut schema = contacts();
    let own = |name, kind, field| own_column(name, kind, "Plan", field);
    schema.columns.extend(match variant {
        0 => vec![],
        1 => vec![own("cf_a", ColumnKind::Text, 7)],
        2 => vec![own("cf_b", ColumnKind::Text, 7)],
        3 => vec![own("cf_a", ColumnKind::Integer, 7)],
        4 => vec![own("cf_a", ColumnKind::Text, 8)],
        5 => vec![own("cf_a", ColumnKind::Text, 7), own("cf_b", ColumnKind::Text, 8)],
        _ => vec![own("cf_b", ColumnKind::Text, 7), own("cf_a", ColumnKind::Text, 8)],
    });
    schema
}

fn row(schema: &Schema, id: i64, value: u8) -> Row {
    let own = schema.columns[4..].iter().map(|column| match column.kind {
        ColumnKind::Integer => Cell::Integer(i64::from(value)),
        _ => text(&format!("{value}{}", if value == 0 { "" } else { " plans" })),
    });
    let amount = Cell::Decimal(rust_decimal::Decimal::new(i64::from(value), 1));
    let cells = [Cell::Integer(id), text(&format!("name {value}")), amount, Cell::Time(at(0))];
    Row { id, updated_at: None, cells: cells.into_iter().chain(own).collect() }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rows = prop::collection::vec((1..6_i64, 0..4_u8), 0..4);
    let gone = prop::collection::vec(1..6_i64, 0..2);
    let step = (0..7_usize, rows, gone).prop_map(|(variant, rows, gone)| Step { variant, rows, gone });
    prop::collection::vec(step, 1..10)
}

/// The cells of the columns of today: a sink that follows may have others, of fields that are gone.
fn dump(path: &Path, schema: &Schema) -> Vec<Vec<rusqlite::types::Value>> {
    let connection = Connection::open(path).unwrap();
    let names: Vec<_> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let mut query = connection.prepare(&format!("SELECT {} FROM contacts ORDER BY id", names.join(", "))).unwrap();
    let rows = query.query_map([], |row| (0..names.len()).map(|index| row.get(index)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

fn publish(copying: &Copying, path: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut sink = SinkSpec::parse(path.to_str().unwrap()).unwrap().open().unwrap();
    runtime.block_on(sink.publish(&copying.path(), &[Stream::Contacts])).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_sink_that_follows_equals_a_fresh_one(steps in steps()) {
        let mut copying = Copying::new();
        let followed = copying.folder.path().join("followed.db");
        for (number, step) in steps.iter().enumerate() {
            let schema = schema(step.variant);
            let rows = step.rows.iter().map(|(id, value)| row(&schema, *id, *value).into()).collect();
            let batch = Batch { rows, gone: step.gone.clone(), ..copying.batch(schema.clone()) };
            copying.apply(batch);
            publish(&copying, &followed);
            let fresh = copying.folder.path().join(format!("fresh{number}.db"));
            publish(&copying, &fresh);
            prop_assert_eq!(dump(&followed, &schema), dump(&fresh, &schema));
        }
    }
}
