//! Faults of the API: which are on, and a form to switch one on.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{self, Frame};
use super::visit::Visit;
use crate::Fault;
use crate::model::State;
use crate::wire::Reply;

/// A fault a person can choose: its name in the form, what it does, and its JSON without the matching.
struct Choice {
    name: &'static str,
    label: &'static str,
    fault: Value,
}

fn choices() -> Vec<Choice> {
    let choice = |name, label, fault| Choice { name, label, fault };
    vec![
        choice("fail_before_commit", "500, nothing happened", json!({"kind": "fail_before_commit"})),
        choice("commit_then_fail", "500, but it happened", json!({"kind": "commit_then_fail"})),
        choice("commit_then_cut", "Connection cut, but it happened", json!({"kind": "commit_then_cut"})),
        choice("cut_before_commit", "Connection cut, nothing happened", json!({"kind": "cut_before_commit"})),
        choice("hang", "No reply, nothing happened", json!({"kind": "hang"})),
        choice("hang_then_commit", "No reply, but it happened", json!({"kind": "hang", "then_commit": true})),
        choice("quota_429", "429 as if the quota were spent", json!({"kind": "quota_429"})),
        choice("quota_429_in_400", "400 that speaks of a 429", json!({"kind": "quota_429_in_400"})),
        choice(
            "edge_throttle",
            "429 of the proxy, Retry-After 30",
            json!({"kind": "edge_throttle", "retry_after": 30}),
        ),
        choice("bad_gateway", "502 page of the proxy", json!({"kind": "server_error_html", "status": 502})),
        choice("unavailable", "503 page of the proxy", json!({"kind": "server_error_html", "status": 503})),
        choice(
            "slow_body",
            "Body in pieces of 64 bytes, 100 ms apart",
            json!({"kind": "slow_body", "chunk_bytes": 64, "pause_milliseconds": 100}),
        ),
        choice("bulk_busy_405", "405 on bulk upserts", json!({"kind": "bulk_busy_405"})),
    ]
}

const METHODS: [&str; 5] = ["", "GET", "POST", "PUT", "DELETE"];

pub(super) fn page(state: &State, visit: &Visit, refused: Option<&str>) -> Reply {
    let content = html! {
        h1 { "Faults" }
        p.hint { "The first fault in the list that hits a request of a program acts on it." }
        (active(state, visit))
        h2 { "Switch one on" }
        @if let Some(refused) = refused { p.problem role="alert" { (refused) } }
        (form(visit))
    };
    let mut frame = Frame::new("Faults", "/-/faults");
    if refused.is_some() {
        frame.status = http::StatusCode::BAD_REQUEST;
    }
    frame.around(state, visit, &content)
}

/// The faults that are on, each with a button that switches it off.
pub(super) fn active(state: &State, visit: &Visit) -> Markup {
    let faults = state.faults.active();
    html! {
        @if faults.is_empty() { p.empty { "No fault is on." } }
        @else {
            ul.rows {
                @for (at, fault) in faults.iter().enumerate() {
                    li {
                        span.badge.bad { (name(fault)) }
                        span.wide { (described(fault)) }
                        (layout::button(visit, "/-/faults/off", &[("at", &at.to_string()), ("kind", &name(fault))], "Off"))
                    }
                }
            }
        }
    }
}

fn name(fault: &Fault) -> String {
    json!(fault)["kind"].as_str().unwrap_or_default().to_owned()
}

fn described(fault: &Fault) -> String {
    let matching = &fault.matching;
    let methods = if matching.methods.is_empty() { "any method".to_owned() } else { matching.methods.join(", ") };
    let mut words = vec![methods];
    if !matching.path_prefix.is_empty() {
        words.push(format!("paths from {}", matching.path_prefix));
    }
    if !matching.path_suffix.is_empty() {
        words.push(format!("paths to {}", matching.path_suffix));
    }
    if fault.probability < 1.0 {
        words.push(format!("{} % of them", (fault.probability * 1000.0).round() / 10.0));
    }
    if fault.skip > 0 {
        words.push(format!("after {} more", fault.skip));
    }
    words.push(fault.remaining.map_or_else(|| "without end".to_owned(), |left| format!("{left} left")));
    words.join(", ")
}

fn form(visit: &Visit) -> Markup {
    html! {
        form.stack method="post" action="/-/faults" {
            (layout::token(visit))
            label { "What goes wrong"
                select name="choice" { @for choice in choices() { option value=(choice.name) { (choice.label) } } }
            }
            div.pair {
                label { "Method"
                    select name="method" {
                        @for method in METHODS { option value=(method) { @if method.is_empty() { "Any" } @else { (method) } } }
                    }
                }
                label { "Path begins with" input name="path" placeholder="/contacts"; }
            }
            div.pair {
                label { "Chance in percent" input name="chance" type="number" min="0" max="100" step="any" value="100"; }
                label { "How many times" input name="times" type="number" min="1" placeholder="without end"; }
            }
            button { "Switch on" }
        }
    }
}

pub(super) fn switch_on(state: &mut State, visit: &Visit) -> Reply {
    match chosen(visit) {
        Ok(fault) => {
            let mut faults = state.faults.active().to_vec();
            faults.push(fault);
            state.faults.set(faults);
            layout::redirect("/-/faults?done=fault-on")
        }
        Err(wrong) => page(state, visit, Some(&wrong)),
    }
}

fn chosen(visit: &Visit) -> Result<Fault, String> {
    let choice = choices().into_iter().find(|choice| Some(choice.name) == visit.field("choice"));
    let fault = choice.ok_or("Choose what goes wrong.")?.fault;
    let mut fault: Fault = serde_json::from_value(fault).map_err(|error| error.to_string())?;
    fault.matching.methods =
        visit.field("method").filter(|method| !method.is_empty()).map(str::to_owned).into_iter().collect();
    visit.field("path").unwrap_or_default().clone_into(&mut fault.matching.path_prefix);
    fault.probability = chance(visit)?;
    fault.remaining = times(visit)?;
    Ok(fault)
}

/// The chance of a fault, 0 to 1, from a form that has it in percent.
pub(super) fn chance(visit: &Visit) -> Result<f64, String> {
    let text = visit.field("chance").filter(|text| !text.is_empty()).unwrap_or("100");
    let percent = text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| "The chance is a number from 0 to 100.".to_owned())
}

/// How often a fault acts; without end where the field is empty.
pub(super) fn times(visit: &Visit) -> Result<Option<u32>, String> {
    match visit.field("times").filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(times) if times > 0 => Ok(Some(times)),
            _ => Err("How many times is a number from 1.".to_owned()),
        },
    }
}

/// Switches off the fault that the button stands beside, unless the list has changed since.
pub(super) fn switch_off(state: &mut State, visit: &Visit) -> Reply {
    let mut faults = state.faults.active().to_vec();
    let at = visit.field("at").and_then(|at| at.parse::<usize>().ok());
    match at.filter(|&at| faults.get(at).is_some_and(|fault| visit.field("kind") == Some(&name(fault)))) {
        Some(at) => {
            faults.remove(at);
            state.faults.set(faults);
            layout::redirect("/-/faults?done=fault-off")
        }
        None => page(state, visit, Some("The list of faults has changed; look again.")),
    }
}
