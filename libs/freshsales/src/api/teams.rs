//! The team of a contact, a company or a deal: users who work on it beside its owner, each with a role.

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::verbs::collection;
use crate::Generation;
use crate::contacts::Contact;
use crate::deals::Deal;
use crate::decode::{self, DecodeError};
use crate::record::{Record, document};
use crate::request::{Idempotency, Request, RequestParts};
use crate::sales_accounts::SalesAccount;
use crate::value::RecordTime;

/// Kinds of records that have a team.
pub trait HasTeam: Record {}

impl HasTeam for Contact {}
impl HasTeam for SalesAccount {}
impl HasTeam for Deal {}

document! {
    /// A user on the team of a record (source: official page, #update_contact_team).
    pub struct TeamMember {
        /// The user.
        user_id: i64,
        /// The role, from [`selectors::designations`](crate::selectors::designations).
        designation_id: i64,
        /// The record.
        entity_id: i64,
        /// Since when.
        created_at: RecordTime,
        /// When the role was changed last.
        updated_at: RecordTime,
    }
}

/// One change of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamChange(Value);

impl TeamChange {
    /// Puts a user on the team, or changes the role of one who is on it.
    pub fn put(user_id: i64, designation_id: i64) -> Self {
        Self(json!({ "user_id": user_id, "designation_id": designation_id }))
    }

    /// Takes a user off the team. The CRM wants the role all the same.
    pub fn remove(user_id: i64, designation_id: i64) -> Self {
        Self(json!({ "user_id": user_id, "designation_id": designation_id, "_destroy": true }))
    }
}

/// Changes the team of a record; members that no change names stay. Answers the members. E.g. `manage::<Deal>(7, [TeamChange::put(1, 2)])`.
pub fn manage<T: HasTeam>(id: i64, changes: impl IntoIterator<Item = TeamChange>) -> ManageTeam<T> {
    ManageTeam { id, changes: changes.into_iter().collect(), record: PhantomData }
}

/// See [`manage`].
#[derive(Debug, Clone)]
pub struct ManageTeam<T> {
    id: i64,
    changes: Vec<TeamChange>,
    record: PhantomData<fn() -> T>,
}

impl<T: HasTeam> Request for ManageTeam<T> {
    type Output = Vec<TeamMember>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let rows: Vec<&Value> = self.changes.iter().map(|change| &change.0).collect();
        let parts = collection::<T>(Method::POST, &format!("{}/manage_team_members", self.id));
        parts.may_be_missing().body(json!({ "team_users": rows }))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows("team_users", body)
    }
}
