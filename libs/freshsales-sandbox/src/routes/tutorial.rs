//! The dialect of a popular integration guide; answered only in the Tutorial profile. What the guide shares with the
//! real API is served by the other routes.

use http::Method;
use serde_json::json;

use crate::Profile;
use crate::model::table::Key;
use crate::model::{Kind, List, State};
use crate::wire::{Answer, Call, Render, Reply};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    if state.config.profile != Profile::Tutorial {
        return None;
    }
    match (&call.method, path) {
        (&Method::GET, ["settings", "deal_stages"]) => {
            Some(Ok(Reply::json(json!({"deal_stages": state.catalog.selector(List::DealStages)}))))
        }
        (&Method::GET, [plural @ ("contacts" | "leads")]) => {
            let address = call.query("q[email]")?;
            let kind = super::main_kind(plural)?;
            Some(Ok(by_email(state, call, kind, address)))
        }
        _ => None,
    }
}

/// Exact and immediate, unlike the guide's search.
fn by_email(state: &State, call: &Call, kind: Kind, address: &str) -> Reply {
    let table = state.table(kind);
    let includes = call.includes();
    let render = Render { with_accounts: true, ..Render::new(state, call.generation, &includes) };
    let found = table.find(Key::Email, address.trim()).into_iter().filter_map(|id| table.get(id));
    let rows: Vec<_> = found.map(|record| render.record(record)).collect();
    Reply::json(
        json!({kind.plural(): rows, "meta": {"total_pages": usize::from(!rows.is_empty()), "total": rows.len()}}),
    )
}
