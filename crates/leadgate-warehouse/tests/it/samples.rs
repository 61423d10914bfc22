//! Deals with everything that is hard to publish: ids of 19 digits, decimals, offsets, blanks, empty texts, other scripts, formulas.

use leadgate_core::erasure::{Marks, Person};
use leadgate_core::identity::Email;
use leadgate_core::sync::{Cell, ColumnKind, Row, Schema, Stream};
use leadgate_warehouse::{Applied, Batch, ForgetPass, Published, SinkSpec};
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::{Copying, at, column, own_column, packed, text};

/// The first deal's id.
pub(crate) const BIG: i64 = 9_007_199_254_740_993_123;

pub(crate) fn deals() -> Schema {
    let columns = vec![
        column("id", ColumnKind::Integer),
        column("name", ColumnKind::Text),
        column("amount", ColumnKind::Decimal),
        column("won", ColumnKind::Boolean),
        column("expected_close", ColumnKind::Date),
        column("updated_at", ColumnKind::Time),
        column("tags", ColumnKind::Json),
        own_column("cf_plan", ColumnKind::Text, "Plan's \\ name", 31),
    ];
    Schema { stream: Stream::Deals, columns }
}

fn deal(id: i64, cells: [Cell; 7]) -> Row {
    let cells = std::iter::once(Cell::Integer(id)).chain(cells).collect();
    Row { id, updated_at: Some(at(1)), cells }
}

/// A full row, a blank one, and one of texts that mean something to somebody.
pub(crate) fn some_deals() -> Vec<Row> {
    let blank = || Cell::Blank;
    let full = [
        text("Größe \"XL\", 日本"),
        Cell::Decimal(Decimal::new(123_456_789_012_345_678, 2)),
        Cell::Boolean(true),
        Cell::Date(jiff::civil::date(2026, 2, 28)),
        Cell::Time("2026-11-27T10:00:00.5+05:30".parse().unwrap()),
        Cell::Json(json!(["a,b", {"c": null}])),
        text("=HYPERLINK(\"x\")"),
    ];
    let blanks = [blank(), blank(), blank(), blank(), blank(), blank(), blank()];
    let odd = [
        text("two\r\nlines\tand \\N"),
        Cell::Decimal(Decimal::new(-5, 0)),
        Cell::Boolean(false),
        blank(),
        Cell::Time(at(0)),
        Cell::Json(json!({})),
        text(""),
    ];
    vec![deal(BIG, full), deal(2, blanks), deal(3, odd)]
}

/// A copy of those.
pub(crate) fn copied() -> Copying {
    let mut copying = Copying::new();
    apply(&mut copying, some_deals(), &[]);
    copying
}

pub(crate) fn apply(copying: &mut Copying, rows: Vec<Row>, gone: &[i64]) -> Applied {
    let batch = Batch { rows: packed(rows), gone: gone.to_vec(), ..copying.batch(deals()) };
    copying.apply(batch)
}

/// One row changed, one gone, one new.
pub(crate) fn move_on(copying: &mut Copying) {
    let mut rows = some_deals();
    rows.remove(1);
    rows[0].cells[1] = text("renamed");
    rows[1] = Row { id: 4, updated_at: None, cells: rows[1].cells.clone() };
    rows[1].cells[0] = Cell::Integer(4);
    apply(copying, rows, &[2]);
}

/// The name of a deal was an address, and is not any more.
pub(crate) fn name_somebody(copying: &mut Copying, address: &str) {
    for name in [address, "renamed"] {
        let mut rows = some_deals();
        rows[0].cells[1] = text(name);
        apply(copying, rows, &[]);
    }
}

/// Takes whoever has the address out of the copy.
pub(crate) fn forget(copying: &mut Copying, address: &str) {
    let person = Person { emails: vec![Email::parse(address).unwrap()], ..Person::default() };
    let (mut marks, mut pass) = (Marks::new(&person, [7; 16]), ForgetPass::default());
    while !pass.ended {
        copying.copy.forget_some(&mut marks, &mut pass, 100, true).unwrap();
    }
}

/// Makes the last row unreadable, so that whoever reads all rows fails in the middle.
pub(crate) fn damage(copying: &Copying) {
    let connection = rusqlite::Connection::open(copying.path()).unwrap();
    connection.execute("UPDATE bodies SET cells = x'ff' WHERE number = (SELECT max(number) FROM bodies)", []).unwrap();
}

pub(crate) async fn publish(copying: &Copying, to: &SinkSpec) -> Published {
    to.open().unwrap().publish(&copying.path(), &[Stream::Deals, Stream::Contacts]).await.unwrap()
}

/// How many rows were written to the table of deals, and how many taken out.
pub(crate) fn of_deals(published: &Published) -> (u64, u64) {
    let deals = &published.tables["deals"];
    (deals.written, deals.removed)
}

/// The columns after an admin renamed one field, took one away and made another.
pub(crate) fn evolved() -> (Schema, Row) {
    let mut schema = deals();
    schema.columns[7] = own_column("cf_tier", ColumnKind::Text, "Tier", 31);
    schema.columns.remove(6);
    schema.columns.push(own_column("cf_seats", ColumnKind::Integer, "Seats", 32));
    let mut row = some_deals().remove(0);
    row.cells.remove(6);
    row.cells.push(Cell::Integer(12));
    (schema, row)
}
