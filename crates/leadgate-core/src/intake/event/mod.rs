//! Events: what an app's users did, as the app reports it.
//!
//! * `own` reads Leadgate's own shape, which is strict like all of `/v1`;
//! * `tracking` reads the calls of the tracking specification that analytics libraries share, and takes what it does not know;
//! * [`split`] takes a request's body apart into events, because many come in one request and each of them is a submission of its own.
//!
//! An event is complete only when it is planned: then it is known when it arrived and what was said of the person before
//! ([`crate::profile`]).

mod own;
mod split;
mod tracking;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub use self::split::{Arrived, EventCall, EventItem, LARGEST_BATCH, LARGEST_EVENT, MOST_EVENTS, split};
pub(crate) use self::tracking::{email_in, phone_in};
use super::{IntakeError, Problem, Submission};
use crate::identity::Email;

/// The label of an event in Leadgate's own shape; the others have the names of their [`EventKind`].
const OWN: &str = "v1";

/// What kind of call reported it, in the words of the tracking specification that analytics libraries share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventKind {
    /// Somebody did something.
    #[default]
    Track,
    /// Somebody is this.
    Identify,
    /// Somebody belongs to this company.
    Group,
    /// Somebody saw a page.
    Page,
    /// Somebody saw a screen.
    Screen,
    /// Two ids are one person.
    Alias,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 6] =
        [EventKind::Track, EventKind::Identify, EventKind::Group, EventKind::Page, EventKind::Screen, EventKind::Alias];

    /// The name that paths, stores and rules use.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Track => "track",
            EventKind::Identify => "identify",
            EventKind::Group => "group",
            EventKind::Page => "page",
            EventKind::Screen => "screen",
            EventKind::Alias => "alias",
        }
    }

    /// The kind with that name.
    pub fn from_name(name: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// What kind of call reported it.
    pub kind: EventKind,
    /// Its name, such as `Trial Started`; for other kinds than [`EventKind::Track`] the kind's name or the page's.
    pub name: String,
    /// The reporter's own id for it, by which a repeat is recognised.
    pub message_id: Option<String>,
    /// When it happened, by the reporter's clock; once it is planned, by the gateway's.
    pub at: Option<Timestamp>,
    /// When the reporter sent it, by the same clock as `at`.
    pub sent_at: Option<Timestamp>,
    /// E-mail address of the person, if it came with the event; once it is planned, also if it was known before.
    pub email: Option<Email>,
    /// Phone number of the person as typed.
    pub phone: Option<String>,
    /// The app's own id of the person.
    pub user_id: Option<String>,
    /// Once it is planned: the keys of the ids that are this person's. The first is of the id under which they were first known; what is about one
    /// person is kept in order by it.
    pub person_keys: Vec<String>,
    /// The library's id of a person who is not known yet.
    pub anonymous_id: Option<String>,
    /// The id that the person had before, for [`EventKind::Alias`].
    pub previous_id: Option<String>,
    /// The app's own id of the person's company.
    pub group_id: Option<String>,
    /// What the event is about.
    pub properties: Map<String, Value>,
    /// What the person is; for [`EventKind::Group`], what the company is.
    pub traits: Map<String, Value>,
    /// Where it happened: page, campaign, locale.
    pub context: Map<String, Value>,
}

/// Reads an event as a person writes it down to try rules with, or as it stands in an analytics library's log: Leadgate's own shape, the libraries'
/// names for its fields, and whatever else, which is left alone.
///
/// # Errors
/// [`IntakeError`] if it is no event, or says what no event can say.
pub fn read_loosely(body: &[u8]) -> Result<Event, IntakeError> {
    own::loose_event(body)
}

/// Reads a stored event by its label.
pub(super) fn read(body: &[u8], label: Option<&str>) -> Result<Submission, IntakeError> {
    event(body, label.unwrap_or(OWN)).map(|event| Submission::Event(Box::new(event)))
}

fn event(body: &[u8], label: &str) -> Result<Event, IntakeError> {
    match EventKind::from_name(label) {
        Some(kind) => tracking::event(body, kind),
        None if label == OWN => own::event(body),
        None => {
            Err(IntakeError::Malformed(Problem::new("type", "is none of track, identify, group, page, screen, alias")))
        }
    }
}
