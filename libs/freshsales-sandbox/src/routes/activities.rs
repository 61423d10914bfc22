//! Activities of a record, its timeline and the number of its activities, all from what happened to it; newest first.

use http::Method;
use serde_json::{Map, Value, json};

use super::paging::Page;
use super::{main_kind, of_record, path_id, records};
use crate::model::history::{Action, Event};
use crate::model::{Kind, List, Record, State};
use crate::wire::{Answer, Call, Render, Reply};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    let (&Method::GET, [plural, id, what]) = (&call.method, path) else { return None };
    let answer = match *what {
        "activities" => activities,
        "timeline_feeds" => timeline,
        // Used by the product's own pages only.
        "activity_counts" if !call.api => counts,
        _ => return None,
    };
    let kind = main_kind(plural)?;
    Some(path_id(id).and_then(|id| answer(state, call, kind, id)))
}

/// One page of a record's history, newest first, and whether there is more behind it and before it.
fn events(state: &State, call: &Call, record: &Record) -> (Vec<Event>, bool, bool) {
    let history = state.history_of(record);
    let mut page = Page::of(state, call, None);
    page.rows = call.number("limit").map_or(page.rows, |limit| limit.min(state.switches.per_page_maximum));
    let rows = page.of_rows(history.iter().rev().cloned());
    let has_next = page.skipped() + rows.len() < history.len();
    (rows, has_next, page.number > 1)
}

/// What an entry says beside its kind: the stage or the owner it led to.
fn data(state: &State, action: Action) -> Value {
    let entry = |list, id| state.catalog.entry(list, id);
    match action {
        Action::StageChanged(stage) => {
            let shown = entry(List::DealStages, stage);
            let pipeline = shown.and_then(|stage| stage.extra_id("deal_pipeline_id"));
            let pipeline = pipeline.and_then(|id| entry(List::DealPipelines, id));
            json!({
                "stage_id": stage,
                "stage_name": shown.map(|stage| &stage.name),
                "pipeline_name": pipeline.map(|pipeline| &pipeline.name),
            })
        }
        Action::OwnerChanged(owner) => {
            json!({"owner_change": owner, "owner_name": entry(List::Users, owner).map(|owner| &owner.name)})
        }
        _ => json!({}),
    }
}

/// `CREATE`, `STAGE_CHANGE`, `TASK_CREATED` are recorded; the other words follow their pattern.
fn timeline_action(event: &Event) -> String {
    let on_itself = event.target == event.subject;
    let word = match (event.action, on_itself) {
        (Action::StageChanged(_), _) => "STAGE_CHANGE",
        (Action::OwnerChanged(_), _) => "OWNER_CHANGE",
        (Action::Created, true) => "CREATE",
        (Action::Updated, true) => "UPDATE",
        (Action::Deleted, true) => "DELETE",
        (Action::Created, false) => "CREATED",
        (Action::Updated, false) => "UPDATED",
        (Action::Completed, _) => "COMPLETED",
        (Action::Deleted, false) => "DELETED",
    };
    if on_itself { word.to_owned() } else { format!("{}_{word}", event.subject.0.singular().to_uppercase()) }
}

fn timeline(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = records::live(state, kind, id)?;
    let render = Render::new(state, call.generation, &[]);
    let (page, has_next, _) = events(state, call, &record);
    let feeds = page.into_iter().map(|event| {
        json!({
            "action_type": timeline_action(&event),
            "actionable_type": event.subject.0.class(),
            "created_at": render.moment(event.at),
            "targetable_id": id,
            "action_data": data(state, event.action),
        })
    });
    Ok(Reply::json(json!({"timeline_feeds": Value::from_iter(feeds), "meta": {"has_next": has_next}})))
}

/// The verb comes first here: `CREATE_CONTACT`.
fn activity_action(event: &Event) -> String {
    let verb = match event.action {
        Action::Created => "CREATE",
        Action::Updated => "UPDATE",
        Action::Completed => "COMPLETE",
        Action::Deleted => "DELETE",
        Action::OwnerChanged(_) => "OWNER_CHANGE",
        Action::StageChanged(_) => "STAGE_CHANGE",
    };
    format!("{verb}_{}", event.subject.0.singular().to_uppercase())
}

fn activity(render: &Render<'_>, target: &Record, event: &Event) -> Value {
    json!({
        "id": event.id.to_string(),
        "composite_id": format!("{}-{}", event.id, event.subject.1),
        "action_type": activity_action(event),
        "action_data": data(render.state, event.action),
        "additional_timeline_info": {},
        "created_at": render.moment(event.at),
        "user_activity": true,
        "targetable_type": target.kind.class(),
        "targetable_id": target.id,
        "targetable_name": target.display_name(),
        "actionable_type": event.subject.0.class(),
        "actionable_id": event.subject.1,
    })
}

fn activities(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = records::live(state, kind, id)?;
    let render = Render::new(state, call.generation, &[]);
    let (page, has_next, has_previous) = events(state, call, &record);
    let mut body = Map::new();
    if call.includes().contains(&"user") {
        let users: Vec<Value> = state.catalog.selector(List::Users).into_iter().take(1).collect();
        body.insert("users".to_owned(), Value::Array(users));
    }
    let rows = page.into_iter().map(|event| activity(&render, &record, &event));
    body.insert("activities".to_owned(), Value::from_iter(rows));
    body.insert("meta".to_owned(), json!({"has_next": has_next, "has_previous": has_previous}));
    Ok(Reply::json(Value::Object(body)))
}

/// How many records of each asked type hang on a record. Without `types[]` the answer is 200 with `null` (recorded); the
/// shape with types is assumed.
fn counts(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    let types = call.query_all("types[]").flat_map(|types| types.split(','));
    let types: Vec<&str> = types.filter(|name| !name.is_empty()).collect();
    if types.is_empty() {
        return Ok(Reply::json(Value::Null));
    }
    let count = |name: &str| {
        let asked = Kind::parse(name).filter(|asked| !Kind::SEARCHABLE.contains(asked));
        asked.map_or(0, |asked| of_record::linked(state, asked, (kind, id)).count())
    };
    let counts: Map<String, Value> = types.iter().map(|name| ((*name).to_owned(), json!(count(name)))).collect();
    Ok(Reply::json(json!({"activity_counts": counts})))
}
