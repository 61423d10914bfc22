//! The shapes of the integration guide's server: `email` and `firstName` for a lead, `notable_type` for a note, `stageId` for a move.
//!
//! Like that server, it ignores fields it does not know. Unlike it, a value of the wrong type is refused.

use serde::Deserialize;
use serde_json::Value;

use super::text::Checked;
use super::{Company, IntakeError, Lead, Note, NoteTarget, Problem, StageMove, Submission, deal_id, from_json};
use crate::identity::Email;
use crate::record::{RecordKind, RecordRef, field};

#[derive(Deserialize)]
struct LeadBody {
    email: Option<String>,
    #[serde(rename = "firstName")]
    first_name: Option<String>,
    #[serde(rename = "lastName")]
    last_name: Option<String>,
    company: Option<String>,
    source: Option<String>,
    phone: Option<String>,
    mobile: Option<String>,
}

pub(super) fn lead(body: &[u8]) -> Result<Submission, IntakeError> {
    let body: LeadBody = from_json(body)?;
    let mut checked = Checked::default();
    let email = checked.line("email", body.email);
    let first_name = checked.line("firstName", body.first_name);
    if email.is_none() || first_name.is_none() {
        // The wording that callers of the guide's server already handle.
        return Err(IntakeError::Invalid(vec![Problem::new("", "email and firstName are required")]));
    }
    let email = email.and_then(|text| checked.keep("email", Email::parse(&text)));
    let mut lead = Lead { email, ..Lead::default() };
    lead.fields.extend(first_name.map(|name| (field::FIRST_NAME, name)));
    lead.fields.extend(checked.line("lastName", body.last_name).map(|name| (field::LAST_NAME, name)));
    lead.company = checked.line("company", body.company).map(|name| Company { name, ..Company::default() });
    lead.source = checked.line("source", body.source).or_else(|| Some("Web".to_owned()));
    lead.phone = checked.line("phone", body.phone.or(body.mobile));
    checked.finish(Submission::Lead(Box::new(lead)))
}

#[derive(Deserialize)]
struct NoteBody {
    #[serde(alias = "targetable_type")]
    notable_type: Option<String>,
    #[serde(alias = "targetable_id")]
    notable_id: Option<Value>,
    description: Option<String>,
}

pub(super) fn note(body: &[u8]) -> Result<Submission, IntakeError> {
    let body: NoteBody = from_json(body)?;
    let mut checked = Checked::default();
    let kind = checked.line("notable_type", body.notable_type);
    let text = checked.lines("description", body.description);
    let (Some(kind), Some(id), Some(text)) = (kind, body.notable_id, text) else {
        let missing = "notable_type, notable_id, and description are required";
        return Err(IntakeError::Invalid(vec![Problem::new("", missing)]));
    };
    let kind = record_kind(&kind).or_else(|| {
        checked.problem("notable_type", "is none of Contact, Lead, Deal, SalesAccount");
        None
    });
    let id = id_of(&id).or_else(|| {
        checked.problem("notable_id", "is not the number of a record");
        None
    });
    let record = RecordRef { kind: kind.unwrap_or(RecordKind::Contact), id: id.unwrap_or_default() };
    checked.finish(Submission::Note(Note { target: NoteTarget::Record(record), text, lane: None }))
}

#[derive(Deserialize)]
struct StageBody {
    #[serde(rename = "stageId")]
    stage_id: Option<Value>,
    stage: Option<String>,
}

pub(super) fn stage(body: &[u8], target: Option<i64>) -> Result<Submission, IntakeError> {
    let body: StageBody = from_json(body)?;
    let deal = deal_id(target)?;
    let mut checked = Checked::default();
    let by_id = body.stage_id.as_ref().and_then(id_of).map(|id| id.to_string());
    let by_name = match body.stage_id {
        Some(Value::String(name)) => Some(name),
        _ => body.stage,
    };
    let Some(stage) = by_id.or_else(|| checked.line("stageId", by_name)) else {
        return Err(IntakeError::Invalid(vec![Problem::new("", "stageId is required")]));
    };
    checked.finish(Submission::StageMove(StageMove { deal, stage }))
}

/// The CRM's names for the records a note can be on, in any case and with or without underscores.
pub(super) fn record_kind(name: &str) -> Option<RecordKind> {
    match name.to_lowercase().replace('_', "").as_str() {
        "contact" => Some(RecordKind::Contact),
        "lead" => Some(RecordKind::Lead),
        "deal" => Some(RecordKind::Deal),
        "salesaccount" | "account" | "company" => Some(RecordKind::Company),
        _ => None,
    }
}

/// An id as a number, or as the text of one, as JavaScript apps send it.
fn id_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|id| *id > 0)
}
