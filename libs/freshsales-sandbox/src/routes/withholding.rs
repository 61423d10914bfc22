//! What a list keeps back: rows that the key may not see, pages that are too deep, totals that are wrong. See the switches.
//!
//! It works on finished replies, so that every list does it alike: rows are taken out of the page that they are on, and the totals stay what they were.

use serde_json::{Value, json};

use crate::model::State;
use crate::wire::{Call, Reply, ReplyBody};

/// The reply as the switches want it. Only lists that tell a total are touched.
pub(super) fn applied(state: &State, call: &Call, reply: Reply) -> Reply {
    let switches = &state.switches;
    let idle = switches.hidden_one_in == 0 && switches.deepest_page == 0 && switches.total_off_by == 0;
    if idle {
        return reply;
    }
    let mut reply = reply.into_tree();
    if let ReplyBody::Json(body) = &mut reply.body {
        withhold(state, call, body);
    }
    reply
}

fn withhold(state: &State, call: &Call, body: &mut Value) {
    let switches = &state.switches;
    let Some(total) = body.pointer("/meta/total").and_then(Value::as_i64) else { return };
    let page = super::paging::Page::of(state, call, call.object().ok().as_ref()).number;
    let per_page = super::paging::Page::of(state, call, call.object().ok().as_ref()).rows;
    let Some(rows) = rows_of(call, body) else { return };
    if switches.deepest_page > 0 && page > switches.deepest_page {
        rows.clear();
    }
    if switches.hidden_one_in > 0 {
        rows.retain(|row| row["id"].as_u64().is_none_or(|id| !id.is_multiple_of(switches.hidden_one_in)));
    }
    // A page behind the end says nothing of the whole.
    if total > 0 && switches.total_off_by != 0 {
        let told = (total + switches.total_off_by).max(0);
        body["meta"]["total"] = json!(told);
        if body["meta"].get("total_pages").is_some() {
            let pages = usize::try_from(told).unwrap_or_default().div_ceil(per_page);
            body["meta"]["total_pages"] = json!(pages);
        }
    }
}

/// The list's own rows: the array that the path names; of a search the one of its kind.
fn rows_of<'a>(call: &Call, body: &'a mut Value) -> Option<&'a mut Vec<Value>> {
    let named = |body: &Value, name: &str| body.get(name).is_some_and(Value::is_array);
    let own = call.path.iter().rev().find(|segment| named(body, segment)).cloned();
    let searched = || call.path.last().map(|kind| format!("{kind}s")).filter(|name| named(body, name));
    let key = own.or_else(searched)?;
    body.get_mut(&key)?.as_array_mut()
}
