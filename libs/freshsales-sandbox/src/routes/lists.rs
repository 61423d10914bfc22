//! Marketing lists (Suite): create, all, rename, and who is on them.
//!
//! Contacts that are named are moved before the reply; all contacts of a list some time after it, as long as a bulk job takes.

use http::Method;
use serde_json::{Map, Value, json};

use super::paging::Page;
use super::path_id;
use crate::Generation;
use crate::model::commerce::{MarketingList, WaitingChange};
use crate::model::{Kind, State, signed};
use crate::wire::{Answer, Call, Manner, Refusal, Render, Reply, SideLoads, list_reply};
use crate::write::{lists, read_id};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    if call.generation != Generation::Suite {
        return None;
    }
    match (&call.method, path) {
        (&Method::POST, ["lists"]) => Some(create(state, call)),
        (&Method::GET, ["lists"]) => Some(Ok(all(state, call))),
        (&Method::PUT, ["lists", id]) => Some(path_id(id).and_then(|id| rename(state, call, id))),
        (&Method::GET, ["contacts", "lists", id]) => Some(path_id(id).and_then(|id| contacts(state, call, id))),
        (&Method::PUT, ["lists", id, action]) => {
            let action = Action::named(action)?;
            Some(path_id(id).and_then(|id| change(state, call, id, action)))
        }
        _ => None,
    }
}

fn shown(list: &MarketingList) -> Value {
    json!({"id": list.id, "name": list.name})
}

fn name(call: &Call) -> Result<String, Refusal> {
    let body = call.object()?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().trim();
    if name.is_empty() { Err(Refusal::invalid("Name can't be empty")) } else { Ok(name.to_owned()) }
}

fn create(state: &mut State, call: &Call) -> Answer {
    let list = state.commerce_mut().lists.create(&name(call)?);
    Ok(Reply::json(json!({"list": shown(&list)})))
}

fn rename(state: &mut State, call: &Call, id: i64) -> Answer {
    known(state, id)?;
    let name = name(call)?;
    let list = state.commerce_mut().lists.rename(id, &name).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(json!({"list": shown(&list)})))
}

fn known(state: &State, id: i64) -> Result<(), Refusal> {
    state.commerce().lists.get(id).map(|_| ()).ok_or(Refusal::NotFound)
}

fn all(state: &State, call: &Call) -> Reply {
    let lists = state.commerce().lists.all();
    let page = Page::of(state, call, None);
    let rows: Vec<Value> = page.of_rows(lists.iter()).into_iter().map(shown).collect();
    Reply::json(json!({"lists": rows, "meta": page.meta(state, lists.len())}))
}

fn contacts(state: &State, call: &Call, id: i64) -> Answer {
    known(state, id)?;
    let members = lists::members(state, id);
    let page = Page::of(state, call, None);
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let mut loads = SideLoads::default();
    let rows = page.of_rows(members.iter().filter_map(|&id| state.record(Kind::Contact, id)));
    let rows = rows.into_iter().map(|contact| render.record_with(contact, &mut loads)).collect();
    Ok(list_reply(loads, Kind::Contact, rows, Some(page.meta(state, members.len()))))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Add,
    Remove,
    Move,
}

impl Action {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "add_contacts" => Self::Add,
            "remove_contacts" => Self::Remove,
            "move_contacts" => Self::Move,
            _ => return None,
        })
    }
}

fn change(state: &mut State, call: &Call, id: i64, action: Action) -> Answer {
    known(state, id)?;
    let body = call.object()?;
    let (off, on) = match action {
        Action::Add => (None, Some(id)),
        Action::Remove => (Some(id), None),
        Action::Move => (Some(source(state, &body)?), Some(id)),
    };
    if let Some(from) = off.filter(|_| body.get("all") == Some(&Value::Bool(true))) {
        let due = state.now().checked_add(signed(state.config.job_duration)).unwrap_or(jiff::Timestamp::MAX);
        state.commerce_mut().lists.plan(WaitingChange { due, from, to: on });
        return Ok(Manner::of(state).message("Updating now... we'll let you know once this is done."));
    }
    let contacts = named(state, &body, off)?;
    for &contact in &contacts {
        lists::change(state, contact, off, on);
    }
    let noun = if contacts.len() == 1 { "contact" } else { "contacts" };
    Ok(Manner::of(state).message(&format!("{} {noun} updated.", contacts.len())))
}

fn source(state: &State, body: &Map<String, Value>) -> Result<i64, Refusal> {
    let id = body.get("from_list_id").and_then(read_id).filter(|&id| state.commerce().lists.get(id).is_some());
    id.ok_or_else(|| Refusal::invalid("Invalid list provided."))
}

/// The contacts that a body names; unknown ones and those who are not on the list they should leave do not count.
fn named(state: &State, body: &Map<String, Value>, off: Option<i64>) -> Result<Vec<i64>, Refusal> {
    let ids = body.get("ids").and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let ids = ids.ok_or_else(|| Refusal::invalid("Ids can't be blank"))?;
    let mut contacts: Vec<i64> = ids.iter().filter_map(read_id).collect();
    contacts.sort_unstable();
    contacts.dedup();
    contacts.retain(|&id| {
        let contact = state.record(Kind::Contact, id);
        contact.is_some_and(|contact| off.is_none_or(|list| lists::is_on(contact, list)))
    });
    Ok(contacts)
}
