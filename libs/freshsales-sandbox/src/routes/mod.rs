//! The routes of an account. One file per resource; each has a `route` function that matches method and path
//! segments and hands back nothing when the request is not its own.
//!
//! To add a resource: add its file, its columns and links where it has records, and its line in [`ROUTES`].

mod activities;
mod appointments;
mod auto_suggest;
mod bulk;
mod contacts;
mod conversations;
mod cpq;
mod custom_fields;
mod custom_modules;
mod deals;
mod documents;
mod duplicates;
mod filtered_search;
mod jobs;
mod leads;
mod lists;
mod lookup;
mod module_records;
mod notes;
mod of_record;
mod paging;
mod phone_calls;
mod records;
mod related;
mod sales_accounts;
mod sales_activities;
mod search;
mod selectors;
mod settings;
mod tasks;
mod teams;
mod tutorial;
mod views;
mod withholding;

use http::StatusCode;

pub(crate) use documents::file;

use crate::model::{Kind, State};
use crate::wire::{Answer, Call, Refusal};
use crate::{CreateStatus, Generation};

type Route = fn(&mut State, &Call, &[&str]) -> Option<Answer>;

/// Asked in this order; the first that knows the request answers it.
const ROUTES: &[Route] = &[
    tutorial::route,
    bulk::route,
    views::route,
    related::route,
    lists::route,
    teams::route,
    leads::route,
    contacts::route,
    sales_accounts::route,
    deals::route,
    notes::route,
    tasks::route,
    appointments::route,
    sales_activities::route,
    phone_calls::route,
    documents::route,
    conversations::route,
    cpq::route,
    custom_modules::route,
    module_records::route,
    custom_fields::route,
    activities::route,
    duplicates::route,
    auto_suggest::route,
    search::route,
    lookup::route,
    filtered_search::route,
    selectors::route,
    settings::route,
    jobs::route,
];

/// Answers an authenticated request.
pub(crate) fn answer(state: &mut State, call: &Call) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    if !reachable(state, call, &path) {
        return Err(Refusal::UnknownRoute);
    }
    let answer = ROUTES.iter().find_map(|route| route(state, call, &path)).unwrap_or(Err(Refusal::UnknownRoute));
    answer.map(|reply| withholding::applied(state, call, reply))
}

/// Leads exist on Classic paths only.
fn reachable(state: &State, call: &Call, path: &[&str]) -> bool {
    let asks_leads = path.contains(&"leads") || path == ["filtered_search", "lead"];
    let serves = state.config.profile.serves(call.generation);
    serves && !(asks_leads && call.generation == Generation::Suite)
}

/// An id in a path: digits, else the empty 404.
fn path_id(segment: &str) -> Result<i64, Refusal> {
    segment.parse().ok().filter(|id| *id >= 0).ok_or(Refusal::NotAnId)
}

/// The four kinds that share their routes, by path segment.
fn main_kind(segment: &str) -> Option<Kind> {
    Kind::SEARCHABLE.into_iter().find(|kind| kind.plural() == segment)
}

/// The status of a successful create.
fn created(state: &State, generation: Generation) -> StatusCode {
    match (state.switches.create_status, generation) {
        (CreateStatus::Created, _) | (CreateStatus::ByGeneration, Generation::Suite) => StatusCode::CREATED,
        _ => StatusCode::OK,
    }
}
