//! Team members of a record: users who work on it beside its owner.

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::verbs::collection;
use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::{Record, document};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

document! {
    /// A member of a record's team (source: official page, #update_contact_team).
    pub struct TeamMember {
        /// The user.
        user_id: i64,
        /// What the user is on this record, from the selector of designations.
        designation_id: i64,
        /// The record.
        entity_id: i64,
        /// When the user joined.
        created_at: RecordTime,
        /// When the designation changed last.
        updated_at: RecordTime,
    }
}

/// A change to the team of a record.
#[derive(Debug, Clone)]
pub struct ManageTeam<T> {
    id: i64,
    members: Vec<Value>,
    record: PhantomData<fn() -> T>,
}

impl<T> ManageTeam<T> {
    pub(crate) fn new(id: i64) -> Self {
        Self { id, members: Vec::new(), record: PhantomData }
    }

    /// Adds a user, or changes what the user is.
    #[must_use]
    pub fn add(mut self, user_id: i64, designation_id: i64) -> Self {
        self.members.push(json!({ "user_id": user_id, "designation_id": designation_id }));
        self
    }

    /// Takes a user off the team. The CRM asks for the designation here too.
    #[must_use]
    pub fn remove(mut self, user_id: i64, designation_id: i64) -> Self {
        self.members.push(json!({ "user_id": user_id, "designation_id": designation_id, "_destroy": true }));
        self
    }
}

impl<T: Record> Request for ManageTeam<T> {
    /// The team as it is then.
    type Output = Vec<TeamMember>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let path = format!("{}/manage_team_members", self.id);
        collection::<T>(Method::POST, &path).body(json!({ "team_users": self.members })).may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows("team_users", body)
    }
}
