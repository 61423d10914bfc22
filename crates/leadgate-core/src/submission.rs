//! A submission as it came in: its id, where it entered, and the raw body that everything later is read from.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one submission, in answers, logs and the store. Version 7, so ids sort by time of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubmissionId(pub Uuid);

impl SubmissionId {
    /// Whether it is of version 7, as all that the gateway gives are.
    pub fn tells_its_time(&self) -> bool {
        self.0.get_version_num() == 7
    }
}

impl std::fmt::Display for SubmissionId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

impl std::str::FromStr for SubmissionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(SubmissionId)
    }
}

/// The door a submission came through. It decides how the body is read and in which shape the caller is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// `POST /leads`, in the integration guide's words.
    GuideLead,
    /// `POST /notes`, in the guide's words.
    GuideNote,
    /// `PUT /deals/{id}/stage`, in the guide's words.
    GuideStage,
    /// `POST /v1/leads`.
    Lead,
    /// `POST /v1/notes`.
    Note,
    /// `PUT /v1/deals/{id}/stage`.
    Stage,
    /// A form of a web page.
    Form,
    /// An event that an app reported.
    Event,
    /// A webhook of the CRM.
    Notification,
    /// A record that the gateway itself found changed when it looked.
    Sighting,
    /// A person whom an import made, to be taken away again.
    Removal,
    /// A person whom the CRM is to forget. Its job is made with it.
    Forget,
}

impl Route {
    /// Every route a submission can come through.
    pub const ALL: [Route; 12] = [
        Route::GuideLead,
        Route::GuideNote,
        Route::GuideStage,
        Route::Lead,
        Route::Note,
        Route::Stage,
        Route::Form,
        Route::Event,
        Route::Notification,
        Route::Sighting,
        Route::Removal,
        Route::Forget,
    ];

    /// The name that stores, logs and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Route::GuideLead => "guide-lead",
            Route::GuideNote => "guide-note",
            Route::GuideStage => "guide-stage",
            Route::Lead => "lead",
            Route::Note => "note",
            Route::Stage => "stage",
            Route::Form => "form",
            Route::Event => "event",
            Route::Notification => "notification",
            Route::Sighting => "sighting",
            Route::Removal => "removal",
            Route::Forget => "forget",
        }
    }

    /// The route with that name.
    pub fn from_name(name: &str) -> Option<Route> {
        Route::ALL.into_iter().find(|route| route.name() == name)
    }
}

/// What is stored on acceptance and nothing else: the body byte for byte, and what the path said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSubmission {
    /// The door it came through.
    pub route: Route,
    /// The id in the path, for routes that have one.
    pub target: Option<i64>,
    /// What else the path or the headers said of how to read the body: the form's name, the kind of event, the encoding of a notification.
    pub label: Option<String>,
    /// The body as received.
    pub body: Vec<u8>,
}

impl RawSubmission {
    /// A submission whose route says all of how to read it.
    pub fn new(route: Route, target: Option<i64>, body: Vec<u8>) -> RawSubmission {
        RawSubmission { route, target, label: None, body }
    }
}
