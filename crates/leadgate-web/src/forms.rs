//! Posts of web forms: from a browser, past whoever else can reach the port, into the inbox.
//!
//! Flow: [`sender`] says which page and which address it comes from; [`limits`] count; [`fields`] takes the body apart; the form's key and trap are
//! looked at; core reads the lead in it; the store keeps it; [`answer`] sends the browser where the operator wants it. What is wrong is found before
//! anything is kept, and nobody is told what the CRM knows: a post is answered once it is stored, not once it has landed.

mod answer;
mod fields;
mod limits;
mod sender;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use leadgate_core::forms::{Form, FormPost};
use leadgate_core::intake::Submission;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::model::{AcceptOutcome, NewSubmission};

use self::answer::Asker;
pub(crate) use self::answer::Elsewhere;
pub(crate) use self::limits::FormLimits;
use crate::auth::key_digest;
use crate::error::ApiError;
use crate::intake::{self, dedupe};
use crate::metrics;
use crate::state::Gateway;

/// The field in which a page names the form's key.
const KEY_FIELD: &str = "form_key";

/// A form and its name in the path.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    form: &'a Form,
}

/// What became of a post that nothing is wrong with.
enum Taken {
    Kept(SubmissionId),
    Repeat(SubmissionId),
    /// Answered like the others, so that a robot does not learn what gave it away.
    Dropped,
}

type FormName = Result<Path<String>, PathRejection>;

/// Takes a post.
pub(crate) async fn submit(State(gateway): State<Gateway>, name: FormName, request: Request) -> Response {
    let rules = &gateway.settings.reading.rules;
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let Some(form) = rules.forms.get(&name) else {
        metrics::accepted(Route::Form, "refused");
        return ApiError::NoSuchForm.into_response();
    };
    let asker = Asker::of(request.headers());
    let named = Named { name: &name, form };
    let taken = take(&gateway, named, request).await;
    count(&gateway, named, &taken);
    answer::to_post(form, &asker, taken)
}

/// Tells a browser's script whether it may post.
pub(crate) async fn preflight(State(gateway): State<Gateway>, name: FormName, request: Request) -> Response {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    match gateway.settings.reading.rules.forms.get(&name) {
        Some(form) => answer::to_preflight(form, request.headers()),
        None => ApiError::NoSuchForm.into_response(),
    }
}

async fn take(gateway: &Gateway, named: Named<'_>, request: Request) -> Result<Taken, ApiError> {
    let (parts, body) = request.into_parts();
    let origin = sender::origin(&parts.headers);
    sender::check_origin(named.form, origin.as_deref())?;
    gateway.form_limits.count_address(named.name, sender::address(named.form, &parts))?;
    let bytes = intake::read_bytes(gateway, &parts.headers, body).await?;
    let fields = fields::read(&parts.headers, bytes).await?;
    check_key(named.form, parts.uri.query(), &fields)?;
    let post = FormPost { fields, page: sender::page(&parts.headers), origin };
    if let Some(robot) = named.form.trap.caught(&post) {
        tracing::info!(form.name = named.name, form.trap = robot.name(), "a robot's post was dropped");
        return Ok(Taken::Dropped);
    }
    keep(gateway, named, post).await
}

/// The key is no secret. It is asked for so that a post was meant for this form, by a page that its operator wrote.
fn check_key(form: &Form, query: Option<&str>, fields: &[(String, String)]) -> Result<(), ApiError> {
    let in_query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let named = in_query.filter(|(name, _)| name == "key").any(|(_, key)| key == form.key.as_str());
    let in_body = fields.iter().any(|(name, key)| name == KEY_FIELD && *key == form.key);
    if named || in_body { Ok(()) } else { Err(ApiError::FormKeyWrong) }
}

async fn keep(gateway: &Gateway, named: Named<'_>, mut post: FormPost) -> Result<Taken, ApiError> {
    // What is there for the door alone is not the visitor's, and differs between two clicks on one button.
    post.fields.retain(|(name, _)| name != KEY_FIELD && !named.form.trap.owns(name));
    let mut raw = RawSubmission::new(Route::Form, None, post.to_bytes());
    raw.label = Some(named.name.to_owned());
    let submission = leadgate_core::intake::read(&raw, &gateway.settings.reading)?;
    if let Some(domain) = email_domain(&submission) {
        gateway.form_limits.count_domain(named.name, domain)?;
    }
    let now = gateway.clock.now();
    let id = intake::new_id(now);
    let digest = key_digest(&format!("form {} {}", named.name, named.form.key));
    let mut caller = [0; 16];
    caller.copy_from_slice(&digest[..16]);
    let dedupe = dedupe::of((id, &caller), &raw, None, &gateway.settings);
    let new = NewSubmission { id, raw, dedupe, lane: submission.lane() };
    match gateway.store.accept(new, now).await? {
        AcceptOutcome::Accepted => Ok(Taken::Kept(id)),
        AcceptOutcome::Repeat(first) | AcceptOutcome::KeyReused(first) => Ok(Taken::Repeat(first)),
    }
}

fn email_domain(submission: &Submission) -> Option<&str> {
    let Submission::Lead(lead) = submission else { return None };
    lead.email.as_ref()?.as_str().rsplit_once('@').map(|(_, domain)| domain)
}

fn count(gateway: &Gateway, named: Named<'_>, taken: &Result<Taken, ApiError>) {
    let outcome = match taken {
        Ok(Taken::Kept(_)) => "accepted",
        Ok(Taken::Repeat(_)) => "repeat",
        Ok(Taken::Dropped) => "robot",
        Err(ApiError::TooManyPosts(_)) => "limited",
        Err(_) => "refused",
    };
    let is_one_of_many = gateway.account.is_some();
    metrics::form_posted(if is_one_of_many { metrics::OF_MANY } else { named.name }, outcome);
    metrics::accepted(Route::Form, if matches!(outcome, "robot" | "limited") { "refused" } else { outcome });
}
