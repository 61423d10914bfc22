//! Profiles: what events said of a person, so that a later event which names only an id is known to be about somebody.
//!
//! A profile is kept under the digest of each id of the person: the app's own, and the one that a library gives to a browser or a device. An
//! event first recalls the profile, adds to it what it says itself, and is then completed from it ([`complete`]).
//!
//! With it goes the key under which the person was first known: whatever is learned of them since, their events stay in one line. An event that
//! brings only an address finds that line by the digest of the address, under which nothing else is kept.
//!
//! A device can change hands: what is known of its id is believed of a user only as long as it belongs to nobody else.
//!
//! A profile also says on which day it was last of use, so that people who are active are not forgotten for want of news.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use self::keys::key as key_of_id;
use self::keys::{Keys, email_key};
pub(crate) use self::turn::{had_turn, take_turn};
use crate::identity::Email;
use crate::intake::{Event, EventKind, email_in, phone_in};

mod keys;
mod turn;

/// The largest traits that are kept of a person or a company, in bytes of JSON. What was said first is forgotten first.
const LARGEST_TRAITS: usize = 16 * 1024;

/// From here on a wrong clock is worth a word.
const CLOCK_IS_WRONG: SignedDuration = SignedDuration::from_secs(60);

/// The trait under which analytics libraries describe the person's company.
const COMPANY: &str = "company";

/// What is known of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    traits: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Group>,
    /// The key of the user whom the id belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The key under which the person was first known.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_key: Option<String>,
    /// The last day, in UTC, on which an event was about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_on: Option<Date>,
    /// An event took a turn of routing for the person.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    had_turn: bool,
}

/// The company that a person belongs to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Group {
    id: String,
    traits: Map<String, Value>,
}

/// An event as it is acted on, and what it teaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Completed {
    /// The event, with what was known before.
    pub event: Event,
    /// Profiles that changed, by key.
    pub changed: BTreeMap<String, Value>,
    /// Where the person was known from, in words.
    pub decisions: Vec<String>,
}

/// The keys of the profiles that an event depends on.
pub fn keys_of(event: &Event) -> Vec<String> {
    let mut keys: Vec<String> = Keys::of(event, &BTreeMap::new()).all().cloned().collect();
    let among_properties = email_in(&event.properties).map(|email| email_key(&email));
    keys.extend(among_properties.filter(|key| !keys.contains(key)).into_iter().collect::<Vec<_>>());
    keys
}

/// Completes an event from the profiles at hand, and adds to them what it says.
pub fn complete(event: &Event, accepted_at: Timestamp, profiles: &mut BTreeMap<String, Value>) -> Completed {
    let keys = Keys::of(event, profiles);
    let mut profile = keys.recall(profiles);
    profile.learn(event);
    profile.first_key = keys.line(&profile, profiles);
    profile.had_turn |= event.email.is_some() && keys.email_had_turn(profiles);
    profile.used_on = profile.used_on.max(Some(TimeZone::UTC.to_datetime(accepted_at).date()));
    let mut decisions = Vec::new();
    let mut whole = event.clone();
    profile.describe(&mut whole);
    whole.person_keys = keys.of_person(&profile);
    decisions.extend(find_person(&mut whole, &profile));
    decisions.extend(correct_time(&mut whole, accepted_at));
    let changed = keys.keep(&profile, profiles);
    Completed { event: whole, changed, decisions }
}

impl Profile {
    /// One that cannot be read is forgotten: the next events teach it anew.
    fn from_stored(value: &Value) -> Profile {
        Profile::deserialize(value).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.email.is_none() && self.phone.is_none() && self.traits.is_empty() && self.group.is_none()
    }

    fn belongs_to(&self, user: Option<&String>) -> bool {
        self.user.is_none() || self.user.as_ref() == user
    }

    /// Takes from another profile what this one lacks.
    fn fill(&mut self, other: Option<Profile>) {
        let Some(other) = other else { return };
        self.email = self.email.take().or(other.email);
        self.phone = self.phone.take().or(other.phone);
        self.group = self.group.take().or(other.group);
        self.user = self.user.take().or(other.user);
        self.first_key = self.first_key.take().or(other.first_key);
        self.had_turn |= other.had_turn;
        let own = std::mem::replace(&mut self.traits, other.traits);
        self.traits.extend(own);
        forget_first(&mut self.traits);
    }

    /// Takes what an event says of the person.
    fn learn(&mut self, event: &Event) {
        self.email = event.email.clone().or_else(|| self.email.take());
        self.phone = event.phone.clone().or_else(|| self.phone.take());
        if event.kind == EventKind::Group {
            let person = event.context.get("traits").and_then(Value::as_object);
            person.into_iter().for_each(|traits| overlay(&mut self.traits, traits));
            self.learn_group(event);
        } else {
            overlay(&mut self.traits, &event.traits);
        }
        forget_first(&mut self.traits);
    }

    fn learn_group(&mut self, event: &Event) {
        let Some(id) = &event.group_id else { return };
        let mut group = self.group.take().filter(|group| group.id == *id).unwrap_or_default();
        group.id.clone_from(id);
        overlay(&mut group.traits, &event.traits);
        forget_first(&mut group.traits);
        self.group = Some(group);
    }

    /// Tells an event what is known of the person and the company. What it says itself holds.
    fn describe(&self, event: &mut Event) {
        if event.kind == EventKind::Group {
            return;
        }
        let mut traits = self.traits.clone();
        overlay(&mut traits, &event.traits);
        if let Some(group) = &self.group {
            let same = event.group_id.get_or_insert_with(|| group.id.clone()) == &group.id;
            if same && !traits.contains_key(COMPANY) {
                let mut company = Map::from_iter([("id".to_owned(), Value::from(group.id.as_str()))]);
                company.extend(group.traits.clone());
                traits.insert(COMPANY.to_owned(), Value::Object(company));
            }
        }
        event.traits = traits;
    }
}

/// Puts traits over others; `null` takes one away.
fn overlay(traits: &mut Map<String, Value>, said: &Map<String, Value>) {
    for (name, value) in said {
        if value.is_null() {
            traits.shift_remove(name);
        } else {
            traits.insert(name.clone(), value.clone());
        }
    }
}

fn forget_first(traits: &mut Map<String, Value>) {
    let sizes: Vec<usize> = traits.iter().map(|(name, value)| name.len() + value.to_string().len() + 4).collect();
    let mut size: usize = sizes.iter().sum();
    let too_many = sizes
        .iter()
        .take_while(|one| {
            let over = size > LARGEST_TRAITS;
            size -= **one;
            over
        })
        .count();
    let forgotten: Vec<String> = traits.keys().take(too_many).cloned().collect();
    for name in forgotten {
        traits.shift_remove(&name);
    }
}

/// Finds address and phone number. What stands among the properties may be another person's, such as the address of somebody who was invited;
/// so it is taken only where nothing else is known, and not remembered.
fn find_person(event: &mut Event, profile: &Profile) -> Option<String> {
    event.phone = event.phone.take().or_else(|| profile.phone.clone()).or_else(|| phone_in(&event.properties));
    if event.email.is_some() {
        return None;
    }
    let from =
        if profile.email.is_some() { "was known from earlier events" } else { "stands among the event's properties" };
    event.email = profile.email.clone().or_else(|| email_in(&event.properties));
    Some(match &event.email {
        Some(_) => format!("the person's e-mail address {from}"),
        None => "no e-mail address is known for the person of this event".to_owned(),
    })
}

/// Puts the reporter's time into the gateway's: what lies between happening and sending is believed, the clock is not.
fn correct_time(event: &mut Event, accepted_at: Timestamp) -> Option<String> {
    let (at, sent_at) = (event.at, event.sent_at);
    let ahead = sent_at.filter(|_| at.is_some()).map_or(SignedDuration::ZERO, |sent| sent.duration_since(accepted_at));
    event.at = at.map_or(Some(accepted_at), |at| at.checked_sub(ahead).ok()).or(at);
    (ahead.abs() >= CLOCK_IS_WRONG).then(|| {
        let side = if ahead.is_positive() { "ahead" } else { "behind" };
        format!("the sender's clock is {} s {side}, so the event's time was corrected", ahead.abs().as_secs())
    })
}

#[cfg(test)]
mod tests;
