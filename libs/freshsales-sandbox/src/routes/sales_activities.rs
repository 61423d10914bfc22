//! Sales activities: create, list, view, change, delete.

use http::Method;

use super::paging::Page;
use super::{created, notes, of_record, path_id, records};
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Render, Reply, single_reply};
use crate::write;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["sales_activities"]) => Some(create(state, call)),
        (&Method::GET, ["sales_activities"]) => Some(list(state, call)),
        (&Method::GET, ["sales_activities", id]) => Some(path_id(id).and_then(|id| view(state, call, id))),
        (&Method::PUT, ["sales_activities", id]) => Some(path_id(id).and_then(|id| update(state, call, id))),
        (&Method::DELETE, ["sales_activities", id]) => {
            Some(path_id(id).and_then(|id| notes::delete(state, Kind::SalesActivity, id)))
        }
        _ => None,
    }
}

fn shown(state: &State, call: &Call, activity: &Record) -> Reply {
    let includes = call.includes();
    single_reply(&Render::new(state, call.generation, &includes), activity, false)
}

fn create(state: &mut State, call: &Call) -> Answer {
    let body = call.attributes(Kind::SalesActivity)?;
    let activity = write::create(state, Kind::SalesActivity, call.generation, &body)?;
    Ok(shown(state, call, &activity).with_status(created(state, call.generation)))
}

fn view(state: &State, call: &Call, id: i64) -> Answer {
    let activity = records::live(state, Kind::SalesActivity, id)?;
    Ok(shown(state, call, &activity))
}

fn update(state: &mut State, call: &Call, id: i64) -> Answer {
    let before = records::live(state, Kind::SalesActivity, id)?;
    let body = call.attributes(Kind::SalesActivity)?;
    let activity = write::update(state, &before, call.generation, &body)?;
    Ok(shown(state, call, &activity))
}

fn list(state: &State, call: &Call) -> Answer {
    let table = state.table(Kind::SalesActivity);
    let page = Page::of(state, call, None);
    let rows = page.of_rows(of_record::ordered(state, call, table.live().map(AsRef::as_ref)).into_iter());
    let meta = page.meta(state, table.live_count());
    Ok(of_record::rows(state, call, Kind::SalesActivity, rows.into_iter(), Some(meta)))
}
