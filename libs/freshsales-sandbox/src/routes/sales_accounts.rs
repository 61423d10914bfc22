//! Sales accounts: the shared routes and the contacts of an account.

use http::Method;

use super::paging::Page;
use super::{path_id, records};
use crate::model::{Kind, State};
use crate::wire::{Answer, Call, Render, SideLoads, list_reply};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["sales_accounts", id, "contacts"]) => {
            Some(path_id(id).and_then(|id| contacts(state, call, id)))
        }
        _ => records::route(state, call, path, Kind::SalesAccount),
    }
}

fn contacts(state: &State, call: &Call, id: i64) -> Answer {
    records::live(state, Kind::SalesAccount, id)?;
    let table = state.table(Kind::Contact);
    let linked = table.linked_to(Kind::SalesAccount, id);
    let page = Page::of(state, call, None);
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let mut loads = SideLoads::default();
    let rows = page.of_rows(linked.iter().filter_map(|&id| table.get(id)));
    let rows = rows.into_iter().map(|contact| render.record_with(contact, &mut loads)).collect();
    Ok(list_reply(loads, Kind::Contact, rows, Some(page.meta(state, linked.len()))))
}
