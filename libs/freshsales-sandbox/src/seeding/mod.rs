//! A believable account of any size: people of several countries with their companies, deals over all stages, notes and
//! tasks, spread over the two years before the account's time. Deterministic by seed.
//!
//! Records are made here rather than by the write path, which would check and index them one by one; what they have is
//! what that path would have stored.

mod deals;
mod people;
mod words;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::model::chance::Chance;
use crate::model::values::Pool;
use crate::model::{Kind, List, Record, State};
use crate::{Generation, StageOutcome};

/// How far back records go.
const SPAN: SignedDuration = SignedDuration::from_hours(730 * 24);
/// Contacts of one company, about.
const CONTACTS_PER_COMPANY: usize = 18;
/// One deal, one note, for so many contacts.
const CONTACTS_PER_DEAL: usize = 12;
const CONTACTS_PER_NOTE: usize = 10;
const CONTACTS_PER_LEAD: usize = 50;
const CONTACTS_PER_TASK: usize = 40;

/// Adds so many contacts, and all the rest in proportion.
pub(crate) fn fill(state: &mut State, contacts: usize, seed: u64) {
    add_catalog(state);
    let mut seeding = Seeding::new(state, seed);
    let first_company = seeding.state.table(Kind::SalesAccount).all().count();
    let companies = people::companies(&mut seeding, first_company, contacts.div_ceil(CONTACTS_PER_COMPANY), contacts);
    let people = people::contacts(&mut seeding, &companies, contacts);
    let deals = deals::deals(&mut seeding, &companies, &people, contacts / CONTACTS_PER_DEAL);
    let notes = deals::notes(&mut seeding, &people, &deals, contacts / CONTACTS_PER_NOTE);
    let tasks = deals::tasks(&mut seeding, &people, contacts / CONTACTS_PER_TASK);
    let mut leads = Vec::new();
    if seeding.state.config.profile.serves(Generation::Classic) {
        leads = people::leads(&mut seeding, contacts / CONTACTS_PER_LEAD);
    }
    drop(seeding);
    let companies: Vec<Arc<Record>> = companies.into_iter().map(|company| company.record).collect();
    for (kind, records) in [
        (Kind::SalesAccount, companies),
        (Kind::Contact, people),
        (Kind::Deal, deals),
        (Kind::Note, notes),
        (Kind::Task, tasks),
        (Kind::Lead, leads),
    ] {
        state.fill(kind, &records);
    }
}

/// Owners, territories and a second pipeline; what is there already stays.
fn add_catalog(state: &mut State) {
    let catalog = &mut state.catalog;
    for (name, email) in words::OWNERS {
        let extra = json!({"email": email, "is_active": true, "work_number": null, "mobile_number": null});
        catalog.add_missing(List::Users, name, extra);
    }
    for name in words::TERRITORIES {
        catalog.add_missing(List::Territories, name, json!({}));
    }
    if catalog.by_name(List::DealPipelines, "Partners").is_none() {
        let pipeline = catalog.add_pipeline("Partners", false);
        for name in words::PARTNER_STAGES {
            catalog.add_stage(name, pipeline, StageOutcome::Open);
        }
        catalog.add_stage("Won", pipeline, StageOutcome::Won);
        catalog.add_stage("Lost", pipeline, StageOutcome::Lost);
    }
}

/// What records are made with.
struct Seeding<'a> {
    state: &'a mut State,
    chance: Chance,
    pool: Pool,
    begin: Timestamp,
    now: Timestamp,
    api_user: i64,
    owners: Vec<i64>,
    territories: Vec<i64>,
    sources: Vec<i64>,
}

impl<'a> Seeding<'a> {
    fn new(state: &'a mut State, seed: u64) -> Self {
        let ids = |list| state.catalog.list(list).iter().map(|entry| entry.id).collect::<Vec<_>>();
        let now = state.now();
        Self {
            owners: ids(List::Users),
            territories: ids(List::Territories),
            sources: ids(List::LeadSources),
            chance: Chance::new(seed),
            pool: Pool::default(),
            begin: now.checked_sub(SPAN).unwrap_or(now),
            now,
            api_user: state.catalog.api_user(),
            state,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.chance.fraction() * bound as f64) as usize
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn likely(&mut self, probability: f64) -> bool {
        self.chance.fraction() < probability
    }

    /// The moment of the `at`th of so many that follow each other over the whole span.
    fn moment(&mut self, at: usize, of: usize) -> Timestamp {
        let part = (at as f64 + self.chance.fraction()) / of.max(1) as f64;
        self.between(self.begin, self.now, part)
    }

    /// A later moment, early ones more likely.
    fn later(&mut self, than: Timestamp) -> Timestamp {
        let part = self.chance.fraction();
        self.between(than, self.now, part * part)
    }

    fn between(&self, begin: Timestamp, end: Timestamp, part: f64) -> Timestamp {
        let seconds = (end.duration_since(begin).as_secs_f64() * part) as i64;
        let moment = begin.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(end);
        Timestamp::from_second(moment.as_second()).unwrap_or(moment).min(self.now)
    }

    /// A new record with its owner and the users who made and changed it.
    fn record(&mut self, kind: Kind, created: Timestamp) -> Record {
        let mut record = Record::new(kind, self.state.next_id(kind), created);
        record.updated_at = self.later(created);
        record.set("creater_id", json!(self.api_user));
        if kind != Kind::Note {
            let owner = self.one_of(&self.owners.clone());
            record.set("owner_id", json!(owner));
            record.set("updater_id", json!(self.api_user));
        }
        record
    }

    fn finish(&mut self, mut record: Record) -> Arc<Record> {
        record.share(&mut self.pool);
        Arc::new(record)
    }

    fn phone(&mut self, dial: &str) -> Value {
        let number = 1_000_000 + self.below(9_000_000);
        Value::String(format!("{dial}{number}"))
    }
}
