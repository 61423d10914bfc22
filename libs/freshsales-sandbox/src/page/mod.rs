//! The account's page for people: at `/` of its address for a browser, everything else under `/-/`, where the API has no
//! paths.
//!
//! Cast: [`Guard`] decides who may see and who may change; [`Visit`] is one request of a browser; `layout` is the frame
//! every page stands in; each of the other files is one page with its actions. A page is made on the server while the
//! account is locked, from templates that escape every value; there is no script, and the content security policy
//! allows none. Changes are forms; each answers with a redirect, so that going back does not repeat it.
//!
//! What a person edits goes through the same routes as a program's PUT, so validation and workflows are the same. It
//! costs no quota, meets no fault and is not in the request log.

mod board;
mod edit;
mod faults;
mod guard;
mod layout;
mod lists;
mod overview;
mod record;
mod requests;
mod search;
mod visit;
mod webhooks;

use std::net::SocketAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};

pub(crate) use guard::{Guard, was_forwarded};
use visit::Visit;

use crate::model::{Kind, State};
use crate::wire::{NOT_FOUND_PAGE, Reply};
use crate::{Account, accounts};

const STYLE: &str = include_str!("page.css");
const ICON: &str = include_str!("icon.svg");

/// Whether a request is one of a browser for the page, rather than one of a program for the API. The path is that behind the
/// prefix that names the account.
pub(crate) fn is_for(parts: &Parts, path: &str) -> bool {
    let accepts_html = || {
        let accept = parts.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    };
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match path {
        "" | "/" => reads && accepts_html(),
        path => path == "/-" || path.starts_with("/-/"),
    }
}

/// Answers a browser that came by the path prefix of an account. The page's own links begin at `/`, so it is served by host name only.
pub(crate) fn lead_to_host(account: &Account, host: &str, path: &str, query: Option<&str>) -> Reply {
    let name = account.subdomain();
    if !accounts::is_loopback_name(host) {
        let hint =
            format!("The page of this account is at a host name that begins with {name}, such as {name}.localhost.");
        return layout::plain(&account.lock(), StatusCode::NOT_FOUND, "Not here", &hint);
    }
    let port = host.strip_prefix('[').map_or(host, |rest| rest.split_once(']').map_or(rest, |(_, port)| port));
    let port = port.rsplit_once(':').map_or(String::new(), |(_, port)| format!(":{port}"));
    let path = if path.is_empty() { "/" } else { path };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    layout::redirect(&format!("http://{name}.localhost{port}{path}{query}"))
}

/// Answers a request of a browser.
pub(crate) fn answer(account: &Account, guard: &Guard, peer: SocketAddr, parts: &Parts, body: &Bytes) -> Reply {
    let visit = Visit::new(parts, body, guard);
    let mut state = account.lock();
    if !guard::is_own_host(&state, &visit.host) {
        return Reply::html(StatusCode::NOT_FOUND, NOT_FOUND_PAGE);
    }
    let path: Vec<&str> = visit.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["-", "page.css"] => return layout::asset("text/css; charset=utf-8", STYLE),
        ["-", "icon.svg"] => return layout::asset("image/svg+xml", ICON),
        _ => {}
    }
    if visit.posts && !guard.is_same_origin(parts, &visit) {
        let message = "This form did not come from this page. Load the page again and repeat what you did.";
        return layout::plain(&state, StatusCode::FORBIDDEN, "Not done", message);
    }
    let path = path.strip_prefix(&["-"]).unwrap_or(&path);
    if path == ["sign-in"] && visit.posts {
        return guard.sign_in(&state, &visit);
    }
    if guard.needs_key(&state, peer, parts, &visit.host) {
        return guard::sign_in_page(&state, &visit, None);
    }
    if visit.posts {
        state.changes.touch();
        change(&mut state, &visit, path)
    } else {
        show(&mut state, &visit, path)
    }
}

fn show(state: &mut State, visit: &Visit, path: &[&str]) -> Reply {
    let shown = match path {
        [] => Some(overview::page(state, visit)),
        ["search"] => Some(search::page(state, visit)),
        ["requests"] => Some(requests::page(state, visit)),
        ["faults"] => Some(faults::page(state, visit, None)),
        ["webhooks"] => Some(webhooks::page(state, visit, None)),
        ["deals"] if visit.query("stage").is_none() => Some(board::page(state, visit)),
        [plural] => kind(plural).map(|kind| lists::page(state, visit, kind)),
        [plural, id] => kind(plural).zip(id.parse().ok()).and_then(|(kind, id)| record::page(state, visit, kind, id)),
        _ => None,
    };
    shown.unwrap_or_else(|| missing(state))
}

fn change(state: &mut State, visit: &Visit, path: &[&str]) -> Reply {
    let done = match path {
        ["clock"] => overview::step_clock(state, visit),
        ["quota"] => Some(overview::refill_quota(state)),
        ["faults"] => Some(faults::switch_on(state, visit)),
        ["faults", "off"] => Some(faults::switch_off(state, visit)),
        ["webhooks"] => Some(webhooks::add(state, visit)),
        ["webhooks", "faults"] => Some(webhooks::set_faults(state, visit)),
        ["webhooks", id, action] => id.parse().ok().and_then(|id| webhooks::act(state, visit, id, action)),
        [plural, id] => kind(plural).zip(id.parse().ok()).and_then(|(kind, id)| edit::save(state, visit, kind, id)),
        [plural, id, "notes"] => {
            kind(plural).zip(id.parse().ok()).and_then(|(kind, id)| record::add_note(state, visit, kind, id))
        }
        _ => None,
    };
    done.unwrap_or_else(|| missing(state))
}

fn missing(state: &State) -> Reply {
    layout::plain(state, StatusCode::NOT_FOUND, "Not found", "There is no such page, or the record is gone.")
}

fn kind(plural: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.plural() == plural)
}
