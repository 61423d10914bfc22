//! Bodies into records: reads attributes by the column tables, checks them, resolves links, commits.
//!
//! Flow of a create or an update: [`Draft`] copies or makes the record; `attributes` reads what the column tables
//! describe; one file per kind adds what is special to it; `unique` refuses duplicates; the draft is committed only
//! when nothing was wrong, so a refused request changes nothing.

mod attributes;
pub(crate) mod bulk;
pub(crate) mod convert;
mod custom_fields;
mod deals;
mod documents;
mod emails;
mod leads;
mod links;
pub(crate) mod lists;
mod product_lines;
mod products;
mod targets;
mod unique;
mod upsert;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub(crate) use upsert::{identifier, upsert};

use crate::Generation;
use crate::model::{Kind, Record, State};
use crate::wire::Refusal;

/// A record being written, with everything found wrong so far.
pub(crate) struct Draft<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) record: Record,
    /// The record as it was; absent on create.
    pub(crate) before: Option<Arc<Record>>,
    pub(crate) body: &'a Map<String, Value>,
    pub(crate) generation: Generation,
    pub(crate) sentences: Vec<String>,
}

impl Draft<'_> {
    pub(crate) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    pub(crate) fn wrong(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    fn finish(mut self) -> Result<Arc<Record>, Refusal> {
        if !self.sentences.is_empty() {
            return Err(Refusal::Invalid(self.sentences));
        }
        unique::check(&self)?;
        self.record.updated_at = self.state.now();
        Ok(self.state.commit(self.record))
    }

    fn read(&mut self) -> Result<(), Refusal> {
        attributes::read(self);
        custom_fields::check_required(self);
        match self.record.kind {
            Kind::Contact => {
                emails::read(self);
                lists::read(self);
                attributes::read_lifecycle(self);
                attributes::check_required(self);
                // A named company may be made, so everything else must be right by then.
                unique::check(self)?;
                links::read_accounts(self)?;
            }
            Kind::Lead => {
                emails::read(self);
                leads::read(self);
            }
            Kind::SalesAccount => attributes::check_name(self),
            Kind::Deal => deals::read(self)?,
            Kind::Note | Kind::Task => targets::read(self),
            Kind::Product => products::read(self),
            Kind::CpqDocument => documents::read(self),
            Kind::ModuleRecord => attributes::check_name(self),
        }
        Ok(())
    }
}

/// Recorded products and documents belong to nobody until someone gives them away.
fn has_owner_by_default(kind: Kind) -> bool {
    !matches!(kind, Kind::Note | Kind::Product | Kind::CpqDocument)
}

/// Makes a record from request attributes.
pub(crate) fn create(
    state: &mut State,
    kind: Kind,
    generation: Generation,
    body: &Map<String, Value>,
) -> Result<Arc<Record>, Refusal> {
    let mut record = Record::new(kind, state.next_id(kind), state.now());
    let user = state.catalog.api_user();
    for name in ["owner_id", "creater_id", "updater_id"] {
        if has_owner_by_default(kind) || name == "creater_id" {
            record.set(name, json!(user));
        }
    }
    let mut draft = Draft { state, record, before: None, body, generation, sentences: Vec::new() };
    draft.read()?;
    draft.finish()
}

/// Changes a live record by request attributes.
pub(crate) fn update(
    state: &mut State,
    before: &Arc<Record>,
    generation: Generation,
    body: &Map<String, Value>,
) -> Result<Arc<Record>, Refusal> {
    let mut record = Record::clone(before);
    if record.kind != Kind::Note {
        record.set("updater_id", json!(state.catalog.api_user()));
    }
    let before = Some(Arc::clone(before));
    let mut draft = Draft { state, record, before, body, generation, sentences: Vec::new() };
    draft.read()?;
    draft.finish()
}

/// Copies a live record, with overrides.
pub(crate) fn clone_record(
    state: &mut State,
    original: &Arc<Record>,
    generation: Generation,
    body: &Map<String, Value>,
) -> Result<Arc<Record>, Refusal> {
    let mut record = Record::clone(original);
    let now = state.now();
    record.id = state.next_id(record.kind);
    (record.created_at, record.updated_at, record.stage_updated_at) = (now, now, now);
    if state.switches.contact_email_unique && record.kind == Kind::Contact {
        record.emails.clear();
    }
    for email in &mut record.emails {
        email.id = state.next_part_id();
    }
    let mut draft = Draft { state, record, before: None, body, generation, sentences: Vec::new() };
    draft.read()?;
    draft.finish()
}

/// An id sent as a number or as a string of digits.
pub(crate) fn read_id(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
