//! The mirror: the local copy of CRM records, and the changes that two looks at one record make.
//!
//! Cast: a [`Sighting`] is one look at a record, told by a webhook or taken by the gateway itself; [`compare()`] says what it adds to the
//! [`Mirrored`] copy; [`plan`] turns that into changes, which the playbook answers to, and a [`MirrorUpdate`], which the store keeps in the
//! transaction that keeps the plan; [`watch`] says what to read next to find what no webhook told.

mod compare;
pub mod plan;
pub mod watch;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use compare::{Compared, Found, compare};

use crate::record::{Fields, RecordRef};

/// The field of the change that says that a record was made.
pub const CREATED: &str = "created";
/// The field of the change that says that a record is gone, or there again.
pub const DELETED: &str = "deleted";
/// The field of the change that passes on the name of an event that a notification gave.
pub const EVENT: &str = "event";

/// How something was seen of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeenBy {
    /// A webhook of a workflow said so.
    Webhook,
    /// The gateway looked.
    Poll,
}

impl SeenBy {
    /// The name that stores, answers and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            SeenBy::Webhook => "webhook",
            SeenBy::Poll => "poll",
        }
    }

    /// The way of that name.
    pub fn from_name(name: &str) -> Option<SeenBy> {
        [SeenBy::Webhook, SeenBy::Poll].into_iter().find(|by| by.name() == name)
    }
}

/// One look at a record. A field that is not among `fields` was not looked at; one that is null is blank.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Which record.
    pub record: RecordRef,
    /// When the CRM last changed it; it has whole seconds. Without it nobody can tell an old look from a new one.
    pub version: Option<Timestamp>,
    /// When it was made, if the look showed that.
    pub created_at: Option<Timestamp>,
    /// What was seen, in the gateway's own names and values.
    pub fields: Fields,
    /// The event that the notification named, if it did.
    pub event: Option<String>,
    /// How it was seen.
    pub by: SeenBy,
}

/// A record as the mirror keeps it. Field names and values are the gateway's own, whichever way they came: a stage by its name, an amount as a
/// decimal text, a time in UTC. A field that is null is known to be blank; of one that is missing nothing is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mirrored {
    /// Which record.
    pub record: RecordRef,
    /// When the CRM last changed it, as far as it said.
    pub version: Option<Timestamp>,
    /// What is known of it.
    pub fields: Fields,
    /// Counts what was written to the mirror of it, so that of two writers who read the same only one writes.
    pub revision: i64,
    /// What webhooks have told of it.
    #[serde(default)]
    pub told: Told,
}

/// What webhooks have told of a record, to know a notification that was lost from one that is late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The newest version that a webhook has told of, whether or not its fields could be used.
    pub until: Option<Timestamp>,
    /// Changes of the present version that the gateway found itself and no webhook has told of.
    pub awaited: u32,
    /// The names of events of the present version that have been passed on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
}

/// A difference between two looks at one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which record.
    pub record: RecordRef,
    /// The field, such as `stage`; `created` for a record that was not there before.
    pub field: String,
    /// The value before; none if it was blank or is not known.
    pub from: Option<Value>,
    /// The value since.
    pub to: Value,
    /// When it happened, as far as can be told.
    pub at: Timestamp,
    /// How it was seen.
    pub by: SeenBy,
}

/// What the mirror is to hold of a record from now on, and the changes that led there.
#[derive(Clone, Debug, PartialEq)]
pub struct MirrorUpdate {
    /// The record as it is to be kept, with its new revision.
    pub record: Mirrored,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// What it adds to the counts of its kind of record.
    pub tally: Tally,
}

/// How many changes were seen how. Added to what is kept; `lost` can go down again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Told by a webhook.
    pub told: i64,
    /// Found by looking, and no webhook has told of it.
    pub lost: i64,
    /// Found by looking; a webhook has told of that version too, before or since.
    pub late: i64,
}

impl Tally {
    /// The part of all changes that no webhook told of; none before the first change.
    #[allow(clippy::cast_precision_loss)]
    pub fn lost_ratio(&self) -> Option<f64> {
        let all = self.told + self.lost + self.late;
        (all > 0).then(|| self.lost as f64 / all as f64)
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.told += other.told;
        self.lost += other.lost;
        self.late += other.late;
    }
}
