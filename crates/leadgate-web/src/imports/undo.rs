//! Undoing an import: rows that wait are withdrawn, and for each person whom a row made a removal is kept. Whether the person was changed since
//! is looked at when the removal is done.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use leadgate_core::intake::Removal;
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, Route};
use leadgate_store::imports::{ImportId, ImportState, RowEnd, RowResult};
use leadgate_store::model::NewSubmission;

use super::rows::of_row;
use super::{ImportPath, changed, document, import_id};
use crate::answers;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::intake::new_id;
use crate::state::Gateway;

/// Rows that are looked at in one go.
const PAGE: u32 = 500;

/// `POST /v1/imports/{id}/undo`: 202; the counts of the import tell what was removed and what was left alone. Asked again it takes up what has
/// ended since.
pub(crate) async fn undo(State(gateway): State<Gateway>, _: Caller, id: ImportPath) -> Result<Response, ApiError> {
    let id = import_id(id)?;
    let now = gateway.clock.now();
    changed(gateway.store.set_import_state(id, ImportState::Undone, now).await?)?;
    let mut after = 0;
    loop {
        let page = gateway.store.row_results(id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.row;
        let removals: Vec<_> = page.iter().filter_map(|row| Some((row.row, removal(id, row, now)?))).collect();
        gateway.store.accept_removals(id, removals, now).await?;
    }
    let import = gateway.store.import(id).await?.ok_or(ApiError::NoSuchImport)?;
    Ok(answers::json(StatusCode::ACCEPTED, &document(&gateway, &import, true).await?))
}

/// The removal of whom a row made; nobody where the CRM did not say when it made them.
fn removal(import: ImportId, row: &RowResult, now: Timestamp) -> Option<NewSubmission> {
    if row.end != RowEnd::Created {
        return None;
    }
    let of_record = row.record.zip(row.made_as_of);
    let removal = match of_record {
        Some((record, unchanged_since)) => Removal::Record { record, unchanged_since },
        None => Removal::Written(row.written.clone()?),
    };
    let raw = RawSubmission::new(Route::Removal, row.record.map(|record| record.id), removal.to_body());
    let dedupe = of_row(b"removal", import, row.row, &raw.body);
    Some(NewSubmission { id: new_id(now), raw, dedupe, lane: Lane::Bulk })
}
