//! Workflows and their webhooks: the rules, what became of deliveries, the faults of deliveries.

use http::StatusCode;
use maud::{Markup, html};

use super::faults::{chance, times};
use super::layout::{self, Frame};
use super::visit::Visit;
use crate::model::{Kind, State};
use crate::wire::Reply;
use crate::workflows::{
    Authentication, Condition, Content, DeliveryResult, DeliverySeen, Trigger, Webhook, WebhookFault, WebhookFaultKind,
    Workflow, queue_test,
};

/// Deliveries on the page.
const SHOWN: usize = 100;

pub(super) fn page(state: &State, visit: &Visit, refused: Option<&str>) -> Reply {
    let content = html! {
        h1 { "Webhooks" }
        @if let Some(refused) = refused { p.problem role="alert" { (refused) } }
        (rules(state, visit))
        details open[refused.is_some()] {
            summary { "Set up a webhook" }
            (form(visit))
        }
        h2 { "Deliveries " span.count { (layout::grouped(usize::try_from(state.workflows.log.total()).unwrap_or(usize::MAX))) } }
        @if state.workflows.waiting() > 0 { p.hint { (layout::grouped(state.workflows.waiting())) " are waiting." } }
        (deliveries(state, SHOWN))
        h2 { "Faults of deliveries" }
        (fault_form(state, visit))
    };
    let mut frame = Frame::new("Webhooks", "/-/webhooks");
    if refused.is_some() {
        frame.status = StatusCode::BAD_REQUEST;
    }
    frame.around(state, visit, &content)
}

fn rules(state: &State, visit: &Visit) -> Markup {
    let rules: Vec<(u64, &Workflow)> = state.workflows.rules().collect();
    html! {
        @if rules.is_empty() { p.empty { "No workflow calls a webhook yet." } }
        @else {
            ul.rows {
                @for (id, rule) in rules {
                    @let act = |action: &str, text: &str| layout::button(visit, &format!("/-/webhooks/{id}/{action}"), &[], text);
                    li {
                        span.badge.(if rule.enabled { "good" } else { "off" }) { @if rule.enabled { "on" } @else { "off" } }
                        div.wide {
                            b { (rule.name) } " " span.hint { (when(rule)) }
                            br;
                            code { (rule.webhook.method.name()) " " (without_query(&rule.webhook.url)) }
                        }
                        (act("test", "Send a test"))
                        @if rule.enabled { (act("off", "Switch off")) } @else { (act("on", "Switch on")) }
                        (act("remove", "Remove"))
                    }
                }
            }
        }
    }
}

fn when(rule: &Workflow) -> String {
    let trigger = match rule.trigger {
        Trigger::Created => "is made",
        Trigger::Updated => "is changed",
        Trigger::CreatedOrUpdated => "is made or changed",
    };
    let kind = rule.kind.label().to_lowercase();
    let condition = if rule.conditions == Condition::default() { "" } else { " and its conditions hold" };
    let once = if rule.once { ", once each" } else { "" };
    format!("when a {kind} {trigger}{condition}{once}")
}

/// Receivers that know no header have their secret in the query.
fn without_query(url: &str) -> String {
    url.split_once('?').map_or_else(|| url.to_owned(), |(address, _)| format!("{address}?…"))
}

/// The latest attempts to deliver, newest first.
pub(super) fn deliveries(state: &State, limit: usize) -> Markup {
    let seen: Vec<&DeliverySeen> = state.workflows.log.all().rev().take(limit).collect();
    html! {
        @if seen.is_empty() { p.empty { "No webhook has been sent yet." } }
        @else {
            div.scroll {
                table {
                    thead { tr { th { "When" } th { "Webhook" } th { "Record" } th { "Result" } th { "Took" } } }
                    tbody { @for attempt in seen { (delivery(state, attempt)) } }
                }
            }
        }
    }
}

fn delivery(state: &State, attempt: &DeliverySeen) -> Markup {
    html! {
        tr {
            td.when { (layout::moment(state, attempt.at)) }
            td.wide {
                b { (attempt.name) }
                @if attempt.test { " " span.badge { "test" } }
                @if attempt.attempt > 1 { " " span.badge { "try " (attempt.attempt) } }
                @if let Some(fault) = attempt.fault { " " span.badge.bad { (fault.name()) } }
                br;
                code { (attempt.method) " " (without_query(&attempt.url)) }
                @if !attempt.body.is_empty() { details { summary { "Body" } pre { (attempt.body) } } }
            }
            td.whole data-label="Record" {
                a href=(layout::path(attempt.kind, attempt.record)) { (attempt.kind.label()) " " (attempt.record) }
            }
            td.said data-label="Result" { (result(attempt)) }
            td.number data-label="Took" { (attempt.duration_milliseconds) " ms" }
        }
    }
}

fn result(attempt: &DeliverySeen) -> Markup {
    let words = match attempt.result {
        DeliveryResult::Delivered | DeliveryResult::Refused => return layout::status(attempt.status),
        DeliveryResult::TimedOut => "timed out",
        DeliveryResult::Unreachable => "no connection",
        DeliveryResult::Dropped => "never sent",
        DeliveryResult::Obsolete => "not needed any more",
    };
    html! {
        span.badge.bad { (words) }
        @if let Some(error) = &attempt.error { br; small { (error) } }
    }
}

const TRIGGERS: [(&str, &str); 3] =
    [("created_or_updated", "is made or changed"), ("created", "is made"), ("updated", "is changed")];

fn form(visit: &Visit) -> Markup {
    let field = |name: &str| visit.field(name).unwrap_or_default().to_owned();
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Note);
    html! {
        form.stack method="post" action="/-/webhooks" {
            (layout::token(visit))
            label { "Name" input name="name" value=(field("name")) required; }
            div.pair {
                label { "When a"
                    select name="kind" {
                        @for kind in kinds {
                            option value=(kind.singular()) selected[field("kind") == kind.singular()] { (kind.label().to_lowercase()) }
                        }
                    }
                }
                label { "…"
                    select name="trigger" {
                        @for (name, text) in TRIGGERS { option value=(name) selected[field("trigger") == name] { (text) } }
                    }
                }
            }
            label { "POST to" input type="url" name="url" value=(field("url")) placeholder="http://localhost:9000/hook" required; }
            label { "Fields, with commas between" input name="fields" value=(field("fields")) placeholder="id, email, owner_name" required; }
            label { "Token, sent as “Authorization: Token …”" input type="password" name="webhook-token" autocomplete="off"; }
            p.hint { "Conditions, templates, other methods and encodings are set through the control API." }
            button { "Set up" }
        }
    }
}

pub(super) fn add(state: &mut State, visit: &Visit) -> Reply {
    match typed(visit) {
        Ok(rule) => {
            state.workflows.add(rule);
            layout::redirect("/-/webhooks?done=webhook")
        }
        Err(wrong) => page(state, visit, Some(&wrong)),
    }
}

fn typed(visit: &Visit) -> Result<Workflow, String> {
    let field = |name: &str| visit.field(name).unwrap_or_default();
    let kind = Kind::parse(field("kind")).ok_or("choose a kind of record")?;
    let fields: Vec<&str> = field("fields").split(',').map(str::trim).filter(|field| !field.is_empty()).collect();
    let mut webhook = Webhook::post(field("url"), Content::simple(&fields));
    if !field("webhook-token").is_empty() {
        webhook.authentication = Authentication::Token { token: field("webhook-token").into() };
    }
    let trigger = match field("trigger") {
        "created" => Trigger::Created,
        "updated" => Trigger::Updated,
        _ => Trigger::CreatedOrUpdated,
    };
    let rule = Workflow::new(field("name"), kind, webhook).on(trigger);
    rule.check().map(|()| rule)
}

/// What the buttons beside a rule do; nothing for an action there is not.
pub(super) fn act(state: &mut State, visit: &Visit, id: u64, action: &str) -> Option<Reply> {
    let (found, done) = match action {
        "on" => (state.workflows.enable(id, true), "switched"),
        "off" => (state.workflows.enable(id, false), "switched"),
        "remove" => (state.workflows.remove(id), "removed"),
        "test" => match queue_test(state, id, None) {
            Ok(_) => (true, "test"),
            Err(wrong) => return Some(page(state, visit, Some(&wrong))),
        },
        _ => return None,
    };
    found.then(|| layout::redirect(&format!("/-/webhooks?done={done}")))
}

fn fault_form(state: &State, visit: &Visit) -> Markup {
    html! {
        @if state.workflows.faults().is_empty() { p.empty { "None is on." } }
        @else {
            ul.rows {
                @for fault in state.workflows.faults() {
                    li {
                        span.badge.bad { (fault.kind.name()) }
                        span.wide {
                            ((fault.probability * 100.0).round()) " % of deliveries"
                            @if let Some(left) = fault.remaining { ", " (left) " left" }
                        }
                    }
                }
            }
            (layout::button(visit, "/-/webhooks/faults", &[("kind", "")], "All off"))
        }
        form.stack method="post" action="/-/webhooks/faults" {
            (layout::token(visit))
            div.pair {
                label { "What goes wrong"
                    select name="kind" {
                        @for kind in WebhookFaultKind::ALL { option value=(kind.name()) { (kind.name().replace('_', " ")) } }
                    }
                }
                label { "Chance in percent" input name="chance" type="number" min="0" max="100" step="any" value="100"; }
                label { "How many times" input name="times" type="number" min="1" placeholder="without end"; }
            }
            button { "Switch on" }
        }
    }
}

/// Adds a fault of deliveries, or clears them where no kind is named.
pub(super) fn set_faults(state: &mut State, visit: &Visit) -> Reply {
    let chosen = visit.field("kind").unwrap_or_default();
    let Some(kind) = WebhookFaultKind::ALL.into_iter().find(|kind| kind.name() == chosen) else {
        state.workflows.set_faults(Vec::new());
        return layout::redirect("/-/webhooks?done=fault-off");
    };
    match (chance(visit), times(visit)) {
        (Ok(probability), Ok(remaining)) => {
            let mut faults = state.workflows.faults().to_vec();
            faults.push(WebhookFault { kind, workflow: None, probability, remaining });
            state.workflows.set_faults(faults);
            layout::redirect("/-/webhooks?done=fault-on")
        }
        (Err(wrong), _) | (_, Err(wrong)) => page(state, visit, Some(&wrong)),
    }
}
