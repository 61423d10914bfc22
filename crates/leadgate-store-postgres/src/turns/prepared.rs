//! A turn with its JSON written.

use jiff::Timestamp;
use leadgate_core::identity::IdentityKey;
use leadgate_core::record::RecordRef;
use leadgate_store::StoreError;
use leadgate_store::model::{Attempt, Lease, Then, TurnRecord};

use crate::columns::to_json;
use crate::deliveries::PreparedDelivery;
use crate::queue::{DONE, PARKED, StateColumns, WORKING};

/// A turn, ready to be stored.
pub(crate) struct PreparedTurn {
    pub(super) lease: Lease,
    pub(super) state: StateColumns,
    pub(super) attempt: Option<Attempt>,
    pub(super) learned: Vec<Learned>,
    pub(super) unlearned: Vec<IdentityKey>,
    pub(super) notes: Vec<(IdentityKey, i64)>,
    pub(super) deliveries: Vec<PreparedDelivery>,
    pub(super) add_key: Option<IdentityKey>,
    pub(super) then: PreparedThen,
}

/// Which record an identity belongs to, and what is filled there.
pub(super) struct Learned {
    pub(super) key: IdentityKey,
    pub(super) record: RecordRef,
    pub(super) filled: Vec<String>,
}

pub(super) enum PreparedThen {
    DueAt(Timestamp),
    Finished(String),
    Parked(String),
}

impl PreparedThen {
    pub(super) fn progress(&self) -> i16 {
        match self {
            PreparedThen::DueAt(_) => WORKING,
            PreparedThen::Finished(_) => DONE,
            PreparedThen::Parked(_) => PARKED,
        }
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        if let PreparedThen::DueAt(due) = self { Some(*due) } else { None }
    }

    pub(super) fn outcome(&self) -> Option<&str> {
        if let PreparedThen::Finished(outcome) = self { Some(outcome) } else { None }
    }

    pub(super) fn parking(&self) -> Option<&str> {
        if let PreparedThen::Parked(parking) = self { Some(parking) } else { None }
    }
}

impl PreparedTurn {
    pub(crate) fn new(turn: TurnRecord) -> Result<PreparedTurn, StoreError> {
        let (mut learned, mut unlearned) = (Vec::new(), Vec::new());
        let mut notes = Vec::new();
        let mut deliveries = Vec::new();
        for effect in turn.effects {
            for (key, known) in effect.learned {
                let filled = known.filled.into_iter().collect();
                learned.push(Learned { key, record: known.record, filled });
            }
            unlearned.extend(effect.unlearned);
            notes.extend(effect.note.map(|(record, id)| (IdentityKey::of_record(record), id)));
            deliveries.extend(effect.delivery.map(|delivery| PreparedDelivery::new(delivery, false)));
        }
        let then = match turn.then {
            Then::DueAt(due) => PreparedThen::DueAt(due),
            Then::Finished(outcome) => PreparedThen::Finished(to_json("outcome", &outcome)?),
            Then::Parked(parking) => PreparedThen::Parked(to_json("parking", &parking)?),
        };
        let state = StateColumns::new(&turn.state)?;
        Ok(PreparedTurn {
            lease: turn.lease,
            state,
            attempt: turn.attempt,
            learned,
            unlearned,
            notes,
            deliveries,
            add_key: turn.add_key,
            then,
        })
    }
}
