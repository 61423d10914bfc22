//! Contacts: the shared routes, team members and the lists of what hangs on a contact.

use http::Method;
use serde_json::{Value, json};

use super::{path_id, records};
use crate::model::{Kind, State};
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

/// Team members of a record; they are echoed with the record's id. `_destroy` removes one.
fn team(state: &mut State, call: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    let body = call.object()?;
    let Some(Value::Array(members)) = body.get("team_users") else {
        return Err(Refusal::invalid("Team users can't be blank"));
    };
    let now = shown_moment(state.now(), &state.config.zone);
    let mut shown = Vec::new();
    for member in members.iter().filter(|member| member.get("_destroy") != Some(&Value::Bool(true))) {
        let user = member.get("user_id").and_then(read_id);
        if user.and_then(|user| state.catalog.entry(crate::model::List::Users, user)).is_none() {
            return Err(Refusal::invalid("Invalid user provided."));
        }
        shown.push(json!({
            "user_id": user,
            "designation_id": member.get("designation_id").and_then(read_id),
            "entity_id": id,
            "created_at": now,
            "updated_at": now,
        }));
    }
    Ok(Reply::json(json!({"team_users": shown})))
}
