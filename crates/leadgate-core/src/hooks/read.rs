//! Takes a notification apart: JSON, XML or a form; the shape of the integration guide, the CRM's simple content, records under their kind's name, or
//! whatever a mapping describes.

use serde_json::{Map, Value};

use super::settings::Mapping;
use super::words::{self, Words};
use super::{HookRules, xml};
use crate::intake::{IntakeError, Problem};
use crate::mirror::{DELETED, SeenBy, Sighting};
use crate::record::{RecordKind, RecordRef};
use crate::submission::RawSubmission;

/// How a notification is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// JSON.
    Json,
    /// XML.
    Xml,
    /// As a form: `deal_id=7&deal_name=…`.
    Form,
}

impl Encoding {
    /// The name under which it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Json => "json",
            Encoding::Xml => "xml",
            Encoding::Form => "form",
        }
    }

    fn from_name(name: &str) -> Encoding {
        match name {
            "xml" => Encoding::Xml,
            "form" => Encoding::Form,
            _ => Encoding::Json,
        }
    }
}

/// The kinds by the CRM's names, in the singular.
const KINDS: [(&str, RecordKind); 4] = [
    ("deal", RecordKind::Deal),
    ("contact", RecordKind::Contact),
    ("lead", RecordKind::Lead),
    ("sales_account", RecordKind::Company),
];

/// What a body says: a tree with an object at its top.
///
/// # Errors
/// [`IntakeError::Malformed`] where it says nothing.
pub fn well_formed(encoding: Encoding, body: &[u8]) -> Result<Map<String, Value>, IntakeError> {
    let tree = match encoding {
        Encoding::Json => serde_json::from_slice(body).ok(),
        Encoding::Xml => std::str::from_utf8(body).ok().and_then(xml::tree),
        Encoding::Form => Some(form(body)),
    };
    match tree {
        Some(Value::Object(object)) if !object.is_empty() => Ok(object),
        Some(_) => Err(malformed("there is no data in the body")),
        None => Err(malformed(format!("the body is not {}", encoding.name().to_uppercase()))),
    }
}

fn form(body: &[u8]) -> Value {
    let pairs = form_urlencoded::parse(body).filter(|(name, _)| !name.is_empty());
    Value::Object(pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect())
}

fn malformed(message: impl Into<String>) -> IntakeError {
    IntakeError::Malformed(Problem::new("", message))
}

/// What a notification says of a record. Its label is the encoding, and behind a `/` the name of the mapping.
///
/// # Errors
/// [`IntakeError`] where it names no record.
pub fn notification(raw: &RawSubmission, rules: &HookRules) -> Result<Sighting, IntakeError> {
    let label = raw.label.as_deref().unwrap_or_default();
    let (encoding, source) = label.split_once('/').unwrap_or((label, ""));
    let body = well_formed(Encoding::from_name(encoding), &raw.body)?;
    if source.is_empty() {
        return told(&body, rules);
    }
    let mapping = rules.mappings.get(source).ok_or_else(|| {
        malformed(format!(
            "came for the mapping {source}, which the rules do not have; add [notifications.mappings.{source}]"
        ))
    })?;
    mapped(&Value::Object(body), mapping, rules)
}

/// What a row of the API says of a record. Its label is the kind.
///
/// # Errors
/// [`IntakeError`] where the row has no id.
pub fn row(raw: &RawSubmission, rules: &HookRules) -> Result<Sighting, IntakeError> {
    let label = raw.label.as_deref().unwrap_or_default();
    let kind = RecordKind::from_name(label).ok_or_else(|| malformed("is a row of an unknown kind"))?;
    let shown = well_formed(Encoding::Json, &raw.body)?;
    let words = words::read(kind, &shown, rules);
    sighting(kind, words, (None, SeenBy::Poll))
}

fn sighting(kind: RecordKind, words: Words, (event, by): (Option<String>, SeenBy)) -> Result<Sighting, IntakeError> {
    let Words { id, version, created_at, mut fields } = words;
    let id = id.ok_or_else(|| malformed(format!("has no id of a {}; have the workflow send it", kind.name())))?;
    if event.as_deref().is_some_and(tells_of_deletion) {
        fields.insert(DELETED.to_owned(), Value::Bool(true));
    }
    Ok(Sighting { record: RecordRef { kind, id }, version, created_at, fields, event, by })
}

fn tells_of_deletion(event: &str) -> bool {
    let event = event.to_lowercase();
    ["delete", "deleted", "destroy", "destroyed"].iter().any(|end| event.ends_with(end))
}

fn told(body: &Map<String, Value>, rules: &HookRules) -> Result<Sighting, IntakeError> {
    let found = guide(body).or_else(|| nested(body)).or_else(|| flat(body));
    let Some((kind, shown, event)) = found else {
        return Err(malformed(
            "names no deal, contact, lead or company by its id; tick the id in the workflow, or describe the body in [notifications.mappings]",
        ));
    };
    sighting(kind, words::read(kind, &shown, rules), (event, SeenBy::Webhook))
}

type Told = (RecordKind, Map<String, Value>, Option<String>);

/// `{"event": "deal_updated", "object_type": "deal", "object": {…}}`, as the integration guide has it.
fn guide(body: &Map<String, Value>) -> Option<Told> {
    let object = body.get("object")?.as_object()?;
    let event = body.get("event").and_then(Value::as_str).map(str::to_owned);
    let named = body.get("object_type").and_then(Value::as_str).and_then(kind_named);
    let kind = named.or_else(|| kind_within(event.as_deref()?))?;
    Some((kind, without_prefix(kind, object), event))
}

fn kind_named(name: &str) -> Option<RecordKind> {
    let name = name.trim().to_lowercase();
    let singular = name.strip_suffix('s').unwrap_or(&name);
    match singular {
        "account" | "company" | "companie" | "salesaccount" => Some(RecordKind::Company),
        other => KINDS.iter().find(|(theirs, _)| *theirs == other).map(|(_, kind)| *kind),
    }
}

/// `deal.updated`, `onDealUpdate`.
fn kind_within(event: &str) -> Option<RecordKind> {
    let event = event.to_lowercase();
    let known = KINDS.iter().find(|(theirs, _)| event.contains(theirs)).map(|(_, kind)| *kind);
    known.or_else(|| event.contains("account").then_some(RecordKind::Company))
}

/// `{"deal": {"id": 7, …}}`: advanced content, and simple content as XML.
fn nested(body: &Map<String, Value>) -> Option<Told> {
    let (kind, object) = KINDS.iter().find_map(|(theirs, kind)| Some((*kind, body.get(*theirs)?.as_object()?)))?;
    let event = body.get("event").and_then(Value::as_str).map(str::to_owned);
    Some((kind, without_prefix(kind, object), event))
}

/// `{"deal_id": 7, "deal_deal_stage_name": …}`: simple content. The kind whose name most of the keys begin with.
fn flat(body: &Map<String, Value>) -> Option<Told> {
    let has_id = |theirs: &str| ID_ENDINGS.iter().any(|end| body.contains_key(&format!("{theirs}{end}")));
    let of_kind = |theirs: &str| body.keys().filter(|key| key.starts_with(theirs)).count();
    let candidates = KINDS.iter().filter(|(theirs, _)| has_id(theirs));
    let (_, kind) = candidates.max_by_key(|(theirs, _)| of_kind(theirs))?;
    let event = body.get("event").and_then(Value::as_str).map(str::to_owned);
    Some((*kind, without_prefix(*kind, body), event))
}

const ID_ENDINGS: [&str; 2] = ["_id", "Id"];

/// The fields without the kind in front. An object that has an id of its own is not prefixed.
fn without_prefix(kind: RecordKind, shown: &Map<String, Value>) -> Map<String, Value> {
    let theirs = KINDS.iter().find(|(_, of)| *of == kind).map_or("", |(theirs, _)| *theirs);
    if shown.contains_key("id") {
        return shown.clone();
    }
    let own = |(name, value): (&String, &Value)| {
        let name = name.strip_prefix(theirs)?;
        let name = if name == "Id" { "id" } else { name.strip_prefix('_')? };
        Some((name.to_owned(), value.clone()))
    };
    shown.iter().filter_map(own).collect()
}

fn mapped(body: &Value, mapping: &Mapping, rules: &HookRules) -> Result<Sighting, IntakeError> {
    let at = |pointer: &String| body.pointer(pointer).cloned();
    let named = [("updated_at", mapping.updated_at.as_ref()), ("created_at", mapping.created_at.as_ref())];
    let mut shown: Map<String, Value> =
        mapping.fields.iter().filter_map(|(name, to)| Some((name.clone(), at(to)?))).collect();
    shown.extend(named.into_iter().filter_map(|(name, to)| Some((name.to_owned(), at(to?)?))));
    shown.extend(at(&mapping.id).map(|id| ("id".to_owned(), id)));
    let event = mapping.event.as_ref().and_then(at).and_then(|event| event.as_str().map(str::to_owned));
    let words = words::read(mapping.kind, &shown, rules);
    sighting(mapping.kind, words, (event, SeenBy::Webhook))
}
