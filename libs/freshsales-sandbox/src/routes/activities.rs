//! Activities of a record (its creation and its notes) and its timeline, newest first.

use http::Method;
use serde_json::{Value, json};

use super::{main_kind, path_id, records};
use crate::model::{Kind, List, Record, State};
use crate::wire::{Answer, Call, Render, Reply};

const DEFAULT_ROWS: usize = 25;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, [plural, id, "activities"]) => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| activities(state, call, kind, id)))
        }
        (&Method::GET, [plural, id, "timeline_feeds"]) => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| timeline(state, call, kind, id)))
        }
        _ => None,
    }
}

/// What happened to a record, newest first: its stage, its owner, its creation.
fn timeline(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = records::live(state, kind, id)?;
    let render = Render::new(state, call.generation, &[]);
    let feed = |action: &str, at: jiff::Timestamp, data: Value| {
        json!({"action_type": action, "actionable_type": kind.class(), "created_at": render.moment(at),
            "targetable_id": id, "action_data": data})
    };
    let mut feeds = Vec::new();
    if let Some(stage) = record.id_in("deal_stage_id").and_then(|id| state.catalog.entry(List::DealStages, id)) {
        let pipeline = stage.extra_id("deal_pipeline_id").and_then(|id| state.catalog.entry(List::DealPipelines, id));
        let data = json!({"stage_id": stage.id, "stage_name": stage.name, "pipeline_name": pipeline.map(|p| &p.name)});
        feeds.push(feed("STAGE_CHANGE", record.stage_updated_at, data));
    }
    if let Some(owner) = record.id_in("owner_id").and_then(|id| state.catalog.entry(List::Users, id)) {
        let data = json!({"owner_change": owner.id, "owner_name": owner.name});
        feeds.push(feed("OWNER_CHANGE", record.assigned_at, data));
    }
    feeds.push(feed("CREATE", record.created_at, json!({})));
    Ok(Reply::json(json!({"timeline_feeds": feeds, "meta": {"has_next": false}})))
}

fn activities(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = records::live(state, kind, id)?;
    let notes = state.table(Kind::Note);
    let linked = notes.linked_to(kind, id).iter().rev().filter_map(|&id| notes.get(id));
    let mut rows: Vec<Value> = linked.map(|note| activity(state, call, &record, note, "CREATE_NOTE")).collect();
    let action = format!("CREATE_{}", kind.singular().to_uppercase());
    rows.push(activity(state, call, &record, &record, &action));
    let limit = call.number("limit").unwrap_or(DEFAULT_ROWS);
    let meta = json!({"has_next": rows.len() > limit, "has_previous": false});
    rows.truncate(limit);
    if call.includes().contains(&"user") {
        let users: Vec<Value> = state.catalog.selector(List::Users).into_iter().take(1).collect();
        return Ok(Reply::json(json!({"users": users, "activities": rows, "meta": meta})));
    }
    Ok(Reply::json(json!({"activities": rows, "meta": meta})))
}

fn activity(state: &State, call: &Call, target: &Record, subject: &Record, action: &str) -> Value {
    let render = Render::new(state, call.generation, &[]);
    json!({
        "id": subject.id.to_string(),
        "composite_id": format!("{}-{}", target.id, subject.id),
        "action_type": action,
        "action_data": {},
        "additional_timeline_info": {},
        "created_at": render.moment(subject.created_at),
        "user_activity": true,
        "targetable_type": target.kind.class(),
        "targetable_id": target.id,
        "targetable_name": target.display_name(),
        "actionable_type": subject.kind.class(),
        "actionable_id": subject.id,
    })
}
