//! How fast the copy takes rows and sinks publish them: rows a second, and the most memory that was used.
//!
//! Rows have sixty cells, half of them blank, and come a thousand a batch. Run it in a release build; the first argument is how many
//! thousand rows (100).
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for the person at the terminal")]

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use leadgate_core::sync::{Cell, Column, ColumnKind, Row, Schema, Stream};
use leadgate_warehouse::{Batch, Copy, SinkSpec};

const KINDS: [ColumnKind; 6] = [
    ColumnKind::Text,
    ColumnKind::Decimal,
    ColumnKind::Time,
    ColumnKind::Boolean,
    ColumnKind::Integer,
    ColumnKind::Text,
];

#[tokio::main]
async fn main() {
    let thousands = std::env::args().nth(1).map_or(100, |count| count.parse::<i64>().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    let mut copy = Copy::open(&path).unwrap();
    for (what, pass) in [("created", 1), ("seen again", 2)] {
        let began = Instant::now();
        for number in 0..thousands {
            copy.apply(batch(&copy, number, pass)).unwrap();
        }
        told(what, thousands, began);
    }
    for to in ["out/?format=csv", "out/?format=ndjson", "out/?format=parquet", "mirror.db"] {
        let began = Instant::now();
        let spec = SinkSpec::parse(&format!("{}/{to}", folder.path().display())).unwrap();
        spec.open().unwrap().publish(&path, &[Stream::Contacts]).await.unwrap();
        told(to, thousands, began);
    }
    println!("{}", most_memory());
}

fn told(what: &str, thousands: i64, began: Instant) {
    let rate = (thousands * 1000) as f64 / began.elapsed().as_secs_f64();
    println!("{what:<20} {rate:>10.0} rows/s");
}

fn most_memory() -> String {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: not known here").to_owned()
}

fn batch(copy: &Copy, number: i64, pass: u64) -> Batch {
    let first = 9_000_000_000_000_000_000 + number * 1000;
    Batch {
        stream: Stream::Contacts,
        schema: schema(),
        rows: (first..first + 1000).map(|id| row(id).into()).collect(),
        gone: Vec::new(),
        pass: Some(pass),
        sweep: None,
        from_state: copy.state(Stream::Contacts).unwrap(),
        to_state: format!("{pass} {number}"),
        at: Timestamp::from_second(1_790_000_000).unwrap(),
    }
}

fn schema() -> Schema {
    let column = |(name, kind): (String, ColumnKind)| Column { name, kind, label: None, field: None };
    let mut columns = vec![column(("id".into(), ColumnKind::Integer))];
    columns.extend((1..60).map(|index| column((format!("column_{index}"), KINDS[index % KINDS.len()]))));
    Schema { stream: Stream::Contacts, columns }
}

fn row(id: i64) -> Row {
    let cell = |index: usize| match KINDS[index % KINDS.len()] {
        _ if index.is_multiple_of(2) => Cell::Blank,
        ColumnKind::Text => Cell::Text(format!("text {index} of the row with the id {id}")),
        ColumnKind::Decimal => Cell::Decimal(rust_decimal::Decimal::new(id % 100_000, 2)),
        ColumnKind::Time => Cell::Time(Timestamp::from_second(id % 1_000_000_000).unwrap()),
        ColumnKind::Boolean => Cell::Boolean(id % 2 == 0),
        _ => Cell::Integer(id),
    };
    let cells = std::iter::once(Cell::Integer(id)).chain((1..60).map(cell)).collect();
    Row { id, updated_at: Timestamp::from_second(1_780_000_000).ok(), cells }
}
