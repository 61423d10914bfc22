//! Rows of a file, up to five hundred at a time, all kept in one commit. Sent again they are kept once, by the import and the row's number.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, Route};
use leadgate_store::imports::{ImportId, ImportRow, RowContent, RowsOutcome};
use leadgate_store::model::{Dedupe, NewSubmission};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{ImportPath, import_id, read_json, wrong};
use crate::answers;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::intake::new_id;
use crate::metrics;
use crate::state::Gateway;

/// Rows of one request, at most.
const MOST_ROWS: usize = 500;
/// The largest body of rows, in bytes.
const LARGEST_ROWS: usize = 8 * 1024 * 1024;
/// The longest reason that is kept of why a row cannot be read, in characters.
const LONGEST_REASON: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsBody {
    rows: Vec<RowBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowBody {
    row: u64,
    lead: Option<Map<String, Value>>,
    refused: Option<String>,
    duplicate_of: Option<u64>,
}

/// `POST /v1/imports/{id}/rows`: 200 with how many of the rows are new.
pub(crate) async fn rows(
    State(gateway): State<Gateway>,
    _: Caller,
    id: ImportPath,
    request: Request,
) -> Result<Response, ApiError> {
    let id = import_id(id)?;
    let body: RowsBody = read_json(&gateway, request, LARGEST_ROWS).await?;
    if body.rows.len() > MOST_ROWS {
        return Err(wrong("rows", "are more than 500; send them in several requests"));
    }
    let now = gateway.clock.now();
    let count = body.rows.len();
    let rows = body.rows.into_iter().map(|row| row.kept(&gateway, id, now)).collect::<Result<Vec<_>, _>>()?;
    let refused = rows.iter().filter(|row| matches!(row.content, RowContent::Refused(_))).count();
    match gateway.store.accept_rows(id, rows, now).await? {
        RowsOutcome::Kept { new } => {
            (0..new).for_each(|_| metrics::accepted(Route::Lead, "accepted"));
            Ok(answers::json(StatusCode::OK, &json!({ "received": count, "new": new, "refused": refused })))
        }
        RowsOutcome::Undone => Err(ApiError::ImportUndone),
        RowsOutcome::NoSuchImport => Err(ApiError::NoSuchImport),
    }
}

impl RowBody {
    fn kept(self, gateway: &Gateway, import: ImportId, now: Timestamp) -> Result<ImportRow, ApiError> {
        let row = self.row;
        let content = match (self.lead, self.refused, self.duplicate_of) {
            (Some(lead), None, None) => lead_of_row(gateway, (import, row), lead, now),
            (None, Some(reason), None) => RowContent::Refused(reason.chars().take(LONGEST_REASON).collect()),
            (None, None, Some(first)) => RowContent::DuplicateOf(first),
            _ => return Err(wrong(&format!("rows[row {row}]"), "needs one of lead, refused and duplicate_of")),
        };
        Ok(ImportRow { row, content })
    }
}

/// What cannot be read is kept as a mistake of the file: the other rows of the request are not to suffer for it.
fn lead_of_row(
    gateway: &Gateway,
    (import, row): (ImportId, u64),
    mut lead: Map<String, Value>,
    now: Timestamp,
) -> RowContent {
    lead.insert("lane".to_owned(), Lane::Bulk.name().into());
    let raw = RawSubmission::new(Route::Lead, None, Value::Object(lead).to_string().into_bytes());
    match leadgate_core::intake::read(&raw, &gateway.settings.reading) {
        Ok(_) => {
            let dedupe = of_row(b"row", import, row, &raw.body);
            RowContent::Lead(Box::new(NewSubmission { id: new_id(now), raw, dedupe, lane: Lane::Bulk }))
        }
        Err(error) => RowContent::Refused(error.to_string().chars().take(LONGEST_REASON).collect()),
    }
}

/// Rows are told apart by the import's own table, for as long as it is kept; these digests only keep them apart from all else.
pub(super) fn of_row(what: &[u8], import: ImportId, row: u64, body: &[u8]) -> Dedupe {
    let digest = |parts: &[&[u8]]| {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize()[..16]);
        digest
    };
    Dedupe::Key {
        key: digest(&[b"import", what, import.0.as_bytes(), &row.to_be_bytes()]),
        body: digest(&[body]),
        within: SignedDuration::from_secs(60),
    }
}
