//! Workflows through the control API, under `/__sandbox/workflows`.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::WebhookFault;
use super::fields;
use super::rule::Workflow;
use super::state::queue_test;
use crate::Kind;
use crate::model::State;

/// Answers a read; nothing where the path is not known.
pub(crate) fn read(state: &State, path: &[&str], limit: usize) -> Option<Value> {
    match path {
        [] => Some(json!({"workflows": state.workflows.rules().map(shown).collect::<Vec<_>>()})),
        ["deliveries"] => {
            let newest_first: Vec<_> = state.workflows.log.all().rev().take(limit).collect();
            let (total, waiting) = (state.workflows.log.total(), state.workflows.waiting());
            Some(json!({"total": total, "waiting": waiting, "deliveries": newest_first}))
        }
        ["faults"] => Some(json!({"faults": state.workflows.faults()})),
        ["fields", kind] => Some(json!({"fields": fields::own_fields(state, Kind::parse(kind)?)})),
        [id] => {
            let id = id.parse().ok()?;
            state.workflows.rule(id).map(|rule| shown((id, rule)))
        }
        _ => None,
    }
}

/// Carries out a change; nothing where method and path are not known.
pub(crate) fn change(state: &mut State, method: &Method, path: &[&str], body: &Bytes) -> Result<Option<Value>, String> {
    match (method, path) {
        (&Method::POST, []) => {
            let rule = rule(body)?;
            let id = state.workflows.add(rule);
            Ok(read(state, &[&id.to_string()], 0))
        }
        (&Method::DELETE, ["deliveries"]) => {
            state.workflows.clear_log();
            Ok(read(state, path, 0))
        }
        (&Method::PUT, ["faults"]) => {
            state.workflows.set_faults(parse::<FaultSetting>(body)?.faults);
            Ok(read(state, path, 0))
        }
        (&Method::DELETE, ["faults"]) => {
            state.workflows.set_faults(Vec::new());
            Ok(read(state, path, 0))
        }
        (&Method::POST, [id, "test"]) => test(state, number(id)?, body),
        (&Method::PUT, [id]) => {
            let (number, rule) = (number(id)?, rule(body)?);
            known(state.workflows.replace(number, rule), number)?;
            Ok(read(state, path, 0))
        }
        (&Method::DELETE, [id]) => {
            let number = number(id)?;
            known(state.workflows.remove(number), number)?;
            Ok(read(state, &[], 0))
        }
        _ => Ok(None),
    }
}

fn shown((id, rule): (u64, &Workflow)) -> Value {
    let mut shown = json!({"id": id});
    if let (Value::Object(shown), Value::Object(rule)) = (&mut shown, json!(rule)) {
        shown.extend(rule);
    }
    shown
}

fn parse<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("cannot read the request body: {error}"))
}

/// A rule as it is sent; an `id`, as reads show it, is ignored.
fn rule(body: &Bytes) -> Result<Workflow, String> {
    let mut sent: Value = parse(body)?;
    if let Value::Object(sent) = &mut sent {
        sent.shift_remove("id");
    }
    let rule: Workflow = serde_json::from_value(sent).map_err(|error| format!("cannot read the workflow: {error}"))?;
    rule.check()?;
    Ok(rule)
}

#[derive(Deserialize)]
struct FaultSetting {
    faults: Vec<WebhookFault>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Test {
    record: Option<i64>,
}

fn test(state: &mut State, id: u64, body: &Bytes) -> Result<Option<Value>, String> {
    let test = if body.is_empty() { Test::default() } else { parse(body)? };
    queue_test(state, id, test.record).map(|delivery| Some(json!({"delivery": delivery})))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is not an id"))
}

fn known(found: bool, id: u64) -> Result<(), String> {
    if found { Ok(()) } else { Err(format!("there is no workflow {id}")) }
}
