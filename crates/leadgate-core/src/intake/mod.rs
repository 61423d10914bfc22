//! What an app may hand over, and what is wrong with it when it may not.
//!
//! [`read`] is called twice for each submission: at the door, so that a mistake is answered at once and stores nothing; and again from the
//! stored body when it is planned, so that what is acted on is what was stored. It is pure, so both readings agree.
//!
//! * `guide` reads the shapes of the integration guide's server, so that an app can switch by changing one URL;
//! * `v1` reads Leadgate's own, richer and strict: an unknown field is an error, because a typo would lose data silently;
//! * `removal` reads what the gateway asks of itself when an import is undone;
//! * `event` reads events, in Leadgate's own shape and in that of analytics libraries.

mod event;
mod guide;
mod removal;
pub(crate) mod text;
mod v1;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use event::{
    Arrived, Event, EventCall, EventItem, EventKind, LARGEST_BATCH, LARGEST_EVENT, MOST_EVENTS,
    read_loosely as read_event_loosely, split as split_events,
};
pub(crate) use event::{email_in, phone_in};
pub use removal::Removal;

use crate::hooks;
use crate::identity::Email;
use crate::lane::Lane;
use crate::mirror::Sighting;
use crate::record::RecordRef;
use crate::rules::Rules;
use crate::submission::{RawSubmission, Route};

/// One thing that is wrong with a body: where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field, such as `deal.amount`; empty for the body as a whole.
    pub field: String,
    /// What is wrong and what would be right. Never repeats the value.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { field: field.into(), message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.field.is_empty() {
            return formatter.write_str(&self.message);
        }
        write!(formatter, "{} {}", self.field, self.message)
    }
}

/// Why a body is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Not JSON, or not of the shape at all.
    #[error("{0}")]
    Malformed(Problem),
    /// Readable, but fields are missing or wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Problem>),
}

/// What the app asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Submission {
    /// Make sure that a person is in the CRM.
    Lead(Box<Lead>),
    /// Add a note.
    Note(Note),
    /// Move a deal to a stage.
    StageMove(StageMove),
    /// Do what the playbook says of an event.
    Event(Box<Event>),
    /// Compare what was seen of a record with the mirror, and do what the playbook says of the difference.
    Sighting(Box<Sighting>),
    /// Put a person into the recycle bin, unless somebody has changed them.
    Removal(Removal),
}

impl Submission {
    /// How urgent it is: what its sender says, else as urgent as can be.
    pub fn lane(&self) -> Lane {
        let said = match self {
            Submission::Lead(lead) => lead.lane,
            Submission::Note(note) => note.lane,
            Submission::StageMove(_) => None,
            Submission::Event(_) | Submission::Sighting(_) => Some(Lane::Event),
            Submission::Removal(_) => Some(Lane::Bulk),
        };
        said.unwrap_or(Lane::Interactive)
    }
}

/// A person to have in the CRM.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lead {
    /// E-mail address. A lead has this or a phone number.
    pub email: Option<Email>,
    /// Phone number as typed.
    pub phone: Option<String>,
    /// Plain fields, by the names of [`crate::record::field`].
    pub fields: BTreeMap<&'static str, String>,
    /// Company.
    pub company: Option<Company>,
    /// Lead source, by name.
    pub source: Option<String>,
    /// Campaign, by name.
    pub campaign: Option<String>,
    /// Owner, by name or e-mail.
    pub owner: Option<String>,
    /// Tags to add.
    pub tags: Vec<String>,
    /// Custom fields by their names in the CRM, `cf_…`.
    pub custom: serde_json::Map<String, Value>,
    /// Number of employees, where no company is named that could have them.
    pub employees: Option<u32>,
    /// Parameters of the campaign's link without their `utm_`; only routing looks at them.
    pub utm: BTreeMap<String, String>,
    /// The person's language, such as `de-AT`; only routing looks at it.
    pub language: Option<String>,
    /// A deal to have with the person.
    pub deal: Option<Deal>,
    /// A note to add to the person.
    pub note: Option<String>,
    /// Replace values that the CRM has, rather than fill blanks only.
    pub overwrite: bool,
    /// Nobody waits for the person's id.
    pub id_may_wait: bool,
    /// How urgent it is.
    pub lane: Option<Lane>,
}

/// The company of a lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// Its web site.
    pub website: Option<String>,
    /// Its number of employees.
    pub employees: Option<u32>,
}

/// A deal that comes with a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Its name.
    pub name: String,
    /// Its amount, a decimal number.
    pub amount: Option<String>,
    /// Its stage, by name.
    pub stage: Option<String>,
}

/// Where a note goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteTarget {
    /// A record by its id.
    Record(RecordRef),
    /// The person with this e-mail.
    Person(Email),
}

/// A note to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where to.
    pub target: NoteTarget,
    /// Its text.
    pub text: String,
    /// How urgent it is.
    pub lane: Option<Lane>,
}

/// A deal to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageMove {
    /// The deal's id.
    pub deal: i64,
    /// The stage as the app wrote it: a name, an id or `pipeline / stage`.
    pub stage: String,
}

/// What reading a body depends on besides the body.
#[derive(Clone, Debug, Default)]
pub struct ReadingRules {
    /// The country whose numbers are written without a country code, ISO 3166 alpha-2.
    pub phone_region: Option<String>,
    /// The rules file.
    pub rules: Arc<Rules>,
}

/// Reads a body.
///
/// # Errors
/// [`IntakeError`] with every problem found.
pub fn read(raw: &RawSubmission, rules: &ReadingRules) -> Result<Submission, IntakeError> {
    match raw.route {
        Route::GuideLead => guide::lead(&raw.body),
        Route::GuideNote => guide::note(&raw.body),
        Route::GuideStage => guide::stage(&raw.body, raw.target),
        Route::Lead => v1::lead(&raw.body, rules),
        Route::Note => v1::note(&raw.body),
        Route::Stage => v1::stage(&raw.body, raw.target),
        Route::Form => crate::forms::read(raw, rules),
        Route::Notification => {
            hooks::notification(raw, &rules.rules.hooks).map(|seen| Submission::Sighting(Box::new(seen)))
        }
        Route::Sighting => hooks::row(raw, &rules.rules.hooks).map(|seen| Submission::Sighting(Box::new(seen))),
        Route::Removal => removal::read(&raw.body),
        // Never planned: whom it is about is nowhere in it.
        Route::Forget => Err(IntakeError::Malformed(Problem::new("", "body of a demand to forget somebody is empty"))),
        Route::Event => event::read(&raw.body, raw.label.as_deref()),
    }
}

pub(crate) fn from_json<'de, T: serde::Deserialize<'de>>(body: &'de [u8]) -> Result<T, IntakeError> {
    // A list would be taken for an object whose fields come in the order of the shape.
    if body.trim_ascii_start().first().is_some_and(|byte| *byte == b'[') {
        return Err(IntakeError::Malformed(Problem::new("", "body is a list; send one JSON object")));
    }
    from_json_or_list(body)
}

/// Reads a JSON object of a shape that is not a submission's, with the mistakes told as for one.
///
/// # Errors
/// [`IntakeError::Malformed`] with the place of the mistake.
pub fn read_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, IntakeError> {
    from_json(body)
}

fn from_json_or_list<'de, T: serde::Deserialize<'de>>(body: &'de [u8]) -> Result<T, IntakeError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(malformed)?;
    reader.end().map_err(|_| IntakeError::Malformed(Problem::new("", "body has text after the JSON document")))?;
    Ok(value)
}

fn malformed(error: serde_path_to_error::Error<serde_json::Error>) -> IntakeError {
    let path = error.path().to_string();
    let field = if path == "." { String::new() } else { path };
    let inner = error.into_inner();
    let message = match inner.classify() {
        // Of the body as a whole only one type can be wrong; serde would name ours.
        serde_json::error::Category::Data if field.is_empty() && inner.to_string().starts_with("invalid type") => {
            "body is not an object; send one JSON object".to_owned()
        }
        serde_json::error::Category::Data => text::without_values(&inner.to_string()),
        _ => format!("body is not valid JSON (line {}, column {})", inner.line(), inner.column()),
    };
    let field = if inner.is_data() { field } else { String::new() };
    IntakeError::Malformed(Problem { field, message })
}

fn deal_id(target: Option<i64>) -> Result<i64, IntakeError> {
    target.filter(|id| *id > 0).ok_or_else(|| {
        IntakeError::Invalid(vec![Problem::new("id", "in the path is not the number of a deal, such as 40203000001")])
    })
}
