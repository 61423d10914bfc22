//! Compares a look at a record with the mirror. Pure; every sentence of it is a line of the table in the tests.
//!
//! * A look at an older version says nothing.
//! * What was not looked at says nothing; what is seen for the first time is no change.
//! * Versions have whole seconds, so two looks at one version may differ. Which of them is newer, a webhook cannot tell; the gateway's own look,
//!   which is taken when a version has come to rest, can.
//! * Deleting a record may leave its version as it was, and nothing comes after it. So a word of it counts within a version too; only a look at a
//!   newer version brings the record back, and one that tells no version may be a late word of before.
//! * The name of an event is passed on once for each version, whatever else the notification shows.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::{CREATED, Change, DELETED, EVENT, MirrorUpdate, Mirrored, SeenBy, Sighting, Tally, Told};
use crate::record::Fields;

/// Names of events that are remembered of one version, at most.
const MOST_EVENTS: usize = 16;

/// What a look turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Of an older version than the mirror's.
    Stale,
    /// What the mirror knows already.
    Same,
    /// Another state of the same version, told by a webhook: the next look decides.
    Unsure,
    /// The first of this record.
    First,
    /// Different from what the mirror knew.
    Changed,
}

impl Found {
    /// The name that answers and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Found::Stale => "stale",
            Found::Same => "same",
            Found::Unsure => "unsure",
            Found::First => "first",
            Found::Changed => "changed",
        }
    }
}

/// What a look adds to the mirror.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What it turned out to be.
    pub found: Found,
    /// What is to be written, if anything is.
    pub update: Option<MirrorUpdate>,
}

/// Compares. `watched_since` is when this kind of record began to be watched; `now` stands in for a version that was not told.
pub fn compare(
    mirrored: Option<&Mirrored>,
    sighting: &Sighting,
    watched_since: Option<Timestamp>,
    now: Timestamp,
) -> Compared {
    let Some(known) = mirrored else { return first(sighting, watched_since, now) };
    let order = match (sighting.version, known.version) {
        (Some(seen), Some(known)) => seen.cmp(&known),
        // Without a version nobody can tell, and what was told last is taken for the newest.
        (None, _) | (Some(_), None) => Ordering::Greater,
    };
    let is_newer = order == Ordering::Greater && sighting.version.is_some();
    let is_back = is_newer && is_gone(&known.fields) && !is_gone(&sighting.fields);
    let goes = is_gone(&sighting.fields) && !is_gone(&known.fields);
    let differences = differences(known, sighting, is_back);
    let found = match (order, differences.is_empty(), sighting.by) {
        (Ordering::Less, ..) => return Compared { found: Found::Stale, update: None },
        (_, true, _) => Found::Same,
        (Ordering::Equal, false, SeenBy::Webhook) if !goes => Found::Unsure,
        (_, false, _) => Found::Changed,
    };
    let mut record = known.clone();
    let event = told(&mut record, sighting, found);
    if found != Found::Unsure {
        record.version = record.version.max(sighting.version);
        record.fields.extend(sighting.fields.clone());
    }
    if is_back {
        record.fields.remove(DELETED);
    }
    let differences = if found == Found::Changed { differences } else { Vec::new() };
    finish(found, known, record, changes(sighting, differences.into_iter().chain(event), now))
}

/// A record that was made since it is watched is a change; any other is only remembered.
fn first(sighting: &Sighting, watched_since: Option<Timestamp>, now: Timestamp) -> Compared {
    let is_new = sighting.created_at.zip(watched_since).is_some_and(|(created, since)| created > since);
    let made = is_new.then(|| (CREATED.to_owned(), None, Value::Bool(true)));
    let gone = is_gone(&sighting.fields).then(|| (DELETED.to_owned(), None, Value::Bool(true)));
    let blank =
        Mirrored { record: sighting.record, version: None, fields: Fields::new(), revision: 0, told: Told::default() };
    let mut record = blank.clone();
    let event = told(&mut record, sighting, Found::First);
    (record.version, record.fields) = (sighting.version, sighting.fields.clone());
    let changes = changes(sighting, made.into_iter().chain(gone).chain(event), now);
    finish(Found::First, &blank, record, changes)
}

type Difference = (String, Option<Value>, Value);

fn differences(known: &Mirrored, sighting: &Sighting, is_back: bool) -> Vec<Difference> {
    let is_gone = |name: &str, value: &Value| name == DELETED && *value == Value::Bool(true);
    let differs = |(name, value): (&String, &Value)| match known.fields.get(name) {
        Some(before) if before == value => None,
        Some(before) => Some((name.clone(), Some(before.clone()).filter(|before| !before.is_null()), value.clone())),
        // A record is there until it is said to be gone, so this is a change even where nothing was known.
        None => is_gone(name, value).then(|| (name.clone(), None, value.clone())),
    };
    let back = is_back.then(|| (DELETED.to_owned(), Some(Value::Bool(true)), Value::Bool(false)));
    let shown = sighting.fields.iter().filter(|(name, _)| !(is_back && *name == DELETED));
    back.into_iter().chain(shown.filter_map(differs)).collect()
}

fn is_gone(fields: &Fields) -> bool {
    fields.get(DELETED) == Some(&Value::Bool(true))
}

fn changes(sighting: &Sighting, differences: impl Iterator<Item = Difference>, now: Timestamp) -> Vec<Change> {
    let (record, by, at) = (sighting.record, sighting.by, sighting.version.unwrap_or(now));
    differences.map(|(field, from, to)| Change { record, field, from, to, at, by }).collect()
}

/// Notes what a look tells of webhooks in a record that is still of its old version. Returns the event that is to be passed on.
fn told(record: &mut Mirrored, sighting: &Sighting, found: Found) -> Option<Difference> {
    let (is_newer, told) = (sighting.version > record.version, &mut record.told);
    if is_newer {
        told.events.clear();
    }
    match sighting.by {
        SeenBy::Webhook => (told.until, told.awaited) = (told.until.max(sighting.version), 0),
        // What was awaited of an older version is not awaited any more: whatever comes now is of a newer one.
        SeenBy::Poll if is_newer => told.awaited = 0,
        SeenBy::Poll => {}
    }
    let event = sighting.event.as_ref()?;
    // Without a version the same event of another change cannot be told from a repeated one but by what it shows.
    let is_another = sighting.version.is_none() && found == Found::Changed;
    if told.events.contains(event) && !is_another {
        return None;
    }
    told.events.retain(|held| held != event);
    let too_many = (told.events.len() + 1).saturating_sub(MOST_EVENTS);
    told.events.drain(..too_many);
    told.events.push(event.clone());
    Some((EVENT.to_owned(), None, Value::from(event.as_str())))
}

/// Counts the changes, and writes nothing where nothing is new.
fn finish(found: Found, known: &Mirrored, mut record: Mirrored, changes: Vec<Change>) -> Compared {
    let count = changes.iter().filter(|change| change.field != EVENT).count();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let mut tally = Tally::default();
    match changes.first().map(|change| change.by) {
        Some(SeenBy::Webhook) => tally.told = count,
        Some(SeenBy::Poll) if record.version.is_some() && record.told.until >= record.version => tally.late = count,
        Some(SeenBy::Poll) => {
            tally.lost = count;
            record.told.awaited = record.told.awaited.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
        None => {}
    }
    // A webhook that tells of the very version that the gateway found itself was late, not lost.
    if record.version == known.version && known.version.is_some() && record.told.until == known.version {
        let late = i64::from(known.told.awaited.saturating_sub(record.told.awaited));
        (tally.lost, tally.late) = (tally.lost - late, tally.late + late);
    }
    let is_new = record != *known || !changes.is_empty();
    record.revision = known.revision + 1;
    Compared { found, update: is_new.then_some(MirrorUpdate { record, changes, tally }) }
}
