//! Going through JSON: which values name the person, and taking those out that do.

use serde_json::{Map, Value};

use super::texts::is_form;
use super::{Marks, record_of_key};
use crate::hooks::{Encoding, well_formed};
use crate::profile::key_of_id;
use crate::record::{RecordKind, RecordRef};

/// The members of an event that hold an id of a person.
const IDS: [(&str, &str); 4] =
    [("userid", "user"), ("anonymousid", "anonymous"), ("previousid", "user"), ("previousid", "anonymous")];

/// What a body says, if it is JSON, XML or a form.
pub(super) fn tree_of(body: &[u8]) -> Option<Value> {
    if let Ok(tree) = serde_json::from_slice(body) {
        return Some(tree);
    }
    let is_xml = body.trim_ascii_start().first().is_some_and(|first| *first == b'<');
    let encoding = if is_xml { Encoding::Xml } else { Encoding::Form };
    (is_xml || is_form(body)).then(|| well_formed(encoding, body).ok().map(Value::Object)).flatten()
}

impl Marks {
    /// Whether a tree of values names the person: in a text, as a record, or as a user.
    pub fn are_in(&self, tree: &Value) -> bool {
        match tree {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => self.numbers && self.are_in_text(&number.to_string()),
            Value::String(text) => self.are_in_value(text),
            Value::Array(items) => items.iter().any(|item| self.are_in(item)),
            Value::Object(members) => self.are_in_object(members),
        }
    }

    fn are_in_value(&self, text: &str) -> bool {
        let nested = || serde_json::from_str::<Value>(text).ok().filter(|tree| tree.is_object() || tree.is_array());
        let is_packed = text.trim_start().starts_with(['{', '[']);
        record_of_key(text).is_some_and(|record| self.is_record(record))
            || self.are_in_text(text)
            || (is_packed && nested().is_some_and(|tree| self.are_in(&tree)))
    }

    fn are_in_object(&self, members: &Map<String, Value>) -> bool {
        self.is_named_by(members)
            || members
                .iter()
                .any(|(name, value)| self.is_named_as(name, value) || self.are_in_value(name) || self.are_in(value))
    }

    /// `{"kind": "contact", "id": 7}`, `{"targetable_type": "Contact", "targetable_id": 7}`.
    fn is_named_by(&self, members: &Map<String, Value>) -> bool {
        [("kind", "id"), ("type", "id"), ("targetable_type", "targetable_id"), ("target_type", "target_id")]
            .iter()
            .filter_map(|(kind, id)| record(members.get(*kind)?.as_str()?, members.get(*id)?))
            .any(|record| self.is_record(record))
    }

    /// `"contact_id": 7`, `"leadId": 7`, `"contact": {"id": 7}`, `"userId": "…"`.
    fn is_named_as(&self, name: &str, value: &Value) -> bool {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let of_record = plain.strip_suffix("id").and_then(|kind| record(kind, value));
        // Apps say `leadId` of everybody whom the gateway made, on accounts without leads too.
        let as_contact = (plain == "leadid").then(|| record("contact", value)).flatten();
        let inside = value.get("id").and_then(|id| record(&plain, id));
        if of_record.into_iter().chain(as_contact).chain(inside).any(|record| self.is_record(record)) {
            return true;
        }
        let Some(id) = value.as_str() else { return false };
        IDS.iter().any(|(member, kind)| plain == *member && self.is_key(&key_of_id(kind, id)))
    }

    /// Takes out what names the person: each text that does becomes null. Returns whether there was any.
    pub fn blank(&self, tree: &mut Value) -> bool {
        match tree {
            Value::Array(items) => items.iter_mut().fold(false, |any, item| self.blank(item) | any),
            Value::Object(members) => {
                let before = members.len();
                members.retain(|name, _| !self.are_in_value(name));
                let any = members.len() < before;
                members.values_mut().fold(any, |any, value| self.blank(value) | any)
            }
            leaf => {
                let names = self.are_in(leaf);
                if names {
                    *leaf = Value::Null;
                }
                names
            }
        }
    }
}

/// A record of a person, from its kind's name in any spelling and its id as a number or digits.
fn record(kind: &str, id: &Value) -> Option<RecordRef> {
    let kind = match kind.to_lowercase().as_str() {
        "contact" => RecordKind::Contact,
        "lead" => RecordKind::Lead,
        _ => return None,
    };
    let id = id.as_i64().or_else(|| id.as_str()?.trim().parse().ok())?;
    Some(RecordRef { kind, id })
}
