//! Selectors: the account's picklists, unpaginated.

use http::Method;
use serde_json::{Map, Value};

use super::path_id;
use crate::Generation;
use crate::model::{List, State};
use crate::wire::{Answer, Call, Refusal, Reply};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["selector", name]) => Some(whole(state, call, name)),
        (&Method::GET, ["selector", "deal_pipelines", id, "deal_stages"]) => Some(
            path_id(id).and_then(|id| children(state, List::DealPipelines, id, List::DealStages, "deal_pipeline_id")),
        ),
        (&Method::GET, ["selector", "sales_activity_types", id, "sales_activity_outcomes"]) => {
            let (types, outcomes) = (List::SalesActivityTypes, List::SalesActivityOutcomes);
            Some(path_id(id).and_then(|id| children(state, types, id, outcomes, "sales_activity_type_id")))
        }
        _ => None,
    }
}

fn reply(list: List, items: Vec<Value>) -> Reply {
    let mut body = Map::new();
    body.insert(list.key().to_owned(), Value::Array(items));
    Reply::json(Value::Object(body))
}

fn whole(state: &State, call: &Call, name: &str) -> Answer {
    let list = List::ALL.into_iter().find(|list| list.selector() == name).ok_or(Refusal::UnknownRoute)?;
    let only = match list {
        List::LeadStages | List::LeadReasons => Some(Generation::Classic),
        List::LifecycleStages => Some(Generation::Suite),
        _ => None,
    };
    if only.is_some_and(|only| only != call.generation) {
        return Err(Refusal::UnknownRoute);
    }
    if list == List::DealStages {
        // Stages of other pipelines are only in the pipelines' own lists.
        let pipeline = state.catalog.default_pipeline();
        return children(state, List::DealPipelines, pipeline, list, "deal_pipeline_id");
    }
    Ok(reply(list, state.catalog.selector(list)))
}

fn children(state: &State, parents: List, parent: i64, list: List, reference: &str) -> Answer {
    state.catalog.entry(parents, parent).ok_or(Refusal::NotFound)?;
    let entries = state.catalog.list(list).iter().filter(|entry| entry.extra_id(reference) == Some(parent));
    Ok(reply(list, entries.map(|entry| state.catalog.shown(list, entry)).collect()))
}
