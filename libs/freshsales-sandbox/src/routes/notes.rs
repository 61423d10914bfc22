//! Notes: create, change, delete, and the notes of a record. There is no list of all notes.

use http::{Method, StatusCode};
use serde_json::json;

use super::paging::Page;
use super::{main_kind, path_id, records};
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Refusal, Render, Reply, SideLoads, list_reply, single_reply};
use crate::write;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["notes"]) => Some(create(state, call)),
        (&Method::PUT, ["notes", id]) => Some(path_id(id).and_then(|id| update(state, call, id))),
        (&Method::DELETE, ["notes", id]) => Some(path_id(id).and_then(|id| delete(state, Kind::Note, id))),
        (&Method::GET, [plural, id, "notes"]) => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| of_record(state, call, kind, id)))
        }
        _ => None,
    }
}

fn shown(state: &State, call: &Call, note: &Record) -> Reply {
    let includes = call.includes();
    single_reply(&Render::new(state, call.generation, &includes), note, false)
}

fn create(state: &mut State, call: &Call) -> Answer {
    let body = call.attributes(Kind::Note)?;
    let note = write::create(state, Kind::Note, call.generation, &body)?;
    remember_recent(state, &note);
    Ok(shown(state, call, &note).with_status(StatusCode::OK))
}

/// The newest note's text is an attribute of the record it is about.
pub(super) fn remember_recent(state: &mut State, note: &Record) {
    for &(kind, id) in &note.targets {
        let text = note.get("description").clone();
        state.derive(kind, id, |record| record.set("recent_note", text));
    }
}

fn update(state: &mut State, call: &Call, id: i64) -> Answer {
    let before = records::live(state, Kind::Note, id)?;
    let note = write::update(state, &before, call.generation, &call.attributes(Kind::Note)?)?;
    Ok(shown(state, call, &note))
}

/// Deletes a note, a task or an activity; unlike records these are gone at once.
pub(super) fn delete(state: &mut State, kind: Kind, id: i64) -> Answer {
    let record = state.record(kind, id).cloned().ok_or(Refusal::NotFound)?;
    state.forget(kind, id);
    if kind == Kind::Note {
        forget_recent(state, &record);
    }
    Ok(Reply::json(json!({"success": "200"})))
}

/// When the newest note is deleted, the one before it is the newest.
fn forget_recent(state: &mut State, note: &Record) {
    for &(kind, id) in &note.targets {
        let notes = state.table(Kind::Note);
        let newest = notes.linked_to(kind, id).last().and_then(|&id| notes.get(id));
        let text = newest.map_or(serde_json::Value::Null, |note| note.get("description").clone());
        state.derive(kind, id, |record| record.set("recent_note", text));
    }
}

fn of_record(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    let notes = state.table(Kind::Note);
    let linked = notes.linked_to(kind, id);
    let page = Page::of(state, call, None);
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let mut loads = SideLoads::default();
    let newest_first = linked.iter().rev().filter_map(|&id| notes.get(id));
    let rows = page.of_rows(newest_first).into_iter().map(|note| {
        let mut row = render.record_with(note, &mut loads);
        if let Some(row) = row.as_object_mut() {
            row.shift_remove("collab_context");
        }
        row
    });
    let rows = rows.collect();
    Ok(list_reply(loads, Kind::Note, rows, Some(page.meta(state, linked.len()))))
}
