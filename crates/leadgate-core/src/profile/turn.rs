//! Whether an event of a person took a turn of routing already. Each person takes one, however many events would make them if they were not there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Profile;
use super::keys::email_key;
use crate::intake::Event;

/// Whether whom a planned event is about has had a turn.
pub(crate) fn had_turn(event: &Event, profiles: &BTreeMap<String, Value>) -> bool {
    keys(event, profiles).iter().filter_map(|key| profiles.get(key)).any(|stored| Profile::from_stored(stored).had_turn)
}

/// Notes the turn, in the profiles at hand and among those that changed.
pub(crate) fn take_turn(event: &Event, profiles: &mut BTreeMap<String, Value>, changed: &mut BTreeMap<String, Value>) {
    for key in keys(event, profiles) {
        let stored = profiles.get(&key).map(Profile::from_stored).unwrap_or_default();
        let value = serde_json::to_value(Profile { had_turn: true, ..stored }).unwrap_or_default();
        profiles.insert(key.clone(), value.clone());
        changed.insert(key, value);
    }
}

/// The keys that a turn is noted under. An address among the properties may be another person's, and then the turn is only that address's.
fn keys(event: &Event, profiles: &BTreeMap<String, Value>) -> Vec<String> {
    let is_theirs = |stored: &Value| {
        let profile = Profile::from_stored(stored);
        profile.email == event.email && (profile.email.is_some() || profile.phone == event.phone)
    };
    let own = event.person_keys.iter().filter(|key| profiles.get(*key).is_some_and(is_theirs)).cloned();
    own.chain(event.email.as_ref().map(email_key)).collect()
}
