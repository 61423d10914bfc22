//! Notes, tasks, appointments and sales activities.

use super::{KnownColumn, boolean, decimal, integer, json, lagging, text, time};

/// What it is on.
pub(super) const TARGET: &[KnownColumn] = &[
    text("target_type", "what it is on: lead, contact, sales_account or deal; the first, if there are several"),
    integer("target_id", "the id of what it is on"),
    lagging(text("target_name", "the name of what it is on; notes do not say it")),
    json("targetables", "everything it is on"),
];

/// Who wrote it.
pub(super) const MADE_BY: &[KnownColumn] = &[
    integer("creater_id", "the user who made it"),
    lagging(text("creater_name", "the name of the user who made it, where it was asked for by record")),
];

/// Whose it is.
pub(super) const HELD_BY: &[KnownColumn] = &[
    integer("owner_id", "the user who owns it"),
    lagging(text("owner_name", "the owner's name")),
    lagging(text("owner_email", "the owner's e-mail address")),
    integer("creater_id", "the user who made it"),
    lagging(text("creater_name", "the name of the user who made it")),
    integer("updater_id", "the user who changed it last"),
    lagging(text("updater_name", "the name of the user who changed it last")),
];

pub(super) const NOTE: &[KnownColumn] = &[
    text("description", "text or HTML"),
    text("url", "address of a recording, where the note is of a call"),
    decimal("duration", "length of the recording in seconds"),
    boolean("has_mentions", "whether users are mentioned in it"),
];

pub(super) const TASK: &[KnownColumn] = &[
    text("title", "title"),
    text("description", "text"),
    integer("status", "0 open, 1 completed"),
    time("due_date", "when it is due"),
    time("completed_date", "when it was completed"),
    integer("task_type_id", "its type"),
    lagging(text("task_type_name", "the type's name")),
    integer("outcome_id", "its outcome"),
    lagging(text("outcome_name", "the outcome's name")),
    json("user_ids", "the users who work on it"),
];

pub(super) const APPOINTMENT: &[KnownColumn] = &[
    text("title", "title"),
    text("description", "text"),
    text("location", "place"),
    time("from_date", "when it begins"),
    time("end_date", "when it ends"),
    boolean("is_allday", "whether it takes the whole day"),
    text("time_zone", "time zone, by its Rails name"),
    integer("outcome_id", "its outcome"),
    lagging(text("outcome_name", "the outcome's name")),
    text("provider", "the calendar it is from"),
    text("latitude", "latitude of the place"),
    text("longitude", "longitude of the place"),
    time("checkedin_at", "when somebody checked in"),
    time("checkedout_at", "when somebody checked out"),
    text("checkedout_location", "where somebody checked out"),
    decimal("checkedin_duration", "time between, in seconds"),
    integer("conference_id", "its conference"),
    json("appointment_attendee_ids", "who attends, by the ids of the invitations"),
];

pub(super) const SALES_ACTIVITY: &[KnownColumn] = &[
    text("title", "title"),
    text("notes", "text"),
    time("start_date", "when it began"),
    time("end_date", "when it ended"),
    integer("sales_activity_type_id", "its type"),
    integer("sales_activity_outcome_id", "its outcome"),
    boolean("status", "whether it is completed"),
    time("completed_date", "when it was completed"),
    text("location", "place"),
    text("latitude", "latitude of the place"),
    text("longitude", "longitude of the place"),
    time("checkedin_at", "when somebody checked in"),
    time("checkedout_at", "when somebody checked out"),
    text("checkedout_latitude", "latitude of where somebody checked out"),
    text("checkedout_longitude", "longitude of where somebody checked out"),
    text("checkedout_location", "where somebody checked out"),
    decimal("checkedin_duration", "time between, in seconds"),
    text("remote_id", "id in another system"),
    text("import_id", "the import it came from"),
    text("conversation_id", "the conversation it belongs to"),
];
