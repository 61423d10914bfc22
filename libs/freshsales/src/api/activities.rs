//! What happened to a record, newest first: its activities and its timeline, and how many of each kind hang on it.

use std::marker::PhantomData;

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::notes::TargetKind;
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::record::document;
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

document! {
    /// One thing that happened (source: official page, #list_all_contact_activities; fields seen on replies).
    pub struct Activity {
        /// Id; text, unlike the ids of records.
        id: String,
        /// Id together with what it happened to.
        composite_id: String,
        /// What happened. The words are not documented; compare them with those you have seen.
        action_type: String,
        /// More about it, by its type.
        action_data: Map<String, Value>,
        /// More about it for the timeline.
        additional_timeline_info: Map<String, Value>,
        /// Whether a user did it, and not the CRM itself.
        user_activity: bool,
        /// Automation that did it (seen on some accounts).
        automation: Map<String, Value>,
        /// Kind of the record in whose history it is.
        targetable_type: String,
        /// Id of that record.
        targetable_id: i64,
        /// Name of that record.
        targetable_name: String,
        /// Kind of what it happened to: the record, or a note, a task, … on it.
        actionable_type: String,
        /// Id of what it happened to.
        actionable_id: i64,
        /// When it happened.
        created_at: RecordTime,
    }
}

document! {
    /// One entry of a timeline (seen on recorded replies).
    pub struct TimelineFeed {
        /// What happened: `CREATE`, `STAGE_CHANGE`, `OWNER_CHANGE`, `TASK_CREATED`, … Entries of automations have been seen with broken words.
        action_type: String,
        /// Kind of what it happened to.
        actionable_type: String,
        /// More about it: `stage_id`, `stage_name`, `pipeline_name`; `owner_change`, `owner_name`.
        action_data: Map<String, Value>,
        /// Id of the record in whose timeline it is.
        targetable_id: i64,
        /// When it happened.
        created_at: RecordTime,
    }
}

/// One page of a record's history. Whether there is another one is told by [`Page::has_next`].
#[derive(Debug, Clone)]
pub struct History<T> {
    path: String,
    key: &'static str,
    query: Vec<(&'static str, String)>,
    row: PhantomData<fn() -> T>,
}

impl<T> History<T> {
    fn of(kind: TargetKind, id: i64, key: &'static str) -> Self {
        let path = format!("{}/{id}/{key}", kind.collection());
        Self { path, key, query: Vec::new(), row: PhantomData }
    }

    /// Which page, counted from 1.
    #[must_use]
    pub fn page(mut self, page: u32) -> Self {
        self.query.push(("page", page.to_string()));
        self
    }
}

impl History<Activity> {
    /// How many activities at most.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.query.push(("limit", rows.to_string()));
        self
    }

    /// Asks for the users who did it, under `users`.
    #[must_use]
    pub fn with_users(mut self) -> Self {
        self.query.push(("include", "user".to_owned()));
        self
    }
}

/// The activities of a record, newest first.
pub fn of_record(kind: TargetKind, id: i64) -> History<Activity> {
    History::of(kind, id, "activities")
}

/// The timeline of a record, newest first.
pub fn timeline(kind: TargetKind, id: i64) -> History<TimelineFeed> {
    History::of(kind, id, "timeline_feeds")
}

impl<T: DeserializeOwned + Send + 'static> Request for History<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = RequestParts::get(&*self.path).may_be_missing();
        self.query.iter().fold(parts, |parts, (name, value)| parts.query(name, value))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page(self.key, body)
    }
}

/// How many records of each type (`notes`, `tasks`, …) hang on a record; a route of the product's own pages.
///
/// Without a type the CRM answers `null` (seen in the wild). The reply with types is not recorded, so it is handed back as it came.
pub fn counts<S: Into<String>>(kind: TargetKind, id: i64, types: impl IntoIterator<Item = S>) -> ActivityCounts {
    ActivityCounts { kind, id, types: types.into_iter().map(Into::into).collect() }
}

/// See [`counts`].
#[derive(Debug, Clone)]
pub struct ActivityCounts {
    kind: TargetKind,
    id: i64,
    types: Vec<String>,
}

impl Request for ActivityCounts {
    type Output = Value;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let path = format!("{}/{}/activity_counts", self.kind.collection(), self.id);
        let parts = RequestParts::get(path).without_api();
        self.types.iter().fold(parts, |parts, name| parts.query("types[]", name))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::json(body)
    }
}
