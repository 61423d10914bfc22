//! Submissions since a moment, with what routing looks at of each lead and what it decided. Neither body nor address is among it.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use leadgate_core::intake::{self, ReadingRules, Submission};
use leadgate_core::job::JobState;
use leadgate_core::routing::{Decided, LeadFacts};
use leadgate_core::submission::{Route, SubmissionId};
use leadgate_store::model::{SubmissionEntry, SubmissionFilter};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answers;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::Gateway;

/// Submissions of one page, at most.
pub const MOST_LISTED: u32 = 500;

/// The doors that leads come through.
const LEAD_ROUTES: [Route; 3] = [Route::GuideLead, Route::Lead, Route::Form];

const QUERY_MEND: &str = "the query takes `since` (a moment such as 2026-06-15T14:00:00Z), `after` (a submission's id), \
                          `limit` (a whole number) and `kind` (leads)";

/// What `GET /v1/submissions` may be asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    since: Option<String>,
    after: Option<String>,
    limit: Option<String>,
    kind: Option<String>,
}

/// `GET /v1/submissions`: in order of arrival, a page at a time.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _: Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let filter = query.ok().and_then(|Query(query)| query.filter()).ok_or(ApiError::QueryWrong(QUERY_MEND))?;
    let entries = gateway.store.submissions(filter).await?;
    Ok(answers::json(StatusCode::OK, &listing_document(&entries, &gateway.settings.reading)))
}

impl ListQuery {
    fn filter(&self) -> Option<SubmissionFilter> {
        let limit: u32 = self.limit.as_deref().map_or(Some(MOST_LISTED), |limit| limit.parse().ok())?;
        let routes = match self.kind.as_deref() {
            None => Vec::new(),
            Some("leads") => LEAD_ROUTES.to_vec(),
            Some(_) => return None,
        };
        Some(SubmissionFilter {
            since: self.since.as_deref().map_or(Some(Timestamp::MIN), |since| since.parse().ok())?,
            after: match &self.after {
                Some(after) => Some(after.parse().ok().filter(SubmissionId::tells_its_time)?),
                None => None,
            },
            routes,
            limit: limit.min(MOST_LISTED),
        })
    }
}

/// A page of leads since a moment.
pub fn leads_since(since: Timestamp, after: Option<SubmissionId>) -> SubmissionFilter {
    SubmissionFilter { since, after, routes: LEAD_ROUTES.to_vec(), limit: MOST_LISTED }
}

/// Submissions as a document.
pub fn listing_document(entries: &[SubmissionEntry], reading: &ReadingRules) -> Value {
    let listed: Vec<Value> = entries.iter().map(|entry| entry_document(entry, reading)).collect();
    json!({"submissions": listed})
}

fn entry_document(entry: &SubmissionEntry, reading: &ReadingRules) -> Value {
    let facts = match intake::read(&entry.raw, reading) {
        Ok(Submission::Lead(lead)) => Some(LeadFacts::of(&lead)),
        _ => None,
    };
    let state = entry.state.as_ref();
    json!({
        "id": entry.id,
        "route": entry.raw.route.name(),
        "accepted_at": entry.accepted_at,
        "facts": facts,
        "routing": state.and_then(routing_of),
        // Its sender said who owns it, so routing was not asked.
        "owner_named": state.is_some_and(|state| state.named_owner().is_some()),
    })
}

/// What routing decided of a lead, if it was asked.
pub(crate) fn routing_of(state: &JobState) -> Option<Decided> {
    let routed = state.routed()?;
    Some(Decided {
        owner: routed.owners.first().map(|first| first.owner.clone()),
        territory: routed.territory.clone(),
        rule: routed.rule.clone(),
    })
}
