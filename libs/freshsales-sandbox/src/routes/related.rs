//! The contacts and deals that hang on a record: those of a sales account, the deals of a contact, the contacts of a deal.
//! Source: the contacts of an account were seen in the wild; the other lists are inferred from them.

use http::Method;

use super::paging::Page;
use super::{path_id, records};
use crate::model::{Kind, State};
use crate::wire::{Answer, Call, Render, SideLoads, list_reply};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    let (&Method::GET, [plural, id, rows]) = (&call.method, path) else { return None };
    let (of, kind) = match (*plural, *rows) {
        ("sales_accounts", "contacts") => (Kind::SalesAccount, Kind::Contact),
        ("sales_accounts", "deals") => (Kind::SalesAccount, Kind::Deal),
        ("contacts", "deals") => (Kind::Contact, Kind::Deal),
        ("deals", "contacts") => (Kind::Deal, Kind::Contact),
        _ => return None,
    };
    Some(path_id(id).and_then(|id| list(state, call, (of, id), kind)))
}

fn list(state: &State, call: &Call, (of, id): (Kind, i64), kind: Kind) -> Answer {
    let record = records::live(state, of, id)?;
    let table = state.table(kind);
    let ids = if of == Kind::Deal { record.contacts.as_slice() } else { table.linked_to(of, id) };
    let linked: Vec<_> = ids.iter().filter_map(|&id| table.get(id)).collect();
    let page = Page::of(state, call, None);
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let mut loads = SideLoads::default();
    let meta = page.meta(state, linked.len());
    let rows = page.of_rows(linked.into_iter()).into_iter();
    let rows = rows.map(|record| render.record_with(record, &mut loads)).collect();
    Ok(list_reply(loads, kind, rows, Some(meta)))
}
