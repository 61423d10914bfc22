//! Events: what an app's users did, as the app reports it.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::identity::Email;

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

/// An event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// What kind of call reported it.
    pub kind: EventKind,
    /// Its name, such as `Trial Started`; for other kinds than [`EventKind::Track`] the kind's name or the page's.
    pub name: String,
    /// The reporter's own id for it, by which a repeat is recognised.
    pub message_id: Option<String>,
    /// When it happened, by the reporter's clock.
    pub at: Option<Timestamp>,
    /// E-mail address of the person, if it came with the event.
    pub email: Option<Email>,
    /// Phone number of the person as typed.
    pub phone: Option<String>,
    /// The app's own id of the person.
    pub user_id: Option<String>,
    /// The library's id of a person who is not known yet.
    pub anonymous_id: Option<String>,
    /// The app's own id of the person's company.
    pub group_id: Option<String>,
    /// What the event is about.
    pub properties: Map<String, Value>,
    /// What the person or the company is.
    pub traits: Map<String, Value>,
    /// Where it happened: page, campaign, locale.
    pub context: Map<String, Value>,
}
