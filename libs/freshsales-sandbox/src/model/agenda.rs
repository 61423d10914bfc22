//! What the account does later on its own: writes that a fault delayed, and automatic assignments. Each runs at its time on the account's clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Kind;

/// A request whose effect was put off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LateCall {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) host: String,
    pub(crate) body: Vec<u8>,
}

/// Something that happens at its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The effect of a request whose connection was cut.
    Commit(LateCall),
    /// The assignment rules look at a new record.
    Assign(Kind, i64),
}

/// Events by their time; those of one time in the order they were put down.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Agenda {
    // Pairs, because keys of JSON objects are texts.
    #[serde(with = "as_pairs")]
    events: BTreeMap<(Timestamp, u64), Event>,
    sequence: u64,
}

impl Agenda {
    pub(crate) fn put(&mut self, due: Timestamp, event: Event) {
        self.sequence += 1;
        self.events.insert((due, self.sequence), event);
    }

    /// When the next event is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.events.first_key_value().map(|(&(due, _), _)| due)
    }

    pub(crate) fn take_next(&mut self) -> Option<(Timestamp, Event)> {
        self.events.pop_first().map(|((due, _), event)| (due, event))
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }
}

mod as_pairs {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Event;

    type Events = BTreeMap<(Timestamp, u64), Event>;

    pub(super) fn serialize<S: Serializer>(events: &Events, serializer: S) -> Result<S::Ok, S::Error> {
        events.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Events, D::Error> {
        Ok(Vec::<((Timestamp, u64), Event)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_their_order_and_survive_being_written() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut agenda = Agenda::default();
        for (second, id) in [(2, 20), (1, 10), (1, 11)] {
            agenda.put(at(second), Event::Assign(Kind::Contact, id));
        }
        let mut agenda: Agenda = serde_json::from_str(&serde_json::to_string(&agenda).unwrap()).unwrap();
        assert_eq!((agenda.next_due(), agenda.len()), (Some(at(1)), 3));
        let ids = std::iter::from_fn(|| agenda.take_next()).map(|(_, event)| match event {
            Event::Assign(_, id) => id,
            Event::Commit(_) => 0,
        });
        assert_eq!(ids.collect::<Vec<_>>(), [10, 11, 20]);
    }
}
