//! The first page: what the account holds, its quota and clock, the faults that are on, and what happened last.

use jiff::SignedDuration;
use maud::{Markup, html};

use super::layout::{self, Frame};
use super::visit::Visit;
use super::{faults, lists, requests, webhooks};
use crate::model::{Kind, State};
use crate::wire::Reply;
use crate::{Generation, QuotaState, RequestSeen};

/// Rows of each list on this page.
const LATEST: usize = 8;

/// How far a person can move the clock with one button.
const STEPS: [(u32, &str); 5] = [(1, "1 s"), (60, "1 min"), (900, "15 min"), (3600, "1 h"), (86_400, "1 day")];

pub(super) fn page(state: &mut State, visit: &Visit) -> Reply {
    let now = state.now();
    let quota = state.quota.state(now);
    let latest: Vec<&RequestSeen> = state.log.all().rev().take(LATEST).collect();
    let content = html! {
        h1 { "Overview" }
        (counts(state))
        div.cards {
            (quota_card(state, visit, &quota))
            (clock_card(state, visit))
            section.panel {
                h2 { "Faults" }
                (faults::active(state, visit))
                p { a href="/-/faults" { "Switch one on" } }
            }
        }
        h2 { "Latest requests" }
        (requests::table(state, &latest, false))
        p { a href="/-/requests" { "All requests" } }
        h2 { "Latest webhooks" }
        (webhooks::deliveries(state, LATEST))
        p { a href="/-/webhooks" { "Rules and deliveries" } }
    };
    Frame::new("Overview", "/").around(state, visit, &content)
}

fn counts(state: &State) -> Markup {
    let leads = state.config.profile.serves(Generation::Classic);
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Note && (leads || *kind != Kind::Lead));
    html! {
        ul.counts {
            @for kind in kinds {
                li {
                    a href={ "/-/" (kind.plural()) } {
                        b { (layout::grouped(state.table(kind).live_count())) } " " (lists::heading(kind))
                    }
                }
            }
        }
    }
}

fn quota_card(state: &State, visit: &Visit, quota: &QuotaState) -> Markup {
    html! {
        section.panel {
            h2 { "Quota" }
            @match (quota.hour_limit, quota.minute_limit) {
                (Some(hour), Some(minute)) => {
                    (meter("this hour", hour, quota.hour_used))
                    (meter("this minute", minute, quota.minute_used))
                    p.hint { "The hour ends at " (layout::moment(state, quota.resets)) "." }
                }
                _ => p { "The plan has no quota. " (layout::grouped(quota.hour_used as usize)) " requests this hour." }
            }
            p { (layout::grouped(usize::try_from(state.quota.refused()).unwrap_or(usize::MAX))) " requests were refused." }
            (layout::button(visit, "/-/quota", &[], "Fill up again"))
        }
    }
}

fn meter(window: &str, limit: u32, used: u32) -> Markup {
    let left = limit.saturating_sub(used);
    html! {
        p.meter {
            label { b { (layout::grouped(left as usize)) } " of " (layout::grouped(limit as usize)) " left " (window) }
            meter min="0" max=(limit) low=(limit / 5) optimum=(limit) value=(left) { (left) }
        }
    }
}

fn clock_card(state: &State, visit: &Visit) -> Markup {
    html! {
        section.panel {
            h2 { "Clock" }
            p.clock { (layout::moment(state, state.now())) " " small { (zone(state)) } }
            @if state.clock.is_stepped() {
                p.hint { "It stands still until it is moved." }
                div.steps {
                    @for (seconds, name) in STEPS {
                        (layout::button(visit, "/-/clock", &[("seconds", &seconds.to_string())], &format!("+ {name}")))
                    }
                }
            } @else { p.hint { "It runs with the machine's clock." } }
            @if state.index.pending() > 0 {
                p { (layout::grouped(state.index.pending())) " writes have not reached searches." }
            }
        }
    }
}

fn zone(state: &State) -> String {
    state.config.zone.iana_name().map_or_else(|| "account's zone".to_owned(), str::to_owned)
}

/// Moves a clock that stands still.
pub(super) fn step_clock(state: &mut State, visit: &Visit) -> Option<Reply> {
    let seconds: u32 = visit.field("seconds")?.parse().ok()?;
    if !state.clock.is_stepped() {
        return None;
    }
    state.clock.advance(SignedDuration::from_secs(i64::from(seconds)));
    state.tick();
    Some(layout::redirect("/?done=clock"))
}

/// Forgets what was used of the quota.
pub(super) fn refill_quota(state: &mut State) -> Reply {
    state.quota.refill();
    layout::redirect("/?done=quota")
}
