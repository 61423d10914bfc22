//! Appointments: meetings about a record, with attendees.

use http::StatusCode;
use serde_json::{Value, json};

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
    /// An appointment (source: official page, #create_appointment; fields seen on recorded replies).
    pub struct Appointment {
        /// Title.
        title: String,
        /// Text.
        description: String,
        /// Place, or what is typed there: a street, "video call".
        location: String,
        /// When it begins.
        from_date: RecordTime,
        /// When it ends.
        end_date: RecordTime,
        /// Whether it takes the whole day.
        is_allday: bool,
        /// Time zone by its Rails name, e.g. `Copenhagen`.
        time_zone: String,
        /// Outcome, see [`selectors::sales_activity_outcomes`](crate::selectors::sales_activity_outcomes).
        outcome_id: i64,
        /// User who made it.
        creater_id: i64,
        /// Where it was made: `freshsales`, or a connected calendar.
        provider: String,
        /// What it is about.
        targetables: Vec<Target>,
        /// What it is about, in a view and with `include=targetable`.
        targetable: Target,
        /// Attendees; the rows themselves are side-loaded under `appointment_attendees`.
        appointment_attendee_ids: Vec<i64>,
        /// Conference; side-loaded under `conferences`.
        conference_id: i64,
        /// Note; side-loaded under `notes`.
        note_id: i64,
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
        /// Whether the key's user can check in.
        can_checkin: bool,
        /// Whether the key's user can check in and out.
        can_checkin_checkout: bool,
        /// Whether it is about several records with an e-mail address (newer accounts).
        has_multiple_emails: bool,
        /// Records it is about that have an e-mail address (newer accounts).
        targetables_with_email: Vec<Target>,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

record! {
    /// Somebody who attends an appointment: side-loaded rows of `appointment_attendees` (their fields are inferred from the request).
    pub struct Attendee {
        /// `Contact` or `FdMultitenant::User`.
        attendee_type: String,
        /// Id of the contact or user.
        attendee_id: i64,
    }
}

attributes! {
    /// What a write of an appointment sets. Title, both dates and target are required on creation.
    pub struct AppointmentAttributes {
        /// Sets the title.
        title: String,
        /// Sets the text.
        description: String,
        /// Sets the place.
        location: String,
        /// Sets when it begins.
        from_date: RecordTime,
        /// Sets when it ends; not before it begins.
        end_date: RecordTime,
        /// Sets whether it takes the whole day.
        is_allday: bool,
        /// Sets the time zone, by its Rails name.
        time_zone: String,
        /// Sets the outcome.
        outcome_id: i64,
        /// Sets who made it.
        creater_id: i64,
        /// Sets the latitude of the place.
        latitude: String,
        /// Sets the longitude of the place.
        longitude: String,
    }
}

/// Somebody to invite to an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invited {
    /// A contact, by id.
    Contact(i64),
    /// A user of the account, by id.
    User(i64),
}

impl Invited {
    fn to_value(self) -> Value {
        // The CRM's own examples have these ids as text.
        match self {
            Self::Contact(id) => json!({ "attendee_type": "Contact", "attendee_id": id.to_string() }),
            Self::User(id) => json!({ "attendee_type": "FdMultitenant::User", "attendee_id": id.to_string() }),
        }
    }
}

impl AppointmentAttributes {
    /// Sets what the appointment is about.
    #[must_use]
    pub fn target(self, kind: TargetKind, id: i64) -> Self {
        self.field("targetable_type", kind.as_str()).field("targetable_id", id)
    }

    /// Adds attendees.
    #[must_use]
    pub fn attendees(self, invited: impl IntoIterator<Item = Invited>) -> Self {
        let rows = invited.into_iter().map(Invited::to_value).collect();
        self.with_attendees(rows)
    }

    /// Removes attendees, by the ids of their rows (not of the people).
    #[must_use]
    pub fn remove_attendees(self, attendee_ids: impl IntoIterator<Item = i64>) -> Self {
        let rows = attendee_ids.into_iter().map(|id| json!({ "id": id, "_destroy": true })).collect();
        self.with_attendees(rows)
    }

    fn with_attendees(mut self, rows: Vec<Value>) -> Self {
        let all = self.0.entry("appointment_attendees_attributes").or_insert_with(|| json!([]));
        if let Value::Array(all) = all {
            all.extend(rows);
        }
        self
    }
}

impl Record for Appointment {
    type Attributes = AppointmentAttributes;
    const SINGULAR: &'static str = "appointment";
    const PLURAL: &'static str = "appointments";
    const IN_EVERY_ACCOUNT: bool = true;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Reads an appointment. Its attendees, contacts, users, conferences and notes come as side loads. Includes: `creater`, `owner`,
/// `updater`, `targetable`, `appointment_attendees`, `conference`, `note`.
pub fn view(id: i64) -> View<Appointment> {
    View::new(id)
}

/// Creates an appointment. A repetition creates a second one.
pub fn create(attributes: AppointmentAttributes) -> Create<Appointment> {
    Create::new(attributes)
}

/// Changes an appointment.
pub fn update(id: i64, attributes: AppointmentAttributes) -> Update<Appointment> {
    Update::new(id, attributes)
}

/// Deletes an appointment.
pub fn delete(id: i64) -> Delete<Appointment> {
    Delete::new(id)
}

/// The appointments of a record.
pub fn of_record(kind: TargetKind, id: i64) -> OfRecord<Appointment> {
    OfRecord::on_api(kind, id)
}

/// Which appointments to list; the CRM wants exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AppointmentFilter {
    /// Not over yet.
    Upcoming,
    /// Over.
    Past,
}

impl AppointmentFilter {
    fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Past => "past",
        }
    }
}

/// Lists appointments, page by page. The CRM tells the number of appointments but not of pages.
pub fn list(filter: AppointmentFilter) -> ListAppointments {
    ListAppointments { filter, page: 1, per_page: 25, include: Vec::new() }
}

/// See [`list`].
#[derive(Debug, Clone)]
pub struct ListAppointments {
    filter: AppointmentFilter,
    page: u32,
    per_page: u32,
    include: Vec<String>,
}

impl ListAppointments {
    /// Which page, counted from 1, of how many appointments (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.page, self.per_page) = (page, per_page);
        self
    }

    /// Asks for related records, as in [`view`].
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl ListRequest for ListAppointments {
    type Row = Appointment;

    fn order(&self) -> ListOrder {
        ListOrder::Unpromised
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        self.clone().page(place.page(), rows)
    }
}

impl Request for ListAppointments {
    type Output = Page<Appointment>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get("appointments")
            .query("filter", self.filter.as_str())
            .query("page", self.page.to_string())
            .query("per_page", self.per_page.to_string())
            .include(&self.include)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page("appointments", body)
    }
}
