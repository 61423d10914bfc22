//! The team of a contact, a sales account or a deal: users with a role beside the owner.

use http::Method;
use serde_json::{Value, json};

use super::{main_kind, path_id, records};
use crate::model::{Kind, List, State};
use crate::wire::{Answer, Call, Refusal, Reply, shown_moment};
use crate::write::read_id;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, [plural @ ("contacts" | "sales_accounts" | "deals"), id, "manage_team_members"]) => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| manage(state, call, kind, id)))
        }
        _ => None,
    }
}

/// A row of the request, checked.
struct Change {
    user: i64,
    designation: i64,
    removes: bool,
}

fn manage(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    let record = records::live(state, kind, id)?;
    let body = call.object()?;
    let Some(Value::Array(rows)) = body.get("team_users") else {
        return Err(Refusal::about("team_users", "Team users can't be blank"));
    };
    let changes: Vec<Change> = rows.iter().map(|row| read(state, row)).collect::<Result<_, _>>()?;
    let now = state.now().to_string();
    let mut members = record.get("team_users").as_array().cloned().unwrap_or_default();
    for change in changes {
        apply(&mut members, &change, &now);
    }
    let users: Vec<&Value> = members.iter().map(|member| &member["user_id"]).collect();
    let ids = if users.is_empty() { Value::Null } else { json!(users) };
    let reply = Reply::json(json!({"team_users": members.iter().map(|m| shown(state, m, id)).collect::<Vec<_>>()}));
    state.derive(kind, id, |record| {
        record.set("team_user_ids", ids);
        record.set("team_users", if members.is_empty() { Value::Null } else { Value::Array(members) });
    });
    Ok(reply)
}

fn read(state: &State, row: &Value) -> Result<Change, Refusal> {
    let known =
        |name: &str, list: List| row.get(name).and_then(read_id).filter(|&id| state.catalog.entry(list, id).is_some());
    let user = known("user_id", List::Users).ok_or_else(|| Refusal::about("user_id", "Invalid user provided."))?;
    let designation = known("designation_id", List::Designations);
    let designation = designation.ok_or_else(|| Refusal::about("designation_id", "Invalid designation provided."))?;
    Ok(Change { user, designation, removes: row.get("_destroy") == Some(&Value::Bool(true)) })
}

/// Members that no row names stay. A user who is on the team already gets the new role.
fn apply(members: &mut Vec<Value>, change: &Change, now: &str) {
    let at = members.iter().position(|member| member["user_id"] == change.user);
    match (at, change.removes) {
        (Some(at), true) => drop(members.remove(at)),
        (None, true) => {}
        (Some(at), false) => {
            members[at]["designation_id"] = json!(change.designation);
            members[at]["updated_at"] = json!(now);
        }
        (None, false) => members.push(json!({
            "user_id": change.user,
            "designation_id": change.designation,
            "created_at": now,
            "updated_at": now,
        })),
    }
}

fn shown(state: &State, member: &Value, record: i64) -> Value {
    let moment = |name: &str| {
        let moment = member[name].as_str().and_then(|text| text.parse().ok());
        moment.map(|moment| shown_moment(moment, &state.config.zone))
    };
    json!({
        "user_id": member["user_id"],
        "designation_id": member["designation_id"],
        "entity_id": record,
        "created_at": moment("created_at"),
        "updated_at": moment("updated_at"),
    })
}
