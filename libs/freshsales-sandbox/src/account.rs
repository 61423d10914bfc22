//! The handle through which tests and the binary look into the account and steer it, past the API and its quota.

use std::io::{self, BufRead, Write};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use crate::config::{CustomField, Generation, Plan};
use crate::control::check_rules;
use crate::model::{Kind, List, State, signed};
use crate::snapshot::{Capture, Journal, Loader};
use crate::wire::Render;
use crate::{
    AccountRules, Fault, Language, QuotaState, RequestSeen, SnapshotError, SnapshotOptions, StageOutcome, Switches,
    write,
};

/// A handle on a running account. Clones share the account.
#[derive(Clone, Debug)]
pub struct Account {
    state: Arc<Mutex<State>>,
    signals: Arc<Signals>,
    journal: Arc<Mutex<Option<Journal>>>,
}

/// What tasks that share the account tell each other.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// A webhook has become ready to be sent.
    pub(crate) wake: Notify,
    /// The sender of webhooks has nothing left to take.
    pub(crate) settled: Notify,
    /// Whose request is answered. Others wait for it here rather than for the lock, which would keep a thread from the other accounts.
    turn: tokio::sync::Mutex<()>,
}

/// The account's state, locked. Before the lock is given back, what changed is in the journal, where the account has one, and the sender of
/// webhooks is woken where there is something to send.
pub(crate) struct Locked<'a> {
    state: MutexGuard<'a, State>,
    signals: &'a Signals,
    journal: &'a Mutex<Option<Journal>>,
}

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if let Some(journal) = self.journal.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
            && let Err(error) = journal.catch_up(&mut self.state)
        {
            tracing::error!(%error, "the account's changes could not be kept");
            // A part of a line may stand in the file, and nothing behind it would be read: the next change replaces all.
            self.state.changes.replace_everything();
        }
        if self.state.workflows.is_ready() {
            self.signals.wake.notify_one();
        }
    }
}

impl Account {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), signals: Arc::default(), journal: Arc::default() }
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Waits until no other request to this account is being answered.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.signals.turn.lock().await
    }

    /// A panic while the lock was held leaves a usable account: every change is committed in one step.
    pub(crate) fn lock(&self) -> Locked<'_> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tick();
        Locked { state, signals: &self.signals, journal: &self.journal }
    }

    /// Locks the account to change its settings rather than its records.
    pub(crate) fn steer(&self) -> Locked<'_> {
        let mut state = self.lock();
        state.changes.touch();
        state
    }

    /// Saves the whole account as JSON lines: records, picklists, jobs, quota, clock, faults, switches, id counters. The
    /// account goes on meanwhile. Give it a buffered writer.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn save(&self, out: &mut impl Write, options: SnapshotOptions) -> io::Result<()> {
        self.capture(options)?.write(out)
    }

    pub(crate) fn capture(&self, options: SnapshotOptions) -> io::Result<Capture> {
        Capture::of(&self.lock(), options)
    }

    /// Becomes the account that was saved. Subdomain, key and password stay its own, so that it is reached as before.
    ///
    /// # Errors
    /// Where this is no whole snapshot; the account is then as it was.
    pub fn restore(&self, snapshot: impl BufRead) -> Result<(), SnapshotError> {
        let mut loader = Loader::default();
        for line in snapshot.split(b'\n') {
            loader.feed(&line?)?;
        }
        self.become_loaded(loader)
    }

    pub(crate) fn become_loaded(&self, loader: Loader) -> Result<(), SnapshotError> {
        let state = loader.finish()?;
        self.lock().become_state(state);
        Ok(())
    }

    /// Keeps a file as new as the account from now on: every change is in it before the reply is sent, so that the end of
    /// the process, however it comes, loses nothing that a caller was told. [`Self::restore`] reads it.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn keep_in(&self, file: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let journal = Journal::begin(file, &mut state)?;
        *self.journal.lock().unwrap_or_else(PoisonError::into_inner) = Some(journal);
        Ok(())
    }

    /// When the account began, empty, on its own clock.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.lock().began()
    }

    /// Lets the account's time go on from now, this many times as fast as the machine's; 0 stands still, 1 is real.
    pub fn set_clock_factor(&self, factor: f64) {
        self.steer().clock.set_factor(factor);
    }

    /// Adds faults behind those that are switched on.
    pub fn add_faults(&self, faults: Vec<Fault>) {
        self.steer().faults.add(faults);
    }

    /// Whether this is a handle on the same account.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    /// The subdomain that it is reached by.
    #[must_use]
    pub fn subdomain(&self) -> String {
        self.lock().config.subdomain.clone()
    }

    /// Records of a kind that are not deleted, oldest first, with every related id.
    #[must_use]
    pub fn records(&self, kind: Kind) -> Vec<Value> {
        let state = self.lock();
        state.table(kind).live().map(|record| shown(&state, record)).collect()
    }

    /// Leads that are not deleted, converted ones included.
    #[must_use]
    pub fn leads(&self) -> Vec<Value> {
        self.records(Kind::Lead)
    }

    /// Contacts that are not deleted.
    #[must_use]
    pub fn contacts(&self) -> Vec<Value> {
        self.records(Kind::Contact)
    }

    /// Deals that are not deleted.
    #[must_use]
    pub fn deals(&self) -> Vec<Value> {
        self.records(Kind::Deal)
    }

    /// Notes.
    #[must_use]
    pub fn notes(&self) -> Vec<Value> {
        self.records(Kind::Note)
    }

    /// Sales accounts that are not deleted.
    #[must_use]
    pub fn sales_accounts(&self) -> Vec<Value> {
        self.records(Kind::SalesAccount)
    }

    /// Tasks.
    #[must_use]
    pub fn tasks(&self) -> Vec<Value> {
        self.records(Kind::Task)
    }

    /// Notes on one record, oldest first.
    #[must_use]
    pub fn notes_of(&self, kind: Kind, id: i64) -> Vec<Value> {
        let state = self.lock();
        let notes = state.table(Kind::Note);
        let linked = notes.linked_to(kind, id).iter().filter_map(|&id| notes.get(id));
        linked.map(|note| shown(&state, note)).collect()
    }

    /// How many records of a kind there are, deleted ones excepted.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.lock().table(kind).live_count()
    }

    /// Requests to the API, oldest first, as far back as the account remembers them.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestSeen> {
        self.lock().log.all().cloned().collect()
    }

    /// Requests to the API since the start or since [`Self::clear_requests`].
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.lock().log.total()
    }

    /// Forgets the requests seen so far.
    pub fn clear_requests(&self) {
        self.steer().log.clear();
    }

    /// Replaces the faults that are switched on. The first in the list that hits a request acts.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.steer().faults.set(faults);
    }

    /// The faults that are switched on, with what is left of their counts.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.lock().faults.active().to_vec()
    }

    /// Switches every fault off.
    pub fn clear_faults(&self) {
        self.set_faults(Vec::new());
    }

    /// Moves the account's clock forward.
    pub fn advance(&self, by: Duration) {
        let mut state = self.steer();
        state.clock.advance(signed(by));
        state.tick();
    }

    /// The account's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().now()
    }

    /// Uses up quota as another tool of the same account would; returns how many requests were accepted.
    pub fn drain_quota(&self, requests: u32) -> u32 {
        let mut state = self.steer();
        let now = state.now();
        state.quota.drain(requests, now)
    }

    /// How much of the quota is used.
    #[must_use]
    pub fn quota(&self) -> QuotaState {
        let mut state = self.lock();
        let now = state.now();
        state.quota.state(now)
    }

    /// Changes the plan; what is used stays used.
    pub fn set_plan(&self, plan: Plan) {
        self.steer().quota.set_plan(plan);
    }

    /// API requests that the quota refused. Injected 429s and other tools' drains are not counted.
    #[must_use]
    pub fn refused_429(&self) -> u64 {
        self.lock().quota.refused()
    }

    /// Gives a deal stage another name; false where there is none of that id.
    pub fn rename_stage(&self, id: i64, name: &str) -> bool {
        self.steer().catalog.rename_stage(id, name)
    }

    /// Removes a deal stage, so that its id goes stale; false where there is none of that id.
    pub fn remove_stage(&self, id: i64) -> bool {
        self.steer().catalog.remove_stage(id)
    }

    /// Adds an open stage at the end of the default pipeline; returns its id.
    pub fn add_stage(&self, name: &str) -> i64 {
        let pipeline = self.lock().catalog.default_pipeline();
        self.add_stage_to(pipeline, name, StageOutcome::Open)
    }

    /// Adds a stage at the end of a pipeline; returns its id.
    pub fn add_stage_to(&self, pipeline: i64, name: &str, outcome: StageOutcome) -> i64 {
        self.steer().catalog.add_stage(name, pipeline, outcome)
    }

    /// Adds a pipeline without stages; returns its id.
    pub fn add_pipeline(&self, name: &str) -> i64 {
        self.steer().catalog.add_pipeline(name, false)
    }

    /// Adds a user who can own records, unless there is one of that name; returns the id.
    ///
    /// # Panics
    /// Never: the user is there once it is added.
    pub fn add_owner(&self, name: &str, email: &str, is_active: bool) -> i64 {
        let mut state = self.steer();
        let extra = json!({"email": email, "is_active": is_active, "work_number": null, "mobile_number": null});
        state.catalog.add_missing(List::Users, name, extra);
        state.catalog.by_name(List::Users, name).map(|user| user.id).expect("it was added just now")
    }

    /// The id of the deal stage with this name, in any pipeline.
    #[must_use]
    pub fn stage_id(&self, name: &str) -> Option<i64> {
        self.lock().catalog.by_name(List::DealStages, name).map(|stage| stage.id)
    }

    /// The id of an entry of a selector, by the selector's path segment (`owners`, `lead_sources`, …) and the name.
    #[must_use]
    pub fn selector_id(&self, selector: &str, name: &str) -> Option<i64> {
        let list = List::ALL.into_iter().find(|list| list.selector() == selector)?;
        self.lock().catalog.by_name(list, name).map(|entry| entry.id)
    }

    /// Defines a custom field; one of the same kind and name is replaced.
    pub fn add_custom_field(&self, field: CustomField) {
        self.steer().add_custom_field(field);
    }

    /// Stores a contact as the API would, without a request. Takes the attributes, wrapped or bare.
    ///
    /// # Panics
    /// Where the API would refuse it; the message says why.
    pub fn seed_contact(&self, contact: &Value) -> i64 {
        self.seed(Kind::Contact, contact)
    }

    /// Stores a lead as the API would, without a request.
    ///
    /// # Panics
    /// Where the API would refuse it.
    pub fn seed_lead(&self, lead: &Value) -> i64 {
        self.seed(Kind::Lead, lead)
    }

    /// Stores a deal as the API would, without a request.
    ///
    /// # Panics
    /// Where the API would refuse it.
    pub fn seed_deal(&self, deal: &Value) -> i64 {
        self.seed(Kind::Deal, deal)
    }

    /// Stores a record of any kind as the API would, without a request.
    ///
    /// # Panics
    /// Where the API would refuse it.
    pub fn seed(&self, kind: Kind, record: &Value) -> i64 {
        let attributes: Map<String, Value> =
            record.get(kind.singular()).unwrap_or(record).as_object().cloned().unwrap_or_default();
        let generation = if kind == Kind::Lead { Generation::Classic } else { Generation::Suite };
        let result = write::create(&mut self.steer(), kind, generation, &attributes);
        match result {
            Ok(record) => record.id,
            Err(refusal) => panic!("cannot seed this {}: {}", kind.singular(), refusal.sentences().join("; ")),
        }
    }

    /// Fills the account with this many contacts, and companies, deals with their notes, and tasks in proportion. The same
    /// seed, number and account time give the same records. Searches show them at once.
    pub fn seed_records(&self, contacts: usize, seed: u64) {
        crate::seeding::fill(&mut self.lock(), contacts, seed);
    }

    /// Soft-deletes a record as a person would in the CRM; false where it does not exist.
    pub fn delete(&self, kind: Kind, id: i64) -> bool {
        self.steer().delete(kind, id)
    }

    /// Takes a record out of the recycle bin as a person would in the CRM; false where it is not there.
    pub fn undelete(&self, kind: Kind, id: i64) -> bool {
        self.steer().restore(kind, id)
    }

    /// What an admin has set up.
    #[must_use]
    pub fn rules(&self) -> AccountRules {
        self.lock().rules.clone()
    }

    /// Sets up mandatory and unique fields, assignment and conversion.
    ///
    /// # Errors
    /// Where an admin could not do so: an unknown field or user, too many unique fields, a unique field that is neither text nor number.
    pub fn set_rules(&self, rules: AccountRules) -> Result<(), String> {
        let mut state = self.steer();
        check_rules(&state, &rules)?;
        state.rules = rules;
        Ok(())
    }

    /// Sets the language of the key's owner.
    pub fn set_language(&self, language: Language) {
        self.steer().language = language;
    }

    /// Adds a lifecycle stage without statuses; returns its id.
    pub fn add_lifecycle_stage(&self, name: &str) -> i64 {
        self.steer().catalog.add_lifecycle_stage(name)
    }

    /// Adds a contact status at the end of a lifecycle stage; returns its id.
    pub fn add_contact_status(&self, name: &str, lifecycle_stage: i64, outcome: StageOutcome) -> i64 {
        self.steer().catalog.add_contact_status(name, lifecycle_stage, outcome)
    }

    /// After how many days in one stage an open deal of a pipeline rots; false where there is no such pipeline.
    pub fn set_rotting_days(&self, pipeline: i64, days: u32) -> bool {
        self.steer().catalog.set_rotting_days(pipeline, days)
    }

    /// Adds a currency with its rate to the base currency, as a decimal; returns its id, or nothing where that is no rate.
    pub fn add_currency(&self, code: &str, exchange_rate: &str) -> Option<i64> {
        self.steer().catalog.add_currency(code, exchange_rate)
    }

    /// How many effects are still to come: writes that a fault put off, and assignments.
    #[must_use]
    pub fn events_pending(&self) -> usize {
        self.lock().agenda.len()
    }

    /// The switches as they are set.
    #[must_use]
    pub fn switches(&self) -> Switches {
        self.lock().switches.clone()
    }

    /// Sets the switches for the requests that follow.
    pub fn set_switches(&self, switches: Switches) {
        self.steer().set_switches(switches);
    }

    /// How long later writes take to reach searches.
    pub fn set_index_lag(&self, lag: Duration) {
        self.steer().set_index_lag(signed(lag));
    }

    /// Back to a fresh account with the configuration it was started with; an advanced clock starts over too.
    pub fn reset(&self) {
        self.lock().reset();
    }
}

/// A record with everything there is to see, in the dialect of the generation it belongs to.
pub(crate) fn shown(state: &State, record: &crate::model::Record) -> Value {
    let suite = state.config.profile.serves(Generation::Suite) && record.kind != Kind::Lead;
    let generation = if suite { Generation::Suite } else { Generation::Classic };
    let render = Render { everything: true, ..Render::new(state, generation, &[]) };
    Value::Object(render.record(record))
}
