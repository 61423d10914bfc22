//! What programs asked of the API, newest first.

use maud::{Markup, html};

use super::layout::{self, Frame, ROWS};
use super::visit::Visit;
use crate::RequestSeen;
use crate::model::State;
use crate::wire::Reply;

/// How much of a body is shown, in bytes.
const SHOWN_BODY: usize = 4096;

pub(super) fn page(state: &State, visit: &Visit) -> Reply {
    let kept = state.log.all().count();
    let skipped = (visit.page() - 1).saturating_mul(ROWS);
    let rows: Vec<&RequestSeen> = state.log.all().rev().skip(skipped).take(ROWS).collect();
    let total = usize::try_from(state.log.total()).unwrap_or(usize::MAX);
    let content = html! {
        h1 { "Requests " span.count { (layout::grouped(total)) } }
        @if kept < total { p.hint { "The last " (layout::grouped(kept)) " are kept." } }
        (table(state, &rows, true))
        (layout::pager("/-/requests?", visit.page(), kept))
    };
    Frame::new("Requests", "/-/requests").around(state, visit, &content)
}

/// Requests as a table, with their bodies where asked for.
pub(super) fn table(state: &State, rows: &[&RequestSeen], bodies: bool) -> Markup {
    html! {
        @if rows.is_empty() { p.empty { "No program has called yet." } }
        @else {
            div.scroll {
                table {
                    thead { tr { th { "When" } th { "Request" } th { "Status" } th { "Fault" } th { "Caller" } } }
                    tbody {
                        @for request in rows {
                            tr {
                                td.when { (layout::moment(state, request.at)) }
                                td.wide {
                                    code { b { (request.method) } " " (request.path) (query(request)) }
                                    @if bodies && !request.body.is_empty() {
                                        details { summary { "Body" } pre { (body(&request.body)) } }
                                    }
                                }
                                td data-label="Status" { (layout::status(request.status)) }
                                td { @if let Some(fault) = &request.fault { span.badge.bad { (fault) } } }
                                td.said data-label="Caller" { (request.caller) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn query(request: &RequestSeen) -> String {
    if request.query.is_empty() { String::new() } else { format!("?{}", request.query) }
}

fn body(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BODY)]);
    if bytes.len() > SHOWN_BODY { format!("{text}…") } else { text.into_owned() }
}
