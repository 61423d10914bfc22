//! Appointments: create, list by filter, view, change, delete, and the appointments of a record.

use http::Method;
use serde_json::json;

use super::paging::Page;
use super::{created, main_kind, notes, of_record, path_id, records};
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Refusal, Render, Reply, single_reply};
use crate::write;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["appointments"]) => Some(create(state, call)),
        (&Method::GET, ["appointments"]) => Some(list(state, call)),
        (&Method::GET, ["appointments", id]) => Some(path_id(id).and_then(|id| view(state, call, id))),
        (&Method::PUT, ["appointments", id]) => Some(path_id(id).and_then(|id| update(state, call, id))),
        (&Method::DELETE, ["appointments", id]) => {
            Some(path_id(id).and_then(|id| notes::delete(state, Kind::Appointment, id)))
        }
        (&Method::GET, [plural, id, "appointments"]) => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| on_record(state, call, kind, id)))
        }
        _ => None,
    }
}

/// The arrays that every reply with one appointment has, empty or not.
const PARTS: &[&str] = &["appointment_attendees", "conference", "note"];
/// What a view shows besides, unasked.
const RELATED: &[&str] = &["targetable", "creater", "attendees"];

fn shown(state: &State, call: &Call, appointment: &Record, unasked: &[&str]) -> Reply {
    let asked = call.includes();
    let asked = asked.iter().copied().filter(|include| !PARTS.contains(include) && !unasked.contains(include));
    let includes: Vec<&str> = PARTS.iter().chain(unasked).copied().chain(asked).collect();
    single_reply(&Render::new(state, call.generation, &includes), appointment, false)
}

fn create(state: &mut State, call: &Call) -> Answer {
    let body = call.attributes(Kind::Appointment)?;
    let appointment = write::create(state, Kind::Appointment, call.generation, &body)?;
    Ok(shown(state, call, &appointment, &[]).with_status(created(state, call.generation)))
}

fn view(state: &State, call: &Call, id: i64) -> Answer {
    let appointment = records::live(state, Kind::Appointment, id)?;
    Ok(shown(state, call, &appointment, RELATED))
}

fn update(state: &mut State, call: &Call, id: i64) -> Answer {
    let before = records::live(state, Kind::Appointment, id)?;
    let body = call.attributes(Kind::Appointment)?;
    let appointment = write::update(state, &before, call.generation, &body)?;
    let unasked = if state.switches.updates_show_related { RELATED } else { &[] };
    Ok(shown(state, call, &appointment, unasked))
}

/// Whether the list holds what is over instead of what is to come. Sources disagree on the names, so both are served.
fn asks_past(call: &Call) -> Result<bool, Refusal> {
    match call.query("filter").unwrap_or_default().to_lowercase().as_str() {
        "upcoming" | "open" => Ok(false),
        "past" | "complete" | "completed" => Ok(true),
        "" => Err(Refusal::invalid("Filter can't be blank")),
        _ => Err(Refusal::invalid("Invalid filter provided.")),
    }
}

fn list(state: &State, call: &Call) -> Answer {
    let past = asks_past(call)?;
    let now = state.now();
    let is_over = |appointment: &Record| {
        let end = appointment.text("end_date").and_then(|text| text.parse::<jiff::Timestamp>().ok());
        end.is_some_and(|end| end < now)
    };
    let live = state.table(Kind::Appointment).live().map(AsRef::as_ref);
    let matching = of_record::ordered(state, call, live.filter(|appointment| is_over(appointment) == past));
    let meta = json!({"total": matching.len()});
    let page = Page::of(state, call, None).of_rows(matching.into_iter());
    Ok(of_record::rows(state, call, Kind::Appointment, page.into_iter(), Some(meta)))
}

fn on_record(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    let appointments = of_record::linked(state, Kind::Appointment, (kind, id));
    Ok(of_record::rows(state, call, Kind::Appointment, appointments, None))
}
