//! Tasks.

use http::StatusCode;
use serde_json::json;

use super::notes::{Target, TargetKind};
use super::of_record::OfRecord;
use super::verbs::{Create, Delete, Update, View};
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::listing::{ListOrder, ListRequest, Place};
use crate::record::{Record, attributes, record};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// A task (source: official page, #tasks).
    pub struct Task {
        /// Title.
        title: String,
        /// Text.
        description: String,
        /// 0 open, 1 done.
        status: i64,
        /// When it is due.
        due_date: RecordTime,
        /// When it was done; may still be null in the reply that marks it done.
        completed_date: RecordTime,
        /// Owner.
        owner_id: i64,
        /// User who made it.
        creater_id: i64,
        /// User who changed it last.
        updater_id: i64,
        /// Type, see [`selectors::sales_activity_entity_types`](crate::selectors::sales_activity_entity_types).
        task_type_id: i64,
        /// Outcome.
        outcome_id: i64,
        /// What it is on.
        targetables: Vec<Target>,
        /// What it is on, with `include=targetable`.
        targetable: Target,
        /// Users who work on it, its owner included; with `include=users`.
        user_ids: Vec<i64>,
        /// Whether it is deleted (Classic).
        is_deleted: bool,
        /// Whether it is on several records with an e-mail address (newer accounts).
        has_multiple_emails: bool,
        /// Records it is on that have an e-mail address (newer accounts).
        targetables_with_email: Vec<Target>,
        /// Whether it is a LinkedIn task (newer accounts).
        is_linkedin_type: bool,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

attributes! {
    /// What a write of a task sets. Title, due date and target are required on creation.
    pub struct TaskAttributes {
        /// Sets the title.
        title: String,
        /// Sets the text.
        description: String,
        /// Sets when it is due.
        due_date: RecordTime,
        /// Sets the owner.
        owner_id: i64,
        /// Sets the type.
        task_type_id: i64,
        /// Sets the outcome.
        outcome_id: i64,
    }
}

impl TaskAttributes {
    /// Sets what the task is on.
    #[must_use]
    pub fn target(self, kind: TargetKind, id: i64) -> Self {
        self.field("targetable_type", kind.as_str()).field("targetable_id", id)
    }

    /// Marks the task done, or open again.
    #[must_use]
    pub fn done(self, done: bool) -> Self {
        self.field("status", i64::from(done))
    }

    /// Adds users who work on it beside its owner.
    #[must_use]
    pub fn collaborators(self, user_ids: impl IntoIterator<Item = i64>) -> Self {
        let rows: Vec<_> = user_ids.into_iter().map(|id| json!({ "user_id": id.to_string() })).collect();
        self.field("task_users_attributes", rows)
    }
}

impl Record for Task {
    type Attributes = TaskAttributes;
    const SINGULAR: &'static str = "task";
    const PLURAL: &'static str = "tasks";
    const IN_EVERY_ACCOUNT: bool = true;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Reads a task. Includes: `owner`, `users`, `targetable`, `task_type`, `creater`, `updater`.
pub fn view(id: i64) -> View<Task> {
    View::new(id)
}

/// Creates a task. A repetition creates a second one.
pub fn create(attributes: TaskAttributes) -> Create<Task> {
    Create::new(attributes)
}

/// Changes a task; [`TaskAttributes::done`] marks it done.
pub fn update(id: i64, attributes: TaskAttributes) -> Update<Task> {
    Update::new(id, attributes)
}

/// Deletes a task.
pub fn delete(id: i64) -> Delete<Task> {
    Delete::new(id)
}

/// The tasks of a record. The route is one of the product's own pages: with `/api` it does not exist (seen in the wild).
pub fn of_record(kind: TargetKind, id: i64) -> OfRecord<Task> {
    OfRecord::on_pages(kind, id)
}

/// Which tasks to list; the CRM wants exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskFilter {
    /// Not done.
    Open,
    /// Due today.
    DueToday,
    /// Due tomorrow.
    DueTomorrow,
    /// Past their due date.
    Overdue,
    /// Done.
    Completed,
}

impl TaskFilter {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::DueToday => "due today",
            Self::DueTomorrow => "due tomorrow",
            Self::Overdue => "overdue",
            Self::Completed => "completed",
        }
    }
}

/// Lists tasks, page by page. The CRM tells the number of tasks but not of pages.
pub fn list(filter: TaskFilter) -> ListTasks {
    ListTasks { filter, page: 1, per_page: 25, include: Vec::new() }
}

/// See [`list`].
#[derive(Debug, Clone)]
pub struct ListTasks {
    filter: TaskFilter,
    page: u32,
    per_page: u32,
    include: Vec<String>,
}

impl ListTasks {
    /// Which page, counted from 1, of how many tasks (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.page, self.per_page) = (page, per_page);
        self
    }

    /// Asks for related records: `owner`, `targetable`, `users`.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl ListRequest for ListTasks {
    type Row = Task;

    fn order(&self) -> ListOrder {
        ListOrder::Unpromised
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        self.clone().page(place.page(), rows)
    }
}

impl Request for ListTasks {
    type Output = Page<Task>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get("tasks")
            .query("filter", self.filter.as_str())
            .query("page", self.page.to_string())
            .query("per_page", self.per_page.to_string())
            .include(&self.include)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page("tasks", body)
    }
}
