//! Contacts: the shared routes, and the team members of contacts, sales accounts and deals.

use http::Method;
use serde_json::{Value, json};

use super::{path_id, records};
use crate::model::{Kind, List, State};
use crate::wire::{Answer, Call, Refusal, Reply, shown_moment};
use crate::write::read_id;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, [plural @ ("contacts" | "sales_accounts" | "deals"), id, "manage_team_members"]) => {
            let kind = super::main_kind(plural)?;
            Some(path_id(id).and_then(|id| team(state, call, kind, id)))
        }
        _ => records::route(state, call, path, Kind::Contact),
    }
}

/// Adds members to a record's team, changes their designations, and removes those with `_destroy`; answers the whole team.
fn team(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = records::live(state, kind, id)?;
    let body = call.object()?;
    let Some(Value::Array(sent)) = body.get("team_users") else {
        return Err(Refusal::about("team_users", "Team users can't be blank"));
    };
    let mut members = record.get("team_users").as_array().cloned().unwrap_or_default();
    let now = json!(shown_moment(state.now(), &state.config.zone));
    for member in sent {
        let user = member.get("user_id").and_then(read_id);
        let Some(user) = user.filter(|&user| state.catalog.entry(List::Users, user).is_some()) else {
            return Err(Refusal::about("user_id", "Invalid user provided."));
        };
        let before = members.iter().position(|known| known["user_id"] == user).map(|at| members.remove(at));
        if member.get("_destroy") != Some(&Value::Bool(true)) {
            let created_at = before.map_or_else(|| now.clone(), |before| before["created_at"].clone());
            members.push(json!({
                "user_id": user,
                "designation_id": member.get("designation_id").and_then(read_id),
                "entity_id": id,
                "created_at": created_at,
                "updated_at": now,
            }));
        }
    }
    let ids: Vec<i64> = members.iter().filter_map(|member| member["user_id"].as_i64()).collect();
    state.edit(kind, id, |record| {
        record.set("team_user_ids", if ids.is_empty() { Value::Null } else { json!(ids) });
        record.set("team_users", Value::Array(members.clone()));
    });
    Ok(Reply::json(json!({"team_users": members})))
}
