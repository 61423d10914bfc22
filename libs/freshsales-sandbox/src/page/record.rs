//! One record: what it says, what hangs on it, its notes, and the form to change it.

use std::sync::Arc;

use http::{Method, StatusCode};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{self, Frame};
use super::visit::Visit;
use super::{edit, lists};
use crate::model::{Kind, Record, State};
use crate::wire::{Call, Reply};
use crate::workflows::fields;
use crate::{Generation, routes};

/// Related records of one kind that are shown.
const RELATED: usize = 50;

pub(super) fn page(state: &State, visit: &Visit, kind: Kind, id: i64) -> Option<Reply> {
    let record = state.record(kind, id)?;
    let form = edit::form(state, visit, record, None);
    Some(shown(state, visit, record, &form, StatusCode::OK))
}

/// A record with a form that may carry what was wrong with it.
pub(super) fn shown(state: &State, visit: &Visit, record: &Record, form: &Markup, status: StatusCode) -> Reply {
    let place = format!("/-/{}", record.kind.plural());
    let name = record.display_name();
    let title = if name.trim().is_empty() { format!("{} {}", record.kind.label(), record.id) } else { name };
    let content = html! {
        p.crumb { a href=(place) { (lists::heading(record.kind)) } }
        h1 { (title) @if record.converted { " " span.badge { "converted" } } }
        p.hint {
            (record.id) " · made " (layout::moment(state, record.created_at))
            " · changed " (layout::moment(state, record.updated_at))
        }
        div.columns {
            div { (form) }
            div {
                @if Kind::SEARCHABLE.contains(&record.kind) { (notes(state, visit, record)) }
                (related(state, record))
                (attributes(state, record))
            }
        }
    };
    let frame = Frame { title: &title, place: &place, status };
    frame.around(state, visit, &content)
}

fn attributes(state: &State, record: &Record) -> Markup {
    let names = fields::own_fields(state, record.kind);
    let filled =
        names.iter().map(|name| (name, lists::value(state, record, name))).filter(|(_, text)| !text.is_empty());
    html! {
        section.panel {
            h2 { "As the API has it" }
            dl { @for (name, text) in filled { dt { code { (name) } } dd { (text) } } }
        }
    }
}

/// The records that this one hangs on or that hang on it.
fn related(state: &State, record: &Record) -> Markup {
    let companies = record.accounts.iter().map(|link| (Kind::SalesAccount, link.account));
    let contacts = record.contacts.iter().map(|&id| (Kind::Contact, id));
    let up = companies.chain(contacts).chain(record.targets.iter().copied());
    let up: Vec<&Arc<Record>> = up.filter_map(|(kind, id)| state.record(kind, id)).collect();
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Note);
    html! {
        @if !up.is_empty() {
            section.panel {
                h2 { "Belongs to" }
                ul { @for other in up { li { (layout::link(other)) " " small { (other.kind.label()) } } } }
            }
        }
        @for kind in kinds {
            @let ids = state.table(kind).linked_to(record.kind, record.id);
            @if !ids.is_empty() {
                section.panel {
                    h2 { (lists::heading(kind)) " " span.count { (layout::grouped(ids.len())) } }
                    ul {
                        @for other in ids.iter().rev().take(RELATED).filter_map(|&id| state.record(kind, id)) {
                            li { (layout::link(other)) }
                        }
                    }
                }
            }
        }
    }
}

fn notes(state: &State, visit: &Visit, record: &Record) -> Markup {
    let ids = state.table(Kind::Note).linked_to(record.kind, record.id);
    html! {
        section.panel {
            h2 { "Notes " span.count { (layout::grouped(ids.len())) } }
            form.stack method="post" action={ (layout::path(record.kind, record.id)) "/notes" } {
                (layout::token(visit))
                label { "New note" textarea name="description" rows="3" required {} }
                button { "Add" }
            }
            @for note in ids.iter().rev().take(RELATED).filter_map(|&id| state.record(Kind::Note, id)) {
                article.note {
                    p { (note.text("description").unwrap_or_default()) }
                    p.hint { (layout::moment(state, note.created_at)) }
                }
            }
        }
    }
}

/// Adds a note as a program would.
pub(super) fn add_note(state: &mut State, visit: &Visit, kind: Kind, id: i64) -> Option<Reply> {
    let record = state.record(kind, id).filter(|_| Kind::SEARCHABLE.contains(&kind))?.clone();
    let note = json!({"note": {"description": visit.typed("description").unwrap_or_default(),
        "targetable_type": kind.class(), "targetable_id": id}});
    match write(state, visit, kind, (Method::POST, "/notes"), &note) {
        Ok(()) => Some(layout::redirect(&format!("{}?done=note", layout::path(kind, id)))),
        Err(wrong) => {
            let form = edit::form(state, visit, &record, Some(&wrong));
            Some(shown(state, visit, &record, &form, StatusCode::BAD_REQUEST))
        }
    }
}

/// The generation whose paths reach records of this kind.
pub(super) fn generation(state: &State, kind: Kind) -> Generation {
    let suite = kind != Kind::Lead && state.config.profile.serves(Generation::Suite);
    if suite { Generation::Suite } else { Generation::Classic }
}

/// Writes through the routes of the API, so that a person's change is checked and followed by the same as a program's.
pub(super) fn write(
    state: &mut State,
    visit: &Visit,
    kind: Kind,
    (method, path): (Method, &str),
    body: &Value,
) -> Result<(), Vec<String>> {
    let path = format!("{}{path}", generation(state, kind).api_prefix());
    let call = Call::new(method, &path, "", body.to_string().into(), visit.host.clone());
    routes::answer(state, &call).map(drop).map_err(|refusal| refusal.sentences())
}
