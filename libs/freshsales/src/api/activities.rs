//! What happened to a record, newest first: its activities and its timeline, and how many of each kind hang on it.

use std::marker::PhantomData;

use http::StatusCode;
use serde_json::{Map, Value};

use super::notes::TargetKind;
use serde::de::DeserializeOwned;

use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::listing::{ListOrder, ListRequest, ListRow, Place, fingerprint};
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

impl ListRow for Activity {
    /// Made of its id, or of the whole entry where it has none.
    fn row_id(&self) -> i64 {
        fingerprint(&self.id.clone().unwrap_or_else(|| self.to_value().to_string()))
    }
}

impl ListRow for TimelineFeed {
    /// Made of the whole entry: it has no id of its own.
    fn row_id(&self) -> i64 {
        fingerprint(&self.to_value().to_string())
    }
}

/// One page of a record's history. Whether there is another one is told by [`Page::has_next`]; [`Client::stream`](crate::Client::stream) reads all.
#[derive(Debug, Clone)]
pub struct History<T> {
    path: String,
    key: &'static str,
    page: Option<u32>,
    limit: Option<u32>,
    with_users: bool,
    row: PhantomData<fn() -> T>,
}

impl<T> History<T> {
    fn of(kind: TargetKind, id: i64, key: &'static str) -> Self {
        let path = format!("{}/{id}/{key}", kind.collection());
        Self { path, key, page: None, limit: None, with_users: false, row: PhantomData }
    }

    /// Which page, counted from 1.
    #[must_use]
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }
}

impl History<Activity> {
    /// How many activities at most; a stream reads pages of so many.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Asks for the users who did it, under `users`.
    #[must_use]
    pub fn with_users(mut self) -> Self {
        self.with_users = true;
        self
    }
}

impl<T: ListRow + DeserializeOwned> ListRequest for History<T> {
    type Row = T;

    fn order(&self) -> ListOrder {
        ListOrder::Chosen
    }

    /// The CRM has a size of its own for these pages; only activities take a limit.
    fn at(&self, place: Place, _rows: u32) -> Self {
        self.clone().page(place.page())
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

impl<T: ListRow + DeserializeOwned> Request for History<T> {
    type Output = Page<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let page = self.page.map(|page| ("page", page.to_string()));
        let limit = self.limit.map(|rows| ("limit", rows.to_string()));
        let include = self.with_users.then(|| ("include", "user".to_owned()));
        let query = [limit, page, include].into_iter().flatten();
        query.fold(RequestParts::get(&*self.path).may_be_missing(), |parts, (name, value)| parts.query(name, value))
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
