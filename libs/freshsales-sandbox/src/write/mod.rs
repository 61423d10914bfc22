//! Bodies into records: reads attributes by the column tables, checks them, resolves links, commits.
//!
//! Flow of a create or an update: [`Draft`] copies or makes the record; `attributes` reads what the column tables
//! describe; one file per kind adds what is special to it; `unique` refuses duplicates; the draft is committed only
//! when nothing was wrong, so a refused request changes nothing.

mod activities;
pub(crate) mod assignment;
mod attributes;
pub(crate) mod bulk;
mod contacted;
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

pub(crate) use activities::person_of_call;
use serde_json::{Map, Value, json};

pub(crate) use attributes::is_required;
pub(crate) use upsert::{identifier, upsert};

use crate::Generation;
use crate::model::{Kind, Record, State};
use crate::wire::{Refusal, Sentence};

/// A record being written, with everything found wrong so far.
pub(crate) struct Draft<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) record: Record,
    /// The record as it was; absent on create.
    pub(crate) before: Option<Arc<Record>>,
    pub(crate) body: &'a Map<String, Value>,
    pub(crate) generation: Generation,
    pub(crate) sentences: Vec<Sentence>,
    /// Whether the record was copied from another, with what that one had.
    pub(crate) is_copy: bool,
}

impl Draft<'_> {
    pub(crate) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    pub(crate) fn wrong(&mut self, sentence: impl Into<Sentence>) {
        self.sentences.push(sentence.into());
    }

    /// Something wrong with one attribute.
    pub(crate) fn wrong_about(&mut self, attribute: &str, sentence: impl Into<String>) {
        self.sentences.push(Sentence::about(attribute, sentence));
    }

    fn finish(mut self) -> Result<Arc<Record>, Refusal> {
        if !self.sentences.is_empty() {
            return Err(Refusal::Invalid(self.sentences));
        }
        unique::check(&self)?;
        self.record.updated_at = self.state.now();
        let (is_new, names_owner) = (self.is_new(), self.body.get("owner_id").is_some_and(|owner| !owner.is_null()));
        let record = self.state.commit(self.record);
        contacted::note(self.state, &record);
        if is_new {
            assignment::plan(self.state, &record, names_owner);
        }
        Ok(record)
    }

    /// What would be refused, without writing anything.
    fn check(mut self) -> Result<(), Refusal> {
        self.read()?;
        if self.sentences.is_empty() { unique::check(&self) } else { Err(Refusal::Invalid(self.sentences)) }
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
                attributes::check_identified(self);
                // A named company may be made, so everything else must be right by then.
                unique::check(self)?;
                links::read_accounts(self)?;
            }
            Kind::Lead => {
                emails::read(self);
                leads::read(self);
                attributes::check_required(self);
            }
            Kind::SalesAccount => {
                attributes::check_name(self);
                attributes::check_required(self);
            }
            Kind::Deal => deals::read(self)?,
            Kind::Note | Kind::Task => targets::read(self),
            Kind::Product => products::read(self),
            Kind::CpqDocument => documents::read(self),
            Kind::ModuleRecord => attributes::check_name(self),
            _ => activities::read(self),
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
    let mut draft = new_draft(state, kind, generation, body);
    draft.read()?;
    draft.finish()
}

/// Whether a create would be refused. The body must not name a company to be made.
pub(crate) fn check_create(
    state: &mut State,
    kind: Kind,
    generation: Generation,
    body: &Map<String, Value>,
) -> Result<(), Refusal> {
    new_draft(state, kind, generation, body).check()
}

fn new_draft<'a>(state: &'a mut State, kind: Kind, generation: Generation, body: &'a Map<String, Value>) -> Draft<'a> {
    let mut record = Record::new(kind, state.next_id(kind), state.now());
    let user = state.catalog.api_user();
    for name in ["owner_id", "creater_id", "updater_id"] {
        if has_owner_by_default(kind) || name == "creater_id" {
            record.set(name, json!(user));
        }
    }
    Draft { state, record, before: None, body, generation, sentences: Vec::new(), is_copy: false }
}

/// Changes a live record by request attributes.
pub(crate) fn update(
    state: &mut State,
    before: &Arc<Record>,
    generation: Generation,
    body: &Map<String, Value>,
) -> Result<Arc<Record>, Refusal> {
    let mut draft = changed_draft(state, before, generation, body);
    draft.read()?;
    draft.finish()
}

/// Whether an update would be refused. The body must not name a company to be made.
pub(crate) fn check_update(
    state: &mut State,
    before: &Arc<Record>,
    generation: Generation,
    body: &Map<String, Value>,
) -> Result<(), Refusal> {
    changed_draft(state, before, generation, body).check()
}

fn changed_draft<'a>(
    state: &'a mut State,
    before: &Arc<Record>,
    generation: Generation,
    body: &'a Map<String, Value>,
) -> Draft<'a> {
    let mut record = Record::clone(before);
    if record.kind != Kind::Note {
        record.set("updater_id", json!(state.catalog.api_user()));
    }
    let before = Some(Arc::clone(before));
    Draft { state, record, before, body, generation, sentences: Vec::new(), is_copy: false }
}

/// What a copy does not take over: what happened to the original.
const NOT_COPIED: &[&str] = &[
    "recent_note",
    "last_contacted",
    "last_contacted_mode",
    "last_contacted_via_sales_activity",
    "last_contacted_sales_activity_mode",
    "external_id",
];

/// Copies a live record, with overrides. Values that must be unique are left out of the copy, a name excepted: the reference asks for a new one.
pub(crate) fn clone_record(
    state: &mut State,
    original: &Arc<Record>,
    generation: Generation,
    body: &Map<String, Value>,
) -> Result<Arc<Record>, Refusal> {
    let fresh = Record::new(original.kind, state.next_id(original.kind), state.now());
    let mut record = Record::clone(original);
    record.id = fresh.id;
    (record.created_at, record.updated_at, record.stage_updated_at) =
        (fresh.created_at, fresh.updated_at, fresh.stage_updated_at);
    (record.assigned_at, record.converted, record.imported) = (fresh.assigned_at, false, false);
    for &name in NOT_COPIED {
        record.set(name, Value::Null);
    }
    let user = json!(state.catalog.api_user());
    record.set("creater_id", user.clone());
    record.set("updater_id", user);
    unique::clear_copied(state, &mut record);
    for email in &mut record.emails {
        email.id = state.next_part_id();
    }
    let mut draft = Draft { state, record, before: None, body, generation, sentences: Vec::new(), is_copy: true };
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
