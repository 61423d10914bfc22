//! Sales activities: what was done for a record (a visit, a call, a message), by a type and an outcome of the account.
//!
//! Types and outcomes are picklists: [`selectors::sales_activity_types`](crate::selectors::sales_activity_types) and
//! [`selectors::sales_activity_outcomes_of`](crate::selectors::sales_activity_outcomes_of). The fields of the account are listed by
//! `fields::list::<SalesActivity>()`.

use http::StatusCode;
use serde_json::{Map, Value};

use super::notes::{Target, TargetKind};
use super::verbs::{Create, Delete, Update, View};
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::listing::{ListOrder, ListRequest, Place};
use crate::record::{Record, attributes, custom_field_attributes, record};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// A sales activity (source: official page, #create_sales_activity; fields seen on recorded replies).
    pub struct SalesActivity {
        /// Title.
        title: String,
        /// Text.
        notes: String,
        /// When it began.
        start_date: RecordTime,
        /// When it ended.
        end_date: RecordTime,
        /// When it counts in the conversation; the end.
        conversation_time: RecordTime,
        /// Type.
        sales_activity_type_id: i64,
        /// Outcome; one of the type's.
        sales_activity_outcome_id: i64,
        /// Owner.
        owner_id: i64,
        /// User who made it.
        creater_id: i64,
        /// User who changed it last.
        updater_id: i64,
        /// Id of the record it is about.
        targetable_id: i64,
        /// Kind of the record it is about, e.g. `Contact`.
        targetable_type: String,
        /// All that it is about.
        targetables: Vec<Target>,
        /// What it is about, with `include=targetable`.
        targetable: Target,
        /// Whether it is marked as completed.
        status: bool,
        /// When it was completed.
        completed_date: RecordTime,
        /// Place.
        location: String,
        /// Latitude of the place, as text.
        latitude: String,
        /// Longitude of the place, as text.
        longitude: String,
        /// When somebody checked in.
        checkedin_at: RecordTime,
        /// When somebody checked out.
        checkedout_at: RecordTime,
        /// Where somebody checked out.
        checkedout_location: String,
        /// Latitude of the check-out, as text.
        checkedout_latitude: String,
        /// Longitude of the check-out, as text.
        checkedout_longitude: String,
        /// Time between check-in and check-out, in seconds.
        checkedin_duration: i64,
        /// Conversation it is part of.
        conversation_id: i64,
        /// Id in the system it came from.
        remote_id: String,
        /// Import it came with.
        import_id: i64,
        /// Note (newer accounts).
        note_id: i64,
        /// Users beside the owner (newer accounts).
        additional_user_count: i64,
        /// Whether it is about several records with an e-mail address (newer accounts).
        has_multiple_emails: bool,
        /// Records it is about that have an e-mail address (newer accounts).
        targetables_with_email: Vec<Target>,
        /// Custom fields by their `cf_` names.
        custom_field: Map<String, Value>,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

attributes! {
    /// What a write of a sales activity sets. Title, both dates, type and target are required on creation.
    pub struct SalesActivityAttributes {
        /// Sets the title.
        title: String,
        /// Sets the text.
        notes: String,
        /// Sets when it began.
        start_date: RecordTime,
        /// Sets when it ended; not before it began.
        end_date: RecordTime,
        /// Sets the type.
        sales_activity_type_id: i64,
        /// Sets the outcome; one of the type's.
        sales_activity_outcome_id: i64,
        /// Sets the owner.
        owner_id: i64,
        /// Marks it as completed, or open again.
        status: bool,
        /// Sets when it was completed.
        completed_date: RecordTime,
        /// Sets the place.
        location: String,
        /// Sets the latitude of the place.
        latitude: String,
        /// Sets the longitude of the place.
        longitude: String,
        /// Sets when somebody checked in.
        checkedin_at: RecordTime,
        /// Sets when somebody checked out.
        checkedout_at: RecordTime,
        /// Sets where somebody checked out.
        checkedout_location: String,
        /// Sets the time between check-in and check-out, in seconds.
        checkedin_duration: i64,
    }
}

impl SalesActivityAttributes {
    /// Sets what the activity is about.
    #[must_use]
    pub fn target(self, kind: TargetKind, id: i64) -> Self {
        self.field("targetable_type", kind.as_str()).field("targetable_id", id)
    }
}

custom_field_attributes!(SalesActivityAttributes);

impl Record for SalesActivity {
    type Attributes = SalesActivityAttributes;
    const SINGULAR: &'static str = "sales_activity";
    const PLURAL: &'static str = "sales_activities";
    const IN_EVERY_ACCOUNT: bool = true;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Reads a sales activity. Includes: `owner`, `creater`, `targetable`.
pub fn view(id: i64) -> View<SalesActivity> {
    View::new(id)
}

/// Creates a sales activity. A repetition creates a second one.
pub fn create(attributes: SalesActivityAttributes) -> Create<SalesActivity> {
    Create::new(attributes)
}

/// Changes a sales activity.
pub fn update(id: i64, attributes: SalesActivityAttributes) -> Update<SalesActivity> {
    Update::new(id, attributes)
}

/// Deletes a sales activity.
pub fn delete(id: i64) -> Delete<SalesActivity> {
    Delete::new(id)
}

/// Lists all sales activities, page by page.
pub fn list() -> ListSalesActivities {
    ListSalesActivities { page: 1, per_page: 25, include: Vec::new() }
}

/// See [`list`].
#[derive(Debug, Clone)]
pub struct ListSalesActivities {
    page: u32,
    per_page: u32,
    include: Vec<String>,
}

impl ListSalesActivities {
    /// Which page, counted from 1, of how many activities (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.page, self.per_page) = (page, per_page);
        self
    }

    /// Asks for related records: `owner`, `targetable`.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl ListRequest for ListSalesActivities {
    type Row = SalesActivity;

    fn order(&self) -> ListOrder {
        ListOrder::Unpromised
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        self.clone().page(place.page(), rows)
    }
}

impl Request for ListSalesActivities {
    type Output = Page<SalesActivity>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get("sales_activities")
            .query("page", self.page.to_string())
            .query("per_page", self.per_page.to_string())
            .include(&self.include)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page("sales_activities", body)
    }
}
