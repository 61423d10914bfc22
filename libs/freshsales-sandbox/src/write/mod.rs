//! Bodies into records: reads attributes by the column tables, checks them, resolves links, commits.
//!
//! Flow of a create or an update: [`Draft`] copies or makes the record; `attributes` reads what the column tables
//! describe; one file per kind adds what is special to it; `unique` refuses duplicates; the draft is committed only
//! when nothing was wrong, so a refused request changes nothing.

mod activities;
mod attributes;
pub(crate) mod bulk;
mod contacted;
pub(crate) mod convert;
mod deals;
mod emails;
mod leads;
mod links;
mod targets;
mod unique;
mod upsert;

use std::sync::Arc;

pub(crate) use activities::person_of_call;
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
        let record = self.state.commit(self.record);
        contacted::note(self.state, &record);
        Ok(record)
    }

    fn read(&mut self) -> Result<(), Refusal> {
        attributes::read(self);
        match self.record.kind {
            Kind::Contact => {
                emails::read(self);
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
            _ => activities::read(self),
        }
        Ok(())
    }
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
        if kind != Kind::Note || name == "creater_id" {
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
