//! Forgetting a person: a demand is checked and kept; what becomes of it is done elsewhere and can be asked for.
//!
//! The documents are also made by the command line, which keeps demands in the store itself where no gateway runs. No address is in them.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use leadgate_core::crm::LookupBy;
use leadgate_core::erasure::{Marks, Person, record_of_key};
use leadgate_core::identity::{Email, Phone};
use leadgate_core::intake::{IntakeError, Problem};
use leadgate_core::steps::ForgetPersonStep;
use leadgate_store::erasure::{CrmForget, ForgetId, ForgetState, NewCrmForget, NewForget, Phase, Sweep};
use leadgate_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answers;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::imports::read_json;
use crate::intake::new_id;
use crate::state::Gateway;

/// Rows that are counted in one go.
const MOST_COUNTED: u32 = 500;

/// Whom to forget, as callers write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForgetRequest {
    /// An address.
    pub email: Option<String>,
    /// A number with its country's code.
    pub phone: Option<String>,
    /// `contact:123` or `lead:123`.
    pub record: Option<String>,
    /// The CRM is not asked.
    pub keep_in_crm: bool,
    /// What would be erased is counted; nothing is erased.
    pub dry_run: bool,
}

impl ForgetRequest {
    /// The person, or every mistake: the field, and what is wrong with it.
    ///
    /// # Errors
    /// The mistakes; none of them repeats what was sent.
    pub fn person(&self) -> Result<Person, Vec<(&'static str, String)>> {
        let mut person = Person::default();
        let mut mistakes = Vec::new();
        match self.email.as_deref().map(Email::parse).transpose() {
            Ok(email) => person.emails.extend(email),
            Err(error) => mistakes.push(("email", error.to_string())),
        }
        if let Some(phone) = self.phone.as_deref().map(|phone| Phone::parse(phone, None)) {
            match phone.e164() {
                Some(_) => person.phones.push(phone),
                None => {
                    mistakes.push(("phone", "is not a number with its country's code, such as +4930901820".to_owned()))
                }
            }
        }
        match self.record.as_deref().map(record_of_key) {
            Some(None) => {
                mistakes.push(("record", "is not contact: or lead: and a number, such as contact:123".to_owned()))
            }
            record => person.records.extend(record.flatten()),
        }
        if mistakes.is_empty() && person.is_nobody() {
            mistakes.push(("email", "is missing; name the person by email, phone or record".to_owned()));
        }
        if mistakes.is_empty() { Ok(person) } else { Err(mistakes) }
    }
}

/// `POST /v1/forget`: 202 with the demand, or 200 with what would be erased.
pub(crate) async fn begin(
    State(gateway): State<Gateway>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let body: ForgetRequest = read_json(&gateway, request, gateway.settings.body_limit).await?;
    let person = body.person().map_err(wrong)?;
    if body.dry_run {
        return Ok(answers::json(StatusCode::OK, &count(&*gateway.store, &person, gateway.clock.now()).await?));
    }
    let state = keep(&*gateway.store, &person, body.keep_in_crm, gateway.clock.now()).await?;
    let state = state.ok_or(ApiError::NoSuchForget)?;
    tracing::info!(forget.id = %state.id, caller.name = %caller.name, "a person is to be forgotten");
    Ok(answers::json(StatusCode::ACCEPTED, &document(&state)))
}

/// `GET /v1/forget/{id}`: how far it is, and the receipt in the end.
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = id.ok().and_then(|Path(text)| text.parse().ok()).ok_or(ApiError::NoSuchForget)?;
    let state = gateway.store.forget_state(id).await?.ok_or(ApiError::NoSuchForget)?;
    Ok(answers::json(StatusCode::OK, &document(&state)))
}

fn wrong(mistakes: Vec<(&'static str, String)>) -> ApiError {
    let problem = |(field, message): (&'static str, String)| Problem { field: field.to_owned(), message };
    ApiError::Intake(IntakeError::Invalid(mistakes.into_iter().map(problem).collect()))
}

/// Keeps a demand. From now on it is done whatever happens.
///
/// # Errors
/// [`StoreError`] if it could not be kept.
pub async fn keep(
    store: &dyn Store,
    person: &Person,
    keep_in_crm: bool,
    now: Timestamp,
) -> Result<Option<ForgetState>, StoreError> {
    let id = ForgetId(new_id(now).0);
    let crm = (!keep_in_crm).then(|| NewCrmForget {
        submission: new_id(now),
        step: ForgetPersonStep::new(lookups(person), person.records.clone()),
        keys: person.keys(),
    });
    store.begin_forget(NewForget { id, marks: marks(person, now), crm }, now).await?;
    store.forget_state(id).await
}

fn lookups(person: &Person) -> Vec<LookupBy> {
    let emails = person.emails.iter().cloned().map(LookupBy::Email);
    let phones = person.phones.iter().filter_map(|phone| phone.e164().map(str::to_owned)).map(LookupBy::Phone);
    emails.chain(phones).collect()
}

/// Under a salt that is used for nothing else: the random parts of two ids.
fn marks(person: &Person, now: Timestamp) -> Marks {
    let [left, right] = [new_id(now), new_id(now)].map(|id| id.0.as_u64_pair().1);
    Marks::new(person, (u128::from(left) << 64 | u128::from(right)).to_be_bytes())
}

/// What would be erased of a person, as a document. Nothing is changed.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn count(store: &dyn Store, person: &Person, now: Timestamp) -> Result<Value, StoreError> {
    let mut sweep = Sweep::new(marks(person, now));
    while sweep.place().is_some() {
        sweep = store.count_some(sweep, MOST_COUNTED).await?;
    }
    Ok(json!({ "dry_run": true, "would_erase": by_place(&sweep), "open_of_others": sweep.of_others }))
}

/// A demand as people see it; the receipt once it is there.
pub fn document(state: &ForgetState) -> Value {
    json!({
        "id": state.id,
        "phase": state.phase.name(),
        "asked_at": state.begun_at,
        "erased": state.receipt.as_ref().map_or_else(|| json!(by_place(&state.sweep)), |receipt| receipt["erased"].clone()),
        "crm": crm(state),
        "receipt": state.receipt,
    })
}

fn by_place(sweep: &Sweep) -> BTreeMap<&'static str, u64> {
    sweep.counts.iter().map(|(place, count)| (place.name(), *count)).collect()
}

fn crm(state: &ForgetState) -> Value {
    let (status, message) = match &state.crm {
        CrmForget::LeftAlone => ("left_alone", None),
        CrmForget::Open if state.phase == Phase::Erasing => ("waiting", None),
        CrmForget::Open => ("working", None),
        CrmForget::Parked(message) => ("parked", Some(message.as_str())),
        CrmForget::Done(_) => ("done", None),
    };
    json!({ "status": status, "message": message, "submission": state.submission })
}
