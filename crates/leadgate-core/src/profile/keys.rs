//! The keys of a person's profiles: which an event names, whose they are, and what is kept under each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Profile;
use crate::identity::{Email, IdentityKey};
use crate::intake::{Event, EventKind, email_in};

/// The keys of an event's profiles.
#[derive(Default)]
pub(super) struct Keys {
    user: Option<String>,
    anonymous: Option<String>,
    /// The device was somebody else's until now.
    changed_hands: bool,
    /// Both meanings that the earlier id of an alias can have.
    previous: Vec<String>,
    /// Of the address that the event brings.
    email: Option<String>,
}

impl Keys {
    pub(super) fn of(event: &Event, profiles: &BTreeMap<String, Value>) -> Keys {
        let previous = event.previous_id.as_deref().filter(|_| event.kind == EventKind::Alias);
        let mut keys = Keys {
            user: event.user_id.as_deref().map(|id| key("user", id)),
            anonymous: event.anonymous_id.as_deref().map(|id| key("anonymous", id)),
            changed_hands: false,
            previous: previous.map(|id| vec![key("user", id), key("anonymous", id)]).unwrap_or_default(),
            email: None,
        };
        let device = keys.anonymous.as_ref().and_then(|key| profiles.get(key)).map(Profile::from_stored);
        keys.changed_hands = keys.user.is_some() && device.is_some_and(|device| !device.belongs_to(keys.user.as_ref()));
        let alone = keys.all().next().is_none();
        let email = event.email.clone().or_else(|| email_in(&event.properties).filter(|_| alone));
        keys.email = email.as_ref().map(email_key);
        keys
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.user.iter().chain(&self.anonymous).chain(&self.previous).chain(&self.email)
    }

    /// The key of the device, as far as it says who somebody is.
    fn device(&self) -> Option<&String> {
        self.anonymous.as_ref().filter(|_| !self.changed_hands)
    }

    /// What is known under any of them; of two values the user's own holds.
    pub(super) fn recall(&self, profiles: &BTreeMap<String, Value>) -> Profile {
        let stored = |key: &String| profiles.get(key).map(Profile::from_stored);
        let mut profile = self.user.as_ref().and_then(stored).unwrap_or_default();
        profile.fill(self.device().and_then(stored));
        for key in &self.previous {
            profile.fill(stored(key));
        }
        profile
    }

    /// The key under which the person was first known. Nothing is kept of somebody of whom nothing is known, so the id that a library gives first
    /// goes before the one that it is given later.
    pub(super) fn line(&self, profile: &Profile, profiles: &BTreeMap<String, Value>) -> Option<String> {
        let of_email = || Profile::from_stored(profiles.get(self.email.as_ref()?)?).first_key;
        let ids = [self.device(), self.user.as_ref(), self.email.as_ref()];
        profile.first_key.clone().or_else(of_email).or_else(|| ids.into_iter().flatten().next().cloned())
    }

    /// Whether a turn was taken for the person of the address.
    pub(super) fn email_had_turn(&self, profiles: &BTreeMap<String, Value>) -> bool {
        let stored = self.email.as_ref().and_then(|key| profiles.get(key));
        stored.is_some_and(|stored| Profile::from_stored(stored).had_turn)
    }

    /// All that the person is known by here, the key of their line first.
    pub(super) fn of_person(&self, profile: &Profile) -> Vec<String> {
        let ids = self.user.iter().chain(self.device()).chain(&self.previous).chain(&profile.user);
        let mut keys: Vec<String> = profile.first_key.iter().cloned().collect();
        for id in ids {
            if !keys.contains(id) {
                keys.push(id.clone());
            }
        }
        keys
    }

    /// Keeps a profile under all keys, and returns what changed by that.
    pub(super) fn keep(&self, profile: &Profile, profiles: &mut BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let owned = Profile { user: self.user.clone().or_else(|| profile.user.clone()), ..profile.clone() };
        let known = self.previous.iter().filter(|key| profiles.contains_key(*key));
        let keys: Vec<String> = self.user.iter().chain(&self.anonymous).chain(known).cloned().collect();
        let is_worth_it = !profile.is_empty() || (self.user.is_some() && self.anonymous.is_some());
        let kept = keys.into_iter().filter(|key| is_worth_it || profiles.contains_key(key));
        let kept = kept.map(|key| (key, owned.clone()));
        let mut changed = differing(kept, profiles);
        let known = owned.email.as_ref().map(email_key).filter(|_| !changed.is_empty());
        let email = self.email.clone().or(known);
        let line = email.map(|key| (key.clone(), line_of_email(&key, &owned, profiles)));
        changed.extend(differing(line, profiles));
        profiles.extend(changed.clone());
        changed
    }
}

/// Those that are not kept as they are, as they are to be kept.
fn differing(
    kept: impl IntoIterator<Item = (String, Profile)>,
    profiles: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let written = kept.into_iter().map(|(key, profile)| (key, serde_json::to_value(profile).unwrap_or_default()));
    written.filter(|(key, value)| profiles.get(key) != Some(value)).collect()
}

/// The key of an address.
pub(super) fn email_key(email: &Email) -> String {
    IdentityKey::of_email(email).as_str().to_owned()
}

/// What is kept under the key of the person's address: their line, and whether they had a turn. What is said of a person is not, for whoever brings an address need not be the
/// one who said it. The line that an address has found already stays.
fn line_of_email(key: &str, profile: &Profile, profiles: &BTreeMap<String, Value>) -> Profile {
    let stored = profiles.get(key).map(Profile::from_stored).unwrap_or_default();
    let line = stored.first_key.filter(|line| *line != key).or_else(|| profile.first_key.clone());
    let had_turn = stored.had_turn || profile.had_turn;
    Profile { first_key: line, used_on: profile.used_on, had_turn, ..Profile::default() }
}

/// A digest, so that no index holds an id that may be an address.
pub(crate) fn key(kind: &str, id: &str) -> String {
    let mut key = format!("{kind}:");
    for byte in &Sha256::digest(id.as_bytes())[..16] {
        // Writing to a String cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}
