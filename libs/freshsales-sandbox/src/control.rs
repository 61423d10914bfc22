//! The control API under `/__sandbox`: looking into the account and steering it over HTTP, from loopback only.

mod admin;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::account::shown;
use crate::model::quota::QuotaState;
use crate::model::{Kind, State};
use crate::wire::{NOT_FOUND_PAGE, Reply, query_pairs, segments};
use crate::{Account, Fault, Plan, StageOutcome, workflows};

pub(crate) use admin::check as check_rules;

/// Answers a control request; `rest` is the path after `/__sandbox`.
pub(crate) fn answer(
    account: &Account,
    peer: SocketAddr,
    method: &Method,
    (rest, query): (&str, &str),
    body: &Bytes,
) -> Reply {
    if !peer.ip().to_canonical().is_loopback() {
        return Reply::html(StatusCode::NOT_FOUND, NOT_FOUND_PAGE);
    }
    let path = segments(rest);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let limit = query_pairs(query).iter().find(|(name, _)| name == "limit").and_then(|(_, value)| value.parse().ok());
    let mut state = account.lock();
    let result =
        if *method == Method::GET { read(&mut state, &path, limit) } else { change(&mut state, method, &path, body) };
    result.unwrap_or_else(|message| Reply::json(json!({"error": message})).with_status(StatusCode::BAD_REQUEST))
}

type Outcome = Result<Reply, String>;

fn read(state: &mut State, path: &[&str], limit: Option<usize>) -> Outcome {
    Ok(Reply::json(match path {
        [] => summary(state),
        ["records", kind] => {
            let kind = Kind::parse(kind).ok_or_else(|| format!("there is no record kind {kind}"))?;
            json!({kind.plural(): state.table(kind).live().map(|record| shown(state, record)).collect::<Vec<_>>()})
        }
        ["requests"] => requests(state, limit.unwrap_or(100)),
        ["quota"] => quota(state),
        ["faults"] => json!({"faults": state.faults.active()}),
        ["clock"] => clock(state),
        ["index-lag"] => json!({"seconds": state.index.lag().as_secs_f64(), "pending": state.index.pending()}),
        ["switches"] => json!(state.switches),
        ["workflows", rest @ ..] => {
            let found = workflows::control::read(state, rest, limit.unwrap_or(100));
            return Ok(found.map_or_else(unknown, Reply::json));
        }
        other => return Ok(admin::read(state, other).map_or_else(unknown, Reply::json)),
    }))
}

fn change(state: &mut State, method: &Method, path: &[&str], body: &Bytes) -> Outcome {
    match (method, path) {
        (&Method::DELETE, ["requests"]) => state.log.clear(),
        (&Method::POST, ["quota", "drain"]) => return drain(state, body),
        (&Method::PUT, ["quota"]) => state.quota.set_plan(parse::<PlanSetting>(body)?.plan),
        (&Method::PUT, ["faults"]) => state.faults.set(faults(body)?),
        (&Method::DELETE, ["faults"]) => state.faults.set(Vec::new()),
        (&Method::POST, ["clock", "advance"]) => {
            state.clock.advance(seconds(body)?);
            state.tick();
            return Ok(Reply::json(clock(state)));
        }
        (&Method::PUT, ["index-lag"]) => state.set_index_lag(seconds(body)?),
        (&Method::PUT, ["switches"]) => {
            let switches = state.switches.with(parse(body)?)?;
            state.set_switches(switches);
        }
        (&Method::POST, ["stages", "add"]) => return add_stage(state, body),
        (&Method::PUT, ["stages", id]) => {
            let name = parse::<StageSetting>(body)?.name;
            known(state.catalog.rename_stage(stage_id(id)?, &name), id)?;
        }
        (&Method::DELETE, ["stages", id]) => known(state.catalog.remove_stage(stage_id(id)?), id)?,
        (&Method::POST, ["custom-fields"]) => state.add_custom_field(parse(body)?),
        (&Method::POST, ["reset"]) => state.reset(),
        (_, ["workflows", rest @ ..]) => {
            let done = workflows::control::change(state, method, rest, body)?;
            return Ok(done.map_or_else(unknown, Reply::json));
        }
        _ => return admin::change(state, method, path, body).unwrap_or_else(|| Ok(unknown())),
    }
    Ok(Reply::json(summary(state)))
}

fn unknown() -> Reply {
    let message = "no such control path; the crate documentation lists them";
    Reply::json(json!({"error": message})).with_status(StatusCode::NOT_FOUND)
}

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("cannot read the request body: {error}"))
}

#[derive(serde::Deserialize)]
struct PlanSetting {
    plan: Plan,
}

#[derive(serde::Deserialize)]
struct Seconds {
    seconds: f64,
}

fn seconds(body: &Bytes) -> Result<SignedDuration, String> {
    let seconds = parse::<Seconds>(body)?.seconds;
    let valid = (0.0..1e10).contains(&seconds).then(|| SignedDuration::from_secs_f64(seconds));
    valid.ok_or_else(|| "seconds must be zero or more".to_owned())
}

#[derive(serde::Deserialize)]
struct FaultSetting {
    faults: Vec<Fault>,
}

fn faults(body: &Bytes) -> Result<Vec<Fault>, String> {
    parse::<FaultSetting>(body).map(|setting| setting.faults)
}

#[derive(serde::Deserialize)]
struct StageSetting {
    name: String,
}

fn stage_id(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text} is not an id"))
}

fn known(found: bool, id: &str) -> Result<(), String> {
    if found { Ok(()) } else { Err(format!("there is no stage {id}")) }
}

fn add_stage(state: &mut State, body: &Bytes) -> Outcome {
    let name = parse::<StageSetting>(body)?.name;
    let pipeline = state.catalog.default_pipeline();
    let id = state.catalog.add_stage(&name, pipeline, StageOutcome::Open);
    Ok(Reply::json(json!({"id": id, "name": name})))
}

#[derive(serde::Deserialize)]
struct Drain {
    requests: u32,
}

fn drain(state: &mut State, body: &Bytes) -> Outcome {
    let wanted = parse::<Drain>(body)?.requests;
    let now = state.now();
    let accepted = state.quota.drain(wanted, now);
    Ok(Reply::json(json!({"accepted": accepted, "refused": wanted - accepted})))
}

fn summary(state: &mut State) -> Value {
    let records = Kind::ALL.map(|kind| {
        let table = state.table(kind);
        (kind.plural().to_owned(), json!({"live": table.live_count(), "deleted": table.deleted_count()}))
    });
    let records: serde_json::Map<String, Value> = records.into_iter().collect();
    json!({
        "subdomain": state.config.subdomain,
        "profile": state.config.profile,
        "now": state.now().to_string(),
        "records": records,
        "requests": state.log.total(),
        "refused_429": state.quota.refused(),
        "faults": state.faults.active().len(),
        "index_pending": state.index.pending(),
        "events_pending": state.agenda.len(),
        "quota": quota(state),
    })
}

fn quota(state: &mut State) -> Value {
    let now = state.now();
    let QuotaState { hour_limit, minute_limit, hour_used, minute_used, resets, minute_resets } = state.quota.state(now);
    json!({
        "plan": state.quota.plan(),
        "hour": {"limit": hour_limit, "used": hour_used, "resets": resets.to_string()},
        "minute": {"limit": minute_limit, "used": minute_used, "resets": minute_resets.to_string()},
    })
}

fn clock(state: &State) -> Value {
    json!({"now": state.now().to_string(), "stepped": state.clock.is_stepped()})
}

fn requests(state: &State, limit: usize) -> Value {
    let newest_first = state.log.all().rev().take(limit).map(|request| {
        json!({
            "at": request.at.to_string(),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "status": request.status,
            "fault": request.fault,
            "caller": request.caller,
        })
    });
    json!({"total": state.log.total(), "requests": newest_first.collect::<Vec<_>>()})
}
