//! The watch: looks at what changed in the CRM, one page and one request at a time, in the lane of syncing, and hands on what differs from the
//! mirror.
//!
//! What differs becomes a row of the inbox like any notification, so there is one place where a change is decided on. The first look only
//! fills the mirror: what was there before the gateway watched is no change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::catalog::{BELIEVED_FOR, Catalog, Section};
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::hooks::{self, HookRules, words};
use leadgate_core::lane::Lane;
use leadgate_core::mirror::watch::{WatchState, Window};
use leadgate_core::mirror::{Compared, Found, Mirrored, Sighting, compare};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::StoreError;
use leadgate_store::duties::WATCHING;
use leadgate_store::model::{Dedupe, NewSubmission};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::duties::Held;
use crate::engine::Engine;
use crate::metrics;

/// How long to leave a kind of record alone after its page could not be read, and after the account said that it has none.
const TROUBLE_WAIT: SignedDuration = SignedDuration::from_secs(30);
const MISSING_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// How old the account's names must be before an id that they do not have has them read again.
const NAMES_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// How far each watch has come.
#[derive(Default)]
pub(crate) struct WatchKeeper {
    watches: Mutex<Watches>,
    at_work: AtomicBool,
}

#[derive(Default)]
struct Watches {
    states: BTreeMap<RecordKind, WatchState>,
    /// The same as the store has them.
    stored: BTreeMap<RecordKind, WatchState>,
    /// Kinds that have to wait, and sections whose names are to be read anew.
    wait: BTreeMap<RecordKind, Timestamp>,
    nameless: bool,
}

/// Ends with the turn, however that ends.
struct AtWork<'a>(&'a AtomicBool);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// One page to read.
struct Turn {
    kind: RecordKind,
    state: WatchState,
    window: Window,
}

/// A row as the gateway reads it, and as it is handed on.
struct Row {
    sighting: Sighting,
    body: Vec<u8>,
}

impl WatchKeeper {
    pub(crate) fn new(states: Vec<(RecordKind, WatchState)>) -> WatchKeeper {
        let keeper = WatchKeeper::default();
        keeper.take_over(states);
        keeper
    }

    /// Goes on from what the store has.
    fn take_over(&self, states: Vec<(RecordKind, WatchState)>) {
        let mut watches = self.watches();
        watches.states = states.into_iter().collect();
        watches.stored = watches.states.clone();
    }

    fn watches(&self) -> std::sync::MutexGuard<'_, Watches> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, kind: RecordKind, until: Timestamp) {
        self.watches().wait.insert(kind, until);
    }

    fn wait_no_more(&self, kind: RecordKind) {
        self.watches().wait.remove(&kind);
    }
}

impl Engine {
    fn hooks(&self) -> &HookRules {
        &self.shared.settings.reading.rules.hooks
    }

    /// The kinds that are looked at: contacts and leads are one where the account keeps them as one.
    fn watched_kinds(&self) -> impl Iterator<Item = RecordKind> {
        let catalog = self.shared.catalog.current();
        let no_leads = catalog.account().is_some_and(|account| !account.separate_leads);
        self.hooks().watch.iter().copied().filter(move |kind| *kind != RecordKind::Lead || !no_leads)
    }

    /// Since when each kind of record is watched. Where several instances share the store, another one may do the watching.
    pub(crate) async fn watched_since(&self) -> Result<BTreeMap<RecordKind, Timestamp>, StoreError> {
        let states: Vec<_> = if self.has_duty(WATCHING) || !self.hooks().is_on() {
            self.shared.watch.watches().states.clone().into_iter().collect()
        } else {
            self.shared.store.watches().await?
        };
        Ok(states.into_iter().map(|(kind, state)| (kind, state.began)).collect())
    }

    /// Begins to watch what was not watched before: from now on a record that is made is new.
    pub(crate) async fn begin_watches(&self) -> Result<(), StoreError> {
        if !self.hooks().is_on() {
            return Ok(());
        }
        let now = self.now();
        for kind in RecordKind::ALL {
            let is_new = !self.shared.watch.watches().states.contains_key(&kind);
            if is_new && !self.keep_watch(kind, WatchState::new(now)).await? {
                self.read_watches().await?;
            }
        }
        Ok(())
    }

    async fn read_watches(&self) -> Result<(), StoreError> {
        self.shared.watch.take_over(self.shared.store.watches().await?);
        Ok(())
    }

    /// Keeps how far a watch has come, unless another instance, which has had the duty meanwhile, moved it. Returns whether it was kept.
    async fn keep_watch(&self, kind: RecordKind, state: WatchState) -> Result<bool, StoreError> {
        let seen = self.shared.watch.watches().stored.get(&kind).cloned();
        let is_kept = self.shared.store.put_watch(kind, seen, state.clone()).await?;
        if is_kept {
            let mut watches = self.shared.watch.watches();
            watches.states.insert(kind, state.clone());
            watches.stored.insert(kind, state);
        }
        Ok(is_kept)
    }

    /// Whether a page is being read.
    pub(crate) fn is_watching(&self) -> bool {
        self.shared.watch.at_work.load(Ordering::Acquire)
    }

    /// Reads one page, if one is due and affordable. Returns whether a request was made.
    pub(crate) async fn watch_once(&self) -> Result<bool, StoreError> {
        let watch = &self.shared.watch;
        if self.hooks().watch.is_empty() || watch.at_work.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        let _done = AtWork(&watch.at_work);
        match self.hold_duty(WATCHING).await? {
            Held::No => return Ok(false),
            Held::Anew => self.read_watches().await?,
            Held::Still => {}
        }
        self.watch_turn().await
    }

    async fn watch_turn(&self) -> Result<bool, StoreError> {
        let now = self.now();
        let Some(turn) = self.watch_due_turn(now) else { return Ok(false) };
        let permit = match self.take_permit(Lane::Sync, now).await? {
            Ok(permit) => permit,
            Err(refusal) => {
                self.shared.watch.wait(turn.kind, refusal.until);
                return Ok(false);
            }
        };
        let section = self.section_to_read(turn.kind, now);
        let (kind, since, page) = (turn.kind, turn.window.since, turn.window.page);
        let call = section.map_or(CrmCall::ListChanged { kind, since, page }, CrmCall::ReadCatalog);
        // Whatever fails between the request and the end of the turn: the page is not paid for again at once.
        self.shared.watch.wait(kind, now.saturating_add(TROUBLE_WAIT).unwrap_or(Timestamp::MAX));
        let answer = self.ask(permit, call.clone()).await;
        let result = self.shared.catalog.take_in(&*self.shared.store, &call, answer.result, self.now()).await?;
        metrics::watched(&call, &result);
        match result {
            Ok(CrmReply::Changed { rows, total }) => {
                self.take_page(turn, &rows, total).await?;
                self.shared.watch.wait_no_more(kind);
            }
            Ok(_) => self.shared.watch.wait_no_more(kind),
            Err(failure) => self.watch_failed(turn.kind, &failure),
        }
        Ok(true)
    }

    fn watch_due_turn(&self, now: Timestamp) -> Option<Turn> {
        let pace = self.hooks().pace;
        let mut watches = self.shared.watch.watches();
        self.watched_kinds().find_map(|kind| {
            if watches.wait.get(&kind).is_some_and(|until| *until > now) {
                return None;
            }
            let state = watches.states.get_mut(&kind)?;
            let window = state.due(now, &pace)?;
            Some(Turn { kind, state: state.clone(), window })
        })
    }

    /// When there is a page to read: at once while a window is open, else when the next one opens.
    pub fn watch_due(&self) -> Option<Timestamp> {
        let watches = self.shared.watch.watches();
        let due = |kind: RecordKind| {
            let state = watches.states.get(&kind)?;
            let due = if state.window.is_some() { Timestamp::MIN } else { state.next_at };
            Some(watches.wait.get(&kind).map_or(due, |until| due.max(*until)))
        };
        let due = self.watched_kinds().filter_map(due).min()?;
        Some(self.duty_asked_at(WATCHING).map_or(due, |at| due.max(at)))
    }

    /// The same, only while a window is open: looking is work then, and rest between.
    pub(crate) fn window_due(&self) -> Option<Timestamp> {
        let is_open =
            self.has_duty(WATCHING) && self.shared.watch.watches().states.values().any(|state| state.window.is_some());
        self.watch_due().filter(|_| is_open)
    }

    /// Names that must be known before rows can be read.
    fn section_to_read(&self, kind: RecordKind, now: Timestamp) -> Option<Section> {
        let nameless = self.shared.watch.watches().nameless;
        let kept = if nameless { NAMES_KEPT } else { BELIEVED_FOR };
        let since = now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
        let catalog = self.shared.catalog.current();
        let wanted: &[Section] = match kind {
            RecordKind::Deal => &[Section::Stages, Section::Owners],
            RecordKind::Lead | RecordKind::Contact | RecordKind::Company => &[Section::Owners],
        };
        let missing = wanted.iter().copied().find(|section| !catalog.is_fresh(*section, since));
        if missing.is_none() {
            self.shared.watch.watches().nameless = false;
        }
        missing
    }

    async fn take_page(&self, turn: Turn, rows: &[Map<String, Value>], total: Option<u64>) -> Result<(), StoreError> {
        let Turn { kind, mut state, window } = turn;
        let catalog = self.shared.catalog.current();
        let seen: Vec<Row> = rows.iter().filter_map(|row| self.read_row(kind, row, &catalog)).collect();
        let settled = seen.into_iter().filter(|row| row.sighting.version.is_none_or(|version| version <= window.until));
        self.hand_on(settled.collect(), &state).await?;
        state.was_read(rows.len(), total, self.now(), &self.hooks().pace);
        if !self.keep_watch(kind, state).await? {
            // What was handed on does no harm: it is compared with the mirror like any look.
            self.shared.duties.lost(WATCHING);
        }
        Ok(())
    }

    fn read_row(&self, kind: RecordKind, row: &Map<String, Value>, catalog: &Catalog) -> Option<Row> {
        let body = serde_json::to_vec(row).ok()?;
        let raw = raw(kind, None, body);
        let mut sighting = hooks::row(&raw, self.hooks()).ok()?;
        if !words::resolve(&mut sighting.fields, catalog).is_empty() {
            self.shared.watch.watches().nameless = true;
        }
        Some(Row { sighting, body: raw.body })
    }

    /// Puts into the mirror what is there from before, and into the inbox what differs.
    async fn hand_on(&self, rows: Vec<Row>, state: &WatchState) -> Result<(), StoreError> {
        let records: BTreeSet<RecordRef> = rows.iter().map(|row| row.sighting.record).collect();
        let known = self.shared.store.mirrored(records.into_iter().collect()).await?;
        let known: BTreeMap<RecordRef, Mirrored> = known.into_iter().map(|known| (known.record, known)).collect();
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for row in rows {
            let Compared { found, update } =
                compare(known.get(&row.sighting.record), &row.sighting, Some(state.began), self.now());
            match (found, update) {
                (Found::First, Some(update)) if state.is_first() && update.changes.is_empty() => {
                    old.push(update.record)
                }
                (Found::First | Found::Changed, _) => new.push(self.submission(row)),
                _ => {}
            }
        }
        self.shared.store.fill_mirror(old).await?;
        if new.is_empty() {
            return Ok(());
        }
        self.shared.store.accept_many(new, self.now()).await.map(drop)
    }

    fn submission(&self, row: Row) -> NewSubmission {
        let id = SubmissionId(Uuid::now_v7());
        let record = row.sighting.record;
        NewSubmission {
            id,
            raw: raw(record.kind, Some(record.id), row.body),
            // Two looks that show the same may be two changes, there and back; which they are, the mirror tells.
            dedupe: Dedupe::Content { content: *id.0.as_bytes(), within: SignedDuration::ZERO },
            lane: Lane::Event,
        }
    }

    fn watch_failed(&self, kind: RecordKind, failure: &CrmFailure) {
        let is_missing = matches!(failure, CrmFailure::NotFound | CrmFailure::Forbidden(_));
        let wait = if is_missing { MISSING_WAIT } else { TROUBLE_WAIT };
        let until = self.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        let until = if let CrmFailure::Quota { until: Some(refilled) } = failure { *refilled } else { until };
        self.shared.watch.wait(kind, until);
        tracing::warn!(
            crm.class = failure.class(),
            record.kind = kind.name(),
            "what changed among the {}s could not be read: {failure}",
            kind.name()
        );
    }
}

fn raw(kind: RecordKind, target: Option<i64>, body: Vec<u8>) -> RawSubmission {
    RawSubmission { label: Some(kind.name().to_owned()), ..RawSubmission::new(Route::Sighting, target, body) }
}
