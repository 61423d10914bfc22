//! Likely duplicates of a contact: who shares its name, an e-mail address or the mobile number.
//!
//! The path is known from the `links` of contacts; the reply was never recorded, and its shape is that of a list.

use std::collections::BTreeSet;

use http::Method;
use serde_json::json;

use super::{of_record, path_id, records};
use crate::model::table::Key;
use crate::model::{Kind, State};
use crate::wire::{Answer, Call};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["contacts", id, "duplicates"]) if !call.api => {
            Some(path_id(id).and_then(|id| duplicates(state, call, id)))
        }
        _ => None,
    }
}

fn duplicates(state: &State, call: &Call, id: i64) -> Answer {
    let contact = records::live(state, Kind::Contact, id)?;
    let table = state.table(Kind::Contact);
    let mut found = BTreeSet::new();
    for email in &contact.emails {
        found.extend(table.find(Key::Email, &email.address));
    }
    found.extend(contact.text("mobile_number").into_iter().flat_map(|number| table.find(Key::Mobile, number)));
    found.extend(table.find(Key::Name, &contact.display_name()));
    found.remove(&id);
    let meta = json!({"total": found.len()});
    let rows = found.iter().filter_map(|&id| table.get(id)).map(AsRef::as_ref);
    Ok(of_record::rows(state, call, Kind::Contact, rows, Some(meta)))
}
