//! The attributes of what hangs on other records: notes, tasks, appointments, sales activities, calls, files, links, mail.

use super::{Blank, Column, Shape, choice, computed, fixed, fixed_moment, flag, null, text, users};
use crate::model::catalog::List;

/// A picklist id that is always shown.
const fn shown_choice(name: &'static str, list: List) -> Column {
    Column { include: None, ..choice(name, list, "") }
}

/// A user id that is always shown; only an owner can be set.
const fn shown_user(name: &'static str) -> Column {
    Column { include: None, ..users(name, "") }
}

const fn long_text(name: &'static str) -> Column {
    Column::new(name, Shape::LongText)
}

const fn moment(name: &'static str) -> Column {
    Column::new(name, Shape::Moment)
}

pub(super) static NOTE: &[Column] = &[
    computed("id"),
    long_text("description"),
    computed("created_at"),
    computed("updated_at"),
    null("url"),
    null("duration"),
    shown_user("creater_id"),
    computed("has_access"),
    computed("collab_context"),
    computed("targetables"),
];

pub(super) static TASK: &[Column] = &[
    computed("id"),
    Column::new("status", Shape::Integer).blank(Blank::Integer(0)),
    text("title"),
    long_text("description"),
    computed("created_at"),
    computed("updated_at"),
    shown_user("owner_id"),
    moment("due_date"),
    moment("completed_date"),
    shown_user("creater_id"),
    shown_user("updater_id"),
    shown_choice("outcome_id", List::SalesActivityOutcomes),
    shown_choice("task_type_id", List::SalesActivityEntityTypes),
    computed("targetables"),
];

pub(super) static APPOINTMENT: &[Column] = &[
    computed("id"),
    text("time_zone"),
    text("title"),
    long_text("description"),
    text("location"),
    flag("is_allday"),
    shown_choice("outcome_id", List::SalesActivityOutcomes),
    moment("from_date"),
    moment("end_date"),
    computed("created_at"),
    computed("updated_at"),
    fixed("provider", Blank::Word("freshsales")),
    // Unlike elsewhere the creator can be named by the request.
    shown_choice("creater_id", List::Users),
    text("latitude"),
    text("longitude"),
    null("checkedin_at"),
    fixed("can_checkin_checkout", Blank::True),
    null("checkedout_latitude"),
    null("checkedout_longitude"),
    null("checkedout_location"),
    null("checkedout_at"),
    null("checkedin_duration"),
    fixed("can_checkin", Blank::True),
    null("conference_id"),
    computed("targetables"),
    users("owner_id", "owner"),
    users("updater_id", "updater"),
];

pub(super) static SALES_ACTIVITY: &[Column] = &[
    computed("id"),
    text("title"),
    moment("start_date"),
    moment("end_date"),
    shown_choice("sales_activity_type_id", List::SalesActivityTypes),
    computed("created_at"),
    computed("updated_at"),
    long_text("notes"),
    shown_user("owner_id"),
    shown_choice("sales_activity_outcome_id", List::SalesActivityOutcomes),
    null("remote_id"),
    null("import_id"),
    shown_user("creater_id"),
    shown_user("updater_id"),
    computed("conversation_time"),
    computed("targetable_id"),
    computed("targetable_type"),
    text("latitude"),
    text("longitude"),
    text("location"),
    moment("checkedin_at"),
    null("conversation_id"),
    text("checkedout_latitude"),
    text("checkedout_longitude"),
    text("checkedout_location"),
    moment("checkedout_at"),
    Column::new("checkedin_duration", Shape::Integer),
    computed("custom_field"),
    moment("completed_date"),
    flag("status"),
    computed("targetables"),
];

pub(super) static PHONE_CALL: &[Column] = &[
    computed("id"),
    flag("call_direction"),
    fixed_moment("conversation_time"),
    null("cost"),
    fixed("is_manual", Blank::True),
    fixed("is_external_recording_url", Blank::False),
    null("note_id"),
    null("root_phone_call_id"),
    // The recorded reply has a word here that was not kept; this one is assumed.
    fixed("status", Blank::Word("completed")),
    null("user_id"),
    computed("targetable"),
];

pub(super) static DOCUMENT: &[Column] = &[
    computed("id"),
    text("name"),
    null("content_file_size"),
    null("content_content_type"),
    computed("content_file_size_readable"),
    fixed_moment("content_updated_at"),
    computed("url"),
    null("thumbnail_url"),
    flag("is_shared"),
    fixed("is_attached", Blank::True),
    computed("created_at"),
    shown_user("creater_id"),
];

pub(super) static DOCUMENT_LINK: &[Column] = &[
    computed("id"),
    long_text("url"),
    text("name"),
    flag("is_shared"),
    computed("targetable_id"),
    computed("targetable_type"),
    computed("created_at"),
    fixed("is_attached", Blank::True),
    shown_user("creater_id"),
];

pub(super) static EMAIL_CONVERSATION: &[Column] = &[
    computed("id"),
    text("direction"),
    text("subject"),
    moment("conversation_time"),
    computed("display_content"),
    long_text("html_content"),
    flag("is_read"),
    null("status"),
    flag("needs_response"),
    fixed("attachments", Blank::EmptyList),
];
