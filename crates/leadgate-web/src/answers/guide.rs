//! Answers in the words of the integration guide's server, so that its callers need not change.

use leadgate_core::job::Outcome;
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::submission::{Route, SubmissionId};
use leadgate_store::model::SubmissionStory;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{KEPT, status_url};
use crate::error::ApiError;

/// The answer when the end is to come. That server had none such; it has `success` like its others.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    success: bool,
    status: &'static str,
    submission: SubmissionId,
    status_url: String,
}

impl Accepted {
    pub(super) fn of(id: SubmissionId) -> Accepted {
        Accepted { success: true, status: "accepted", submission: id, status_url: status_url(id) }
    }
}

/// The answer to a submission that is finished.
pub(super) fn done(story: &SubmissionStory) -> Value {
    let unknown = Outcome::default();
    let outcome = story.job.as_ref().and_then(|job| job.outcome.as_ref()).unwrap_or(&unknown);
    let mut body = Map::new();
    body.insert("success".to_owned(), Value::Bool(true));
    match story.raw.route {
        Route::GuideNote | Route::Note => drop(body.insert("noteId".to_owned(), outcome.note.into())),
        Route::GuideStage | Route::Stage => drop(body.insert("deal".to_owned(), deal(outcome))),
        Route::GuideLead | Route::Lead => {
            let existing = outcome.existing.unwrap_or(false);
            body.insert("existing".to_owned(), existing.into());
            body.extend(outcome.person.iter().flat_map(|person| person_ids(*person, existing)));
        }
        // These are answered in the words of the `/v1` API.
        Route::Form | Route::Event | Route::Notification | Route::Sighting => {}
        Route::Removal | Route::Forget => {}
    }
    Value::Object(body)
}

fn deal(outcome: &Outcome) -> Value {
    outcome.shown.clone().unwrap_or_else(|| json!({ "id": outcome.deal }))
}

/// Who was there before is a contact or a lead. Who is new is a lead to that server's callers, even on accounts that make it a contact.
fn person_ids(person: RecordRef, existing: bool) -> Vec<(String, Value)> {
    let names: &[&str] = match (person.kind, existing) {
        (RecordKind::Contact, true) => &["contactId"],
        (RecordKind::Contact, false) => &["leadId", "contactId"],
        _ => &["leadId"],
    };
    names.iter().map(|name| ((*name).to_owned(), person.id.into())).collect()
}

/// The answer to what was not done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refusal<'a> {
    error: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    valid: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<SubmissionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

pub(super) fn refusal(error: &ApiError) -> Refusal<'_> {
    let (valid, hint) = match error {
        ApiError::Parked { parking, .. } => (parking.valid.as_slice(), Some(KEPT)),
        _ => (&[][..], None),
    };
    let submission = error.submission();
    Refusal { error: error.to_string(), valid, submission, status_url: submission.map(status_url), hint }
}
