//! Rows of every stream: all of them, once, in the requests that they should cost, resumed anywhere; and never fewer in silence.

mod lying;
mod streams;

use std::collections::BTreeMap;
use std::time::Duration;

use freshsales_sandbox::{Generation, Kind, Switches};
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::sync::{Part, RawRow, RowsPage, RowsQuery, Stream};
use serde_json::{Map, Value, json};

use crate::port::Port;

/// What a whole reading gave.
#[derive(Default)]
struct Read {
    rows: BTreeMap<i64, Map<String, Value>>,
    beside: BTreeMap<i64, Map<String, Value>>,
    /// Rows that came, those that came again among them.
    came: usize,
    withheld: u64,
    requests: u32,
    calls: u32,
}

/// Reads a part to its end; every call gets the cursor as text from the one before.
async fn read(port: &Port, stream: Stream, part: Part, pages: u32) -> Result<Read, CrmFailure> {
    let (mut read, mut from) = (Read::default(), None);
    loop {
        let query = RowsQuery { stream, part: part.clone(), from: from.take(), pages };
        let answer = port.call(CrmCall::ReadRows(query)).await;
        // Finding out what account it is takes one request of the first call.
        let asked = answer.requests - u32::from(read.calls == 0 && answer.requests > pages);
        assert!(asked <= pages, "{asked} requests for {pages} pages of {stream}");
        (read.requests, read.calls) = (read.requests + asked, read.calls + 1);
        let CrmReply::Rows(page) = answer.result? else { panic!("no rows") };
        let RowsPage { rows, beside, next, withheld, .. } = page;
        read.came += rows.len();
        read.withheld += withheld;
        let by_id = |row: RawRow| (row.id().unwrap(), row.to_object());
        read.rows.extend(rows.into_iter().map(by_id));
        read.beside.extend(beside.into_iter().map(|(_, row)| by_id(row)));
        assert!(read.calls < 500, "{stream} has no end");
        match next {
            None => return Ok(read),
            next => from = next,
        }
    }
}

/// An account with so many contacts, found by searches, and all that belongs to them.
async fn seeded(generation: Generation, contacts: usize) -> Port {
    let port = Port::patient(generation).await;
    port.account().seed_records(contacts, 7);
    port.account().advance(Duration::from_secs(10));
    port
}

fn set(port: &Port, change: impl FnOnce(&mut Switches)) {
    let mut switches = port.account().switches();
    change(&mut switches);
    port.account().set_switches(switches);
}

fn kind_of(stream: Stream) -> Option<Kind> {
    Kind::parse(stream.name())
}

/// The ids of the live records of a kind.
fn ids(port: &Port, kind: Kind) -> Vec<i64> {
    let live = |row: &&Value| row["is_deleted"] != json!(true);
    let mut ids: Vec<i64> =
        port.account().records(kind).iter().filter(live).map(|row| row["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

fn keys(read: &Read) -> Vec<i64> {
    read.rows.keys().copied().collect()
}
