//! The control API under `/__sandbox`: looking into an account and steering it over HTTP, from loopback only.

mod admin;
mod registry;
mod snapshots;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::account::shown;
use crate::accounts::{Accounts, is_nobody_else_s};
use crate::model::quota::QuotaState;
use crate::model::{Kind, State};
use crate::page::was_forwarded;
use crate::server::Incoming;
use crate::wire::{NOT_FOUND_PAGE, Reply, query_pairs, segments};
use crate::{Account, AccountsError, Fault, Plan, StageOutcome, workflows};

pub(crate) use admin::check as check_rules;

/// A control request as it came.
pub(crate) struct Request {
    pub(crate) peer: SocketAddr,
    pub(crate) host: String,
    pub(crate) headers: HeaderMap,
    pub(crate) method: Method,
    /// The path after `/__sandbox`.
    pub(crate) rest: String,
    pub(crate) query: String,
}

/// What is sent back.
pub(crate) enum Answer {
    Reply(Reply),
    /// JSON lines, as they come.
    Lines(mpsc::Receiver<Bytes>),
}

/// Answers a control request for an account, or one that names none.
pub(crate) async fn answer<B: Incoming>(
    accounts: Accounts,
    account: Option<Account>,
    request: Request,
    body: B,
) -> Answer {
    if !request.peer.ip().to_canonical().is_loopback() {
        return Answer::Reply(Reply::html(StatusCode::NOT_FOUND, NOT_FOUND_PAGE));
    }
    if let Some(why) = foreign(&request) {
        return Answer::Reply(Reply::json(json!({"error": why})).with_status(StatusCode::FORBIDDEN));
    }
    let Some(account) = account else {
        let error = AccountsError::Unknown.to_string();
        return Answer::Reply(Reply::json(json!({ "error": error })).with_status(StatusCode::NOT_FOUND));
    };
    let path = segments(&request.rest);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let query = query_pairs(&request.query);
    if path == ["snapshot"] && request.method == Method::GET {
        return snapshots::save(&account, &query);
    }
    let result = if path == ["snapshot"] && request.method == Method::PUT {
        snapshots::restore(account, body).await
    } else {
        match body.collect().await {
            Ok(body) => steer(accounts, account, (request.method, &path, &query), body.to_bytes()).await,
            Err(_) => Err("the request body broke off".to_owned()),
        }
    };
    let refused = |message| Reply::json(json!({"error": message})).with_status(StatusCode::BAD_REQUEST);
    Answer::Reply(result.unwrap_or_else(refused))
}

/// Why a request may come from elsewhere although its connection is of this machine: by a proxy, or by a browser on it that shows
/// a page of another site.
fn foreign(request: &Request) -> Option<&'static str> {
    let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin = header("origin").map(|origin| origin.split_once("://").map_or("", |(_, host)| host));
    if !is_nobody_else_s(&request.host) {
        Some("the control API answers to localhost, loopback addresses and names of Freshsales accounts only")
    } else if was_forwarded(&request.headers) {
        Some("the control API does not answer to requests that a proxy passed on")
    } else if origin.is_some_and(|host| !host.eq_ignore_ascii_case(&request.host))
        || header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
    {
        Some("the control API does not answer to pages of other sites")
    } else {
        None
    }
}

async fn steer(
    accounts: Accounts,
    account: Account,
    (method, path, query): (Method, &[&str], &[(String, String)]),
    body: Bytes,
) -> Outcome {
    match (&method, path) {
        (_, ["accounts", rest @ ..]) => registry::answer(&accounts, &method, rest, &body).await,
        (&Method::POST, ["seed"]) => registry::seed(account, &body).await,
        (&Method::GET, _) => {
            let limit = query.iter().find(|(name, _)| name == "limit").and_then(|(_, value)| value.parse().ok());
            read(&mut account.lock(), path, limit)
        }
        _ => {
            let mut state = account.lock();
            state.changes.touch();
            change(&mut state, &method, path, &body)
        }
    }
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
        (&Method::POST, ["faults"]) => state.faults.add(faults(body)?),
        (&Method::DELETE, ["faults"]) => state.faults.set(Vec::new()),
        (&Method::POST, ["clock", "advance"]) => {
            state.clock.advance(seconds(body)?);
            state.tick();
            return Ok(Reply::json(clock(state)));
        }
        (&Method::PUT, ["clock"]) => {
            set_clock(state, &parse(body)?)?;
            return Ok(Reply::json(clock(state)));
        }
        (&Method::PUT, ["job-duration"]) => state.jobs.set_duration(seconds(body)?),
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

/// `{"mode":"real"}`, `{"mode":"stepped"}` or `{"mode":{"accelerated":60}}`, with `now` to jump ahead.
#[derive(serde::Deserialize)]
struct ClockSetting {
    mode: Option<ClockMode>,
    now: Option<Timestamp>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockMode {
    Real,
    Stepped,
    Accelerated(f64),
}

fn set_clock(state: &mut State, setting: &ClockSetting) -> Result<(), String> {
    let factor = match setting.mode {
        None => state.clock.factor(),
        Some(ClockMode::Real) => 1.0,
        Some(ClockMode::Stepped) => 0.0,
        Some(ClockMode::Accelerated(factor)) if factor.is_finite() && factor > 0.0 => factor,
        Some(ClockMode::Accelerated(_)) => return Err("a clock is accelerated by a number above 0".to_owned()),
    };
    if let Some(now) = setting.now
        && !state.clock.jump_to(now)
    {
        return Err(format!("the account's time is {}, and it does not go back", state.now()));
    }
    state.clock.set_factor(factor);
    state.tick();
    Ok(())
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
    json!({"now": state.now().to_string(), "stepped": state.clock.is_stepped(), "factor": state.clock.factor()})
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
