//! Tasks: create, list by filter, view, change, delete, and the tasks of a record.

use http::{Method, StatusCode};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::paging::Page;
use super::{main_kind, notes, of_record, path_id, records};
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Refusal, Render, single_reply};
use crate::write;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["tasks"]) => Some(create(state, call)),
        (&Method::GET, ["tasks"]) => Some(list(state, call)),
        (&Method::GET, ["tasks", id]) => Some(path_id(id).and_then(|id| view(state, call, id))),
        (&Method::PUT, ["tasks", id]) => Some(path_id(id).and_then(|id| update(state, call, id))),
        (&Method::DELETE, ["tasks", id]) => Some(path_id(id).and_then(|id| notes::delete(state, Kind::Task, id))),
        // With `/api` this path does not exist; programs that guess it get a 404 page.
        (&Method::GET, [plural, id, "tasks"]) if !call.api => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| on_record(state, call, kind, id)))
        }
        _ => None,
    }
}

fn create(state: &mut State, call: &Call) -> Answer {
    let body = call.attributes(Kind::Task)?;
    let task = write::create(state, Kind::Task, call.generation, &body)?;
    let includes = call.includes();
    let reply = single_reply(&Render::new(state, call.generation, &includes), &task, false);
    Ok(reply.with_status(StatusCode::CREATED))
}

fn view(state: &State, call: &Call, id: i64) -> Answer {
    let task = records::live(state, Kind::Task, id)?;
    let includes = call.includes();
    Ok(single_reply(&Render::new(state, call.generation, &includes), &task, false))
}

fn update(state: &mut State, call: &Call, id: i64) -> Answer {
    let before = records::live(state, Kind::Task, id)?;
    let task = write::update(state, &before, call.generation, &call.attributes(Kind::Task)?)?;
    let mut includes = call.includes();
    if state.switches.updates_show_related {
        includes.extend(["targetable", "users"].iter().filter(|name| !call.includes().contains(name)));
    }
    let render = Render::new(state, call.generation, &includes);
    let reply = single_reply(&render, &task, false);
    let was_open = before.get("status").as_i64().unwrap_or(0) == 0;
    if was_open && task.get("status").as_i64() == Some(1) && task.get("completed_date").is_null() {
        // The reply to marking a task done still shows no date; it is there on the next read.
        let now = state.now().to_string();
        state.derive(Kind::Task, id, |task| task.set("completed_date", json!(now)));
    }
    Ok(reply)
}

/// A saved filter; spaces and underscores are both in use.
#[derive(Clone, Copy)]
enum Filter {
    Open,
    DueToday,
    DueTomorrow,
    Overdue,
    Completed,
}

fn filter(call: &Call) -> Result<Filter, Refusal> {
    let name = call.query("filter").unwrap_or_default().replace([' ', '-'], "_").to_lowercase();
    Ok(match name.as_str() {
        "open" => Filter::Open,
        "due_today" => Filter::DueToday,
        "due_tomorrow" => Filter::DueTomorrow,
        "overdue" => Filter::Overdue,
        "completed" => Filter::Completed,
        "" => return Err(Refusal::invalid("Filter can't be blank")),
        _ => return Err(Refusal::invalid("Invalid filter provided.")),
    })
}

impl Filter {
    fn holds(self, task: &Record, now: Timestamp, state: &State) -> bool {
        let done = task.get("status").as_i64() == Some(1);
        let due: Option<Timestamp> = task.text("due_date").and_then(|text| text.parse().ok());
        let day = |moment: Timestamp| -> Date { moment.to_zoned_datetime(state.config.zone.clone()).date() };
        let due_in = |days: i64| {
            due.is_some_and(|due| day(now).duration_until(day(due)) == SignedDuration::from_hours(24 * days))
        };
        match self {
            Self::Open => !done,
            Self::Completed => done,
            Self::DueToday => !done && due_in(0),
            Self::DueTomorrow => !done && due_in(1),
            Self::Overdue => !done && due.is_some_and(|due| due < now),
        }
    }
}

fn list(state: &State, call: &Call) -> Answer {
    let filter = filter(call)?;
    let page = Page::of(state, call, None);
    let now = state.now();
    let live = state.table(Kind::Task).live().map(AsRef::as_ref);
    let matching = of_record::ordered(state, call, live.filter(|task| filter.holds(task, now, state)));
    let meta = json!({"total": matching.len()});
    let page = page.of_rows(matching.into_iter());
    Ok(of_record::rows(state, call, Kind::Task, page.into_iter(), Some(meta)))
}

fn on_record(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    let tasks = of_record::linked(state, Kind::Task, (kind, id));
    Ok(of_record::rows(state, call, Kind::Task, tasks, None))
}
