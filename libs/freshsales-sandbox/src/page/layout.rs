//! The frame of every page, and the small parts that several pages use.

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::visit::Visit;
use crate::model::{Kind, Record, State};
use crate::wire::{Reply, ReplyBody};

/// Rows of one page of a list.
pub(super) const ROWS: usize = 50;

/// Nothing but what this process serves, no script, no frame around the page, forms to here only.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

const PLACES: &[(&str, &str)] = &[
    ("/", "Overview"),
    ("/-/leads", "Leads"),
    ("/-/contacts", "Contacts"),
    ("/-/sales_accounts", "Companies"),
    ("/-/deals", "Deals"),
    ("/-/tasks", "Tasks"),
    ("/-/requests", "Requests"),
    ("/-/faults", "Faults"),
    ("/-/webhooks", "Webhooks"),
];

/// A page with its place in the navigation.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    /// The path of the entry that is marked.
    pub(super) place: &'a str,
    pub(super) status: StatusCode,
}

impl<'a> Frame<'a> {
    pub(super) fn new(title: &'a str, place: &'a str) -> Self {
        Self { title, place, status: StatusCode::OK }
    }

    /// The page around this content.
    pub(super) fn around(&self, state: &State, visit: &Visit, content: &Markup) -> Reply {
        let leads = state.config.profile.serves(crate::Generation::Classic);
        let places = PLACES.iter().filter(|(path, _)| leads || *path != "/-/leads");
        let header = html! {
            form.search method="get" action="/-/search" role="search" {
                input type="search" name="q" placeholder="Search people, companies, deals" aria-label="Search"
                    value=(visit.query("q").unwrap_or_default());
            }
            nav aria-label="Pages" {
                @for (path, name) in places {
                    a href=(path) aria-current=[(*path == self.place).then_some("page")] { (name) }
                }
            }
        };
        let done = visit.query("done").and_then(message);
        let content = html! {
            @if let Some(done) = done { p.done role="status" { (done) } }
            (content)
        };
        html_reply(self.status, &document(state, self.title, Some(&header), &content))
    }
}

/// What a redirect says was done. Only these words can be shown, whatever the address says.
fn message(done: &str) -> Option<&'static str> {
    Some(match done {
        "saved" => "Saved.",
        "same" => "Nothing was changed.",
        "note" => "The note was added.",
        "clock" => "The clock was moved.",
        "quota" => "The quota is full again.",
        "fault-on" => "The fault is on.",
        "fault-off" => "Switched off.",
        "webhook" => "The webhook was set up.",
        "test" => "A test is on its way. Load the page again to see how it ended.",
        "switched" => "Switched.",
        "removed" => "Removed.",
        _ => return None,
    })
}

/// A page without navigation.
pub(super) fn bare(state: &State, status: StatusCode, title: &str, content: &Markup) -> Reply {
    html_reply(status, &document(state, title, None, content))
}

/// A page that says one thing.
pub(super) fn plain(state: &State, status: StatusCode, title: &str, text: &str) -> Reply {
    let content = html! { h1 { (title) } p { (text) } p { a href="/" { "To the overview" } } };
    bare(state, status, title, &content)
}

fn document(state: &State, title: &str, header: Option<&Markup>, content: &Markup) -> Markup {
    let name = &state.config.subdomain;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – " (name) " sandbox" }
                link rel="stylesheet" href="/-/page.css";
                link rel="icon" type="image/svg+xml" href="/-/icon.svg";
            }
            body {
                header.top {
                    a.brand href="/" { span.mark aria-hidden="true" {} (name) " " small { "sandbox" } }
                    @if let Some(header) = header { (header) }
                }
                main { (content) }
            }
        }
    }
}

fn html_reply(status: StatusCode, page: &Markup) -> Reply {
    let PreEscaped(text) = page;
    guarded(file(status, "text/html; charset=utf-8", Bytes::from(text.clone())))
        .with_header("cache-control", "no-store".to_owned())
}

fn file(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Reply {
    Reply::new(status, ReplyBody::File(content_type.to_owned(), bytes))
}

fn guarded(reply: Reply) -> Reply {
    reply
        .with_header("content-security-policy", POLICY.to_owned())
        .with_header("x-content-type-options", "nosniff".to_owned())
        .with_header("x-frame-options", "DENY".to_owned())
        // With `no-referrer` browsers would send forms with the origin `null`.
        .with_header("referrer-policy", "same-origin".to_owned())
        .with_header("cross-origin-opener-policy", "same-origin".to_owned())
        .with_header("cross-origin-resource-policy", "same-origin".to_owned())
}

/// A file that belongs to the page.
pub(super) fn asset(content_type: &'static str, text: &'static str) -> Reply {
    let reply = file(StatusCode::OK, content_type, Bytes::from_static(text.as_bytes()));
    guarded(reply).with_header("cache-control", "no-cache".to_owned())
}

/// The answer to a form: the browser reads another page.
pub(super) fn redirect(path: &str) -> Reply {
    guarded(Reply::empty(StatusCode::SEE_OTHER)).with_header("location", path.to_owned())
}

/// What every form carries.
pub(super) fn token(visit: &Visit) -> Markup {
    html! { input type="hidden" name="token" value=(visit.token); }
}

/// A form that is one button.
pub(super) fn button(visit: &Visit, action: &str, fields: &[(&str, &str)], text: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            (token(visit))
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button.quiet { (text) }
        }
    }
}

/// Moves between the pages of a list; `path` ends with `?` or `&`.
pub(super) fn pager(path: &str, page: usize, total: usize) -> Markup {
    let last = total.div_ceil(ROWS).max(1);
    html! {
        @if last > 1 {
            nav.pager aria-label="Pages of the list" {
                @if page > 1 { a href={ (path) "page=" (page - 1) } rel="prev" { "Back" } }
                span { "Page " (page) " of " (last) }
                @if page < last { a href={ (path) "page=" (page + 1) } rel="next" { "Next" } }
            }
        }
    }
}

/// A moment in the account's zone, to the second.
pub(super) fn moment(state: &State, moment: Timestamp) -> Markup {
    let local = state.config.zone.to_datetime(moment);
    html! { time datetime=(moment) { (local.strftime("%Y-%m-%d %H:%M:%S")) } }
}

/// The path of a record's page.
pub(super) fn path(kind: Kind, id: i64) -> String {
    format!("/-/{}/{id}", kind.plural())
}

/// The name of a record, or what stands for it, as a link to its page.
pub(super) fn link(record: &Record) -> Markup {
    let name = record.display_name();
    let shown = if name.trim().is_empty() { format!("{} {}", record.kind.label(), record.id) } else { name };
    html! { a href=(path(record.kind, record.id)) { (shown) } }
}

/// A value of the API for people: nothing for null, lists with commas, times without the `T`.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::String(text) if text.parse::<Timestamp>().is_ok() => text.replacen('T', " ", 1),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number with spaces between its thousands.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A status code, coloured by its class.
pub(super) fn status(status: Option<u16>) -> Markup {
    let class = match status {
        Some(200..=299) => "good",
        Some(300..=499) => "warn",
        _ => "bad",
    };
    html! { span.badge.(class) { @match status { Some(status) => (status), None => "none" } } }
}
